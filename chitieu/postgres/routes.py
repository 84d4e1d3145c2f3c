"""What routing has to know of the log so far: where units are at home, who amends what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chitieu.kafka.routing import Chains, Homes, Partitioner, Route
from chitieu.places import Places
from chitieu.ports import Entry
from chitieu.postgres.log import SELECT_ENTRIES, from_row
from chitieu.postgres.scoring_store import find_nodes

_UNITS = (
    SELECT_ENTRIES + " WHERE e.kind = 'unit' AND l.first_seq + e.idx > $1"
    " AND l.first_seq + e.idx <= $2 ORDER BY 1"
)
_AMENDMENTS = (
    SELECT_ENTRIES + " WHERE (e.kind = 'retraction' OR e.corrects IS NOT NULL)"
    " AND l.first_seq + e.idx > $1 AND l.first_seq + e.idx <= $2 ORDER BY 1"
)


class Routes:
    """A route that follows the log, and the amendments of each partition so far."""

    def __init__(self, places: Places, partitioner: Partitioner, count: int) -> None:
        self.homes, self.chains = Homes(places), Chains()
        self.route = Route(self.homes, self.chains, partitioner, count)
        self.seq = 0
        self._amendments: list[list[Entry]] = [[] for _ in range(count)]

    async def remember(self, connection: Any, until: int) -> None:
        """Everything up to a position that routing asks for, from what was remembered on."""
        if until <= self.seq:
            return
        for row in await connection.fetch(_UNITS, self.seq, until):
            self.homes.learn(from_row(row))
        entries = [from_row(row) for row in await connection.fetch(_AMENDMENTS, self.seq, until)]
        await self.find(connection, entries)
        for entry in entries:
            for partition in self.route.of(entry)[1]:
                self._amendments[partition].append(entry)
        self.seq = until

    async def find(self, connection: Any, entries: Sequence[Entry]) -> None:
        """Bring what amendments among these name, wherever in the log it is placed."""
        self.chains.give(await find_nodes(connection, self.chains.lacks(entries)))

    def amendments(self, partition: int, until: int) -> list[Entry]:
        """The amendments that a partition was sent up to a position, in order."""
        return [entry for entry in self._amendments[partition] if entry.seq <= until]
