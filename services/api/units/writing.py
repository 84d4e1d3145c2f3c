"""A unit's new attributes: read strictly, checked against the closed lists, written to the log."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, get_args

from chitieu.catalogue.model import UnitRecord
from chitieu.catalogue.scalars import HospitalClass, Level, Ownership, UnitKind
from chitieu.catalogue.unit_rules import TYPES, unit_flaws
from chitieu.errors import Fault, Problem
from chitieu.keys import Principal
from chitieu.periods import parse_day
from chitieu.places import Places
from chitieu.ports import NewEntry
from chitieu.postgres.base_registry import unit_body
from chitieu.postgres.registry_store import append_entry
from services.api.access import covers
from services.api.json_body import Fields
from services.api.state import Api

_UNIT_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")
_AREA_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}")
_SERVICE: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")

# Everything that was ever committed about a code, placed or not: two who ask at once are queued
# by the lock, and the second sees the first.
_LOCK: Final = "SELECT pg_advisory_xact_lock(20250701, hashtext($1))"
_SAID: Final = (
    "SELECT e.body FROM entry e JOIN batch b ON b.id = e.batch_id"
    " WHERE e.kind = 'unit' AND e.kind NOT IN ('event') AND e.subject = $1"
    " ORDER BY b.xid, b.id, e.idx"
)


@dataclass(frozen=True)
class UnitChange:
    """Attributes of a unit from a day on."""

    code: str
    from_: dt.date
    attributes: dict[str, Any]

    def to_wire(self) -> dict[str, Any]:
        """As it was accepted."""
        shown = {"succeeds": None} | self.attributes
        return {"code": self.code, "from": self.from_.isoformat(), **shown}


def read_change(places: Places, code: str, body: dict[str, Any]) -> UnitChange:
    """A change from a request's body. Problems of status 422 with all faults."""
    fields = Fields(body)
    since = _day(fields, "from", required=True)
    kind = _word(fields, "kind", get_args(UnitKind), required=True)
    attributes: dict[str, Any] = {
        "name": fields.text("name", required=True),
        "kind": kind,
        "type": _word(fields, "type", TYPES.get(kind or "", ())),
        "ownership": _word(fields, "ownership", get_args(Ownership)),
        "level": _word(fields, "level", get_args(Level)),
        "class": _word(fields, "class", get_args(HospitalClass)),
        "province": _province(fields, places, since),
        "district": _code(fields, "district"),
        "commune": _code(fields, "commune"),
        "services": _services(fields),
        "closed": _day_text(_day(fields, "closed")),
        "fictional": fields.flag("fictional"),
        "note": fields.text("note", limit=500),
    }
    older = fields.text("succeeds", limit=64)
    if older is not None:  # absent otherwise: what was said before there was this field stays said
        attributes["succeeds"] = older
        if older == code:
            fields.fault("succeeds", "unknown_unit")
    closed = attributes["closed"]
    if since and closed and closed < since.isoformat():
        fields.fault("closed", "closed_before_from")
    fields.finish()
    assert since is not None  # a missing day is a fault above
    _check_code(code, since, attributes)
    return UnitChange(code, since, attributes)


def _check_code(code: str, since: dt.date, attributes: dict[str, Any]) -> None:
    """The same rule as for the catalogue's own units."""
    if not _UNIT_CODE.fullmatch(code):
        raise Problem("unit_code_form")
    record = UnitRecord.model_validate({"code": code, "from": since, **attributes})
    if any(flaw.code == "unit_code" for flaw in unit_flaws(code, [record])):
        raise Problem("unit_code_form")


def _day(fields: Fields, name: str, *, required: bool = False) -> dt.date | None:
    text = fields.text(name, required=required, limit=20)
    found = parse_day(text) if text else None
    if text and found is None:
        fields.fault(name, "bad_day")
    return found


def _day_text(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _word(
    fields: Fields, name: str, allowed: Collection[str], *, required: bool = False
) -> str | None:
    text = fields.text(name, required=required, limit=60)
    if text is not None and text not in allowed:
        fields.fault(name, "unknown_word", allowed=", ".join(allowed) or "null")
        return None
    return text


def _code(fields: Fields, name: str) -> str | None:
    text = fields.text(name, limit=32)
    if text is not None and not _AREA_CODE.fullmatch(text):
        fields.fault(name, "code_form")
    return text


def _services(fields: Fields) -> list[str]:
    found = fields.texts("services")
    if not all(_SERVICE.fullmatch(one) for one in found):
        fields.fault("services", "code_form")
    return sorted(set(found))


def _province(fields: Fields, places: Places, since: dt.date | None) -> str | None:
    code = fields.text("province", required=True, limit=8)
    if code and since and places.bearing(code, since) is None:
        fields.fault("province", "unknown_place")
    return code


async def put_unit(api: Api, principal: Principal, change: UnitChange) -> bool:
    """Write the change; True when the code is new. Problems `place_not_allowed`, `code_taken`."""
    body = unit_body(change.code, change.from_.isoformat(), change.attributes)
    async with api.pool.acquire() as connection, connection.transaction():
        await connection.execute(_LOCK, change.code)
        said = await _said(connection, change.code)
        _need_places(api.places, principal, change, said)
        await _need_older(connection, api.places, principal, change)
        last = {one["from"]: one["attributes"] for one in said}
        if last.get(change.from_.isoformat()) != change.attributes:
            entry = NewEntry("unit", body, principal.organisation_id, subject=change.code)
            await append_entry(connection, entry, api.clock())
    return not said


async def _said(connection: Any, code: str) -> list[dict[str, Any]]:
    return [json.loads(row["body"]) for row in await connection.fetch(_SAID, code)]


async def _need_older(
    connection: Any, places: Places, principal: Principal, change: UnitChange
) -> None:
    """The unit that it was before is registered and the caller's own; a foreign one is unknown."""
    code = change.attributes.get("succeeds")
    if code is None:
        return
    said = await _said(connection, code)
    if not said or (principal.role != "admin" and not _all_own(places, principal, said)):
        raise Problem("unknown_unit", faults=[Fault("/succeeds", "unknown_unit")])


def _own(places: Places, principal: Principal, province: str, since: dt.date) -> bool:
    place = places.bearing(province, since)
    return place is not None and covers(places, principal, place)


def _all_own(places: Places, principal: Principal, said: list[dict[str, Any]]) -> bool:
    return all(
        _own(places, principal, one["attributes"]["province"], dt.date.fromisoformat(one["from"]))
        for one in said
    )


def _need_places(
    places: Places, principal: Principal, change: UnitChange, said: list[dict[str, Any]]
) -> None:
    """A province registers units in its own places, and changes only what always lay there."""
    if principal.role == "admin":
        return

    if not _own(places, principal, change.attributes["province"], change.from_):
        raise Problem("place_not_allowed", faults=[Fault("/province", "place_not_allowed")])
    if not _all_own(places, principal, said):
        raise Problem("code_taken")
