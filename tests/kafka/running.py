"""Relays and scorers for a test to step, and the topics between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, Protocol

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chitieu.kafka.connection import client_options
from chitieu.kafka.names import DEAD_LETTER, LOG, RESULTS, named
from chitieu.kafka.sending import sending
from chitieu.settings import KafkaSettings
from services.relay.app import end_offsets
from services.relay.worker import Relay
from services.scorer.group import GroupScorer
from tests.builders import places


class MakeTopics(Protocol):
    """Topics of a test's own."""

    def __call__(self, *, partitions: int) -> Awaitable[KafkaSettings]: ...


async def make_topics(settings: KafkaSettings, partitions: int) -> None:
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        await admin.create_topics(
            [
                NewTopic(named(settings, LOG), partitions, 1),
                NewTopic(
                    named(settings, RESULTS), 1, 1, topic_configs={"cleanup.policy": "compact"}
                ),
                NewTopic(named(settings, DEAD_LETTER), 1, 1),
            ]
        )
    finally:
        await admin.close()


@asynccontextmanager
async def connected(database: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def a_relay(database: str, kafka: KafkaSettings) -> AsyncIterator[Relay]:
    async with connected(database) as connection, sending(kafka) as producer:
        relay = Relay(connection, producer, kafka, places())
        await relay.start(await end_offsets(kafka))
        yield relay


@asynccontextmanager
async def a_scorer(database: str, kafka: KafkaSettings) -> AsyncIterator[GroupScorer]:
    connection = await asyncpg.connect(database)
    scorer = GroupScorer(connection, kafka, places())
    try:
        await scorer.start()
        yield scorer
    finally:
        await scorer.stop()
        await connection.close()
