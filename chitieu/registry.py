"""What the log says besides reports: units, catalogues, conditions, waivers, closings. Pure.

A `Registry` is the fold of those entries up to a position; `Units` answers for a day. Entries are
folded in order, and an earlier registry is never changed: `with_entries` returns a new one.
"""

from __future__ import annotations

import bisect
import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from chitieu.catalogue.catalogue import Catalogue
from chitieu.closings.state import Closing, folded
from chitieu.periods import ONE_DAY, Period, covered, stretches_of
from chitieu.places import Place, Places, place_key
from chitieu.ports import Entry
from chitieu.unit_codes import by_newest_code
from chitieu.units import Unit, Whereabouts, whereabouts, with_version
from chitieu.waivers import Waiver, Waivers

K = TypeVar("K")
KEPT_MAX = 512


@dataclass(frozen=True, slots=True)
class Condition:
    """The newest that was recorded of a target's condition.

    `fulfilled_on` None: the record before was withdrawn, by this document.
    """

    target: str
    fulfilled_on: dt.date | None
    document: str
    by: str | None
    seq: int
    known: int


@dataclass(frozen=True)
class Registry:
    """The state of the registry at a position."""

    places: Places
    seq: int = 0
    catalogue: Catalogue | None = None
    catalogue_seq: int = 0
    catalogue_known: int = 0
    defined_known: Mapping[str, int] = field(default_factory=dict)  # target id → known time
    units: Mapping[str, Unit] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    waivers: Waivers = field(default_factory=Waivers)
    # What was once found of a unit: units never change, and most are in every later registry.
    found: dict[str, Whereabouts] = field(default_factory=dict, compare=False, repr=False)
    closings: Mapping[str, Closing] = field(default_factory=dict)

    def with_entries(self, entries: Iterable[Entry]) -> Registry:
        """This registry and the entries that follow it, in order."""
        units, conditions = dict(self.units), dict(self.conditions)
        catalogue, at, known, seq = (
            self.catalogue, self.catalogue_seq, self.catalogue_known, self.seq,
        )  # fmt: skip
        defined, waivers, closings = self.defined_known, self.waivers, self.closings
        said: set[str] = set()
        for entry in entries:
            seq = entry.seq
            if entry.kind == "catalogue":
                before, catalogue = catalogue, _catalogue(entry.body)
                at, known = entry.seq, entry.known
                defined = {
                    name: defined[name] if _same(before, catalogue, name) else entry.known
                    for name in catalogue.targets
                }
            elif entry.kind == "unit":
                unit = with_version(units, entry)
                units[unit.code] = unit
                said.add(unit.code)
            elif entry.kind == "condition":
                condition = _condition(entry)
                conditions[condition.target] = condition
            elif entry.kind == "waiver":
                waivers = waivers.with_entry(entry)
            elif entry.kind == "closing":
                closings = folded(closings, [entry.body])
        made = Registry(
            self.places,
            seq,
            catalogue,
            at,
            known,
            defined,
            units,
            conditions,
            waivers,
            self.found,
            closings,
        )
        self._hand_on(made, said)
        return made

    def _hand_on(self, later: Registry, said: Set[str]) -> None:
        """Give a later registry what was found here and holds there, too.

        Only units of these codes are not the same; provinces that none of them is near to, in
        either, keep everything. Not where units got new codes: they are joined with others.
        """
        if 4 * len(said) > len(self.units) or "renamed" not in self.__dict__ or self.renamed:
            return
        units = [later.units[code] for code in said]
        if any(unit.succeeds for unit in units):
            return
        kept = later.__dict__
        kept["renamed"] = self.renamed
        before = [self.units[code] for code in said if code in self.units]
        where = [registry._whereabouts(unit) for registry, some in ((self, before), (later, units))
                 for unit in some]  # fmt: skip
        for name, keys_of in (("_ever", _keys), ("_near", _near)):
            if name in self.__dict__:
                changed = {key for one in where for key in keys_of(one)}
                kept[name] = self.__dict__[name] | {
                    key: tuple(sorted(
                        [u for u in self.__dict__[name].get(key, ()) if u.code not in said]
                        + [u for u in units if key in keys_of(later._whereabouts(u))],
                        key=lambda unit: unit.code,
                    ))
                    for key in changed
                }  # fmt: skip
        moved = {key for one in where for key in (*one.keys, *one.near)}
        for name in ("_turns", "_changing"):
            held = list(getattr(self, name).items())
            kept[name] = {k: v for k, v in held if k not in moved}
        for name in ("_placed", "_areas"):
            held = list(getattr(self, name).items())  # others may add to it now
            kept[name] = {k: v for k, v in held if k[0] not in moved}
        kept["_kept"] = self._kept  # by the units themselves

    def freed(self, unit: Unit, metric: str, days: Period) -> tuple[Waiver, ...]:
        """The waivers by which a unit owes no report of a metric for these days; none: it owes.

        Together they must hold on every one of the days on which it is open, one at least.
        """
        waivers = self.waivers.of_any(unit.codes, metric) if self.waivers.granted else ()
        found = tuple(waiver for waiver in waivers if waiver.days.meets(days))
        if not found:
            return ()
        freed = stretches_of(waiver.days for waiver in found)
        opened = [
            Period(max(days.first, stretch.first), min(days.last, stretch.last))
            for stretch in unit.open_days if stretch.meets(days)
        ]  # fmt: skip
        return found if opened and all(covered(freed, stretch) for stretch in opened) else ()

    @cached_property
    def reporting(self) -> Mapping[str, Unit]:
        """Units by their newest code; one that got a new code is one unit with both histories."""
        return by_newest_code(self.units) if self.renamed else self.units

    @cached_property
    def renamed(self) -> frozenset[str]:
        """The codes that some unit says to have borne before, and of those who say so."""
        said = [unit for unit in self.units.values() if unit.succeeds]
        return frozenset(code for unit in said for code in (unit.code, unit.succeeds) if code)

    def older_codes(self, code: str) -> tuple[str, ...]:
        """The codes that a unit bore before its newest one, the oldest first."""
        unit = None if self.reporting is self.units else self.reporting.get(code)
        return unit.older if unit else ()

    def unit_of(self, code: str) -> Unit | None:
        """The unit that bears or bore a code, with its whole history."""
        return self.reporting.get(code) or self._by_older.get(code)

    @cached_property
    def _by_older(self) -> Mapping[str, Unit]:
        return {code: unit for unit in self.reporting.values() for code in unit.older}

    def province_of(self, unit: Unit, day: dt.date) -> Place | None:
        """The province a unit lies in on a day: what its code meant then, and what followed it."""
        version = unit.version_on(day)
        since = max(version.from_, unit.opened)
        placed = self.places.bearing(version.attributes["province"], since)
        if placed is None:
            return None
        if placed.stands_on(day):
            return placed
        later = self.places.successors_on(placed, day)
        return later[0] if later else placed

    def places_of(self, unit: Unit) -> tuple[Place, ...]:
        """Every province that its reports can concern: where it ever was, and what followed."""
        return self._whereabouts(unit).places

    def keys_of(self, unit: Unit) -> tuple[str, ...]:
        """The keys of these places, in order."""
        return self._whereabouts(unit).keys

    def _whereabouts(self, unit: Unit) -> Whereabouts:
        held = self.found.get(unit.code)
        if held is None or held.unit is not unit:
            held = self.found[unit.code] = whereabouts(self.places, unit)
        return held

    def units_ever_in(self, place: Place) -> tuple[Unit, ...]:
        """Every unit whose reports can concern a province, by code."""
        return self._ever.get(place_key(place), ())

    @cached_property
    def _ever(self) -> Mapping[str, tuple[Unit, ...]]:
        found: dict[str, list[Unit]] = {}
        for _, unit in sorted(self.reporting.items()):
            for key in self._whereabouts(unit).keys:
                found.setdefault(key, []).append(unit)
        return {key: tuple(units) for key, units in found.items()}

    def changing_in(self, place: Place) -> tuple[Unit, ...]:
        """Of those the ones that were said more than once, or closed before it began, by code."""
        key = place_key(place)
        if key not in self._changing:
            begun = place.valid_from
            self._changing[key] = tuple(
                unit for unit in self.units_ever_in(place)
                if len(unit.versions) > 1
                or (begun is not None and not unit.open_within(begun, dt.date.max))
            )  # fmt: skip
        return self._changing[key]

    @cached_property
    def _changing(self) -> dict[str, tuple[Unit, ...]]:
        return {}

    @cached_property
    def joined(self) -> Mapping[str, tuple[str, ...]]:
        """Target id → ids of all statements of the same duty, itself included."""
        return joins(self.catalogue) if self.catalogue else {}

    @cached_property
    def of_indicator(self) -> Mapping[str, tuple[str, ...]]:
        """Indicator → ids of its targets, in document order."""
        found: dict[str, list[str]] = {}
        for name, entry in self.catalogue.targets.items() if self.catalogue else ():
            found.setdefault(entry.indicator, []).append(name)
        return {name: tuple(ids) for name, ids in found.items()}

    def units_in(self, place: Place, day: dt.date) -> tuple[Unit, ...]:
        """Units that lie in a province on a day, open or not, by code; an ended one on its last."""
        held = min(day, place.valid_to) if place.valid_to else day
        key = (place_key(place), self.era(place, held))
        if key not in self._placed:
            self._placed[key] = tuple(
                unit for unit in self._near.get(key[0], ()) if self._lies_in(unit, place, held)
            )
        return self._placed[key]

    def areas(self, place: Place, type_: str, day: dt.date) -> tuple[Unit, ...]:
        """Registered areas of a type that lie in a province on a day, by code."""
        key = (place_key(place), type_, self.era(place, day))
        if key not in self._areas:
            self._areas[key] = tuple(
                unit for unit in self.units_in(place, day)
                if (unit.on(day).get("kind"), unit.on(day).get("type")) == ("area", type_)
            )  # fmt: skip
        return self._areas[key]

    @cached_property
    def _areas(self) -> dict[tuple[str, str, int], tuple[Unit, ...]]:
        return {}

    def _lies_in(self, unit: Unit, place: Place, day: dt.date) -> bool:
        province = self.province_of(unit, day)
        if province is None or province.key != place.key or not province.stands_on(day):
            return False
        # A province that began anew has no units that had closed before.
        begun = province.valid_from
        return begun is None or unit.open_within(begun, dt.date.max)

    @cached_property
    def _near(self) -> Mapping[str, tuple[Unit, ...]]:
        """By province: the units that may lie in it on some day, by code."""
        found: dict[str, list[Unit]] = {}
        for _, unit in sorted(self.reporting.items()):
            for key in self._whereabouts(unit).near:
                found.setdefault(key, []).append(unit)
        return {key: tuple(units) for key, units in found.items()}

    def era(self, place: Place, day: dt.date) -> int:
        """Between two days of one era nothing changes about the units of a province."""
        key = place_key(place)
        if key not in self._turns:
            units = (*self._near.get(key, ()), *self.units_ever_in(place))
            versions = [version for unit in units for version in unit.versions]
            days = {version.from_ for version in versions} | set(self.places.turns)
            days |= {version.closed + ONE_DAY for version in versions if version.closed}
            self._turns[key] = sorted(days)
        return bisect.bisect_right(self._turns[key], day)

    def kept(self, units: Sequence[Unit], make: Callable[[Sequence[Unit]], K]) -> K:
        """What was made of these units before, or make it now."""
        key = (id(units), make)
        held = self._kept.get(key)
        if held is None or held[0] is not units:
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            held = self._kept[key] = (units, make(units))
        made: K = held[1]
        return made

    @cached_property
    def _placed(self) -> dict[tuple[str, int], tuple[Unit, ...]]:
        return {}

    @cached_property
    def _turns(self) -> dict[str, list[dt.date]]:
        return {}

    @cached_property
    def answers(self) -> dict[str, Any]:
        """What `scoring.asked` has made for a province, by place key."""
        return {}

    @cached_property
    def _kept(self) -> dict[Any, Any]:
        return {}


