"""What a second reading of CONTRACT.md found broken, one small scene each, as it should be."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Context, Decimal
from typing import Any

import pytest

from chitieu.catalogue.model import Achieved, Each, Indicator, Scope
from chitieu.ports import NewEntry
from chitieu.registry import Registry
from chitieu.scoring.card import Evaluated, result_json
from chitieu.scoring.compare import display_percent
from chitieu.scoring.engine import Engine, node_of
from chitieu.scoring.explanation import explanation_json
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
    places,
    text,
)

SHARE, EMR = "cashless-payment-count-share", "emr-hospital-share"
HOSPITALS = Scope(label=text("Bệnh viện"), where={"kind": "facility", "type": "hospital"})
ONE = Scope(label=text("Bệnh viện 1"), units=("38F01",))
ALL = Scope(label=text("Tất cả"))
UNITS = (a_unit("38F01"), a_unit("38F02"), a_unit("38F03"))
AREA = a_unit("dvhc-38", kind="area", type="province")


def indicator(formula: str, **given: Any) -> Indicator:
    values: dict[str, Any] = {
        "version": 1, "kind": "indicator", "name": "found", "title": text("Thử"),
        "formula": formula, "measure": text("lượt"), "of": text("lượt"),
        "concerns": {"kind": "facility"},
    }  # fmt: skip
    return Indicator(**values | given)


TOTAL = indicator("total", metric="cashless-payment", numerator="payments")


def scene(
    *entries: NewEntry, by: str | Indicator = SHARE, units: tuple[NewEntry, ...] = UNITS,
    plan: dict[str, Any] | None = None, **target: Any,
) -> Scene:  # fmt: skip
    name, more = (by, []) if isinstance(by, str) else (by.name, [by])
    row = a_row("I.1", name, target=a_target(**({"scope": ONE} | target)))
    return Scene(a_catalogue(a_plan([row], **(plan or {})), more=more), [*units, *entries])


def outcome(made: Scene, as_of: str = "2025-12-31", code: str = "38") -> Outcome:
    found = made.evaluated(code, as_of).one("thu-2025/I.1")
    assert found is not None
    return found


def shown(made: Scene, as_of: str = "2025-12-31") -> dict[str, Any]:
    whole = made.evaluated("38", as_of)
    found = whole.one("thu-2025/I.1")
    assert found is not None
    return result_json(found, None, whole.pin)


def verdict(made: Scene, as_of: str = "2025-12-31") -> tuple[str, str | None]:
    judgement = outcome(made, as_of).judgement
    return judgement.verdict, judgement.reason


def months(unit: str, *numbers: int, payments: int = 100, paid: int = 60) -> list[NewEntry]:
    return [
        cashless(unit, f"2025-{m:02}", payments, paid, id=f"{unit}-{m}") for m in numbers
    ]  # fmt: skip


def state(unit: str, name: str, on: str) -> NewEntry:
    return an_event("emr", unit, {"state": name, "on": on}, id=f"{unit}-{on}")


def of_target(metric: str, unit: str, **data: Any) -> NewEntry:
    return an_event(metric, unit, {"item": "thu-2025/I.1"} | data, id=f"{metric}-{unit}")


def condition(fulfilled_on: str) -> NewEntry:
    body = {"target": "thu-2025/I.1", "fulfilled_on": fulfilled_on, "document": "1/QĐ"}
    return NewEntry("condition", json.dumps(body))


# --- who may speak -------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["done", "cancelled"])
def test_the_state_of_a_task_is_said_by_the_unit_of_its_scope(word: str) -> None:
    made = scene(of_target("task", "38F02", state=word, on="2025-03-01"), by="task",
                 value=Decimal(1))  # fmt: skip
    assert verdict(made) == ("unknown", "no_report")


def test_a_rate_about_another_unit_does_not_answer_a_units_target() -> None:
    assert verdict(scene(of_target("published-rate", "38F03", period="2025-Q4", percent="99"))) == (
        "unknown", "no_report",
    )  # fmt: skip


def test_a_rate_for_kien_giangs_target_does_not_answer_an_giangs() -> None:
    """Both bear 91; the rate's item is a target of the place that ended on 2025-06-30."""
    row = a_row("I.1", SHARE, target=a_target(scope=ALL))
    older = a_plan([row], name="older", place="91")
    newer = a_plan([row], name="newer", place="91", place_on=dt.date(2025, 8, 1))
    rate = an_event("published-rate", "dvhc-91", {
        "item": "older/I.1", "period": "2025-Q4", "percent": "98",
    }, id="r")  # fmt: skip
    area = a_unit("dvhc-91", "91", kind="area", type="province")
    made = Scene(a_catalogue(older, newer), [area, a_unit("91F01", "91"), rate])
    found = made.evaluated("91", "2025-12-31").one("newer/I.1")
    assert found is not None
    assert found.judgement.verdict == "unknown"


