"""What topics and groups are called, and which partition a key falls into."""

from __future__ import annotations

from typing import Final

from aiokafka.partitioner import murmur2

from chitieu.kafka.routing import Partitioner
from chitieu.settings import KafkaSettings

LOG: Final = "chitieu.log.v1"
RESULTS: Final = "chitieu.results.v1"
DEAD_LETTER: Final = "chitieu.dead-letter.v1"
SCORERS: Final = "chitieu.scorers"


def named(kafka: KafkaSettings, name: str) -> str:
    """A topic or group as this installation calls it."""
    return f"{kafka.prefix}{name}"


def partitioner(count: int) -> Partitioner:
    """As Kafka's own producers do it, so that others may write by the same key."""

    held: dict[str, int] = {}

    def of(key: str) -> int:
        found = held.get(key)
        if found is None:
            found = held[key] = (murmur2(key.encode()) & 0x7FFFFFFF) % count
        return found

    return of
