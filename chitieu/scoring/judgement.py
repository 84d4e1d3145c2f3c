"""What is said of a target on a day. Pure values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from chitieu.periods import Period
from chitieu.reports import Report
from chitieu.scoring.figures import Figures

Verdict = Literal["met", "not_met", "unknown", "not_applicable", "not_in_force"]
Reason = Literal[
    "no_report",
    "coverage",
    "status_only",
    "stale",
    "no_unit_registered",
    "denominator_missing",
    "zero_denominator",
    "no_target",
    "condition",
    "not_yet",
    "repealed",
    "issuer_ended",
]
Basis = Literal["measured", "compiled", "printed", "status"]
HUNDRED = Decimal(100)


@dataclass
class Judgement:
    """What is said of a target on a day, with what it rests on."""

    verdict: Verdict
    reason: Reason | None
    window: Period
    on: dt.date
    figures: Figures = field(default_factory=Figures)
    basis: Basis | None = None
    actual: Decimal | None = None
    bounds: tuple[Decimal, Decimal] | None = None
    rate: Report | None = None
    status: Report | None = None
    lapses: list[str] = field(default_factory=list)
    holds_now: bool | None = None

    @property
    def numerator(self) -> Decimal | None:
        shown = self.basis in ("measured", "compiled") and self.figures.reported
        return self.figures.numerator if shown else None

    @property
    def denominator(self) -> Decimal | None:
        return self.figures.denominator if self.numerator is not None else None

    @property
    def met(self) -> bool | None:
        return {"met": True, "not_met": False}.get(self.verdict)


def verdict_of(met: bool) -> Verdict:
    """The verdict of a comparison."""
    return "met" if met else "not_met"
