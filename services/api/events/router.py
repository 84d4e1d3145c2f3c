"""What became of a report: received when, at which position, counts or why not."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from chitieu.errors import Problem
from chitieu.events import identity_key, type_of
from chitieu.keys import Principal
from chitieu.periods import Period, known_text, parse_day, parse_period
from chitieu.postgres.archived import (
    ArchivedReport,
    EntriesArchived,
    archived_by_key,
    archived_by_unit,
)
from chitieu.postgres.positions import positions_of
from chitieu.registry import Registry
from chitieu.text import nfc
from chitieu.units import Unit
from services.api.access import sees_unit
from services.api.answers import Body, respond
from services.api.documented import ARCHIVED, answers
from services.api.events.repository import Accepted, amendments, by_identity, by_unit
from services.api.events.views import Verdicts, event_json, told_positions
from services.api.keyring import Caller
from services.api.parameters import Moment, UsesMoment, UsesPage, bad_value
from services.api.pins import horizon
from services.api.reading import current_registry, pin, see
from services.api.state import Api, UsesApi
from services.api.units.router import UnitCode, visible_unit

router = APIRouter(prefix="/v1", tags=["events"])
PROBLEMS = (
    "bad_value", "as_of_too_late", "known_at_in_future", "not_scored_yet", "closing_and_pair"
)  # fmt: skip
_LAST = 2**62


@router.get(
    "/events", summary="What became of an event",
    responses=answers("events", *PROBLEMS, "event_archived", key=True, values=ARCHIVED),
)  # fmt: skip
async def events(
    request: Request, api: UsesApi, principal: Caller, asked: UsesMoment,
    source: Annotated[
        str | None,
        Query(
            description="As it was sent; required.", examples=["urn:chitieu:plan:br-vt-2025"]
        ),
    ] = None,
    id: Annotated[
        str | None, Query(description="As it was sent; required.", examples=["annex-2/I.7#1"])
    ] = None,
) -> Response:  # fmt: skip
    """One item for each sender that used this source and id, of those the caller may see."""
    for name, value in (("source", source), ("id", id)):
        if not value or len(value.encode()) > 256 or "\0" in value:
            raise bad_value(name, "văn bản từ 1 đến 256 byte", "text of 1 to 256 bytes")
    registry = await current_registry(api, asked.known)
    async with api.pool.acquire() as connection:
        found = await by_identity(connection, nfc(source or ""), nfc(id or ""))
        archived = await archived_by_key(connection, identity_key(nfc(source or ""), nfc(id or "")))
    _refuse_archived(registry, principal, archived, asked.known)
    items = []
    for event in found:
        if asked.known is not None and (event.known is None or event.known > asked.known):
            continue
        shown = await _shown(api, registry, principal, event, asked)
        if shown is not None:
            items.append(shown)
    return respond(request, Body.of({"items": items, "next_cursor": None}))


def _refuse_archived(
    registry: Registry, principal: Principal, reports: Sequence[ArchivedReport], known: int | None
) -> None:
    """Problem `event_archived` for a report that the caller may see, and whose text is not here."""
    for report in reports:
        unit = registry.units.get(report.unit)
        if (known is None or report.known <= known) and unit and sees_unit(
            registry, principal, unit
        ):  # fmt: skip
            raise Problem("event_archived", {
                "position": report.position, "known": known_text(report.known),
                "month": report.month, "sha256": report.sha256,
            })  # fmt: skip


async def _shown(
    api: Api, registry: Registry, principal: Principal, event: Accepted, asked: Moment
) -> dict[str, Any] | None:
    """None for an event that the caller may not see."""
    if event.kind == "retraction":
        own = event.organisation == principal.organisation_id
        if not own and principal.role not in ("ministry", "admin"):
            return None
        until = await horizon(api, asked.known)
        async with api.pool.acquire() as connection:
            positions = await positions_of(connection, told_positions([event], None))
        return event_json(event, None, positions, until.seq)
    unit = registry.units.get(event.subject or "")
    if unit is None or not sees_unit(registry, principal, unit):
        return None
    verdicts, done = await _verdicts(api, registry, unit, asked)
    async with api.pool.acquire() as connection:
        [amended] = await amendments(connection, [event], done)
        positions = await positions_of(connection, told_positions([event], verdicts))
    return event_json(event, verdicts, positions, done, amended)


async def _verdicts(
    api: Api, registry: Registry, unit: Unit, asked: Moment
) -> tuple[Verdicts, int]:
    until = await horizon(api, asked.known)
    places = [p for p in registry.places_of(unit) if (p.valid_from or asked.as_of) <= asked.as_of]
    if not places:
        raise Problem("not_found")  # registered in a province that never was
    seen = [await see(api, place, await pin(api, place, asked)) for place in places]
    verdicts = await api.evaluations.run(lambda: Verdicts(seen, asked.as_of))
    return verdicts, until.seq


@router.get(
    "/units/{code}/events", summary="Reports about a unit",
    responses=answers(
        "unit_events", *PROBLEMS, "bad_cursor", "archived", key=True, missing=True, values=ARCHIVED
    ),
)  # fmt: skip
async def unit_events(
    request: Request, api: UsesApi, principal: Caller, code: UnitCode, asked: UsesMoment,
    page: UsesPage,
    metric: Annotated[str | None, Query(description="Of this metric.")] = None,
    period: Annotated[
        str | None,
        Query(description="Of these days, however spelled; a day for a state.",
              examples=["2025-Q1"]),
    ] = None,
) -> Response:  # fmt: skip
    """As they came; later pages show the state of the first."""
    days = _days(period)
    moment = asked if page.known is None else Moment(asked.as_of, page.known)
    registry, unit = await visible_unit(api, principal, code, moment.known)
    if metric is not None and (not registry.catalogue or metric not in registry.catalogue.metrics):
        raise bad_value("metric", "tên một metric, xem /v1/metrics", "a metric, see /v1/metrics")
    verdicts, done = await _verdicts(api, registry, unit, moment)
    known = _LAST if moment.known is None else moment.known
    async with api.pool.acquire() as connection:
        found = await by_unit(connection, code, type_of(metric) if metric else None, known)
        archived = await archived_by_unit(
            connection, code, metric, known, (days.first, days.last) if days else None
        )
    if archived:
        raise EntriesArchived(archived[0].month, archived[0].sha256)
    shown = [
        event for event in found
        if (days is None or _of_days(event, days))
        and (moment.known is None or event.seq is not None)
    ]  # fmt: skip
    # Positions only grow, so pages fit together without a pin; what has none comes last.
    items, cursor = page.cut(shown, _order, moment.known)
    async with api.pool.acquire() as connection:
        amended = await amendments(connection, items, done)
        positions = await positions_of(connection, told_positions(items, verdicts))
    body = Body.of({
        "items": [
            event_json(event, verdicts, positions, done, by)
            for event, by in zip(items, amended, strict=True)
        ],
        "next_cursor": cursor,
    })  # fmt: skip
    return respond(request, body)


def _days(period: str | None) -> Period | None:
    if period is None:
        return None
    day = parse_day(period)
    found = Period(day, day) if day else parse_period(period)
    if found is None:
        raise bad_value(
            "period", "kỳ như 2025-03, 2025-Q1, 2025-01-01/2025-05-31 hoặc một ngày",
            "a period such as 2025-03, 2025-Q1, 2025-01-01/2025-05-31, or a day",
        )  # fmt: skip
    return found


def _of_days(event: Accepted, days: Period) -> bool:
    body = json.loads(event.body)
    first, last = dt.date.fromisoformat(body["first"]), dt.date.fromisoformat(body["last"])
    return Period(first, last) == days


def _order(event: Accepted) -> str:
    """By position; what has none comes last, as it was received."""
    if event.seq is not None:
        return f"0{event.seq:020}"
    return f"1{event.received_at.isoformat()}{event.source}\0{event.event_id}"
