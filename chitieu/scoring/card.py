"""Results and scorecards as JSON values (CONTRACT.md §4). Pure: dictionaries, no bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from chitieu.catalogue.model import Assumption, Finding
from chitieu.catalogue.semantic import recorded
from chitieu.periods import known_text
from chitieu.places import Place, place_key
from chitieu.registry import Registry
from chitieu.scoring.asked import Asked, asked_of
from chitieu.scoring.binding import binding_why
from chitieu.scoring.figures import Figures
from chitieu.scoring.gap import gap_json
from chitieu.scoring.outcome import Outcome, evaluate
from chitieu.scoring.outlook import forecast_json
from chitieu.scoring.schemes.counting import SummaryScheme
from chitieu.scoring.schemes.share_met import share_met
from chitieu.scoring.sentence import display, is_percent, sentences
from chitieu.scoring.world import World
from chitieu.text import decimal_text, fixed

_SAFE_INTEGER = 2**53


@dataclass(frozen=True)
class Pin:
    """The pair that fixes an answer, and the position it stands for."""

    as_of: dt.date
    known: int
    position: str


def exact(value: Decimal | None) -> int | str | None:
    """An exact quantity: an integer up to 2^53, else a decimal string."""
    if value is None:
        return None
    if value == value.to_integral_value() and abs(value) <= _SAFE_INTEGER:
        return int(value)
    return decimal_text(value)


def day(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None


def assumed_json(items: Iterable[Assumption]) -> list[dict[str, Any]]:
    return [
        {
            "about": item.about,
            "reading": {"vi": item.reading.vi, "en": item.reading.en},
            "reason": {"vi": item.reason.vi, "en": item.reason.en},
        }
        for item in items
    ]


def assumed_of(asked: Asked) -> list[dict[str, Any]]:
    """Everything the reader of the clause had to decide for this target."""
    metric = asked.metric.assumed if asked.metric else ()
    return assumed_json((
        *asked.target.assumed, *asked.row.assumed, *asked.indicator.assumed, *metric,
        *asked.plan.assumed,
    ))  # fmt: skip


def citation_of(asked: Asked) -> dict[str, Any]:
    lines = asked.target.lines or asked.row.lines
    return {
        "document": asked.plan.document,
        "number": asked.plan.number,
        "issued": asked.plan.issued,
        "clause": asked.row.clause,
        "lines": list(lines),
    }


def place_json(place: Place) -> dict[str, Any]:
    return dict(place.to_wire())


def _finding(item: Finding) -> dict[str, Any]:
    return {
        "code": item.code,
        "text": {"vi": item.text.vi, "en": item.text.en},
        "lines": list(item.lines),
    }


def _fraction(figures: Figures) -> str:
    whole = figures.denominator
    return decimal_text(figures.numerator) + ("" if whole is None else f"/{decimal_text(whole)}")


def findings_of(outcome: Outcome) -> list[dict[str, Any]]:
    """What does not agree: in the document, and in what was reported."""
    asked, judgement = outcome.asked, outcome.judgement
    told = (*asked.row.findings, *asked.target.findings)
    found = [_finding(f) for f in told]
    # A person's words stand for what was also found by computing.
    found += [
        {"code": one.code, "text": one.text.model_dump(), "lines": list(one.lines)}
        for one in asked.catalogue.contradictions_of.get(asked.id, ())
        if not any(recorded(f, one) for f in told)
    ]
    if asked.metric is not None and asked.metric.persons and judgement.figures.reports > 1:
        found.append({
            "code": "person_periods",
            "text": {
                "vi": "Một người có thể được tính nhiều lần khi cộng các đơn vị hoặc các kỳ.",
                "en": "One person may be counted several times over units or periods.",
            },
            "lines": [],
        })  # fmt: skip
    for code, own, parts in judgement.figures.disagree:
        found.append({
            "code": "own_and_parts_disagree",
            "text": {
                "vi": f"{code}: số của địa bàn {_fraction(own)}, "
                f"tổng các đơn vị {_fraction(parts)}.",
                "en": f"{code}: the area's own figure {_fraction(own)}, "
                f"its units {_fraction(parts)}.",
            },
            "lines": [],
        })  # fmt: skip
    return found


def published_of(outcome: Outcome) -> dict[str, Any] | None:
    """The newest result that the document prints for this target, on or before `as_of`."""
    asked = outcome.asked
    key = asked.id.removeprefix(f"{asked.plan.name}/{asked.row.key}").removeprefix("/")
    printed = [
        r for r in asked.row.results
        if r.as_of <= outcome.as_of and (r.target is None or r.target == key)
    ]  # fmt: skip
    if not printed:
        return None
    # Of several on one day, the one whose event answers the target, not the table's other columns.
    newest = max(printed, key=lambda r: (r.as_of, bool(r.events)))
    return {
        "printed": newest.printed,
        "as_of": newest.as_of.isoformat(),
        "rounding": newest.rounding,
        "agrees": newest.agrees,
    }


def condition_of(asked: Asked) -> dict[str, Any] | None:
    """What the target waits for, and what was last recorded: by which document, whom and when.

    With a document but no day, the record before was withdrawn.
    """
    words = asked.target.condition
    if words is None:
        return None
    recorded = asked.registry.conditions.get(asked.id)
    return {
        "text": {"vi": words.vi, "en": words.en},
        "fulfilled_on": day(recorded.fulfilled_on) if recorded else None,
        "document": recorded.document if recorded else None,
        "by": recorded.by if recorded else None,
        "known": known_text(recorded.known) if recorded else None,
    }


def origin_of(asked: Asked) -> dict[str, Any] | None:
    """The dissolved province whose plan a successor shows; null for a place's own."""
    if asked.card is None:
        return None
    place = asked.place
    return {"code": place.code, "name": place.short_name, "valid_to": day(place.valid_to)}


