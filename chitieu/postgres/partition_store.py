"""Scoring by partitions: what each has written, how far all are, and the way into it and out.

A row a partition, its position moved by compare-and-set in the transaction of its effects. The
lowest of them is what may be answered from: every partition has passed it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chitieu import __version__
from chitieu.kafka.log import Dead, Piece
from chitieu.postgres.scoring_store import (
    CHANNEL_SCORED,
    CONSUMER,
    RESULTS,
    Fenced,
    known_of,
    write_facts,
    write_results,
)
from chitieu.scoring.engine import Effects
from chitieu.scoring.results import StoredResult

RELAY = "relay"


class PartitionRow(NamedTuple):
    """Where a partition stands."""

    partition: int
    seq: int
    next_offset: int
    results_seq: int
    results_release: str


async def positions(connection: Any) -> dict[int, PartitionRow]:
    """All partitions; empty when scoring does not go through Kafka."""
    rows = await connection.fetch(
        "SELECT partition, seq, next_offset, results_seq, results_release"
        " FROM partition_position ORDER BY partition"
    )
    return {row["partition"]: PartitionRow(*row) for row in rows}


@dataclass(frozen=True, slots=True)
class Step:
    """What a partition has done with a piece of its messages."""

    partition: int
    topic: str
    old: tuple[int, int]
    """Position and offset from which it was done."""
    new: Piece
    effects: Effects


async def write_step(connection: Any, step: Step, now: dt.datetime) -> None:
    """All effects and the position in one transaction; Fenced when another scorer was there."""
    async with connection.transaction():
        moved = await connection.execute(
            "UPDATE partition_position SET seq = $4, next_offset = $5"
            " WHERE partition = $1 AND seq = $2 AND next_offset = $3",
            step.partition, *step.old,
            step.new.seq, step.new.next_offset,
        )  # fmt: skip
        if moved != "UPDATE 1":
            raise Fenced
        await write_facts(connection, step.effects)
        await _write_dead(connection, step.topic, step.partition, step.new.dead, now)
        await connection.execute(f"NOTIFY {CHANNEL_SCORED}")


async def write_evaluated(
    connection: Any,
    old: PartitionRow,
    until: int,
    changed: Sequence[StoredResult],
    gone: Sequence[tuple[str, str]],
) -> None:
    """Results that changed up to a position, and what is to be sent of them; may be Fenced."""
    async with connection.transaction():
        moved = await connection.execute(
            "UPDATE partition_position SET results_seq = $4, results_release = $5"
            " WHERE partition = $1 AND results_seq = $2 AND results_release = $3",
            old.partition, old.results_seq, old.results_release, until, __version__,
        )  # fmt: skip
        if moved != "UPDATE 1":
            raise Fenced
        await write_results(connection, changed, gone)
        keys = sorted({(r.place, r.target) for r in changed} | set(gone))
        await connection.executemany(
            "INSERT INTO result_outbox (place, target, seq) VALUES ($1, $2, $3)"
            " ON CONFLICT (place, target) DO UPDATE SET seq = excluded.seq",
            [(*key, until) for key in keys],
        )


async def _write_dead(
    connection: Any, topic: str, partition: int, dead: Sequence[Dead], now: dt.datetime
) -> None:
    await connection.executemany(
        'INSERT INTO dead_letter (at, reason, topic, partition, "offset", key, value, headers)'
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (
                now, one.reason, topic, partition, one.record.offset, one.record.key,
                one.record.value,
                json.dumps([[name, value.hex()] for name, value in one.record.headers]),
            )
            for one in dead
        ],
    )  # fmt: skip


async def enter(connection: Any, ends: Mapping[int, int]) -> dict[int, PartitionRow]:
    """Begin to score through Kafka, behind what is scored; `ends` are offsets by partition.

    What stands in the topic already is not ours. A scorer that worked without Kafka is fenced.
    """
    async with connection.transaction():
        await connection.execute("LOCK TABLE partition_position IN EXCLUSIVE MODE")
        found = await positions(connection)
        if found:
            return found
        rows = await connection.fetch("SELECT name, seq FROM consumer FOR UPDATE")
        at = {row["name"]: row["seq"] for row in rows}
        seq, results = at.get(CONSUMER, 0), at.get(RESULTS, 0)
        await connection.executemany(
            "INSERT INTO partition_position VALUES ($1, $2, $3, $4, $5)",
            [(p, seq, end, min(seq, results), __version__) for p, end in sorted(ends.items())],
        )
        await connection.execute("DELETE FROM consumer")
        await connection.execute("INSERT INTO consumer (name, seq) VALUES ($1, $2)", RELAY, seq)
        # Whoever reads the results topic gets all of them once.
        await connection.execute(
            "INSERT INTO result_outbox SELECT place, target, seq FROM result ON CONFLICT DO NOTHING"
        )
        return await positions(connection)


async def leave(connection: Any) -> bool:
    """Score without Kafka from now on; True when it was scored through Kafka before.

    What single partitions have written beyond the position that all have passed is undone, to be
    written again from there: nobody was answered from it.
    """
    async with connection.transaction():
        await connection.execute("LOCK TABLE partition_position IN EXCLUSIVE MODE")
        seq = await connection.fetchval("SELECT min(seq) FROM partition_position")
        if seq is None:
            return False
        await connection.execute("DELETE FROM measurement WHERE seq > $1", seq)
        await connection.execute("DELETE FROM standing_change WHERE at_seq > $1", seq)
        await connection.execute("DELETE FROM place_position WHERE seq > $1", seq)
        await connection.execute("DELETE FROM partition_position")
        await connection.execute("DELETE FROM consumer")
        await connection.execute(
            "INSERT INTO consumer (name, seq) VALUES ($1, $3), ($2, 0)", CONSUMER, RESULTS, seq
        )
        return True


async def relayed(connection: Any) -> int | None:
    """Everything up to here is in the topic; None when scoring does not go through Kafka."""
    value: int | None = await connection.fetchval("SELECT seq FROM consumer WHERE name = $1", RELAY)
    return value


async def move_relay(connection: Any, old: int, new: int) -> None:
    """Everything up to `new` is in the topic; Fenced when another relay moved it."""
    moved = await connection.execute(
        "UPDATE consumer SET seq = $3 WHERE name = $1 AND seq = $2", RELAY, old, new
    )
    if moved != "UPDATE 1":
        raise Fenced


async def way_through_kafka(connection: Any, now: int) -> dict[str, int] | None:
    """How far the log has come through Kafka; None when it does not go there.

    `now` in µs since 1970. Seconds are how long ago the oldest entry that waits was placed.
    """
    row = await connection.fetchrow(
        "SELECT c.seq AS sent, h.seq AS head, p.partition AS slowest, p.seq AS scored,"
        " (SELECT count(*) FROM result_outbox) AS results_waiting,"
        " (SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL) AS dead_letters"
        " FROM consumer c, log_head h, LATERAL (SELECT partition, seq FROM partition_position"
        " ORDER BY seq, partition LIMIT 1) p WHERE c.name = $1",
        RELAY,
    )
    if row is None:
        return None

    async def age(seq: int, until: int) -> int:
        known = await known_of(connection, seq + 1) if seq < until else now
        return max(0, now - known) // 1_000_000

    return {
        "sent": row["sent"], "unsent": row["head"] - row["sent"],
        "unsent_seconds": await age(row["sent"], row["head"]),
        "slowest": row["slowest"], "unscored": max(0, row["sent"] - row["scored"]),
        "unscored_seconds": await age(row["scored"], row["sent"]),
        "results_waiting": row["results_waiting"], "dead_letters": row["dead_letters"],
    }  # fmt: skip
