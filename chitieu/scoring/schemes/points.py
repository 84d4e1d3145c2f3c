"""`points`: points × min(1, actual ÷ value), over what is decided.

Fractions are exact to the end; each figure that is shown is rounded once, half up, two digits.
Points of what is undecided or does not apply are told apart and never taken for zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Protocol

from chitieu.catalogue.model import Assumption
from chitieu.catalogue.scheme_model import Scheme
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.schemes.counting import counted, counts
from chitieu.text import decimal_text, fixed

# There is no half of these: a task is done or not, what was not kept up was not kept up.
_WHOLE: Final = ("task", "milestone")
_DECIDED: Final = ("met", "not_met")


class Method(Protocol):
    """A scheme's data and what is to be summed up, to a summary."""

    def __call__(
        self, scheme: Scheme, outcomes: Sequence[Outcome], why: Mapping[str, str]
    ) -> dict[str, Any]:
        """The `summary` object."""
        ...


def points(scheme: Scheme, outcomes: Sequence[Outcome], why: Mapping[str, str]) -> dict[str, Any]:
    """The points earned of those that are decided, with every target's part."""
    chosen = counted(outcomes, why)
    weights = {weight.target: weight.points for weight in scheme.weights}
    sums: dict[str, Fraction] = {}
    parts: list[dict[str, Any]] = []
    earned, unweighted = Fraction(0), 0
    for outcome in chosen:
        weight = weights.get(outcome.asked.id, scheme.each)
        if weight is None:
            unweighted += 1
            continue
        verdict, whole = outcome.judgement.verdict, Fraction(weight)
        kind = "known" if verdict in _DECIDED else verdict
        sums[kind] = sums.get(kind, Fraction(0)) + whole
        share = reached(outcome)
        if share is not None:
            earned += whole * share
        parts.append(_part(outcome, weight, share))
    known, unknown = sums.get("known", Fraction(0)), sums.get("unknown", Fraction(0))
    return {
        "scheme": scheme.name, **counts(chosen), "without_points": unweighted,
        "points": _exact(sum(sums.values(), Fraction(0))),
        "points_known": _exact(known), "points_unknown": _exact(unknown),
        "points_not_applicable": _exact(sums.get("not_applicable", Fraction(0))),
        "points_not_in_force": _exact(sums.get("not_in_force", Fraction(0))),
        "points_earned": _rounded(earned),
        "score": _rounded(100 * earned / known) if known else None,
        "score_if_unknown_fail": (
            _rounded(100 * earned / (known + unknown)) if known + unknown else None
        ),
        "plan": scheme.plan,
        "assumed": [_assumed(item) for item in scheme.assumed],
        "parts": sorted(parts, key=lambda part: str(part["target"])),
    }  # fmt: skip


def reached(outcome: Outcome) -> Fraction | None:
    """min(1, actual ÷ value), 0 to 1 and exact; None while it is undecided or does not apply.

    The other way round where less is better. A task, a milestone, an exact value and what has to
    be maintained are reached or not.
    """
    judgement, asked = outcome.judgement, outcome.asked
    if judgement.verdict not in _DECIDED:
        return None
    comparator, required = asked.required
    all_or_nothing = asked.indicator.formula in _WHOLE or comparator == "="
    if judgement.met or all_or_nothing or asked.target.maintain:
        return Fraction(int(judgement.verdict == "met"))
    actual, value = _actual(outcome), Fraction(required)
    if actual is None:
        return Fraction(0)
    part, whole = (value, actual) if comparator in ("<=", "<") else (actual, value)
    if whole <= 0:
        return Fraction(0)
    return max(Fraction(0), min(Fraction(1), part / whole))


def _actual(outcome: Outcome) -> Fraction | None:
    """The actual value, from its fraction where that is known: it is shown to six digits only."""
    judgement = outcome.judgement
    if judgement.numerator is not None and judgement.denominator:
        return 100 * Fraction(judgement.numerator) / Fraction(judgement.denominator)
    return None if judgement.actual is None else Fraction(judgement.actual)


def _part(outcome: Outcome, weight: Decimal, share: Fraction | None) -> dict[str, Any]:
    return {
        "target": outcome.asked.id, "verdict": outcome.judgement.verdict,
        "points": decimal_text(weight),
        "earned": None if share is None else _rounded(Fraction(weight) * share),
    }  # fmt: skip


def _exact(value: Fraction) -> str:
    """A sum of weights, which are decimals, so this division ends."""
    return decimal_text(Decimal(value.numerator) / Decimal(value.denominator))


def _rounded(value: Fraction) -> str:
    """Half up, two digits; the digits behind them are cut only after they decided."""
    hundredths = (200 * value.numerator + value.denominator) // (2 * value.denominator)
    return str(fixed(Decimal(hundredths) / 100, 2))


def _assumed(item: Assumption) -> dict[str, Any]:
    return {
        "about": item.about, "reading": {"vi": item.reading.vi, "en": item.reading.en},
        "reason": {"vi": item.reason.vi, "en": item.reason.en},
    }  # fmt: skip