def links_of(asked: Asked, pin: Pin) -> dict[str, str]:
    """Relative, and carrying the pair."""
    pair = f"as_of={pin.as_of.isoformat()}&known_at={quote(known_text(pin.known))}"
    province = f"&province={asked.place.code}&on={day(_on_of(asked.place, pin.as_of))}"
    own = province if asked.plan.place is None else ""
    return {
        name: f"/v1/targets/{asked.id}/{name}?{pair}{own}"
        for name in ("explanation", "history", "receipt", "result", "units")
    }


def _on_of(place: Place, as_of: dt.date) -> dt.date:
    """A day on which the place bears its code."""
    if place.valid_to is not None and as_of > place.valid_to:
        return place.valid_to
    return max(as_of, place.valid_from) if place.valid_from else as_of


def scope_json(outcome: Outcome) -> dict[str, Any]:
    """Whose figures: how many are expected, and how many are there."""
    figures, bounds = outcome.judgement.figures, outcome.judgement.bounds
    return {
        "label": outcome.asked.target.scope.label.vi,
        "label_en": outcome.asked.target.scope.label.en,
        "units_expected": figures.units_expected,
        "units_reported": figures.units_reported,
        "reports_expected": figures.expected,
        "reports_received": figures.received,
        "estimated": figures.estimated,
        "waived": figures.units_waived,
        "bounds": None if bounds is None else {"low": str(bounds[0]), "high": str(bounds[1])},
    }


def actual_text(outcome: Outcome) -> str | None:
    """`actual`: six digits in percent, else exact."""
    actual = outcome.judgement.actual
    if actual is None:
        return None
    return str(fixed(actual, 6)) if is_percent(outcome) else decimal_text(actual)


