"""How well forecasts foretell: `python -m benchmarks.outlook [--held-out] [--json]`.

Rolling origin: each made year (`outlook_series`) is cut after every period from the third on, and
what a forecast made there says of the year's end is held against what came. Reported by family and
by shape: how many of the outcomes lie in the 80 % intervals, how wide these are, and the Brier
score of the probability of meeting, beside those of two yardsticks: persistence (what is met today
will be met) and a straight line through the first and the last figure, carried to the end. Of the
years that break, forecasts made before and after the break are shown apart too.

The methods' few constants were set on DEVELOPMENT seeds only, and on those from 2000 and from 3000.
HELD_OUT seeds are for one run at the end (770000 to 770199 were, for an earlier method); its table
stands in docs/decisions/0017-outlook.md.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.outlook_series import FAMILIES, PERIODS, SHAPES, Series, made, outcome
from chitieu.outlook.forecast import (
    Flow,
    Forecast,
    Required,
    adoption,
    pooled_ratio,
    stock,
    total,
)

DEVELOPMENT = range(1_000, 1_060)
HELD_OUT = range(880_000, 880_400)
FIRST_ORIGIN = 3


@dataclass
class Score:
    """Sums over forecasts."""

    count: int = 0
    covered: int = 0
    width: float = 0.0
    brier: float = 0.0
    persistence: float = 0.0
    line: float = 0.0

    def row(self) -> dict[str, Any]:
        """Means."""
        return {
            "forecasts": self.count,
            "coverage": round(100 * self.covered / self.count, 1),
            "width": round(self.width / self.count, 2),
            "brier": round(self.brier / self.count, 4),
            "brier_persistence": round(self.persistence / self.count, 4),
            "brier_line": round(self.line / self.count, 4),
        }


def foretold(series: Series, origin: int) -> Forecast | None:
    """The forecast for the year's end, made after `origin` periods."""
    required = Required(">=", series.value)
    parts, wholes, left = series.parts[:origin], series.wholes[:origin], PERIODS - origin
    match series.family:
        case "adoption":
            return adoption([int(p) for p in parts], int(wholes[0]), left, required)
        case "ratio":
            return pooled_ratio(Flow(parts, wholes, (sum(parts), sum(wholes)), left), required)
        case "total":
            return total(parts, sum(parts), left, required)
        case _:
            shares = [100 * p / w for p, w in zip(parts, wholes, strict=True)]
            return stock(shares, left, required)


def _line(series: Series, origin: int) -> float:
    first = outcome(series.family, series.parts, series.wholes, 1)
    last = outcome(series.family, series.parts, series.wholes, origin)
    return last + (last - first) / (origin - 1) * (PERIODS - origin)


def _add(score: Score, series: Series, origin: int, forecast: Forecast) -> None:
    came = outcome(series.family, series.parts, series.wholes, PERIODS)
    assert forecast.low is not None
    assert forecast.high is not None
    # As printed: the outcome rounded as the interval's ends are.
    shown = round(came) if series.family == "total" else round(came, 2)
    low, high = float(forecast.low), float(forecast.high)
    met = 1.0 if came >= series.value else 0.0
    now = outcome(series.family, series.parts, series.wholes, origin)
    score.count += 1
    score.covered += low <= shown <= high
    size = came if series.family == "total" and came else 100.0
    score.width += 100 * (high - low) / size
    score.brier += (float(forecast.probability) - met) ** 2
    score.persistence += ((now >= series.value) - met) ** 2
    score.line += ((_line(series, origin) >= series.value) - met) ** 2


def back_test(seeds: Iterable[int]) -> dict[tuple[str, str], Score]:
    """Scores by family and shape; `*` stands for all of them."""
    scores: defaultdict[tuple[str, str], Score] = defaultdict(Score)
    for seed in seeds:
        for family in FAMILIES:
            for shape in SHAPES:
                series = made(family, shape, random.Random(f"{seed}/{family}/{shape}"))
                for origin in range(FIRST_ORIGIN, PERIODS):
                    if family == "adoption" and series.parts[origin - 1] == series.wholes[0]:
                        continue  # all are there: nothing is left to foretell
                    forecast = foretold(series, origin)
                    assert forecast is not None  # three periods are enough
                    for key in _keys(series, origin):
                        _add(scores[key], series, origin, forecast)
    return dict(scores)


def _keys(series: Series, origin: int) -> list[tuple[str, str]]:
    family, shape = series.family, series.shape
    keys = [(family, shape), (family, "*"), ("*", shape), ("*", "*")]
    if series.turn is not None:
        keys.append(("*", f"{shape}, {'unseen' if origin <= series.turn else 'seen'}"))
    return keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held-out", action="store_true", help="the seeds kept for the end")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    seeds = HELD_OUT if given.held_out else DEVELOPMENT
    rows = [
        {"family": family, "shape": shape} | score.row()
        for (family, shape), score in sorted(back_test(seeds).items())
    ]
    if given.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"seeds {seeds.start} to {seeds.stop - 1}; width in percent (of the total, of 100)")
    print(" ".join(f"{name:>17}" for name in rows[0]))
    for row in rows:
        print(" ".join(f"{row[name]!s:>17}" for name in row))


if __name__ == "__main__":
    main()
