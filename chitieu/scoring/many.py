"""Figures of many units at once: the plain ones by columns, the odd ones each by itself. Pure.

What comes out is what `figures` gives unit by unit; a test holds the two against each other. The
lists (which report counts, which does not, who is missing) are made when they are looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from chitieu.catalogue.model import Each, Target
from chitieu.periods import Period
from chitieu.scoring.blocks import Flags, Ints
from chitieu.scoring.columns import MONTHS_MAX, Active, PerUnit
from chitieu.scoring.compare import share_meets
from chitieu.scoring.figures import (
    ZERO,
    Figures,
    Heard,
    Missing,
    PutOff,
    Question,
    Spoken,
    merged,
    unit_sums,
)
from chitieu.scoring.heard import heard as heard_of
from chitieu.scoring.membership import ALWAYS
from chitieu.scoring.shares import share_meeting, share_of_units
from chitieu.scoring.world import World
from chitieu.units import Unit

# Under so many units the columns gain nothing.
FEW = 8
FAR = dt.date.max.toordinal()


@dataclass(frozen=True)
class Openings:
    """When units are open, as ordinals; `odd` ones opened and closed more than once."""

    units: Sequence[Unit]
    opened: Ints
    closed: Ints
    odd: Flags
    changing: tuple[int, ...]  # which of them were not the same all the time

    @classmethod
    def of(cls, units: Sequence[Unit]) -> Openings:
        """Of units in their order."""
        opened = [unit.opened.toordinal() for unit in units]
        closed = [unit.closed.toordinal() if unit.closed else FAR for unit in units]
        odd = [_reopened(unit) for unit in units]
        changing = tuple(at for at, unit in enumerate(units) if len(unit.versions) > 1)
        return cls(units, np.array(opened), np.array(closed), np.array(odd, np.bool_), changing)

    def within(self, period: Period) -> Flags:
        """Those open on any of these days."""
        first, last = period.first.toordinal(), period.last.toordinal()
        return (self.opened <= last) & (self.closed >= first)


def _reopened(unit: Unit) -> bool:
    versions = unit.versions
    last = versions[-1]
    return any(version.closed for version in versions[:-1]) or bool(
        last.closed and last.closed < last.from_
    )


class Many:
    """What the units of a question reported, each by its place among `units`."""

    def __init__(self, world: World, units: Sequence[Unit], question: Question) -> None:
        self.world, self.units, self.question = world, units, question
        self.active: Active = world.reports.active(question.metric.name, question.group)
        self.openings = world.registry.kept(units, Openings.of)
        self.at = self.active.columns.places(units)
        on = question.on.toordinal()
        self.per: PerUnit
        if question.is_latest:
            self.per = self.active.latest(on, question.fields)
        else:
            self.per = self.active.pooled(question.window, on, question.fields)
        self.count = self.of(self.per.count)
        self.odd = self.of(self.per.odd) | self.openings.odd
        # By a waiver a unit owes less than its days say.
        freed = world.registry.waivers.units_of(question.metric.name)
        if freed:
            waived = [not freed.isdisjoint(unit.codes) for unit in units]
            self.odd = self.odd | np.array(waived, np.bool_)
        for at in self.openings.changing:
            # In scope on some days only, or with reports under another code.
            partly = question.days(units[at]) is not ALWAYS
            self.odd[at] = self.odd[at] or partly or bool(units[at].older)
        if self.active.beyond:
            beyond = [unit.code in self.active.beyond for unit in units]
            self.odd = self.odd | np.array(beyond, np.bool_)

    def of(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values by column as values by unit."""
        return np.append(values, values.dtype.type(0))[self.at]

    def sums(self, name: str) -> Ints:
        """A field's sum, by unit."""
        return self.of(self.per.sums[name])

    def owed(self) -> Iterator[tuple[Period, Flags, Flags]]:
        """Each due period: of whom it is expected, and who covered it."""
        question = self.question
        months = self.of(self.per.months)
        begin = question.window.first
        for period in question.due_periods(self.world):
            shift = 12 * (period.first.year - begin.year) + period.first.month - begin.month
            count = 12 * (period.last.year - period.first.year) + 1
            count += period.last.month - period.first.month
            bits = np.int64(((1 << count) - 1) << shift)
            yield period, self.openings.within(period), (months & bits) == bits

    def expected(self) -> tuple[Ints, Ints]:
        """How many periods are expected of each unit, and how many of these it covered."""
        expected = np.zeros(len(self.units), np.int64)
        received = np.zeros(len(self.units), np.int64)
        for _, wanted, covered in self.owed():
            expected += wanted
            received += wanted & covered
        return expected, received

    def heard(self, plain: Flags) -> Heard:
        """What plain units reported of which days, and what they did not; their reports never
        meet, so none is cut."""
        columns, indicator = self.active.columns, self.question.indicator
        counts = np.zeros(len(columns.codes) + 1, np.bool_)
        counts[self.at[plain]] = True
        rows = self.per.winners[counts[columns.unit[self.per.winners]]]
        part = columns.field(indicator.numerator or "")[0][rows]
        whole = columns.field(indicator.denominator)[0][rows] if indicator.denominator else part * 0
        codes, unit = list(columns.codes), columns.unit[rows]
        extents = np.stack((columns.first[rows], columns.last[rows]))
        spoken = []
        for first, last in np.unique(extents, axis=1).T.tolist():
            same = (extents[0] == first) & (extents[1] == last)
            days = Period(dt.date.fromordinal(first), dt.date.fromordinal(last))
            whose = frozenset(codes[at] for at in unit[same].tolist())
            sums = sum(part[same].tolist()), sum(whole[same].tolist())
            spoken.append(Spoken(whose, days, *sums, int(same.sum())))
        missing = []
        for period, wanted, covered in self.owed():
            text, silent = str(period), np.flatnonzero(plain & wanted & ~covered).tolist()
            missing += [Missing(self.units[at].code, text) for at in silent]
        return Heard(spoken, missing)


