"""Registries and evaluated provinces, computed once, off the event loop, so many at a time.

A registry is fixed by the last entry that changed it, an evaluated province by (place, `as_of`,
position, civil day of the known time): two known times of one day and position share one.
"""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from chitieu.places import Place, Places, place_key
from chitieu.ports import Entry
from chitieu.postgres.log import read_at
from chitieu.registry import Registry
from chitieu.scoring.card import Evaluated, evaluate_place
from chitieu.scoring.one import evaluate_one, metrics_of
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.world import World
from services.api.lru import Lru
from services.api.measures import Measures
from services.api.pinned import Pinned
from services.api.worlds import Worlds

T = TypeVar("T")

_WORKERS = 2
# Units of all registries that are held: those of neighbouring positions share most of them.
_REGISTERED = 1_000_000
_ENTRIES = 64_000_000  # characters
_EVALUATED = 48
_ONES = 2000

_MARKS = (
    "SELECT l.first_seq + e.idx AS seq FROM entry e JOIN log l ON l.batch_id = e.batch_id"
    " WHERE e.kind NOT IN ('event') AND e.kind <> 'retraction'"
    " AND l.first_seq + e.idx > $1 AND l.first_seq + e.idx <= $2 ORDER BY 1"
)


@dataclass(frozen=True)
class Seen:
    """A province evaluated, with the world it was evaluated in."""

    world: World
    evaluated: Evaluated


class Evaluations:
    """Shared by all requests of the process. Call `close` at the end."""

    def __init__(self, pool: Any, places: Places, measures: Measures) -> None:
        self._pool, self._places, self._measures = pool, places, measures
        self._threads = ThreadPoolExecutor(_WORKERS, "evaluate")
        self._registries: Lru[int, Registry] = Lru(_REGISTERED, lambda one: 1000 + len(one.units))
        self._entries: Lru[int, Entry] = Lru(_ENTRIES, lambda entry: 500 + len(entry.body))
        self._worlds = Worlds(pool)
        self._seen: Lru[Hashable, Seen] = Lru(_EVALUATED)
        self._ones: Lru[Hashable, tuple[Outcome, str | None]] = Lru(_ONES)
        self._running: dict[Hashable, asyncio.Task[Any]] = {}
        self._marks: list[int] = []
        self._marked = 0
        self._marking = asyncio.Lock()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[[], T]) -> T:
        """Something heavy and pure, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def registry(self, seq: int) -> Registry:
        """The registry at a scored position."""
        mark = await self._mark(seq)
        held = self._registries.get(mark)
        if held is not None:
            return held
        made: Registry = await self._once(("registry", mark), lambda: self._registry(mark))
        return made

    async def place(self, place: Place, pinned: Pinned) -> Seen:
        """All targets of a province at a pair. Its pin is the first asker's: put in your own."""
        key = (place_key(place), pinned.as_of, pinned.seq, pinned.known_day)
        held = self._seen.get(key)
        if held is not None:
            return held
        seen: Seen = await self._once(key, lambda: self._look(
            place, pinned, lambda world: Seen(world, evaluate_place(world, place, pinned.pin))
        ))  # fmt: skip
        self._seen.put(key, seen)
        return seen

    async def target(
        self, place: Place, pinned: Pinned, target: str
    ) -> tuple[Outcome, str | None] | None:
        """One target of a province at a pair, and the one that binds in its place."""
        key = (place_key(place), pinned.as_of, pinned.seq, pinned.known_day)
        whole = self._seen.get(key)
        if whole is not None:
            outcome = whole.evaluated.one(target)
            return None if outcome is None else (outcome, whole.evaluated.why.get(target))
        one = (*key, target)
        held = self._ones.get(one)
        if held is None:
            held = await self._once(one, lambda: self._one(place, pinned, target))
            if held is not None:
                self._ones.put(one, held)
        return held

    async def world(self, place: Place, pinned: Pinned) -> World:
        """What is known of a province, not evaluated."""
        return await self._worlds.world(await self.registry(pinned.seq), place, pinned)

    async def _one(
        self, place: Place, pinned: Pinned, target: str
    ) -> tuple[Outcome, str | None] | None:
        registry = await self.registry(pinned.seq)
        metrics = metrics_of(registry, place, target)
        world = await self._worlds.world(registry, place, pinned, metrics)
        return await self._timed(lambda: evaluate_one(world, place, pinned.as_of, target))

    async def _look(self, place: Place, pinned: Pinned, evaluate: Callable[[World], T]) -> T:
        world = await self.world(place, pinned)
        return await self._timed(lambda: evaluate(world))

    async def _timed(self, evaluate: Callable[[], T]) -> T:
        started = time.perf_counter()
        found = await self.run(evaluate)
        self._measures.evaluations.observe(time.perf_counter() - started)
        return found

    async def _mark(self, seq: int) -> int:
        """The newest entry up to a position that changed the registry; 0 before any."""
        if seq > self._marked:
            async with self._marking:
                if seq > self._marked:
                    async with self._pool.acquire() as connection:
                        rows = await connection.fetch(_MARKS, self._marked, seq)
                    self._marks += [row["seq"] for row in rows]
                    self._marked = seq
        at = bisect.bisect_right(self._marks, seq)
        return self._marks[at - 1] if at else 0

    async def _registry(self, mark: int) -> Registry:
        base = self._nearest(mark)
        first, end = (bisect.bisect_right(self._marks, seq) for seq in (base.seq, mark))
        entries = await self._between(self._marks[first:end])
        # A catalogue version is close to a megabyte of JSON.
        registry = await self.run(lambda: base.with_entries(entries))
        self._registries.put(mark, registry)
        return registry

    async def _between(self, marks: Sequence[int]) -> list[Entry]:
        """The entries at these positions; most were read before."""
        held = {seq: entry for seq in marks if (entry := self._entries.get(seq)) is not None}
        lacking = [seq for seq in marks if seq not in held]
        if lacking:
            async with self._pool.acquire() as connection:
                found = await read_at(connection, lacking)
            for entry in found:
                held[entry.seq] = entry
                self._entries.put(entry.seq, entry)
        return [held[seq] for seq in marks]

    def _nearest(self, mark: int) -> Registry:
        earlier = max((seq for seq in self._registries.held() if seq <= mark), default=None)
        held = None if earlier is None else self._registries.get(earlier)
        return held or Registry(self._places)

    async def _once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Those who ask for the same at the same time wait for one computation."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(make())
            self._running[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        # A caller that goes away must not take the computation from the others.
        return await asyncio.shield(task)

    def _finished(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # each waiter gets it; this keeps it from being logged as lost
