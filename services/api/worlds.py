"""What is known of each province, held once and grown; every earlier position reads from it.

Reports are only ever added, so the world of a position is a view of what is held: a new position
loads what is new, and a question about the past loads nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

from chitieu.places import Place, place_key
from chitieu.postgres.facts import grow
from chitieu.registry import Registry
from chitieu.scoring.world import Reports, World
from services.api.lru import Lru
from services.api.pinned import Pinned

# So many reports are held, about one kilobyte each; the provinces asked longest ago go first.
REPORTS_MAX = 1_500_000


class _Held:
    """One province's reports up to `seq`, about `units`."""

    def __init__(self) -> None:
        self.reports = Reports()
        self.units: set[str] = set()
        self.seq = 0
        self.count = 0
        self.lock = asyncio.Lock()


class Worlds:
    """Shared by all requests of the process. `pool` is an asyncpg pool."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._held: Lru[str, _Held] = Lru(REPORTS_MAX, lambda held: 1 + held.count)

    async def world(self, registry: Registry, place: Place, pinned: Pinned) -> World:
        """The world of a pair."""
        key = place_key(place)
        held = self._held.get(key) or _Held()
        self._held.put(key, held)
        async with held.lock:
            if await self._grow(held, registry, place, pinned.seq):
                self._held.put(key, held)  # weighs more now
        return World(registry, held.reports.at(pinned.seq), pinned.known)

    async def _grow(self, held: _Held, registry: Registry, place: Place, seq: int) -> int:
        codes = {code for unit in registry.units_ever_in(place) for code in unit.codes}
        new = codes - held.units
        if not new and seq <= held.seq:
            return 0
        added = 0
        async with self._pool.acquire() as connection:
            if new and held.seq:
                added += await grow(connection, held.reports, new, 0, held.seq)
            held.units |= new
            if seq > held.seq:
                added += await grow(connection, held.reports, held.units, held.seq, seq)
                held.seq = seq
        held.count += added
        return added
