"""A result as if a unit's newest counting figures were others. Pure; nothing is kept.

`UNIT:field=value` replaces that field in the unit's newest report among those that count for the
target: of pooled figures the newest period's, of states and snapshots the one that holds. A unit
that has none is given one, for the last ended period of the window or on the day evaluated on; then
every field that the indicator needs must be said. Which report counts, who is missing and what the
verdict is follow from the rules as ever.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from chitieu.catalogue.model import FieldGroup, Metric
from chitieu.periods import Period, from_microseconds, whole_periods
from chitieu.reports import TASK, Report
from chitieu.scoring.asked import Asked
from chitieu.scoring.figures import Question
from chitieu.scoring.outcome import Outcome, evaluate
from chitieu.scoring.selection import latest
from chitieu.scoring.world import Reports, World

_COUNT = re.compile(r"[0-9]{1,18}")
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")


class Supposed(NamedTuple):
    """One wish: a unit's field has this value."""

    unit: str
    field: str
    value: str


Fault = Literal[
    "what_if_unit", "what_if_field", "what_if_value", "what_if_incomplete", "what_if_contradicts"
]


class Impossible(Exception):
    """What cannot be supposed: a problem's code, which wish (from 1), what is allowed."""

    def __init__(self, code: Fault, number: int, allowed: Sequence[str] = ()) -> None:
        super().__init__(code)
        self.code, self.number, self.allowed = code, number, tuple(allowed)


@dataclass(frozen=True)
class _Asked:
    """What of a unit's reports a target looks at."""

    metric: Metric
    group: str
    item: str
    fields: Mapping[str, str]  # name → type; of a state also `state`
    needed: tuple[str, ...]


def suppose(outcome: Outcome, wishes: Sequence[Supposed]) -> Outcome:
    """The outcome as if. Impossible for a unit, field or value that the target does not know."""
    looks = _looks_at(outcome)
    codes = _codes(outcome.asked, outcome.evaluated_on)
    by_unit: defaultdict[str, list[tuple[int, Supposed]]] = defaultdict(list)
    for number, wish in enumerate(wishes, start=1):
        if wish.unit not in codes or looks is None:
            raise Impossible("what_if_unit", number)
        by_unit[wish.unit].append((number, wish))
    world = outcome.world
    for unit, said in sorted(by_unit.items()):
        assert looks is not None  # refused above
        world = _with(outcome, world, unit, said, looks)
    return evaluate(world, outcome.asked, outcome.as_of)


def _codes(asked: Asked, on: dt.date) -> set[str]:
    codes = {unit.code for unit in asked.units(on)}
    if asked.asks_all:
        area = asked.area(on)
        codes |= {area.code} if area else set()
        codes |= {district.code for district in asked.districts(on)}
    return codes


def _looks_at(outcome: Outcome) -> _Asked | None:
    asked = outcome.asked
    if asked.indicator.formula in ("task", "duty"):
        metric = asked.catalogue.metrics[TASK]
        return _Asked(metric, "state", asked.id, {"state": "state"}, ("state",))
    if asked.metric is None:
        return None
    question = _question(outcome)
    if asked.metric.form == "state":
        flags = {f.name: f.type for g in asked.metric.groups for f in g.fields}
        return _Asked(asked.metric, "state", "", {"state": "state"} | flags, ("state",))
    group = next(g for g in asked.metric.groups if g.name == question.group)
    names = (question.indicator.numerator, question.indicator.denominator)
    needed = tuple(f.name for f in group.fields if f.name not in group.optional or f.name in names)
    return _Asked(asked.metric, group.name, "", {f.name: f.type for f in group.fields}, needed)


def _question(outcome: Outcome) -> Question:
    asked, on = outcome.asked, outcome.evaluated_on
    assert asked.metric is not None  # tasks are looked at by item
    return Question(asked.measured_by, asked.metric, asked.window(on), on)


