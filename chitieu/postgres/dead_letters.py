"""Messages that nobody can use, as they were found."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

_SELECT = (
    'SELECT id, at, reason, topic, partition, "offset", key, value, headers, replayed_at'
    " FROM dead_letter"
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message; `partition` and `offset` None: no broker took it."""

    id: int
    at: dt.datetime
    reason: str
    topic: str
    partition: int | None
    offset: int | None
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    replayed_at: dt.datetime | None

    def to_json(self) -> dict[str, Any]:
        """For programs; bytes in hexadecimal."""
        return {
            "id": self.id, "at": self.at.isoformat(), "reason": self.reason, "topic": self.topic,
            "partition": self.partition, "offset": self.offset,
            "key": None if self.key is None else self.key.hex(),
            "value": None if self.value is None else self.value.hex(),
            "headers": [[name, value.hex()] for name, value in self.headers],
            "replayed_at": self.replayed_at.isoformat() if self.replayed_at else None,
        }  # fmt: skip


def _of(row: Any) -> DeadLetter:
    headers = [(name, bytes.fromhex(text)) for name, text in json.loads(row["headers"])]
    return DeadLetter(**{**row, "headers": headers})


async def listed(connection: Any, every: bool) -> list[DeadLetter]:
    """Those that were not sent again, or all, in the order of finding."""
    rows = await connection.fetch(
        _SELECT + " WHERE $1 OR replayed_at IS NULL ORDER BY id",
        every,
    )
    return [_of(row) for row in rows]


async def by_id(connection: Any, number: int) -> DeadLetter | None:
    """One of them."""
    row = await connection.fetchrow(
        _SELECT + " WHERE id = $1",
        number,
    )
    return None if row is None else _of(row)


async def unsent(connection: Any, limit: int) -> list[DeadLetter]:
    """Those that are not in the dead-letter topic yet."""
    rows = await connection.fetch(
        _SELECT + " WHERE NOT sent ORDER BY id LIMIT $1",
        limit,
    )
    return [_of(row) for row in rows]


async def replayed(connection: Any, number: int, now: dt.datetime) -> None:
    """It was sent again to where it was found."""
    await connection.execute("UPDATE dead_letter SET replayed_at = $2 WHERE id = $1", number, now)
