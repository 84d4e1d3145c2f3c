"""Whatever fails between the log and the scorers: nothing is missing, nothing counts twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

import services.relay.worker as relay_worker
import services.scorer.partitions as partitions
from chitieu.kafka.connection import client_options
from chitieu.kafka.names import DEAD_LETTER, LOG, RESULTS, named
from chitieu.kafka.topics import create
from chitieu.ports import NewEntry
from chitieu.postgres import partition_store
from chitieu.postgres.facts import scored
from chitieu.postgres.scoring_store import Fenced
from chitieu.postgres.verify import verify
from chitieu.settings import KafkaSettings
from services.relay.worker import Left, OtherPartitions
from services.scorer.group import GroupScorer, LogGap, NotEntered
from tests.builders import NOON, a_catalogue, places
from tests.kafka.histories import a_history, a_registry
from tests.kafka.running import MakeTopics, a_relay, a_scorer, connected, make_topics
from tests.kafka.test_scoring import sent, until_scored
from tests.scorer.test_scorer import score, write

pytestmark = pytest.mark.kafka
COUNT = 4


@pytest.fixture
async def settings(topics: MakeTopics) -> KafkaSettings:
    return await topics(partitions=COUNT)


async def agrees(connection: Any) -> None:
    """All that is stored is what the log says."""
    found = await verify(connection, places())
    assert found.difference is None
    assert found.position == await connection.fetchval("SELECT seq FROM log_head")


async def everything(settings: KafkaSettings, topic: str) -> list[Any]:
    """All messages of a topic."""
    consumer = AIOKafkaConsumer(**client_options(settings), auto_offset_reset="earliest")
    await consumer.start()
    try:
        tp = TopicPartition(named(settings, topic), 0)
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        found: list[Any] = []
        while await consumer.position(tp) < end:
            found += (await consumer.getmany(tp, timeout_ms=500)).get(tp, [])
        return found
    finally:
        await consumer.stop()


async def test_a_relay_that_dies_before_it_has_noted_what_it_sent(
    database: str, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_worker, "BATCH", 17)
    real, deaths = partition_store.move_relay, 0

    async def dies(*arguments: Any) -> None:
        nonlocal deaths
        deaths += 1
        if deaths % 2:
            raise ConnectionError
        await real(*arguments)

    monkeypatch.setattr(partition_store, "move_relay", dies)
    async with connected(database) as writer:
        await write(writer, [*a_registry(), *a_history(3, 150)])
        for _ in range(100):
            async with a_relay(database, settings) as relay:
                try:
                    if not await relay.step(NOON):
                        break
                except ConnectionError:
                    continue
        assert deaths > 8
        async with a_scorer(database, settings) as scorer:
            await until_scored(writer, scorer)
        await agrees(writer)


async def test_two_relays_at_once_send_twice_and_count_once(
    database: str, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_worker, "BATCH", 20)
    async with connected(database) as writer, a_scorer_later(database, settings) as later:
        await write(writer, [*a_registry(), *a_history(4, 80)])
        async with a_relay(database, settings) as one, a_relay(database, settings) as two:
            fenced = 0
            while True:
                done = await asyncio.gather(one.step(NOON), two.step(NOON), return_exceptions=True)
                fenced += sum(isinstance(d, Fenced) for d in done)
                if not any(done):
                    break
                for relay in (one, two):
                    await relay.look_again()
            assert fenced
        await until_scored(writer, await later())
        await agrees(writer)


def a_scorer_later(database: str, settings: KafkaSettings) -> Any:
    class Later(AsyncExitStack):
        async def __aenter__(self) -> Any:
            await super().__aenter__()
            return lambda: self.enter_async_context(a_scorer(database, settings))

    return Later()


async def test_scorers_come_and_go_and_die(
    database: str, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members join, leave, and lose their work just before it is committed."""
    monkeypatch.setattr(partitions, "AT_ONCE", 7)
    chance, entries, at, lowest = random.Random(5), a_history(5, 400), 0, 0
    async with connected(database) as writer, a_relay(database, settings) as relay:
        await write(writer, a_registry())
        await sent(relay)
        while at < len(entries):
            async with AsyncExitStack() as stack:
                members = [
                    await stack.enter_async_context(a_scorer(database, settings))
                    for _ in range(chance.randint(1, 3))
                ]
                for _ in range(chance.randint(3, 8)):
                    size = chance.randint(1, 30)
                    await write(writer, entries[at : at + size])
                    at += size
                    await sent(relay)
                    doomed = chance.choice(members)
                    await asyncio.gather(
                        *(dying(doomed) if m is doomed else m.step(NOON) for m in members),
                        return_exceptions=True,
                    )
                    # What may be answered from never goes back.
                    now = await scored(writer)
                    assert now >= lowest
                    lowest = now
        async with a_scorer(database, settings) as last:
            await until_scored(writer, last)
        await agrees(writer)


