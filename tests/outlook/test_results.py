"""Forecasts, gaps, what falls due and what-ifs of results, from reports to JSON."""

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from chitieu.catalogue.model import Each, Party, Scope
from chitieu.cli import tables
from chitieu.ports import NewEntry
from chitieu.scoring.card import result_json
from chitieu.scoring.due import due_json
from chitieu.scoring.explanation import explanation_json
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.what_if import Impossible, Supposed, suppose
from tests.builders import (
    Scene,
    a_catalogue,
    a_plan,
    a_row,
    a_target,
    a_unit,
    an_event,
    cashless,
    text,
)

HOSPITALS = ("38F01", "38F02", "38F03", "38F04")
UNITS = [a_unit(code, name=f"BV {code[-1]}") for code in HOSPITALS]
MONTHS = [f"2025-{month:02}" for month in range(1, 13)]


def scene(indicator: str, entries: list[NewEntry], **target: Any) -> Scene:
    row = a_row("r", indicator, target=a_target(**target), responsible=(Party(label="Phòng A"),))
    return Scene(a_catalogue(a_plan([row])), [*UNITS, *entries])


def one(made: Scene, as_of: str) -> tuple[Outcome, dict[str, Any]]:
    evaluated = made.evaluated("38", as_of)
    outcome = evaluated.outcomes[0]
    return outcome, result_json(outcome, None, evaluated.pin)


