"""The one log in PostgreSQL: append, place, read.

Writers commit a batch and its entries; they never choose a position. The sequencer then places
every batch whose transaction is older than all running ones, in (xid, id) order, so that no reader
can pass a row that commits later. It reads the head and the batches in one snapshot and moves the
head by compare-and-set, together with what it places: of several sequencers one wins, the others
look again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from itertools import accumulate, chain, takewhile
from typing import Any, NamedTuple

import asyncpg

from chitieu.months import BATCHES_A_MONTH, month_of
from chitieu.periods import to_microseconds
from chitieu.ports import Entry, EntryKind, Head, NewEntry
from chitieu.postgres.archived import gone

CHANNEL_APPENDED = "chitieu_appended"
CHANNEL_PLACED = "chitieu_placed"
_BATCHES_AT_ONCE = 500
# The next id of a batch that is received in a month, whose first id is $1 (chitieu.months).
NEXT_BATCH = f"$1 + nextval(pg_get_serial_sequence('batch', 'id')) % {BATCHES_A_MONTH}"

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

_INSERT_BATCH = (
    "INSERT INTO batch (id, n, received_at) OVERRIDING SYSTEM VALUE"  # noqa: S608 - constants only
    f" VALUES ({NEXT_BATCH}, $2, $3) RETURNING id"
)
# One snapshot of the head and of what lies beyond it. Batches whose transaction is older than all
# running ones are ready; they come first.
_BEYOND = (
    "SELECT h.epoch, h.seq, h.known, b.id, b.n, b.xid::text AS xid_text, b.received_at, b.ready"
    " FROM log_head h LEFT JOIN LATERAL (SELECT id, n, xid, received_at,"
    " xid < pg_snapshot_xmin(pg_current_snapshot()) AS ready FROM batch"
    " WHERE (xid, id) > (h.last_xid, h.last_batch) ORDER BY xid, id LIMIT $1) b ON true"
    " ORDER BY b.xid, b.id"
)
# Nothing happens, and no row comes back, when another sequencer has moved the head since.
_MOVE = (
    "WITH moved AS (UPDATE log_head SET seq = $4, known = $5,"
    " last_xid = coalesce($6::text::xid8, last_xid), last_batch = coalesce($7, last_batch)"
    " WHERE epoch = $1 AND seq = $2 AND known = $3 RETURNING epoch),"
    " placed AS (INSERT INTO log (first_seq, batch_id, n, first_known, epoch)"
    " SELECT u.*, moved.epoch FROM moved,"
    " unnest($8::bigint[], $9::bigint[], $10::int[], $11::bigint[]) AS u)"
    " SELECT CASE WHEN $4 > $2 THEN pg_notify($12, '') END FROM moved"
)


async def append(connection: Any, entries: Sequence[NewEntry], received_at: dt.datetime) -> int:
    """Write entries as one batch inside the caller's transaction; returns the batch's id."""
    batch: int = await connection.fetchval(
        _INSERT_BATCH,
        month_of(received_at).first_id,
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


class Placed(NamedTuple):
    """What one turn of the sequencer did."""

    entries: int
    waits: bool
    """Committed batches are left: for the next turn, or until an older transaction has ended."""


def known_times(
    batches: Sequence[tuple[int, int]], head: int, now: int, until: int = 0
) -> list[int]:
    """The known time of each batch's first entry; a batch is (entries, received), in their order.

    It is the instant of receipt (of `now`, if the receiver's clock was ahead), or the first one
    that is free: they strictly increase from `head` on. So whoever was told that a report is
    accepted finds it at any later instant, however long it took to be placed.

    What was received by `until` ends by then, pushed ahead of its receipt if need be, as far as
    whole batches fit above the head; the others begin after it.
    """
    fitting = reserved = 0
    for entries, received in batches:
        if received > until or head + reserved + entries > until:
            break
        fitting, reserved = fitting + 1, reserved + entries
    found: list[int] = []
    for index, (entries, received) in enumerate(batches):
        first = min(now, received)
        if index < fitting:
            first = min(first, until - reserved + 1)
            reserved -= entries
        elif first <= until:
            first = until + 1
        found.append(max(first, head + 1))
        head = found[-1] + entries - 1
    return found


async def place(connection: Any, now: int) -> int:
    """Give committed batches their positions; returns how many entries were placed.

    `now` is the clock in microseconds; a clock that stands or goes back cannot make a known time
    repeat, because each begins after the last one.
    """
    return (await take_turn(connection, now)).entries


async def take_turn(connection: Any, now: int) -> Placed:
    """`place`, and whether something is left."""
    while True:
        head, batches = await _beyond(connection, _BATCHES_AT_ONCE)
        ready = _ready(batches)
        if not ready:
            return Placed(0, bool(batches))
        knowns = known_times(_sizes(ready), head.known, now)
        moved = await _move(connection, head, ready, knowns)
        if moved is not None:
            more = len(ready) < len(batches) or len(batches) == _BATCHES_AT_ONCE
            return Placed(moved.seq - head.seq, more)


async def settle(connection: Any, known: int, now: int) -> bool:
    """Fix for ever what is known at an instant that is not after `now`. False: not possible yet.

    What is committed and was received by then is placed at or before it, as far as there is room
    above the head; nothing placed later will be known at or before it. Not possible while such a
    batch waits for an older transaction to end: it could then only be placed too late.
    """
    while True:
        head, batches = await _beyond(connection, None)
        if known <= head.known:
            return True
        # Room is kept for those that are not ready, too.
        knowns = known_times(_sizes(batches), head.known, now, known)
        by_then = takewhile(lambda row: to_microseconds(row["received_at"]) <= known, batches)
        settled = all(row["ready"] for row in by_then)
        ready = _ready(batches)
        if not ready and not settled:
            return False
        if await _move(connection, head, ready, knowns, known if settled else 0):
            return settled


async def _beyond(connection: Any, limit: int | None) -> tuple[Head, Sequence[Any]]:
    """The head, and the batches behind it in their order."""
    rows = await connection.fetch(_BEYOND, limit)
    head = Head(rows[0]["epoch"], rows[0]["seq"], rows[0]["known"])
    return head, [] if rows[0]["id"] is None else rows


def _ready(batches: Sequence[Any]) -> list[Any]:
    return list(takewhile(lambda row: bool(row["ready"]), batches))


def _sizes(batches: Sequence[Any]) -> list[tuple[int, int]]:
    return [(row["n"], to_microseconds(row["received_at"])) for row in batches]


async def _move(
    connection: Any, head: Head, batches: Sequence[Any], knowns: Sequence[int], reach: int = 0
) -> Head | None:
    """Place batches behind the head and move it, its known time to `reach` at least.

    One statement, committed when it returns. None: the head is not there any more.
    """
    sizes: list[int] = [row["n"] for row in batches]
    seqs = list(accumulate(sizes, initial=head.seq))
    last = knowns[len(sizes) - 1] + sizes[-1] - 1 if sizes else head.known
    moved = Head(head.epoch, seqs[-1], max(last, reach))
    found = await connection.fetchrow(
        _MOVE,
        head.epoch,
        head.seq,
        head.known,
        moved.seq,
        moved.known,
        batches[-1]["xid_text"] if batches else None,
        batches[-1]["id"] if batches else None,
        [seq + 1 for seq in seqs[:-1]],
        [row["id"] for row in batches],
        sizes,
        list(knowns[: len(sizes)]),
        CHANNEL_PLACED,
    )
    return None if found is None else moved


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


_BATCHES = (
    "SELECT batch_id, first_seq, first_known, (SELECT first_seq + n - 1 FROM log"
    " ORDER BY first_seq DESC LIMIT 1) AS last FROM log WHERE first_seq <= $1::bigint + $2"
    " AND first_seq >= coalesce((SELECT max(first_seq) FROM log WHERE first_seq <= $1 + 1), 0)"
    " ORDER BY first_seq"
)
# The smallest and the greatest id tell PostgreSQL in which months to look, before it opens any.
_OF_BATCHES = (
    "SELECT u.seq + e.idx AS seq, u.known + e.idx AS known, e.kind, e.organisation_id, e.source,"
    " e.event_id, e.type, e.subject, e.time, e.corrects, e.body"
    " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u(batch, seq, known)"
    " CROSS JOIN LATERAL (SELECT * FROM entry WHERE batch_id = u.batch"
    " AND batch_id >= $4 AND batch_id <= $5 OFFSET 0) e"
    " WHERE u.seq + e.idx > $6 AND u.seq + e.idx <= $7 ORDER BY 1"
)


async def read_entries(connection: Any, after: int, limit: int) -> list[Entry]:
    """At most `limit` entries beyond `after`, in order.

    EntriesMissing or EntriesArchived when one of them is not there: nobody passes it unknowingly.
    """
    placed = await connection.fetch(_BATCHES, after, limit)
    last = min(placed[-1]["last"], after + limit) if placed else after
    if last <= after:
        return []
    columns = [[row[name] for row in placed] for name in ("batch_id", "first_seq", "first_known")]
    ids = columns[0]
    rows = await connection.fetch(_OF_BATCHES, *columns, min(ids), max(ids), after, last)
    if len(rows) < last - after:
        there = (row["seq"] for row in rows)
        missing = next(n for n, seq in enumerate(chain(there, [0]), after + 1) if n != seq)
        raise await gone(connection, missing)
    return [from_row(row) for row in rows]


async def read_at(connection: Any, seqs: Sequence[int]) -> list[Entry]:
    """The entries at these positions, in order, without those that lie in a file."""
    rows = await connection.fetch(
        "SELECT w.seq, l.first_known + (w.seq - l.first_seq) AS known, e.kind, e.organisation_id,"
        " e.source, e.event_id, e.type, e.subject, e.time, e.corrects, e.body"
        " FROM unnest($1::bigint[]) AS w(seq) CROSS JOIN LATERAL (SELECT * FROM log"
        " WHERE first_seq <= w.seq ORDER BY first_seq DESC LIMIT 1) l"
        " CROSS JOIN LATERAL (SELECT * FROM entry WHERE batch_id = l.batch_id"
        " AND idx = w.seq - l.first_seq OFFSET 0) e ORDER BY 1",
        seqs,
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
