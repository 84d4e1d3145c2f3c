"""The relay's process: what is placed and what was found go to Kafka; one works at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from chitieu.clock import clock
from chitieu.kafka.cluster import KafkaFault, worded
from chitieu.kafka.connection import client_options
from chitieu.kafka.names import LOG, named
from chitieu.kafka.sending import sending
from chitieu.kafka.topics import UnfitTopics, refuse_unfit
from chitieu.places import Places
from chitieu.postgres.log import CHANNEL_APPENDED, CHANNEL_PLACED
from chitieu.postgres.scoring_store import CHANNEL_SCORED
from chitieu.settings import KafkaSettings
from chitieu.waiting import first_of
from chitieu.worker_app import WorkerApp
from services.relay.worker import Left, NoTopic, OtherPartitions, Relay

# "chitieu relay" as a number: who holds this lock works, the others stand by.
_LOCK: Final = 0x6368_6974_6965_7501
_STAND_BY_S: Final = 2.0
_IDLE_S: Final = 1.0


class RelayApp(WorkerApp):
    """`dsn` is a PostgreSQL address that asyncpg reads."""

    def __init__(
        self, dsn: str, kafka: KafkaSettings, places: Places, again_from: int | None = None
    ) -> None:
        """`again_from`: first send again what follows this position."""
        super().__init__("relay")
        self._again_from = again_from
        self._dsn, self._kafka, self._places = dsn, kafka, places
        self._relay: Relay | None = None

    def report(self) -> Mapping[str, Any]:
        """What is in the topic, and how much of the log is not."""
        if self._relay is None:
            return {"position": None, "waiting": None}
        at = self._relay
        return {"position": at.position, "waiting": max(0, at.head - at.position)}

    def known(self, error: BaseException) -> bool:
        """Its own words need no place in the code."""
        return isinstance(error, (KafkaFault, Left, NoTopic, OtherPartitions, UnfitTopics))

    def say(self, error: BaseException) -> str:
        """A fault in a line."""
        return worded(error) or super().say(error)

    async def work(self) -> None:
        """Send until told to stop."""
        connection = await asyncpg.connect(
            self._dsn, server_settings={"application_name": "chitieu-relay"}
        )
        try:
            if await self._is_the_one(connection):
                await self._send(connection)
        finally:
            await connection.close(timeout=5)

    async def _is_the_one(self, connection: Any) -> bool:
        """Wait until no other relay works; False when told to stop. Two would only send twice."""
        while not self.stop.is_set():
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                return True
            self.well()
            await first_of(self.stop, asyncio.Event(), _STAND_BY_S)
        return False

    async def _send(self, connection: Any) -> None:
        await refuse_unfit(self._kafka)
        ends = await end_offsets(self._kafka)
        # A producer that met a fatal error sends no more: the next one is a new one.
        async with sending(self._kafka) as producer:
            relay = Relay(connection, producer, self._kafka, self._places)
            await relay.start(ends)
            if self._again_from is not None:
                await relay.go_back(self._again_from)
                self._again_from = None
            self._relay = relay
            wake = asyncio.Event()
            for channel in (CHANNEL_APPENDED, CHANNEL_PLACED, CHANNEL_SCORED):
                await connection.add_listener(channel, lambda *_: wake.set())
            while not self.stop.is_set():
                wake.clear()
                busy = await relay.step(clock())
                self.well()
                if not busy:
                    await first_of(wake, self.stop, _IDLE_S)


async def end_offsets(kafka: KafkaSettings) -> dict[int, int]:
    """Where the log topic ends, by partition; empty without the topic. Raises KafkaError."""
    topic = named(kafka, LOG)
    # Without a group it is assigned all of them; it fetches nothing before it is asked.
    consumer = AIOKafkaConsumer(topic, **client_options(kafka), auto_offset_reset="latest")
    try:
        await consumer.start()
        partitions = consumer.partitions_for_topic(topic) or ()
        ends = await consumer.end_offsets([TopicPartition(topic, one) for one in partitions])
        return {tp.partition: offset for tp, offset in ends.items()}
    finally:
        await consumer.stop()
