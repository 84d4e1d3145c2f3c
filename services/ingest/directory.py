"""What ingest must know to judge an event: the catalogue, the units, and who may write for which.

It follows the log's registry entries as soon as they are committed, before they have a position,
so that a unit just registered can report at once. Foreign units and units that do not exist are
both simply not in the caller's set: the same answer after the same work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import asyncpg

from chitieu.events import EventReader
from chitieu.keys import Principal
from chitieu.periods import parse_day
from chitieu.place_kinds import Level
from chitieu.places import Place, PlaceKey, Places, place_key
from chitieu.ports import Entry
from chitieu.postgres.intake import EVENTS_NOTICE
from chitieu.postgres.log import CHANNEL_APPENDED
from chitieu.postgres.pool import ACQUIRE_SECONDS, TROUBLE
from chitieu.postgres.registry_store import EntryId, committed_entries, committed_ids
from chitieu.registry import Registry
from chitieu.units import Unit

_logger = logging.getLogger("chitieu.ingest")

_AT_MOST_EVERY_SECONDS: Final = 0.2
_ANYWAY_EVERY_SECONDS: Final = 2.0
_KINDS: Final = ("unit", "catalogue")
_NONE: Final[frozenset[str]] = frozenset()


class Directory:
    """Catalogue and units as committed; `start` must have returned before anything is asked."""

    def __init__(
        self, pool: asyncpg.Pool, dsn: str, places: Places, clock: Callable[[], float]
    ) -> None:
        """`clock` is monotonic seconds."""
        self._pool, self._dsn, self._places, self._clock = pool, dsn, places, clock
        self._registry = Registry(places)
        self._folded: set[EntryId] = set()
        self._newest = EntryId(0, 0)
        self._by_place: dict[str, set[str]] = {}
        self._placed: dict[str, Unit] = {}
        self._covered: dict[str, frozenset[str]] = {}
        self._began = float("-inf")
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self.reader = EventReader({})

    async def start(self) -> None:
        """Read everything once, then follow."""
        await self.reread()
        self._watcher = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop following."""
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher

    def may_write(self, principal: Principal, subject: str | None) -> bool:
        """Whether a key may report about a unit; also False for one that does not exist."""
        if principal.role == "province":
            covered = self._covered.get(principal.key_id) or self._cover(principal)
            return any(subject in self._by_place.get(place, _NONE) for place in covered)
        if principal.role == "unit":
            return subject in principal.units and subject in self._registry.units
        return principal.role == "admin" and subject in self._registry.units

    async def reread(self) -> None:
        """Return after a reading that began after this call; at most one every 200 ms."""
        asked = self._clock()
        async with self._lock:
            if self._began > asked:
                return
            wait = self._began + _AT_MOST_EVERY_SECONDS - asked
            if wait > 0:
                await asyncio.sleep(wait)
            self._began = self._clock()
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                await self._read(connection)

    async def _read(self, connection: Any) -> None:
        ids = await committed_ids(connection)
        fresh = [one for one in ids if one not in self._folded]
        if not fresh:
            return
        if fresh[0] < self._newest:
            # A batch begun earlier was committed later: fold again, in order.
            fresh, self._registry = ids, Registry(self._places)
            self._by_place, self._placed = {}, {}
        entries = await committed_entries(connection, fresh)
        catalogue = self._registry.catalogue
        self._registry = self._registry.with_entries(_worth_folding(entries))
        self._folded.update(fresh)
        self._newest = max(self._newest, fresh[-1])
        self._covered = {}
        self._place_units()
        if self._registry.catalogue is not catalogue and self._registry.catalogue is not None:
            known = self._registry.catalogue
            self.reader = EventReader(known.metrics, known.indicators, known.targets)

    def _place_units(self) -> None:
        """Under each province a unit ever lay in, and under those that followed it."""
        units: Mapping[str, Unit] = self._registry.units
        for code, unit in units.items():
            if self._placed.get(code) is unit:
                continue
            self._placed[code] = unit
            for version in unit.versions:
                day = max(version.from_, unit.opened)
                placed = self._places.bearing(version.attributes["province"], day)
                for place in _with_successors(self._places, placed):
                    self._by_place.setdefault(place, set()).add(code)

    def _cover(self, principal: Principal) -> frozenset[str]:
        covered: set[str] = set()
        for word in principal.places:
            code, _, since = word.partition("@")
            with suppress(KeyError):
                place = self._places.get(
                    PlaceKey(Level.PROVINCE, code, parse_day(since) if since else None)
                )
                covered |= _with_successors(self._places, place)
        self._covered[principal.key_id] = frozenset(covered)
        return self._covered[principal.key_id]

    async def _watch(self) -> None:
        """Read again when the log says that something other than reports was appended."""
        listener: Any = None
        while True:
            try:
                if listener is None or listener.is_closed():
                    listener = await asyncpg.connect(self._dsn, timeout=ACQUIRE_SECONDS)
                    await listener.add_listener(CHANNEL_APPENDED, self._heard)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _ANYWAY_EVERY_SECONDS)
                self._changed.clear()
                await self.reread()
            except TROUBLE as error:
                # Requests meet the same trouble and say so; here it is only waited out.
                _logger.warning("registry not read: %s", type(error).__name__)
                await asyncio.sleep(1.0)
            except asyncio.CancelledError:
                if listener is not None and not listener.is_closed():
                    listener.terminate()
                raise

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        if payload != EVENTS_NOTICE:
            self._changed.set()


def _with_successors(places: Places, place: Place | None) -> set[str]:
    if place is None:
        return set()
    return {place_key(one) for one in (place, *places.lineage(place).after)}


def _worth_folding(entries: Iterable[Entry]) -> list[Entry]:
    """Units, and the newest catalogue: earlier ones are costly to read and decide nothing here."""
    kept = [entry for entry in entries if entry.kind in _KINDS]
    newest = max((i for i, e in enumerate(kept) if e.kind == "catalogue"), default=-1)
    return [e for i, e in enumerate(kept) if e.kind != "catalogue" or i == newest]
