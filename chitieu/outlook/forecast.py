"""Forecasts by kind of series: what is shared of a total, what is added up, what is left to do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal

from chitieu.outlook.level import CALM, LIVELY, Ahead, mean_ahead
from chitieu.outlook.stops import kept_up, with_stops
from chitieu.outlook.student import mixture_cdf, quantile

Method = Literal["adoption", "pooled_ratio", "total", "stock", "succession"]
Comparator = Literal[">=", ">", "<=", "<", "="]
# Fewer ended periods than this say nothing honest about the next ones.
HISTORY_MIN = 3
LOW, HIGH = 0.1, 0.9
_PERCENT = 100.0
_WIDE = Context(prec=60)
# The scatter assumed before any is seen: of a rate in points, of a total as a share of a typical
# period, of a stock or a number of units as a share of a typical step and a little more.
_RATE = 2.5
_TOTAL = 0.2
_STOCK = (0.2, 0.1)
_UNITS = (0.02, 0.1)
# What adds up falls back seldom: the t, open to both sides, is too wide.
_NARROWED = 0.8


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a measure will be on a day: 80 of 100 times between `low` and `high`.

    Percent with two digits, or whole in the measure of a total. `probability` of meeting, two
    digits. `history`: how many ended periods it rests on. `low`…`high` are null where only the
    probability is foretold.
    """

    method: Method
    history: int
    low: Decimal | None
    expected: Decimal | None
    high: Decimal | None
    probability: Decimal