def result_json(outcome: Outcome, why: str | None, pin: Pin) -> dict[str, Any]:
    """One result."""
    asked, judgement, target = outcome.asked, outcome.judgement, outcome.asked.target
    sentence, sentence_en = sentences(outcome)
    return {
        "target": asked.id, "plan": asked.plan.name, "row": f"{asked.plan.name}/{asked.row.key}",
        "origin": origin_of(asked),
        "section": asked.row.section, "order": asked.row.order, "indicator": asked.entry.indicator,
        "title": asked.row.title.vi, "title_en": asked.row.title.en,
        "kind": asked.indicator.formula, "tier": target.tier, "set_by": target.set_by,
        "binding": why is None, "binding_why": why, "force": target.force,
        "maintain": target.maintain, "comparator": target.comparator,
        "value": None if target.value is None else decimal_text(target.value),
        "measure": asked.indicator.measure.en, "printed": target.printed,
        "due": day(target.due), "due_text": target.due_text,
        "due_precision": target.due_precision,
        "responsible": [{"label": p.label, "unit": p.unit} for p in asked.row.responsible],
        "coordinating": [{"label": p.label, "unit": p.unit} for p in asked.row.coordinating],
        "citation": citation_of(asked), "assumed": assumed_of(asked), "scope": scope_json(outcome),
        "window": {
            "from": judgement.window.first.isoformat(), "to": judgement.window.last.isoformat(),
        },
        "evaluated_on": outcome.evaluated_on.isoformat(), "final": outcome.final,
        "met_on": day(outcome.met_on), "days_late": outcome.days_late,
        "lapses": judgement.lapses, "holds_now": judgement.holds_now,
        "numerator": exact(judgement.numerator), "denominator": exact(judgement.denominator),
        "actual": actual_text(outcome), "display": display(outcome), "basis": judgement.basis,
        "status": judgement.status.fields["state"] if judgement.status else None,
        "published": published_of(outcome),
        "condition": condition_of(asked),
        "verdict": judgement.verdict, "reason": judgement.reason, "outlook": outcome.outlook,
        "forecast": forecast_json(outcome.ahead), "gap": gap_json(outcome),
        "findings": findings_of(outcome),
        "sentence": sentence, "sentence_en": sentence_en,
        "places": None, "changed_at": known_text(outcome.changed), "links": links_of(asked, pin),
    }  # fmt: skip


@dataclass(frozen=True)
class Evaluated:
    """Everything evaluated for a province; filters choose from it, binding never changes."""

    place: Place
    pin: Pin
    outcomes: tuple[Outcome, ...]
    why: dict[str, str]
    world: World

    def one(self, target: str) -> Outcome | None:
        return next((o for o in self.outcomes if o.asked.id == target), None)


def evaluate_place(world: World, place: Place, pin: Pin) -> Evaluated:
    """All targets of a province at a pair."""
    outcomes = [evaluate(world, asked, pin.as_of) for asked in asked_of(world.registry, place)]
    return Evaluated(place, pin, tuple(outcomes), binding_why(outcomes), world)


def scorecard_json(
    evaluated: Evaluated, registry: Registry, plan: str | None = None, tier: str | None = None,
    summed_up: SummaryScheme = share_met,
) -> dict[str, Any]:  # fmt: skip
    """The scorecard of a province, narrowed to a plan or a tier, summed up by a scheme."""
    shown = [
        o for o in evaluated.outcomes
        if (plan is None or o.asked.plan.name == plan)
        and (tier is None or o.asked.target.tier == tier)
    ]  # fmt: skip
    shown.sort(key=lambda o: (o.asked.plan.name, o.asked.row.order, o.asked.id))
    why = evaluated.why
    return {
        "province": place_json(evaluated.place),
        "as_of": evaluated.pin.as_of.isoformat(),
        "known_at": known_text(evaluated.pin.known),
        "position": evaluated.pin.position,
        "catalogue": registry.catalogue.digest if registry.catalogue else None,
        "summary": summed_up(shown, why),
        "results": [result_json(o, why.get(o.asked.id), evaluated.pin) for o in shown],
    }


__all__ = ["Evaluated", "Pin", "evaluate_place", "place_key", "result_json", "scorecard_json"]