# --- standing ------------------------------------------------------------------------------------


def test_a_restart_forgets_no_correction_whose_original_came_late() -> None:
    made = Scene(a_catalogue(), [
        a_unit("38F01"),
        cashless("38F01", "2025-01", 50, 5, id="B", corrects="A", time="2025-03-02T00:00:00"),
        cashless("38F01", "2025-01", 100, 60, id="A", time="2025-03-01T00:00:00"),
        a_retraction("B", id="R"),
    ])  # fmt: skip
    log = made.log.entries()
    nodes = {n.identity: n for n in (node_of(e) for e in log if e.kind == "event")}
    before, after = (Engine(Registry(places()), nodes.get) for _ in range(2))
    before.apply(log[:4])
    after.remember([entry for entry in log[:4] if entry.corrects], 4)
    expected = [c.change for c in before.apply(log[4:]).standing]
    assert [c.why for c in expected] == ["retracted", "restored"]
    assert [c.change for c in after.apply(log[4:]).standing] == expected


def test_an_event_that_names_itself_falls_by_a_retraction_that_came_first() -> None:
    itself = cashless("38F01", "2025", 100, 60, id="A", corrects="A")
    assert verdict(scene(a_retraction("A", id="R"), itself)) == ("unknown", "no_report")


# --- binding -------------------------------------------------------------------------------------


def bound(*targets: dict[str, Any], by: str = EMR, late: bool = False) -> Evaluated:
    """Plans p0, p1, … with one target each; `late`: the last is in force from July."""
    made = []
    for number, given in enumerate(targets):
        row = a_row("I.1", by, target=a_target(**({"scope": HOSPITALS} | given)))
        more: dict[str, Any] = {"name": f"p{number}"}
        if late and number == len(targets) - 1:
            more |= {"year": None, "in_force_from": dt.date(2025, 7, 1)}
        made.append(a_plan([row], **more))
    return Scene(a_catalogue(*made), UNITS).evaluated("38", "2025-12-31")


def test_a_target_due_before_another_came_into_force_does_not_bind_in_its_place() -> None:
    early = {"value": Decimal(100), "due": dt.date(2025, 3, 31)}
    assert bound(early, {"value": Decimal(90)}, late=True).why == {}


def test_ratios_over_windows_that_end_on_different_days_both_bind() -> None:
    half = {"value": Decimal(80), "due": dt.date(2025, 6, 30)}
    assert bound(half, {"value": Decimal(80)}, by=SHARE).why == {}


def test_of_joined_statements_one_binds() -> None:
    nearer = {"value": Decimal(80)}
    stricter = {"value": Decimal(90), "tier": "province", "same_as": "p0/I.1"}
    assert len(bound(nearer, stricter).why) == 1


def test_binding_why_names_a_target_that_binds() -> None:
    why = bound(*({"value": Decimal(v)} for v in (90, 95, 100))).why
    assert not set(why.values()) & set(why)


# --- verdicts ------------------------------------------------------------------------------------


