"""Reporting units: read as they were known, and changed through the log."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, get_args

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from chitieu.catalogue.scalars import UnitKind
from chitieu.errors import Problem
from chitieu.postgres.positions import positions_of
from chitieu.registry import Registry
from chitieu.units import Unit
from services.api.access import need_role, sees_unit
from services.api.answers import Body, respond
from services.api.documented import answers
from services.api.json_body import object_of
from services.api.keyring import Caller
from services.api.parameters import Moment, UsesMoment, UsesPage, one_of
from services.api.pins import horizon
from services.api.placing import place_committed
from services.api.reading import current_registry, named_place, pin
from services.api.state import Api, UsesApi
from services.api.units.views import unit_json, unit_page_json
from services.api.units.writing import UnitChange, put_unit, read_change

router = APIRouter(prefix="/v1/units", tags=["units"])
PROBLEMS = (
    "bad_value", "as_of_too_late", "known_at_in_future", "not_scored_yet", "closing_and_pair"
)  # fmt: skip

PUT_CONTENT = answers("put_unit")[200]["content"]
UnitCode = Annotated[str, Path(description="Unit code.", examples=["cq-syt-77"])]


@router.get("", summary="Units", responses=answers("units", *PROBLEMS, "bad_cursor", key=True))
async def units(
    request: Request, api: UsesApi, principal: Caller, asked: UsesMoment, page: UsesPage,
    province: Annotated[
        str | None, Query(description="That lie in this province on `as_of`.", examples=["77"])
    ] = None,
    kind: Annotated[str | None, Query(description="facility, pharmacy, area or agency")] = None,
) -> Response:  # fmt: skip
    """Those the caller may see, by code, with their attributes on `as_of`."""
    one_of("kind", kind, get_args(UnitKind))
    known = page.known if asked.known is None else asked.known
    current = await current_registry(api, known)
    until = await horizon(api, known)
    registry = await api.evaluations.registry(until.seq)
    shown = [
        unit for unit in _in_province(api, registry, province, asked.as_of)
        if sees_unit(current, principal, current.units.get(unit.code, unit))
        and (kind is None or unit.on(asked.as_of).get("kind") == kind)
    ]  # fmt: skip
    fixed = until.known if until.known is not None else await _known_of(api, until.seq)
    found, cursor = page.cut(shown, lambda unit: unit.code, fixed)
    items = [unit_json(registry, unit, asked.as_of) for unit in found]
    return respond(request, Body.of({"items": items, "next_cursor": cursor}))


def _in_province(api: Api, registry: Registry, province: str | None, day: dt.date) -> list[Unit]:
    if province is None:
        return [registry.units[code] for code in sorted(registry.units)]
    inside = registry.units_in(named_place(api, province, day), day)
    return [registry.units[code] for code in sorted(c for unit in inside for c in unit.codes)]


async def _known_of(api: Api, seq: int) -> int | None:
    """The known time of a position: later pages are cut from the same state."""
    async with api.pool.acquire() as connection:
        known: int | None = await connection.fetchval(
            "SELECT first_known + ($1 - first_seq) FROM log WHERE first_seq <= $1"
            " ORDER BY first_seq DESC LIMIT 1",
            seq,
        )
    return known


async def visible_unit(
    api: Api, principal: Caller, code: str, known: int | None
) -> tuple[Registry, Unit]:
    """A unit by the rights of now. Problem `not_found` alike for a foreign unit and for none."""
    registry = await current_registry(api, known)
    unit = registry.units.get(code)
    if unit is None or not sees_unit(registry, principal, unit):
        raise Problem("not_found")
    return registry, unit


@router.get(
    "/{code}", summary="One unit with its history",
    responses=answers("unit", *PROBLEMS, key=True, missing=True),
)  # fmt: skip
async def unit(
    request: Request, api: UsesApi, principal: Caller, code: UnitCode, asked: UsesMoment
) -> Response:
    """Attributes on `as_of`, and each version: what was said, from which day on, known when."""
    current, found = await visible_unit(api, principal, code, asked.known)
    body = await unit_body(api, current, found, asked)
    return respond(request, body)


async def unit_body(api: Api, current: Registry, unit: Unit, asked: Moment) -> Body:
    """A unit at a pair. Problem `not_found` when it was not known then."""
    place = current.province_of(unit, asked.as_of) or next(iter(current.places_of(unit)), None)
    if place is None:
        raise Problem("not_found")  # registered in a province that never was
    pinned = await pin(api, place, asked)
    registry = await api.evaluations.registry(pinned.seq)
    then = registry.units.get(unit.code)
    if then is None:
        raise Problem("not_found")
    async with api.pool.acquire() as connection:
        positions = await positions_of(connection, (version.seq for version in then.versions))
    page = unit_page_json(registry, then, asked.as_of, positions)
    return Body.of(page | {
        "as_of": asked.as_of.isoformat(),
        "known_at": pinned.known_at,
        "position": pinned.position,
    })  # fmt: skip


@router.put(
    "/{code}",
    name="put_unit",
    summary="Register a unit, or change it from a day on",
    responses={
        **answers("put_unit", "body_empty", "not_utf8", "not_json", "duplicate_key", "too_deep",
                  "object_expected", "body_too_large", "json_required", "role_not_allowed",
                  "place_not_allowed", "code_taken", "missing", "wrong_type", "unknown_word",
                  "unexpected_field", "unit_code_form", "unknown_place", "bad_day", "code_form",
                  "closed_before_from", "unknown_unit", key=True),
        201: {"description": "Registered", "content": PUT_CONTENT},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/UnitChange"},
                    "example": {
                        "from": "2025-01-01", "name": "Phòng khám thử nghiệm", "kind": "facility",
                        "type": "polyclinic", "ownership": "private", "province": "77",
                        "fictional": True,
                    },
                }
            },
        }
    },
)  # fmt: skip
async def put_unit_version(
    request: Request, api: UsesApi, principal: Caller,
    code: Annotated[str, Path(description="Unit code.", examples=["77F99"])],
) -> Response:  # fmt: skip
    """Attributes from the day `from` on; what held before stays. The same again changes nothing."""
    need_role(principal, "province", "admin")
    change: UnitChange = read_change(api.places, code, await object_of(request))
    created = await put_unit(api, principal, change)
    await place_committed(api)
    return Response(
        Body.of(change.to_wire()).content,
        status_code=201 if created else 200,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