async def dying(scorer: GroupScorer) -> None:
    """Its connection is cut in the middle of whatever it does."""
    work = asyncio.create_task(scorer.step(NOON))
    await asyncio.sleep(random.Random(scorer.position).random() * 0.3)
    scorer._connection.terminate()
    await work


async def test_records_that_were_deleted_too_early_are_a_gap_until_they_are_sent_again(
    database: str, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.scorer.group._LOOK_FOR_GAPS_S", 0.0)
    async with connected(database) as writer, a_relay(database, settings) as relay:
        await write(writer, [*a_registry(), *a_history(6, 60)])
        await sent(relay)
        await lose_all(settings)
        await write(writer, a_history(7, 20, "f"))
        await sent(relay)
        async with a_scorer(database, settings) as scorer:
            with pytest.raises(LogGap, match="relay --again-from 0"):
                await until_scored(writer, scorer)
        before = await partition_store.positions(writer)
        assert {row.seq for row in before.values()} == {0}
        await relay.go_back(0)
        await sent(relay)
        async with a_scorer(database, settings) as scorer:
            await until_scored(writer, scorer)
        await agrees(writer)


async def lose_all(settings: KafkaSettings) -> None:
    """As a retention that was set too short."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        topic = named(settings, LOG)
        await admin.delete_records(
            {TopicPartition(topic, n): RecordsToDelete(before_offset=-1) for n in range(COUNT)}
        )
    finally:
        await admin.close()


async def test_a_topic_made_anew_is_a_gap_even_while_nothing_comes(
    database: str, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.scorer.group._LOOK_FOR_GAPS_S", 0.0)
    async with connected(database) as writer:
        await write(writer, [*a_registry(), *a_history(8, 40)])
        async with a_relay(database, settings) as relay:
            await sent(relay)
        admin = AIOKafkaAdminClient(**client_options(settings))
        await admin.start()
        names = [named(settings, name) for name in (LOG, RESULTS, DEAD_LETTER)]
        await admin.delete_topics(names)
        await admin.close()
        await asyncio.sleep(1)
        await make_topics(settings, COUNT)
        async with a_scorer(database, settings) as scorer:
            with pytest.raises(LogGap):
                await until_scored(writer, scorer)


async def test_what_is_not_ours_is_kept_told_and_passed_over(
    database: str, settings: KafkaSettings
) -> None:
    async with connected(database) as writer, a_relay(database, settings) as relay:
        await write(writer, [*a_registry(), *a_history(9, 30)])
        async with AIOKafkaProducer(**client_options(settings)) as stranger:
            await stranger.send_and_wait(
                named(settings, LOG), b"\xffhello", b"k", 2, headers=[("x", b"\x00y")]
            )
        await sent(relay)
        async with a_scorer(database, settings) as scorer:
            await until_scored(writer, scorer)
        await agrees(writer)
        await sent(relay)
        (dead,) = await everything(settings, DEAD_LETTER)
        headers = dict(dead.headers)
        assert (dead.value, dead.key, headers["x"]) == (b"\xffhello", b"k", b"\x00y")
        assert headers["chitieu-partition"] == b"2"
        assert headers["chitieu-replay"] == b"chitieu dead-letters replay 1"
        assert b"UTF-8" in headers["chitieu-reason"]


async def test_a_dead_letter_is_sent_again_as_it_was(
    database: str, kafka: str, kafka_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = KafkaSettings(kafka, kafka_prefix)
    await create(settings, replication=1)
    async with connected(database) as writer:
        await writer.execute(
            "INSERT INTO dead_letter (at, reason, topic, partition, key, value, headers)"
            " VALUES (now(), 'x', $1, 0, 'k', 'v', '[[\"h\", \"00ff\"]]')",
            named(settings, DEAD_LETTER),
        )
        asked = {
            "CHITIEU_DATABASE_URL": database, "CHITIEU_KAFKA_BOOTSTRAP": kafka,
            "CHITIEU_KAFKA_PREFIX": kafka_prefix, "CHITIEU_LANG": "en",
        }  # fmt: skip
        assert "1 message" in await told(asked, "list")
        assert "sent 1 to" in await told(asked, "replay", "1")
        assert "0 messages" in await told(asked, "list")
        assert "there is no such message" in await told(asked, "replay", "7", code=2)
    (again,) = await everything(settings, DEAD_LETTER)
    assert (again.key, again.value, again.headers) == (b"k", b"v", (("h", b"\x00\xff"),))


async def told(environ: dict[str, str], *words: str, code: int = 0) -> str:
    """What `chitieu dead-letters` says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chitieu.cli", "dead-letters", *words,
        env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == code, said.decode()
    return said.decode()


async def test_the_results_topic_ends_with_what_is_stored(
    database: str, settings: KafkaSettings
) -> None:
    async with connected(database) as writer, a_relay(database, settings) as relay:
        await write(writer, [*a_registry(), *a_history(10, 40)])
        await sent(relay)
        async with a_scorer(database, settings) as scorer:
            await until_scored(writer, scorer)
            await sent(relay)
            await write(writer, a_history(11, 20, "f"))
            # No plan is left: all their results are gone.
            await write(writer, [NewEntry("catalogue", a_catalogue().to_json().decode())])
            await sent(relay)
            await until_scored(writer, scorer)
        first = {m.key: m.value for m in await everything(settings, RESULTS) if m.value}
        await sent(relay)
        last = {m.key: m.value for m in await everything(settings, RESULTS)}
        stored = await writer.fetch("SELECT place, target, body FROM result")
        assert len(first) > 5
        assert {key for key, value in last.items() if value is not None} == {
            f"{row['place']}/{row['target']}".encode() for row in stored
        }
        one = json.loads(next(iter(first.values())))
        assert one["data"]["result"]["target"] == one["subject"]
        assert not await writer.fetchval("SELECT count(*) FROM result_outbox")


async def test_into_kafka_and_out_of_it_again(
    database: str, settings: KafkaSettings, topics: MakeTopics
) -> None:
    entries = a_history(12, 120)
    async with connected(database) as writer:
        await write(writer, [*a_registry(), *entries[:40]])
        alone = await score(writer)
        async with a_relay(database, settings) as relay:
            await write(writer, entries[40:50])
            with pytest.raises(Fenced):
                await alone.step(NOON)
            await write(writer, entries[50:80])
            await sent(relay)
            async with a_scorer(database, settings) as scorer:
                await until_scored(writer, scorer)
                await agrees(writer)
                await write(writer, entries[80:])
                await sent(relay)
                # One of the partitions may be ahead when it is left.
                await scorer.step(NOON)
                assert await partition_store.leave(writer)
                with pytest.raises((NotEntered, Fenced)):
                    await until_scored(writer, scorer)
            await write(writer, a_history(13, 5, "f"))
            with pytest.raises((Left, Fenced)):
                await relay.step(NOON)
        assert not await partition_store.leave(writer)
        await score(writer)
        await agrees(writer)


async def test_another_number_of_partitions_is_refused(
    database: str, settings: KafkaSettings
) -> None:
    async with connected(database) as writer:
        await write(writer, a_registry())
        async with a_relay(database, settings):
            pass
        more = KafkaSettings(settings.bootstrap, settings.prefix + "more.")
        await make_topics(more, COUNT + 1)
        with pytest.raises(OtherPartitions, match=r"5 partitions|has 5"):
            async with a_relay(database, more):
                pass
