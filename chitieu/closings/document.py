"""What a province publishes when it closes a period of a plan, as a JSON value. Pure.

The document follows from the closing's own entry and from what was known at its pair, so whoever
has the log can make the same bytes again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chitieu import __version__
from chitieu.catalogue.model import Plan
from chitieu.closings.columns import Frame, columns
from chitieu.closings.days import due_day
from chitieu.closings.state import Closing, Signed
from chitieu.closings.words import COLUMNS, REASONS, period_words, title
from chitieu.periods import Period, civil_day, from_microseconds, known_text
from chitieu.scoring.card import Evaluated, place_json, result_json
from chitieu.scoring.movement_json import Between, movement_json
from chitieu.scoring.movements import Movement, movements
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.results import canonical
from chitieu.scoring.schemes.share_met import share_met
from chitieu.scoring.world import World


@dataclass(frozen=True)
class Moved:
    """What moved since the version before, and what the log says of the entries that did it."""

    movements: Sequence[Movement]
    between: Between


@dataclass(frozen=True)
class Making:
    """What a document is made of: what the closing says of itself, and what was known.

    `evaluated` has the closing's pair for its pin; `moved` is null in the first version.
    """

    id: str
    plan: Plan
    period: Period
    version: int
    closed: Signed
    world: World
    evaluated: Evaluated
    previous: Closing | None = None
    moved: Moved | None = None


def moved_since(before: Evaluated, after: Evaluated, plan: str) -> tuple[Movement, ...]:
    """Each result of a plan that is not as it was at the version before, in the plan's order."""
    both = {o.asked.id: o.asked for o in (*before.outcomes, *after.outcomes)}
    order = {name: (a.row.order, name) for name, a in both.items() if a.plan.name == plan}
    return tuple(sorted(movements(before, after, order), key=lambda m: order[m.target]))


def document_bytes(making: Making) -> bytes:
    """The document as it is stored, hashed and answered."""
    return canonical(document(making)).encode()


def document(making: Making) -> dict[str, Any]:
    """The whole of it."""
    evaluated, plan = making.evaluated, making.plan
    pin, catalogue = evaluated.pin, making.world.registry.catalogue
    shown = outcomes_of(evaluated, plan.name)
    frame = Frame(making.world, Period(making.period.first, pin.as_of))
    if evaluated.place.valid_from and evaluated.place.valid_from > frame.days.first:
        frame = Frame(making.world, Period(evaluated.place.valid_from, pin.as_of))
    return {
        "id": making.id,
        "title": title(making.period, {"vi": plan.title.vi, "en": plan.title.en}),
        "province": place_json(evaluated.place),
        "plan": _plan(plan),
        "period": _period(making.period),
        "as_of": pin.as_of.isoformat(),
        "known_at": known_text(pin.known),
        "position": pin.position,
        "version": making.version,
        "due": _due(making),
        "closed": {
            "at": known_text(making.closed.at),
            "by": making.closed.by,
            "before_the_end": closed_on(making) < pin.as_of,
        },
        "catalogue": catalogue.digest if catalogue else None,
        "code": __version__,
        "columns": COLUMNS,
        "reasons": REASONS,
        "summary": share_met(shown, evaluated.why),
        "results": [_row(making, frame, outcome) for outcome in shown],
        "previous": _previous(making.previous),
        "movements": _movements(making),
    }


def outcomes_of(evaluated: Evaluated, plan: str) -> Sequence[Outcome]:
    """The targets of a plan in the plan's order."""
    found = [o for o in evaluated.outcomes if o.asked.plan.name == plan]
    return sorted(found, key=lambda o: (o.asked.row.order, o.asked.id))


def closed_on(making: Making) -> dt.date:
    """The civil day on which it was closed."""
    return civil_day(from_microseconds(making.closed.at))


def _row(making: Making, frame: Frame, outcome: Outcome) -> dict[str, Any]:
    """The result as on the scorecard, and its columns."""
    why = making.evaluated.why.get(outcome.asked.id)
    return result_json(outcome, why, making.evaluated.pin) | columns(frame, outcome.asked)


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name, "document": plan.document, "number": plan.number,
        "issued": plan.issued, "issuer": plan.issuer, "title": plan.title.vi,
        "title_en": plan.title.en,
    }  # fmt: skip


def _period(period: Period) -> dict[str, Any]:
    return {
        "name": str(period), "from": period.first.isoformat(), "to": period.last.isoformat(),
        "words": period_words(period),
    }  # fmt: skip


def _due(making: Making) -> dict[str, Any]:
    """The plan's own report day, and whether it was kept."""
    day = due_day(making.plan, making.period)
    if day is None:
        return {"on": None, "printed": None, "lines": [], "kept": None, "reason": "no_calendar"}
    return {
        "on": day.due.isoformat(), "printed": day.printed, "lines": list(day.lines),
        "kept": closed_on(making) <= day.due, "reason": None,
    }  # fmt: skip


def _previous(closing: Closing | None) -> dict[str, Any] | None:
    if closing is None:
        return None
    withdrawn = closing.withdrawn
    return {
        "id": closing.id, "version": closing.version, "as_of": closing.as_of.isoformat(),
        "known_at": known_text(closing.known), "sha256": closing.sha256,
        "withdrawn_at": known_text(withdrawn.at) if withdrawn else None,
        "reason": closing.requested.reason if closing.requested else None,
    }  # fmt: skip


def _movements(making: Making) -> list[dict[str, Any]] | None:
    """As `/v1/changes` tells them; null in the first version."""
    if making.moved is None:
        return None
    return [movement_json(one, making.moved.between) for one in making.moved.movements]
