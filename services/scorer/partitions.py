"""The facts of one partition: messages in, effects out, position and all in one transaction.

What a partition has seen is not all that was placed: it has its own units' reports, what amends
them, and everything that changes the registry. That is all its effects need.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from chitieu.kafka.log import PartitionLog, Piece
from chitieu.places import Places
from chitieu.ports import Entry
from chitieu.postgres import partition_store as store
from chitieu.postgres.facts import registry_until
from chitieu.postgres.routes import Routes
from chitieu.registry import Registry
from chitieu.scoring.engine import Effects, Engine

AT_ONCE = 2000
_REGISTRIES = 16


class Registries:
    """Registries by position, shared by the partitions of a process: all see the same entries."""

    def __init__(self, places: Places) -> None:
        self._first = Registry(places)
        self._held: dict[int, Registry] = {}

    def fold(self, before: Registry, entries: Iterable[Entry]) -> Registry:
        """As `Registry.with_entries`; what was folded for another partition is taken from it."""
        run = list(entries)
        held = self._held.get(run[-1].seq)
        return held or self._keep(before.with_entries(run))

    async def at(self, connection: Any, seq: int) -> Registry:
        """The registry at a position."""
        nearest = max((one for one in self._held if one <= seq), default=0)
        base = self._held.get(nearest, self._first)
        made = await registry_until(connection, base, seq)
        return base if made.seq == base.seq else self._keep(made)

    def _keep(self, made: Registry) -> Registry:
        self._held[made.seq] = made
        while len(self._held) > _REGISTRIES:
            del self._held[min(self._held)]
        return made


class Partition:
    """One assigned partition."""

    def __init__(self, log: PartitionLog, routes: Routes, registries: Registries) -> None:
        self.number: int = log.partition.partition
        self.log = log
        self._routes, self._registries = routes, registries
        self._engine: Engine | None = None
        self._stored = (-1, -1)
        """Position and offset as the table has them; the topic may begin later by now."""

    async def start(self, connection: Any, row: store.PartitionRow) -> None:
        """Take up where the row says; what was held stays when nobody else was there meanwhile."""
        at = self.log.at
        if self._engine is None or self._stored != (row.seq, row.next_offset):
            self._stored = (row.seq, row.next_offset)
            at = Piece(at.epoch, row.seq, 0, row.next_offset)
            await self._routes.remember(connection, row.seq)
            registry = await self._registries.at(connection, row.seq)
            self._engine = Engine(
                registry, self._routes.chains.node, self._owns, self.number == 0,
                self._registries.fold,
            )  # fmt: skip
            past = self._routes.amendments(self.number, row.seq)
            self._engine.remember(past, row.seq)
        self.log.go(at)

    async def step(self, connection: Any, now: dt.datetime) -> bool:
        """Score what was fetched, or a part of it; True when there was something.

        Raises Fenced when another scorer has moved the position.
        """
        if not self.log.waiting or self._engine is None:
            return False
        piece = self.log.take(AT_ONCE)
        for entry in piece.entries:
            self._routes.homes.learn(entry)
        await self._routes.find(connection, piece.entries)
        effects = self._engine.apply(piece.entries) if piece.entries else Effects()
        topic = self.log.partition.topic
        step = store.Step(self.number, topic, self._stored, piece, effects)
        try:
            await store.write_step(connection, step, now)
        except BaseException:
            # The engine has seen what is not written.
            self._engine = None
            raise
        self.log.taken(piece)
        self._stored = (piece.seq, piece.next_offset)
        return True

    def _owns(self, unit: str) -> bool:
        return self._routes.route.of_key(self._routes.homes.of(unit)) == self.number