def _plain(units: Sequence[Unit], question: Question) -> bool:
    """Whether columns can answer: enough units, a window of not too many months."""
    window = question.window
    months = 12 * (window.last.year - window.first.year) + 12
    return (
        len(units) >= FEW
        and question.metric.cadence != "day"
        and (question.is_latest or months <= MONTHS_MAX)
    )


def _total(values: Ints) -> Decimal:
    """Exactly: a sum over many units may need more than 64 bits."""
    return Decimal(sum(values.tolist()))


def parts_of(world: World, units: Sequence[Unit], question: Question) -> Figures:
    """Sums of units: as `unit_sums` of each, added."""

    def one_by_one(some: Iterable[Unit]) -> Figures:
        return merged((unit_sums(world, unit, question) for unit in some), question)

    if not _plain(units, question):
        return one_by_one(units)
    many = Many(world, units, question)
    odd = many.odd
    if question.one_period and not question.is_latest:
        _, received = many.expected()
        # What is not wholly covered may be stood for by a longer report.
        whole = (received > 0) | ~many.of(many.active.longer(question.window, _on(question)))
        odd = odd | ~whole
    figures = one_by_one(unit for unit, is_odd in zip(units, odd.tolist(), strict=True) if is_odd)
    _add_plain(figures, many, ~odd)
    plain_reports = int(many.count[~odd].sum())
    estimated = bool(many.of(many.per.estimate)[~odd].any())
    # The lists are made anew, of all units in their order.
    total = Figures(figures.numerator, figures.denominator)
    for name in ("units_expected", "units_reported", "expected", "received", "compiled"):
        setattr(total, name, getattr(figures, name))
    total.waived = figures.waived

    def heard() -> Heard:
        alone, together = heard_of(figures, question.indicator), many.heard(~odd)
        return Heard(
            [*alone.spoken, *together.spoken], [*alone.missing, *together.missing]
        )  # fmt: skip

    total.put_off(PutOff(
        lambda: one_by_one(units).lists, figures.reports + plain_reports,
        figures.estimated or estimated, heard,
    ))  # fmt: skip
    return total


def _on(question: Question) -> int:
    return question.on.toordinal()


def _add_plain(figures: Figures, many: Many, plain: Flags) -> None:
    """Add what the plain units reported."""
    question = many.question
    numerator, denominator = question.indicator.numerator, question.indicator.denominator
    figures.numerator += _total(many.sums(numerator or "")[plain])
    if denominator and figures.denominator is not None:
        figures.denominator += _total(many.sums(denominator)[plain])
    reported = (many.count > 0) & plain
    asked = (reported | many.openings.within(question.window)) & plain
    figures.units_reported += int(reported.sum())
    figures.units_expected += int(asked.sum())
    figures.compiled = figures.compiled or bool(many.of(many.per.compiled)[plain].any())
    if question.is_latest or question.metric.cadence == "none":
        figures.expected += int(asked.sum())
        figures.received += int(reported.sum())
    else:
        expected, received = many.expected()
        figures.expected += int(expected[plain].sum())
        figures.received += int(received[plain].sum())


