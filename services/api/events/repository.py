"""Accepted events as they lie in the database, placed or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chitieu.events import identity_key

_SELECT = (
    "SELECT e.kind, o.code AS sender, e.organisation_id, e.source, e.event_id, e.type, e.subject,"
    " e.time, e.corrects, e.body, b.received_at, l.first_seq + e.idx AS seq,"
    " l.first_known + e.idx AS known"
    " FROM entry e JOIN batch b ON b.id = e.batch_id"
    " JOIN organisation o ON o.id = e.organisation_id"
    " LEFT JOIN log l ON l.batch_id = e.batch_id"
)
_BY_IDENTITY = _SELECT + (  # noqa: S608 - constants only
    " JOIN identity i ON i.batch_id = e.batch_id AND i.idx = e.idx"
    " WHERE i.key = $1 AND i.organisation_id = ANY(SELECT id FROM organisation)"
    " AND e.source = $2 AND e.event_id = $3 ORDER BY e.organisation_id"
)
_BY_UNIT = _SELECT + (
    " WHERE e.kind = 'event' AND e.subject = $1"
    " AND ($2::text IS NULL OR e.type = $2)"
    " AND (l.first_known IS NULL OR l.first_known + e.idx <= $3) ORDER BY e.batch_id, e.idx"
    " LIMIT 20000"
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """One accepted event. `seq` and `known` are None until it is placed."""

    kind: str
    sender: str
    organisation: int
    source: str
    event_id: str
    type: str
    subject: str | None
    time: dt.datetime
    corrects: str | None
    body: str
    received_at: dt.datetime
    seq: int | None
    known: int | None


def _from_row(row: Any) -> Accepted:
    return Accepted(
        row["kind"], row["sender"], row["organisation_id"], row["source"], row["event_id"],
        row["type"], row["subject"], row["time"], row["corrects"], row["body"],
        row["received_at"], row["seq"], row["known"],
    )  # fmt: skip


async def by_identity(connection: Any, source: str, event_id: str) -> list[Accepted]:
    """Events of that source and id, one a sender at most."""
    rows = await connection.fetch(_BY_IDENTITY, identity_key(source, event_id), source, event_id)
    return [_from_row(row) for row in rows]


async def by_unit(
    connection: Any, unit: str, event_type: str | None, known: int
) -> Sequence[Accepted]:
    """Events about a unit that were known by then, or have no position yet, as they came."""
    return [_from_row(r) for r in await connection.fetch(_BY_UNIT, unit, event_type, known)]
