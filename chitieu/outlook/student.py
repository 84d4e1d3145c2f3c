"""Mixtures of Student's t with an even number of degrees of freedom: closed forms, no libm."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

_STEPS = 24


class Component(NamedTuple):
    """One t: its weight in the mixture, where it lies, its scale (> 0)."""

    weight: float
    centre: float
    scale: float


def cdf(t: float, freedom: int) -> float:
    """P(T ≤ t); `freedom` is even and at least 2."""
    x = t / math.sqrt(freedom + t * t)
    rest = 1.0 - x * x
    term = total = 1.0
    for j in range(1, freedom // 2):
        term *= rest * (2 * j - 1) / (2 * j)
        total += term
    return 0.5 + 0.5 * x * total


def mixture_cdf(components: Sequence[Component], freedom: int, x: float) -> float:
    """P(X ≤ x)."""
    return sum(c.weight * cdf((x - c.centre) / c.scale, freedom) for c in components)


def quantile(below: Callable[[float], float], share: float, low: float, high: float) -> float:
    """The x between `low` and `high` under which `share` lies, by halving."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if below(middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
