"""Results that moved and dead letters, from their tables to their topics."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any, Final

from aiokafka.errors import MessageSizeTooLargeError

from chitieu.kafka.names import DEAD_LETTER, RESULTS, named
from chitieu.kafka.results import HEADERS, result_message
from chitieu.kafka.sending import put
from chitieu.postgres import dead_letters
from chitieu.settings import KafkaSettings

_AT_ONCE: Final = 500

_MOVED = (
    "SELECT o.place, o.target, o.seq, r.as_of, r.body, l.epoch,"
    " l.first_known + (o.seq - l.first_seq) AS known"
    " FROM result_outbox o LEFT JOIN result r USING (place, target)"
    " LEFT JOIN LATERAL (SELECT * FROM log WHERE first_seq <= o.seq"
    " ORDER BY first_seq DESC LIMIT 1) l ON true ORDER BY o.place, o.target LIMIT $1"
)


async def send_results(
    connection: Any, producer: Any, kafka: KafkaSettings, now: dt.datetime
) -> int:
    """Send what moved last; how many. One that no broker takes becomes a dead letter."""
    rows = await connection.fetch(_MOVED, _AT_ONCE)
    topic, sent = named(kafka, RESULTS), []
    for row in rows:
        key, value = result_message(row)
        try:
            sent.append(await put(producer, topic, value, key, headers=HEADERS))
        except MessageSizeTooLargeError as error:
            await connection.execute(
                "INSERT INTO dead_letter (at, reason, topic, key, value, headers)"
                " VALUES ($1, $2, $3, $4, $5, '[]')",
                now, str(error), topic, key, value,
            )  # fmt: skip
    await asyncio.gather(*sent)
    # One that moved meanwhile has another position and stays.
    await connection.executemany(
        "DELETE FROM result_outbox WHERE place = $1 AND target = $2 AND seq = $3",
        [(row["place"], row["target"], row["seq"]) for row in rows],
    )
    return len(rows)


async def send_dead_letters(connection: Any, producer: Any, kafka: KafkaSettings) -> int:
    """Send those that were not sent; how many."""
    found = await dead_letters.unsent(connection, _AT_ONCE)
    topic, sent = named(kafka, DEAD_LETTER), []
    for one in found:
        said = {
            "reason": one.reason, "topic": one.topic, "partition": one.partition,
            "offset": one.offset, "replay": f"chitieu dead-letters replay {one.id}",
        }  # fmt: skip
        headers = one.headers + [
            (f"chitieu-{name}", str(value).encode())
            for name, value in said.items()
            if value is not None
        ]
        sent.append(await put(producer, topic, one.value, one.key, headers=headers))
    await asyncio.gather(*sent)
    await connection.execute(
        "UPDATE dead_letter SET sent = true WHERE id = ANY($1::bigint[])",
        [one.id for one in found],
    )
    return len(found)
