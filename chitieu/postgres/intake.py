"""Accepting events: identity, entries and notice in one transaction; each item gets its outcome.

Identities are inserted in the order of their keys, so two batches cannot deadlock. What another
transaction is just writing is waited for by the unique index; a second statement, with a newer
snapshot, then reads whose meaning stands. Nothing is answered before the commit is durable.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple

import asyncpg

from chitieu.events import ValidEvent
from chitieu.months import month_of
from chitieu.postgres.log import CHANNEL_APPENDED, NEXT_BATCH
from chitieu.postgres.pool import ACQUIRE_SECONDS

# Listeners that care for units and catalogues only can skip notices with this word.
EVENTS_NOTICE: Final = "events"
# Below this, one statement with arrays is faster than COPY, which needs a round trip more.
_SMALL: Final = 200


class Outcome(NamedTuple):
    """What became of an item. `retracted`: a duplicate of an event that was retracted."""

    status: Literal["accepted", "duplicate", "conflict"]
    retracted: bool = False


ACCEPTED: Final = Outcome("accepted")
DUPLICATE: Final = Outcome("duplicate")
CONFLICT: Final = Outcome("conflict")


class Item(NamedTuple):
    """An event and its sender."""

    organisation: int
    event: ValidEvent


class Overloaded(Exception):
    """The queue is full; nothing was written."""


class _Refused(Exception):
    """All or nothing was asked for, and it cannot be all: roll back."""


# All identities in one binary value: arrays of thousands of Python objects take longer to send than
# to insert. A record of 38 bytes is organisation (4), key (16), meaning (16), idx (2).
_INSERT_IDENTITY = (
    f"WITH b AS MATERIALIZED (SELECT {NEXT_BATCH} AS id),"  # noqa: S608 - constants only
    " won AS (INSERT INTO identity (organisation_id, key, meaning, batch_id, idx)"
    " SELECT ((get_byte($2, p) * 256 + get_byte($2, p + 1)) * 256 + get_byte($2, p + 2)) * 256"
    " + get_byte($2, p + 3), substr($2, p + 5, 16), substr($2, p + 21, 16), b.id,"
    " get_byte($2, p + 36) * 256 + get_byte($2, p + 37)"
    " FROM b, generate_series(0, length($2::bytea) - 38, 38) AS p"
    " ON CONFLICT DO NOTHING RETURNING 1)"
    " SELECT (SELECT id FROM b) AS id, (SELECT count(*) FROM won) AS n"
)
_READ_IDENTITY = (
    "SELECT i.organisation_id, i.key, i.meaning, i.batch_id FROM identity i"
    " JOIN unnest($1::int[], $2::bytea[]) AS u(o, k) ON i.organisation_id = u.o AND i.key = u.k"
)
_MOVE_IDENTITY = (
    "UPDATE identity i SET idx = u.x FROM unnest($1::int[], $2::bytea[], $3::int[]) AS u(o, k, x)"
    " WHERE i.organisation_id = u.o AND i.key = u.k AND i.idx <> u.x"
)
_INSERT_BATCH = (
    "WITH b AS (INSERT INTO batch (id, n, received_at) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3))"
)
_INSERT_ENTRIES = (
    ", e AS (INSERT INTO entry (batch_id, idx, kind, organisation_id, source, event_id, type,"
    " subject, time, corrects, body) SELECT $1, * FROM unnest($4::int[], $5::text[], $6::int[],"
    " $7::text[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[],"
    " $13::text[]))"
)
_NOTIFY = f" SELECT pg_notify('{CHANNEL_APPENDED}', '{EVENTS_NOTICE}')"
_COLUMNS = [
    "batch_id", "idx", "kind", "organisation_id", "source", "event_id", "type", "subject", "time",
    "corrects", "body",
]  # fmt: skip
_RETRACTED = (
    "SELECT e.organisation_id AS o, r.source, r.id FROM entry e,"
    " LATERAL json_to_record(e.body::json) AS r(source text, id text)"
    " JOIN unnest($2::text[], $3::text[]) AS u(source, id) USING (source, id)"
    " WHERE e.kind = 'retraction' AND e.kind <> 'event' AND e.organisation_id = ANY($1::int[])"
)


async def accept(
    connection: Any, items: Sequence[Item], received_at: dt.datetime, *, atomic: bool = False
) -> list[Outcome]:
    """Write what is new and say of each item what it was. Returns after the commit.

    With `atomic`, nothing is written when an item conflicts.
    """
    chosen = _Chosen(items)
    outcomes: list[Outcome] = []
    with suppress(_Refused):
        async with connection.transaction():
            outcomes += chosen.outcomes(await _claim(connection, chosen, received_at))
            await _mark_retracted(connection, items, outcomes)
            if atomic and CONFLICT in outcomes:
                raise _Refused
    return outcomes


async def look(connection: Any, items: Sequence[Item]) -> list[Outcome]:
    """What `accept` would answer now; nothing is written."""
    chosen = _Chosen(items)
    outcomes = chosen.outcomes(await _standing(connection, chosen))
    await _mark_retracted(connection, items, outcomes)
    return outcomes


class _Chosen:
    """The first item of each identity in a batch; the others follow it.

    An identity is the organisation's four bytes and the event's key.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.keys = [o.to_bytes(4) + event.key for o, event in items]
        self.first: dict[bytes, int] = {}
        for index, key in enumerate(self.keys):
            self.first.setdefault(key, index)

    def records(self) -> bytes:
        """What is inserted, in the order of keys; idx is the place among the new ones."""
        items = self.items
        return b"".join(
            sorted(
                key + items[index].event.meaning + idx.to_bytes(2)
                for idx, (key, index) in enumerate(self.first.items())
            )
        )

    def outcomes(self, lost: dict[bytes, bytes]) -> list[Outcome]:
        """`lost`: identities that were there before, with the meaning that stands."""
        if not lost and len(self.first) == len(self.items):
            return [ACCEPTED] * len(self.items)
        found = []
        for index, key in enumerate(self.keys):
            first, stands = self.first[key], lost.get(key)
            if stands is None and first == index:
                found.append(ACCEPTED)
                continue
            if stands is None:
                stands = self.items[first].event.meaning
            found.append(DUPLICATE if stands == self.items[index].event.meaning else CONFLICT)
        return found


