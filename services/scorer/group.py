"""The scorers of a consumer group: each scores what it is assigned, from where the table says.

Kafka says who may try; that no two succeed is seen to by the positions in PostgreSQL, moved by
compare-and-set. So a scorer that was taken for dead does no harm, and what it left half done is
done again by the next one. Offsets are committed to Kafka for display only.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, OffsetAndMetadata
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from chitieu.kafka.connection import client_options
from chitieu.kafka.log import PartitionLog
from chitieu.kafka.names import LOG, SCORERS, named, partitioner
from chitieu.periods import civil_day
from chitieu.places import Places
from chitieu.postgres import partition_store as store
from chitieu.postgres.facts import scored
from chitieu.postgres.routes import Routes
from chitieu.postgres.scoring_store import Fenced
from chitieu.settings import KafkaSettings
from services.scorer.partitions import AT_ONCE, Partition, Registries
from services.scorer.place_results import Evaluator

logger = logging.getLogger("chitieu.scorer")

POLL_MS: Final = 200
# While messages come without a pause, results are evaluated all the same: this long after the last
# time, and never for more than a fifth of the time.
_AT_LEAST_EVERY_S: Final = 30.0
_TIMES_AS_LONG: Final = 4.0
_LOOK_FOR_GAPS_S: Final = 2.0
_SHOW_LAG_S: Final = 5.0
_LEAVE_S: Final = 5.0


class LogGap(Exception):
    """Something that the relay had sent is not in the topic any more; the text is one line."""

    def __init__(self, partition: int, seq: int, sent: int) -> None:
        super().__init__(
            f"log_gap: phân vùng {partition}: thiếu thông điệp sau vị trí {seq}, đã gửi đến {sent};"
            f" chạy `chitieu relay --again-from {seq}` để gửi lại"
            f" / partition {partition}: messages after position {seq} are missing, {sent} was sent;"
            f" send them again: chitieu relay --again-from {seq}"
        )


class NotEntered(Exception):
    """Scoring does not go through Kafka, or with another number of partitions; not yet, or not now.

    `chitieu relay` begins it.
    """

    def __str__(self) -> str:
        return (
            "chưa có nơi chuyển tiếp nào đưa nhật ký vào Kafka: chạy `chitieu relay`"
            " / no relay has begun to send the log to Kafka: run chitieu relay"
        )


# The client refuses a listener of another class, and has no types.
class Turns(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes that the group was rebalanced; the loop does what follows from it."""

    def __init__(self) -> None:
        self.new = False

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Nothing to do: what is not written yet is fenced when it is written too late."""

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self.new = True


class GroupScorer:
    """One member of the group, on one connection of its own. `step` does what can be done now."""

    def __init__(self, connection: Any, kafka: KafkaSettings, places: Places) -> None:
        self._connection, self._places = connection, places
        self._topic = named(kafka, LOG)
        self._turns = Turns()
        self._consumer = AIOKafkaConsumer(
            **client_options(kafka),
            group_id=named(kafka, SCORERS),
            enable_auto_commit=False,
            auto_offset_reset="none",
            partition_assignment_strategy=[StickyPartitionAssignor],
            # One that was killed is missed after this; brokers allow no less by themselves.
            session_timeout_ms=6_000,
            heartbeat_interval_ms=1_500,
            max_partition_fetch_bytes=8 << 20,
        )
        self._partitions: dict[Any, Partition] = {}
        self._kept: dict[Any, Partition] = {}
        self._registries = Registries(places)
        self._routes: Routes | None = None
        self._evaluator: Evaluator | None = None
        self._evaluate_at = self._looked = self._shown = 0.0
        self.assigned: tuple[int, ...] = ()
        self.position = 0
        self._settled = False
        self.sound = False
        """The group has settled, and nothing was found missing since."""

    async def start(self) -> None:
        """Join the group; the partitions come when it has settled."""
        rows = await store.positions(self._connection)
        if not rows:
            raise NotEntered
        self._routes = Routes(self._places, partitioner(len(rows)), len(rows))
        self._evaluator = Evaluator(self._routes)
        self.position = await scored(self._connection)
        self._consumer.subscribe([self._topic], listener=self._turns)
        await self._consumer.start()

    async def stop(self) -> None:
        """Leave the group, so that others need not wait to find out; a broker that is away is not
        waited for."""
        await _ended(self._consumer.stop())
        # A consumer that was about to fetch again cancels whoever stops it, and holds on.
        if self._consumer._fetcher is not None:
            await _ended(self._consumer._fetcher.close())
        await _ended(self._consumer._client.close())

    async def step(self, now: dt.datetime) -> bool:
        """Take what has come, then bring results up to where all are; True when anything was done.

        Raises LogGap.
        """
        if self._turns.new:
            await self._take_over()
        busy = await self._take_messages(now)
        if not busy or time.monotonic() > self._evaluate_at:
            started = time.monotonic()
            busy = await self._evaluate(civil_day(now)) or busy
            took = time.monotonic() - started
            self._evaluate_at = started + took + max(_AT_LEAST_EVERY_S, _TIMES_AS_LONG * took)
        await self._look_for_gaps()
        await self._show_lag()
        return busy

    async def _take_over(self) -> None:
        """Begin with partitions that are ours now; what we had and keep goes on as it was."""
        assert self._routes is not None  # `start` made it
        self._turns.new = False
        assigned = self._consumer.assignment()
        rows = await store.positions(self._connection)
        if len(rows) != self._routes.route.count:
            raise NotEntered
        self._kept |= self._partitions
        self._partitions = {}
        for tp in sorted(assigned):
            if tp not in self._consumer.assignment():  # assigned anew meanwhile
                return
            one = self._kept.get(tp)
            if one is None:
                one = Partition(PartitionLog(self._consumer, tp), self._routes, self._registries)
            await one.start(self._connection, rows[tp.partition])
            self._partitions[tp] = self._kept[tp] = one
        self.assigned = tuple(tp.partition for tp in sorted(self._partitions))
        self._settled = True
        logger.info(json.dumps({"event": "partitions_assigned", "partitions": self.assigned}))

    async def _take_messages(self, now: dt.datetime) -> bool:
        try:
            found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=4 * AT_ONCE)
        except (OffsetOutOfRangeError, NoOffsetForPartitionError):
            for one in self._partitions.values():
                await one.log.seek_again()
            return True
        for tp, records in found.items():
            if tp in self._partitions:
                self._partitions[tp].log.feed(records)
        busy = False
        for tp, one in sorted(self._partitions.items()):
            try:
                while await one.step(self._connection, now):
                    busy = True
            except Fenced:
                # Somebody else scored it: go on from there, if it still is ours.
                logger.info(json.dumps({"event": "fenced", "partition": tp.partition}))
                rows = await store.positions(self._connection)
                if tp in self._consumer.assignment() and tp.partition in rows:
                    await one.start(self._connection, rows[tp.partition])
        return busy

    async def _evaluate(self, day: dt.date) -> bool:
        """Bring the results of our partitions' places to where every partition has passed."""
        assert self._evaluator is not None  # `start` made it
        rows = await store.positions(self._connection)
        self.position = until = min((row.seq for row in rows.values()), default=0)
        done = False
        for tp in sorted(self._partitions):
            row = rows.get(tp.partition)
            if row is None:
                raise NotEntered
            if self._turns.new:
                return True
            registry = await self._registries.at(self._connection, until)
            try:
                done |= await self._evaluator.update(self._connection, row, registry, until, day)
            except Fenced:
                self._evaluator.forget([tp.partition])
        return done

    async def _look_for_gaps(self) -> None:
        if time.monotonic() - self._looked < _LOOK_FOR_GAPS_S:
            return
        self._looked = time.monotonic()
        sent = await store.relayed(self._connection)
        if sent is None:
            raise NotEntered
        for tp, one in self._partitions.items():
            if await one.log.is_gap(sent):
                raise LogGap(tp.partition, one.log.at.seq, sent)
        self.sound = self._settled

    async def _show_lag(self) -> None:
        """Commit offsets: Kafka's own tools show the lag of the group by them."""
        if time.monotonic() - self._shown < _SHOW_LAG_S or self._turns.new:
            return
        self._shown = time.monotonic()
        at = {tp: OffsetAndMetadata(o.log.at.next_offset, "") for tp, o in self._partitions.items()}
        if at:
            with suppress(KafkaError):
                await self._consumer.commit(at)


async def _ended(closing: Coroutine[Any, Any, None]) -> None:
    """Wait for it a while, however it ends."""
    task = asyncio.create_task(closing)
    await asyncio.wait({task}, timeout=_LEAVE_S)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def run_in_group(
    scorer: GroupScorer,
    stop: asyncio.Event,
    clock: Callable[[], dt.datetime],
    note: Callable[[int, tuple[int, ...]], None],
) -> None:
    """Score until told to stop."""
    logger.info(json.dumps({"event": "scorer_started", "position": scorer.position}))
    while not stop.is_set():
        await scorer.step(clock())
        if scorer.sound:
            note(scorer.position, scorer.assigned)
