"""One target of a province, without the rest of its scorecard. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from chitieu.places import Place
from chitieu.registry import Registry
from chitieu.reports import RATE, TASK
from chitieu.scoring.asked import Asked, asked_of
from chitieu.scoring.binding import binding_why
from chitieu.scoring.judge import judge
from chitieu.scoring.outcome import Outcome, evaluate
from chitieu.scoring.world import World


def metrics_of(registry: Registry, place: Place, target: str) -> frozenset[str]:
    """The metrics that `evaluate_one` looks at; none when the target is not there."""
    every = asked_of(registry, place)
    asked = next((one for one in every if one.id == target), None)
    if asked is None:
        return frozenset()
    named = {one.metric.name for one in _rivals(every, asked) if one.metric is not None}
    return frozenset({RATE, TASK, *named})


@dataclass(frozen=True)
class _Stands:
    """What binding asks of a target."""

    asked: Asked
    in_force: bool


def evaluate_one(
    world: World, place: Place, as_of: dt.date, target: str
) -> tuple[Outcome, str | None] | None:
    """The outcome, and the id of the target that binds in its place; None when it is not there.

    The same as on the whole scorecard: a target is bound only by those of its indicator or duty,
    and of these no more is asked than whether they are in force.
    """
    every = asked_of(world.registry, place)
    asked = next((one for one in every if one.id == target), None)
    if asked is None:
        return None
    outcome = evaluate(world, asked, as_of)
    stands = [
        _Stands(one, outcome.in_force if one is asked else _in_force(world, one, as_of))
        for one in _rivals(every, asked)
    ]
    return outcome, binding_why(stands).get(target)


def _rivals(every: list[Asked], asked: Asked) -> list[Asked]:
    """All that share an indicator or a duty with it, or with one of them."""
    names, indicators = {asked.id}, {asked.entry.indicator}
    while True:
        found = [o for o in every if o.entry.indicator in indicators or names & set(o.joined)]
        more = {one.id for one in found}
        if more == names:
            return found
        names = more
        indicators = {one.entry.indicator for one in found}


def _in_force(world: World, asked: Asked, as_of: dt.date) -> bool:
    if asked.target.value is None:
        return True
    if asked.waits(as_of) or as_of < asked.in_force_from:
        return False
    if asked.indicator.formula != "task":
        return True
    return judge(world, asked, min(as_of, asked.judged_on)).verdict != "not_in_force"