@lru_cache(maxsize=8)
def _catalogue(body: str) -> Catalogue:
    """Read once: registries of many positions have it in common."""
    return Catalogue.from_json(body)


def _keys(one: Whereabouts) -> Collection[str]:
    return one.keys


def _near(one: Whereabouts) -> Collection[str]:
    return one.near


def _same(before: Catalogue | None, after: Catalogue, name: str) -> bool:
    """Whether a target, its row, indicator and metrics are defined as they were."""
    if before is None or name not in before.targets:
        return False
    one, two = before.targets[name], after.targets[name]
    if (one.row, one.target) != (two.row, two.target) or one.plan.name != two.plan.name:
        return False
    old, new = before.indicators.get(one.indicator), after.indicators.get(two.indicator)
    while old is not None and new is not None:
        measured = before.metrics.get(old.metric or ""), after.metrics.get(new.metric or "")
        if old != new or measured[0] != measured[1]:
            return False
        old, new = before.indicators.get(old.inner or ""), after.indicators.get(new.inner or "")
    return old is new


def _condition(entry: Entry) -> Condition:
    body = json.loads(entry.body)
    day = body["fulfilled_on"]
    return Condition(
        body["target"], dt.date.fromisoformat(day) if day else None, body["document"],
        body.get("by"), entry.seq, entry.known,
    )  # fmt: skip


def joins(catalogue: Catalogue) -> Mapping[str, tuple[str, ...]]:
    """Target id → ids of all statements of the same duty, itself included."""
    targets = catalogue.targets
    leader: dict[str, str] = {}

    def root(name: str) -> str:
        while leader.get(name, name) != name:
            name = leader[name]
        return name

    for name, entry in targets.items():
        if entry.target.same_as:
            first, second = root(name), root(entry.target.same_as)
            leader[first] = second
    groups: dict[str, list[str]] = {}
    for name in targets:
        groups.setdefault(root(name), []).append(name)
    return {name: tuple(group) for group in groups.values() for name in group}
