"""Percentages printed without a fraction, and status words: where no figure decides. Pure."""

from __future__ import annotations

import datetime as dt

from chitieu.periods import Period, containing
from chitieu.reports import RATE, TASK, Report
from chitieu.scoring.asked import Asked
from chitieu.scoring.compare import meets
from chitieu.scoring.figures import ZERO, Counted, Figures
from chitieu.scoring.judgement import Judgement, verdict_of
from chitieu.scoring.selection import LeftOut
from chitieu.scoring.world import World


def rates_of(world: World, asked: Asked) -> list[Report]:
    """Printed percentages that answer this target: about its own scope, from whoever may say so."""
    items = (asked.entry.indicator, *asked.same_question)
    return [
        report
        for item in items
        for report in world.reports.for_item(RATE, item)
        if _about_scope(asked, report)
    ]


def _about_scope(asked: Asked, report: Report) -> bool:
    """Whether a report's subject is the scope itself: its only unit, or its area."""
    scope = asked.target.scope
    if scope.units:
        bearer = asked.registry.unit_of(scope.units[0])
        codes = bearer.codes if bearer else scope.units
        return len(scope.units) == 1 and report.unit in codes
    area = asked.area(report.last)
    itself = area is not None and area.code == report.unit
    # A rate of an indicator speaks of all that it concerns, not of a chosen part.
    return itself and (asked.asks_all or report.item != asked.entry.indicator)


def with_printed(world: World, asked: Asked, judgement: Judgement) -> Judgement:
    """A printed percentage where no fraction decides, a status word where nothing else is known."""
    on = judgement.on
    rates = [r for r in rates_of(world, asked) if r.covers <= on]
    window = judgement.window
    if asked.is_latest:
        window = Period(dt.date(on.year, 1, 1), on)
    inside = [r for r in rates if window.first <= r.last <= on]
    best = max(inside, key=lambda r: (r.last, r.rank), default=None)
    if judgement.verdict in ("met", "not_met", "not_applicable"):
        if rates:
            judgement.figures.left_out += [LeftOut(r, "fraction_wins") for r in rates]
        return judgement
    if rates:
        judgement.figures.left_out += [LeftOut(r, "superseded") for r in rates if r is not best]
    if best is not None:
        running = containing(asked.plan.reporting_period, on)
        if best.last >= running.first:
            return printed_verdict(asked, judgement, best)
        judgement.figures.left_out.append(LeftOut(best, "stale"))
        if not judgement.figures.reported:
            judgement.reason, judgement.rate, judgement.basis = "stale", best, "printed"
            return judgement
    return _with_status(world, asked, judgement)


def printed_verdict(asked: Asked, judgement: Judgement, rate: Report) -> Judgement:
    """The verdict on the printed value; it has no fraction and is never pooled."""
    assert asked.target.value is not None
    percent = rate.number("percent")
    judgement.rate, judgement.basis, judgement.actual = rate, "printed", percent
    met = meets(percent, asked.target.comparator, asked.target.value)
    judgement.verdict, judgement.reason = verdict_of(met), None
    judgement.bounds = None
    figures = judgement.figures
    figures.left_out += [LeftOut(c.report, "printed_wins") for c in figures.counted if c.report]
    judgement.figures = Figures(
        numerator=ZERO, denominator=None, units_expected=max(1, figures.units_expected),
        units_reported=max(1, figures.units_expected), expected=1, received=1,
        counted=[Counted(rate.unit, rate, ZERO, None)], left_out=figures.left_out,
    )  # fmt: skip
    judgement.figures.waived = figures.waived
    return judgement


def _with_status(world: World, asked: Asked, judgement: Judgement) -> Judgement:
    if judgement.figures.reported or judgement.reason == "stale":
        return judgement
    newest = newest_task(world, asked, judgement.on)[0]
    if newest is not None:
        judgement.status, judgement.basis, judgement.reason = newest, "status", "status_only"
    return judgement


def newest_task(world: World, asked: Asked, on: dt.date) -> tuple[Report | None, list[LeftOut]]:
    """The newest state said by a unit of the scope, or by its area for what is no task."""
    speakers = {code for unit in asked.units(on) for code in unit.codes}
    if asked.indicator.formula != "task":
        area = asked.area(on)
        speakers |= {area.code} if area else set()
    reports = [
        report
        for name in asked.joined
        for report in world.reports.for_item(TASK, name)
        if report.unit in speakers
    ]
    counting = [r for r in reports if r.covers <= on]
    newest = max(counting, key=lambda r: (r.first, r.rank), default=None)
    out = [LeftOut(r, "not_yet_covered") for r in reports if r.covers > on]
    return newest, out + [LeftOut(r, "older_state") for r in counting if r is not newest]
