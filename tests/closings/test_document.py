"""A closing's days, its columns and its document, without a database."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chitieu.catalogue.model import Plan, ReportingDay, Scope
from chitieu.closings.days import closing_day, due_day, year_before
from chitieu.closings.document import Making, Moved, document, document_bytes, moved_since
from chitieu.closings.state import Closing, Signed
from chitieu.closings.words import period_words
from chitieu.errors import Problem
from chitieu.periods import Period, parse_period, to_microseconds
from chitieu.ports import NewEntry
from chitieu.scoring.card import Pin, evaluate_place
from chitieu.scoring.movement_json import Between, EntryFacts, causes_of
from tests.builders import (
    Scene,
    a_catalogue,
    a_plan,
    a_row,
    a_target,
    a_unit,
    an_event,
    cashless,
    day,
    places,
    real_catalogue,
    text,
)


def at(iso: str) -> int:
    """Noon of a day in Vietnam."""
    return to_microseconds(dt.datetime.fromisoformat(f"{iso}T12:00:00+07:00"))


def period(words: str) -> Period:
    found = parse_period(words)
    assert found is not None
    return found


def the_plan(**given: Any) -> Plan:
    rows = [
        a_row("I.1", "cashless-payment-count-share", 1, target=a_target()),
        a_row("I.2", "emr-hospital-share", 2, target=a_target(due=dt.date(2025, 6, 30))),
        a_row("I.3", "cashless-payment-count-share", 3, target=a_target(
            value=None, comparator=None, printed="-",
            scope=Scope(label=text("x"), units=("38F01",)),
        )),
    ]  # fmt: skip
    calendar = [
        ReportingDay(period=period, due=day(due), printed="trước ngày 20", lines=(1, 1))
        for period, due in (("2025-Q1", "2025-03-19"), ("2025-Q3", "2025-10-19"))
    ]
    return a_plan(rows, reporting=tuple(calendar), **given)


def making(
    entries: list[NewEntry], words: str = "2025-Q1", known: str = "2025-03-18", **given: Any
) -> Making:
    plan = the_plan()
    world = replace(Scene(a_catalogue(plan), entries).world(), known=at(known))
    place = places().bearing("38", day("2025-03-31"))
    assert place is not None
    days = period(words)
    as_of = closing_day(plan, place, days, day(known))
    evaluated = evaluate_place(world, place, Pin(as_of, world.known, "1:9"))
    return Making(
        "x", plan, days, 1, Signed("syt-38", "k", at(known)), world, evaluated, **given
    )  # fmt: skip


def row(made: Making, key: str) -> Any:
    return next(r for r in document(made)["results"] if r["target"] == f"thu-2025/{key}")


ESTIMATED = [
    a_unit("38F01"),
    cashless("38F01", "2024-01", 50, 10, id="old1"),
    cashless("38F01", "2024-02", 50, 15, id="old2"),
    cashless("38F01", "2024-06", 1000, 1, id="other"),
    cashless("38F01", "2025-01", 100, 40, id="a"),
    cashless("38F01", "2025-02", 100, 50, id="b"),
    cashless("38F01", "2025-03", 100, 90, id="c", data={"estimate": True}),
]


def test_an_early_closing_stands_for_the_whole_period_and_tells_estimates_apart() -> None:
    made = making(ESTIMATED)
    told = document(made)
    assert (told["as_of"], told["closed"]["before_the_end"]) == ("2025-03-31", True)
    assert told["due"] == {"on": "2025-03-19", "printed": "trước ngày 20", "lines": [1, 1],
                           "kept": True, "reason": None}  # fmt: skip
    one = row(made, "I.1")["in_period"]
    assert (one["numerator"], one["denominator"], one["estimated"]) == (180, 300, True)
    assert one["of_actuals"] == {"reports": 2, "numerator": 90, "denominator": 200}
    assert one["of_estimates"] == {"reports": 1, "numerator": 90, "denominator": 100}
    assert row(made, "I.1")["verdict"] == "met"


def test_the_actual_takes_the_place_of_the_estimate() -> None:
    late = [*ESTIMATED, cashless("38F01", "2025-03", 100, 20, id="d", time="2025-04-02T00:00:00")]
    one = row(making(late, known="2025-04-05"), "I.1")
    assert (one["in_period"]["numerator"], one["in_period"]["estimated"]) == (110, False)
    assert one["in_period"]["of_estimates"] == {"reports": 0, "numerator": 0, "denominator": 0}
    assert one["in_period"]["display"] == "36,67%"


def test_the_period_and_the_sum_since_january_are_two_columns() -> None:
    later = [*ESTIMATED, cashless("38F01", "2025-04", 50, 10, id="e")]
    one = row(making(later, "2025-04", "2025-05-05"), "I.1")
    assert (one["in_period"]["numerator"], one["in_period"]["denominator"]) == (10, 50)
    assert (one["cumulative"]["numerator"], one["cumulative"]["denominator"]) == (190, 350)
    for name in ("numerator", "denominator", "actual", "display"):
        assert one["cumulative"][name] == one[name]


def test_the_same_period_a_year_before_from_what_is_known() -> None:
    one = row(making(ESTIMATED), "I.1")["last_year"]
    assert (one["from"], one["to"]) == ("2024-01-01", "2024-03-31")
    assert (one["numerator"], one["denominator"], one["display"]) == (25, 100, "25,00%")
    none = row(making(ESTIMATED[:1] + ESTIMATED[4:]), "I.1")["last_year"]
    assert (none["actual"], none["reason"]) == (None, "no_report")


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 50), st.booleans()), max_size=12))
@settings(max_examples=25, deadline=None)
def test_the_columns_add_up(reported: list[tuple[int, int, bool]]) -> None:
    """The months make up the time since January; what is done and what is estimated, a column."""
    entries = [a_unit("38F01")]
    entries += [
        cashless("38F01", f"2025-{month:02}", 50, paid, id=f"e{n:02}", data={"estimate": estimate})
        for n, (month, paid, estimate) in enumerate(reported)
    ]
    months = [row(making(entries, f"2025-{m:02}", "2025-08-01"), "I.1") for m in range(1, 7)]
    whole = row(making(entries, "2025-H1", "2025-08-01"), "I.1")
    for name in ("numerator", "denominator"):
        sums = sum(month["in_period"][name] or 0 for month in months)
        assert sums == (whole["cumulative"][name] or 0) == (whole["in_period"][name] or 0)
        parts = [whole["in_period"][part] for part in ("of_actuals", "of_estimates")]
        assert sums == sum(part[name] for part in parts if part)
    best: dict[int, tuple[bool, int]] = {}
    for n, (month, _, estimate) in enumerate(reported):
        best[month] = max(best.get(month, (False, -1)), (not estimate, n))
    assert (whole["in_period"]["numerator"] or 0) == sum(reported[n][1] for _, n in best.values())


def test_a_state_is_not_summed_over_a_period() -> None:
    states = [
        a_unit("38F01"), a_unit("38F02"),
        an_event("emr", "38F01", {"state": "live", "on": "2024-05-01"}, id="s1"),
        an_event("emr", "38F02", {"state": "live", "on": "2025-07-15"}, id="s2"),
    ]  # fmt: skip
    one = row(making(states, "2025-Q3", "2025-10-05"), "I.2")
    assert (one["in_period"]["actual"], one["in_period"]["reason"]) == (None, "state")
    # The verdict is of the due day; the column of the period's last.
    assert (one["evaluated_on"], one["numerator"], one["denominator"]) == ("2025-06-30", 1, 2)
    assert (one["cumulative"]["numerator"], one["cumulative"]["denominator"]) == (2, 2)
    assert one["last_year"]["numerator"] == 1


def test_a_row_that_sets_no_value_has_no_columns() -> None:
    one = row(making(ESTIMATED), "I.3")
    assert {one[c]["reason"] for c in ("in_period", "cumulative", "last_year")} == {"no_target"}


def test_the_same_making_gives_the_same_bytes() -> None:
    first, second = document_bytes(making(ESTIMATED)), document_bytes(making(ESTIMATED))
    assert first == second
    assert json.loads(first)["movements"] is None


def test_the_next_version_names_each_result_that_moved_and_why() -> None:
    before = making(ESTIMATED)
    closed = Closing(
        "x", "38", "thu-2025", "2025-Q1", 1, day("2025-03-31"), at("2025-03-18"), "1:9", None,
        "0" * 64, 1, "", "", before.closed,
    )  # fmt: skip
    scene = Scene(a_catalogue(the_plan()), ESTIMATED)
    scene.now = at("2026-02-01")
    scene.add(cashless("38F01", "2025-03", 100, 20, id="d", time="2025-04-02T00:00:00"))
    world, pin = scene.world(), before.evaluated.pin
    evaluated = evaluate_place(world, before.evaluated.place, replace(pin, known=world.known))
    found = moved_since(before.evaluated, evaluated, "thu-2025")
    facts = {known: EntryFacts("1:9", id="d") for known in causes_of(found)}
    after = replace(
        before, version=2, world=world, evaluated=evaluated, previous=closed,
        moved=Moved(found, Between(pin.known, world.known, facts)),
    )  # fmt: skip
    moves = document(after)["movements"]
    assert [m["target"] for m in moves] == ["thu-2025/I.1"]
    assert (moves[0]["from"]["verdict"], moves[0]["to"]["verdict"]) == ("met", "not_met")
    assert (moves[0]["from"]["numerator"], moves[0]["to"]["numerator"]) == (180, 110)


@pytest.mark.parametrize(
    ("words", "today", "answer"),
    [
        ("2025-Q1", "2025-03-18", "2025-03-31"),
        ("2025-Q1", "2024-12-31", "period_not_ended"),
        ("2025-Q2", "2025-06-20", "period_not_ended"),
        ("2025-Q2", "2025-06-30", "2025-06-30"),
        ("2025-Q3", "2025-09-15", "period_not_ended"),  # its report is wanted afterwards
        ("2025-Q2", "2026-01-05", "2025-06-30"),
        ("2025", "2025-12-31", "2025-12-31"),
        ("2026-Q1", "2026-04-05", "period_outside_plan"),
        ("2024-12-01/2025-01-31", "2025-02-01", "2025-01-31"),
    ],
)
def test_when_a_period_may_be_closed_and_for_which_day(words: str, today: str, answer: str) -> None:
    place = places().bearing("38", day("2025-03-31"))
    assert place is not None
    try:
        found = str(closing_day(the_plan(), place, period(words), day(today)))
    except Problem as problem:
        found = problem.code
    assert found == answer


def test_a_place_that_ended_is_closed_at_its_end_and_one_that_began_only_after() -> None:
    plan = the_plan(place="77", last_day=dt.date(2025, 12, 31))
    old, new = places().bearing("77", day("2025-03-31")), places().bearing("79", day("2025-08-01"))
    assert old is not None
    assert new is not None
    assert closing_day(plan, old, period("2025"), day("2025-07-15")) == day("2025-06-30")
    with pytest.raises(Problem, match="period_outside_plan"):
        closing_day(plan, old, period("2025-Q3"), day("2026-01-05"))
    with pytest.raises(Problem, match="period_outside_plan"):
        closing_day(plan, new, period("2025-Q2"), day("2026-01-05"))


def test_the_plans_own_calendars_drive_the_due_days() -> None:
    plans = real_catalogue().plans
    for name, words, due in (
        ("ninh-thuan-2025", "2025-Q1", "2025-03-19"), ("ninh-thuan-2025", "2025-H1", "2025-06-19"),
        ("ninh-thuan-2025", "2025", "2025-12-09"), ("quang-ninh-2025", "2025-Q1", "2025-03-29"),
        ("quang-ninh-2025", "2025-Q4", "2025-12-14"), ("br-vt-2025", "2025-Q1", None),
    ):  # fmt: skip
        found = due_day(plans[name], period(words))
        assert (found.due.isoformat() if found else None) == due


@pytest.mark.parametrize(
    ("words", "before"),
    [
        ("2025-Q1", "2024-Q1"), ("2025", "2024"), ("2025-02", "2024-02"), ("2024-02", "2023-02"),
        ("2024-02-29", "2023-02-28"), ("2025-01-15/2025-02-28", "2024-01-15/2024-02-29"),
    ],
)  # fmt: skip
def test_a_year_before(words: str, before: str) -> None:
    assert year_before(period(words)) == period(before)


def test_periods_in_words() -> None:
    said = {w: period_words(period(w)) for w in ("2025", "2025-H1", "2025-Q4", "2025-03",
                                                 "2025-01-01/2025-05-31")}  # fmt: skip
    assert said["2025"] == {"vi": "năm 2025", "en": "2025"}
    assert said["2025-H1"]["vi"] == "6 tháng đầu năm 2025"
    assert said["2025-Q4"]["vi"] == "quý IV/2025"
    assert said["2025-03"] == {"vi": "tháng 3/2025", "en": "March 2025"}
    assert said["2025-01-01/2025-05-31"]["vi"] == "từ ngày 1/1/2025 đến ngày 31/5/2025"


def test_what_is_reported_of_a_wholly_silent_place_is_nothing() -> None:
    one = row(making([a_unit("38F01")], known="2025-04-05"), "I.1")
    assert one["in_period"]["numerator"] is None
    assert one["in_period"]["reason"] == "no_report"
    assert one["value"] == str(Decimal(50))
