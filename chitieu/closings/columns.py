"""The columns of a closing beside the verdict: in the period, since 1 January, a year before. Pure.

Each is null with a reason, or figures over its own days, split into what was reported as done
("thực hiện") and what was estimated ("ước thực hiện"); the two add up to the column.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chitieu.closings.days import year_before
from chitieu.periods import Period
from chitieu.scoring.asked import Asked
from chitieu.scoring.card import actual_text, exact
from chitieu.scoring.judge import judge, judge_window
from chitieu.scoring.judgement import Judgement
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.sentence import display
from chitieu.scoring.world import World

_ABSENT = {
    "from": None, "to": None, "numerator": None, "denominator": None, "actual": None,
    "display": None, "basis": None, "estimated": False, "of_actuals": None, "of_estimates": None,
    "reports_expected": 0, "reports_received": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """The period as far as the place stood in it, and the world that answers."""

    world: World
    days: Period

    @property
    def as_of(self) -> dt.date:
        """The last day."""
        return self.days.last


def columns(frame: Frame, asked: Asked) -> dict[str, Any]:
    """`in_period`, `cumulative` and `last_year` of one target."""
    if asked.target.value is None:
        none = _ABSENT | {"reason": "no_target"}
        return {"in_period": none, "cumulative": none, "last_year": none}
    if _is_state(asked):
        # A state is the same whichever day it began on: only days can be compared.
        return {
            "in_period": _ABSENT | {"reason": "state"},
            "cumulative": _column(frame, asked, judge(frame.world, asked, frame.as_of)),
            "last_year": _last_year(frame, asked),
        }
    as_of = frame.as_of
    since = Period(dt.date(as_of.year, 1, 1), as_of)
    return {
        "in_period": _column(frame, asked, judge_window(frame.world, asked, frame.days, as_of)),
        "cumulative": _column(frame, asked, judge_window(frame.world, asked, since, as_of)),
        "last_year": _last_year(frame, asked),
    }


def _is_state(asked: Asked) -> bool:
    """Whether a day answers, and no sum over days."""
    return asked.metric is None or asked.is_latest


def _last_year(frame: Frame, asked: Asked) -> dict[str, Any]:
    """The same days a year before, from what is known now; another territory is no comparison."""
    days = year_before(frame.days)
    began = asked.place.valid_from
    if began is not None and days.first < began:
        return _ABSENT | {"reason": "place_not_yet"}
    if _is_state(asked):
        judgement = judge(frame.world, asked, days.last)
    else:
        judgement = judge_window(frame.world, asked, days, days.last)
    return _column(Frame(frame.world, days), asked, judgement)


def _column(frame: Frame, asked: Asked, judgement: Judgement) -> dict[str, Any]:
    figures = judgement.figures
    if judgement.actual is None and judgement.numerator is None:
        return _ABSENT | {
            "from": judgement.window.first.isoformat(), "to": judgement.window.last.isoformat(),
            "reports_expected": figures.expected, "reports_received": figures.received,
            "reason": judgement.reason,
        }  # fmt: skip
    shown = Outcome(frame.world, asked, frame.as_of, judgement, False)
    split = judgement.numerator is not None
    return {
        "from": judgement.window.first.isoformat(), "to": judgement.window.last.isoformat(),
        "numerator": exact(judgement.numerator), "denominator": exact(judgement.denominator),
        "actual": actual_text(shown), "display": display(shown), "basis": judgement.basis,
        "estimated": figures.estimated,
        "of_actuals": _part(judgement, estimate=False) if split else None,
        "of_estimates": _part(judgement, estimate=True) if split else None,
        "reports_expected": figures.expected, "reports_received": figures.received,
        "reason": judgement.reason,
    }  # fmt: skip


def _part(judgement: Judgement, *, estimate: bool) -> dict[str, Any]:
    """A silent unit of a share stands with the actuals: nothing was estimated of it."""
    counted = [
        item for item in judgement.figures.counted
        if (item.report is not None and item.report.estimate) is estimate
    ]  # fmt: skip
    whole = None if judgement.denominator is None else _sum(c.denominator for c in counted)
    return {
        "reports": sum(item.report is not None for item in counted),
        "numerator": exact(_sum(c.numerator for c in counted)),
        "denominator": exact(whole),
    }


def _sum(values: Iterable[Decimal | None]) -> Decimal:
    return sum((v for v in values if v is not None), Decimal(0))