def test_a_share_is_unknown_only_while_the_silent_could_turn_it() -> None:
    """2 of 3, one silent: 50 % can no longer come out."""
    live = [state("38F01", "live", "2025-03-01"), state("38F02", "live", "2025-03-01")]
    made = scene(*live, by=EMR, scope=HOSPITALS, comparator="=", value=Decimal(50))
    assert verdict(made) == ("not_met", None)


def test_a_total_below_what_it_must_equal_is_open_while_reports_are_missing() -> None:
    made = scene(*months("38F01", 1), by=TOTAL, comparator="=", value=Decimal(1200))
    assert verdict(made) == ("unknown", "coverage")


def test_a_milestone_of_three_units_is_not_met_by_one() -> None:
    by = indicator("milestone", metric="emr", achieved=Achieved(states=("live",)), window="latest")
    said = [state("38F01", "live", "2025-03-01"), state("38F02", "pilot", "2025-03-01")]
    made = scene(*said, by=by, scope=HOSPITALS, value=Decimal(1))
    assert verdict(made)[0] == "not_met"


def test_each_units_own_ratio_is_compared_exactly() -> None:
    whole = 999_999_999_999_937
    asked = pow(whole, -1, 10**14)  # asked × whole ends in …00000000000001
    part = asked * whole // 10**14
    by = indicator("share_meeting", inner="cashless-revenue-share")
    made = scene(
        an_event("cashless-payment", "38F01", {
            "period": "2025", "revenue_vnd": whole, "cashless_revenue_vnd": part,
        }, id="y"), by=by, value=Decimal(100),
        each=Each(comparator=">=", value=Decimal(asked).scaleb(-12, Context(prec=40))),
    )  # fmt: skip
    assert verdict(made) == ("not_met", None)


def test_an_areas_own_figure_of_january_does_not_answer_the_year() -> None:
    own = cashless("dvhc-38", "2025-01", 1000, 600, id="own")
    assert verdict(scene(own, units=(AREA, *UNITS), scope=ALL)) == ("unknown", "coverage")


def test_a_unit_not_open_in_the_window_is_not_expected() -> None:
    gone = a_unit("38F02", closed="2024-06-30")
    later = a_unit("38F03", since="2026-02-01")
    made = scene(*months("38F01", *range(1, 13)), units=(UNITS[0], gone, later), scope=HOSPITALS)
    assert shown(made)["scope"]["units_expected"] == 1


def test_a_unit_that_reopened_is_not_expected_while_it_was_closed() -> None:
    again = (a_unit("38F02", closed="2024-12-31"), a_unit("38F02", since="2025-06-01"))
    figures = outcome(scene(units=(UNITS[0], *again), scope=HOSPITALS)).judgement.figures
    assert "2025-05" not in [m.period for m in figures.missing if m.unit == "38F02"]


def test_a_rate_of_the_quarter_before_lies_outside_the_window_on_its_first_day() -> None:
    rate = of_target("published-rate", "38F01", period="2025-Q1", percent="98")
    made = scene(rate, window="quarter", plan={"reporting_period": "year"})
    assert verdict(made, "2025-04-01") == verdict(made, "2025-04-02") == ("unknown", "no_report")


@pytest.mark.parametrize("open_", [{"since": "2025-12-01"}, {"closed": "2025-01-31"}])
def test_what_an_own_figure_must_cover_is_the_window(open_: dict[str, str]) -> None:
    """Not the days for which the area stands in the register of units."""
    own = cashless("dvhc-38", "2025-01", 1000, 600, id="own")
    area = a_unit("dvhc-38", **({"kind": "area", "type": "province"} | open_))
    assert verdict(scene(own, units=(area, *UNITS), scope=ALL)) == ("unknown", "coverage")


# --- maintained ----------------------------------------------------------------------------------


def test_a_longer_report_stands_for_a_month_reported_in_part() -> None:
    week = cashless("38F01", "2025-03-01/2025-03-07", 10, 9, id="w")
    quarter = cashless("38F01", "2025-Q1", 300, 200, id="q")
    assert verdict(scene(week, quarter, maintain=True), "2025-03-31") == ("met", None)


