"""Known times: when a batch is known, and what may be promised about an instant."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.periods import from_microseconds, to_microseconds
from chitieu.postgres.facts import position_at
from chitieu.postgres.log import append, head_of, known_times, place, settle
from services.api.state import system_clock
from tests.builders import NOON, cashless
from tests.conftest import nothing_placed

NOW = to_microseconds(NOON)
SMALL = st.integers(0, 40)


@given(
    batches=st.lists(st.tuples(st.integers(1, 6), SMALL), max_size=8),
    head=SMALL, now=SMALL, until=SMALL,
)  # fmt: skip
def test_known_times_of_any_batches(
    batches: list[tuple[int, int]], head: int, now: int, until: int
) -> None:
    firsts = known_times(batches, head, now, until)
    lasts = [first + n - 1 for first, (n, _) in zip(firsts, batches, strict=True)]
    before, asked = head, until > head
    used = 0
    for (n, received), first, last in zip(batches, firsts, lasts, strict=True):
        # What was promised stays: they strictly increase from the head on.
        assert first > before
        # As early as its receipt and those before it allow, never without need in the future.
        assert first <= max(before + 1, min(now, received), until + 1)
        used += n
        fits = received <= until and head + used <= until
        asked = asked and fits
        assert not asked or last <= until  # a prefix of those received by then
        assert asked or first > until  # whole batches only
        before = last


@given(batches=st.lists(st.tuples(st.integers(1, 6), SMALL), max_size=8), head=SMALL)
def test_without_a_question_a_batch_is_known_at_its_receipt_or_next(
    batches: list[tuple[int, int]], head: int
) -> None:
    expected = []
    for n, received in batches:
        expected.append(max(head + 1, received))
        head = expected[-1] + n - 1
    assert known_times(batches, expected[0] - 1 if expected else head, 99) == expected


async def write(connection: Any, entries: int, received: int, prefix: str) -> None:
    new = [cashless("38F01", "2025-01", 10, 5, id=f"{prefix}{n}") for n in range(entries)]
    async with connection.transaction():
        await append(connection, new, from_microseconds(received))


async def placed(connection: asyncpg.Connection) -> list[tuple[int, int]]:
    """(entries, first known time relative to NOW) of each placed batch."""
    rows = await connection.fetch("SELECT n, first_known FROM log ORDER BY first_seq")
    return [(row["n"], row["first_known"] - NOW) for row in rows]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((1, 1, 1), [(1, 1), (1, 2), (1, 3)]),
        ((2, 1), [(2, 1), (1, 3)]),
        ((3,), [(3, 1)]),
        ((1, 1), [(1, 2), (1, 3)]),
        ((1, 1, 1, 1), [(1, 1), (1, 2), (1, 3), (1, 4)]),
        ((2, 2, 1), [(2, 2), (2, 4), (1, 6)]),
        ((4, 1), [(4, 4), (1, 8)]),
    ],
)
async def test_three_microseconds_above_the_head(
    connection: asyncpg.Connection, sizes: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    """All received just at the instant asked for: whole batches, as many as there is room for."""
    assert await settle(connection, NOW, NOW)
    for number, size in enumerate(sizes):
        await write(connection, size, NOW + 3, f"{number}-")
    assert await settle(connection, NOW + 3, NOW + 500)
    assert await placed(connection) == expected
    inside = sum(n for n, first in expected if first + n - 1 <= 3)
    assert (await position_at(connection, NOW + 3)).seq == inside
    await write(connection, 1, NOW, "later")
    assert await place(connection, NOW) == 1
    assert (await position_at(connection, NOW + 3)).seq == inside


async def test_what_was_received_later_is_known_later(connection: asyncpg.Connection) -> None:
    await write(connection, 2, NOW + 10, "by then")
    await write(connection, 1, NOW + 101, "later")
    await write(connection, 1, NOW + 50, "behind it")
    assert await settle(connection, NOW + 100, NOW + 200)
    assert await placed(connection) == [(2, 10), (1, 101), (1, 102)]
    assert (await head_of(connection)).known == NOW + 102


async def test_a_promise_without_anything_to_place(connection: asyncpg.Connection) -> None:
    assert await settle(connection, NOW + 9, NOW + 9)
    assert await settle(connection, NOW + 4, NOW + 9)
    assert (await head_of(connection)).known == NOW + 9
    await write(connection, 1, NOW, "e")
    assert await settle(connection, NOW + 9, NOW + 20)
    assert await placed(connection) == []
    await place(connection, NOW)
    assert await placed(connection) == [(1, 10)]


async def test_a_receivers_clock_ahead_of_ours_is_not_believed(
    connection: asyncpg.Connection,
) -> None:
    await write(connection, 1, NOW + 60_000_000, "e")
    await place(connection, NOW + 5)
    assert await placed(connection) == [(1, 5)]


async def test_nothing_is_promised_while_an_older_transaction_holds_up_a_batch(
    database: str, connection: asyncpg.Connection
) -> None:
    await write(connection, 1, NOW + 1, "ready")
    async with nothing_placed(database):
        await write(connection, 2, NOW + 5, "held up")
        assert not await settle(connection, NOW + 5, NOW + 9)
        # Room for the two is kept.
        assert await placed(connection) == [(1, 1)]
        assert (await head_of(connection)).known == NOW + 1
        assert not await settle(connection, NOW + 5, NOW + 9)
        # Before its receipt there is nothing to wait for.
        assert await settle(connection, NOW + 3, NOW + 9)
    assert await settle(connection, NOW + 5, NOW + 9)
    assert await placed(connection) == [(1, 1), (2, 4)]


async def test_many_write_place_and_ask_at_once(database: str) -> None:
    """Each finds what was acknowledged before it asked, and every answer stays as it was."""
    pool = await asyncpg.create_pool(database, min_size=4, max_size=16)
    done = asyncio.Event()
    said: dict[int, int] = {}

    def now() -> int:
        return to_microseconds(system_clock())

    async def known_at(known: int) -> int:
        async with pool.acquire() as connection:
            while True:
                if await settle(connection, known, now()):
                    return (await position_at(connection, known)).seq
                await asyncio.sleep(0)

    async def writer(number: int) -> None:
        for turn in range(15):
            size = 1 + (number * turn) % 7
            async with pool.acquire() as connection:
                await write(connection, size, now(), prefix := f"{number}-{turn}-")
                acknowledged = now()
            said[acknowledged] = seq = await known_at(acknowledged)
            async with pool.acquire() as connection:
                last = await connection.fetchval(
                    "SELECT l.first_seq + e.idx FROM log l JOIN entry e USING (batch_id)"
                    " WHERE e.event_id = $1", f"{prefix}{size - 1}",
                )  # fmt: skip
            assert last <= seq

    async def sequencer() -> None:
        async with pool.acquire() as connection:
            while not done.is_set():
                await place(connection, now())
                await asyncio.sleep(0)

    sequencers = [asyncio.create_task(sequencer()) for _ in range(3)]
    try:
        await asyncio.gather(*(writer(n) for n in range(6)))
    finally:
        done.set()
        await asyncio.gather(*sequencers)
    for known, seq in said.items():
        assert await known_at(known) == seq
    await pool.close()
