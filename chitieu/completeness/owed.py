"""What each unit owes for a plan's period, and what became of it. Pure.

A report is in time when, at the end of the day by which it is due, the log held one that stood
then and covered what is asked, an estimate too; and it is still covered now. Covered now, but not
then, is late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chitieu.catalogue.catalogue import TASK as TASK_METRIC
from chitieu.catalogue.model import Metric
from chitieu.completeness.calendar import Due, due_of, ending_in
from chitieu.periods import ONE_DAY, VIETNAM, Period, covered, to_microseconds
from chitieu.reports import TASK, Report
from chitieu.scoring.asked import Asked
from chitieu.scoring.figures import Question
from chitieu.scoring.membership import open_within
from chitieu.scoring.selection import Selection, latest, merged_days
from chitieu.scoring.world import World
from chitieu.units import Unit
from chitieu.waivers import Waiver

State = Literal["on_time", "late", "awaited", "missing", "waived"]
# Of several things that one report must carry, the worst says how it stands.
_WORST: dict[State, int] = {"waived": 0, "on_time": 1, "late": 2, "awaited": 3, "missing": 4}


@dataclass(frozen=True, slots=True)
class Owed:
    """One report of one unit. `period` None for a state; `item` is the task's target."""

    unit: Unit
    metric: Metric
    item: str | None
    period: Period | None
    due: Due
    state: State
    estimated: bool = False
    groups: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Unit, metric, item, period: in this order they are listed."""
        first = self.period.first.isoformat() if self.period else ""
        return (self.unit.code, self.metric.name, self.item or "", first)

    def joined(self, other: Owed) -> Owed:
        """The same report, asked for by another target: the worse of both, all that is missing."""
        worse, better = sorted((self, other), key=lambda o: _WORST[o.state], reverse=True)
        groups = worse.groups
        if better.state == worse.state:
            groups = tuple(sorted({*worse.groups, *better.groups}))
        return Owed(
            worse.unit, worse.metric, worse.item, worse.period, worse.due, worse.state,
            self.estimated or other.estimated, groups, worse.waivers,
        )  # fmt: skip


def end_of(day: dt.date) -> int:
    """The last microsecond of a civil day, since 1970."""
    begins = dt.datetime.combine(day + ONE_DAY, dt.time(), VIETNAM)
    return to_microseconds(begins) - 1


class Past:
    """A world as it was known at the ends of days; each is made once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._held: dict[dt.date, World] = {}

    def at_end_of(self, day: dt.date) -> World:
        """The reports that had come by then, as they stood; the registry is today's."""
        if day not in self._held:
            until = end_of(day)
            reports = self.world.reports.known_by(until)
            self._held[day] = World(self.world.registry, reports, min(until, self.world.known))
        return self._held[day]


