"""What is missing, in the thing itself: so many payments, these hospitals, so many a week. Pure.

The count is of CONTRACT.md §4: added to the numerator with the denominator held. Names of units
stand only where units may be read: `units_short` is for explanations, never for scorecards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any, NamedTuple

from chitieu.scoring.compare import count_gap
from chitieu.scoring.figures import Question, unit_sums
from chitieu.scoring.outcome import Outcome
from chitieu.text import decimal_text, english, vietnamese

MOST_NAMED = 10
BY_UNIT = ("share_of_units", "share_meeting", "milestone", "duty")


class Short(NamedTuple):
    """A unit that has not got there, what its newest report says, and how much it lacks itself."""

    unit: str
    name: str | None
    state: str | None
    lacks: int | None


def gap_json(outcome: Outcome) -> dict[str, Any] | None:
    """`gap` of a result; null where nothing is decided or what is kept up has no gap."""
    if outcome.asked.target.maintain or outcome.judgement.verdict not in ("met", "not_met"):
        return None
    of = outcome.asked.indicator.of
    vi, en = _texts(outcome)
    days = _days_left(outcome)
    return {
        "points": outcome.gap_points,
        "count": outcome.gap_count,
        "of": of.vi,
        "of_en": of.en,
        "text": vi,
        "text_en": en,
        "per_week": _per_week(outcome.gap_count, days),
        "weeks_left": None if days is None else -(-days // 7),
    }


def _days_left(outcome: Outcome) -> int | None:
    """Days after the one evaluated on, up to the last that counts; null when there is none."""
    left: dt.timedelta = outcome.asked.judged_on - outcome.evaluated_on
    return None if outcome.final or left.days <= 0 else left.days


def _per_week(count: int | None, days: int | None) -> str | None:
    """Rounded up, so that keeping to it is enough."""
    if not count or days is None:
        return None
    pace = Decimal(count * 7) / Decimal(days)
    return decimal_text(pace.quantize(Decimal("0.01"), ROUND_CEILING))


def _texts(outcome: Outcome) -> tuple[str, str]:
    count, of = outcome.gap_count, outcome.asked.indicator.of
    if outcome.judgement.met:
        return "không còn thiếu", "nothing is missing"
    if count is None:
        return _less(outcome)
    vi = f"thêm {vietnamese(count)} {of.vi}"
    return vi, f"{english(count)} more {of.en}" if count != 1 else f"1 more of the {of.en}"


def _less(outcome: Outcome) -> tuple[str, str]:
    """Where adding never helps."""
    points = outcome.gap_points
    if outcome.asked.target.comparator not in ("<=", "<") or points in (None, "0"):
        return "thêm nữa cũng không đạt", "adding more does not meet it"
    assert points is not None
    measure, lacking = outcome.asked.indicator.measure, Decimal(points)
    if outcome.asked.indicator.formula == "total":
        return f"bớt {vietnamese(lacking)} {measure.vi}", f"{english(lacking)} fewer {measure.en}"
    return f"bớt {vietnamese(lacking)} điểm phần trăm", f"{english(lacking)} points less"


def units_short(outcome: Outcome) -> list[Short]:
    """The units that keep a share of units from being met, the nearest to it first."""
    if outcome.asked.indicator.formula not in BY_UNIT or not _is_open(outcome):
        return []
    achieved = {c.unit for c in outcome.judgement.figures.counted if c.numerator}
    asked = sorted({c.unit for c in outcome.judgement.figures.counted} - achieved)
    found = [_short(outcome, code) for code in asked]
    states = _states(outcome)

    def nearness(one: Short) -> tuple[bool, bool, int, int, str]:
        silent = one.state is None and one.lacks is None
        far = -states.index(one.state) if one.state in states else 1
        return (silent, one.lacks is None, one.lacks or 0, far, one.unit)

    return sorted(found, key=nearness)


def _is_open(outcome: Outcome) -> bool:
    return outcome.judgement.verdict in ("not_met", "unknown")


def _states(outcome: Outcome) -> Sequence[str]:
    """From the farthest to the nearest; one that was reached and given up is near."""
    if outcome.asked.indicator.formula == "duty":
        return ("not_started", "waiting", "in_progress", "done")
    return outcome.asked.metric.states if outcome.asked.metric else ()


def _short(outcome: Outcome, code: str) -> Short:
    world, asked, on = outcome.world, outcome.asked, outcome.evaluated_on
    unit = world.registry.units.get(code)
    name = unit.on(on).get("name") if unit else None
    reports = [c.report for c in outcome.judgement.figures.counted if c.unit == code and c.report]
    state = reports[-1].fields.get("state") if reports else None
    each = asked.target.each
    if asked.indicator.formula != "share_meeting" or asked.metric is None or not unit or not each:
        return Short(code, name, state, None)
    own = unit_sums(world, unit, Question(asked.measured_by, asked.metric, asked.window(on), on))
    if not own.counted or not own.denominator:
        return Short(code, name, None, None)
    lacking = count_gap(own.numerator, own.denominator, each.comparator, each.value)
    return Short(code, name, None, lacking)


def gap_of_units_json(outcome: Outcome) -> dict[str, Any] | None:
    """The gap with the units that could close it; for those who may read units."""
    gap = gap_json(outcome)
    if gap is None:
        return None
    short = units_short(outcome)
    named = short[:MOST_NAMED]
    count = outcome.gap_count
    vi, en = gap["text"], gap["text_en"]
    if named and count:
        names = [one.name or one.unit for one in short[: min(count, MOST_NAMED)]]
        rest = count - len(names)
        vi += ": " + ", ".join(names) + (f" và {vietnamese(rest)} nữa" if rest else "")
        en += ": " + ", ".join(names) + (f" and {english(rest)} more" if rest else "")
    units = [
        {"unit": one.unit, "name": one.name, "state": one.state, "count": one.lacks}
        for one in named
    ]
    return gap | {"text": vi, "text_en": en, "units": units, "more": len(short) - len(named)}
