"""Figures: what the units of a scope reported, summed or counted, with who is missing. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NamedTuple

from chitieu.catalogue.model import Indicator, Metric, Target
from chitieu.periods import Period, whole_periods
from chitieu.registry import Unit
from chitieu.reports import Report
from chitieu.scoring.compare import share_meets
from chitieu.scoring.selection import (
    NOTHING,
    LeftOut,
    Selection,
    covered,
    latest,
    merged_days,
    pooled,
    standing_for,
)
from chitieu.scoring.world import World

ZERO = Decimal(0)
ONE = Decimal(1)


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


@dataclass
class Figures:
    """A numerator and a denominator with everything needed to explain them."""

    numerator: Decimal = ZERO
    denominator: Decimal | None = ZERO
    units_expected: int = 0
    units_reported: int = 0
    expected: int = 0
    received: int = 0
    silent: int = 0
    compiled: bool = False
    counted: list[Counted] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    disagree: list[tuple[str, Figures, Figures]] = field(default_factory=list)

    @property
    def estimated(self) -> bool:
        return any(c.report.estimate for c in self.counted if c.report)

    @property
    def reported(self) -> bool:
        """Anything at all."""
        return any(c.report for c in self.counted)

    def add(self, other: Figures) -> None:
        self.numerator += other.numerator
        if self.denominator is not None and other.denominator is not None:
            self.denominator += other.denominator
        for name in ("units_expected", "units_reported", "expected", "received", "silent"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.compiled = self.compiled or other.compiled
        self.counted += other.counted
        self.left_out += other.left_out
        self.missing += other.missing
        self.disagree += other.disagree


@dataclass(frozen=True)
class Question:
    """What is asked of the units: which metric and fields, over which days, as of which day."""

    indicator: Indicator
    metric: Metric
    window: Period
    on: dt.date
    one_period: bool = False  # a maintained target's period: a longer report may stand for it

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
    def _optional(self) -> tuple[str, ...]:
        """Summed fields that a report may leave out."""
        optional = {name for group in self.metric.groups for name in group.optional}
        needed = (self.indicator.numerator, self.indicator.denominator)
        return tuple(name for name in needed if name in optional)

    def select(self, world: World, unit: str) -> Selection:
        """Which reports of a unit answer this question."""
        group = world.reports.of_group(unit, self.metric.name, self.group)
        if not group:
            return NOTHING
        if self._optional:
            group = [
                r for r in group if all(r.fields.get(name) is not None for name in self._optional)
            ]
        if self.is_latest:
            return latest(group, self.on)
        if self.one_period:
            return standing_for(group, self.window, self.on)
        return pooled(group, self.window, self.on)

    def expected_periods(self, world: World, unit: Unit | None) -> list[Period]:
        """Whole periods that have ended, are due by what is known, and in which it was open."""
        within = dt.timedelta(days=self.metric.report_within)
        return [
            period
            for period in whole_periods(self.metric.cadence, self.window)
            if period.last <= self.on
            and period.last + within <= world.known_day
            and (unit is None or unit.open_within(period.first, period.last))
        ]


def unit_sums(world: World, unit: Unit, question: Question, is_area: bool = False) -> Figures:
    """Sums of one unit. An area must cover the window, however long it stands in the register."""
    selection = question.select(world, unit.code)
    numerator, denominator = question.indicator.numerator, question.indicator.denominator
    figures = Figures(denominator=ZERO if denominator else None)
    for report in selection.taken:
        part = report.number(numerator or "")
        whole = report.number(denominator) if denominator else None
        figures.numerator += part
        if figures.denominator is not None and whole is not None:
            figures.denominator += whole
        figures.compiled = figures.compiled or report.compiled
        figures.counted.append(Counted(unit.code, report, part, whole))
    figures.left_out = list(selection.left_out)
    reported = bool(selection.taken)
    figures.units_reported = int(reported)
    window = question.window
    figures.units_expected = int(reported or unit.open_within(window.first, window.last))
    if question.is_latest or question.metric.cadence == "none":
        figures.expected, figures.received = figures.units_expected, int(reported)
        if figures.expected and not reported:
            figures.missing.append(Missing(unit.code, ""))
        return figures
    stretches = merged_days(selection.taken)
    for period in question.expected_periods(world, None if is_area else unit):
        figures.expected += 1
        if covered(stretches, period):
            figures.received += 1
        else:
            figures.missing.append(Missing(unit.code, str(period)))
    return figures


def _merged(parts: Iterable[Figures], question: Question) -> Figures:
    total = Figures(denominator=ZERO if question.indicator.denominator else None)
    for part in parts:
        total.add(part)
    return total


def area_sums(
    world: World, area: Unit | None, units: Sequence[Unit], areas: Sequence[Unit],
    question: Question,
) -> Figures:  # fmt: skip
    """Sums of the units of an area, or the area's own figure: never both.

    `areas` are the registered areas one level down; those with a figure of their own speak for
    their units unless their units speak better. The choice is made once for the window.
    """
    inner: list[Figures] = []
    rest = list(units)
    for smaller in areas:
        if any(unit.code == smaller.code for unit in units):
            continue
        if question.select(world, smaller.code).taken:
            district = smaller.on(question.on).get("district")
            inside = [u for u in rest if u.on(question.on).get("district") == district]
            rest = [u for u in rest if u not in inside]
            inner.append(area_sums(world, smaller, inside, (), question))
    parts = _merged([*inner, *(unit_sums(world, unit, question) for unit in rest)], question)
    if area is None or any(unit.code == area.code for unit in units):
        return parts
    own = unit_sums(world, area, question, is_area=True)
    if not own.counted:
        parts.left_out += own.left_out
        return parts
    whole = own.denominator is None or (parts.denominator or ZERO) >= own.denominator
    kept, dropped, why = (parts, own, "parts_count")
    # Before anything is due every unit must have spoken, or one of them would stand for all.
    everyone = bool(parts.expected) or parts.units_reported == parts.units_expected
    if not (units and not parts.missing and parts.reported and whole and everyone):
        kept, dropped, why = (own, parts, "own_figure_counts")
        # It speaks for its units, for the periods that it covers.
        kept.units_expected = kept.units_reported = max(1, parts.units_expected)
    if dropped.reported and (kept.numerator, kept.denominator) != (
        dropped.numerator, dropped.denominator,
    ):  # fmt: skip
        kept.disagree.append((area.code, own, parts))
    kept.left_out += dropped.left_out
    for counted in dropped.counted:
        if counted.report:
            kept.left_out.append(LeftOut(counted.report, why))  # type: ignore[arg-type]
    return kept


State = Literal["achieved", "not_achieved", "silent", "leaves"]


def _share(units: Sequence[Unit], state_of: Callable[[Unit], tuple[State, Figures]]) -> Figures:
    """Counts units: those achieved of those asked; the silent ones stay in the whole."""
    total = Figures(denominator=ZERO)
    for unit in units:
        state, own = state_of(unit)
        total.left_out += own.left_out
        if state == "leaves":
            total.left_out += [
                LeftOut(c.report, "zero_denominator") for c in own.counted if c.report
            ]
            continue
        reached = ONE if state == "achieved" else ZERO
        total.numerator += reached
        total.denominator = (total.denominator or ZERO) + ONE
        total.units_expected += 1
        total.expected += max(1, own.expected)
        total.received += own.received if own.expected else int(state != "silent")
        total.missing += own.missing
        total.silent += int(state == "silent")
        total.units_reported += int(own.units_reported > 0)
        reports: list[Report | None] = [c.report for c in own.counted if c.report]
        reports = reports or [None]
        for place, report in enumerate(reports):
            first = place == 0
            total.counted.append(
                Counted(unit.code, report, reached if first else ZERO, ONE if first else ZERO)
            )
    return total


def share_of_units(world: World, units: Sequence[Unit], question: Question) -> Figures:
    """Units whose state is achieved, of the units open on the day evaluated on."""
    achieved = question.indicator.achieved

    def state_of(unit: Unit) -> tuple[State, Figures]:
        selection = question.select(world, unit.code)
        own = Figures(units_reported=int(bool(selection.taken)), left_out=list(selection.left_out))
        if not selection.taken:
            own.missing.append(Missing(unit.code, ""))
            return "silent", own
        own.counted = [Counted(unit.code, r, ZERO, ZERO) for r in selection.taken]
        holds = achieved is not None and all(
            _is_achieved(r.fields, achieved.states, achieved.flags) for r in selection.taken
        )
        return ("achieved" if holds else "not_achieved"), own

    return _share([u for u in units if u.is_open(question.on)], state_of)


def _is_achieved(fields: Any, states: Sequence[str], flags: Sequence[str]) -> bool:
    return (not states or fields.get("state") in states) and all(
        fields.get(flag) is True for flag in flags
    )


def share_meeting(
    world: World, units: Sequence[Unit], question: Question, target: Target
) -> Figures:
    """Units whose own ratio meets `target.each`; one without a denominator leaves the share."""
    each = target.each

    def state_of(unit: Unit) -> tuple[State, Figures]:
        own = unit_sums(world, unit, question)
        enough = not own.expected or (
            Decimal(own.received) >= question.indicator.min_reported * own.expected
        )
        if not own.counted or not enough:
            return "silent", own
        if not own.denominator:
            return "leaves", own
        assert each is not None  # the catalogue check refuses a share_meeting without it
        holds = share_meets(own.numerator, own.denominator, each.comparator, each.value)
        return ("achieved" if holds else "not_achieved"), own

    return _share([u for u in units if u.is_open(question.on)], state_of)


def done_by(units: Sequence[Unit], reports: Sequence[Report], on: dt.date) -> Figures:
    """Units that reported a task of theirs done on or before a day (duty)."""

    def state_of(unit: Unit) -> tuple[State, Figures]:
        selection = latest((r for r in reports if r.unit == unit.code), on)
        own = Figures(units_reported=int(bool(selection.taken)), left_out=list(selection.left_out))
        if not selection.taken:
            own.missing.append(Missing(unit.code, ""))
            return "silent", own
        newest = max(selection.taken, key=lambda r: (r.first, r.rank))
        own.counted = [Counted(unit.code, newest, ZERO, ZERO)]
        return ("achieved" if newest.fields["state"] == "done" else "not_achieved"), own

    return _share([u for u in units if u.is_open(on)], state_of)
