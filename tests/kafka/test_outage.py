"""A broker that is away: reports are taken all the same, it is told, and all drains afterwards."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
)

from chitieu.kafka.topics import create
from chitieu.postgres.facts import scored
from chitieu.postgres.partition_store import way_through_kafka
from chitieu.postgres.verify import verify
from chitieu.settings import KafkaSettings
from chitieu.worker_app import WorkerApp
from services.relay.app import RelayApp
from services.scorer.app import ScorerApp
from services.scorer.group import GroupScorer
from tests.builders import places
from tests.kafka.histories import a_history, a_registry
from tests.kafka.running import connected, make_topics
from tests.scorer.test_scorer import write
from tools.kafka_broker import Broker

pytestmark = pytest.mark.kafka


@pytest.fixture
def broker(tmp_path: Path) -> Any:
    with Broker(tmp_path / "kafka") as made:
        yield made


@pytest.fixture
async def work() -> AsyncIterator[Callable[[WorkerApp], None]]:
    """Run apps as their servers do, until the end of the test."""
    running: list[tuple[WorkerApp, asyncio.Task[None]]] = []

    def begin(app: WorkerApp) -> None:
        running.append((app, asyncio.create_task(app._work())))

    yield begin
    for app, _ in running:
        app.stop.set()
    await asyncio.gather(*(task for _, task in running))


async def until(what: Callable[[], Any], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = what()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _nothing_is_told_twice(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What a given-up producer held is told as a fault, not once more by asyncio for each."""
    yield
    gc.collect()
    said = [*caplog.get_records("call"), *caplog.records]
    assert [record for record in said if "never retrieved" in record.getMessage()] == []


@pytest.mark.parametrize("how", ["silent", "killed"])
async def test_a_broker_that_is_away(
    database: str,
    broker: Broker,
    work: Callable[[WorkerApp], None],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setattr("services.relay.worker.ANSWERS_S", 1.5)
    monkeypatch.setattr("chitieu.kafka.cluster.PATIENCE_S", 1.0)
    kafka = KafkaSettings(broker.bootstrap)
    await create(kafka, replication=1)
    relay, scorer = RelayApp(database, kafka, places()), ScorerApp(database, places(), kafka)
    work(relay)
    work(scorer)
    async with connected(database) as writer:
        await write(writer, [*a_registry(), *a_history(1, 30)])
        first = len(a_registry()) + len(a_history(1, 30))
        await until(lambda: _is(writer, first))
        broker.pause() if how == "silent" else broker.kill()
        more = a_history(2, 40, "f")
        await write(writer, more)
        await until(lambda: relay.fault is not None)
        assert relay.fault is not None
        words = "does not answer" if how == "silent" else "cannot connect"
        await until(lambda: words in str(relay.fault))
        assert relay.fault.startswith("Kafka: ")
        assert " / " in relay.fault
        assert relay.report()["waiting"] > 0
        way = await way_through_kafka(writer, 2**60)
        assert way is not None
        assert way["unsent"] == len(more)
        assert way["unsent_seconds"] > 1000
        broker.resume() if how == "silent" else broker.restart()
        await until(lambda: _is(writer, first + len(more)))
        await until(lambda: relay.fault is None)
        assert (await verify(writer, places())).difference is None


async def test_a_scorer_that_has_given_up_a_broker_scores_again(
    database: str, broker: Broker, work: Callable[[WorkerApp], None]
) -> None:
    """A client that waits before it fetches again cancels whoever stops it: that ended the worker,
    which went on to look well."""
    kafka = KafkaSettings(broker.bootstrap)
    await create(kafka, replication=1)
    scorer = ScorerApp(database, places(), kafka)
    work(RelayApp(database, kafka, places()))
    work(scorer)
    async with connected(database) as writer:
        await write(writer, [*a_registry(), *a_history(1, 30)])
        first = len(a_registry()) + len(a_history(1, 30))
        await until(lambda: _is(writer, first))
        broker.kill()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(GroupScorer, "step", _no_answer)
            await until(lambda: scorer.fault is not None)
        more = a_history(2, 40, "f")
        await write(writer, more)
        broker.restart()
        await until(lambda: _is(writer, first + len(more)))
        await until(lambda: scorer.fault is None)


async def _no_answer(scorer: GroupScorer, _: Any) -> bool:
    # As the client waits after a fetch that failed.
    scorer._consumer._fetcher._pending_tasks.add(asyncio.create_task(asyncio.sleep(60)))
    raise KafkaTimeoutError


class Restless(WorkerApp):
    """The first times its library cancels whoever waits for it."""

    def __init__(self) -> None:
        super().__init__("restless")
        self.times = 0

    async def work(self) -> None:
        self.times += 1
        if self.times < 3:
            raise asyncio.CancelledError
        self.well()
        await self.stop.wait()

    def report(self) -> Mapping[str, Any]:
        return {"times": self.times}


async def test_a_cancellation_that_nobody_ordered_ends_no_worker() -> None:
    app = Restless()
    task = asyncio.create_task(app._work())
    await until(lambda: app.fault is None)
    assert app.times == 3
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _is(connection: Any, seq: int) -> bool:
    """Scored, and its results evaluated."""
    rows = await connection.fetch("SELECT results_seq FROM partition_position")
    return await scored(connection) == seq and {row[0] for row in rows} == {seq}


async def test_without_topics_or_with_too_few_partitions_nothing_begins(
    database: str, kafka: str, kafka_prefix: str, work: Callable[[WorkerApp], None]
) -> None:
    settings = KafkaSettings(kafka, kafka_prefix)
    relay, scorer = RelayApp(database, settings, places()), ScorerApp(database, places(), settings)
    work(relay)
    work(scorer)
    await until(lambda: "topics create" in str(relay.fault) and "missing" in str(scorer.fault))
    await make_topics(settings, 3)
    await until(lambda: "partitions 3, declared 12" in str(relay.fault))
    await until(lambda: "partitions 3, declared 12" in str(scorer.fault))


async def test_a_scorer_waits_for_its_relay(
    database: str, kafka: str, kafka_prefix: str, work: Callable[[WorkerApp], None]
) -> None:
    settings = KafkaSettings(kafka, kafka_prefix)
    await create(settings, replication=1)
    scorer = ScorerApp(database, places(), settings)
    work(scorer)
    await until(lambda: "run chitieu relay" in str(scorer.fault))
    work(RelayApp(database, settings, places()))
    await until(lambda: scorer.fault is None)


def test_what_kafka_refuses_while_it_works_is_told_in_words() -> None:
    kafka = KafkaSettings("127.0.0.1:1")
    relay, scorer = RelayApp("", kafka, places()), ScorerApp("", places(), kafka)
    for app in (relay, scorer):
        assert "grant it" in app.say(TopicAuthorizationFailedError("chitieu.log.v1"))
        assert "may not join the group" in app.say(GroupAuthorizationFailedError("chitieu.scorers"))
        assert "trying again" in app.say(KafkaTimeoutError())
        assert app.say(ValueError("x")) == "ValueError: x"
