"""What the figures of a result were, period by period, for a forecast. Pure.

Taken from the reports that count, not from one evaluation per period: a report's figures belong
to the period that it lies in. A cumulative figure (January to May) is cut where the same unit's
shorter ones (January to April) end; any other that covers several periods is spread over them by
days.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from chitieu.catalogue.model import Indicator
from chitieu.outlook.forecast import Flow
from chitieu.periods import Period, containing, parse_period, whole_periods
from chitieu.reports import Report
from chitieu.scoring.asked import Asked
from chitieu.scoring.figures import Figures, Question
from chitieu.scoring.judge import judge
from chitieu.scoring.judgement import Judgement
from chitieu.scoring.world import World

ONE_DAY = dt.timedelta(days=1)
CADENCES = ("month", "quarter", "half", "year")
MOST_PERIODS = 24
# Most reports must lie inside one period of the cadence that a history is cut into.
MOSTLY = 2 / 3
# A period is known when so many of those who report have spoken for it.
SPOKEN = 0.8


class Piece(NamedTuple):
    """What one unit reported of some days."""

    unit: str
    extent: Period
    part: float
    whole: float


def cadences_of(asked: Asked) -> tuple[str, ...]:
    """Lengths of periods that a history can be cut into, the metric's own first."""
    own = asked.metric.cadence if asked.metric else "none"
    return CADENCES[CADENCES.index(own) if own in CADENCES else 0 :]


def steps_to(cadence: str, edge: dt.date, last: dt.date) -> int:
    """Periods after `edge`, the last day of one, up to `last`; one cut short counts from half."""
    steps, day = 0, edge + ONE_DAY
    while day <= last:
        period = containing(cadence, day)
        if 2 * ((last - period.first).days + 1) >= period.days:
            steps += 1
        day = period.last + ONE_DAY
    return steps


# --- what flows: figures of periods ------------------------------------------------------------


def flow(world: World, asked: Asked, judgement: Judgement) -> Flow | None:
    """Part and whole of each ended period, and what the window of the last day holds of them."""
    pieces = _pieces(asked, judgement.figures)
    if not pieces:
        return None
    on = judgement.on
    for cadence in cadences_of(asked):
        inside = sum(containing(cadence, p.extent.first).holds(p.extent) for p in pieces)
        if inside >= MOSTLY * len(pieces):
            return _cut(world, asked, judgement, pieces, cadence, on)
    return None


def _cut(
    world: World, asked: Asked, judgement: Judgement, pieces: Sequence[Piece], cadence: str,
    on: dt.date,
) -> Flow | None:  # fmt: skip
    begin = containing(cadence, min(p.extent.first for p in pieces)).first
    periods = [p for p in whole_periods(cadence, Period(begin, on)) if p.last <= on]
    parts, wholes, speaking = _sums(pieces, periods, cadence)
    known = _known(world, asked, judgement.figures, periods, speaking)
    while known and not known[-1]:  # what is not all there yet is foretold with the rest
        known.pop()
    if not known:
        return None
    count = len(known)
    edge = periods[count - 1].last
    window = asked.window(asked.judged_on)
    last = Period(window.first, asked.judged_on)
    past_part = sum(p.part for p in pieces if last.holds(p.extent) and p.extent.last <= edge)
    past_whole = sum(p.whole for p in pieces if last.holds(p.extent) and p.extent.last <= edge)
    return Flow(
        [part if here else None for part, here in zip(parts[:count], known, strict=True)],
        [whole if here else None for whole, here in zip(wholes[:count], known, strict=True)],
        (past_part, past_whole),
        steps_to(cadence, max(edge, window.first - ONE_DAY), asked.judged_on),
    )


def _pieces(asked: Asked, figures: Figures) -> list[Piece]:
    """The figures that count, in an order of their own; cumulative ones cut."""
    shorter: defaultdict[tuple[str, str, dt.date], list[Report]] = defaultdict(list)
    for out in figures.left_out:
        if out.why == "overlap":
            shorter[out.report.unit, out.report.item, out.report.first].append(out.report)
    found: list[Piece] = []
    for counted in figures.counted:
        report = counted.report
        if report is not None:
            nested = shorter.get((report.unit, report.item, report.first), ())
            found += _parted(asked.measured_by, report, nested)
    # Sums of fractions depend on their order, which must not depend on what came first.
    return sorted(found)


