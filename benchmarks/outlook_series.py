"""Made series to try forecasts on: what districts and hospitals do in a year, and what goes wrong.

Each family comes in shapes: `steady` (a year like any other), `growth` (the same gain every
period), `shift` (from one period on another level) and `stop` (nothing more from one period on).
`turn` is where the last two break. They are made by other formulas than those of the forecasts:
logistic curves, random walks in log-odds, gamma noise, seasons.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

PERIODS = 12
SHAPES = ("steady", "growth", "shift", "stop")
BREAKING = ("shift", "stop")
FAMILIES = ("adoption", "ratio", "total", "stock")


class Series(NamedTuple):
    """`parts[t]` of `wholes[t]` in period t; of a stock and of units, at the end of period t."""

    family: str
    shape: str
    parts: list[float]
    wholes: list[float]
    value: float  # the target, percent or in the measure of the total
    turn: int | None  # the first period that is unlike those before it


Made = tuple[list[float], list[float], int]


def made(family: str, shape: str, chance: random.Random) -> Series:
    """One year."""
    parts, wholes, turn = {
        "adoption": _adoption, "ratio": _ratio, "total": _total, "stock": _stock,
    }[family](shape, chance)  # fmt: skip
    end = outcome(family, parts, wholes, PERIODS)
    if family == "total":
        value = round(max(1.0, end * chance.uniform(0.75, 1.25)))
    else:
        value = min(100, max(5, 5 * round((end + chance.gauss(0, 8)) / 5)))
    return Series(family, shape, parts, wholes, value, turn if shape in BREAKING else None)


def outcome(family: str, parts: list[float], wholes: list[float], until: int) -> float:
    """The measure after so many periods."""
    if family == "total":
        return sum(parts[:until])
    if family == "ratio":
        return 100 * sum(parts[:until]) / sum(wholes[:until])
    return 100 * parts[until - 1] / wholes[until - 1]


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _break(chance: random.Random) -> int:
    return chance.randint(2, PERIODS - 2)


def _adoption(shape: str, chance: random.Random) -> Made:
    units = chance.choice([8, 12, 20, 35, 60, 120, 200])
    now = round(units * chance.uniform(0, 0.5))
    hazard = chance.uniform(0.02, 0.2)
    spread, gain = chance.uniform(0.1, 0.6), chance.uniform(0.01, 0.09) * units
    turn, after = _break(chance), chance.choice([0.2, 0.4, 2.0, 3.0])
    achieved: list[float] = []
    for period in range(PERIODS):
        left = units - now
        rate = hazard
        if shape == "steady" and spread > 0.35:  # word of mouth: an S-curve
            rate = spread * (now / units) + 0.02
        if shape == "shift" and period >= turn:
            rate *= after
        if shape == "stop" and period >= turn:
            rate = 0.0
        rate *= chance.gammavariate(4, 1 / 4)
        new = sum(chance.random() < min(rate, 0.95) for _ in range(left))
        if shape == "growth":
            new = min(left, max(0, round(gain + chance.gauss(0, 0.3 * gain))))
        now += new
        achieved.append(now)
    return achieved, [float(units)] * PERIODS, turn


def _ratio(shape: str, chance: random.Random) -> Made:
    odds, size = chance.gauss(0.5, 1.2), math.exp(chance.uniform(4, 10))
    walk, noise = chance.uniform(0.02, 0.2), chance.uniform(0.02, 0.25)
    slope, jump = chance.uniform(0.03, 0.15), chance.choice([-1, 1]) * chance.uniform(0.4, 1.4)
    turn = _break(chance)
    parts: list[float] = []
    wholes: list[float] = []
    for period in range(PERIODS):
        season = 1 + 0.15 * math.sin(2 * math.pi * (period + 3) / 12) - 0.25 * (period == 1)
        whole = max(1, round(size * season * math.exp(chance.gauss(0, 0.1))))
        if shape == "steady":
            odds += chance.gauss(0, walk)
        elif shape == "growth" or (shape == "stop" and period < turn):
            odds += slope
        elif shape == "shift" and period == turn:
            odds += jump
        share = _logistic(odds + chance.gauss(0, noise))
        part = round(whole * share + chance.gauss(0, math.sqrt(whole * share * (1 - share))))
        parts.append(min(whole, max(0, part)))
        wholes.append(float(whole))
    return parts, wholes, turn


def _total(shape: str, chance: random.Random) -> Made:
    size, rough = math.exp(chance.uniform(2, 8)), chance.uniform(4, 60)
    slope, after = chance.uniform(0.02, 0.1), chance.choice([0.3, 0.5, 1.8, 2.5])
    turn = _break(chance)
    level, added = size, list[float]()
    for period in range(PERIODS):
        if shape == "steady":
            level *= math.exp(chance.gauss(0, 0.08))
        elif shape == "growth":
            level += slope * size
        elif shape == "shift" and period == turn:
            level *= after
        elif shape == "stop" and period >= turn:
            level = 0.0
        season = 1 - 0.25 * (period == 1)
        added.append(float(round(level * season * chance.gammavariate(rough, 1 / rough))))
    return added, [1.0] * PERIODS, turn


def _stock(shape: str, chance: random.Random) -> Made:
    people = round(math.exp(chance.uniform(5, 13)))
    share, gain = chance.uniform(0.1, 0.8), chance.uniform(0.003, 0.04)
    turn, after = _break(chance), chance.choice([0.2, 0.4, 2.0, 3.0])
    parts: list[float] = []
    for period in range(PERIODS):
        step = gain * chance.gammavariate(6, 1 / 6)
        if shape == "steady":
            step = (1 - share) * 2 * gain * chance.gammavariate(3, 1 / 3)
        elif shape == "shift" and period >= turn:
            step *= after
        elif shape == "stop" and period >= turn:
            step = 0.0
        share = min(1.0, max(0.0, share + step + chance.gauss(0, 0.001)))
        parts.append(float(round(people * share)))
    return parts, [float(people)] * PERIODS, turn
