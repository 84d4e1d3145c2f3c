"""To which partitions an entry goes, and who writes what it causes. Pure.

A unit's *home* is the family of the province in which it was first registered: 77, 74 and 79 are
one family, because they became one province. All that is written about a unit is written by its
home's partition, wherever it moves later; the results of a place by the partition of its family.

An amendment also goes where the events that it bears on are at home: what it names, what that
corrects, and so on. When one of them is not there yet nobody knows where it will be at home, so
the amendment goes everywhere. What changes the registry goes everywhere too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from chitieu.places import Place, Places, place_of
from chitieu.ports import Entry
from chitieu.scoring.engine import identity_of, named_by, node_of
from chitieu.standing import Identity, Node

# Of units without a province, and of what is about all of them.
NATIONAL: Final = "vn"
Partitioner = Callable[[str], int]


def family(places: Places, place: Place) -> str:
    """The code of the last place that followed it: the key of its messages."""
    after = [one for one in places.lineage(place).after if not one.successors]
    return min((one.code for one in after), default=place.code)


class Homes:
    """Families by unit code. `learn` the unit entries in the log's order; the first one decides."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._families: dict[str, str] = {}
        self._of: dict[str, str] = {}

    def learn(self, entry: Entry) -> None:
        """A unit entry; others are passed over."""
        if entry.kind == "unit":
            body = json.loads(entry.body)
            if body["code"] not in self._of:
                self._of[body["code"]] = self._family(body)

    def of(self, unit: str | None) -> str:
        """The key of what is about a unit."""
        return self._of.get(unit or "", NATIONAL)

    def _family(self, body: dict[str, object]) -> str:
        attributes = body["attributes"]
        assert isinstance(attributes, dict)  # as every unit entry is written
        code = attributes.get("province")
        return self.of_place(f"{code}@{body['from']}") if code else NATIONAL

    def of_place(self, key: str) -> str:
        """The family of a place key, or of a code on a day written so."""
        found = self._families.get(key)
        if found is None:
            place = place_of(self._places, key)
            found = self._families[key] = NATIONAL if place is None else family(self._places, place)
        return found


class Chains:
    """The amendments and the events that they name, as far as they are placed."""

    def __init__(self) -> None:
        self._nodes: dict[Identity, Node] = {}
        self._awaited: set[Identity] = set()

    def lacks(self, entries: Iterable[Entry]) -> list[Identity]:
        """What these amendments name and was not given."""
        named = (named_by(entry) for entry in entries)
        return [one for one in named if one is not None and one not in self._nodes]

    def give(self, nodes: Mapping[Identity, Node]) -> None:
        """Events that are placed somewhere in the log."""
        for identity, node in nodes.items():
            self._nodes.setdefault(identity, node)

    def node(self, identity: Identity) -> Node | None:
        """An event that amends, or that an amendment names, if it is placed."""
        return self._nodes.get(identity)

    def take(self, entry: Entry) -> None:
        """An entry in the log's order; kept when it amends or is awaited."""
        named = named_by(entry)
        if named is not None and named not in self._nodes:
            self._awaited.add(named)
        if entry.kind == "event":
            identity = identity_of(entry)
            if named is not None or identity in self._awaited:
                self._nodes[identity] = node_of(entry)

    def borne_on(self, entry: Entry) -> list[str] | None:
        """The units of all events whose standing it may change; None: one is not there yet."""
        units: list[str] = []
        named, seen = named_by(entry), set[Identity]()
        while named is not None and named not in seen:
            seen.add(named)
            node = self._nodes.get(named)
            if node is None or node.seq > entry.seq:
                return None
            units.append(node.unit)
            named = (
                None if node.corrects is None
                else Identity(named.organisation, named.source, node.corrects)
            )  # fmt: skip
        return units


class Route:
    """Partitions by key, for a topic with `count` of them."""

    def __init__(self, homes: Homes, chains: Chains, partitioner: Partitioner, count: int) -> None:
        self.count = count
        self._homes, self._chains = homes, chains
        self._partitioner = partitioner
        self._everywhere = tuple(range(count))

    def of_key(self, key: str) -> int:
        """The partition of a family."""
        return self._partitioner(key)

    def of(self, entry: Entry) -> tuple[str | None, tuple[int, ...]]:
        """The key of an entry, and the partitions it goes to. Entries are given in order."""
        self._homes.learn(entry)
        self._chains.take(entry)
        if entry.kind not in ("event", "retraction"):
            return None, self._everywhere
        key = self._homes.of(entry.subject)
        if named_by(entry) is None:
            return key, (self.of_key(key),)
        units = self._chains.borne_on(entry)
        if units is None:
            return key, self._everywhere
        if entry.kind == "retraction":
            key = self._homes.of(units[0])
        keys = {key, *(self._homes.of(unit) for unit in units)}
        return key, tuple(sorted({self.of_key(one) for one in keys}))
