"""A producer whose word can be relied on, and that can be given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from chitieu.kafka.connection import client_options
from chitieu.settings import KafkaSettings

MAX_MESSAGE: Final = 8 << 20
_END_S: Final = 2.0


async def put(
    producer: Any,
    topic: str,
    value: bytes | None,
    key: bytes | None,
    *,
    partition: int | None = None,
    headers: Sequence[tuple[str, bytes]] = (),
) -> asyncio.Future[Any]:
    """Hand a message to the producer; the future is done when it is acknowledged.

    Of several that fail with their batch the first one is told; the others are not lost words.
    """
    future: asyncio.Future[Any] = await producer.send(
        topic, value, key, partition, headers=list(headers)
    )
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return future


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
            _fail_all(producer._message_accumulator)
            await stop


def _fail_all(held: Any) -> None:
    """What the producer holds is not sent. aiokafka leaves a future of each batch unread, of which
    asyncio would complain one by one; whoever sent has been told by `put`."""
    batches = [batch for of_one in held._batches.values() for batch in of_one]
    batches += held._pending_batches
    held.fail_all(KafkaTimeoutError())
    for batch in batches:
        if not batch._drain_waiter.cancelled():
            batch._drain_waiter.exception()
