"""The one log in PostgreSQL: append, place, read.

Writers commit a batch and its entries; they never choose a position. The sequencer then places
every batch whose transaction is older than all running ones, in (xid, id) order, so that no reader
can pass a row that commits later. The head row is locked first and the batches are selected by a
second statement: that one sees all that an earlier sequencer has done.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Any

import asyncpg

from chitieu.ports import Entry, EntryKind, Head, NewEntry

CHANNEL_APPENDED = "chitieu_appended"
CHANNEL_PLACED = "chitieu_placed"
_BATCHES_AT_ONCE = 500

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


async def append(connection: Any, entries: Sequence[NewEntry], received_at: dt.datetime) -> int:
    """Write entries as one batch inside the caller's transaction; returns the batch's id."""
    batch: int = await connection.fetchval(
        "INSERT INTO batch (n, received_at) VALUES ($1, $2) RETURNING id",
        len(entries),
        received_at,
    )
    await connection.copy_records_to_table(
        "entry",
        records=[
            (batch, i, e.kind, e.organisation, e.source, e.event_id, e.type, e.subject, e.time,
             e.corrects, e.body)
            for i, e in enumerate(entries)
        ],
        columns=[
            "batch_id", "idx", "kind", "organisation_id", "source", "event_id", "type", "subject",
            "time", "corrects", "body",
        ],
    )  # fmt: skip
    await connection.execute(f"NOTIFY {CHANNEL_APPENDED}")
    return batch


async def place(connection: Any, now: int) -> int:
    """Give committed batches their positions; returns how many entries were placed.

    `now` is the clock in microseconds; a clock that stands or goes back cannot make a known time
    repeat, because each begins after the last one.
    """
    placed = 0
    async with connection.transaction():
        head = await connection.fetchrow(
            "SELECT epoch, seq, known, last_xid::text AS last_xid, last_batch"
            " FROM log_head FOR UPDATE"
        )
        rows = await connection.fetch(
            "SELECT b.id, b.n, b.xid::text AS xid_text FROM batch b"
            " WHERE (b.xid, b.id) > ($1::text::xid8, $2::bigint)"
            " AND b.xid < pg_snapshot_xmin(pg_current_snapshot())"
            " ORDER BY b.xid, b.id LIMIT $3",
            head["last_xid"],
            head["last_batch"],
            _BATCHES_AT_ONCE,
        )
        if not rows:
            return 0
        seq, known, records = head["seq"], max(now, head["known"] + 1), []
        for row in rows:
            records.append((seq + 1, row["id"], row["n"], head["epoch"], known))
            seq += row["n"]
            known += row["n"]
            placed += row["n"]
        await connection.copy_records_to_table(
            "log", records=records, columns=["first_seq", "batch_id", "n", "epoch", "first_known"]
        )
        await connection.execute(
            "UPDATE log_head SET seq = $1, known = $2, last_xid = $3::text::xid8, last_batch = $4",
            seq,
            known - 1,
            rows[-1]["xid_text"],
            rows[-1]["id"],
        )
        await connection.execute(f"NOTIFY {CHANNEL_PLACED}")
    return placed


async def reach(connection: Any, known: int) -> None:
    """Promise that nothing placed from now on will be known at or before `known`."""
    await connection.execute("UPDATE log_head SET known = greatest(known, $1)", known)


async def recognise_cluster(connection: Any) -> bool:
    """After a restore into another cluster, begin a new epoch; True when one was begun.

    Transaction ids of the old cluster mean nothing in the new one, so batches that had no position
    yet are placed here, by id, and the horizon starts anew.
    """
    async with connection.transaction():
        row = await connection.fetchrow(
            "SELECT h.system_identifier AS was, c.system_identifier::text AS is_,"
            " h.epoch, h.seq, h.known"
            " FROM log_head h, pg_control_system() c FOR UPDATE OF h"
        )
        if row["was"] == row["is_"]:
            return False
        seq, known = row["seq"], row["known"] + 1
        for batch in await connection.fetch(
            "SELECT b.id, b.n FROM batch b LEFT JOIN log l ON l.batch_id = b.id"
            " WHERE l.batch_id IS NULL ORDER BY b.id"
        ):
            await connection.execute(
                "INSERT INTO log (first_seq, batch_id, n, epoch, first_known)"
                " VALUES ($1, $2, $3, $4, $5)",
                seq + 1, batch["id"], batch["n"], row["epoch"] + 1, known,
            )  # fmt: skip
            seq, known = seq + batch["n"], known + batch["n"]
        await connection.execute("UPDATE batch SET xid = pg_current_xact_id()")
        await connection.execute(
            "UPDATE log_head SET epoch = epoch + 1, seq = $1, known = $2, system_identifier = $3,"
            " last_xid = pg_current_xact_id(), last_batch ="
            " (SELECT coalesce(max(id), 0) FROM batch)",
            seq, known - 1, row["is_"],
        )  # fmt: skip
    return True


SELECT_ENTRIES = (
    "SELECT l.first_seq + e.idx AS seq, l.first_known + e.idx AS known, e.kind, e.organisation_id,"
    " e.source, e.event_id, e.type, e.subject, e.time, e.corrects, e.body"
    " FROM log l JOIN entry e ON e.batch_id = l.batch_id"
)


def from_row(row: Any) -> Entry:
    """A row of `SELECT_ENTRIES` as an entry."""
    kind: EntryKind = row["kind"]
    return Entry(
        kind=kind,
        body=row["body"],
        organisation=row["organisation_id"],
        source=row["source"],
        event_id=row["event_id"],
        type=row["type"],
        subject=row["subject"],
        time=row["time"],
        corrects=row["corrects"],
        seq=row["seq"],
        known=row["known"],
    )


async def read_entries(connection: Any, after: int, limit: int) -> list[Entry]:
    """At most `limit` entries beyond `after`, in order."""
    rows = await connection.fetch(
        SELECT_ENTRIES + " WHERE l.first_seq + l.n > $1 AND l.first_seq <= $1 + $2"
        " AND l.first_seq + e.idx > $1 ORDER BY 1 LIMIT $2",
        after,
        limit,
    )
    return [from_row(row) for row in rows]


async def read_registry_until(connection: Any, after: int, until: int) -> list[Entry]:
    """All placed entries of (after, until] that are not reports: units, catalogues, conditions."""
    rows = await connection.fetch(
        SELECT_ENTRIES + " WHERE e.kind NOT IN ('event', 'retraction')"
        " AND l.first_seq + e.idx > $1 AND l.first_seq + e.idx <= $2 ORDER BY 1",
        after,
        until,
    )
    return [from_row(row) for row in rows]


async def head_of(connection: Any) -> Head:
    """The newest position."""
    row = await connection.fetchrow("SELECT epoch, seq, known FROM log_head")
    return Head(row["epoch"], row["seq"], row["known"])


class PostgresLog:
    """The `EventLog` port over a pool; one extra connection listens."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._listener: Any = None
        self._signal = asyncio.Event()
        self._on_placed = lambda *_: self._signal.set()

    async def head(self) -> Head:
        async with self._pool.acquire() as connection:
            return await head_of(connection)

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        async with self._pool.acquire() as connection:
            return await read_entries(connection, after, limit)

    async def wait(self, after: int, timeout_seconds: float) -> None:
        await self._listen()
        if (await self.head()).seq > after:
            return
        try:
            await asyncio.wait_for(self._signal.wait(), timeout_seconds)
        except TimeoutError:
            return
        finally:
            self._signal.clear()

    async def _listen(self) -> None:
        if self._listener is not None and not self._listener.is_closed():
            return
        self._listener = await self._pool.acquire()
        await self._listener.add_listener(CHANNEL_PLACED, self._on_placed)

    async def close(self) -> None:
        if self._listener is not None:
            await self._listener.remove_listener(CHANNEL_PLACED, self._on_placed)
            await self._pool.release(self._listener)
            self._listener = None
