"""A plan's reporting calendar: its periods, and the day by which each is to be reported. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from chitieu.catalogue.model import Metric, Plan, ReportingDay
from chitieu.periods import Period, containing, parse_period, whole_periods


@dataclass(frozen=True, slots=True)
class Due:
    """The last day in time: printed by the plan, else so many days after the period by the metric's
    own rule."""

    day: dt.date
    basis: Literal["plan", "metric"]


def printed_day(plan: Plan, period: Period) -> ReportingDay | None:
    """The plan's own entry for a period, however it is spelled."""
    return next((day for day in plan.reporting if parse_period(day.period) == period), None)


def due_of(plan: Plan, period: Period, metric: Metric, part: Period | None = None) -> Due:
    """By when a report of `part` of a plan's period, or of all of it, is to be there."""
    printed = printed_day(plan, period)
    if printed is not None:
        return Due(printed.due, "plan")
    return Due((part or period).last + dt.timedelta(days=metric.report_within), "metric")


def periods_of(plan: Plan) -> tuple[Period, ...]:
    """The periods of the plan's cadence from its first day in force to its last."""
    first = containing(plan.reporting_period, plan.in_force_from).first
    last = containing(plan.reporting_period, plan.last_day).last
    return whole_periods(plan.reporting_period, Period(first, last))


def default_period(plan: Plan, today: dt.date) -> Period:
    """The last of the plan's periods that has ended; before that, its first."""
    periods = periods_of(plan)
    ended = [period for period in periods if period.last <= today]
    return ended[-1] if ended else periods[0]


def ending_in(cadence: str, period: Period, last: dt.date) -> tuple[Period, ...]:
    """The periods of a cadence that end in a period, and by a day."""
    first = containing(cadence, period.first).first
    within = whole_periods(cadence, Period(first, containing(cadence, period.last).last))
    return tuple(p for p in within if period.first <= p.last <= min(period.last, last))


def calendar_json(plan: Plan) -> list[dict[str, Any]]:
    """Every period to be reported, with its day, and where the days contradict the periods.

    `before_end`: the day comes before the period has ended. `after_longer`: the periods that hold
    this one and are to be reported earlier.
    """
    printed = {period: day for day in plan.reporting if (period := parse_period(day.period))}
    periods = sorted({*periods_of(plan), *printed}, key=lambda p: (p.last, p.first))
    return [_entry(period, printed) for period in periods]


def _entry(period: Period, printed: dict[Period, ReportingDay]) -> dict[str, Any]:
    day = printed.get(period)
    longer = [
        str(other)
        for other, its in sorted(printed.items())
        if day and other != period and other.holds(period) and its.due < day.due
    ]
    return {
        "period": str(period),
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "due": day.due.isoformat() if day else None,
        "printed": day.printed if day else None,
        "lines": list(day.lines) if day else None,
        "before_end": day.due < period.last if day else None,
        "after_longer": longer,
    }