def test_a_month_before_the_condition_was_fulfilled_is_no_lapse() -> None:
    low = months("38F01", 2, paid=1)
    said = [*low, *months("38F01", 1, *range(3, 13)), condition("2025-07-01")]
    found = outcome(scene(*said, maintain=True, condition=text("khi có hướng dẫn"))).judgement
    assert (found.verdict, found.lapses) == ("met", [])


# --- days ----------------------------------------------------------------------------------------


def test_before_its_condition_is_fulfilled_the_reason_is_the_condition() -> None:
    made = scene(*months("38F01", 1, 2), condition("2025-07-01"), condition=text("khi"))
    assert verdict(made, "2025-06-15") == ("not_in_force", "condition")


def test_own_work_goes_on_while_one_of_its_agencies_does() -> None:
    scope = Scope(label=text("Sở"), where={"kind": "agency"}, own_work=True)
    ended = a_unit("cq-1", kind="agency", closed="2023-06-30")
    found = outcome(scene(units=(ended, a_unit("cq-2", kind="agency")), scope=scope))
    assert (found.evaluated_on, found.final) == (dt.date(2025, 12, 31), False)


def test_a_new_provinces_own_work_does_not_end_with_the_departments_before_it() -> None:
    """91 An Giang begins on 2025-07-01; two departments ended the day before, one began."""
    scope = Scope(label=text("Sở"), where={"kind": "agency"}, own_work=True)
    row = a_row("I.1", "task", target=a_target(value=Decimal(1), scope=scope))
    units = [
        a_unit("cq-a", "91", kind="agency", closed="2025-06-30"),
        a_unit("cq-b", "89", kind="agency", closed="2025-06-30"),
        a_unit("cq-c", "91", since="2025-07-01", kind="agency"),
    ]
    made = Scene(a_catalogue(a_plan([row], place=None)), units)
    assert outcome(made, code="91").evaluated_on == dt.date(2025, 12, 31)


@pytest.mark.parametrize("changed", [{"province": "40"}, {"type": "polyclinic"}])
def test_met_on_sees_a_unit_leave_the_scope(changed: dict[str, Any]) -> None:
    left = (a_unit("38F02"), a_unit("38F02", **{"since": "2025-05-10"} | changed))
    said = [state("38F01", "live", "2025-01-10"), state("38F02", "pilot", "2025-01-10")]
    made = scene(*said, by=EMR, units=(UNITS[0], *left), scope=HOSPITALS, value=Decimal(100))
    assert outcome(made).met_on == dt.date(2025, 5, 10)


def test_met_on_sees_an_ongoing_task_go_stale_whatever_the_reporting_period() -> None:
    said = [
        an_event("task", "38F01", {"item": "thu-2025/I.1", "state": "in_progress", "on": on}, id=on)
        for on in ("2025-01-15", "2025-08-20")
    ]  # fmt: skip
    made = scene(*said, by="task", value=Decimal(1), due=None, due_precision="none",
                 plan={"reporting_period": "year"})  # fmt: skip
    assert outcome(made, "2025-09-30").met_on == dt.date(2025, 8, 20)


def test_it_is_not_met_before_its_condition_was_fulfilled() -> None:
    made = scene(*months("38F01", *range(1, 13)), condition("2025-07-01"), condition=text("khi"))
    assert outcome(made).met_on == dt.date(2025, 7, 1)


def test_own_work_is_never_negative_days_late() -> None:
    """Judged on the agency's last day, 2025-06-30; due 2025-12-31; reached 2025-08-01."""
    scope = Scope(label=text("Sở"), units=("cq-77",), own_work=True)
    said = [state("cq-77", "pilot", "2025-02-01"), state("cq-77", "live", "2025-08-01")]
    made = scene(*said, by=EMR, units=(a_unit("cq-77", "77", kind="agency"),), scope=scope,
                 value=Decimal(100), plan={"place": "77"})  # fmt: skip
    late = outcome(made, "2025-09-30", "77").days_late
    assert late is None or late >= 0


