"""The verdict of one target on one day. Pure; every rule of CONTRACT.md §4 stands here once."""

from __future__ import annotations

import datetime as dt

from chitieu.periods import Period, containing, whole_periods
from chitieu.reports import TASK
from chitieu.scoring.areas import area_sums
from chitieu.scoring.asked import Asked
from chitieu.scoring.compare import bounds_decide, meets, percent_of, share_meets
from chitieu.scoring.figures import ONE, ZERO, Counted, Figures, Missing, Question, Waived
from chitieu.scoring.judgement import HUNDRED, Judgement, verdict_of
from chitieu.scoring.many import share_meeting_of, share_of
from chitieu.scoring.printed import newest_task, printed_verdict, rates_of, with_printed
from chitieu.scoring.shares import done_by
from chitieu.scoring.world import World


def judge(world: World, asked: Asked, on: dt.date) -> Judgement:
    """The verdict at the end of a day, as if that were the day evaluated on.

    In force or not is decided by the caller for `as_of`; here figures are always sought.
    """
    if asked.target.value is None:
        return Judgement("not_applicable", "no_target", asked.window(on), on)
    if asked.indicator.formula == "task":
        return _task(world, asked, on)
    if asked.target.maintain and asked.metric and asked.metric.cadence != "none":
        return _maintained(world, asked, on)
    return with_printed(world, asked, _measured(world, asked, asked.window(on), on))


def judge_window(world: World, asked: Asked, window: Period, on: dt.date) -> Judgement:
    """What is known of these days as of a day, whatever the target's own window; it has a value."""
    return with_printed(world, asked, _measured(world, asked, window, on))


def _measured(
    world: World, asked: Asked, window: Period, on: dt.date, one_period: bool = False
) -> Judgement:
    """From reports with figures or states alone."""
    units = asked.units(on)
    judgement = Judgement("unknown", "no_report", window, on, basis="measured")
    formula = asked.indicator.formula
    if formula == "duty":
        reports = [r for name in asked.joined for r in world.reports.for_item(TASK, name)]
        judgement.figures = done_by(world, units, reports, on)
        return _share_verdict(asked, judgement, bool(units))
    if asked.metric is None:
        return judgement
    question = Question(asked.measured_by, asked.metric, window, on, one_period, asked.days)
    if formula in ("share_of_units", "milestone"):
        judgement.figures = share_of(world, units, question)
        return _share_verdict(asked, judgement, bool(units))
    if formula == "share_meeting":
        judgement.figures = share_meeting_of(world, units, question, asked.target)
        return _share_verdict(asked, judgement, bool(units))
    area = asked.area(on) if asked.asks_all else None
    districts = asked.districts(on) if asked.asks_all else ()
    if not question.is_latest:
        units = asked.units_within(window, on)
    elif not asked.target.scope.units:
        units = asked.open_units(on)
    judgement.figures = area_sums(world, area, units, districts, question)
    if judgement.figures.compiled:
        judgement.basis = "compiled"
    if not judgement.figures.reported:
        judgement.reason = "no_report" if units else "no_unit_registered"
        return judgement
    return _sum_verdict(asked, judgement)


def verdict_on(asked: Asked, judgement: Judgement) -> Judgement:
    """The verdict on figures that are a part of a target's, by the rules for the whole."""
    if asked.indicator.formula in ("ratio", "total"):
        return _sum_verdict(asked, judgement) if judgement.figures.reported else judgement
    return _share_verdict(asked, judgement, judgement.figures.units_expected > 0)


def _enough(asked: Asked, figures: Figures) -> bool:
    return figures.received >= asked.measured_by.min_reported * figures.expected


def _sum_verdict(asked: Asked, judgement: Judgement) -> Judgement:
    """Ratio of sums, or a total."""
    target, figures = asked.target, judgement.figures
    assert target.value is not None  # judge() answered a row that sets none
    enough = _enough(asked, figures)
    if figures.denominator is None:
        judgement.actual = figures.numerator
        met = meets(figures.numerator, target.comparator, target.value)
        # More can only come: what is reached stays reached, what is exceeded stays exceeded.
        over = figures.numerator > target.value
        settled = met if target.comparator in (">=", ">") else over
        if not enough and not settled:
            judgement.verdict, judgement.reason = "unknown", "coverage"
            return judgement
    elif figures.denominator == 0:
        if enough:
            judgement.verdict, judgement.reason = "not_applicable", "zero_denominator"
        else:
            judgement.verdict, judgement.reason = "unknown", "coverage"
        return judgement
    else:
        judgement.actual = percent_of(figures.numerator, figures.denominator)
        if not enough:
            judgement.verdict, judgement.reason = "unknown", "coverage"
            return judgement
        met = share_meets(figures.numerator, figures.denominator, target.comparator, target.value)
    judgement.verdict, judgement.reason = verdict_of(met), None
    return judgement


