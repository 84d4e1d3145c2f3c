"""The verdict of one target on one day. Pure; every rule of CONTRACT.md §4 stands here once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from chitieu.periods import Period, containing, whole_periods
from chitieu.reports import RATE, TASK, Report
from chitieu.scoring.asked import Asked
from chitieu.scoring.compare import bounds_decide, meets, percent_of, share_meets
from chitieu.scoring.figures import (
    ONE,
    ZERO,
    Counted,
    Figures,
    Missing,
    Question,
    area_sums,
    done_by,
    share_meeting,
    share_of_units,
)
from chitieu.scoring.selection import LeftOut, latest
from chitieu.scoring.world import World

Verdict = Literal["met", "not_met", "unknown", "not_applicable", "not_in_force"]
Reason = Literal[
    "no_report",
    "coverage",
    "status_only",
    "stale",
    "no_unit_registered",
    "denominator_missing",
    "zero_denominator",
    "no_target",
    "condition",
    "not_yet",
    "repealed",
    "issuer_ended",
]
Basis = Literal["measured", "compiled", "printed", "status"]
HUNDRED = Decimal(100)


@dataclass
class Judgement:
    """What is said of a target on a day, with what it rests on."""

    verdict: Verdict
    reason: Reason | None
    window: Period
    on: dt.date
    figures: Figures = field(default_factory=Figures)
    basis: Basis | None = None
    actual: Decimal | None = None
    bounds: tuple[Decimal, Decimal] | None = None
    rate: Report | None = None
    status: Report | None = None
    lapses: list[str] = field(default_factory=list)
    holds_now: bool | None = None

    @property
    def numerator(self) -> Decimal | None:
        shown = self.basis in ("measured", "compiled") and self.figures.reported
        return self.figures.numerator if shown else None

    @property
    def denominator(self) -> Decimal | None:
        return self.figures.denominator if self.numerator is not None else None

    @property
    def met(self) -> bool | None:
        return {"met": True, "not_met": False}.get(self.verdict)


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
    return _with_printed(world, asked, _measured(world, asked, asked.window(on), on))


def _verdict(met: bool) -> Verdict:
    return "met" if met else "not_met"


def _measured(
    world: World, asked: Asked, window: Period, on: dt.date, one_period: bool = False
) -> Judgement:
    """From reports with figures or states alone."""
    units = asked.units(on)
    judgement = Judgement("unknown", "no_report", window, on, basis="measured")
    formula = asked.indicator.formula
    if formula == "duty":
        reports = [r for name in asked.joined for r in world.reports.for_item(TASK, name)]
        judgement.figures = done_by(units, reports, on)
        return _share_verdict(asked, judgement, bool(units))
    if asked.metric is None:
        return judgement
    question = Question(asked.measured_by, asked.metric, window, on, one_period)
    if formula in ("share_of_units", "milestone"):
        judgement.figures = share_of_units(world, units, question)
        return _share_verdict(asked, judgement, bool(units))
    if formula == "share_meeting":
        judgement.figures = share_meeting(world, units, question, asked.target)
        return _share_verdict(asked, judgement, bool(units))
    area = asked.area(on) if asked.asks_all else None
    districts = asked.districts(on) if asked.asks_all else ()
    if question.is_latest and not asked.target.scope.units:
        units = tuple(unit for unit in units if unit.is_open(on))
    judgement.figures = area_sums(world, area, units, districts, question)
    if judgement.figures.compiled:
        judgement.basis = "compiled"
    if not judgement.figures.reported:
        judgement.reason = "no_report" if units else "no_unit_registered"
        return judgement
    return _sum_verdict(asked, judgement)


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
        settled = met if target.comparator in (">=", ">") else not met
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
    judgement.verdict, judgement.reason = _verdict(met), None
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
        if figures.left_out or figures.reported:
            judgement.verdict, judgement.reason = "not_applicable", "zero_denominator"
        else:
            judgement.reason = "no_unit_registered"
        return judgement
    judgement.bounds = (
        percent_of(figures.numerator, whole),
        percent_of(figures.numerator + figures.silent, whole),
    )
    met = bounds_decide(figures.numerator, figures.silent, whole, target.comparator, target.value)
    if figures.reported:
        judgement.actual = percent_of(figures.numerator, whole)
    if met is None:
        judgement.reason = "coverage" if figures.reported else "no_report"
    else:
        judgement.verdict, judgement.reason = _verdict(met), None
        judgement.actual = percent_of(figures.numerator, whole)
    return judgement


# --- percentages printed without a fraction, and status words ----------------------------------


def _rates(world: World, asked: Asked) -> list[Report]:
    """Printed percentages that answer this target."""
    found = []
    scope = asked.target.scope
    for report in world.reports.for_item(RATE, asked.entry.indicator):
        if scope.units:
            itself = list(scope.units) == [report.unit]
        else:
            area = asked.area(report.last) if asked.asks_all else None
            itself = area is not None and area.code == report.unit
        if itself:
            found.append(report)
    for name, other in asked.catalogue.targets.items():
        same = (
            other.indicator == asked.entry.indicator
            and other.plan.place == asked.plan.place
            and _scope_key(other.target.scope) == _scope_key(scope)
            and (other.target.window or "") == (asked.target.window or "")
        )
        if same or name in asked.joined:
            found += world.reports.for_item(RATE, name)
    return found


def _scope_key(scope: object) -> object:
    return (getattr(scope, "units"), str(getattr(scope, "where")), getattr(scope, "place"))  # noqa: B009


def _with_printed(world: World, asked: Asked, judgement: Judgement) -> Judgement:
    """A printed percentage where no fraction decides, a status word where nothing else is known."""
    on = judgement.on
    rates = [r for r in _rates(world, asked) if r.covers <= on]
    window = judgement.window
    if window.first == window.last:
        window = Period(dt.date(on.year, 1, 1), on)
    inside = [r for r in rates if window.first <= r.last <= on]
    best = max(inside, key=lambda r: (r.last, r.rank), default=None)
    if judgement.verdict in ("met", "not_met", "not_applicable"):
        judgement.figures.left_out += [LeftOut(r, "fraction_wins") for r in rates]
        return judgement
    judgement.figures.left_out += [LeftOut(r, "superseded") for r in rates if r is not best]
    if best is not None:
        running = containing(asked.plan.reporting_period, on)
        if best.last >= running.first:
            return _printed_verdict(asked, judgement, best)
        judgement.figures.left_out.append(LeftOut(best, "stale"))
        if not judgement.figures.reported:
            judgement.reason, judgement.rate, judgement.basis = "stale", best, "printed"
            return judgement
    return _with_status(world, asked, judgement)


def _printed_verdict(asked: Asked, judgement: Judgement, rate: Report) -> Judgement:
    assert asked.target.value is not None
    percent = rate.number("percent")
    judgement.rate, judgement.basis, judgement.actual = rate, "printed", percent
    met = meets(percent, asked.target.comparator, asked.target.value)
    judgement.verdict, judgement.reason = _verdict(met), None
    judgement.bounds = None
    figures = judgement.figures
    figures.left_out += [
        LeftOut(c.report, "own_figure_counts") for c in figures.counted if c.report
    ]
    judgement.figures = Figures(
        numerator=ZERO, denominator=None, units_expected=max(1, figures.units_expected),
        units_reported=max(1, figures.units_expected), expected=1, received=1,
        counted=[Counted(rate.unit, rate, ZERO, None)], left_out=figures.left_out,
    )  # fmt: skip
    return judgement


def _with_status(world: World, asked: Asked, judgement: Judgement) -> Judgement:
    if judgement.figures.reported or judgement.reason == "stale":
        return judgement
    newest = _newest_task(world, asked, judgement.on)[0]
    if newest is not None:
        judgement.status, judgement.basis, judgement.reason = newest, "status", "status_only"
    return judgement


# --- tasks -------------------------------------------------------------------------------------


def _newest_task(world: World, asked: Asked, on: dt.date) -> tuple[Report | None, list[LeftOut]]:
    reports = [r for name in asked.joined for r in world.reports.for_item(TASK, name)]
    counting = [r for r in reports if r.covers <= on]
    newest = max(counting, key=lambda r: (r.first, r.rank), default=None)
    out = [LeftOut(r, "not_yet_covered") for r in reports if r.covers > on]
    return newest, out + [LeftOut(r, "older_state") for r in counting if r is not newest]


def _task(world: World, asked: Asked, on: dt.date) -> Judgement:
    """The state is the measurement: done is 1 of 1."""
    judgement = Judgement("unknown", "no_report", asked.window(on), on, basis=None)
    newest, left_out = _newest_task(world, asked, on)
    figures = Figures(units_expected=1, expected=1, left_out=left_out, denominator=ONE)
    judgement.figures = figures
    if newest is None:
        codes = [unit.code for unit in asked.units(on)] or [""]
        figures.missing = [Missing(codes[0], "")]
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
        judgement.verdict, judgement.reason = _verdict(state == "done"), None
    else:
        running = containing("quarter", on)
        since = containing("quarter", running.first - dt.timedelta(days=1)).first
        if state in ("in_progress", "done") and newest.first >= since:
            judgement.verdict, judgement.reason = "met", None
        else:
            judgement.reason = "stale" if newest.first < since else "no_report"
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
        shown = _with_printed(world, asked, pooled)
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
    covering = [r for r in _rates(world, asked) if r.covers <= on and r.extent.holds(period)]
    best = min(covering, key=lambda r: r.extent.days, default=None)
    if best is None:
        return judgement
    same = [r for r in covering if r.extent == best.extent]
    return _printed_verdict(asked, judgement, max(same, key=lambda r: r.rank))


def relevant_reports(world: World, asked: Asked, on: dt.date) -> list[Report]:
    """Every standing report that could speak to this target by a day; for change points."""
    found: list[Report] = list(_rates(world, asked))
    for name in asked.joined:
        found += world.reports.for_item(TASK, name)
    if asked.metric is not None:
        codes = {unit.code for unit in asked.units(on)}
        if asked.asks_all:
            area = asked.area(on)
            codes |= {unit.code for unit in asked.districts(on)}
            codes |= {area.code} if area else set()
        for code in sorted(codes):
            found += world.reports.for_unit(code, asked.metric.name)
    return found


__all__ = ["Judgement", "judge", "latest", "relevant_reports"]