def test_an_agencys_own_work_is_judged_on_its_last_day() -> None:
    scope = Scope(label=text("Sở"), units=("cq-38",), own_work=True)
    agency = a_unit("cq-38", kind="agency", type="health_department", closed="2025-06-30")
    found = outcome(scene(units=(agency,), scope=scope, plan={"issuer_unit": "cq-38"}))
    assert (found.evaluated_on, found.final) == (dt.date(2025, 6, 30), True)
    assert found.judgement.reason == "issuer_ended"


# --- how it is shown -----------------------------------------------------------------------------


def test_a_milestone_that_is_not_met_has_a_gap() -> None:
    by = indicator("milestone", metric="emr", achieved=Achieved(states=("live",)), window="latest")
    said = [state("38F01", "live", "2025-03-01"), state("38F02", "pilot", "2025-03-01")]
    told = shown(scene(*said, by=by, scope=HOSPITALS, value=Decimal(1)))
    assert (told["verdict"], told["gap"]["count"], told["outlook"]) != ("not_met", 0, "on_track")
    assert told["gap"]["count"] == 2
    assert "vượt" not in told["sentence"]


def test_a_districts_figure_that_falls_is_told_and_dates_the_change() -> None:
    district = a_unit("dvhc-380", kind="area", type="district", district="380")
    own = cashless("dvhc-380", "2025", 100, 90, id="own")
    made = scene(own, units=(district, a_unit("38F01", district="380")), scope=ALL)
    made.add(a_retraction("own", id="r"))
    whole = made.evaluated("38", "2025-12-31")
    found = whole.one("thu-2025/I.1")
    assert found is not None
    assert found.changed == made.log.entries()[-1].known
    told = explanation_json(found, None, whole.pin)["left_out"]
    assert [(item["id"], item["reason"]) for item in told] == [("own", "retracted")]


def test_a_disagreement_shows_figures_that_differ() -> None:
    own = cashless("dvhc-38", "2025", 100, 60, id="own")
    parts = [cashless(f"38F0{n}", "2025", 50, 20, id=f"p{n}") for n in (1, 2, 3)]
    [told] = shown(scene(own, *parts, units=(AREA, *UNITS), scope=ALL))["findings"]
    assert "100" in told["text"]["vi"]
    assert "150" in told["text"]["vi"]


def test_a_lapsed_target_shows_the_figure_that_it_has() -> None:
    low = months("38F01", 5, paid=49)
    said = shown(scene(*low, *months("38F01", 1, 2, 3, 4, *range(6, 13)), maintain=True))
    assert (said["verdict"], said["display"]) == ("not_met", "60,00%")
    assert said["outlook"] != "on_track"  # what lapsed stays not met


def test_what_is_not_decided_yet_does_not_round_across_the_target_either() -> None:
    said = shown(scene(*months("38F01", 1, payments=100_000, paid=99_996), value=Decimal(100)))
    assert (said["verdict"], said["display"]) == ("unknown", "99,996%")
    assert "mới ghi nhận 99,996%" in said["sentence"]
    assert "so far 99.996%" in said["sentence_en"]


def test_the_english_sentence_does_not_round_across_the_target() -> None:
    said = shown(scene(cashless("38F01", "2025", 100_000, 99_996, id="y"), value=Decimal(100)))
    assert "reached 99.996%" in said["sentence_en"]


def test_what_six_digits_cannot_show_is_cut_towards_its_own_side() -> None:
    over, value = Decimal("85.0000001"), Decimal(85)
    assert not display_percent(over, ">", value).startswith("84")
    assert not display_percent(over, "<=", value).startswith("84")
    assert display_percent(Decimal("99.9999999"), ">=", Decimal(100)) == "99,999999%"
