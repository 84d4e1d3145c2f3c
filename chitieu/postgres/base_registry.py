"""The catalogue and the units that the product brings, put into the log when they changed.

What a user's own `catalogue load` laid over them is kept in the entry's body under `loaded`, so a
new release of the base never loses it. What was said through the API stays: the base speaks again
only when it says something else than it said itself.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.model import UnitRecord
from chitieu.ports import NewEntry
from chitieu.postgres.log import append

# Two processes that start at once must not append the same things twice.
_LOCK = "SELECT pg_advisory_xact_lock(4294967290)"
# In the order in which the log places them; an entry that has no position yet counts too.
_NEWEST = (
    "SELECT e.body FROM entry e JOIN batch b ON b.id = e.batch_id WHERE e.kind = 'catalogue'"
    " ORDER BY b.xid DESC, b.id DESC, e.idx DESC LIMIT 1"
)
_SAID = (
    "SELECT e.body FROM entry e JOIN batch b ON b.id = e.batch_id"
    " WHERE e.kind = 'unit' AND e.organisation_id IS NULL ORDER BY b.xid, b.id, e.idx"
)


@dataclass(frozen=True, slots=True)
class Brought:
    """What was appended: whether a catalogue version, and how many versions of units."""

    catalogue: Catalogue
    new_version: bool
    units: int


async def bring(
    connection: Any, base: Catalogue, now: dt.datetime, loaded: Catalogue | None = None
) -> Brought:
    """Append what the log does not say yet; `loaded` is laid over the base, now and from now on.

    One transaction. The catalogue is the one that now holds.
    """
    async with connection.transaction():
        await connection.execute(_LOCK)
        newest = json.loads(await connection.fetchval(_NEWEST) or "{}")
        over = _over(newest, loaded)
        merged = base.merged_with(over) if over else base
        entries = list(await _unit_entries(connection, merged))
        changed = newest.get("digest") != merged.digest
        if changed:
            entries.insert(0, NewEntry("catalogue", _body(merged, over)))
        if entries:
            await append(connection, entries, now)
    return Brought(merged, changed, len(entries) - changed)


def unit_body(code: str, first_day: str, attributes: dict[str, Any]) -> str:
    """The body of a `unit` entry, canonical."""
    return _canonical({"code": code, "from": first_day, "attributes": attributes})


def _over(newest: dict[str, Any], loaded: Catalogue | None) -> Catalogue | None:
    kept = newest.get("loaded")
    before = Catalogue.from_json(json.dumps(kept)) if kept else None
    if before is None or loaded is None:
        return before or loaded
    return before.merged_with(loaded)


def _body(merged: Catalogue, over: Catalogue | None) -> str:
    # `Catalogue.from_json` reads its own keys and leaves these alone.
    body = json.loads(merged.to_json()) | {"digest": merged.digest}
    if over is not None:
        body["loaded"] = json.loads(over.to_json())
    return _canonical(body)


async def _unit_entries(connection: Any, catalogue: Catalogue) -> Iterator[NewEntry]:
    said: dict[tuple[str, str], str] = {}
    for row in await connection.fetch(_SAID):
        body = json.loads(row["body"])
        said[body["code"], body["from"]] = _canonical(body)
    bodies = (record_body(r) for records in catalogue.units.values() for r in records)
    return (
        NewEntry("unit", body, subject=code)
        for code, first_day, body in bodies
        if said.get((code, first_day)) != body
    )


def record_body(record: UnitRecord) -> tuple[str, str, str]:
    """Code, first day, and the body of the entry that registers a unit."""
    attributes = record.model_dump(mode="json", by_alias=True, exclude={"code", "from_"})
    if attributes["succeeds"] is None:
        del attributes["succeeds"]  # what was said before there was such an attribute stays said
    first_day = record.from_.isoformat()
    return record.code, first_day, unit_body(record.code, first_day, attributes)


def _canonical(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
