"""The whole journey: half a history, answers kept; the rest, other units, another catalogue, a
restart; the same answers again to the byte; then random questions against the oracle."""

from __future__ import annotations

import gc
import json
import random
import time
from collections.abc import Callable
from typing import NamedTuple

import asyncpg
import httpx

from tests.travel.ask import (
    Asking,
    Timings,
    api,
    ask,
    expected,
    ministry_key,
    percentile,
    questions,
    told,
)
from tests.travel.history import History
from tests.travel.store import Stored, score, store, store_catalogue

KEPT = 200


class Journey(NamedTuple):
    """What was done and how long answers took (milliseconds): those for which a target's reports
    had to be loaded first (`cold`), all others (`warm`)."""

    events: int
    corrected: int
    asked: int
    kept: int
    cold: tuple[int, float, float]  # how many, p50, p99
    warm: tuple[int, float, float]

    @property
    def times(self) -> str:
        """As they are printed."""
        told = (("warm", self.warm), ("cold", self.cold))
        return "; ".join(
            f"{n} {w}: p50 {p50:.0f} ms, p99 {p99:.0f} ms" for w, (n, p50, p99) in told
        )


async def journey(
    dsn: str, *, seed: int, events: int, asked: int, say: Callable[[str], None] = lambda _: None
) -> Journey:
    """AssertionError at the first answer that is not the oracle's, or not the same as before."""
    history = History(seed, events)
    arrivals = history.arrivals
    # A million dictionaries are the oracle's, not the service's: its collector is not to see them.
    gc.collect()
    gc.freeze()
    stored = Stored(history)
    chance = random.Random(f"{seed} questions")
    started = time.perf_counter()

    def tell(what: str) -> None:
        say(f"{time.perf_counter() - started:7.1f} s  {what}")

    connection = await asyncpg.connect(dsn)
    await connection.execute("INSERT INTO organisation (code, name) VALUES ('a', 'a')")
    await store_catalogue(connection, stored, 0)
    await store(connection, stored, history.registered())
    half = len(arrivals) * 6 // 10
    await store(connection, stored, arrivals[:half])
    tell(f"{half} events written")
    await score(dsn)
    await connection.execute("VACUUM ANALYZE")
    tell("scored")
    key = await ministry_key(dsn)
    async with api(dsn, key) as client:
        kept = [(a, await ask(client, a)) for a in questions(stored, chance, KEPT)]
        tell(f"{KEPT} answers kept")
        await store(connection, stored, history.closed_later())
        await store_catalogue(connection, stored, 1)
        await store(connection, stored, arrivals[half:])
        await score(dsn)
        await connection.execute("VACUUM ANALYZE")
        tell(f"{len(arrivals)} events written and scored")
        await _same(client, kept)
    async with api(dsn, key) as client:
        await _same(client, kept)
        tell("the same answers again, before and after a restart")
        timings = Timings()
        for number, asking in enumerate(questions(stored, chance, asked)):
            answered = json.loads(await ask(client, asking, timings))
            assert told(answered) == expected(stored, asking), asking
            if (number + 1) % max(1, asked // 10) == 0:
                tell(f"{number + 1} of {asked} questions")
    await connection.close()
    gc.unfreeze()
    corrected = sum(1 for event in arrivals if event.get("corrects"))
    return Journey(
        len(arrivals), corrected, asked, KEPT, _summed(timings.first), _summed(timings.later)
    )


def _summed(seconds: list[float]) -> tuple[int, float, float]:
    return len(seconds), percentile(seconds, 50), percentile(seconds, 99)


async def _same(client: httpx.AsyncClient, kept: list[tuple[Asking, bytes]]) -> None:
    for asking, before in kept:
        assert await ask(client, asking) == before, asking