@dataclass(frozen=True)
class Ask:
    """One target of a plan, for one of the plan's periods, asked on a day."""

    past: Past
    asked: Asked
    period: Period
    as_of: dt.date

    @property
    def world(self) -> World:
        """As it is known now."""
        return self.past.world

    @property
    def last(self) -> dt.date:
        """The last day that the target asks about."""
        return min(self.period.last, self.asked.judged_on)

    @property
    def in_force(self) -> bool:
        """Whether it asks for anything in the period."""
        target, asked = self.asked.target, self.asked
        begun = asked.in_force_from <= self.period.last and asked.judged_on >= self.period.first
        return begun and not asked.waits(self.period.last) and target.value is not None

    @property
    def units(self) -> Sequence[Unit]:
        return self.asked.units(self.last)

    def owed(self) -> Iterator[Owed]:
        """Each report that it asks for."""
        if not self.in_force:
            return
        formula, metric = self.asked.indicator.formula, self.asked.metric
        if formula == "task":
            yield from self._task()
        elif formula == "duty":
            yield from self._duty()
        elif metric is not None and metric.cadence == "none":
            yield from self._states(metric)
        elif metric is not None:
            yield from self._periods(metric)

    def _task(self) -> Iterator[Owed]:
        """Its state is told once, by any unit of the scope; asked of the first."""
        units = self.units
        if units:
            codes = tuple(unit.code for unit in units)
            due = due_of(self.asked.plan, self.period, TASK_METRIC)
            yield self._stated(units[0], codes, due, self.last)

    def _duty(self) -> Iterator[Owed]:
        """Asked once, in the period in which it is due; told later, it is told late."""
        target = self.asked.target
        if target.due is None or not self.period.first <= target.due <= self.period.last:
            return
        for unit in self.units:
            if unit.is_open(self.last):
                told = max(self.last, self.as_of)
                yield self._stated(unit, (unit.code,), Due(target.due, "plan"), told)

    def _stated(self, unit: Unit, codes: Sequence[str], due: Due, on: dt.date) -> Owed:
        """The state of a task, as any of these units tells it."""
        named = set(self.asked.joined)

        def told(world: World, code: str) -> Selection:
            said = world.reports.for_unit(code, TASK)
            return latest((r for r in said if r.item in named), on)

        return self._settled(
            Owed(unit, TASK_METRIC, min(named), None, due, "missing"), codes, "",
            told, bool, Period(self.last, self.last),
        )  # fmt: skip

    def _states(self, metric: Metric) -> Iterator[Owed]:
        """A state or a snapshot, told when it changes: the latest counts."""
        question = Question(self.asked.measured_by, metric, Period(self.last, self.last), self.last)
        due = due_of(self.asked.plan, self.period, metric)
        for unit in self.units:
            if unit.is_open(self.last):
                yield self._settled(
                    Owed(unit, metric, None, None, due, "missing"), self._speakers(unit),
                    question.group, question.select,
                    bool, question.window,
                )  # fmt: skip

    def _periods(self, metric: Metric) -> Iterator[Owed]:
        """Every period of the metric's cadence that ends in the plan's."""
        day = min(max(self.as_of, self.last), self.asked.judged_on)
        window = Period(self.asked.window(self.last).first, day)
        for part in ending_in(metric.cadence, self.period, self.last):
            if metric.form != "period":
                window = Period(part.first, part.last)
            elif not window.holds(part):
                continue
            question = Question(self.asked.measured_by, metric, window, window.last)
            due = due_of(self.asked.plan, self.period, metric, part)
            for unit in self.asked.units_within(part, self.last):
                if open_within(unit, self.asked.days(unit), part.first, part.last):
                    yield self._settled(
                        Owed(unit, metric, None, part, due, "missing"), self._speakers(unit),
                        question.group, question.select, _covering(metric, part), part,
                    )  # fmt: skip

    def _speakers(self, unit: Unit) -> Sequence[str]:
        """The unit, and the areas that may speak for it where all that lies in them is asked."""
        if not self.asked.asks_all:
            return (unit.code,)
        district = unit.on(self.last).get("district")
        areas = [
            a
            for a in self.asked.districts(self.last)
            if a.on(self.last).get("district") == district
        ]
        whole = self.asked.area(self.last)
        codes = [unit.code, *(a.code for a in areas if district), *([whole.code] if whole else [])]
        return tuple(dict.fromkeys(codes))

    def _settled(
        self, owed: Owed, codes: Sequence[str], group: str,
        select: Callable[[World, str], Selection],
        enough: Callable[[Sequence[Report]], bool], days: Period,
    ) -> Owed:  # fmt: skip
        """How a report stands, from what there is now and what there was when it was due."""
        waivers = self.world.registry.freed(owed.unit, owed.metric.name, days)
        if waivers:
            return _replaced(owed, "waived", waivers=waivers)
        before = self.past.at_end_of(owed.due.day)
        then: list[Sequence[Report]] = []
        now = False
        for code in codes:
            now = now or enough(select(self.world, code).taken)
            had = select(before, code).taken
            then += [had] if enough(had) else []
        if not now:
            state: State = "missing" if owed.due.day < self.world.known_day else "awaited"
            return _replaced(owed, state, groups=(group,) if group else ())
        estimated = bool(then) and all(_by_estimate(taken, days) for taken in then)
        return _replaced(owed, "on_time" if then else "late", estimated=estimated)


def _replaced(
    owed: Owed, state: State, *, estimated: bool = False, groups: tuple[str, ...] = (),
    waivers: tuple[Waiver, ...] = (),
) -> Owed:  # fmt: skip
    return Owed(
        owed.unit, owed.metric, owed.item, owed.period, owed.due, state, estimated, groups, waivers
    )


def _by_estimate(taken: Sequence[Report], days: Period) -> bool:
    return any(report.estimate for report in taken if report.extent.meets(days))


def _covering(metric: Metric, part: Period) -> Callable[[Sequence[Report]], bool]:
    """Figures must cover the period; a snapshot must lie in it."""
    if metric.form == "period":
        return lambda taken: covered(merged_days(taken), part)
    return lambda taken: any(part.first <= report.first <= part.last for report in taken)


def owed_for(world: World, targets: Sequence[Asked], period: Period, as_of: dt.date) -> list[Owed]:
    """Every report that a plan's targets ask of units in a period, each once, in order."""
    past = Past(world)
    found: dict[tuple[str, str, str, str], Owed] = {}
    for asked in targets:
        for owed in Ask(past, asked, period, as_of).owed():
            held = found.get(owed.key)
            found[owed.key] = owed if held is None else held.joined(owed)
    return [found[key] for key in sorted(found)]
