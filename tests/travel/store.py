"""A long history in PostgreSQL: written as ingest writes it, placed at chosen times, scored."""

from __future__ import annotations

import bisect
import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import asyncpg

from chitieu.periods import from_microseconds, to_microseconds
from chitieu.ports import NewEntry
from chitieu.postgres.log import append, place
from services.scorer.worker import Scorer
from tests.builders import places
from tests.oracle.oracle import Event
from tests.travel.history import DAY, MINUTE, History, new_entry

BATCH = 2_000
START = to_microseconds(dt.datetime(2025, 2, 1, tzinfo=dt.UTC))
END = to_microseconds(dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
NOW = from_microseconds(END + DAY)


class Stored:
    """What was placed: each thing with its known time, by province and metric, oldest first."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._placed: defaultdict[tuple[str, str | None], list[tuple[int, Event]]]
        self._placed = defaultdict(list)
        self.times: list[int] = []
        self.catalogues: list[int] = []
        self.clock = START

    def add(self, known: int, event: Event) -> None:
        """What was placed last. Units and retractions are of no metric."""
        code = event.get("code") or event["unit"]
        self._placed[code[:2], event.get("metric")].append((known, event))
        self.times.append(known)

    def known_by(self, province: str, metric: str, known: int) -> list[Event]:
        """What was known of a province and a metric at an instant, in no order."""
        return [
            event
            for held in (self._placed[province, None], self._placed[province, metric])
            for _, event in held[: bisect.bisect(held, known, key=lambda placed: placed[0])]
        ]

    def version(self, known: int) -> int | None:
        """Which catalogue was known; None before the first."""
        found = bisect.bisect(self.catalogues, known)
        return found - 1 if found else None


async def _append(connection: Any, new: Sequence[NewEntry], at: int) -> None:
    """A batch with its identities, received at an instant."""
    async with connection.transaction():
        batch = await append(connection, new, from_microseconds(at))
        keys = [
            (e.organisation, _key(e), bytes(16), batch, idx)
            for idx, e in enumerate(new) if e.kind in ("event", "retraction")
        ]  # fmt: skip
        await connection.copy_records_to_table(
            "identity", records=keys,
            columns=["organisation_id", "key", "meaning", "batch_id", "idx"],
        )  # fmt: skip


def _key(entry: NewEntry) -> bytes:
    text = f"{entry.source}\0{entry.event_id}"
    return hashlib.sha256(text.encode()).digest()[:16]


async def store(connection: asyncpg.Connection, stored: Stored, events: Sequence[Event]) -> None:
    """Write and place these, the clock going on by the same step each batch."""
    # Units, and the odd event more, come before the end too.
    step = (END - START) * BATCH * 9 // 10 // (stored.history.size + 1)
    for start in range(0, len(events), BATCH):
        part = events[start : start + BATCH]
        stored.clock += step
        await _append(connection, [new_entry(event) for event in part], stored.clock)
        first = await _placed(connection, stored.clock + MINUTE)
        for number, event in enumerate(part):
            stored.add(first + number, event)


async def store_catalogue(connection: asyncpg.Connection, stored: Stored, version: int) -> None:
    """A version of the catalogue, as one entry."""
    stored.clock += MINUTE
    body = stored.history.catalogue(version).to_json().decode()
    await _append(connection, [NewEntry("catalogue", body)], stored.clock)
    stored.catalogues.append(await _placed(connection, stored.clock))


async def _placed(connection: asyncpg.Connection, now: int) -> int:
    """Place the newest batch; the known time of its first entry."""
    while await place(connection, now):
        pass
    first: int = await connection.fetchval("SELECT max(first_known) FROM log")
    return first


async def score(dsn: str) -> None:
    """Everything that is placed."""
    connection = await asyncpg.connect(dsn)
    try:
        scorer = Scorer(connection, places())
        await scorer.start(NOW.date())
        while await scorer.step(NOW):
            pass
    finally:
        await connection.close()
