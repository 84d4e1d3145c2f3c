"""What is known of each province, held once and grown; every earlier position reads from it.

Reports are only ever added, so the world of a position is a view of what is held: a new position
loads what is new, and a question about the past loads nothing. One target's question loads its
metrics alone; a scorecard's loads all, and from then on all are kept up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from chitieu.places import Place, place_key
from chitieu.postgres.facts import grow, scored
from chitieu.registry import Registry
from chitieu.scoring.world import Reports, World
from services.api.lru import Lru
from services.api.pinned import Pinned

# So many reports are held, a quarter of a kilobyte each; the provinces asked longest ago go first.
REPORTS_MAX = 4_000_000


class _Held:
    """One province's reports about `units`: of some metrics, each up to a position, or of all."""

    def __init__(self) -> None:
        self.reports = Reports()
        self.units: set[str] = set()
        self.seqs: dict[str | None, int] = {}  # by metric; under None once all are held
        self.count = 0
        self.lock = asyncio.Lock()

    def lacks(self, codes: Collection[str], metrics: Collection[str] | None, seq: int) -> bool:
        """Whether anything must be loaded."""
        return not self.units.issuperset(codes) or any(
            self.seqs.get(metric, -1) < seq for metric in self._asked(metrics)
        )

    async def load(
        self, connection: Any, codes: Collection[str], metrics: Collection[str] | None, seq: int
    ) -> None:
        """These units and metrics up to a position, and more of what is held already."""
        if metrics is None and None not in self.seqs:
            self._forget()
        spans = {(0, end, metric) for metric, end in self.seqs.items()}
        await self._grow(connection, set(codes) - self.units, spans)
        self.units.update(codes)
        asked = self._asked(metrics)
        spans = {(self.seqs.get(metric, 0), seq, metric) for metric in asked}
        await self._grow(connection, self.units, spans)
        self.seqs |= {metric: max(seq, self.seqs.get(metric, 0)) for metric in asked}
        self.reports.hold(None if None in self.seqs else {m for m in self.seqs if m is not None})

    def _asked(self, metrics: Collection[str] | None) -> list[str | None]:
        return [None] if metrics is None or None in self.seqs else [*metrics]

    def _forget(self) -> None:
        """Begin again; who still looks at the old reports keeps them."""
        self.reports, self.units, self.seqs, self.count = Reports(), set(), {}, 0

    async def _grow(
        self, connection: Any, units: Collection[str], wanted: set[tuple[int, int, str | None]]
    ) -> None:
        if not units:
            return
        for span in sorted({(after, until) for after, until, _ in wanted if after < until}):
            of = [metric for after, until, metric in wanted if (after, until) == span]
            names = None if None in of else [metric for metric in of if metric is not None]
            self.count += await grow(connection, self.reports, units, span, names)


class Worlds:
    """Shared by all requests of the process. `pool` is an asyncpg pool."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._held: Lru[str, _Held] = Lru(REPORTS_MAX, lambda held: 1 + held.count)

    async def world(
        self, registry: Registry, place: Place, pinned: Pinned,
        metrics: Collection[str] | None = None,
    ) -> World:  # fmt: skip
        """The world of a pair; with `metrics` no others may be looked at in it."""
        key = place_key(place)
        held = self._held.get(key) or _Held()
        self._held.put(key, held)
        codes = {code for unit in registry.units_ever_in(place) for code in unit.codes}
        async with held.lock:
            if held.lacks(codes, metrics, pinned.seq):
                async with self._pool.acquire() as connection:
                    # All that is scored, so that a later question finds it.
                    until = max(pinned.seq, await scored(connection))
                    await held.load(connection, codes, metrics, until)
                self._held.put(key, held)  # weighs more now
            reports = held.reports.at(pinned.seq)
        return World(registry, reports, pinned.known)
