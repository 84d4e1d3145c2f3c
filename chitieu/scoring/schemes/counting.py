"""What every scheme starts from: which results count in a summary, and how many of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from chitieu.scoring.asked import Asked
from chitieu.scoring.outcome import Outcome


class SummaryScheme(Protocol):
    """Outcomes, and which of them do not bind (target id → the one that does), to a summary."""

    def __call__(self, outcomes: Sequence[Outcome], why: Mapping[str, str]) -> dict[str, Any]:
        """The `summary` object: `scheme`, the counts of `counts`, `score`, and its own."""
        ...


def is_ongoing(asked: Asked) -> bool:
    """A task without a due day: shown, never in a summary."""
    return asked.indicator.formula == "task" and asked.target.due is None


def counted(outcomes: Sequence[Outcome], why: Mapping[str, str]) -> list[Outcome]:
    """The results that a summary is about: those that bind, ongoing tasks left out."""
    return [o for o in outcomes if o.asked.id not in why and not is_ongoing(o.asked)]


def counts(chosen: Sequence[Outcome]) -> dict[str, int]:
    """How many bind, and how many have each verdict."""
    verdicts = Counter(o.judgement.verdict for o in chosen)
    return {
        "binding": len(chosen),
        "met": verdicts["met"],
        "not_met": verdicts["not_met"],
        "not_met_open": sum(o.judgement.verdict == "not_met" and not o.final for o in chosen),
        "unknown": verdicts["unknown"],
        "not_applicable": verdicts["not_applicable"],
        "not_in_force": verdicts["not_in_force"],
    }
