"""Frozen periods of a province: made, listed, read as they were published, reopened."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from chitieu.closings.state import Closing
from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.periods import Period, parse_period
from chitieu.places import Place, place_key, place_of
from chitieu.postgres.closings import stored_document
from services.api.access import covers, need_role
from services.api.answers import Body, respond
from services.api.closings.found import find_closing
from services.api.closings.views import closing_json, path_of
from services.api.closings.writing import Asked, close_period, reopen_closing
from services.api.documented import answers
from services.api.json_body import Fields, object_of
from services.api.keyring import Caller
from services.api.parameters import Moment, UsesKnown, UsesOn, UsesPage
from services.api.pins import horizon
from services.api.reading import catalogue_at, named_place, need_place, pin
from services.api.state import Api, UsesApi

router = APIRouter(prefix="/v1/provinces/{code}/closings", tags=["closings"])
PROBLEMS = ("known_at_in_future", "not_scored_yet", "bad_value")
BODY_PROBLEMS = (
    "body_empty", "not_json", "object_expected", "body_too_large", "json_required",
    "role_not_allowed", "missing", "unexpected_field",
)  # fmt: skip

Code = Annotated[str, Path(description="Province code, two digits.", examples=["77"])]
ClosingId = Annotated[
    str, Path(description="Id of a closing.", examples=["77.br-vt-2025.2025-Q1.v1"])
]
PlanName = Annotated[
    str | None, Query(description="Only closings of this plan.", examples=["br-vt-2025"])
]


@router.get(
    "",
    name="closings",
    summary="Closings of a province",
    responses=answers("closings", *PROBLEMS, "bad_cursor", key=True, missing=True),
)
async def closings(
    request: Request, api: UsesApi, principal: Caller, code: Code, asked: UsesKnown, on: UsesOn,
    page: UsesPage, plan: PlanName = None,
) -> Response:  # fmt: skip
    """Every version, withdrawn ones too, as they stood at `known_at`."""
    place = named_place(api, code, on or api.today)
    await need_place(api, principal, place)
    known = page.known if asked.known is None else asked.known
    pinned = await pin(api, place, Moment(api.today, known))
    registry = await api.evaluations.registry(pinned.seq)
    key = place_key(place)
    held = [
        c for c in registry.closings.values() if c.place == key and plan in (None, c.plan)
    ]  # fmt: skip
    held.sort(key=_order)
    shown, cursor = page.cut(held, _order, pinned.known)
    return respond(request, Body.of({
        "province": {"code": place.code, "name": place.short_name},
        "known_at": pinned.known_at,
        "position": pinned.position,
        "items": [closing_json(c, place) for c in shown],
        "next_cursor": cursor,
    }))  # fmt: skip


def _order(closing: Closing) -> str:
    return f"{closing.plan} {closing.days.last} {closing.period} {closing.version:06}"


@router.get(
    "/{closing_id}",
    name="closing",
    summary="A closing",
    responses=answers("closing", *PROBLEMS, key=True, missing=True),
)
async def closing(
    request: Request, api: UsesApi, principal: Caller, code: Code, closing_id: ClosingId,
    asked: UsesKnown,
) -> Response:  # fmt: skip
    """Its pair, its hash, whether it still stands, who asked to reopen it."""
    held, place = await _seen(api, principal, code, closing_id)
    if asked.known is not None:
        until = await horizon(api, asked.known)
        then = (await api.evaluations.registry(until.seq)).closings.get(closing_id)
        if then is None:
            raise Problem("not_found")
        held = then
    return respond(request, Body.of(closing_json(held, place)))


@router.get(
    "/{closing_id}/document",
    name="closing_document",
    summary="What was published at a closing",
    responses=answers("closing_document", key=True, missing=True),
)
async def closing_document(
    request: Request, api: UsesApi, principal: Caller, code: Code, closing_id: ClosingId
) -> Response:
    """The stored bytes, for ever the same; the ETag is their SHA-256."""
    if principal.role == "unit":
        raise Problem("not_found")  # what moved is told with other units' events
    held, _ = await _seen(api, principal, code, closing_id)
    async with api.pool.acquire() as connection:
        content = await stored_document(connection, held.sha256)
    if content is None:
        raise Problem("internal_error")  # committed together with its entry
    return respond(request, Body(content, f'"{held.sha256}"'))


async def _seen(api: Api, principal: Principal, code: str, name: str) -> tuple[Closing, Place]:
    found = await find_closing(api, principal, name)
    place = place_of(api.places, found.place)
    if place is None or place.code != code:
        raise Problem("not_found")
    return found, place


@router.post(
    "",
    name="close_period",
    summary="Close a period of a plan",
    status_code=201,
    responses=answers("close_period", *BODY_PROBLEMS, "bad_period", "plan_not_here",
                      "period_outside_plan", "period_not_ended", "already_closed", "not_scored_yet",
                      key=True, missing=True, success=201),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/ClosingRequest"},
                    "example": {"plan": "br-vt-2025", "period": "2025-H1"},
                }
            },
        }
    },
)  # fmt: skip
async def close(
    request: Request, api: UsesApi, principal: Caller, code: Code, on: UsesOn
) -> Response:
    """Freezes what is known now at the period's last day, and keeps the published bytes."""
    need_role(principal, "province", "admin")
    fields = Fields(await object_of(request))
    plan = fields.text("plan", required=True, limit=100)
    text = fields.text("period", required=True, limit=40)
    period = parse_period(text) if text else None
    if text and period is None:
        fields.fault("period", "bad_period")
    fields.finish()
    assert plan is not None
    assert period is not None
    place = await _place_to_close(api, code, plan, period, on)
    _need_covered(api, principal, place)
    made = await close_period(api, principal, Asked(place, plan, period))
    headers = {"cache-control": "no-store", "location": path_of(made, place)}
    return Response(
        Body.of(closing_json(made, place)).content, 201, headers, "application/json"
    )  # fmt: skip


