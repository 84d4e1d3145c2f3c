"""The loop: place, read, apply, evaluate, write; one transaction a batch, position and all.

Everything pure is in `chitieu.scoring`; here are the clock, the connection and the waiting. A crash
at any line loses nothing: the position moves with the effects, and the log is read again from it.
Stored results follow in a transaction of their own, after a backlog at its end; their own position
says how far they are, so that a crash in between is made good at the next start. No answer of
the api rests on them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from chitieu.periods import civil_day, to_microseconds
from chitieu.places import Place, Places
from chitieu.ports import Entry
from chitieu.postgres import scoring_store as store
from chitieu.postgres.facts import load_reports, registry_until
from chitieu.postgres.log import CHANNEL_APPENDED, CHANNEL_PLACED, place, read_entries
from chitieu.postgres.months import Ahead
from chitieu.registry import Registry
from chitieu.scoring.engine import (
    EVERYWHERE,
    Effects,
    Engine,
    Touched,
    identity_of,
    known_places,
    named_by,
    pinned_known,
)
from chitieu.scoring.results import PlaceResults, StoredResult
from chitieu.scoring.world import Reports, World
from chitieu.standing import Identity, Node
from chitieu.waiting import first_of

logger = logging.getLogger("chitieu.scorer")

BATCH = 5000
IDLE_SECONDS = 1.0


class Scorer:
    """Owns one connection. `step` does all that can be done now and says whether it did."""

    def __init__(self, connection: Any, places: Places) -> None:
        self._connection = connection
        self._places = places
        self._position = self._evaluated = 0
        self._known = 0
        self._found: dict[Identity, Node] = {}
        self._engine = Engine(Registry(places), self._found.get)
        self._reports: dict[str, Reports] = {}
        self._results: dict[str, PlaceResults] = {}
        self._waiting: dict[str, Touched] = {}
        self._known_of: dict[str, int] = {}
        self._day: dt.date | None = None

    @property
    def position(self) -> int:
        """Everything up to here is scored."""
        return self._position

    async def start(self, today: dt.date) -> None:
        """Take up where the position stands; results that are behind or of another day are due."""
        connection = self._connection
        self._position, self._evaluated = await store.begin(connection)
        registry = await registry_until(connection, Registry(self._places), self._position)
        self._engine = Engine(registry, self._found.get)
        past = await store.amendments(connection, self._position)
        await self._find(past)
        self._engine.remember(past, self._position)
        self._known = await store.known_of(connection, self._position)
        self._known_of = await store.known_of_places(connection, self._position)
        self._day = await store.day_of_results(connection)
        if self._evaluated < self._position or self._day not in (None, today):
            self._waiting = {key: Touched(all=True) for key in self._known_places()}

    async def step(self, now: dt.datetime) -> bool:
        """Place what was committed and score one batch of it; True when anything was done."""
        placed = await place(self._connection, to_microseconds(now))
        entries = await read_entries(self._connection, self._position, BATCH)
        today = civil_day(now)
        if self._day not in (None, today):
            self._waiting = {key: Touched(all=True) for key in self._known_places()}
        self._day = today
        if entries:
            await self._score(entries)
        if len(entries) < BATCH and (self._waiting or self._evaluated < self._position):
            await self._write_results(today)
        return bool(placed or entries)

    async def _score(self, entries: Sequence[Entry]) -> None:
        """What answers are made of is written at once; stored results, which cost more, follow."""
        await self._find(entries)
        effects = self._engine.apply(entries)
        self._wait_for(effects)
        self._known_of |= effects.known_of
        self._absorb(effects)
        await store.write(self._connection, self._position, effects, None)
        self._position, self._known = effects.seq, effects.known

    async def _write_results(self, today: dt.date) -> None:
        """Evaluate and write every result that waits for it."""
        for key in self._waiting:
            await self._load(key)
        results = self._evaluate(self._position, today)
        nothing_new = Effects(seq=self._position, known=self._known)
        await store.write(self._connection, self._position, nothing_new, results)
        self._evaluated = self._position
        self._waiting = {}

    async def _find(self, entries: Sequence[Entry]) -> None:
        """Events that amendments of this batch name and that were placed before it."""
        wanted = [
            named
            for entry in entries
            if (named := named_by(entry)) is not None and not self._engine.standing.knows(named)
        ]
        self._found.clear()
        self._found.update(await store.find_nodes(self._connection, wanted))
        # An amendment may name an event of its own batch.
        named_here = set(wanted)
        for entry in entries if wanted else ():
            if entry.kind == "event" and identity_of(entry) in named_here:
                self._engine.offer(entry, self._found)

    def _wait_for(self, effects: Effects) -> None:
        touched = dict(effects.touched)
        if touched.pop(EVERYWHERE, None) is not None:
            touched |= {key: Touched(all=True) for key in self._known_places()}
        for key, what in touched.items():
            self._waiting.setdefault(key, Touched()).add(what)
            if what.all:
                # Which units belong here may have changed: what was loaded is void.
                self._reports.pop(key, None)

    async def _load(self, key: str) -> None:
        """The reports of a place up to the position."""
        one = self._place(key)
        if one is None:
            return
        if key not in self._reports:
            self._reports[key] = await load_reports(
                self._connection, self._units(one), self._position
            )
        if key not in self._results:
            holder = self._results[key] = PlaceResults(one)
            holder.take_stored(await store.stored_bodies(self._connection, key))

    def _absorb(self, effects: Effects) -> None:
        """Lay this batch over everything that is loaded."""
        for key, reports in self._reports.items():
            one = self._place(key)
            units = self._units(one) if one else set()
            for report in effects.reports:
                if report.unit in units:
                    reports.add(report)
            for made in effects.standing:
                reports.settle(made.change, made.at_seq, made.at_known)

    def _evaluate(
        self, seq: int, today: dt.date
    ) -> tuple[list[StoredResult], list[tuple[str, str]]]:
        changed: list[StoredResult] = []
        gone: list[tuple[str, str]] = []
        for key, touched in sorted(self._waiting.items()):
            if key not in self._results:
                continue
            # As the api pins it: what concerns other places moves nothing here.
            known = pinned_known(self._known_of, key)
            world = World(self._engine.registry, self._reports[key], known)
            moved, ended = self._results[key].update(world, today, seq, touched)
            changed += moved
            gone += [(key, target) for target in ended]
        return changed, gone

    def _units(self, one: Place) -> set[str]:
        ever = self._engine.registry.units_ever_in(one)
        return {code for unit in ever for code in unit.codes}

    def _known_places(self) -> list[str]:
        """A catalogue version moves them all."""
        return known_places(self._engine.registry)

    def _place(self, key: str) -> Place | None:
        code, _, since = key.partition("@")
        return self._places.bearing(code, dt.date.fromisoformat(since or "1900-01-01"))


async def run(
    connection: Any,
    scorer: Scorer,
    stop: asyncio.Event,
    clock: Callable[[], dt.datetime],
    note: Callable[[int], None] = lambda _: None,
) -> None:
    """Score until told to stop. Wakes by notification, and by the clock when one was missed."""
    wake, ahead = asyncio.Event(), Ahead()
    for channel in (CHANNEL_APPENDED, CHANNEL_PLACED):
        await connection.add_listener(channel, lambda *_: wake.set())
    logger.info(json.dumps({"event": "scorer_started", "position": scorer.position}))
    while not stop.is_set():
        wake.clear()
        await ahead.make(connection, clock())
        busy = await scorer.step(clock())
        note(scorer.position)
        if not busy:
            await first_of(wake, stop, IDLE_SECONDS)
