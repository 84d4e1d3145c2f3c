"""What has stopped, or may stop before the day: nothing more is added from then on.

A series that adds up (cases, units that arrive, the steps of a stock) is an even level until it
stops; no filter of levels sees that coming, and after it they believe in the old pace too long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from chitieu.outlook.level import Ahead
from chitieu.outlook.student import Component

# A period that adds less than a tenth of those before it adds nothing to speak of.
_IDLE = 0.1
# Of the chance of an idle period in a series that goes on, before any is seen: one in four of
# what one period would tell, so that one idle period is a doubt and three are a stop.
_IDLE_SEEN, _BUSY_SEEN = 0.25, 0.75
# A stop is a point; the mixture has scales.
_POINT = 0.01


def kept_up(periods: int, steps: int) -> float:
    """The chance that what held in each of `periods` periods holds in each of the next `steps`."""
    chance = 1.0
    for step in range(steps):
        held = 4.0 + periods + step
        chance *= held / (held + 0.5)
    return chance


def idle_run(figures: Sequence[float]) -> tuple[int, int, int]:
    """Busy and idle periods before the last run of idle ones, and how long that is."""
    idle, seen, before = [], 0.0, 0
    for figure in figures:
        quiet = before > 0 and abs(figure) < _IDLE * seen / before
        idle.append(quiet or not figure)
        if not idle[-1]:
            seen, before = seen + abs(figure), before + 1
    run = 0
    while run < len(idle) and idle[-1 - run]:
        run += 1
    earlier = sum(idle[: len(idle) - run])
    return before, earlier, run


def stopped(figures: Sequence[float], counted: bool) -> float:
    """The chance that nothing more will come, after what came; `counted` are whole things."""
    busy, idle, run = idle_run(figures)
    if not busy or not run:
        return 0.0
    pace = sum(figures[: busy + idle]) / (busy + idle)
    by_chance = _none(pace) if counted else 0.0
    goes_on = 1.0
    for more in range(run):
        seen = _IDLE_SEEN + idle + more
        goes_on *= max(by_chance, seen / (seen + _BUSY_SEEN + busy))
    stops = 1.0 - kept_up(busy + idle, 1)
    return stops / (stops + (1.0 - stops) * goes_on)


def _none(pace: float) -> float:
    """The chance that a period has none, of irregular arrivals (negative binomial of shape 2)."""
    share = 2.0 / (2.0 + max(0.0, pace))
    return share * share


def with_stops(ahead: Ahead, figures: Sequence[float | None], steps: int, counted: bool) -> Ahead:
    """The forecast of a mean of the next `steps`, if the series may have stopped or may yet."""
    known = [figure for figure in figures if figure is not None]
    now = stopped(known, counted)
    later = 1.0 - kept_up(len(known), steps - 1)
    found = [_standing(known, ahead, now)] if now else []
    for weight, centre, scale in ahead.components:
        left = (1.0 - now) * weight
        found.append(Component(left * (1.0 - later), centre, scale))
        if later:
            found.append(_halfway(Component(left * later, centre, scale)))
    return Ahead(tuple(found), ahead.freedom)


def _halfway(on: Component) -> Component:
    """What stops on any day before the last, each as likely: mean and variance of a share of it."""
    centre, scale = on.centre, on.scale
    return Component(on.weight, centre / 2, math.sqrt(scale * scale / 3 + centre * centre / 12))


def _standing(known: Sequence[float], ahead: Ahead, weight: float) -> Component:
    """What a stop leaves: the small changes of the idle periods."""
    run = known[len(known) - idle_run(known)[2] :]
    rms = math.sqrt(sum(figure * figure for figure in run) / len(run))
    least = _POINT * min(c.scale for c in ahead.components)
    return Component(weight, 0.0, max(least, rms))
