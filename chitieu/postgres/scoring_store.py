"""What the scorer writes: effects and position in one transaction, position by compare-and-set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from chitieu import __version__
from chitieu.ports import Entry
from chitieu.postgres.archived import archived_nodes
from chitieu.postgres.facts import REPORT_COLUMNS, report_to_row
from chitieu.postgres.log import SELECT_ENTRIES, from_row
from chitieu.scoring.engine import Effects, node_of
from chitieu.scoring.results import StoredResult
from chitieu.standing import Identity, Node

CONSUMER = "scorer"
# Another release may word a result otherwise: under another name all are evaluated anew.
RESULTS = f"results {__version__}"
CHANNEL_SCORED = "chitieu_scored"


class Fenced(Exception):
    """Another scorer moved the position: this one's work is void and it must start again."""


class ThroughKafka(Exception):
    """The log is scored by partitions of a Kafka topic; this scorer knows no Kafka."""


async def write(
    connection: Any,
    old: int,
    effects: Effects,
    results: tuple[Sequence[StoredResult], Sequence[tuple[str, str]]] | None,
) -> None:
    """Write all effects and move the position from `old`; raises Fenced when it was moved.

    `results` are those that changed and the (place, target) pairs that are gone; None leaves the
    position of the results behind: they are still to be evaluated.
    """
    async with connection.transaction():
        # First, so that a fenced scorer waits here and not on a key that the other one wrote.
        moved = await connection.execute(
            "UPDATE consumer SET seq = $3 WHERE name = $1 AND seq = $2", CONSUMER, old, effects.seq
        )
        if moved != "UPDATE 1":
            raise Fenced
        await write_facts(connection, effects)
        if results is not None:
            await write_results(connection, *results)
            await connection.execute(
                "UPDATE consumer SET seq = $2 WHERE name = $1", RESULTS, effects.seq
            )
        await connection.execute(f"NOTIFY {CHANNEL_SCORED}")


async def write_facts(connection: Any, effects: Effects) -> None:
    """Reports, what befell them, and the positions that concern places."""
    await connection.copy_records_to_table(
        "measurement",
        records=[report_to_row(report) for report in effects.reports],
        columns=list(REPORT_COLUMNS),
    )
    await connection.copy_records_to_table(
        "standing_change",
        records=[
            (s.change.seq, s.at_seq, s.at_known, s.change.stands, s.change.why)
            for s in effects.standing
        ],
        columns=["seq", "at_seq", "at_known", "stands", "why"],
    )
    # One position may concern a place through units of two partitions. Sorted, so that two
    # writers cannot deadlock.
    places = sorted(effects.positions)
    await connection.execute(
        "INSERT INTO place_position (place, seq) SELECT * FROM unnest($1::text[], $2::bigint[])"
        " ON CONFLICT DO NOTHING",
        [place for place, _ in places],
        [seq for _, seq in places],
    )


async def write_results(
    connection: Any, changed: Sequence[StoredResult], gone: Sequence[tuple[str, str]]
) -> None:
    """Replace stored results, sorted by key so that two writers cannot deadlock."""
    rows = sorted(changed, key=lambda r: (r.place, r.target))
    await connection.executemany(
        "INSERT INTO result (place, target, as_of, seq, verdict, numerator, denominator, body)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (place, target) DO UPDATE SET"
        " as_of = excluded.as_of, seq = excluded.seq, verdict = excluded.verdict,"
        " numerator = excluded.numerator, denominator = excluded.denominator, body = excluded.body",
        [
            (r.place, r.target, r.as_of, r.seq, r.verdict, r.numerator, r.denominator, r.body)
            for r in rows
        ],
    )
    await connection.executemany("DELETE FROM result WHERE place = $1 AND target = $2", gone)


async def begin(connection: Any) -> tuple[int, int]:
    """The position to go on from, and the one up to which results are evaluated.

    Raises ThroughKafka while others score through Kafka.
    """
    if await connection.fetchval("SELECT EXISTS (SELECT FROM partition_position)"):
        raise ThroughKafka
    await connection.execute(
        "INSERT INTO consumer (name, seq) VALUES ($1, 0), ($2, 0) ON CONFLICT DO NOTHING",
        CONSUMER,
        RESULTS,
    )
    rows = await connection.fetch("SELECT name, seq FROM consumer")
    at = {row["name"]: row["seq"] for row in rows}
    return at[CONSUMER], at[RESULTS]


async def known_of(connection: Any, seq: int) -> int:
    """Known time of a position; 0 before the first."""
    value: int | None = await connection.fetchval(
        "SELECT first_known + ($1 - first_seq) FROM log WHERE first_seq <= $1"
        " ORDER BY first_seq DESC LIMIT 1",
        seq,
    )
    return value or 0


# From place to place by the index: there are millions of positions, and some dozens of places.
_KNOWN_OF_PLACES = """
WITH RECURSIVE p(place) AS (
    SELECT min(place) FROM place_position
    UNION ALL
    SELECT (SELECT min(place) FROM place_position WHERE place > p.place)
    FROM p WHERE p.place IS NOT NULL
)
SELECT p.place, l.first_known + (n.seq - l.first_seq) AS known FROM p
CROSS JOIN LATERAL (SELECT seq FROM place_position WHERE place = p.place AND seq <= $1
    ORDER BY seq DESC LIMIT 1) n
CROSS JOIN LATERAL (SELECT first_seq, first_known FROM log WHERE first_seq <= n.seq
    ORDER BY first_seq DESC LIMIT 1) l
"""


async def known_of_places(connection: Any, until: int) -> dict[str, int]:
    """Known time of the newest position up to `until` that concerns each place, by place key."""
    rows = await connection.fetch(_KNOWN_OF_PLACES, until)
    return {row["place"]: row["known"] for row in rows}


async def day_of_results(connection: Any) -> dt.date | None:
    """The newest day for which results were evaluated."""
    day: dt.date | None = await connection.fetchval("SELECT max(as_of) FROM result")
    return day


async def stored_bodies(connection: Any, place: str) -> list[tuple[str, str]]:
    """(target, body) of a place's stored results."""
    rows = await connection.fetch("SELECT target, body FROM result WHERE place = $1", place)
    return [(row["target"], row["body"]) for row in rows]


async def amendments(connection: Any, until: int) -> list[Entry]:
    """Corrections and retractions up to a position, in order."""
    rows = await connection.fetch(
        SELECT_ENTRIES + " WHERE (e.kind = 'retraction' OR e.corrects IS NOT NULL)"
        " AND l.first_seq + e.idx <= $1 ORDER BY 1",
        until,
    )
    return [from_row(row) for row in rows]


async def find_nodes(connection: Any, identities: Sequence[Identity]) -> dict[Identity, Node]:
    """Placed events by identity; what is not there, or is no report, is left out."""
    if not identities:
        return {}
    rows = await connection.fetch(
        SELECT_ENTRIES + " JOIN unnest($1::int[], $2::text[], $3::text[]) AS w(o, s, i)"
        " ON true JOIN identity d ON d.organisation_id = w.o"
        " AND d.key = substring(sha256(convert_to(w.s, 'UTF8') || '\\x00'::bytea"
        " || convert_to(w.i, 'UTF8')) for 16)"
        " AND d.batch_id = e.batch_id AND d.idx = e.idx"
        " WHERE e.kind = 'event'",
        [i.organisation for i in identities],
        [i.source for i in identities],
        [i.event_id for i in identities],
    )
    nodes = {node.identity: node for node in (node_of(from_row(row)) for row in rows)}
    absent = [one for one in identities if one not in nodes]
    return nodes | await archived_nodes(connection, absent)
