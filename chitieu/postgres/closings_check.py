"""Make every closing of the log again and compare with the bytes that were published.

What another release of the code made is not made again: its bytes stay as they are, and only their
hash is compared with the log's.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Sequence, Set
from typing import Any, NamedTuple

from chitieu import __version__
from chitieu.closings.document import Making, Moved, document_bytes, moved_since
from chitieu.closings.state import Closing, folded, position_of
from chitieu.places import Place, Places, place_key, place_of
from chitieu.ports import Entry
from chitieu.postgres.closings import stored_document
from chitieu.postgres.entry_facts import load_entry_facts
from chitieu.postgres.log import read_registry_until
from chitieu.registry import Registry
from chitieu.reports import Report
from chitieu.scoring.card import Evaluated, Pin, evaluate_place
from chitieu.scoring.engine import Effects, StandingChange
from chitieu.scoring.movement_json import Between, causes_of
from chitieu.scoring.world import Reports, World

# Besides the empty one. Each is a few megabytes where the units of a country are registered.
REGISTRIES_MAX = 16


class Fault(NamedTuple):
    """A closing whose bytes are not what the log gives; `stored` None: there are none."""

    closing: str
    stored: str | None
    recomputed: str


class Checked(NamedTuple):
    """How many closings there are, how many another release made, and what is wrong."""

    closings: int
    other_code: tuple[str, ...]
    faults: tuple[Fault, ...]


async def check_closings(connection: Any, places: Places, effects: Effects) -> Checked:
    """All closings up to the replayed position; `effects` are those of a replay."""
    entries = await read_registry_until(connection, 0, effects.seq)
    held: dict[str, Closing] = {}
    other: list[str] = []
    faults: list[Fault] = []
    past, made = _Past(places, entries, effects), 0
    for entry in entries:
        if entry.kind != "closing":
            continue
        before, held = held, folded(held, [entry.body])
        for name in held.keys() - before.keys():
            made += 1
            closing = held[name]
            content = await stored_document(connection, closing.sha256)
            stored = None if content is None else hashlib.sha256(content).hexdigest()
            expected = closing.sha256
            if closing.code == __version__:
                expected = hashlib.sha256(
                    await _again(connection, past, closing, before)
                ).hexdigest()
            else:
                other.append(name)
            if not stored == closing.sha256 == expected:
                faults.append(Fault(name, stored, expected))
    return Checked(made, tuple(other), tuple(faults))


class _Past:
    """A replay, looked at as it was at any position: what came later never changes that."""

    def __init__(self, places: Places, entries: Sequence[Entry], effects: Effects) -> None:
        self.places = places
        self._entries = entries
        self._registries = {0: Registry(places)}
        self._reports: defaultdict[str, list[Report]] = defaultdict(list)
        self._standing: defaultdict[str, list[StandingChange]] = defaultdict(list)
        for report in effects.reports:
            self._reports[report.unit].append(report)
        for made in effects.standing:
            self._standing[made.change.unit].append(made)
        # Of each place the reports, and the units that they are of.
        self._held: defaultdict[str, tuple[Reports, set[str]]]
        self._held = defaultdict(lambda: (Reports(), set()))

    def world(self, place: Place, closing: Closing) -> World:
        """What was known at a closing's pair."""
        seq = position_of(closing)
        registry = self._registry_at(seq)
        # What was learned of units since may say that one was never there: by what was known then.
        codes = {code for unit in registry.units_ever_in(place) for code in unit.codes}
        return World(registry, self._of(place, codes).at(seq), closing.known)

    def _of(self, place: Place, codes: Set[str]) -> Reports:
        """The reports about these units and others, held once for all closings of a place."""
        reports, held = self._held[place_key(place)]
        for code in sorted(codes - held):
            for report in self._reports[code]:
                reports.add(report)
            for made in self._standing[code]:
                reports.settle(made.change, made.at_seq, made.at_known)
        held |= codes
        return reports

    def _registry_at(self, seq: int) -> Registry:
        """From the nearest one before; closings come in the log's order, the version before one of
        them not long before."""
        held = self._registries
        if seq not in held:
            base = held[max(at for at in held if at <= seq)]
            held[seq] = base.with_entries(e for e in self._entries if base.seq < e.seq <= seq)
            if len(held) > 1 + REGISTRIES_MAX:
                del held[next(itertools.islice(held, 1, None))]  # the oldest but the empty one
        return held[seq]

    def evaluated(self, place: Place, closing: Closing) -> tuple[World, Evaluated]:
        """The same, evaluated."""
        world = self.world(place, closing)
        pin = Pin(closing.as_of, closing.known, closing.position)
        return world, evaluate_place(world, place, pin)


async def _again(connection: Any, past: _Past, closing: Closing, held: dict[str, Closing]) -> bytes:
    place = place_of(past.places, closing.place)
    assert place is not None  # nothing else can be closed
    world, evaluated = past.evaluated(place, closing)
    previous = held[closing.previous] if closing.previous else None
    moved = None
    if previous is not None:
        _, before = past.evaluated(place, previous)
        found = moved_since(before, evaluated, closing.plan)
        facts = await load_entry_facts(connection, causes_of(found))
        moved = Moved(found, Between(previous.known, closing.known, facts))
    catalogue = world.registry.catalogue
    assert catalogue is not None  # the plan came from it
    return document_bytes(Making(
        closing.id, catalogue.plans[closing.plan], closing.days, closing.version, closing.closed,
        world, evaluated, previous, moved,
    ))  # fmt: skip
