"""Results by the places of a day, as JSON values. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chitieu.places import PlaceKey
from chitieu.scoring.card import actual_text, day, exact
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.rebased import Part, rebased
from chitieu.scoring.sentence import display
from chitieu.scoring.where import Where


def places_json(outcome: Outcome, where: Where) -> dict[str, Any]:
    """`places` of a result.

    `parts`: each place of the level in which the result counts anything, by code; null figures
    with `reason` where they are not known for it alone. `together`: the sums of those places that
    cannot be told apart. The parts that are not null and `together` make up the result.
    """
    parts = rebased(outcome, where)
    together = [part for part in parts if len(part.places) != 1]
    alone = [_alone(part, key, outcome, where) for part in parts for key in part.places]
    return {
        "on": where.day.isoformat(),
        "level": where.level.value,
        "parts": sorted(alone, key=lambda item: item["code"]),
        "together": [
            {"places": [key.code for key in part.places], **_figures(outcome, part)}
            for part in together
        ],
    }


def with_places(results: Sequence[Any], outcomes: Sequence[Outcome], where: Where) -> None:
    """Lay `places` over the results of a scorecard."""
    by_id = {outcome.asked.id: outcome for outcome in outcomes}
    for result in results:
        result["places"] = places_json(by_id[result["target"]], where)


def _alone(part: Part, key: PlaceKey, outcome: Outcome, where: Where) -> dict[str, Any]:
    place = where.places.get(key)
    naming = place.naming_on(where.day)
    shown: dict[str, Any] = {
        "code": place.code,
        "name": naming.short_name,
        "official_name": naming.name,
        "kind": naming.kind.value,
        "valid_from": day(place.valid_from),
        "valid_to": day(place.valid_to),
        **_figures(outcome, part),
    }
    if len(part.places) > 1:
        shown |= dict.fromkeys(_KNOWN_OF_A_PART)
        shown["reason"] = _why(part)
    return shown


_KNOWN_OF_A_PART = (
    "numerator", "denominator", "actual", "display", "units", "reports", "missing", "verdict",
)  # fmt: skip


def _why(part: Part) -> str:
    return "split_without_weight" if part.undivided else "place_unknown"


def _figures(outcome: Outcome, part: Part) -> dict[str, Any]:
    judgement, figures = part.judgement, part.judgement.figures
    shown = replace(outcome, judgement=judgement)
    # A part whose units are all silent still has them in its whole, or the parts would not add up.
    told = outcome.judgement.numerator is not None and bool(figures.counted)
    # What must be kept up is judged on every period, and these are the figures of one.
    maintained = outcome.asked.target.maintain
    return {
        "numerator": exact(figures.numerator) if told else None,
        "denominator": exact(figures.denominator) if told else None,
        "actual": actual_text(shown),
        "display": display(shown),
        "units": len({c.unit for c in figures.counted}),
        "reports": sum(1 for c in figures.counted if c.report),
        "missing": len(figures.missing),
        "verdict": None if maintained else judgement.verdict,
        "reason": _why(part) if not part.places else judgement.reason,
    }
