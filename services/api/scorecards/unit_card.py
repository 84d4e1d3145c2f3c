"""What one unit adds to each target that it is in scope of. Pure.

A target that stands on this unit alone is a result of its own. To every other one the unit adds a
numerator and a denominator, taken from the same functions as the province's result, so that the
contributions of all units make up the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chitieu.reports import TASK
from chitieu.scoring.asked import Asked
from chitieu.scoring.card import (
    Evaluated,
    citation_of,
    exact,
    links_of,
    place_json,
    result_json,
)
from chitieu.scoring.compare import percent_of
from chitieu.scoring.figures import Figures, Question, unit_sums
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.schemes.counting import SummaryScheme
from chitieu.scoring.schemes.share_met import share_met
from chitieu.scoring.shares import done_by, share_meeting, share_of_units
from chitieu.text import decimal_text
from chitieu.units import Unit
from services.api.evaluations import Seen
from services.api.pinned import Pinned
from services.api.units.views import unit_json


def repinned(evaluated: Evaluated, pinned: Pinned) -> Evaluated:
    """The same evaluation under the asker's own known time; it changes no verdict."""
    return replace(evaluated, pin=pinned.pin)


def unit_scorecard_json(
    seen: Seen, pinned: Pinned, unit: Unit, summed_up: SummaryScheme = share_met
) -> dict[str, Any]:
    """Results of the unit's own targets, its contributions to the others."""
    own: list[Outcome] = []
    shared: list[Outcome] = []
    for outcome in seen.evaluated.outcomes:
        codes = scope_codes(outcome.asked, outcome)
        if codes == {unit.code}:
            own.append(outcome)
        elif unit.code in codes:
            shared.append(outcome)
    why, pin = seen.evaluated.why, pinned.pin
    own.sort(key=_order)
    shared.sort(key=_order)
    registry = seen.world.registry
    return {
        "unit": unit_json(registry, unit, pinned.as_of),
        "province": place_json(seen.evaluated.place),
        "as_of": pinned.as_of.isoformat(),
        "known_at": pinned.known_at,
        "position": pinned.position,
        "catalogue": registry.catalogue.digest if registry.catalogue else None,
        "summary": summed_up(own, why),
        "results": [result_json(o, why.get(o.asked.id), pin) for o in own],
        "contributions": [_contribution(o, unit, pinned) for o in shared],
    }


def _order(outcome: Outcome) -> tuple[str, int, str]:
    asked = outcome.asked
    return (asked.plan.name, asked.row.order, asked.id)


def scope_codes(asked: Asked, outcome: Outcome) -> set[str]:
    """Units whose figures can answer a target; the area itself where all of it is asked."""
    on = outcome.evaluated_on
    codes = {unit.code for unit in asked.units(on)}
    if asked.asks_all:
        area = asked.area(on)
        codes |= {area.code} if area else set()
        codes |= {district.code for district in asked.districts(on)}
    return codes


def contribution(outcome: Outcome, unit: Unit) -> Figures:
    """What one unit reported that a target asks for."""
    world, asked, on = outcome.world, outcome.asked, outcome.evaluated_on
    formula = asked.indicator.formula
    if formula in ("task", "duty"):
        reports = [r for name in asked.joined for r in world.reports.for_item(TASK, name)]
        return done_by(world, [unit], reports, on)
    if asked.metric is None:
        return Figures()
    question = Question(asked.measured_by, asked.metric, asked.window(on), on, days=asked.days)
    units: Sequence[Unit] = [unit]
    if formula in ("share_of_units", "milestone"):
        return share_of_units(world, units, question)
    if formula == "share_meeting":
        return share_meeting(world, units, question, asked.target)
    return unit_sums(world, unit, question)


def _contribution(outcome: Outcome, unit: Unit, pinned: Pinned) -> dict[str, Any]:
    asked, figures = outcome.asked, contribution(outcome, unit)
    target, reported = asked.target, figures.reported
    whole = figures.denominator
    counts = any(c.unit == unit.code and c.report for c in outcome.judgement.figures.counted)
    return {
        "target": asked.id,
        "plan": asked.plan.name,
        "indicator": asked.entry.indicator,
        "title": asked.row.title.vi,
        "title_en": asked.row.title.en,
        "kind": asked.indicator.formula,
        "comparator": target.comparator,
        "value": None if target.value is None else decimal_text(target.value),
        "citation": citation_of(asked),
        "evaluated_on": outcome.evaluated_on.isoformat(),
        "numerator": exact(figures.numerator) if reported else None,
        "denominator": exact(whole) if reported else None,
        "actual": str(percent_of(figures.numerator, whole)) if reported and whole else None,
        "counts": counts,
        "reports_expected": figures.expected,
        "reports_received": figures.received,
        "missing": [m.period or None for m in figures.missing],
        "verdict": outcome.judgement.verdict,
        "links": links_of(asked, pinned.pin),
    }
