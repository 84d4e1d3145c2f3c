"""The outlook by kind of target: totals, stocks, tasks, what is to be kept up."""

from decimal import Decimal

import pytest

from chitieu.ports import NewEntry
from chitieu.scoring import history
from chitieu.scoring.what_if import Supposed, suppose
from tests.builders import Scene, a_catalogue, a_plan, a_row, a_target, a_unit, an_event, cashless
from tests.outlook.test_results import OF_ONE, RATIO, emr, monthly, one, scene

CASES = "telemedicine-case-total"
RECORDS = "health-records-standardised-share"


def cases(period: str, number: int, **more: object) -> NewEntry:
    data = {"period": period, "cases": number} | more
    return an_event("telemedicine-cases", "38F01", data, id=period)


def records(on: str, share: int) -> NewEntry:
    data = {
        "on": on, "people": 1000, "standardised": 10 * share, "to_verify": 0,
        "not_standardised": 1000 - 10 * share,
    }  # fmt: skip
    return an_event("health-records", "38F01", data, id=on)


def test_a_total_is_carried_on_by_its_quarters() -> None:
    quarters = [cases(f"2025-Q{number}", 100) for number in (1, 2, 3)]
    made = scene(CASES, quarters, scope=OF_ONE, value=Decimal(350))
    _, found = one(made, "2025-10-31")
    forecast = found["forecast"]
    assert (forecast["method"], forecast["history"], forecast["expected"]) == ("total", 3, "400")
    assert 300 < int(forecast["low"]) < 400 < int(forecast["high"])
    assert found["outlook"] == "on_track"
    assert (found["gap"]["count"], found["gap"]["per_week"]) == (50, "5.74")


def test_a_running_period_is_foretold_whole_and_counted_once() -> None:
    quarters = [cases(f"2025-Q{number}", 100) for number in (1, 2, 3)]
    running = cases("2025-Q4", 40, through="2025-10-31")
    made = scene(CASES, [*quarters, running], scope=OF_ONE, value=Decimal(350))
    _, found = one(made, "2025-10-31")
    assert (found["numerator"], found["forecast"]["expected"]) == (340, "400")
    assert int(found["forecast"]["low"]) >= 340


def test_a_stock_grows_by_its_own_steps() -> None:
    ends = ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31", "2025-06-30"]
    entries = [records(on, 20 + 5 * number) for number, on in enumerate(ends)]
    made = scene(RECORDS, entries, scope=OF_ONE, value=Decimal(70))
    _, found = one(made, "2025-06-30")
    forecast = found["forecast"]
    assert (forecast["method"], forecast["history"]) == ("stock", 6)
    assert Decimal("72") < Decimal(forecast["expected"]) < Decimal("78")  # 45 and 6 × 5


def test_one_snapshot_carried_forward_is_no_history() -> None:
    made = scene(RECORDS, [records("2025-01-31", 40)], scope=OF_ONE)
    _, found = one(made, "2025-09-30")
    assert (found["verdict"], found["outlook"]) == ("not_met", "insufficient_history")


def test_what_is_kept_up_so_far_may_lapse_and_what_lapsed_is_lost() -> None:
    held = scene(RATIO, monthly([60] * 6), scope=OF_ONE, maintain=True)
    _, found = one(held, "2025-06-30")
    assert (found["forecast"]["method"], found["forecast"]["low"]) == ("succession", None)
    assert Decimal(0) < Decimal(found["forecast"]["probability"]) < 1
    lost = scene(RATIO, monthly([60, 30, 60, 60]), scope=OF_ONE, maintain=True)
    _, found = one(lost, "2025-04-30")
    assert (found["lapses"], found["outlook"], found["forecast"]) == (
        ["2025-02"], "off_track", None,
    )  # fmt: skip


def task(state: str) -> NewEntry:
    data = {"item": "thu-2025/r", "state": state, "on": "2025-03-01"}
    return an_event("task", "38F01", data, id=state)


def test_a_task_that_is_done_is_on_track_and_may_be_supposed_done() -> None:
    made = scene("task", [task("in_progress")], scope=OF_ONE, value=Decimal(1))
    outcome, found = one(made, "2025-05-31")
    assert (found["verdict"], found["outlook"]) == ("not_met", "insufficient_history")
    done = suppose(outcome, [Supposed("38F01", "state", "done")])
    assert (done.judgement.verdict, done.outlook) == ("met", "on_track")


def test_every_unit_there_already_is_likely_to_stay() -> None:
    units = ("38F01", "38F02", "38F03", "38F04")
    made = scene("emr-hospital-share", [emr(u, "live", "2025-01-10") for u in units])
    _, found = one(made, "2025-08-31")
    assert (found["forecast"]["expected"], found["verdict"]) == ("100", "met")
    assert found["outlook"] == "on_track"


MANY = [f"38F{number}" for number in range(10, 22)]


def of_many(indicator: str, entries: list[NewEntry]) -> Scene:
    row = a_row("r", indicator, target=a_target(value=Decimal(60)))
    units = [a_unit(code) for code in MANY]
    return Scene(a_catalogue(a_plan([row])), [*units, *entries])


def states() -> list[NewEntry]:
    months = range(1, 10)
    return [
        emr(code, "live" if month > number // 2 else "pilot", f"2025-{month:02}-05", month)
        for number, code in enumerate(MANY) for month in months if (number + month) % 3 == 0
    ]  # fmt: skip


def figures() -> list[NewEntry]:
    return [
        e for number, code in enumerate(MANY)
        for e in monthly([50 + number + month for month in range(9)], code, 100 + number)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("indicator", "entries", "method"),
    [(RATIO, figures(), "pooled_ratio"), ("emr-hospital-share", states(), "adoption")],
)
@pytest.mark.parametrize("as_of", ["2025-05-31", "2025-09-17", "2025-09-30"])
def test_many_units_are_foretold_by_columns_as_by_reports(
    monkeypatch: pytest.MonkeyPatch, indicator: str, entries: list[NewEntry], method: str,
    as_of: str,
) -> None:  # fmt: skip
    made = of_many(indicator, entries)
    with monkeypatch.context() as patched:
        # What is asked of all reports at once is never asked of their lists.
        patched.setattr(history, "heard", None)
        patched.setattr(history, "_held", None)
        by_columns = one(made, as_of)[1]["forecast"]
    monkeypatch.setattr(history, "FEW", 10**6)
    assert by_columns == one(made, as_of)[1]["forecast"]
    assert by_columns["method"] == method


def test_many_units_with_longer_reports_are_told_apart_by_their_reports() -> None:
    quarters = [
        cashless(code, f"2025-Q{quarter}", 300, 180, id=f"{code}-q{quarter}")
        for code in MANY for quarter in (1, 2, 3)
    ]  # fmt: skip
    _, found = one(of_many(RATIO, quarters), "2025-10-05")
    assert (found["forecast"]["history"], found["forecast"]["expected"]) == (3, "60")
