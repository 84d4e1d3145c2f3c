"""What moved between two versions of a closing, result by result, with what moved it. Pure."""

from __future__ import annotations

from typing import Any

from chitieu.periods import known_text
from chitieu.scoring.card import Evaluated, exact
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.relevant import fallen_reports, relevant_reports
from chitieu.scoring.sentence import display

_COMPARED = ("verdict", "reason", "numerator", "denominator", "display", "binding_why")


def moved(before: Evaluated, after: Evaluated, plan: str) -> list[dict[str, Any]]:
    """Each result of a plan that is not as it was, in the plan's order."""
    old = {o.asked.id: o for o in before.outcomes if o.asked.plan.name == plan}
    new = {o.asked.id: o for o in after.outcomes if o.asked.plan.name == plan}
    both = old | new
    names = sorted(both, key=lambda name: (both[name].asked.row.order, name))
    found = []
    for name in names:
        one, two = old.get(name), new.get(name)
        was, now = _state(one, before), _state(two, after)
        if was != now:
            found.append({
                "target": name, "from": was, "to": now,
                "causes": _causes(two, before.pin.known) if two else [],
            })  # fmt: skip
    return found


def _state(outcome: Outcome | None, evaluated: Evaluated) -> dict[str, Any] | None:
    if outcome is None:
        return None
    judgement = outcome.judgement
    values = (
        judgement.verdict, judgement.reason, exact(judgement.numerator),
        exact(judgement.denominator), display(outcome), evaluated.why.get(outcome.asked.id),
    )  # fmt: skip
    return dict(zip(_COMPARED, values, strict=True))


def _causes(outcome: Outcome, since: int) -> list[dict[str, Any]]:
    """Everything known later than `since` that the result rests on, in the order it was known."""
    world, asked, on = outcome.world, outcome.asked, outcome.evaluated_on
    registry = world.registry
    found: list[tuple[int, dict[str, Any]]] = []
    for report in relevant_reports(world, asked, on):
        if report.known > since:
            found.append((report.known, _event("event", report)))
    for fallen in fallen_reports(world, asked, on):
        if fallen.at_known > since:
            found.append((fallen.at_known, _event(fallen.why, fallen.report)))
    for unit in asked.units_ever:
        for version in unit.versions:
            if version.known > since:
                found.append((version.known, {"kind": "unit", "unit": unit.code}))
    condition = registry.conditions.get(asked.id)
    if condition is not None and condition.known > since:
        found.append((condition.known, {"kind": "condition", "document": condition.document}))
    defined = registry.defined_known.get(asked.id, registry.catalogue_known)
    if defined > since:
        found.append((defined, {"kind": "catalogue", "catalogue": asked.catalogue.digest}))
    found.sort(key=lambda item: (item[0], str(sorted(item[1].items()))))
    return [cause | {"known": known_text(known)} for known, cause in found]


def _event(kind: str, report: Any) -> dict[str, Any]:
    return {"kind": kind, "unit": report.unit, "source": report.source, "id": report.event_id}
