"""A producer whose word can be relied on, and that can be given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from chitieu.kafka.connection import client_options
from chitieu.settings import KafkaSettings

MAX_MESSAGE: Final = 8 << 20
_END_S: Final = 2.0


@asynccontextmanager
async def sending(kafka: KafkaSettings) -> AsyncIterator[Any]:
    """A started AIOKafkaProducer: what it says is sent, all replicas in step have acknowledged.

    Idempotent: what it repeats by itself is written once, in order; it repeats for ever, so bound
    the time yourself. After a fatal error it sends no more: leave, and begin with a new one.
    """
    producer = AIOKafkaProducer(
        **client_options(kafka),
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_MESSAGE,
        linger_ms=2,
        request_timeout_ms=15_000,
    )
    try:
        await producer.start()
        yield producer
    finally:
        stop = asyncio.create_task(producer.stop())
        done, _ = await asyncio.wait({stop}, timeout=_END_S)
        if not done:
            # It would wait for ever for a broker that is gone; what is not sent is sent again.
            producer._message_accumulator.fail_all(KafkaTimeoutError())
            await stop
