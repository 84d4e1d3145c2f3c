"""What the figures of a result were, period by period, for a forecast. Pure.

Taken from the reports that count, not from one evaluation per period: a report's figures belong
to the period that it lies in. A cumulative figure (January to May) is cut where the same unit's
shorter ones (January to April) end; any other that covers several periods is spread over them by
days. Of many units the sums of each period are taken by columns, where these make up the whole.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from chitieu.outlook.forecast import Flow
from chitieu.periods import ONE_DAY, Period, containing, parse_period, whole_periods
from chitieu.scoring.asked import Asked
from chitieu.scoring.columns import is_achieved
from chitieu.scoring.figures import Missing, Question
from chitieu.scoring.heard import Heard, Number, Spoken, heard
from chitieu.scoring.judge import judge
from chitieu.scoring.judgement import Judgement
from chitieu.scoring.many import FEW, parts_of, share_of
from chitieu.scoring.relevant import covered_days
from chitieu.scoring.world import World
from chitieu.units import Unit

CADENCES = ("month", "quarter", "half", "year")
MOST_PERIODS = 24
# Most reports must lie inside one period of the cadence that a history is cut into.
MOSTLY = 2 / 3
# A period is known when so many of those who report have spoken for it.
SPOKEN = 0.8


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
    by_columns = _flow_of_many(world, asked, judgement)
    if by_columns is not None:
        return by_columns
    found = heard(judgement.figures, asked.measured_by)
    if not found.spoken:
        return None
    pieces = sum(said.pieces for said in found.spoken)
    for cadence in cadences_of(asked):
        inside = sum(
            said.pieces for said in found.spoken
            if containing(cadence, said.extent.first).holds(said.extent)
        )  # fmt: skip
        if inside >= MOSTLY * pieces:
            return _cut(world, asked, found, cadence, judgement.on)
    return None


def _cut(world: World, asked: Asked, found: Heard, cadence: str, on: dt.date) -> Flow | None:
    begin = containing(cadence, min(said.extent.first for said in found.spoken)).first
    periods = [p for p in whole_periods(cadence, Period(begin, on)) if p.last <= on]
    parts, wholes, speaking = _sums(found.spoken, periods, cadence)
    known = _known(world, asked, found.missing, periods, speaking)
    return _flow(asked, cadence, periods, known, (parts, wholes), found.spoken)


def _flow(
    asked: Asked, cadence: str, periods: Sequence[Period], known: list[bool],
    sums: tuple[Sequence[float], Sequence[float]], spoken: Sequence[Spoken],
) -> Flow | None:  # fmt: skip
    while known and not known[-1]:  # what is not all there yet is foretold with the rest
        known.pop()
    if not known:
        return None
    edge = periods[len(known) - 1].last
    window = asked.window(asked.judged_on)
    last = Period(window.first, min(edge, asked.judged_on)) if window.first <= edge else None
    past = [said for said in spoken if last is not None and last.holds(said.extent)]
    return Flow(
        [part if here else None for part, here in zip(sums[0], known, strict=False)],
        [whole if here else None for whole, here in zip(sums[1], known, strict=False)],
        (float(sum(said.part for said in past)), float(sum(said.whole for said in past))),
        steps_to(cadence, max(edge, window.first - ONE_DAY), asked.judged_on),
    )


def _flow_of_many(world: World, asked: Asked, judgement: Judgement) -> Flow | None:
    """By columns; None of few units, and where the periods do not make up what counts."""
    metric, on, units = asked.metric, judgement.on, asked.units(judgement.on)
    cadence = cadences_of(asked)[0]
    if metric is None or len(units) < FEW or metric.cadence != cadence:
        return None
    periods: list[Period] = []
    day = judgement.window.first
    while day <= on:
        periods.append(containing(cadence, day))
        day = periods[-1].last + ONE_DAY
    found = [
        parts_of(world, units, Question(
            asked.measured_by, metric, Period(p.first, min(p.last, on)), on
        ))
        for p in periods
    ]  # fmt: skip
    figures = judgement.figures
    if sum(f.numerator for f in found) != figures.numerator or (
        figures.denominator is not None
        and sum(f.denominator or 0 for f in found) != figures.denominator
    ):
        return None
    ended = sum(p.last <= on for p in periods)
    known = [bool(f.reports) and f.units_reported >= SPOKEN * f.units_expected for f in found]
    spoken = [
        Spoken(frozenset(), Period(p.first, min(p.last, on)), Fraction(f.numerator),
               Fraction(f.denominator or 0), 1)
        for p, f in zip(periods, found, strict=True)
    ]  # fmt: skip
    first = next((i for i, f in enumerate(found) if f.reports), ended)
    shown = spoken[first:ended]
    sums = [float(said.part) for said in shown], [float(said.whole) for said in shown]
    return _flow(asked, cadence, periods[first:ended], known[first:ended], sums, spoken)


def _sums(
    spoken: Sequence[Spoken], periods: Sequence[Period], cadence: str
) -> tuple[list[float], list[float], list[set[str]]]:
    place = {period.first: number for number, period in enumerate(periods)}
    # By length of what was reported: whole numbers, so that no order of adding matters.
    parts: list[defaultdict[int, Number]] = [defaultdict(int) for _ in periods]
    wholes: list[defaultdict[int, Number]] = [defaultdict(int) for _ in periods]
    speaking: list[set[str]] = [set() for _ in periods]
    for said in spoken:
        day, extent = said.extent.first, said.extent
        while day <= extent.last:
            period = containing(cadence, day)
            number = place.get(period.first)
            if number is not None:
                days = (min(period.last, extent.last) - day).days + 1
                parts[number][extent.days] += said.part * days
                wholes[number][extent.days] += said.whole * days
                speaking[number] |= said.units
            day = period.last + ONE_DAY
    return [_added(part) for part in parts], [_added(whole) for whole in wholes], speaking


def _added(by_length: Mapping[int, Number]) -> float:
    return float(sum(Fraction(number) / length for length, number in by_length.items()))


def _known(
    world: World, asked: Asked, missing: Sequence[Missing], periods: Sequence[Period],
    speaking: Sequence[set[str]],
) -> list[bool]:  # fmt: skip
    """Whether enough of those who should have spoken for a period, missing or not yet due, have."""
    silent: list[set[str]] = [set() for _ in periods]
    by_text: defaultdict[str, set[str]] = defaultdict(set)
    for gap in missing:
        by_text[gap.period].add(gap.unit)
    for text, units in by_text.items():
        missed = parse_period(text) if text else None
        for number, period in enumerate(periods):
            if missed is not None and period.holds(missed):
                silent[number] |= units
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
    opened = asked.open_units(judgement.on)
    if len(opened) >= FEW:
        return _achieved_by_many(world, question, opened, ends)
    units = {c.unit for c in judgement.figures.counted}
    begun: dt.date | None = None
    counts = [0] * len(ends)
    for unit in sorted(units):
        reports = world.reports.of_group(unit, question.metric.name, question.group)
        days = [r.first for r in reports if r.covers <= judgement.on]
        if not days:
            continue
        begun = min(days) if begun is None else min(begun, min(days))
        for number, holds in _held(ends, days, partial(_got_there, world, question, unit)):
            counts[number] += holds
    kept = [n for e, n in zip(ends, counts, strict=True) if begun is not None and begun <= e]
    return (kept, ends[-1]) if kept else None


def _achieved_by_many(
    world: World, question: Question, units: Sequence[Unit], ends: Sequence[dt.date]
) -> tuple[list[int], dt.date] | None:
    found = (share_of(world, units, replace(question, on=end)) for end in ends)
    kept = list(itertools.dropwhile(lambda figures: not figures.reported, found))
    return ([int(figures.numerator) for figures in kept], ends[-1]) if kept else None


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
        is_achieved(report.fields, wanted.states, wanted.flags) for report in taken
    )  # fmt: skip


def stock_shares(
    world: World, asked: Asked, judgement: Judgement
) -> tuple[list[float], dt.date, str] | None:
    """Percent at the ends of periods in which figures are renewed, the last end, the cadence."""
    question = _question(asked, judgement.on)
    share = _share_of_many(world, asked, judgement, question) or _share_of_few(
        world, judgement, question
    )
    renewed = covered_days(world, asked, judgement.on)
    for cadence in cadences_of(asked):
        ends = ends_of(asked, judgement.on, cadence)
        fresh = {containing(cadence, day).last for day in renewed} & set(ends)
        span = [e for e in ends if fresh and min(fresh) <= e <= max(fresh)]
        if len(fresh) >= MOSTLY * len(span) or cadence == CADENCES[-1]:
            found = list(itertools.dropwhile(lambda one: one is None, map(share, span)))
            kept = [one for one in found if one is not None]
            return (kept, span[-1], cadence) if kept and len(kept) == len(found) else None
    return None


Share = Callable[[dt.date], float | None]


def _share_of_many(
    world: World, asked: Asked, judgement: Judgement, question: Question
) -> Share | None:
    """The share on a day, by columns; None of few units, and where they are not what counts."""
    units = asked.open_units(judgement.on)
    if len(units) < FEW:
        return None
    now = parts_of(world, units, question)
    figures = judgement.figures
    if (now.numerator, now.denominator) != (figures.numerator, figures.denominator):
        return None

    def share(day: dt.date) -> float | None:
        then = parts_of(world, units, replace(question, on=day))
        if then.units_reported < SPOKEN * now.units_reported or not then.denominator:
            return None
        return 100.0 * float(then.numerator) / float(then.denominator)

    return share


def _share_of_few(world: World, judgement: Judgement, question: Question) -> Share:
    units = sorted({c.unit for c in judgement.figures.counted if c.report})
    indicator = question.indicator

    def share(day: dt.date) -> float | None:
        taken = [replace(question, on=day).select(world, unit).taken for unit in units]
        part = sum(r.number(indicator.numerator or "") for each in taken for r in each)
        whole = sum(r.number(indicator.denominator or "") for each in taken for r in each)
        spoken = sum(bool(each) for each in taken)
        if spoken < SPOKEN * len(units) or not whole:
            return None
        return 100.0 * float(part) / float(whole)

    return share


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