async def _place_to_close(
    api: Api, code: str, plan: str, period: Period, on: dt.date | None
) -> Place:
    """The place on `on`; else of the plan's own day where the code is the plan's, or at the end."""
    catalogue = (await catalogue_at(api, None))[0].catalogue
    held = catalogue.plans.get(plan) if catalogue else None
    own = held.place_on if held is not None and held.place == code else None
    return named_place(api, code, on or own or period.last)


def _need_covered(api: Api, principal: Principal, place: Place) -> None:
    if principal.role != "admin" and not covers(api.places, principal, place):
        raise Problem("not_found")


@router.post(
    "/{closing_id}/reopen",
    name="reopen_closing",
    summary="Reopen a closed period, with two different keys",
    responses={
        **answers("reopen_closing", *BODY_PROBLEMS, "closing_withdrawn", "second_key_needed",
                  key=True, missing=True),
        202: answers("reopen_closing")[200] | {"description": "Asked for; a second key is needed"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Reopening"},
                    "example": {"reason": "Trung tâm Y tế gửi bản sửa số liệu tháng 3"},
                }
            },
        }
    },
)  # fmt: skip
async def reopen(
    request: Request, api: UsesApi, principal: Caller, code: Code, closing_id: ClosingId
) -> Response:
    """The first key asks (202), another one joins within seven days (200): then it is withdrawn."""
    need_role(principal, "province", "admin")
    fields = Fields(await object_of(request))
    reason = fields.text("reason", required=True, limit=500)
    fields.finish()
    assert reason is not None
    key = closing_id.partition(".")[0]
    place = next((p for p in api.places.provinces() if place_key(p) == key), None)
    if place is None or place.code != code:
        raise Problem("not_found")
    _need_covered(api, principal, place)
    made = await reopen_closing(api, principal, place, closing_id, reason)
    status = 202 if made.withdrawn is None else 200
    content = Body.of(closing_json(made, place)).content
    return Response(content, status, {"cache-control": "no-store"}, "application/json")
