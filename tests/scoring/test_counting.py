"""Which reports count, and what follows: by the sentences of CONTRACT.md §2 and §4."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from chitieu.catalogue.model import Each, Scope
from chitieu.scoring.card import result_json
from chitieu.scoring.outcome import Outcome
from tests.builders import (
    Scene,
    a_catalogue,
    a_plan,
    a_retraction,
    a_row,
    a_target,
    a_unit,
    an_event,
    cashless,
    text,
)

HOSPITALS = Scope(label=text("Bệnh viện"), where={"kind": "facility", "type": "hospital"})
ONE = Scope(label=text("Bệnh viện 1"), units=("38F01",))


def scene(*entries: Any, indicator: str = "cashless-payment-count-share", **target: Any) -> Scene:
    row = a_row("I.1", indicator, target=a_target(**({"scope": ONE} | target)))
    units = [a_unit("38F01"), a_unit("38F02"), a_unit("38F03")]
    return Scene(a_catalogue(a_plan([row])), [*units, *entries])


def outcome(made: Scene, as_of: str = "2025-12-31") -> Outcome:
    found = made.evaluated("38", as_of).one("thu-2025/I.1")
    assert found is not None
    return found


def months(unit: str, count: int, payments: int = 100, paid: int = 60) -> list[Any]:
    return [
        cashless(unit, f"2025-{m:02}", payments, paid, id=f"{unit}-{m}",
                 time=f"2025-{m:02}-28T20:00:00")
        for m in range(1, count + 1)
    ]  # fmt: skip


def test_months_add_up_and_the_quarter_that_repeats_them_is_preferred() -> None:
    quarter = cashless("38F01", "2025-Q1", 330, 200, id="q1")
    judged = outcome(scene(*months("38F01", 12), quarter)).judgement
    assert (judged.numerator, judged.denominator) == (9 * 60 + 200, 9 * 100 + 330)
    assert [i.why for i in judged.figures.left_out] == ["overlap"] * 3


def test_an_estimate_gives_way_to_actuals_even_when_it_is_longer() -> None:
    year = cashless("38F01", "2025", 9999, 9999, id="est", data={"estimate": True})
    judged = outcome(scene(*months("38F01", 12), year)).judgement
    assert (judged.numerator, judged.denominator) == (720, 1200)


def test_two_reports_of_one_key_the_last_sent_counts() -> None:
    again = cashless("38F01", "2025-01-01/2025-01-31", 50, 50, id="new", time="2026-01-01T00:00:00")
    judged = outcome(scene(*months("38F01", 12), again)).judgement
    assert (judged.numerator, judged.denominator) == (11 * 60 + 50, 11 * 100 + 50)


def test_a_report_counts_from_the_last_day_it_covers() -> None:
    made = scene(*months("38F01", 3))
    assert outcome(made, "2025-03-30").judgement.numerator == 120
    assert outcome(made, "2025-03-31").judgement.numerator == 180


def test_below_four_fifths_of_expected_reports_a_ratio_is_unknown_but_shown() -> None:
    # December is known too early to be due: 8 of 11 are too few, 9 are enough.
    judged = outcome(scene(*months("38F01", 8))).judgement
    assert (judged.verdict, judged.reason) == ("unknown", "coverage")
    assert (judged.numerator, judged.denominator) == (480, 800)
    assert judged.figures.expected == 11
    assert outcome(scene(*months("38F01", 9))).judgement.verdict == "met"


def test_nothing_reported_and_nobody_registered_are_told_apart() -> None:
    assert outcome(scene()).judgement.reason == "no_report"
    nobody = Scope(label=text("Nhà hộ sinh"), where={"kind": "facility", "class": "special"})
    assert outcome(scene(scope=nobody)).judgement.reason == "no_unit_registered"


def test_a_reported_zero_denominator_is_not_applicable() -> None:
    judged = outcome(scene(*months("38F01", 12, 0, 0))).judgement
    assert (judged.verdict, judged.reason) == ("not_applicable", "zero_denominator")


def test_a_retraction_brings_the_older_report_back() -> None:
    again = cashless("38F01", "2025-01", 50, 50, id="new", time="2026-01-01T00:00:00")
    made = scene(*months("38F01", 12), again)
    made.add(a_retraction("new", id="r1"))
    assert outcome(made).judgement.denominator == 1200


def test_a_correction_may_move_a_figure_to_another_unit() -> None:
    moved = cashless("38F02", "2025-01", 100, 60, id="new", corrects="38F01-1",
                     time="2026-01-01T00:00:00")  # fmt: skip
    made = scene(*months("38F01", 12))
    made.add(moved)
    judged = outcome(made).judgement
    assert judged.denominator == 1100
    assert [(m.unit, m.period) for m in judged.figures.missing] == [("38F01", "2025-01")]


def state(unit: str, name: str, on: str, **event: Any) -> Any:
    return an_event("emr", unit, {"state": name, "on": on}, id=f"{unit}-{on}", **event)


def test_a_share_of_units_is_decided_once_the_silent_cannot_turn_it() -> None:
    live = [state("38F01", "live", "2025-03-01"), state("38F02", "live", "2025-04-01")]
    share: Any = {"indicator": "emr-hospital-share", "scope": HOSPITALS}
    judged = outcome(scene(*live, value=Decimal(60), **share)).judgement
    assert judged.verdict == "met"
    judged = outcome(scene(*live, value=Decimal(100), **share)).judgement
    assert (judged.verdict, judged.reason) == ("unknown", "coverage")
    assert judged.bounds == (Decimal("66.666667"), Decimal("100.000000"))
    dead = [*live, state("38F03", "pilot", "2025-05-01")]
    assert outcome(scene(*dead, value=Decimal(100), **share)).judgement.verdict == "not_met"


def test_reached_late_stays_not_met_and_says_how_late() -> None:
    before = [state(f"38F0{n}", "pilot", "2025-01-15") for n in (1, 2, 3)]
    states = [*before, *(state(f"38F0{n}", "live", f"2025-10-0{n}") for n in (1, 2, 3))]
    made = scene(
        *states, indicator="emr-hospital-share", scope=HOSPITALS, value=Decimal(100),
        due=dt.date(2025, 9, 29),
    )  # fmt: skip
    found = outcome(made)
    assert (found.judgement.verdict, found.final) == ("not_met", True)
    assert (found.met_on, found.days_late) == (dt.date(2025, 10, 3), 4)
    assert outcome(made, "2025-09-29").final is False


def test_share_meeting_counts_units_by_their_own_ratio() -> None:
    made = scene(
        *months("38F01", 12), *months("38F02", 12, 100, 70), *months("38F03", 12, 0, 0),
        indicator="facilities-meeting-cashless-revenue", scope=HOSPITALS, value=Decimal(100),
        each=Each(comparator=">=", value=Decimal(65)),
    )  # fmt: skip
    assert outcome(made).judgement.reason == "no_report"  # counts were sent, not revenue
    revenue = [
        an_event("cashless-payment", unit, {
            "period": "2025", "revenue_vnd": whole, "cashless_revenue_vnd": part,
        }, id=f"y-{unit}")
        for unit, whole, part in (("38F01", 100, 64), ("38F02", 123_456_789_012, 99_000_000_000),
                                  ("38F03", 0, 0))
    ]  # fmt: skip
    made.add(*revenue)
    judged = outcome(made).judgement
    assert (judged.numerator, judged.denominator) == (1, 2)
    assert judged.verdict == "not_met"


def test_a_maintained_share_fails_with_the_first_period_that_fails() -> None:
    low = cashless("38F01", "2025-05", 100, 49, id="low", time="2026-01-01T00:00:00")
    found = outcome(scene(*months("38F01", 12), low, maintain=True))
    assert (found.judgement.verdict, found.judgement.lapses) == ("not_met", ["2025-05"])
    assert found.judgement.holds_now is True
    assert outcome(scene(*months("38F01", 12), maintain=True)).judgement.verdict == "met"


def task(name: str, on: str) -> Any:
    data = {"item": "thu-2025/I.1", "state": name, "on": on}
    return an_event("task", "38F01", data, id=f"t-{on}")


@pytest.mark.parametrize(
    ("states", "due", "expected"),
    [
        ([("done", "2025-03-01")], True, ("met", None)),
        ([("in_progress", "2025-03-01")], True, ("not_met", None)),
        ([("waiting", "2025-03-01")], True, ("not_in_force", "condition")),
        ([("cancelled", "2025-03-01")], True, ("not_in_force", "repealed")),
        ([], True, ("unknown", "no_report")),
        ([("in_progress", "2025-10-01")], False, ("met", None)),
        ([("in_progress", "2025-02-01")], False, ("unknown", "stale")),
    ],
)
def test_the_state_of_a_task_is_its_measurement(
    states: list[tuple[str, str]], due: bool, expected: tuple[str, str | None]
) -> None:
    made = scene(
        *(task(*one) for one in states), indicator="task", value=Decimal(1),
        due=dt.date(2025, 12, 31) if due else None,
    )  # fmt: skip
    judged = outcome(made).judgement
    assert (judged.verdict, judged.reason) == expected


def test_a_printed_rate_answers_until_a_fraction_decides() -> None:
    rate = an_event(
        "published-rate", "38F01",
        {"item": "cashless-payment-count-share", "period": "2025-Q4", "percent": "51.5",
         "printed": "51,5%"}, id="rate",
    )  # fmt: skip
    judged = outcome(scene(rate)).judgement
    assert (judged.verdict, judged.basis, judged.actual) == ("met", "printed", Decimal("51.5"))
    judged = outcome(scene(rate, *months("38F01", 12, 100, 40))).judgement
    assert (judged.verdict, judged.basis) == ("not_met", "measured")
    old = outcome(scene(rate, due=dt.date(2026, 6, 30)), "2025-12-31")
    assert old.judgement.verdict == "met"


def test_nothing_rounds_across_a_target() -> None:
    made = scene(
        cashless("38F01", "2025", 100_000, 99_996, id="y"), value=Decimal(100),
    )  # fmt: skip
    found = outcome(made)
    shown = result_json(found, None, made.evaluated("38", "2025-12-31").pin)
    assert (shown["verdict"], shown["display"]) == ("not_met", "99,996%")
    assert shown["gap"]["count"] == 4