def _parted(indicator: Indicator, report: Report, nested: Iterable[Report]) -> list[Piece]:
    """A report in pieces, cut where shorter ones from the same day end without holding more."""

    def figures(one: Report) -> tuple[Decimal, Decimal]:
        part, whole = indicator.numerator, indicator.denominator
        return one.number(part or ""), one.number(whole) if whole else Decimal(0)

    pieces: list[Piece] = []
    day, end = report.extent.first, report.extent.last
    part = whole = Decimal(0)
    last_part, last_whole = figures(report)
    for one in sorted(nested, key=lambda r: (r.extent.last, r.rank)):
        upto, of = figures(one)
        if day <= one.extent.last < end and part <= upto <= last_part and whole <= of <= last_whole:
            extent = Period(day, one.extent.last)
            pieces.append(Piece(report.unit, extent, float(upto - part), float(of - whole)))
            day, part, whole = one.extent.last + ONE_DAY, upto, of
    rest = Period(day, end)
    return [*pieces, Piece(report.unit, rest, float(last_part - part), float(last_whole - whole))]


def _sums(
    pieces: Sequence[Piece], periods: Sequence[Period], cadence: str
) -> tuple[list[float], list[float], list[set[str]]]:
    place = {period.first: number for number, period in enumerate(periods)}
    parts, wholes = [0.0] * len(periods), [0.0] * len(periods)
    speaking: list[set[str]] = [set() for _ in periods]
    for piece in pieces:
        day, extent = piece.extent.first, piece.extent
        while day <= extent.last:
            period = containing(cadence, day)
            number = place.get(period.first)
            if number is not None:
                days = (min(period.last, extent.last) - day).days + 1
                share = days / extent.days
                parts[number] += piece.part * share
                wholes[number] += piece.whole * share
                speaking[number].add(piece.unit)
            day = period.last + ONE_DAY
    return parts, wholes, speaking


def _known(
    world: World, asked: Asked, figures: Figures, periods: Sequence[Period],
    speaking: Sequence[set[str]],
) -> list[bool]:  # fmt: skip
    """Whether enough of those who should have spoken for a period, missing or not yet due, have."""
    silent: list[set[str]] = [set() for _ in periods]
    for gap in figures.missing:
        missed = parse_period(gap.period) if gap.period else None
        for number, period in enumerate(periods):
            if missed is not None and period.holds(missed):
                silent[number].add(gap.unit)
    within = dt.timedelta(days=asked.metric.report_within if asked.metric else 0)
    known: list[bool] = []
    expected = 0
    for number, period in enumerate(periods):
        asked_now = len(speaking[number] | silent[number])
        if period.last + within > world.known_day:
            asked_now = max(asked_now, expected)
        expected = asked_now
        known.append(bool(asked_now) and len(speaking[number]) >= SPOKEN * asked_now)
    return known


# --- what is built up: states and snapshots of a day -------------------------------------------


def ends_of(asked: Asked, on: dt.date, cadence: str) -> list[dt.date]:
    """Last days of ended periods, from the one before it was in force; the newest ones."""
    first = containing(cadence, asked.in_force_from - ONE_DAY).first
    if first > on:
        return []
    return [p.last for p in whole_periods(cadence, Period(first, on)) if p.last <= on][
        -MOST_PERIODS:
    ]


def _question(asked: Asked, on: dt.date) -> Question:
    assert asked.metric is not None  # the caller asks only for what units report
    return Question(asked.measured_by, asked.metric, Period(on, on), on)