def _share_verdict(asked: Asked, judgement: Judgement, registered: bool) -> Judgement:
    """A share of units: decided as soon as the silent ones cannot turn it."""
    target, figures = asked.target, judgement.figures
    assert target.value is not None
    whole = figures.denominator or ZERO
    if not registered:
        judgement.reason = "no_unit_registered"
        return judgement
    if whole == 0:
        if any(item.why == "zero_denominator" for item in figures.left_out):
            judgement.verdict, judgement.reason = "not_applicable", "zero_denominator"
        elif not figures.waived:
            judgement.reason = "no_unit_registered"
        return judgement
    judgement.bounds = (
        percent_of(figures.numerator, whole),
        percent_of(figures.numerator + figures.silent, whole),
    )
    comparator, value = asked.required
    met = bounds_decide(figures.numerator, figures.silent, whole, comparator, value)
    if figures.reported:
        judgement.actual = percent_of(figures.numerator, whole)
    if met is None:
        judgement.reason = "coverage" if figures.reported else "no_report"
    else:
        judgement.verdict, judgement.reason = verdict_of(met), None
        judgement.actual = percent_of(figures.numerator, whole)
    return judgement


# --- tasks -------------------------------------------------------------------------------------


def _task(world: World, asked: Asked, on: dt.date) -> Judgement:
    """The state is the measurement: done is 1 of 1."""
    judgement = Judgement("unknown", "no_report", asked.window(on), on, basis=None)
    newest, left_out = newest_task(world, asked, on)
    figures = Figures(units_expected=1, expected=1, left_out=left_out, denominator=ONE)
    judgement.figures = figures
    if newest is None:
        units = asked.units(on)
        if units and (waivers := world.registry.freed(units[0], TASK, Period(on, on))):
            figures.units_expected = figures.expected = 0
            figures.waived = [Waived(units[0].code, "", waivers)]
        elif units:
            figures.missing = [Missing(units[0].code, "")]
        else:
            figures.units_expected = figures.expected = 0
            judgement.reason = "no_unit_registered"
        return judgement
    state = newest.fields["state"]
    judgement.status, judgement.basis = newest, "measured"
    done = ONE if state == "done" else ZERO
    figures.numerator, figures.units_reported, figures.received = done, 1, 1
    figures.counted = [Counted(newest.unit, newest, done, ONE)]
    judgement.actual = done * HUNDRED
    if state == "waiting":
        judgement.verdict, judgement.reason = "not_in_force", "condition"
    elif state == "cancelled":
        judgement.verdict, judgement.reason = "not_in_force", "repealed"
    elif asked.target.due is not None:
        judgement.verdict, judgement.reason = verdict_of(state == "done"), None
    else:
        running = containing("quarter", on)
        since = containing("quarter", running.first - dt.timedelta(days=1)).first
        if state in ("in_progress", "done") and newest.first >= since:
            judgement.verdict, judgement.reason = "met", None
        else:
            judgement.reason = "stale" if newest.first < since else "status_only"
    return judgement


# --- maintained --------------------------------------------------------------------------------


def _maintained(world: World, asked: Asked, on: dt.date) -> Judgement:
    """Judged on each ended period of the cadence since in force; the first that fails decides."""
    assert asked.metric is not None
    since = asked.in_force_from
    periods = [
        p for p in whole_periods(asked.metric.cadence, Period(since, on)) if p.last <= on
    ] if since <= on else []  # fmt: skip
    pooled = _measured(world, asked, asked.window(on), on)
    decided: list[Judgement] = []
    lapses: list[str] = []
    for period in periods:
        # A state is judged as it was when the period ended; figures may be reported later.
        then = on if asked.metric.form == "period" else period.last
        measured = _measured(world, asked, period, then, one_period=True)
        one = _with_rate_of_period(world, asked, measured, period, on)
        one.on = on
        if one.met is None:
            continue
        decided.append(one)
        if not one.met:
            lapses.append(str(period))
    last = decided[-1] if decided else pooled
    if not decided:
        shown = with_printed(world, asked, pooled)
        if shown.verdict in ("met", "not_met"):
            shown.verdict, shown.reason = "unknown", "coverage"
        return shown
    last.lapses, last.holds_now = lapses, decided[-1].met
    if lapses:
        last.verdict, last.reason = "not_met", None
    elif len(decided) < asked.measured_by.min_reported * len(periods):
        last.verdict, last.reason = "unknown", "coverage"
    return last


def _with_rate_of_period(
    world: World, asked: Asked, judgement: Judgement, period: Period, on: dt.date
) -> Judgement:
    """A printed percentage of this period, or of a longer one that stands for it."""
    if judgement.met is not None:
        return judgement
    covering = [r for r in rates_of(world, asked) if r.covers <= on and r.extent.holds(period)]
    best = min(covering, key=lambda r: r.extent.days, default=None)
    if best is None:
        return judgement
    same = [r for r in covering if r.extent == best.extent]
    return printed_verdict(asked, judgement, max(same, key=lambda r: r.rank))
