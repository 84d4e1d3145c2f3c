"""The `EventLog` port: one suite over every log, and what only PostgreSQL can get wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from chitieu.kafka.connection import client_options
from chitieu.kafka.log import PartitionLog
from chitieu.kafka.names import LOG, named
from chitieu.memory import MemoryLog
from chitieu.periods import from_microseconds, to_microseconds
from chitieu.ports import EventLog, NewEntry
from chitieu.postgres.log import PostgresLog, append, place, recognise_cluster, settle
from chitieu.settings import KafkaSettings
from tests.builders import NOON, a_unit, cashless
from tests.kafka.running import a_relay, connected


@dataclass
class Subject:
    """A log and how to write to it at a time of the clock."""

    log: EventLog
    write: Callable[[list[NewEntry], int], Awaitable[None]]


@pytest.fixture(params=["memory", "postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
async def subject(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Subject]:
    if request.param == "memory":
        memory = MemoryLog()

        async def write(entries: list[NewEntry], now: int) -> None:
            memory.append(entries, now)

        yield Subject(memory, write)
    elif request.param == "postgres":
        async with on_postgres(database) as made:
            yield made
    else:
        settings = await request.getfixturevalue("topics")(partitions=1)
        async with on_kafka(database, settings) as made:
            yield made


@asynccontextmanager
async def on_postgres(database: str) -> AsyncIterator[Subject]:
    pool = await asyncpg.create_pool(database, min_size=2, max_size=4)
    log = PostgresLog(pool)

    async def write(entries: list[NewEntry], now: int) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await append(connection, entries, NOON)
        async with pool.acquire() as connection:
            await place(connection, now)

    yield Subject(log, write)
    await log.close()
    await pool.close()


@asynccontextmanager
async def on_kafka(database: str, settings: KafkaSettings) -> AsyncIterator[Subject]:
    """A topic with one partition holds all of the log; a relay brings it there."""
    consumer = AIOKafkaConsumer(**client_options(settings), auto_offset_reset="none")
    partition = TopicPartition(named(settings, LOG), 0)
    async with a_relay(database, settings) as relay, connected(database) as writer:
        await consumer.start()
        consumer.assign([partition])

        async def write(entries: list[NewEntry], now: int) -> None:
            async with writer.transaction():
                await append(writer, entries, NOON)
            while await relay.step(from_microseconds(now)):
                pass

        yield Subject(PartitionLog(consumer, partition), write)
        await consumer.stop()


def events(count: int, prefix: str = "e") -> list[NewEntry]:
    return [cashless("38F01", "2025-01", 10, 5, id=f"{prefix}{n}") for n in range(count)]


NOW = to_microseconds(NOON)


async def test_positions_are_gapless_and_entries_come_back_as_they_were(subject: Subject) -> None:
    sent = [a_unit("38F01"), *events(3)]
    await subject.write(sent, NOW)
    await subject.write(events(2, "f"), NOW + 10)
    read = await subject.log.read(0, 100)
    assert [e.seq for e in read] == [1, 2, 3, 4, 5, 6]
    assert [(e.kind, e.body, e.event_id, e.time) for e in read[:4]] == [
        (e.kind, e.body, e.event_id, e.time) for e in sent
    ]


@pytest.mark.parametrize("step", [1_000_000, 0, -5_000_000])
async def test_known_time_increases_whatever_the_clock_does(subject: Subject, step: int) -> None:
    for turn in range(4):
        await subject.write(events(3, f"t{turn}-"), NOW + turn * step)
    known = [e.known for e in await subject.log.read(0, 100)]
    assert known == sorted(set(known))
    assert (await subject.log.head()).known == known[-1]


async def test_reading_in_pieces_gives_the_whole(subject: Subject) -> None:
    for turn in range(3):
        await subject.write(events(5, f"t{turn}-"), NOW + turn)
    whole = [e.seq for e in await subject.log.read(0, 100)]
    pieces: list[int] = []
    while len(pieces) < len(whole):
        piece = await subject.log.read(len(pieces), 4)
        assert len(piece) <= 4
        pieces += [e.seq for e in piece]
    assert pieces == whole


async def test_waiting_ends_when_an_entry_comes_and_when_time_is_up(subject: Subject) -> None:
    await asyncio.wait_for(subject.log.wait(0, 0.05), 2)
    waiting = asyncio.create_task(subject.log.wait(0, 20))
    await asyncio.sleep(0.05)
    await subject.write(events(1), NOW)
    await asyncio.wait_for(waiting, 5)


async def test_a_batch_that_commits_late_is_not_passed_by(database: str) -> None:
    """The trap of tailing serial ids: the earlier batch commits after the later one is placed."""
    slow, fast = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        held = slow.transaction()
        await held.start()
        await append(slow, events(2, "slow"), NOON)
        async with fast.transaction():
            await append(fast, events(2, "fast"), NOON)
        assert await place(fast, NOW) == 0
        await held.commit()
        assert await place(fast, NOW) == 4
        read = await PostgresReader(fast).ids()
        assert sorted(read) == ["fast0", "fast1", "slow0", "slow1"]
    finally:
        await slow.close()
        await fast.close()


class PostgresReader:
    """Reads ids straight from the tables, to not trust the code under test."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def ids(self) -> list[str]:
        rows = await self._connection.fetch(
            "SELECT e.event_id FROM log l JOIN entry e ON e.batch_id = l.batch_id"
            " ORDER BY l.first_seq + e.idx"
        )
        return [row["event_id"] for row in rows]


