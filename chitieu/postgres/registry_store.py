"""Units, catalogue versions and conditions: written into the log, read back as a `Registry`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, NamedTuple

from chitieu.places import Places
from chitieu.ports import Entry, NewEntry
from chitieu.postgres.log import append, head_of, read_registry_until
from chitieu.registry import Registry


class EntryId(NamedTuple):
    """Where a committed entry lies, placed or not."""

    batch_id: int
    idx: int


async def append_entry(connection: Any, entry: NewEntry, received_at: dt.datetime) -> int:
    """Write one entry that is not a report, inside the caller's transaction; its batch's id."""
    if entry.kind in ("event", "retraction"):
        raise ValueError("reports come in through chitieu.postgres.intake")
    return await append(connection, [entry], received_at)


async def load_registry(connection: Any, places: Places, until: int | None = None) -> Registry:
    """The registry at a position (default: the newest), from placed entries."""
    seq = (await head_of(connection)).seq if until is None else until
    return Registry(places).with_entries(await read_registry_until(connection, 0, seq))


async def committed_ids(connection: Any) -> list[EntryId]:
    """All committed registry entries, placed or not, in the order of their batches.

    For a reader that must know them as soon as they are committed, before they have a position.
    """
    rows = await connection.fetch(
        # `<> 'event'` is the partial index's own condition.
        "SELECT batch_id, idx FROM entry WHERE kind <> 'event' AND kind <> 'retraction'"
        " ORDER BY batch_id, idx"
    )
    return [EntryId(row["batch_id"], row["idx"]) for row in rows]


async def committed_entries(connection: Any, wanted: Collection[EntryId]) -> list[Entry]:
    """These entries, in the order of their batches. `seq` and `known` mean nothing here."""
    rows = await connection.fetch(
        "SELECT e.kind, e.subject, e.body, e.organisation_id FROM entry e"
        " JOIN unnest($1::bigint[], $2::int[]) AS w(batch_id, idx) USING (batch_id, idx)"
        " ORDER BY batch_id, idx",
        [one.batch_id for one in wanted],
        [one.idx for one in wanted],
    )
    return [
        Entry(row["kind"], row["body"], row["organisation_id"], subject=row["subject"])
        for row in rows
    ]
