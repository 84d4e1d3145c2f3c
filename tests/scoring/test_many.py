"""Sums by columns are the sums unit by unit: whatever arrived, at every position."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chitieu.catalogue.model import Each, Target
from chitieu.periods import Period
from chitieu.ports import NewEntry
from chitieu.reports import reports_of
from chitieu.scoring import many
from chitieu.scoring import world as world_module
from chitieu.scoring.asked import asked_of
from chitieu.scoring.columns import Active, PerUnit
from chitieu.scoring.figures import Figures, Heard, Question, merged, unit_sums
from chitieu.scoring.heard import heard
from chitieu.scoring.relevant import covered_days, newest_known
from chitieu.scoring.shares import share_meeting, share_of_units
from chitieu.scoring.world import World
from chitieu.units import Unit
from tests.builders import (
    Scene,
    a_catalogue,
    a_plan,
    a_retraction,
    a_row,
    a_target,
    a_unit,
    a_waiver,
    an_event,
    cashless,
    places,
    real_catalogue,
)

UNITS = 24
YEAR = Period(dt.date(2025, 1, 1), dt.date(2025, 12, 31))
SPELLINGS = (
    *(f"2025-{month:02}" for month in range(1, 13)), "2025-Q1", "2025-H1", "2025",
    "2025-01-10/2025-02-09", "2024-12", "2024",
)  # fmt: skip


FREED = (
    [("2025-01-01", "2025-02-28")], [("2025-07-10", "2026-01-31")], [("2025-12-31", "2025-12-31")]
)  # fmt: skip


def a_target_each() -> Target:
    return a_target(each=Each(comparator=">=", value=Decimal("50.5")))


def history(chance: random.Random, count: int) -> list[NewEntry]:
    """Overlaps, estimates, corrections, retractions before and after what they name."""
    made: list[NewEntry] = []
    for number in range(count):
        unit = f"38F{chance.randint(1, UNITS):02}"
        if chance.random() < 0.2:
            state = {"state": chance.choice(["live", "pilot"]), "paperless": chance.random() < 0.5}
            day = f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
            made.append(an_event("emr", unit, state | {"on": day}, id=f"e{number}"))
            continue
        spelled = chance.choice(SPELLINGS if chance.random() < 0.1 else SPELLINGS[:12])
        whole = chance.choice([0, chance.randint(1, 900), 10**17 if chance.random() < 0.05 else 7])
        more: dict[str, Any] = {"estimate": True} if chance.random() < 0.1 else {}
        if len(spelled) == 7 and spelled[5] in "01" and chance.random() < 0.1:
            more["through"] = f"{spelled}-{chance.randint(10, 28)}"
        corrects = f"e{chance.randint(0, count)}" if chance.random() < 0.1 else None
        made.append(cashless(
            unit, spelled, whole, chance.randint(0, whole), id=f"e{number}", data=more,
            time=f"2025-12-{chance.randint(1, 28):02}T00:00:00", corrects=corrects,
        ))  # fmt: skip
        if chance.random() < 0.04:
            made.append(a_retraction(f"e{chance.randint(0, count)}", id=f"r{number}"))
    chance.shuffle(made)
    return made


def scene(seed: int) -> Scene:
    chance = random.Random(seed)
    closed = ["2025-06-14", "2025-12-31", None, None, None]
    units = [a_unit(f"38F{n:02}", since=chance.choice(["2020-01-01", "2025-03-05"]),
                    closed=chance.choice(closed)) for n in range(1, UNITS + 1)]  # fmt: skip
    units += [a_unit("38F03", since="2025-09-01"), a_unit("38F04", since="2025-08-01")]
    row = a_row("I.1", "cashless-payment-count-share", 1, target=a_target())
    waivers = [
        a_waiver(f"38F{n:02}", first, last, chance.choice([None, "emr", "cashless-payment"]),
                 id=f"w{n}")
        for n in range(1, UNITS, 4)
        for first, last in chance.choice(FREED)
    ]  # fmt: skip
    return Scene(a_catalogue(a_plan([row])), [*units, *waivers, *history(chance, 500)])


def told(figures: Figures) -> dict[str, Any]:
    """All that a verdict or a result reads of figures."""
    names = ("numerator", "denominator", "units_expected", "units_reported", "expected",
             "received", "silent", "compiled", "reports", "estimated", "reported",
             "waived")  # fmt: skip
    return {name: getattr(figures, name) for name in names}


def days_of(figures: Figures, question: Question) -> object:
    """What a forecast reads: the sums of each stretch of days, who spoke of it, who is missing."""
    found = heard(figures, question.indicator)
    sums: dict[Period, list[Any]] = {}
    for said in found.spoken:
        held = sums.setdefault(said.extent, [0, 0, 0, set()])
        for at, more in enumerate((said.part, said.whole, said.pieces)):
            held[at] += more
        held[3] |= said.units
    return sums, sorted(found.missing)


def questions() -> list[Question]:
    catalogue = real_catalogue()
    payment = catalogue.indicators["cashless-payment-count-share"]
    total = payment.model_copy(update={"name": "payments", "denominator": None})
    days = [dt.date(2025, 12, 31), dt.date(2025, 7, 15), dt.date(2025, 2, 28)]
    found = []
    for indicator in (payment, total):
        metric = catalogue.metrics[indicator.metric or ""]
        for on in days:
            found.append(Question(indicator, metric, Period(YEAR.first, on), on))
            month = Period(on.replace(day=1), on)
            found.append(Question(indicator, metric, month, on, one_period=True))
            # It begins inside a month; it holds no whole one.
            found.append(Question(indicator, metric, Period(dt.date(2025, 1, 9), on), on))
            found.append(Question(indicator, metric, Period(on, on), on))
    emr = catalogue.indicators["emr-hospital-share"]
    return found + [
        Question(emr, catalogue.metrics["emr"], Period(on, on), on) for on in days
    ]  # fmt: skip


def both(world: World, units: Sequence[Unit], question: Question) -> tuple[Figures, Figures]:
    if question.is_latest:
        return many.share_of(world, units, question), share_of_units(world, units, question)
    one_by_one = merged((unit_sums(world, unit, question) for unit in units), question)
    return many.parts_of(world, units, question), one_by_one


@pytest.mark.parametrize("seed", range(4))
def test_by_columns_and_unit_by_unit_give_the_same(seed: int) -> None:
    made = scene(seed)
    newest = made.world()
    units = tuple(newest.registry.units[code] for code in sorted(newest.registry.units))
    for seq in (len(made.log.entries()), 400, 150, 40):
        world = World(newest.registry, newest.reports.at(seq), newest.known)
        for question in questions():
            quick, slow = both(world, units, question)
            assert told(quick) == told(slow), (seq, question.indicator.name, question.on)
            if not question.is_latest:
                assert days_of(quick, question) == days_of(slow, question)
            assert quick.lists == slow.lists
            meeting = question.indicator.denominator and not question.one_period
            if not question.is_latest and meeting:
                target = a_target_each()
                quick = many.share_meeting_of(world, units, question, target)
                slow = share_meeting(world, units, question, target)
                assert told(quick) == told(slow), (seq, question.indicator.name, question.on)
                assert quick.lists == slow.lists


@pytest.mark.parametrize("seed", range(4))
def test_what_bears_on_a_target_is_the_same_of_few_reports_and_of_many(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scene(seed)
    newest = made.world()
    province = places().bearing("38", YEAR.first)
    assert province is not None
    [asked] = asked_of(newest.registry, province)
    for seq in (len(made.log.entries()), 400, 150, 40):
        world = World(newest.registry, newest.reports.at(seq), newest.known)
        for on in (YEAR.last, dt.date(2025, 7, 15), dt.date(2025, 2, 28)):
            told = []
            for few in (-1, 1000):
                monkeypatch.setattr(world_module, "FEW_REPORTS", few)
                told.append((newest_known(world, asked, on), covered_days(world, asked, on)))
            assert told[0] == told[1], (seq, on)


@pytest.mark.parametrize("broken", ["months", "odd", "heard"])
def test_the_comparison_can_fail(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step of the short cut, left out, is noticed."""
    active = Active
    if broken == "heard":
        monkeypatch.setattr(many.Many, "heard", lambda self, plain: Heard([], []))
    elif broken == "months":
        monkeypatch.setattr(active, "_months", lambda _, rows, *__: rows * 0)
    else:
        real: Callable[..., PerUnit] = active.pooled

        def never_odd(self: Any, *given: Any) -> PerUnit:
            found = real(self, *given)
            return replace(found, odd=found.odd & False)

        monkeypatch.setattr(active, "pooled", never_odd)

    def every_seed() -> None:
        for seed in range(4):
            test_by_columns_and_unit_by_unit_give_the_same(seed)

    with pytest.raises(AssertionError):
        every_seed()


def test_what_arrives_after_the_columns_were_made_is_seen_and_the_past_is_not() -> None:
    made = scene(1)
    world = made.world()
    units = tuple(world.registry.units[code] for code in sorted(world.registry.units))
    question = questions()[0]
    before = World(world.registry, world.reports.at(len(made.log.entries())), world.known)
    first = told(both(before, units, question)[0])
    made.add(cashless("38F24", "2025-01", 100, 100, id="late", time="2025-12-30T00:00:00"))
    for report in reports_of(made.log.entries()[-1]):
        world.reports.add(report)
    quick, slow = both(world, units, question)
    assert told(quick) == told(slow)
    assert told(quick) != first
    assert told(both(before, units, question)[0]) == first