async def test_eight_writers_and_three_sequencers_lose_and_repeat_nothing(database: str) -> None:
    pool = await asyncpg.create_pool(database, min_size=4, max_size=12)
    done = asyncio.Event()

    async def writer(number: int) -> None:
        for turn in range(25):
            async with pool.acquire() as connection, connection.transaction():
                await append(connection, events(3, f"{number}-{turn}-"), NOON)
                await asyncio.sleep(0.001 * (number % 4))

    async def sequencer() -> None:
        async with pool.acquire() as connection:
            while not done.is_set():
                await place(connection, NOW)
                await asyncio.sleep(0)
            while await place(connection, NOW):
                pass

    sequencers = [asyncio.create_task(sequencer()) for _ in range(3)]
    await asyncio.gather(*(writer(n) for n in range(8)))
    done.set()
    await asyncio.gather(*sequencers)
    async with pool.acquire() as connection:
        ids = await PostgresReader(connection).ids()
        seqs = await connection.fetch(
            "SELECT l.first_seq + e.idx AS s FROM log l JOIN entry e USING (batch_id) ORDER BY 1"
        )
    await pool.close()
    assert len(ids) == len(set(ids)) == 8 * 25 * 3
    assert [row["s"] for row in seqs] == list(range(1, 601))


async def test_what_was_promised_as_past_stays_past(connection: asyncpg.Connection) -> None:
    assert await settle(connection, NOW + 60_000_000, NOW + 60_000_000)
    async with connection.transaction():
        await append(connection, events(1), NOON)
    await place(connection, NOW)
    known = await connection.fetchval("SELECT first_known FROM log")
    assert known > NOW + 60_000_000


async def test_a_restore_into_another_cluster_begins_an_epoch_and_strands_nothing(
    connection: asyncpg.Connection,
) -> None:
    async with connection.transaction():
        await append(connection, events(2, "placed"), NOON)
    await place(connection, NOW)
    # As after a restore: rows of the old cluster carry transaction ids far ahead of ours.
    stranded = await connection.fetchval(
        "INSERT INTO batch (xid, n, received_at) VALUES ('99999999', 1, now()) RETURNING id"
    )
    await connection.execute("UPDATE batch SET xid = '99999999'")
    await connection.execute(
        "INSERT INTO entry (batch_id, idx, kind, body) VALUES ($1, 0, 'unit', '{}')", stranded
    )
    await connection.execute("UPDATE log_head SET system_identifier = '1', last_xid = '99999998'")
    assert await recognise_cluster(connection)
    async with connection.transaction():
        await append(connection, events(1, "after"), NOON)
    await place(connection, NOW)
    head = await connection.fetchrow("SELECT epoch, seq FROM log_head")
    assert head is not None
    assert (head["epoch"], head["seq"]) == (2, 4)
    assert not await recognise_cluster(connection)
