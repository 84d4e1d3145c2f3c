"""From entries of the log to effects: what to store, whose answers move. Pure.

One engine serves the scorer, `verify` and the tests. It applies entries in the log's order and
returns effects as data; the shell writes them all in one transaction with the new position.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chitieu.places import place_key
from chitieu.ports import Entry
from chitieu.registry import Registry
from chitieu.reports import RATE, TASK, Report, read, reports_of
from chitieu.standing import Change, Identity, Node, Standing

EVERYWHERE = "*"
BY_ITEM = (RATE, TASK)
REGISTRY_KINDS = ("unit", "catalogue", "condition", "waiver", "closing")


@dataclass(frozen=True, slots=True)
class StandingChange:
    """A change and the entry that made it."""

    change: Change
    at_seq: int
    at_known: int


@dataclass
class Touched:
    """What moved for one place: metrics and items, or everything when its registry did."""

    metrics: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    every_item: bool = False
    all: bool = False

    def add(self, other: Touched) -> None:
        """Both."""
        self.metrics |= other.metrics
        self.items |= other.items
        self.every_item = self.every_item or other.every_item
        self.all = self.all or other.all


@dataclass
class Effects:
    """All that a run of entries causes."""

    seq: int = 0
    known: int = 0
    reports: list[Report] = field(default_factory=list)
    standing: list[StandingChange] = field(default_factory=list)
    positions: list[tuple[str, int]] = field(default_factory=list)
    # Known time of the newest position that concerns each place: its results are pinned to it.
    known_of: dict[str, int] = field(default_factory=dict)
    touched: defaultdict[str, Touched] = field(default_factory=lambda: defaultdict(Touched))


def node_of(entry: Entry) -> Node:
    """What standing needs of an event entry."""
    assert entry.time is not None  # CHECKs of the table and ingest refuse all three
    assert entry.event_id is not None
    assert entry.source is not None
    return Node(
        identity=identity_of(entry),
        seq=entry.seq,
        unit=entry.subject or "",
        metric=read(entry.body)["metric"],
        sent=(entry.time, entry.source.encode(), entry.event_id.encode()),
        corrects=entry.corrects,
    )


def identity_of(entry: Entry) -> Identity:
    """Sender, source and id of an event entry."""
    return Identity(entry.organisation or 0, entry.source or "", entry.event_id or "")


def named_by(entry: Entry) -> Identity | None:
    """The event that an amendment names."""
    if entry.kind == "retraction":
        body = json.loads(entry.body)
        return Identity(entry.organisation or 0, body["source"], body["id"])
    if entry.kind == "event" and entry.corrects is not None:
        return Identity(entry.organisation or 0, entry.source or "", entry.corrects)
    return None


def pinned_known(known_of: Mapping[str, int], key: str) -> int:
    """Known time of the newest position that concerns a place or is a catalogue version."""
    return max(known_of.get(key, 0), known_of.get(EVERYWHERE, 0))


def known_places(registry: Registry) -> list[str]:
    """Keys of the places with registered units or a plan, their own or one they took over."""
    units = registry.reporting.values()
    found = {place_key(place) for unit in units for place in registry.places_of(unit)}
    places, catalogue = registry.places, registry.catalogue
    for plan in catalogue.plans.values() if catalogue else ():
        bearer = places.bearing(plan.place, plan.place_on) if plan.place else None
        if bearer is not None:
            found |= {place_key(one) for one in (bearer, *places.lineage(bearer).after)}
    return sorted(found)


class Engine:
    """Holds the registry and the amendments; `find` brings events that an amendment names.

    Of several engines that share a log each writes only what befalls the units that it `owns`, and
    one of them, that `leads`, what befalls the registry. `fold` is `Registry.with_entries`, or what
    gives the same from what another one has folded.
    """

    def __init__(
        self,
        registry: Registry,
        find: Callable[[Identity], Node | None],
        owns: Callable[[str], bool] = lambda _: True,
        leads: bool = True,
        fold: Callable[[Registry, Iterable[Entry]], Registry] = Registry.with_entries,
    ) -> None:
        self.registry = registry
        self._fold = fold
        self.standing = Standing()
        self._find, self._owns, self._leads = find, owns, leads

    def remember(self, entries: Iterable[Entry], until: int) -> None:
        """Take the amendments up to a position without effects (a restart).

        What they name may have come after them, so it is looked for up to that position.
        """
        for entry in entries:
            self._amend(entry, until)

    def offer(self, entry: Entry, found: dict[Identity, Node]) -> None:
        """Let an event of the running batch be found by amendments that follow it."""
        found.setdefault(identity_of(entry), node_of(entry))

    def apply(self, entries: Sequence[Entry]) -> Effects:
        """The effects of entries that follow what was applied before."""
        effects = Effects()
        run: dict[str, Entry] = {}
        for entry in entries:
            effects.seq, effects.known = entry.seq, entry.known
            unit = json.loads(entry.body) if entry.kind == "unit" else None
            if unit is None or unit["code"] in run or self._renamed(unit):
                self._register(run, effects)
                run = {}
            if unit is not None and not self._renamed(unit):
                run[unit["code"]] = entry
            elif entry.kind in REGISTRY_KINDS:
                self._register({"": entry}, effects)
            else:
                self._report(entry, effects)
        self._register(run, effects)
        return effects

    def _renamed(self, unit: dict[str, Any]) -> bool:
        """Whether an entry about a unit may concern another unit too."""
        return bool(unit["attributes"].get("succeeds")) or unit["code"] in self.registry.renamed

    def _register(self, run: dict[str, Entry], effects: Effects) -> None:
        """Apply entries of which none bears on what another one concerns: at once, for speed."""
        if not run:
            return
        before = self.registry
        self.registry = self._fold(before, run.values())
        for entry in run.values() if self._leads else ():
            for key in sorted(self._concerned(entry, before)):
                effects.positions.append((key, entry.seq))
                effects.known_of[key] = entry.known
                effects.touched[key].all = True

    def _concerned(self, entry: Entry, before: Registry) -> set[str]:
        """Place keys whose answers a registry entry can change."""
        if entry.kind == "catalogue":
            return {EVERYWHERE}
        body = json.loads(entry.body)
        if entry.kind == "unit":
            # Also what it is joined with by `succeeds`, before and after.
            then = ((each, each.unit_of(body["code"])) for each in (self.registry, before))
            return {
                place_key(place) for each, unit in then if unit for place in each.places_of(unit)
            }
        if entry.kind == "waiver":
            known = self.registry.unit_of(body["unit"])
            return {place_key(p) for p in self.registry.places_of(known)} if known else set()
        if entry.kind == "closing":
            return {body["place"]}
        catalogue = self.registry.catalogue
        target = catalogue.targets.get(body["target"]) if catalogue else None
        if target is None or target.plan.place is None:
            return {EVERYWHERE}
        places = self.registry.places
        place = places.bearing(target.plan.place, target.plan.place_on)
        if place is None:
            return {EVERYWHERE}
        # Its successors show it too.
        return {place_key(one) for one in (place, *places.lineage(place).after)}

    def _report(self, entry: Entry, effects: Effects) -> None:
        own = entry.kind == "event" and self._owns(entry.subject or "")
        reports = reports_of(entry) if own else []
        effects.reports += reports
        changes = [change for change in self._amend(entry) if self._owns(change.unit)]
        effects.standing += [StandingChange(c, entry.seq, entry.known) for c in changes]
        units = {report.unit for report in reports}
        metrics = {report.metric for report in reports}
        items = {report.item for report in reports}
        # A correction may take a figure away from another unit, even of another province.
        units |= {change.unit for change in changes}
        metrics |= {change.metric for change in changes}
        keys: set[str] = set()
        for code in units:
            unit = self.registry.unit_of(code)
            keys.update(self.registry.keys_of(unit) if unit else ())
        for key in sorted(keys):
            effects.positions.append((key, entry.seq))
            effects.known_of[key] = entry.known
            touched = effects.touched[key]
            touched.metrics |= metrics
            touched.items |= items
            # The items of what fell are not at hand here; such amendments are rare.
            touched.every_item = touched.every_item or any(c.metric in BY_ITEM for c in changes)

    def _amend(self, entry: Entry, until: int | None = None) -> list[Change]:
        standing = self.standing
        named = named_by(entry)
        if named is not None and not standing.knows(named):
            found = self._find(named)
            if found is not None and found.seq < (entry.seq if until is None else until + 1):
                standing.add(found)
        if entry.kind == "retraction":
            assert named is not None  # a retraction always names
            return standing.retract(named)
        if named is not None or standing.is_named(identity_of(entry)):
            return standing.add(node_of(entry))
        return []
