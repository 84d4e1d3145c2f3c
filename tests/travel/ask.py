"""Random questions about a long history, each answered by the api and by the oracle."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import asyncpg
import httpx

from chitieu.asgi import lifespan
from chitieu.periods import civil_day, from_microseconds, known_text
from chitieu.postgres.keys import create_key, ensure_organisation
from chitieu.settings import Settings
from services.api.app import create_app
from tests.builders import places
from tests.oracle.oracle import Answer, answer
from tests.travel.history import Asked
from tests.travel.store import NOW, Stored


class Asking(NamedTuple):
    """A target at a pair."""

    asked: Asked
    as_of: dt.date
    known: int

    @property
    def url(self) -> str:
        known = known_text(self.known).replace("+", "%2B")
        return f"/v1/targets/{self.asked.target}/result?as_of={self.as_of}&known_at={known}"


@dataclass
class Timings:
    """Seconds of each answer: of `first` ones, for which a target's reports had to be loaded, and
    of others, which a process that runs for a while gives."""

    first: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(self, target: str, seconds: float) -> None:
        (self.later if target in self._seen else self.first).append(seconds)
        self._seen.add(target)


def percentile(seconds: list[float], percent: int) -> float:
    """In milliseconds; 0 of none."""
    ordered = sorted(seconds)
    at = min(len(ordered) - 1, len(ordered) * percent // 100)
    return 1000 * ordered[at] if ordered else 0.0


def questions(stored: Stored, chance: random.Random, count: int) -> list[Asking]:
    """Any target, any day, any instant since the first catalogue was known."""
    first, last = stored.catalogues[0], stored.times[-1]
    found = []
    for _ in range(count):
        known = chance.choice([chance.randint(first, last), chance.choice(stored.times)])
        day = dt.date(2025, 1, 10) + dt.timedelta(days=chance.randint(0, 470))
        found.append(Asking(chance.choice(stored.history.asked), day, max(known, first)))
    return found


@asynccontextmanager
async def api(dsn: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """The api on a database, asked in this process."""
    app = create_app(Settings(database_url=dsn), clock=lambda: NOW, places=places())
    async with lifespan(app), httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://api",
        headers={"authorization": f"Bearer {key}"}, timeout=120,
    ) as client:  # fmt: skip
        yield client


async def ministry_key(dsn: str) -> str:
    """A key that may read every province."""
    connection = await asyncpg.connect(dsn)
    try:
        sender = await ensure_organisation(connection, "byt", "byt")
        return (await create_key(connection, sender, "ministry", NOW)).text
    finally:
        await connection.close()


async def ask(client: httpx.AsyncClient, asking: Asking, timings: Timings | None = None) -> bytes:
    """The bytes of an answer."""
    started = time.perf_counter()
    answered = await client.get(asking.url)
    if timings is not None:
        timings.add(asking.asked.target, time.perf_counter() - started)
    assert answered.status_code == 200, (asking.url, answered.text)
    return answered.content


def expected(stored: Stored, asking: Asking) -> Answer:
    """What the oracle says, from what was known."""
    version = stored.version(asking.known)
    assert version is not None  # no question lies before the first catalogue
    question = asking.asked.questions[version]
    log = stored.known_by(asking.asked.province, question["metric"], asking.known)
    units = {event["code"] for event in log if event["kind"] == "unit"}
    # An event is about a registered unit; a retraction says no unit of its own.
    log = [event for event in log if event.get("unit", "") in units or event["kind"] == "unit"]
    return answer(question, log, asking.as_of, civil_day(from_microseconds(asking.known)))


def told(result: dict[str, Any]) -> Answer:
    """An answer of the api in the oracle's shape."""
    scope = result["scope"]
    numbers = [result["numerator"], result["denominator"]]
    exact = [None if n is None else Fraction(n) for n in numbers]
    return Answer(
        result["verdict"], result["reason"], exact[0], exact[1], scope["reports_expected"],
        scope["reports_received"],
    )  # fmt: skip
