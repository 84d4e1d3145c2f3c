"""Figures: what the units of a scope reported, summed or counted, with who is missing. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from chitieu.catalogue.model import Indicator, Metric
from chitieu.periods import Period, covered, whole_periods
from chitieu.reports import Report
from chitieu.scoring.membership import ALWAYS, Days, counts_in, open_within
from chitieu.scoring.selection import (
    NOTHING,
    LeftOut,
    Selection,
    latest,
    merged_days,
    pooled,
    standing_for,
)
from chitieu.scoring.world import World
from chitieu.units import Unit
from chitieu.waivers import Waiver

ZERO = Decimal(0)
ONE = Decimal(1)
Number = int | Fraction


class Counted(NamedTuple):
    """A report that counts, and what it adds; a unit without one in a share adds to the whole."""

    unit: str
    report: Report | None
    numerator: Decimal
    denominator: Decimal | None


class Missing(NamedTuple):
    """A report that was expected and is not there; `period` empty for a state."""

    unit: str
    period: str


class Waived(NamedTuple):
    """A report that is not expected, by waivers; `period` empty for a state or the whole window."""

    unit: str
    period: str
    waivers: tuple[Waiver, ...]


@dataclass
class Lists:
    """What figures rest on, report by report."""

    counted: list[Counted] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    def add(self, other: Lists) -> None:
        """Both."""
        self.counted += other.counted
        self.left_out += other.left_out
        self.missing += other.missing


class Spoken(NamedTuple):
    """Figures of the same days, of one report or of so many `pieces` together, and whose."""

    units: frozenset[str]
    extent: Period
    part: Number
    whole: Number
    pieces: int


class Heard(NamedTuple):
    """What was reported of which days, and what was expected and is not there."""

    spoken: Sequence[Spoken]
    missing: Sequence[Missing]


class PutOff(NamedTuple):
    """How to make lists, and what is known of them before."""

    make: Callable[[], Lists]
    reports: int
    estimated: bool
    heard: Callable[[], Heard] | None = None  # without making lists


class Figures:
    """A numerator and a denominator with everything needed to explain them.

    Figures of many units come without their lists; these are made when they are first looked at,
    by the same reading of every single unit.
    """

    def __init__(  # noqa: PLR0913 - a record, all by name
        self, numerator: Decimal = ZERO, denominator: Decimal | None = ZERO, *,
        units_expected: int = 0, units_reported: int = 0, expected: int = 0, received: int = 0,
        counted: Iterable[Counted] = (), left_out: Iterable[LeftOut] = (),
        missing: Iterable[Missing] = (),
    ) -> None:  # fmt: skip
        self.numerator, self.denominator = numerator, denominator
        self.units_expected, self.units_reported = units_expected, units_reported
        self.expected, self.received = expected, received
        self.silent, self.compiled = 0, False
        self.disagree: list[tuple[str, Figures, Figures]] = []
        self.waived: list[Waived] = []
        # One value, so that two threads that look at once both see it made or both make it.
        self._held: tuple[Lists, tuple[PutOff, ...]] = (
            Lists(list(counted), list(left_out), list(missing)), ()
        )  # fmt: skip

    def put_off(self, put_off: PutOff) -> None:
        """Lists that are made when they are asked for."""
        lists, later = self._held
        self._held = (lists, (*later, put_off))

    @property
    def held(self) -> tuple[Lists, tuple[PutOff, ...]]:
        """The lists that are made, and those that are not yet."""
        return self._held

    @property
    def lists(self) -> Lists:
        """All of them, made now."""
        lists, later = self._held
        if later:
            lists = Lists(list(lists.counted), list(lists.left_out), list(lists.missing))
            for put_off in later:
                lists.add(put_off.make())
            self._held = (lists, ())
        return lists

    @property
    def counted(self) -> list[Counted]:
        return self.lists.counted

    @counted.setter
    def counted(self, items: list[Counted]) -> None:
        self.lists.counted = items

    @property
    def left_out(self) -> list[LeftOut]:
        return self.lists.left_out

    @left_out.setter
    def left_out(self, items: list[LeftOut]) -> None:
        self.lists.left_out = items

    @property
    def missing(self) -> list[Missing]:
        return self.lists.missing

    @missing.setter
    def missing(self, items: list[Missing]) -> None:
        self.lists.missing = items

    @property
    def reports(self) -> int:
        """How many reports count."""
        lists, later = self._held
        return sum(p.reports for p in later) + sum(1 for c in lists.counted if c.report)

    @property
    def units_waived(self) -> int:
        """Units that owe less than all by a waiver."""
        return len({item.unit for item in self.waived})

    @property
    def estimated(self) -> bool:
        lists, later = self._held
        return any(p.estimated for p in later) or any(
            c.report.estimate for c in lists.counted if c.report
        )

    @property
    def reported(self) -> bool:
        """Anything at all."""
        return self.reports > 0

    def add(self, other: Figures) -> None:
        self.numerator += other.numerator
        if self.denominator is not None and other.denominator is not None:
            self.denominator += other.denominator
        for name in ("units_expected", "units_reported", "expected", "received", "silent"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.compiled = self.compiled or other.compiled
        self.disagree += other.disagree
        self.waived += other.waived
        if self._held[1] or other._held[1]:
            self.put_off(PutOff(lambda: other.lists, other.reports, other.estimated))
        else:
            self._held[0].add(other._held[0])


def _always(_: Unit) -> Days:
    return ALWAYS


@dataclass(frozen=True)
class Question:
    """What is asked of the units: which metric and fields, over which days, as of which day."""

    indicator: Indicator
    metric: Metric
    window: Period
    on: dt.date
    one_period: bool = False  # a maintained target's period: a longer report may stand for it
    days: Callable[[Unit], Days] = _always  # on which a unit is in scope

    @property
    def is_latest(self) -> bool:
        return self.metric.form != "period"

    @cached_property
    def group(self) -> str:
        """The field group that carries the indicator's fields."""
        wanted = self.indicator.numerator
        for group in self.metric.groups:
            if wanted is None or any(f.name == wanted for f in group.fields):
                return group.name
        return "state"

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields that are summed."""
        named = (self.indicator.numerator, self.indicator.denominator)
        return tuple(name for name in named if name is not None)

    @cached_property
    def _optional(self) -> tuple[str, ...]:
        """Summed fields that a report may leave out."""
        optional = {name for group in self.metric.groups for name in group.optional}
        return tuple(name for name in self.fields if name in optional)

    def select(self, world: World, unit: str) -> Selection:
        """Which reports of a unit answer this question."""
        group = world.reports.of_group(unit, self.metric.name, self.group)
        for older in world.registry.older_codes(unit):
            group = [*group, *world.reports.of_group(older, self.metric.name, self.group)]
        if not group:
            return NOTHING
        if self._optional:
            group = [r for r in group if all(r.fields.get(f) is not None for f in self._optional)]
        if self.is_latest:
            return latest(group, self.on)
        if self.one_period:
            return standing_for(group, self.window, self.on)
        return pooled(group, self.window, self.on)

    def in_scope(self, selection: Selection, days: Days) -> Selection:
        """Of what answers, what belongs to the scope: on the last day that a report speaks of."""
        if days is ALWAYS or self.is_latest:
            return selection
        inside, out = [], list(selection.left_out)
        for report in selection.taken:
            if counts_in(days, min(report.extent.last, self.window.last)):
                inside.append(report)
            else:
                out.append(LeftOut(report, "out_of_scope"))
        return Selection(tuple(inside), tuple(out))

    def due_periods(self, world: World) -> list[Period]:
        """Whole periods that have ended and are due by what is known."""
        # The same for every unit that is asked.
        if world.known_day not in self._due:
            within = dt.timedelta(days=self.metric.report_within)
            self._due[world.known_day] = [
                period
                for period in whole_periods(self.metric.cadence, self.window)
                if period.last <= self.on and period.last + within <= world.known_day
            ]
        return self._due[world.known_day]

    @cached_property
    def _due(self) -> dict[dt.date, list[Period]]:
        return {}

    def expected_periods(self, world: World, unit: Unit | None) -> list[Period]:
        """Those of them on a day of which the unit was open and in scope."""
        days = ALWAYS if unit is None else self.days(unit)
        return [
            period for period in self.due_periods(world)
            if unit is None or open_within(unit, days, period.first, period.last)
        ]  # fmt: skip


def unit_sums(world: World, unit: Unit, question: Question, is_area: bool = False) -> Figures:
    """Sums of one unit. An area must cover the window, however long it stands in the register."""
    selection = question.select(world, unit.code)
    days = ALWAYS if is_area else question.days(unit)
    counted = question.in_scope(selection, days)
    numerator, denominator = question.indicator.numerator, question.indicator.denominator
    figures = Figures(denominator=ZERO if denominator else None)
    for report in counted.taken:
        part = report.number(numerator or "")
        whole = report.number(denominator) if denominator else None
        figures.numerator += part
        if figures.denominator is not None and whole is not None:
            figures.denominator += whole
        figures.compiled = figures.compiled or report.compiled
        figures.counted.append(Counted(unit.code, report, part, whole))
    figures.left_out = list(counted.left_out)
    reported = bool(counted.taken)
    figures.units_reported = int(reported)
    window, metric, freed = question.window, question.metric.name, world.registry.freed
    is_open = open_within(unit, days, window.first, window.last)
    nothing = freed(unit, metric, window) if is_open and not is_area else ()
    figures.units_expected = int(reported or (is_open and not nothing))
    if nothing:
        figures.waived.append(Waived(unit.code, "", nothing))
    if question.is_latest or question.metric.cadence == "none":
        owed = 0 if nothing else figures.units_expected
        figures.expected, figures.received = owed, min(owed, int(reported))
        if figures.expected and not reported:
            figures.missing.append(Missing(unit.code, ""))
        return figures
    # What it reported is no silence, whichever scope counts it.
    stretches = merged_days(selection.taken)
    for period in question.expected_periods(world, None if is_area else unit):
        if not is_area and (waivers := freed(unit, metric, period)):
            figures.waived.append(Waived(unit.code, str(period), waivers))
            continue
        figures.expected += 1
        if covered(stretches, period):
            figures.received += 1
        else:
            figures.missing.append(Missing(unit.code, str(period)))
    return figures


def merged(parts: Iterable[Figures], question: Question) -> Figures:
    """The sum of figures."""
    total = Figures(denominator=ZERO if question.indicator.denominator else None)
    for part in parts:
        total.add(part)
    return total