def monthly(rates: list[int], unit: str = "38F01", size: int = 1000) -> list[NewEntry]:
    return [
        cashless(unit, month, size, rate * size // 100, id=f"{unit}-{month}")
        for month, rate in zip(MONTHS, rates, strict=False)
    ]  # fmt: skip


def emr(unit: str, state: str, on: str, number: int = 0) -> NewEntry:
    data = {"state": state, "on": on, "paperless": True}
    return an_event("emr", unit, data, id=f"{unit}-{number}", time="2025-12-30T00:00:00")


RATIO = "cashless-payment-count-share"
OF_ONE = Scope(label=text("BV"), units=("38F01",))


def test_a_steady_ratio_is_foretold_to_its_due_day() -> None:
    made = scene(RATIO, monthly([60, 62, 61, 60, 62, 61]), scope=OF_ONE)
    _, found = one(made, "2025-06-30")
    forecast = found["forecast"]
    assert (forecast["on"], forecast["method"], forecast["history"]) == (
        "2025-12-31", "pooled_ratio", 6,
    )  # fmt: skip
    assert Decimal(forecast["low"]) < Decimal("61") < Decimal(forecast["high"])
    assert Decimal(forecast["probability"]) > Decimal("0.9")
    assert found["outlook"] == "on_track"


def test_what_comes_later_is_not_known_to_the_forecast() -> None:
    six = scene(RATIO, monthly([60, 62, 61, 60, 62, 61]), scope=OF_ONE)
    twelve = scene(RATIO, monthly([60, 62, 61, 60, 62, 61, 5, 5, 5, 5, 5, 5]), scope=OF_ONE)
    assert one(six, "2025-06-30")[1]["forecast"] == one(twelve, "2025-06-30")[1]["forecast"]


def test_two_periods_are_too_little() -> None:
    _, found = one(scene(RATIO, monthly([60, 62]), scope=OF_ONE), "2025-02-28")
    assert (found["outlook"], found["forecast"]) == ("insufficient_history", None)


def test_nothing_is_foretold_of_what_is_final() -> None:
    made = scene(RATIO, monthly([60] * 12), scope=OF_ONE)
    _, found = one(made, "2026-01-31")
    assert (found["final"], found["outlook"], found["forecast"]) == (True, None, None)
    assert (found["gap"]["per_week"], found["gap"]["weeks_left"]) == (None, None)


def test_a_month_in_which_most_are_silent_is_foretold_with_the_rest() -> None:
    entries = [e for unit in HOSPITALS for e in monthly([60, 61, 60, 62, 60], unit)]
    made = scene(RATIO, entries)
    before = one(made, "2025-05-31")[1]["forecast"]
    made.add(*monthly([0, 0, 0, 0, 0, 5])[5:])  # June of one hospital of four
    after = one(made, "2025-06-30")[1]["forecast"]
    assert after["history"] == before["history"] == 5
    assert abs(Decimal(after["expected"]) - Decimal(before["expected"])) < 1


def test_cumulative_reports_are_told_apart() -> None:
    ends = ("01-31", "02-28", "03-31", "04-30", "05-31", "06-30")
    entries = [
        cashless("38F01", f"2025-01-01/2025-{end}", 100 * number, 60 * number, id=f"c{number}")
        for number, end in enumerate(ends, start=1)
    ]
    _, found = one(scene(RATIO, entries, scope=OF_ONE), "2025-06-30")
    assert found["forecast"]["history"] == 6
    assert found["forecast"]["expected"] == "60"


def test_arrivals_of_hospitals_are_foretold_in_whole_hospitals() -> None:
    made = scene("emr-hospital-share", [
        emr("38F01", "live", "2025-01-10"), emr("38F02", "live", "2025-03-10"),
        emr("38F03", "pilot", "2025-02-01"), emr("38F04", "not_started", "2025-01-05"),
    ], value=Decimal(100))  # fmt: skip
    _, found = one(made, "2025-05-31")
    forecast = found["forecast"]
    assert forecast["method"] == "adoption"
    assert {forecast[name] for name in ("low", "expected", "high")} <= {"50", "75", "100"}
    assert 0 < Decimal(forecast["probability"]) < 1


def test_the_gap_names_the_thing_the_pace_and_never_a_unit() -> None:
    made = scene(RATIO, monthly([40] * 6), scope=OF_ONE, value=Decimal(50))
    _, found = one(made, "2025-06-30")
    gap = found["gap"]
    assert (gap["count"], gap["text"], gap["text_en"]) == (
        600, "thêm 600 lượt thanh toán", "600 more payments",
    )  # fmt: skip
    # 184 days are left: 600 × 7 ÷ 184 = 22.82608…, rounded up.
    assert (gap["per_week"], gap["weeks_left"]) == ("22.83", 27)


STATES = [
    emr("38F01", "live", "2025-01-10"), emr("38F02", "not_started", "2025-01-10"),
    emr("38F03", "pilot", "2025-02-01"),
]  # fmt: skip


def test_units_are_named_where_units_may_be_read_the_nearest_first() -> None:
    made = scene("emr-hospital-share", STATES, value=Decimal(75))
    outcome, found = one(made, "2025-05-31")
    assert found["gap"]["text"] == "thêm 2 bệnh viện"
    assert "BV" not in str(found["gap"])
    told = explanation_json(outcome, None, made.evaluated("38", "2025-05-31").pin)["gap"]
    assert told["text"] == "thêm 2 bệnh viện: BV 3, BV 2"
    assert [(u["unit"], u["state"]) for u in told["units"]] == [
        ("38F03", "pilot"), ("38F02", "not_started"), ("38F04", None),
    ]  # fmt: skip
    assert told["more"] == 0


def test_of_units_with_a_ratio_of_their_own_the_one_that_lacks_least_comes_first() -> None:
    entries = [
        cashless(code, "2025-Q1", 100, 50, id=f"m{code}", data={
            "revenue_vnd": 1000, "cashless_revenue_vnd": paid,
        })
        for code, paid in zip(HOSPITALS, (900, 200, 640, 500), strict=True)
    ]  # fmt: skip
    made = scene("facilities-meeting-cashless-revenue", entries, value=Decimal(100),
                 each=Each(comparator=">=", value=Decimal(65)))  # fmt: skip
    outcome, found = one(made, "2025-03-31")
    assert found["verdict"] == "not_met", found["reason"]
    told = explanation_json(outcome, None, made.evaluated("38", "2025-03-31").pin)["gap"]
    assert [(u["unit"], u["count"]) for u in told["units"]] == [
        ("38F03", 10), ("38F04", 150), ("38F02", 450),
    ]  # fmt: skip


def test_what_falls_due_stands_under_who_is_responsible() -> None:
    made = scene(RATIO, monthly([40] * 3), scope=OF_ONE, due=dt.date(2025, 4, 20))
    evaluated = made.evaluated("38", "2025-03-31")
    found = due_json(evaluated, 30)
    assert (found["until"], len(found["responsible"])) == ("2025-04-30", 1)
    party = found["responsible"][0]
    assert (party["label"], party["unit"]) == ("Phòng A", None)
    target = party["targets"][0]
    assert (target["days_left"], target["verdict"]) == (20, "not_met")
    assert target["gap"]["text"] == "thêm 300 lượt thanh toán"
    assert due_json(evaluated, 19)["responsible"] == []
    assert len(due_json(evaluated, 20)["responsible"]) == 1


# --- what if -----------------------------------------------------------------------------------


def wish(unit: str, field: str, value: str) -> Supposed:
    return Supposed(unit, field, value)


def test_a_supposed_figure_replaces_that_of_the_newest_period() -> None:
    made = scene(RATIO, monthly([40] * 3), scope=OF_ONE)
    outcome, _ = one(made, "2025-03-31")
    supposed = suppose(outcome, [wish("38F01", "cashless_payments", "900")])
    assert (supposed.judgement.numerator, supposed.judgement.denominator) == (1700, 3000)
    assert supposed.judgement.verdict == "met"
    # Nothing is kept.
    assert (outcome.judgement.numerator, outcome.judgement.verdict) == (1200, "not_met")
    assert one(made, "2025-03-31")[0].judgement.numerator == 1200


def test_a_supposed_state_counts() -> None:
    made = scene("emr-hospital-share", [*STATES, emr("38F04", "pilot", "2025-03-01")])
    outcome, _ = one(made, "2025-05-31")
    assert outcome.judgement.numerator == 1
    supposed = suppose(outcome, [wish("38F03", "state", "live"), wish("38F02", "state", "live")])
    assert (supposed.judgement.numerator, supposed.judgement.verdict) == (3, "met")


def test_a_unit_that_was_silent_is_given_a_report_of_the_last_ended_period() -> None:
    made = scene(RATIO, monthly([40] * 2), scope=OF_ONE)
    outcome, _ = one(made, "2025-03-15")
    empty, _ = one(scene(RATIO, [], scope=OF_ONE), "2025-03-15")
    wishes = [wish("38F01", "payments", "10"), wish("38F01", "cashless_payments", "9")]
    supposed = suppose(empty, wishes)
    counted = supposed.judgement.figures.counted
    assert [str(c.report.period) for c in counted if c.report] == ["2025-02"]
    assert (supposed.judgement.numerator, supposed.judgement.denominator) == (9, 10)
    assert outcome.judgement.denominator == 2000


@pytest.mark.parametrize(
    ("wishes", "code", "number"),
    [
        ([wish("38F02", "payments", "1")], "what_if_unit", 1),
        ([wish("nowhere", "payments", "1")], "what_if_unit", 1),
        ([wish("38F01", "state", "live")], "what_if_field", 1),
        ([wish("38F01", "revenue_vnd", "1")], "what_if_field", 1),
        ([wish("38F01", "payments", "-1")], "what_if_value", 1),
        ([wish("38F01", "payments", "1.5")], "what_if_value", 1),
        ([wish("38F01", "payments", "9" * 19)], "what_if_value", 1),
        ([wish("38F01", "payments", "٣")], "what_if_value", 1),
        ([wish("38F01", "cashless_payments", "1001")], "what_if_contradicts", 1),
        ([wish("38F01", "payments", "1000")] * 2, "what_if_contradicts", 2),
    ],
)
def test_what_cannot_be_is_refused(wishes: list[Supposed], code: str, number: int) -> None:
    outcome, _ = one(scene(RATIO, monthly([40] * 3), scope=OF_ONE), "2025-03-31")
    with pytest.raises(Impossible) as refused:
        suppose(outcome, wishes)
    assert (refused.value.code, refused.value.number) == (code, number)


def test_a_first_report_needs_every_field() -> None:
    outcome, _ = one(scene(RATIO, [], scope=OF_ONE), "2025-03-31")
    with pytest.raises(Impossible) as refused:
        suppose(outcome, [wish("38F01", "payments", "5")])
    assert (refused.value.code, refused.value.allowed) == (
        "what_if_incomplete", ("cashless_payments",),
    )  # fmt: skip


def test_what_falls_due_is_printed_with_what_is_missing() -> None:
    made = scene(RATIO, monthly([40] * 3), scope=OF_ONE, due=dt.date(2025, 4, 20))
    answer = due_json(made.evaluated("38", "2025-03-31"), 30)
    out = io.StringIO()
    Console(file=out, width=120).print(tables.due(answer))
    assert "Phòng A" in out.getvalue()
    assert "20/4/2025" in out.getvalue()
    assert "thêm 300 lượt thanh toán" in out.getvalue()
    empty = io.StringIO()
    Console(file=empty, width=120).print(tables.due(answer | {"responsible": []}))
    assert "không có gì đến hạn đến 30/4/2025" in empty.getvalue()
