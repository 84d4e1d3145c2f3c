"""Shares: units counted, those that achieved something of those asked. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal

from chitieu.catalogue.model import Target
from chitieu.periods import Period
from chitieu.reports import TASK, Report
from chitieu.scoring.columns import is_achieved
from chitieu.scoring.compare import share_meets
from chitieu.scoring.figures import (
    ONE,
    ZERO,
    Counted,
    Figures,
    Missing,
    Question,
    Waived,
    unit_sums,
)
from chitieu.scoring.selection import LeftOut, Why, latest
from chitieu.scoring.world import World
from chitieu.units import Unit
from chitieu.waivers import Waiver

State = Literal["achieved", "not_achieved", "silent", "leaves"]


def _share(
    units: Sequence[Unit], state_of: Callable[[Unit], tuple[State, Figures]],
    waivers_of: Callable[[Unit], tuple[Waiver, ...]],
) -> Figures:  # fmt: skip
    """Counts units: those achieved of those asked; the silent ones stay in the whole.

    One that is waived leaves it whatever it reports, one with a zero denominator too.
    """
    total = Figures(denominator=ZERO)
    for unit in units:
        state, own = state_of(unit)
        total.left_out += own.left_out
        total.waived += own.waived
        if waivers := waivers_of(unit):
            total.waived.append(Waived(unit.code, "", waivers))
        if waivers or state == "leaves":
            why: Why = "waived" if waivers else "zero_denominator"
            total.left_out += [LeftOut(c.report, why) for c in own.counted if c.report]
            continue
        reached = ONE if state == "achieved" else ZERO
        total.numerator += reached
        total.denominator = (total.denominator or ZERO) + ONE
        total.units_expected += 1
        total.expected += max(1, own.expected)
        total.received += own.received if own.expected else int(state != "silent")
        total.missing += own.missing
        total.silent += int(state == "silent")
        total.units_reported += int(own.units_reported > 0)
        reports: list[Report | None] = [c.report for c in own.counted if c.report]
        reports = reports or [None]
        for place, report in enumerate(reports):
            first = place == 0
            total.counted.append(
                Counted(unit.code, report, reached if first else ZERO, ONE if first else ZERO)
            )
    return total


def share_of_units(world: World, units: Sequence[Unit], question: Question) -> Figures:
    """Units whose state is achieved, of the units open on the day evaluated on."""
    achieved = question.indicator.achieved

    def state_of(unit: Unit) -> tuple[State, Figures]:
        selection = question.select(world, unit.code)
        own = Figures(units_reported=int(bool(selection.taken)), left_out=list(selection.left_out))
        if not selection.taken:
            own.missing.append(Missing(unit.code, ""))
            return "silent", own
        own.counted = [Counted(unit.code, r, ZERO, ZERO) for r in selection.taken]
        holds = achieved is not None and all(
            is_achieved(r.fields, achieved.states, achieved.flags) for r in selection.taken
        )
        return ("achieved" if holds else "not_achieved"), own

    return _share(_open(units, question.on), state_of, _waivers(world, question))


def _open(units: Sequence[Unit], on: dt.date) -> list[Unit]:
    return [unit for unit in units if unit.is_open(on)]


def _waivers(world: World, question: Question) -> Callable[[Unit], tuple[Waiver, ...]]:
    """By which waivers a unit is out of a share: those of the last day that is asked about."""
    last = Period(question.window.last, question.window.last)
    return lambda unit: world.registry.freed(unit, question.metric.name, last)


def share_meeting(
    world: World, units: Sequence[Unit], question: Question, target: Target
) -> Figures:
    """Units whose own ratio meets `target.each`; one without a denominator leaves the share."""
    each = target.each

    def state_of(unit: Unit) -> tuple[State, Figures]:
        own = unit_sums(world, unit, question)
        enough = not own.expected or (
            Decimal(own.received) >= question.indicator.min_reported * own.expected
        )
        if not own.counted or not enough:
            return "silent", own
        if not own.denominator:
            return "leaves", own
        assert each is not None  # the catalogue check refuses a share_meeting without it
        holds = share_meets(own.numerator, own.denominator, each.comparator, each.value)
        return ("achieved" if holds else "not_achieved"), own

    return _share(_open(units, question.on), state_of, _waivers(world, question))


def done_by(world: World, units: Sequence[Unit], reports: Sequence[Report], on: dt.date) -> Figures:
    """Units that reported a task of theirs done on or before a day (duty)."""

    def state_of(unit: Unit) -> tuple[State, Figures]:
        selection = latest((r for r in reports if r.unit in unit.codes), on)
        own = Figures(units_reported=int(bool(selection.taken)), left_out=list(selection.left_out))
        if not selection.taken:
            own.missing.append(Missing(unit.code, ""))
            return "silent", own
        newest = max(selection.taken, key=lambda r: (r.first, r.rank))
        own.counted = [Counted(unit.code, newest, ZERO, ZERO)]
        return ("achieved" if newest.fields["state"] == "done" else "not_achieved"), own

    def waivers_of(unit: Unit) -> tuple[Waiver, ...]:
        return world.registry.freed(unit, TASK, Period(on, on))

    return _share(_open(units, on), state_of, waivers_of)
