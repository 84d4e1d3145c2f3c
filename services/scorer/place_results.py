"""The stored results of a partition's places, evaluated where every partition has passed.

What is known of a place is read from the tables up to that position and nothing beyond it, so it
does not matter which partition wrote it, nor how far ahead that one is.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable
from typing import Any

from chitieu import __version__
from chitieu.places import Place, place_of
from chitieu.postgres import partition_store as store
from chitieu.postgres import scoring_store
from chitieu.postgres.facts import grow, touched_between
from chitieu.postgres.routes import Routes
from chitieu.registry import Registry
from chitieu.scoring.engine import Touched, known_places, pinned_known
from chitieu.scoring.results import PlaceResults, StoredResult
from chitieu.scoring.world import Reports, World


class _Held:
    """One place: its reports and results up to `seq`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.reports = Reports()
        self.codes: set[str] = set()
        self.seq = 0
        self.results: PlaceResults | None = None
        self.results_seq = -1


class Evaluator:
    """Of one process; it keeps what it loaded of a place when the place's partition goes."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._held: dict[str, _Held] = {}
        self._day: dict[int, dt.date] = {}
        self._places: tuple[Registry, list[str]] | None = None

    async def update(
        self, connection: Any, row: store.PartitionRow, registry: Registry, until: int, day: dt.date
    ) -> bool:
        """Bring a partition's results to `until` and a day; False when they are there.

        Raises Fenced when another scorer has evaluated them.
        """
        anew = row.results_release != __version__ or self._day.get(row.partition) != day
        if row.results_seq >= until and not anew:
            return False
        own = [key for key in self._known_places(registry) if self._owns(key, row.partition)]
        touched = (
            {key: Touched(all=True) for key in own}
            if anew
            else await touched_between(connection, registry, own, row.results_seq, until)
        )
        known = await scoring_store.known_of_places(connection, until) if touched else {}
        changed: list[StoredResult] = []
        gone: list[tuple[str, str]] = []
        for key, what in sorted(touched.items()):
            held = await self._load(connection, key, registry, until, row.results_seq)
            if held is None or held.results is None:
                continue
            world = World(registry, held.reports, pinned_known(known, key))
            # In a thread: the group has to hear from us meanwhile.
            moved, ended = await asyncio.to_thread(held.results.update, world, day, until, what)
            changed += moved
            gone += [(key, target) for target in ended]
        try:
            await store.write_evaluated(connection, row, until, changed, gone)
        except BaseException:
            # They hold results that are not stored.
            for key in touched.keys() & self._held.keys():
                self._held[key].results = None
            raise
        self._note(own, until)
        self._day[row.partition] = day
        return True

    def forget(self, partitions: Iterable[int]) -> None:
        """Others evaluate these now."""
        for number in partitions:
            self._day.pop(number, None)

    def _note(self, keys: Iterable[str], until: int) -> None:
        for key in keys:
            if key in self._held:
                self._held[key].results_seq = until

    async def _load(
        self, connection: Any, key: str, registry: Registry, until: int, since: int
    ) -> _Held | None:
        held = self._held.get(key)
        if held is None:
            place = place_of(registry.places, key)
            if place is None:
                return None
            held = self._held[key] = _Held(place)
        codes = {code for unit in registry.units_ever_in(held.place) for code in unit.codes}
        new = codes - held.codes
        if new and held.seq:
            await grow(connection, held.reports, new, (0, held.seq))
        held.codes |= new
        await grow(connection, held.reports, held.codes, (held.seq, until))
        held.seq = until
        if held.results is None or held.results_seq != since:
            held.results = PlaceResults(held.place)
            held.results.take_stored(await scoring_store.stored_bodies(connection, key))
        return held

    def _known_places(self, registry: Registry) -> list[str]:
        if self._places is None or self._places[0] is not registry:
            self._places = (registry, known_places(registry))
        return self._places[1]

    def _owns(self, key: str, partition: int) -> bool:
        return self._routes.route.of_key(self._routes.homes.of_place(key)) == partition
