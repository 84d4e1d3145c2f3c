"""The mean of the next figures of a series: local levels and a damped trend, averaged.

Each model is a Kalman filter in units of an unknown noise variance, which is integrated out, so
that its forecast is a Student's t. Models are weighted by how well they foretold the series, one
step at a time: after a shift or a stop the quick ones win, in a calm series the slow ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from chitieu.outlook.student import Component

# An assumed variance counts as much as two figures.
_ASSUMED_FREEDOM = 2
_MOST_FREEDOM = 30


class Model(NamedTuple):
    """Variances of the steps of level and trend, and of the first trend, relative to the noise."""

    level: float
    trend: float
    first_trend: float
    damping: float
    prior: float


# What flows varies with the season and with who works; what is built up changes its pace less.
LIVELY = (
    Model(0.1, 0.0, 0.0, 0.0, 0.1),
    Model(1.0, 0.0, 0.0, 0.0, 0.2),
    Model(6.0, 0.0, 0.0, 0.0, 0.4),
    Model(0.2, 0.1, 0.5, 0.9, 0.3),
)
CALM = (
    Model(0.02, 0.0, 0.0, 0.0, 0.4),
    Model(0.3, 0.0, 0.0, 0.0, 0.3),
    Model(3.0, 0.0, 0.0, 0.0, 0.15),
    Model(0.1, 0.03, 0.2, 0.9, 0.15),
)


class Filtered(NamedTuple):
    """A model after the last figure: state, covariance, and how well it foretold."""

    level: float
    trend: float
    p11: float
    p12: float
    p22: float
    squares: float
    spread: float


class Ahead(NamedTuple):
    """The forecast of a mean."""

    components: tuple[Component, ...]
    freedom: int

    @property
    def centre(self) -> float:
        return sum(c.weight * c.centre for c in self.components)

    @property
    def reach(self) -> float:
        """Beyond it lies less than a tenth on either side, however few the degrees of freedom."""
        far = max(abs(c.centre - self.centre) for c in self.components)
        return far + 4 * max(c.scale for c in self.components)


def mean_ahead(
    figures: Sequence[float | None], steps: int, models: Sequence[Model], assumed: float,
    narrowed: float = 1.0,
) -> Ahead:  # fmt: skip
    """The mean of the next `steps` figures. None = not known; the first one is.

    `assumed` is the standard deviation expected of one figure before any is seen, above 0.
    """
    known = sum(figure is not None for figure in figures)
    freedom = min(_ASSUMED_FREEDOM + known - 1, _MOST_FREEDOM) // 2 * 2
    found = [_filtered(model, figures, assumed) for model in models]
    least = min(f.squares for f in found)
    weights = [
        model.prior * _power(least / f.squares, freedom // 2) / math.sqrt(f.spread)
        for model, f in zip(models, found, strict=True)
    ]
    total = sum(weights)
    components = []
    for model, state, weight in zip(models, found, weights, strict=True):
        centre, variance = _ahead(model, state, steps)
        scale = math.sqrt(state.squares / (_ASSUMED_FREEDOM + known - 1) * variance)
        components.append(Component(weight / total, centre, narrowed * scale))
    return Ahead(tuple(components), freedom)


def _filtered(model: Model, figures: Sequence[float | None], assumed: float) -> Filtered:
    first = figures[0]
    assert first is not None  # the caller begins where the figures begin
    level, trend = first, 0.0
    p11, p12, p22 = 1.0, 0.0, model.first_trend
    squares, spread, damping = _ASSUMED_FREEDOM * assumed * assumed, 1.0, model.damping
    for figure in figures[1:]:
        level, trend = level + damping * trend, damping * trend
        p11 += 2 * damping * p12 + damping * damping * p22 + model.level
        p12 = damping * p12 + damping * damping * p22
        p22 = damping * damping * p22 + model.trend
        if figure is None:
            continue
        total = p11 + 1.0
        missed = figure - level
        squares += missed * missed / total
        spread *= total
        level += p11 / total * missed
        trend += p12 / total * missed
        p22 -= p12 * p12 / total
        p12 /= total
        p11 /= total
    return Filtered(level, trend, p11, p12, p22, squares, spread)


def _ahead(model: Model, state: Filtered, steps: int) -> tuple[float, float]:
    """Centre and relative variance of the mean of the next figures."""
    # reach[j]: what a trend of 1 adds to the sum of the j figures that follow it.
    reach, added, power = [0.0], 0.0, 1.0
    for _ in range(steps):
        power *= model.damping
        added += power
        reach.append(reach[-1] + added)
    slope = reach[steps] / steps
    variance = state.p11 + 2 * slope * state.p12 + slope * slope * state.p22 + 1.0 / steps
    for left in range(1, steps + 1):
        share = left / steps
        later = reach[left - 1] / steps
        variance += model.level * share * share + model.trend * later * later
    return state.level + slope * state.trend, variance


def _power(base: float, exponent: int) -> float:
    """Repeated products: the library's `pow` need not round alike everywhere."""
    result = 1.0
    for _ in range(exponent):
        result *= base
    return result
