"""Many units at once into the log, as one batch."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from chitieu.catalogue.model import UnitRecord
from chitieu.ports import NewEntry
from chitieu.postgres.base_registry import record_body
from chitieu.postgres.keys import ensure_organisation
from chitieu.postgres.log import append

# Whose word it is: not the base's own, which speaks again only over itself.
_OPERATOR: Final = ("chitieu", "Quản trị hệ thống")


@dataclass(frozen=True, slots=True)
class Imported:
    """How many units had no such version, another one, the same."""

    new: int
    changed: int
    unchanged: int


async def import_units(
    connection: Any, units: Iterable[UnitRecord], now: dt.datetime, *, dry_run: bool = False
) -> Imported:
    """Append what the log does not say yet. One transaction."""
    bodies = [record_body(unit) for unit in units]
    async with connection.transaction():
        said = await _said(connection, [code for code, _, _ in bodies])
        fresh = [(code, body) for code, day, body in bodies if said.get((code, day)) != body]
        changed = sum((code, day) in said for code, day, body in bodies
                      if said.get((code, day)) != body)  # fmt: skip
        if fresh and not dry_run:
            operator = await ensure_organisation(connection, *_OPERATOR)
            entries = [NewEntry("unit", body, operator, subject=code) for code, body in fresh]
            await append(connection, entries, now)
    return Imported(len(fresh) - changed, changed, len(bodies) - len(fresh))


async def _said(connection: Any, codes: list[str]) -> dict[tuple[str, str], str]:
    """The newest word on each (code, first day)."""
    rows = await connection.fetch(
        "SELECT e.body FROM entry e JOIN batch b ON b.id = e.batch_id WHERE e.kind = 'unit'"
        " AND e.subject = ANY($1::text[]) ORDER BY b.xid, b.id, e.idx",
        codes,
    )
    said: dict[tuple[str, str], str] = {}
    for row in rows:
        body = json.loads(row["body"])
        said[body["code"], body["from"]] = row["body"]
    return said