def share_of(world: World, units: Sequence[Unit], question: Question) -> Figures:
    """As `share_of_units`."""
    if not _plain(units, question) or not question.is_latest:
        return share_of_units(world, units, question)
    many = Many(world, units, question)
    day = Period(question.on, question.on)
    odd = many.odd
    left = [unit for unit, is_odd in zip(units, odd.tolist(), strict=True) if is_odd]
    figures = share_of_units(world, left, question)
    plain = many.openings.within(day) & ~odd
    achieved = question.indicator.achieved
    mark = many.active.columns.achieved(
        achieved.states if achieved else (), achieved.flags if achieved else ()
    )
    holds = many.of(many.active.every(many.per, mark)) & bool(achieved)
    spoke = (many.count > 0) & plain
    asked = int(plain.sum())
    total = _with(figures, asked, int((holds & plain).sum()), asked - int(spoke.sum()))
    total.expected, total.received = figures.expected + asked, figures.received + int(spoke.sum())
    total.units_reported = figures.units_reported + int(spoke.sum())
    total.put_off(PutOff(
        lambda: share_of_units(world, units, question).lists,
        figures.reports + int(many.count[plain].sum()),
        figures.estimated or bool(many.of(many.per.estimate)[plain].any()),
    ))  # fmt: skip
    return total


def _with(figures: Figures, units: int, achieved: int, silent: int) -> Figures:
    """A share with so many more units in it."""
    total = Figures(
        figures.numerator + achieved, (figures.denominator or ZERO) + units,
        units_expected=figures.units_expected + units,
    )  # fmt: skip
    total.silent = figures.silent + silent
    total.waived = figures.waived
    return total


def share_meeting_of(
    world: World, units: Sequence[Unit], question: Question, target: Target
) -> Figures:
    """As `share_meeting`."""
    each = target.each
    denominator = question.indicator.denominator
    plainly = _plain(units, question) and not question.is_latest and not question.one_period
    if not plainly or each is None or denominator is None or question.metric.cadence == "none":
        return share_meeting(world, units, question, target)
    many = Many(world, units, question)
    left = [unit for unit, is_odd in zip(units, many.odd.tolist(), strict=True) if is_odd]
    figures = share_meeting(world, left, question, target)
    expected, received = many.expected()
    parts, wholes = many.sums(question.indicator.numerator or ""), many.sums(denominator)
    plain = many.openings.within(Period(question.on, question.on)) & ~many.odd
    count, part, whole, wanted, got, estimate = (
        values[plain] for values in
        (many.count, parts, wholes, expected, received, many.of(many.per.estimate))
    )  # fmt: skip
    most = int(wanted.max(initial=0))
    enough = got >= np.array([_least(question, n) for n in range(most + 1)], np.int64)[wanted]
    silent = (count == 0) | ~enough
    stays = silent | (whole != 0)
    reached = ~silent & stays & _each_meets(part, whole, each)
    total = _with(figures, int(stays.sum()), int(reached.sum()), int(silent.sum()))
    total.expected = figures.expected + int(np.maximum(1, wanted)[stays].sum())
    total.received = figures.received + int(np.where(wanted > 0, got, ~silent)[stays].sum())
    total.units_reported = figures.units_reported + int((count > 0)[stays].sum())
    reports = int(count[stays].sum())
    estimated = figures.estimated or bool(estimate[stays].any())
    total.put_off(PutOff(
        lambda: share_meeting(world, units, question, target).lists,
        figures.reports + reports, estimated,
    ))  # fmt: skip
    return total


def _least(question: Question, expected: int) -> int:
    """How many of the expected periods must be reported."""
    needed = question.indicator.min_reported * expected
    return int(needed.to_integral_value(ROUND_CEILING))


def _each_meets(parts: Ints, wholes: Ints, each: Each) -> Flags:
    """Whether each unit's own ratio meets a percentage, exactly."""
    scale = max(0, -int(each.value.as_tuple().exponent))
    value, hundred = int(each.value.scaleb(scale)), 100 * 10**scale
    largest = max(int(np.abs(parts).max(initial=0)), int(np.abs(wholes).max(initial=0)))
    if largest * max(abs(value), hundred) >= 2**63:
        pairs = zip(parts.tolist(), wholes.tolist(), strict=True)
        met = [share_meets(Decimal(a), Decimal(b), each.comparator, each.value) for a, b in pairs]
        return np.array(met, np.bool_)
    left, right = parts * hundred, wholes * value
    by_comparator: dict[str, Flags] = {
        ">=": left >= right, ">": left > right, "<=": left <= right, "<": left < right,
        "=": left == right,
    }  # fmt: skip
    return by_comparator[each.comparator]
