"""What a result rests on: which targets, units and entries of the log decide it. Pure.

Rather too much than too little: a report that does not count belongs to it as well, because that
is part of the proof, and so does the register of the whole province where a scope is a predicate,
because it proves that no unit was left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chitieu.ports import Entry
from chitieu.registry import Registry
from chitieu.reports import RATE, TASK, Report
from chitieu.scoring.asked import asked_of
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.world import World
from chitieu.units import Unit

# Kinds of entries that are about a target or a unit, besides reports and the units themselves.
OTHER_KINDS = ("condition", "waiver")


@dataclass(frozen=True)
class Basis:
    """What decides one result. `seqs` are positions of reports and of unit versions."""

    family: tuple[str, ...]
    units: frozenset[str]
    place_units: frozenset[str]
    seqs: tuple[int, ...]

    def shows(self, unit: str | None) -> bool:
        """Whether who may see the province may see this unit's reports."""
        return unit in self.place_units or unit in self.units

    def private_units(self, registry: Registry) -> frozenset[str]:
        """Whose attributes and reports it shows; areas themselves are public."""
        return frozenset(
            code for code in self.units if code in registry.units
            and not _is_area(registry.units[code])
        )  # fmt: skip

    def concerns(self, entry: Entry) -> bool:
        """Whether an entry of another kind speaks of one of its targets or units."""
        body: dict[str, Any] = json.loads(entry.body)
        names = {entry.subject, body.get("target"), body.get("unit"), body.get("code")}
        return bool(names & {*self.family, *self.units})


def family_of(registry: Registry, target: str) -> tuple[str, ...]:
    """The target, and all that decide whether it binds: of its indicator, and joined with it."""
    assert registry.catalogue is not None  # a target comes from one
    targets, indicators = registry.catalogue.targets, registry.catalogue.indicators
    found, ahead = {target}, [target]
    while ahead:
        name = ahead.pop()
        near = set(registry.joined.get(name, ()))
        indicator = targets[name].indicator
        # Tasks share one indicator and are compared with those of the same duty alone.
        if indicators[indicator].formula not in ("task", "duty"):
            near |= set(registry.of_indicator[indicator])
        ahead += near - found
        found |= near
    return tuple(name for name in targets if name in found)


def basis_of(outcome: Outcome) -> Basis:
    """All that an outcome rests on, in the world it was evaluated in."""
    world, asked = outcome.world, outcome.asked
    registry = world.registry
    family = family_of(registry, asked.id)
    here = {one.id: one for one in asked_of(registry, asked.place) if one.id in family}
    placed = registry.units_ever_in(asked.place)
    named = {code for one in here.values() for code in one.target.scope.units}
    if all(one.target.scope.units for one in here.values()):
        units = [u for u in placed if not named.isdisjoint(u.codes) or _is_area(u)]
    else:
        units = list(placed)
    parts = {one.target.scope.place for one in here.values()}
    also = (registry.unit_of(code) for code in sorted(named | {p for p in parts if p}))
    units += [unit for unit in also if unit is not None]
    # A unit that got a new code is told under each of its codes.
    codes = {code for unit in units for code in unit.codes if code in registry.units}
    metrics = {one.metric.name for one in here.values() if one.metric is not None}
    items = set(family) | {one.entry.indicator for one in here.values()}
    seqs = {version.seq for code in codes for version in registry.units[code].versions}
    seqs |= {report.seq for report in _reports(world, codes, metrics, items)}
    return Basis(
        family, frozenset(codes), frozenset(code for unit in placed for code in unit.codes),
        tuple(sorted(seqs)),
    )  # fmt: skip


def _is_area(unit: Unit) -> bool:
    return any(version.attributes.get("kind") == "area" for version in unit.versions)


def _reports(world: World, codes: set[str], metrics: set[str], items: set[str]) -> Iterator[Report]:
    """Reports that stand or fell and could speak to the target or to one it is compared with."""
    for report, _ in world.reports.every():
        of_item = report.metric in (RATE, TASK) and report.item in items
        if of_item or (report.unit in codes and report.metric in metrics):
            yield report
