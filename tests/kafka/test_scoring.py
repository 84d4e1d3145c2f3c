"""Relay and scorers on a real Apache Kafka: the same rows as one scorer on PostgreSQL alone."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from typing import Any

import asyncpg
import pytest

from chitieu.postgres import partition_store
from chitieu.postgres.log import head_of
from chitieu.postgres.verify import verify
from chitieu.settings import KafkaSettings
from services.relay.worker import Relay
from services.scorer.group import GroupScorer
from tests.builders import NOON, places
from tests.kafka.histories import a_history, a_registry
from tests.kafka.running import MakeTopics, a_relay, a_scorer
from tests.scorer.test_scorer import score, write

pytestmark = pytest.mark.kafka
COUNT = 4


@pytest.fixture
async def settings(topics: MakeTopics) -> KafkaSettings:
    """Topics of its own."""
    return await topics(partitions=COUNT)


async def until_scored(connection: Any, *scorers: GroupScorer, now: dt.datetime = NOON) -> None:
    """All that is placed is scored and its results are evaluated."""
    async with asyncio.timeout(60):
        while True:
            await asyncio.gather(*(scorer.step(now) for scorer in scorers))
            rows = await partition_store.positions(connection)
            head = (await head_of(connection)).seq
            if all(row.results_seq == head for row in rows.values()):
                return


async def sent(relay: Relay) -> None:
    while await relay.step(NOON):
        pass


async def results(connection: Any) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in await connection.fetch(
            "SELECT place, target, as_of, verdict, numerator, denominator, body FROM result"
            " ORDER BY place, target"
        )
    ]


@pytest.mark.parametrize("short", [20_000, 5])
async def test_through_kafka_the_results_are_those_of_one_scorer(
    database: str, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    # A group that is far behind reads long spans in other ways than short ones.
    monkeypatch.setattr("chitieu.postgres.facts._SHORT", short)
    writer = await asyncpg.connect(database)
    entries = a_history(7, 300)
    await write(writer, a_registry())
    chance = random.Random(7)
    async with (
        a_relay(database, settings) as relay,
        a_scorer(database, settings) as one,
        a_scorer(database, settings) as two,
    ):
        at = 0
        while at < len(entries):
            size = chance.randint(1, 60)
            await write(writer, entries[at : at + size])
            at += size
            await sent(relay)
            await asyncio.gather(one.step(NOON), two.step(NOON))
        await until_scored(writer, one, two)
        assert one.assigned
        assert two.assigned
        assert sorted(one.assigned + two.assigned) == list(range(COUNT))
    found = await verify(writer, places())
    assert found.difference is None
    assert found.position == len(a_registry()) + len(entries)
    through = await results(writer)
    # The same log, scored again by one scorer without Kafka.
    await partition_store.leave(writer)
    for table in ("measurement", "standing_change", "place_position", "result", "consumer"):
        await writer.execute(f"DELETE FROM {table}")
    await score(writer)
    assert await results(writer) == through
    assert len(through) > 5
    await writer.close()
