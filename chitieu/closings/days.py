"""Which day a closing stands for, when it may be made, when its report is due. Pure.

A plan may want the report before its period has ended ("trước ngày 20 tháng cuối quý"). Such a
closing still stands for the period's last day: reports that say so (`estimate`) cover the days that
are left, and everything else counts up to the day it covers. So one figure has one day, whether it
was closed early or late, and what is estimated is told apart (docs/decisions/0016).
"""

from __future__ import annotations

import calendar
import datetime as dt

from chitieu.catalogue.model import Plan, ReportingDay
from chitieu.errors import Problem
from chitieu.periods import Period, parse_period
from chitieu.places import Place


def due_day(plan: Plan, period: Period) -> ReportingDay | None:
    """The plan's own report day of a period, the earliest if it names several; None if none."""
    found = [day for day in plan.reporting if parse_period(day.period) == period]
    return min(found, key=lambda day: day.due, default=None)


def closing_day(plan: Plan, place: Place, period: Period, today: dt.date) -> dt.date:
    """The `as_of` of a closing: the period's last day, or the place's if that came first.

    Problems `period_outside_plan`; `period_not_ended`, unless the plan wants the report earlier and
    the period has begun.
    """
    first = max(filter(None, (plan.in_force_from, place.valid_from)))
    last = min(filter(None, (plan.last_day, place.valid_to)))
    if first > last or not period.meets(Period(first, last)):
        raise Problem("period_outside_plan")
    ends = min(period.last, place.valid_to) if place.valid_to else period.last
    if today >= ends:
        return ends
    due = due_day(plan, period)
    if due is None or due.due >= ends or today < period.first:
        raise Problem("period_not_ended", {"limit": ends.isoformat()})
    return ends


def year_before(period: Period) -> Period:
    """The same days a year earlier; the last day of a month stays the last."""
    return Period(_year_before(period.first), _year_before(period.last, last=True))


def _year_before(day: dt.date, *, last: bool = False) -> dt.date:
    longest = calendar.monthrange(day.year - 1, day.month)[1]
    ends = last and day.day == calendar.monthrange(day.year, day.month)[1]
    return dt.date(day.year - 1, day.month, longest if ends else min(day.day, longest))