def _with(
    outcome: Outcome, world: World, unit: str, said: Sequence[tuple[int, Supposed]], looks: _Asked
) -> World:
    held = _newest(outcome, world, unit, looks)
    fields: dict[str, Any] = dict(held.fields) if held else {}
    told: set[str] = set()
    for number, wish in said:
        if wish.field not in looks.fields:
            raise Impossible("what_if_field", number, sorted(looks.fields))
        if wish.field in told:
            raise Impossible("what_if_contradicts", number, (wish.field,))
        told.add(wish.field)
        fields[wish.field] = _value(number, wish, looks)
    lacking = [name for name in looks.needed if fields.get(name) is None]
    if lacking:
        raise Impossible("what_if_incomplete", said[-1][0], lacking)
    group = next((g for g in looks.metric.groups if g.name == looks.group), None)
    if group is not None:
        _check(group, fields, said[-1][0])
    made = _made(outcome, world, unit, looks) if held is None else held
    return _replaced(world, held, replace(made, fields=fields))


def _newest(outcome: Outcome, world: World, unit: str, looks: _Asked) -> Report | None:
    if looks.metric.name == TASK:
        said = [r for name in outcome.asked.joined for r in world.reports.for_item(TASK, name)]
        taken = latest((r for r in said if r.unit == unit), outcome.evaluated_on).taken
    else:
        taken = _question(outcome).select(world, unit).taken
    return max(taken, key=lambda r: (r.last, r.rank), default=None)


def _value(number: int, wish: Supposed, looks: _Asked) -> Any:
    kind, text = looks.fields[wish.field], wish.value
    if kind == "state":
        if text not in looks.metric.states:
            raise Impossible("what_if_value", number, looks.metric.states)
        return text
    if kind == "boolean":
        if text not in ("true", "false"):
            raise Impossible("what_if_value", number, ("true", "false"))
        return text == "true"
    if kind == "decimal":
        if not _DECIMAL.fullmatch(text):
            raise Impossible("what_if_value", number, ("0", "12.5"))
        return text
    if not (text.isascii() and _COUNT.fullmatch(text)):
        raise Impossible("what_if_value", number, ("0", "1", "…", "999999999999999999"))
    return int(text)


def _check(group: FieldGroup, fields: Mapping[str, Any], number: int) -> None:
    """A part is at most its whole; parts make up their whole: as ingest wants it."""
    figures = {
        field.name: Decimal(fields[field.name])
        for field in group.fields
        if field.type != "boolean" and fields.get(field.name) is not None
    }
    for field in group.fields:
        part, whole = figures.get(field.name), figures.get(field.at_most or "")
        if part is not None and whole is not None and part > whole:
            raise Impossible("what_if_contradicts", number, (f"{field.name} ≤ {field.at_most}",))
    of, parts = group.whole, group.parts
    if of in figures and all(name in figures for name in parts):
        if sum(figures[name] for name in parts) == figures[of]:
            return
        raise Impossible("what_if_contradicts", number, (f"{' + '.join(parts)} = {of}",))


def _made(outcome: Outcome, world: World, unit: str, looks: _Asked) -> Report:
    """A first report of the unit."""
    on = outcome.evaluated_on
    period = Period(on, on)
    if looks.metric.form == "period":
        window = outcome.asked.window(on)
        ended = [p for p in whole_periods(looks.metric.cadence, window) if p.last <= on]
        period = ended[-1] if ended else window
    return Report(
        seq=0, known=world.known, unit=unit, metric=looks.metric.name, item=looks.item,
        group=looks.group, first=period.first, last=period.last, covers=period.last,
        estimate=False, compiled=False, time=from_microseconds(world.known), organisation=0,
        source="what_if", event_id="what_if", fields={},
    )  # fmt: skip


def _replaced(world: World, held: Report | None, made: Report) -> World:
    """The world with one report exchanged or added; the one given is not touched."""
    kept = (report for report, fallen in world.reports.every() if fallen is None)
    reports = Reports.of(report for report in kept if report is not held)
    reports.add(made)
    reports.hold(world.reports.metrics)
    return World(world.registry, reports, world.known)
