"""A movement as a JSON value: from what to what, and the parts with who said it, when and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chitieu.periods import civil_day, from_microseconds, known_text
from chitieu.scoring.card import exact
from chitieu.scoring.figures import Counted
from chitieu.scoring.movements import Movement, one_of, state_json
from chitieu.scoring.parts import ZERO, Part


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What the log says of an entry besides its figures. None where it does not apply."""

    position: str | None
    sender: str | None = None
    source: str | None = None
    id: str | None = None
    unit: str | None = None
    note: str | None = None
    document: str | None = None
    catalogue: str | None = None


NOTHING = EntryFacts(None)


@dataclass(frozen=True, slots=True)
class Between:
    """The known times of both ends, and what the log says of the entries between them."""

    since: int
    until: int
    facts: Mapping[int, EntryFacts]


def causes_of(movements: Iterable[Movement]) -> list[int]:
    """Known times of all entries that moved something, each once."""
    parts = (part for movement in movements for part in movement.parts)
    return sorted({part.cause.known for part in parts if part.cause.known is not None})


def movement_json(movement: Movement, between: Between) -> dict[str, Any]:
    """One item of `/v1/changes`. Numerators and denominators of `parts` add up to `difference`."""
    before, after = movement.before, movement.after
    outcome = one_of(after, before)
    asked = outcome.asked
    return {
        "target": asked.id, "plan": asked.plan.name, "row": f"{asked.plan.name}/{asked.row.key}",
        "order": asked.row.order, "indicator": asked.entry.indicator,
        "title": asked.row.title.vi, "title_en": asked.row.title.en,
        "kind": asked.indicator.formula, "measure": asked.indicator.measure.en,
        "from": None if before is None else state_json(before, movement.why_before),
        "to": None if after is None else state_json(after, movement.why_after),
        "difference": {
            "numerator": exact(sum((p.numerator for p in movement.parts), ZERO)),
            "denominator": exact(sum((p.denominator for p in movement.parts), ZERO)),
        },
        "parts": [_part(part, between) for part in movement.parts],
    }  # fmt: skip


def _part(part: Part, between: Between) -> dict[str, Any]:
    return {
        "unit": part.unit,
        "numerator": exact(part.numerator),
        "denominator": exact(part.denominator),
        "cause": _cause(part, between),
        "before": [_contribution(item) for item in part.before],
        "after": [_contribution(item) for item in part.after],
    }


def _cause(part: Part, between: Between) -> dict[str, Any]:
    cause = part.cause
    facts = NOTHING if cause.known is None else between.facts[cause.known]
    kept = {(c.report.seq, c.report.group) for c in part.after if c.report}
    replaced = {
        (c.report.source, c.report.event_id): None
        for c in part.before if c.report and (c.report.seq, c.report.group) not in kept
    }  # fmt: skip
    days = None
    if cause.kind == "time":
        days = {"from": _day_of(between.since), "to": _day_of(between.until)}
    return {
        "kind": cause.kind,
        "position": facts.position,
        "known": None if cause.known is None else known_text(cause.known),
        "sender": facts.sender, "source": facts.source, "id": facts.id, "unit": facts.unit,
        "note": facts.note, "document": facts.document, "catalogue": facts.catalogue,
        "target": cause.target, "days": days,
        "replaced": [{"source": source, "id": name} for source, name in replaced],
    }  # fmt: skip


def _contribution(item: Counted) -> dict[str, Any]:
    report = item.report
    return {
        "unit": item.unit,
        "period": report.days_text if report else None,
        "source": report.source if report else None,
        "id": report.event_id if report else None,
        "estimate": report.estimate if report else None,
        "numerator": exact(item.numerator),
        "denominator": exact(item.denominator),
    }


def _day_of(known: int) -> str:
    return civil_day(from_microseconds(known)).isoformat()
