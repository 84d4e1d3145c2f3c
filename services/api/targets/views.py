"""A target's history and units as JSON. Pure."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from chitieu.periods import Period, containing
from chitieu.scoring.card import exact
from chitieu.scoring.compare import percent_of
from chitieu.scoring.figures import Counted
from chitieu.scoring.outcome import Outcome, evaluate
from chitieu.scoring.sentence import display, is_percent
from chitieu.text import decimal_text, fixed
from services.api.scorecards.unit_card import scope_codes

# Ten years of months: longer than any plan.
_MOST_DAYS = 120


def history_days(outcome: Outcome) -> list[dt.date]:
    """Month ends since in force up to `as_of`, the day it is judged on, and `as_of`."""
    first, last = outcome.asked.in_force_from, outcome.as_of
    days = {last}
    if outcome.asked.judged_on <= last:
        days.add(outcome.asked.judged_on)
    day = first
    while day <= last and len(days) < _MOST_DAYS:
        month = containing("month", day)
        if month.last <= last:
            days.add(month.last)
        day = month.last + dt.timedelta(days=1)
    return sorted(days)


def history_items(outcome: Outcome) -> list[dict[str, Any]]:
    """The result on each of these days, all at one known time."""
    return [_snapshot(evaluate(outcome.world, outcome.asked, day)) for day in history_days(outcome)]


def _snapshot(outcome: Outcome) -> dict[str, Any]:
    judgement = outcome.judgement
    actual = judgement.actual
    if actual is not None:
        shown = str(fixed(actual, 6)) if is_percent(outcome) else decimal_text(actual)
    else:
        shown = None
    return {
        "as_of": outcome.as_of.isoformat(),
        "evaluated_on": outcome.evaluated_on.isoformat(),
        "final": outcome.final,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "basis": judgement.basis,
        "numerator": exact(judgement.numerator),
        "denominator": exact(judgement.denominator),
        "actual": shown,
        "display": display(outcome),
        "reports_expected": judgement.figures.expected,
        "reports_received": judgement.figures.received,
    }


def unit_items(
    outcome: Outcome, places: Mapping[str, list[dict[str, Any]]] | None = None
) -> list[dict[str, Any]]:
    """What each unit adds, by code; those in scope that add nothing stand too.

    `places`: of each unit its pieces by the places of a day, where that is asked for.
    """
    figures, registry = outcome.judgement.figures, outcome.world.registry
    counted: defaultdict[str, list[Counted]] = defaultdict(list)
    missing: defaultdict[str, list[str | None]] = defaultdict(list)
    waived: defaultdict[str, set[str]] = defaultdict(set)
    for item in figures.counted:
        counted[item.unit].append(item)
    for gap in figures.missing:
        missing[gap.unit].append(gap.period or None)
    for freed in figures.waived:
        waived[freed.unit] |= {waiver.id for waiver in freed.waivers}
    codes = scope_codes(outcome.asked, outcome) | counted.keys() | missing.keys() | waived.keys()
    items = []
    for code in sorted(code for code in codes if code):
        unit = registry.unit_of(code)
        name = unit.on(outcome.evaluated_on).get("name") if unit else None
        items.append({
            "unit": code, "name": name, **_sums(counted[code], missing[code]),
            "waived": sorted(waived[code]),
            "places": None if places is None else places.get(code, []),
        })  # fmt: skip
    return items


def _sums(counted: list[Counted], missing: list[str | None]) -> dict[str, Any]:
    numerator = sum((c.numerator for c in counted), Decimal(0)) if counted else None
    parts = [c.denominator for c in counted if c.denominator is not None]
    denominator = sum(parts, Decimal(0)) if parts else None
    share = None
    if numerator is not None and denominator:
        share = str(percent_of(numerator, denominator))
    reports = [c.report for c in counted if c.report]
    return {
        "numerator": exact(numerator),
        "denominator": exact(denominator),
        "actual": share,
        "reported": [str(Period(r.first, r.last)) for r in reports],
        "missing": missing,
    }
