"""A waiver as it is asked for: read strictly, judged by whose unit it is, written to the log."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.periods import Period, parse_day
from chitieu.ports import NewEntry
from chitieu.postgres.registry_store import append_entry
from chitieu.registry import Registry
from chitieu.reports import RATE
from chitieu.units import Unit
from services.api.access import covers
from services.api.json_body import Fields
from services.api.state import Api

_REASON_MAX: Final = 500
# As for units: two who ask at once are queued, and the second sees what the first committed.
_LOCK: Final = "SELECT pg_advisory_xact_lock(20250702, hashtext($1))"
_SAID: Final = (
    "SELECT e.body FROM entry e JOIN batch b ON b.id = e.batch_id"
    " WHERE e.kind = 'waiver' AND e.kind NOT IN ('event') AND e.subject = $1"
    " ORDER BY b.xid, b.id, e.idx"
)
_ASKED: Final = ("unit", "metric", "from", "to", "document", "reason")


@dataclass(frozen=True)
class Written:
    """What stands in the log now, and whether this request wrote it."""

    body: Mapping[str, Any]
    new: bool


def read_waiver(registry: Registry, unit: Unit, body: dict[str, Any]) -> dict[str, Any]:
    """A waiver from a request's body. Problems of status 422 with all faults."""
    fields = Fields(body)
    first, last = _day(fields, "from"), _day(fields, "to")
    metric = fields.text("metric", limit=60)
    metrics = registry.catalogue.metrics if registry.catalogue else {}
    if metric is not None and (metric not in metrics or metric == RATE):
        fields.fault("metric", "no_such_metric")
    document = fields.text("document", required=True)
    reason = fields.text("reason", required=True, limit=_REASON_MAX)
    if first and last and last < first:
        fields.fault("to", "to_before_from")
    fields.finish()
    assert first is not None  # a missing day is a fault above
    assert last is not None
    return {
        "unit": unit.code, "metric": metric, "from": first.isoformat(), "to": last.isoformat(),
        "document": document, "reason": reason,
    }  # fmt: skip


def read_withdrawal(body: dict[str, Any]) -> dict[str, Any]:
    """Why a waiver is taken back. Problems of status 422."""
    fields = Fields(body)
    said = {
        "document": fields.text("document", required=True),
        "reason": fields.text("reason", required=True, limit=_REASON_MAX),
    }
    fields.finish()
    return said


def _day(fields: Fields, name: str) -> dt.date | None:
    text = fields.text(name, required=True, limit=20)
    found = parse_day(text) if text else None
    if text and found is None:
        fields.fault(name, "bad_day")
    return found


def need_own(registry: Registry, principal: Principal, unit: Unit, days: Period) -> None:
    """A province frees a unit of the days on which it lies there. Problem `place_not_allowed`."""
    if principal.role == "admin":
        return
    moved = {v.from_ for v in unit.versions if days.first < v.from_ <= days.last}
    for day in {days.first, days.last, *moved}:
        place = registry.province_of(unit, day)
        if place is None or not covers(registry.places, principal, place):
            raise Problem("place_not_allowed")


async def grant(api: Api, principal: Principal, asked: Mapping[str, Any], new_id: str) -> Written:
    """Write a waiver; one that stands already, word for word, is not written again."""
    async with api.pool.acquire() as connection, connection.transaction():
        said = await _said(connection, asked["unit"])
        gone = {one["id"] for one in said if one["action"] == "withdraw"}
        for one in said:
            same = one["action"] == "grant" and all(one[name] == asked[name] for name in _ASKED)
            if same and one["id"] not in gone:
                return Written(one, False)
        body = {"action": "grant", "id": new_id, **asked}
        return Written(await _write(api, connection, principal, body), True)


async def withdraw(
    api: Api, principal: Principal, registry: Registry, unit: Unit, said_now: Mapping[str, Any]
) -> Written:
    """Take a waiver back; what was withdrawn before stays so. Problem `not_found`."""
    async with api.pool.acquire() as connection, connection.transaction():
        said = await _said(connection, unit.code)
        mine = [one for one in said if one["id"] == said_now["id"]]
        granted = next((one for one in mine if one["action"] == "grant"), None)
        if granted is None:
            raise Problem("not_found")
        need_own(registry, principal, unit, days_of(granted))
        before = next((one for one in mine if one["action"] == "withdraw"), None)
        if before is not None:
            return Written(before, False)
        body = {"action": "withdraw", "unit": unit.code, **said_now}
        return Written(await _write(api, connection, principal, body), True)


def days_of(asked: Mapping[str, Any]) -> Period:
    """The days of a waiver as it is written."""
    return Period(dt.date.fromisoformat(asked["from"]), dt.date.fromisoformat(asked["to"]))


async def _said(connection: Any, code: str) -> Iterable[dict[str, Any]]:
    await connection.execute(_LOCK, code)
    return [json.loads(row["body"]) for row in await connection.fetch(_SAID, code)]


async def _write(
    api: Api, connection: Any, principal: Principal, body: dict[str, Any]
) -> dict[str, Any]:
    by = await connection.fetchval(
        "SELECT code FROM organisation WHERE id = $1", principal.organisation_id
    )
    said = body | {"by": by}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    entry = NewEntry("waiver", text, principal.organisation_id, subject=said["unit"])
    await append_entry(connection, entry, api.clock())
    return said
