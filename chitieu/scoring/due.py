"""What falls due in the next days, by who is responsible. Pure: dictionaries, no bytes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any, Final

from chitieu.periods import known_text
from chitieu.scoring.card import Evaluated, Pin, links_of, place_json
from chitieu.scoring.gap import gap_json
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.outlook import forecast_json
from chitieu.scoring.sentence import display

DUE_DAYS: Final = 30
MOST_DUE_DAYS: Final = 366
Party = tuple[str, str]


def due_json(evaluated: Evaluated, days: int) -> dict[str, Any]:
    """Targets in force whose last day is `as_of` or one of the `days` after it.

    A target with several responsible parties stands under each; one whose document names nobody,
    under a party without a label.
    """
    pin = evaluated.pin
    until = min(pin.as_of, dt.date.max - dt.timedelta(days)) + dt.timedelta(days)
    by_party: defaultdict[Party, list[Outcome]] = defaultdict(list)
    for outcome in evaluated.outcomes:
        due = outcome.asked.target.due
        if due is None or not outcome.in_force or not pin.as_of <= due <= until:
            continue
        parties = {(p.label, p.unit or "") for p in outcome.asked.row.responsible} or {("", "")}
        for party in parties:
            by_party[party].append(outcome)
    return {
        "province": place_json(evaluated.place),
        "as_of": pin.as_of.isoformat(),
        "known_at": known_text(pin.known),
        "position": pin.position,
        "days": days,
        "until": until.isoformat(),
        "responsible": [
            {
                "label": label or None,
                "unit": unit or None,
                "targets": [_due(o, evaluated.why, pin) for o in sorted(held, key=_order)],
            }
            for (label, unit), held in sorted(by_party.items())
        ],
    }


def _order(outcome: Outcome) -> tuple[dt.date, str, int, str]:
    asked = outcome.asked
    assert asked.target.due is not None  # chosen by it
    return (asked.target.due, asked.plan.name, asked.row.order, asked.id)


def _due(outcome: Outcome, why: dict[str, str], pin: Pin) -> dict[str, Any]:
    asked, judgement = outcome.asked, outcome.judgement
    due = asked.target.due
    assert due is not None  # chosen by it
    return {
        "target": asked.id,
        "plan": asked.plan.name,
        "title": asked.row.title.vi,
        "title_en": asked.row.title.en,
        "kind": asked.indicator.formula,
        "due": due.isoformat(),
        "due_text": asked.target.due_text,
        "days_left": (due - pin.as_of).days,
        "binding": asked.id not in why,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "display": display(outcome),
        "outlook": outcome.outlook,
        "forecast": forecast_json(outcome.ahead),
        "gap": gap_json(outcome),
        "links": links_of(asked, pin),
    }