def _arrays(keys: Iterable[bytes]) -> tuple[list[int], list[bytes]]:
    """Organisations and keys, for the statements that few batches need."""
    ordered = sorted(keys)
    return [int.from_bytes(key[:4]) for key in ordered], [key[4:] for key in ordered]


async def _standing(connection: Any, chosen: _Chosen, but: int = -1) -> dict[bytes, bytes]:
    """Identities that are there, with their meanings, except those of one batch."""
    rows = await connection.fetch(_READ_IDENTITY, *_arrays(chosen.first))
    return {
        row["organisation_id"].to_bytes(4) + row["key"]: row["meaning"]
        for row in rows
        if row["batch_id"] != but
    }


async def _claim(connection: Any, chosen: _Chosen, received_at: dt.datetime) -> dict[bytes, bytes]:
    """Claim identities and write the entries of those that were new; returns the others."""
    first_id = month_of(received_at).first_id
    row = await connection.fetchrow(_INSERT_IDENTITY, first_id, chosen.records())
    batch, won = row["id"], list(chosen.first)
    lost: dict[bytes, bytes] = {}
    if row["n"] != len(won):
        lost = await _standing(connection, chosen, but=batch)
        won = [key for key in won if key not in lost]
        if len(won) != row["n"]:
            raise AssertionError("an identity is neither ours nor another's")
        if won:
            # Positions have no gaps, so entries have none either: close up.
            places = {key: idx for idx, key in enumerate(won)}
            await connection.execute(
                _MOVE_IDENTITY, *_arrays(won), [places[key] for key in sorted(won)]
            )
    if won:
        entries = [chosen.items[chosen.first[key]] for key in won]
        await _write(connection, batch, entries, received_at)
    return lost


