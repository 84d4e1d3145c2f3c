"""Whether a target will be met by its day, from a forecast. Pure.

`on_track` from 80 chances in 100 of meeting, `off_track` under 20, `at_risk` between; with too
little history `insufficient_history`. A target to be kept up that lapsed stays not met.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from chitieu.outlook.forecast import (
    HISTORY_MIN,
    Flow,
    Forecast,
    Required,
    adoption,
    pooled_ratio,
    stock,
    succession,
    total,
)
from chitieu.periods import Period, whole_periods
from chitieu.scoring.asked import Asked
from chitieu.scoring.history import (
    achieved,
    cadences_of,
    flow,
    judged_shares,
    steps_to,
    stock_shares,
)
from chitieu.scoring.judgement import Judgement
from chitieu.scoring.world import World
from chitieu.text import decimal_text

Outlook = Literal["on_track", "at_risk", "off_track", "insufficient_history"]
ON_TRACK: Final = Decimal("0.8")
OFF_TRACK: Final = Decimal("0.2")


@dataclass(frozen=True, slots=True)
class Ahead:
    """The word, and the forecast that it comes from; both null where nothing is open."""

    outlook: Outlook | None
    forecast: Forecast | None
    on: dt.date


def look_ahead(world: World, asked: Asked, judgement: Judgement, final: bool) -> Ahead:
    """The outlook of a judged target to the last day on which it is judged."""
    on = asked.judged_on
    if final or judgement.verdict in ("not_in_force", "not_applicable"):
        return Ahead(None, None, on)
    if judgement.lapses:
        return Ahead("off_track", None, on)  # what was not kept up stays not met
    if asked.metric is None and judgement.met and asked.target.due is not None:
        return Ahead("on_track", None, on)  # done is done
    forecast = _forecast(world, asked, judgement)
    if forecast is None:
        return Ahead("insufficient_history", None, on)
    return Ahead(word_of(forecast.probability), forecast, on)


def word_of(probability: Decimal) -> Outlook:
    """The word for a chance of meeting."""
    if probability >= ON_TRACK:
        return "on_track"
    return "off_track" if probability < OFF_TRACK else "at_risk"


def _forecast(world: World, asked: Asked, judgement: Judgement) -> Forecast | None:
    metric, target = asked.metric, asked.target
    if metric is None or target.value is None or judgement.basis in ("printed", "status"):
        return None
    if not judgement.figures.reported:
        return None  # and no list of who is silent is made for it
    comparator, value = asked.required
    required = Required(comparator or ">=", float(value))
    if target.maintain and metric.cadence != "none":
        return _kept_up(asked, judgement)
    formula = asked.indicator.formula
    if formula in ("share_of_units", "milestone"):
        held = achieved(world, asked, judgement)
        if held is None:
            return None
        steps = steps_to("month", held[1], asked.judged_on)
        return adoption(held[0], int(judgement.figures.denominator or 0), steps, required)
    if formula == "share_meeting":
        shares = judged_shares(world, asked, judgement.on)
        if shares is None:
            return None
        return stock(shares[0], steps_to("month", shares[1], asked.judged_on), required)
    if metric.form == "snapshot":
        built = stock_shares(world, asked, judgement)
        if built is None:
            return None
        return stock(built[0], steps_to(built[2], built[1], asked.judged_on), required)
    flowing = flow(world, asked, judgement)
    return None if flowing is None else _of_flow(judgement, flowing, required)


def _of_flow(judgement: Judgement, flowing: Flow, required: Required) -> Forecast | None:
    if judgement.figures.denominator is not None:
        return pooled_ratio(flowing, required)
    now = float(judgement.figures.numerator)
    return total(flowing.parts, flowing.past[0], flowing.steps, required, at_least=now)


def _kept_up(asked: Asked, judgement: Judgement) -> Forecast | None:
    """Of what must hold in every period: it has so far."""
    assert asked.metric is not None
    if not judgement.met or asked.in_force_from > judgement.on:
        return None
    cadence = cadences_of(asked)[0]
    ended = len(whole_periods(cadence, Period(asked.in_force_from, judgement.on)))
    every = len(whole_periods(cadence, Period(asked.in_force_from, asked.judged_on)))
    return None if ended < HISTORY_MIN else succession(ended, every - ended)


def forecast_json(ahead: Ahead) -> dict[str, Any] | None:
    """`forecast` of a result."""
    made = ahead.forecast
    if made is None:
        return None

    def shown(value: Decimal | None) -> str | None:
        return None if value is None else decimal_text(value)

    return {
        "on": ahead.on.isoformat(), "low": shown(made.low), "expected": shown(made.expected),
        "high": shown(made.high), "probability": str(made.probability), "method": made.method,
        "history": made.history,
    }  # fmt: skip
