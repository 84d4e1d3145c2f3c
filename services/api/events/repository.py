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


# Both of the sender of what they name; a retraction's body is small, and there are few.
_AMENDED = (
    "SELECT w.n, e.kind, e.source, e.event_id, e.type, e.time, e.body, l.epoch,"
    " l.first_seq + e.idx AS seq, l.first_known + e.idx AS known"
    " FROM unnest($1::int[], $2::int[], $3::text[], $4::text[])"
    " AS w(n, organisation_id, source, event_id)"
    " JOIN entry e ON e.organisation_id = w.organisation_id"
)
_CORRECTED = _AMENDED + (
    " AND e.corrects = w.event_id AND e.corrects IS NOT NULL AND e.source = w.source"
    " JOIN log l ON l.batch_id = e.batch_id WHERE l.first_seq + e.idx <= $5 ORDER BY seq"
)
_RETRACTED = _AMENDED + (
    " AND e.kind = 'retraction' AND e.kind <> 'event'"
    " AND e.body::json ->> 'source' = w.source AND e.body::json ->> 'id' = w.event_id"
    " JOIN log l ON l.batch_id = e.batch_id WHERE l.first_seq + e.idx <= $5 ORDER BY seq"
)


@dataclass(frozen=True, slots=True)
class Amendment:
    """A correction or a retraction that names an event."""

    kind: str
    source: str
    event_id: str
    type: str
    time: dt.datetime
    body: str
    position: str
    known: int


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


async def amendments(
    connection: Any, events: Sequence[Accepted], until: int
) -> list[list[Amendment]]:
    """Of each event the amendments placed up to a position, in their order."""
    named = (
        list(range(len(events))), [e.organisation for e in events], [e.source for e in events],
        [e.event_id for e in events],
    )  # fmt: skip
    rows = [
        *await connection.fetch(_CORRECTED, *named, until),
        *await connection.fetch(_RETRACTED, *named, until),
    ]
    found: list[list[Amendment]] = [[] for _ in events]
    for row in rows:
        found[row["n"]].append(Amendment(
            row["kind"], row["source"], row["event_id"], row["type"], row["time"], row["body"],
            f"{row['epoch']}:{row['seq']}", row["known"],
        ))  # fmt: skip
    return found
