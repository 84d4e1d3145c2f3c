"""What a target asks on a province: whose figures, over which days, judged when. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from chitieu.catalogue.catalogue import Catalogue, TargetEntry
from chitieu.catalogue.model import Indicator, Metric, Plan, Row, Target
from chitieu.catalogue.scalars import Comparator
from chitieu.periods import Period, containing
from chitieu.places import Place, PlaceKey, place_key
from chitieu.predicates import Test, compile_predicate
from chitieu.registry import Registry
from chitieu.reports import TASK
from chitieu.scoring.membership import ALWAYS, Days, days_of, open_within
from chitieu.units import Unit


@dataclass(frozen=True)
class Asked:
    """A target of a province; `card` is the successor that shows it when the province has ended."""

    registry: Registry
    entry: TargetEntry
    place: Place
    card: Place | None = None

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def target(self) -> Target:
        return self.entry.target

    @property
    def row(self) -> Row:
        return self.entry.row

    @property
    def plan(self) -> Plan:
        return self.entry.plan

    @cached_property
    def catalogue(self) -> Catalogue:
        assert self.registry.catalogue is not None  # a target comes from one
        return self.registry.catalogue

    @cached_property
    def indicator(self) -> Indicator:
        return self.catalogue.indicators[self.entry.indicator]

    @cached_property
    def measured_by(self) -> Indicator:
        """The indicator whose metric units report: the inner one of a share of units meeting it."""
        inner = self.indicator.inner
        return self.catalogue.indicators[inner] if inner else self.indicator

    @cached_property
    def metric(self) -> Metric | None:
        name = self.measured_by.metric
        return self.catalogue.metrics[name] if name else None

    @property
    def reported(self) -> str:
        """The metric that its units report; of a task and a duty, their state."""
        return self.metric.name if self.metric else TASK

    @cached_property
    def joined(self) -> tuple[str, ...]:
        """Ids of the statements of the same duty, itself included."""
        return self.registry.joined.get(self.id, (self.id,))

    @property
    def fulfilled_on(self) -> dt.date | None:
        """Since when its condition is fulfilled; None: not yet, not any more, or it has none."""
        recorded = self.registry.conditions.get(self.id)
        has_one = self.target.condition is not None
        return recorded.fulfilled_on if recorded is not None and has_one else None

    @cached_property
    def same_question(self) -> tuple[str, ...]:
        """Targets of the same indicator, scope, place and window, and all joined statements."""
        mine, same = self._question_of(self.entry), list(self.joined)
        for name in self.registry.of_indicator.get(self.entry.indicator, ()):
            if name not in same and self._question_of(self.catalogue.targets[name]) == mine:
                same.append(name)
        return tuple(same)

    def _question_of(self, entry: TargetEntry) -> tuple[object, ...]:
        plan, scope = entry.plan, entry.target.scope
        place = plan.place and self.registry.places.bearing(plan.place, plan.place_on)
        return (scope.units, scope.where, scope.place, entry.target.window, place)

    @cached_property
    def in_force_from(self) -> dt.date:
        """Its first day in force; with a condition, not before the day it was fulfilled."""
        day = self.target.from_ or self.plan.in_force_from
        return max(day, self.fulfilled_on) if self.fulfilled_on else day

    def waits(self, as_of: dt.date) -> bool:
        """Whether its condition is not known to be fulfilled by a day."""
        since = self.fulfilled_on
        return self.target.condition is not None and (since is None or since > as_of)

    @cached_property
    def judged_on(self) -> dt.date:
        """The last day on which it is judged: due, else the plan's last; own work, its agency's."""
        day = self.target.due or self.plan.last_day
        if self.target.scope.own_work:
            ends = [self.place.valid_to]
            agencies = [unit.closed for unit in self.units(day)]
            if agencies and None not in agencies:
                ends.append(max(end for end in agencies if end is not None))
            day = min([day, *(end for end in ends if end is not None)])
        return day

    @property
    def issuer_ended(self) -> bool:
        """True when the agency ends before the day that was set."""
        return self.judged_on < (self.target.due or self.plan.last_day)

    @property
    def required(self) -> tuple[Comparator | None, Decimal]:
        """What the actual value must meet: of a task or a milestone, all of it."""
        if self.indicator.formula in ("task", "milestone"):
            return ">=", Decimal(100)
        return self.target.comparator, self.target.value or Decimal(0)

    @property
    def window_kind(self) -> str:
        return self.target.window or self.measured_by.window

    @property
    def is_latest(self) -> bool:
        """Whether the latest state or snapshot answers, and nothing is pooled."""
        of_a_day = self.metric is not None and self.metric.form != "period"
        return self.window_kind == "latest" or of_a_day

    def window(self, on: dt.date) -> Period:
        """The days whose figures are pooled on a day."""
        kind = self.window_kind
        if self.is_latest:
            return Period(on, on)
        if kind == "plan_year":
            year = self.plan.year or self.plan.in_force_from.year
            first = dt.date(year, 1, 1)
        else:
            first = containing(kind, on).first
        return Period(min(first, on), on)

    @property
    def asks_all(self) -> bool:
        """True when the scope is all that the indicator concerns in its area."""
        scope = self.target.scope
        return not scope.units and scope.where is None

    def units(self, on: dt.date) -> tuple[Unit, ...]:
        """The units in scope by their attributes on a day, open or not, by code."""
        scope = self.target.scope
        if scope.units:
            named = (self.registry.unit_of(code) for code in scope.units)
            return tuple({unit.code: unit for unit in named if unit is not None}.values())
        test = self._test
        if test is None:
            return ()
        held = min(on, self.place.valid_to) if self.place.valid_to else on
        era = self.registry.era(self.place, held)
        if era not in self._units:
            self._units[era] = tuple(
                unit
                for unit in self.registry.units_in(self.place, held)
                if test(unit.on(held)) and self._in_part(unit, held)
            )
        return self._units[era]

    def open_units(self, on: dt.date) -> tuple[Unit, ...]:
        """Those of them that are open on the day."""
        era = self.registry.era(self.place, on)
        if era not in self._open:
            self._open[era] = tuple(unit for unit in self.units(on) if unit.is_open(on))
        return self._open[era]

    def units_within(self, window: Period, on: dt.date) -> tuple[Unit, ...]:
        """The units in scope on any day of a window that is looked at on a day, by code."""
        now = self.units(on)
        begun = self.place.valid_from
        if self.target.scope.units or self._test is None or (begun is not None and on < begun):
            return now
        changing = self.registry.changing_in(self.place)
        if not changing:
            return now
        were = tuple(unit for unit in changing if self._was_in(unit, window))
        key = (self.registry.era(self.place, on), tuple(unit.code for unit in were))
        if key not in self._within:
            codes = {unit.code for unit in changing}
            found = [*were, *(unit for unit in now if unit.code not in codes)]
            self._within[key] = tuple(sorted(found, key=lambda unit: unit.code))
        return self._within[key]

    @cached_property
    def _within(self) -> dict[tuple[int, tuple[str, ...]], tuple[Unit, ...]]:
        return {}

    def _was_in(self, unit: Unit, window: Period) -> bool:
        days = self.days(unit)
        if len(unit.versions) == 1:  # it closed before the province began
            return open_within(unit, days, window.first, window.last)
        return any(window.meets(stretch) for stretch in days)

    def days(self, unit: Unit) -> Days:
        """The days on which a unit is in scope, open or not."""
        if len(unit.versions) == 1 or self.target.scope.units:
            return ALWAYS
        if unit.code not in self._days:
            found = days_of(self.registry, unit, lambda day: self._holds(unit, day))
            self._days[unit.code] = ALWAYS if found == ALWAYS else found
        return self._days[unit.code]

    def _holds(self, unit: Unit, day: dt.date) -> bool:
        """Whether a unit is in scope on a day, in the province or in one it was made of."""
        held = min(day, self.place.valid_to) if self.place.valid_to else day
        lies_in = self.registry.province_of(unit, held)
        if lies_in is None or lies_in.key not in self._territory or self._test is None:
            return False
        return self._test(unit.on(held)) and self._in_part(unit, held)

    @cached_property
    def _territory(self) -> frozenset[PlaceKey]:
        before = self.registry.places.lineage(self.place).before
        return frozenset((self.place.key, *(earlier.key for earlier in before)))

    @cached_property
    def _days(self) -> dict[str, Days]:
        return {}

    @cached_property
    def _units(self) -> dict[int, tuple[Unit, ...]]:
        return {}

    @cached_property
    def _open(self) -> dict[int, tuple[Unit, ...]]:
        return {}

    @cached_property
    def _speakers(self) -> dict[int, frozenset[str]]:
        return {}

    def speakers(self, on: dt.date) -> frozenset[str]:
        """Codes of the units, and of the areas above them, whose figures can answer it."""
        era = self.registry.era(self.place, on)
        if era not in self._speakers:
            codes = {code for unit in self.units_ever for code in unit.codes}
            if self.asks_all:
                area = self.area(on)
                codes |= {unit.code for unit in self.districts(on)}
                codes |= {area.code} if area else set()
            self._speakers[era] = frozenset(codes)
        return self._speakers[era]

    @cached_property
    def _test(self) -> Test | None:
        """The predicate that says which units are in scope, compiled once."""
        scope = self.target.scope
        predicate = scope.where if scope.where is not None else self.indicator.concerns
        return None if predicate is None else compile_predicate(predicate)

    @cached_property
    def units_ever(self) -> tuple[Unit, ...]:
        """The units that are or were in scope by any of their known attributes."""
        test = self._test
        if self.target.scope.units or test is None:
            return self.units(self.plan.last_day)
        return tuple(
            unit
            for unit in self.registry.units_ever_in(self.place)
            if any(test(version.attributes) for version in unit.versions)
        )

    def _in_part(self, unit: Unit, on: dt.date) -> bool:
        part = self.target.scope.place
        if part is None:
            return True
        code = part.removeprefix("dvhc-")
        # An ended district holds the units that were in it on its last day.
        area = self.registry.units.get(part)
        last = area.closed if area else None
        attributes = unit.on(min(on, last) if last else on)
        return code in (attributes.get("district"), attributes.get("commune"))

    def area(self, on: dt.date) -> Unit | None:
        """The unit that stands for the whole area of the scope, if one is registered."""
        part = self.target.scope.place
        if part is not None:
            return self.registry.units.get(part)
        return next(iter(self.registry.areas(self.place, "province", on)), None)

    def districts(self, on: dt.date) -> Sequence[Unit]:
        """The registered areas one level below the province."""
        if self.target.scope.place is not None:
            return ()
        return self.registry.areas(self.place, "district", on)


def asked_of(registry: Registry, place: Place) -> list[Asked]:
    """Every target that stands on a province's scorecard, in the documents' order."""
    key = place_key(place)
    if key not in registry.answers:
        registry.answers[key] = _asked_of(registry, place)
    made: list[Asked] = registry.answers[key]
    return made


def _asked_of(registry: Registry, place: Place) -> list[Asked]:
    catalogue = registry.catalogue
    if catalogue is None:
        return []
    of_plan = {plan.name: asked_place(registry, plan, place) for plan in catalogue.plans.values()}
    return [
        Asked(registry, entry, own, None if own.key == place.key else place)
        for entry in catalogue.targets.values()
        if (own := of_plan[entry.plan.name]) is not None
    ]


def asked_place(registry: Registry, plan: Plan, place: Place) -> Place | None:
    """The place that a plan on a province's scorecard is asked of; None when it is not on it.

    The province itself, or the one that issued it and was dissolved into this one.
    """
    if plan.place is None:
        return place
    issuer = registry.places.bearing(plan.place, plan.place_on)
    if issuer is None or issuer.key == place.key:
        return issuer
    after = registry.places.lineage(issuer).after if issuer.successors else ()
    return issuer if any(later.key == place.key for later in after) else None