@dataclass(frozen=True, slots=True)
class Required:
    """What must be met."""

    comparator: Comparator
    value: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Whole and part per period, oldest first; None where a period is not known.

    `past` is what the last day's window holds already of these periods, `steps` how many more
    periods it will hold.
    """

    parts: Sequence[float | None]
    wholes: Sequence[float | None]
    past: tuple[float, float]
    steps: int


def _digits(value: float, digits: int) -> Decimal:
    # Decimal(float) is exact; one rounding follows.
    return Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN, _WIDE)


def _chance(below: Callable[[float], float], required: Required, least: float) -> float:
    """P(met) of a continuous figure; `least` is the smallest step that is told apart."""
    value = required.value
    match required.comparator:
        case ">=" | ">":
            return 1.0 - below(value)
        case "<=" | "<":
            return below(value)
        case _:
            return below(value + least) - below(value - least)


def _told(value: float) -> Decimal:
    return _digits(min(1.0, max(0.0, value)), 2)


def _ends(ahead: Ahead) -> tuple[Callable[[float], float], float, float, float]:
    """The distribution function, and its 10th, 50th and 90th hundredth."""

    def below(x: float) -> float:
        return mixture_cdf(ahead.components, ahead.freedom, x)

    near, far = ahead.centre - ahead.reach, ahead.centre + ahead.reach
    return (
        below,
        quantile(below, LOW, near, far),
        quantile(below, 0.5, near, far),
        quantile(below, HIGH, near, far),
    )


def succession(periods: int, steps: int) -> Forecast:
    """Of a target to be kept up that held so far."""
    return Forecast("succession", periods, None, None, None, _told(kept_up(periods, steps)))


def _meets(value: float, required: Required) -> bool:
    match required.comparator:
        case ">=":
            return value >= required.value
        case ">":
            return value > required.value
        case "<=":
            return value <= required.value
        case "<":
            return value < required.value
        case _:
            return value == required.value


def pooled_ratio(flow: Flow, required: Required) -> Forecast | None:
    """Percent of a ratio of sums over a window; None below enough history."""
    pairs = list(zip(flow.parts, flow.wholes, strict=True))
    rates = [_PERCENT * n / d if n is not None and d else None for n, d in pairs]
    known = [rate for rate in rates if rate is not None]
    if len(known) < HISTORY_MIN:
        return None
    begin = next(i for i, rate in enumerate(rates) if rate is not None)
    volume = _volume(flow.wholes)
    part, whole = flow.past
    later = volume * flow.steps
    if flow.steps == 0 or later <= 0 or whole + later <= 0:
        settled = _PERCENT * part / whole if whole else known[-1]
        return _certain("pooled_ratio", len(known), settled, required)
    weight = later / (whole + later)
    base = _PERCENT * part / (whole + later)
    if all(rate == _PERCENT for rate in known):
        settled = round(base + weight * _PERCENT, 9)
        return _stays("pooled_ratio", len(known), settled, flow.steps, required)
    ahead = mean_ahead(rates[begin:], flow.steps, LIVELY, _RATE)
    below, low, middle, high = _ends(ahead)

    def within(rate: float) -> float:
        return base + weight * min(_PERCENT, max(0.0, rate))

    def pooled_below(x: float) -> float:
        rate = (x - base) / weight
        return 0.0 if rate < 0 else 1.0 if rate > _PERCENT else below(rate)

    return Forecast(
        "pooled_ratio", len(known), _digits(within(low), 2), _digits(within(middle), 2),
        _digits(within(high), 2), _told(_chance(pooled_below, required, 0.005)),
    )  # fmt: skip


def _volume(wholes: Sequence[float | None]) -> float:
    """What a coming period will hold: the mean of the known ones, the newest counting most."""
    total = weights = 0.0
    for whole in wholes:
        if whole is not None:
            total, weights = 0.8 * total + whole, 0.8 * weights + 1.0
    return total / weights if weights else 0.0


def _certain(method: Method, history: int, value: float, required: Required) -> Forecast:
    shown = _digits(value, 0 if method == "total" else 2)
    met = _meets(value, required)
    return Forecast(method, history, shown, shown, shown, _told(1.0 if met else 0.0))


def total(
    added: Sequence[float | None], past: float, steps: int, required: Required,
    at_least: float = 0.0,
) -> Forecast | None:  # fmt: skip
    """A sum over a window: what `past` holds and what the next `steps` periods add, never less.

    `at_least` is what is reported already, of running periods too.
    """
    at_least = max(at_least, past)
    known = [figure for figure in added if figure is not None]
    if len(known) < HISTORY_MIN:
        return None
    typical = sum(abs(figure) for figure in known) / len(known)
    if steps == 0 or typical == 0:
        return _certain("total", len(known), at_least, required)
    begin = next(i for i, figure in enumerate(added) if figure is not None)
    ahead = mean_ahead(added[begin:], steps, LIVELY, _TOTAL * typical, narrowed=_NARROWED)
    ahead = with_stops(ahead, added[begin:], steps, counted=True)
    below, *found = _ends(ahead)

    def sum_below(x: float) -> float:
        return below((x - past) / steps) if x > at_least else 0.0

    low, middle, high = (_digits(max(at_least, past + steps * each), 0) for each in found)
    chance = _chance(sum_below, required, 0.5)
    return Forecast("total", len(known), low, middle, high, _told(chance))


def stock(shares: Sequence[float], steps: int, required: Required) -> Forecast | None:
    """Percent of a stock on a day, from its shares at the ends of periods."""
    if len(shares) < HISTORY_MIN:
        return None
    now = shares[-1]
    if steps == 0:
        return _certain("stock", len(shares), now, required)
    if all(share == _PERCENT for share in shares):
        return _stays("stock", len(shares), _PERCENT, steps, required)
    steps_made = [b - a for a, b in itertools.pairwise(shares)]
    typical = sum(abs(step) for step in steps_made) / len(steps_made)
    ahead = mean_ahead(steps_made, steps, CALM, _STOCK[0] * typical + _STOCK[1], narrowed=_NARROWED)
    ahead = with_stops(ahead, steps_made, steps, counted=False)
    below, low, middle, high = _ends(ahead)

    def at(step: float) -> float:
        return min(_PERCENT, max(0.0, now + steps * step))

    def stock_below(x: float) -> float:
        return 0.0 if x <= 0 else 1.0 if x > _PERCENT else below((x - now) / steps)

    return Forecast(
        "stock", len(shares), _digits(at(low), 2), _digits(at(middle), 2), _digits(at(high), 2),
        _told(_chance(stock_below, required, 0.005)),
    )  # fmt: skip


def adoption(
    achieved: Sequence[int], units: int, steps: int, required: Required
) -> Forecast | None:
    """Percent of units that have got there, from their number at the ends of periods."""
    if len(achieved) < HISTORY_MIN or units <= 0:
        return None
    now = achieved[-1]
    if steps == 0:
        return _certain("adoption", len(achieved), _PERCENT * now / units, required)
    if now == units:
        return _stays("adoption", len(achieved), _PERCENT, steps, required)
    arrived = [float(b - a) for a, b in itertools.pairwise(achieved)]
    typical = sum(abs(number) for number in arrived) / len(arrived)
    ahead = mean_ahead(arrived, steps, CALM, _UNITS[0] * typical + _UNITS[1], narrowed=_NARROWED)
    ahead = with_stops(ahead, arrived, steps, counted=True)
    below, *found = _ends(ahead)
    low, middle, high = (min(float(units), max(0.0, now + steps * each)) for each in found)
    # Whole units inside the interval; the middle one where it holds none.
    least, most, likely = math.ceil(max(low, now)), math.floor(high), round(max(middle, now))
    if least > most:
        least = most = likely
    met = [n for n in range(now, units + 1) if _meets(_PERCENT * n / units, required)]
    chance = 0.0
    if met:  # one run of numbers
        upper = 1.0 if met[-1] == units else below((met[-1] + 0.5 - now) / steps)
        chance = upper - (0.0 if met[0] == now else below((met[0] - 0.5 - now) / steps))
    shown = [_digits(_PERCENT * count / units, 2) for count in (least, likely, most)]
    return Forecast("adoption", len(achieved), shown[0], shown[1], shown[2], _told(chance))


def _stays(method: Method, periods: int, value: float, steps: int, required: Required) -> Forecast:
    """All that can be is there: the question is whether it stays."""
    stays = kept_up(periods, steps)
    shown = _digits(value, 2)
    at_least = required.comparator in (">=", ">", "=")
    chance = stays if _meets(value, required) else 0.0 if at_least else 1 - stays
    return Forecast(method, periods, shown, shown, shown, _told(chance))


__all__ = [
    "Flow", "Forecast", "Required", "adoption", "kept_up", "pooled_ratio", "stock", "succession",
    "total",
]  # fmt: skip