def achieved(world: World, asked: Asked, judgement: Judgement) -> tuple[list[int], dt.date] | None:
    """How many of the units that count today had got there at each month's end, and the last."""
    question = _question(asked, judgement.on)
    ends = ends_of(asked, judgement.on, "month")
    units = {c.unit for c in judgement.figures.counted}
    begun: dt.date | None = None
    counts = [0] * len(ends)
    for unit in sorted(units):
        reports = world.reports.of_group(unit, question.metric.name, question.group)
        days = [r.first for r in reports if r.covers <= judgement.on]
        if not days:
            continue
        begun = min(days) if begun is None else min(begun, min(days))
        for number, holds in _held(ends, days, lambda e, u=unit: _got_there(world, question, u, e)):  # type: ignore[misc]
            counts[number] += holds
    kept = [n for e, n in zip(ends, counts, strict=True) if begun is not None and begun <= e]
    return (kept, ends[-1]) if kept else None


def _held(
    ends: Sequence[dt.date], days: Sequence[dt.date], holds_on: Callable[[dt.date], bool]
) -> Iterable[tuple[int, bool]]:
    """Whether it holds at each end; asked again only where a report begins to speak."""
    ordered, at, holds = sorted(days), 0, False
    for number, end in enumerate(ends):
        seen = at
        while at < len(ordered) and ordered[at] <= end:
            at += 1
        if at > seen:
            holds = holds_on(end)
        yield number, holds


def _got_there(world: World, question: Question, unit: str, end: dt.date) -> bool:
    taken = replace(question, on=end).select(world, unit).taken
    wanted = question.indicator.achieved
    return bool(taken) and wanted is not None and all(
        (not wanted.states or report.fields.get("state") in wanted.states)
        and all(report.fields.get(flag) is True for flag in wanted.flags)
        for report in taken
    )  # fmt: skip


def stock_shares(
    world: World, asked: Asked, judgement: Judgement
) -> tuple[list[float], dt.date, str] | None:
    """Percent at the ends of periods in which figures are renewed, the last end, the cadence."""
    question = _question(asked, judgement.on)
    units = sorted({c.unit for c in judgement.figures.counted if c.report})
    days = {
        unit: [
            r.first
            for r in world.reports.of_group(unit, question.metric.name, question.group)
            if r.covers <= judgement.on
        ]
        for unit in units
    }
    renewed = sorted({day for each in days.values() for day in each})
    for cadence in cadences_of(asked):
        ends = ends_of(asked, judgement.on, cadence)
        fresh = {containing(cadence, day).last for day in renewed} & set(ends)
        span = [e for e in ends if fresh and min(fresh) <= e <= max(fresh)]
        if len(fresh) >= MOSTLY * len(span) or cadence == CADENCES[-1]:
            shares = _shares(world, question, days, span)
            return (shares, span[-1], cadence) if shares else None
    return None


def _shares(
    world: World, question: Question, days: dict[str, list[dt.date]], ends: Sequence[dt.date]
) -> list[float]:
    """From the first end at which most units have spoken."""
    numerator, denominator = question.indicator.numerator, question.indicator.denominator
    shares: list[float] = []
    for end in ends:
        part = whole = 0.0
        spoken = 0
        at_end = replace(question, on=end)
        for unit, each in days.items():
            if not any(day <= end for day in each):
                continue
            spoken += 1
            for report in at_end.select(world, unit).taken:
                part += float(report.number(numerator or ""))
                whole += float(report.number(denominator)) if denominator else 0.0
        if spoken < SPOKEN * len(days) or whole <= 0:
            shares = []
            continue
        shares.append(100.0 * part / whole)
    return shares


def judged_shares(world: World, asked: Asked, on: dt.date) -> tuple[list[float], dt.date] | None:
    """Percent at month ends by evaluating each: for shares of units that meet an inner target."""
    ends = ends_of(asked, on, "month")[-12:]
    found = []
    for end in ends:
        then = judge(world, asked, end)
        measured = then.actual is not None and then.figures.reported and then.basis != "printed"
        found.append(float(then.actual) if measured and then.actual is not None else None)
    kept = list(itertools.dropwhile(lambda share: share is None, found))
    if not kept or None in kept:
        return None
    return [share for share in kept if share is not None], ends[-1]