async def _write(
    connection: Any, batch: int, items: Sequence[Item], received_at: dt.datetime
) -> None:
    if len(items) > _SMALL:
        await connection.execute(_INSERT_BATCH + _NOTIFY, batch, len(items), received_at)
        await connection.copy_records_to_table(
            "entry",
            records=[
                (batch, idx, e[0], organisation, e[1], e[2], e[3], e[4], e[5], e[6], e[7])
                for idx, (organisation, e) in enumerate(items)
            ],
            columns=_COLUMNS,
        )
        return
    events = [event for _, event in items]
    await connection.execute(
        _INSERT_BATCH + _INSERT_ENTRIES + _NOTIFY,
        batch,
        len(items),
        received_at,
        list(range(len(items))),
        [e.kind for e in events],
        [organisation for organisation, _ in items],
        [e.source for e in events],
        [e.event_id for e in events],
        [e.type for e in events],
        [e.subject for e in events],
        [e.time for e in events],
        [e.corrects for e in events],
        [e.body for e in events],
    )


async def _mark_retracted(connection: Any, items: Sequence[Item], outcomes: list[Outcome]) -> None:
    """A duplicate says so when a retraction of its sender names it."""
    again = [i for i, outcome in enumerate(outcomes) if outcome.status == "duplicate"]
    if not again:
        return
    rows = await connection.fetch(
        _RETRACTED,
        sorted({items[i].organisation for i in again}),
        [items[i].event.source for i in again],
        [items[i].event.event_id for i in again],
    )
    named = {(row["o"], row["source"], row["id"]) for row in rows}
    for i in again if named else ():
        organisation, event = items[i]
        if (organisation, event.source, event.event_id) in named:
            outcomes[i] = Outcome("duplicate", retracted=True)


class _Waiting(NamedTuple):
    items: Sequence[Item]
    answer: asyncio.Future[list[Outcome]]


class Coalescer:
    """Small requests share a transaction: whatever queued while the last commit was in flight.

    It never waits for more to come. Each request is answered after the commit that holds it.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        now: Callable[[], dt.datetime],
        *,
        most_queued: int = 4_096,
        most_at_once: int = 1_000,
    ) -> None:
        """`now` gives the instant of receipt of a flush."""
        self._pool, self._now = pool, now
        self._most_queued, self._most_at_once = most_queued, most_at_once
        self._queue: deque[_Waiting] = deque()
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Begin to flush."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Flush what is queued, then end."""
        self._closing = True
        self._some.set()
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    async def submit(self, items: Sequence[Item]) -> list[Outcome]:
        """Accept these; Overloaded at once when too many wait, else what the flush raised."""
        if len(self._queue) >= self._most_queued or self._closing:
            raise Overloaded
        answer: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(items, answer))
        self._some.set()
        return await answer

    async def _run(self) -> None:
        while self._queue or not self._closing:
            if not self._queue:
                self._some.clear()
                await self._some.wait()
                continue
            taken, count = [], 0
            while self._queue and count < self._most_at_once:
                taken.append(self._queue.popleft())
                count += len(taken[-1].items)
            await self._flush(taken)

    async def _flush(self, taken: list[_Waiting]) -> None:
        try:
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                outcomes = await accept(
                    connection, [i for one in taken for i in one.items], self._now()
                )
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            # One of them is such that the database refuses it: it must not hold up the others.
            if len(taken) == 1:
                _fail(taken, error)
                return
            for one in taken:
                await self._flush([one])
        except Exception as error:
            _fail(taken, error)
        else:
            at = 0
            for one in taken:
                if not one.answer.done():
                    one.answer.set_result(outcomes[at : at + len(one.items)])
                at += len(one.items)


def _fail(taken: list[_Waiting], error: Exception) -> None:
    for one in taken:
        if not one.answer.done():
            one.answer.set_exception(error)
