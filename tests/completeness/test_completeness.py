"""Who has reported what for a plan's period, by when, and who is missing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from chitieu.catalogue.model import ReportingDay, Scope
from chitieu.completeness.annex import annex_rows, annex_text
from chitieu.completeness.report import completeness_json
from chitieu.periods import Period, parse_period, to_microseconds
from chitieu.ports import NewEntry
from chitieu.scoring.card import Pin, result_json
from tests.builders import (
    Scene,
    a_catalogue,
    a_condition,
    a_plan,
    a_retraction,
    a_row,
    a_target,
    a_unit,
    a_waiver,
    an_event,
    base_units,
    cashless,
    day,
    places,
    posted_results,
    real_catalogue,
    text,
)

HOSPITALS = Scope(label=text("Bệnh viện"), where={"kind": "facility", "type": "hospital"})
CASHLESS, EMR = "cashless-payment-count-share", "emr-hospital-share"
UNITS = (a_unit("38F01"), a_unit("38F02"))
BEFORE_20 = (ReportingDay(period="2025-Q1", due=day("2025-03-19"), printed="trước 20/3",
                          lines=(1, 1)),)  # fmt: skip


class Told:
    """A plan of one or more rows, and what is said of it on which days."""

    def __init__(
        self, *rows: Any, units: Any = UNITS, reporting: Any = (), catalogue: Any = None
    ) -> None:
        rows = rows or (a_row("I.1", CASHLESS, target=a_target(scope=HOSPITALS)),)
        made = catalogue or a_catalogue(a_plan(rows, reporting=reporting))
        self.scene = Scene(made, [])
        self.scene.log = type(self.scene.log)()
        self.at("2025-01-01", NewEntry("catalogue", made.to_json().decode()), *units)

    def at(self, known: str, *entries: NewEntry) -> Told:
        """At noon of a day."""
        noon = dt.datetime.combine(day(known), dt.time(5), dt.UTC)
        self.scene.log.append(entries, to_microseconds(noon))
        return self

    def asked(self, period: str | None = "2025-Q1", as_of: str = "2025-03-31") -> dict[str, Any]:
        world = self.scene.world()
        place = places().bearing("38", day(as_of))
        assert place is not None
        pin = Pin(day(as_of), world.known, "1:1")
        days = None if period is None else parse_period(period)
        return completeness_json(world, place, pin, "thu-2025", days)

    def plan(self, period: str | None = "2025-Q1", as_of: str = "2025-03-31") -> dict[str, Any]:
        [plan] = self.asked(period, as_of)["plans"]
        assert isinstance(plan, dict)
        return plan

    def counts(self, period: str = "2025-Q1", as_of: str = "2025-03-31") -> tuple[int, ...]:
        """Expected, on time, late, awaited, missing, waived."""
        total = self.plan(period, as_of)["total"]
        names = ("expected", "on_time", "late", "awaited", "missing", "waived")
        return tuple(total[name] for name in names)


def month(unit: str, number: int, **given: Any) -> NewEntry:
    more = {"id": f"{unit}-{number}", "time": f"2025-{number:02}-28T20:00:00"} | given
    return cashless(unit, f"2025-{number:02}", 100, 60, **more)


def quarter(unit: str, **given: Any) -> NewEntry:
    return cashless(unit, "2025-Q1", 300, 180, **({"id": f"{unit}-q"} | given))


def live(unit: str, on: str, **given: Any) -> NewEntry:
    return an_event("emr", unit, {"state": "live", "on": on}, **({"id": f"{unit}-{on}"} | given))


LATER = ("2025-06-01", a_unit("38F99", type="polyclinic"))


def test_a_report_is_in_time_late_missing_or_awaited() -> None:
    told = Told().at("2025-02-05", month("38F01", 1)).at("2025-03-20", month("38F01", 2))
    assert told.counts() == (6, 1, 1, 2, 2, 0)  # March is due on 10 April
    assert told.at("2025-04-10", UNITS[0]).counts() == (6, 1, 1, 2, 2, 0)
    assert told.at("2025-04-11", UNITS[0]).counts() == (6, 1, 1, 0, 4, 0)


@pytest.mark.parametrize(("known", "state"), [("2025-02-10", "on_time"), ("2025-02-11", "late")])
def test_the_due_day_itself_is_in_time(known: str, state: str) -> None:
    told = Told(units=UNITS[:1]).at(known, month("38F01", 1)).at(*LATER)
    assert told.plan()["total"][state] == 1


def test_the_plans_own_day_goes_before_the_metrics() -> None:
    told = Told(reporting=BEFORE_20).at("2025-03-19", quarter("38F01", data={"estimate": True}))
    told.at("2025-03-20", quarter("38F02", data={"estimate": True}), *LATER[1:])
    assert told.counts() == (6, 3, 3, 0, 0, 0)
    plan = told.plan()
    assert (plan["due"], plan["due_text"], plan["total"]["estimated"]) == (
        "2025-03-19", "trước 20/3", 3
    )  # fmt: skip


def test_an_estimate_in_time_and_the_actual_later_is_in_time() -> None:
    told = Told(reporting=BEFORE_20, units=UNITS[:1])
    told.at("2025-03-18", quarter("38F01", data={"estimate": True}))
    told.at("2025-04-02", quarter("38F01", id="actual"))
    total = told.plan()["total"]
    assert (total["on_time"], total["late"], total["estimated"]) == (3, 0, 3)


def test_a_correction_after_the_due_day_makes_nothing_late() -> None:
    told = Told(units=UNITS[:1]).at("2025-02-05", month("38F01", 1))
    fixed = month("38F01", 1, id="better", corrects="38F01-1", time="2025-05-01T00:00:00")
    told.at("2025-05-02", fixed)
    assert told.plan()["total"]["on_time"] == 1


def test_what_was_retracted_is_missing() -> None:
    told = Told(units=UNITS[:1]).at("2025-02-05", month("38F01", 1))
    told.at("2025-05-02", a_retraction("38F01-1", id="r"))
    assert told.counts() == (3, 0, 0, 0, 3, 0)


def test_what_fell_before_the_due_day_was_not_there_on_it() -> None:
    told = Told(units=UNITS[:1]).at("2025-02-01", month("38F01", 1))
    told.at("2025-02-02", a_retraction("38F01-1", id="r")).at(
        "2025-02-20", month("38F01", 1, id="n")
    )
    assert told.counts()[:3] == (3, 0, 1)


def test_units_count_in_the_periods_in_which_they_were_open() -> None:
    units = (a_unit("38F01", closed="2025-02-10"), a_unit("38F02", since="2025-03-15"))
    assert Told(units=units).at(*LATER).counts()[0] == 2 + 1
    elsewhere = (UNITS[0], a_unit("38F02"), a_unit("38F02", "40", since="2025-03-15"))
    assert Told(units=elsewhere).at(*LATER).counts()[0] == 3 + 3
    gone = (UNITS[0], a_unit("38F02"), a_unit("38F02", type="polyclinic", since="2025-02-01"))
    assert Told(units=gone).at(*LATER).counts()[0] == 3 + 1


def test_waived_reports_are_not_expected_and_are_listed() -> None:
    told = Told().at("2025-03-01", a_waiver("38F02", "2025-01-01", "2025-02-28")).at(*LATER)
    assert told.counts() == (4, 0, 0, 0, 4, 2)
    [waiver] = told.plan()["waived"]
    assert (waiver["unit"], waiver["periods"], waiver["by"]) == (
        "38F02", ["2025-01", "2025-02"], "syt"
    )  # fmt: skip


def test_a_state_is_owed_once_by_those_open_at_the_end() -> None:
    row = a_row("I.1", EMR, target=a_target(scope=HOSPITALS))
    units = (*UNITS, a_unit("38F03", closed="2025-03-30"))
    told = Told(row, units=units).at("2025-04-10", live("38F01", "2024-05-01")).at(*LATER)
    assert told.counts() == (2, 1, 0, 0, 1, 0)
    [lacking] = told.plan()["missing"][0]["reports"]
    assert (lacking["metric"], lacking["periods"], lacking["due"]) == ("emr", [], "2025-04-10")


def test_a_state_of_a_cadence_must_lie_in_its_period() -> None:
    row = a_row("I.1", "cashless-methods-share", target=a_target(scope=HOSPITALS))
    old = an_event("cashless-methods", "38F01", {"state": "deployed", "on": "2024-12-31"}, id="a")
    new = an_event("cashless-methods", "38F02", {"state": "deployed", "on": "2025-01-01"}, id="b")
    told = Told(row).at("2025-03-31", old, new).at(*LATER)
    assert told.counts() == (2, 1, 0, 0, 1, 0)
    assert told.plan()["missing"][0]["unit"] == "38F01"


def test_only_what_lies_in_the_plans_window_is_asked() -> None:
    assert Told().at(*LATER).counts("2024-11-01/2025-01-31")[0] == 2


def test_a_longer_report_that_comes_later_stands_for_its_parts() -> None:
    told = Told(units=UNITS[:1]).at("2025-04-05", quarter("38F01"))
    assert told.counts("2025-01") == (1, 0, 1, 0, 0, 0)


def test_a_duty_is_not_of_a_unit_that_had_closed() -> None:
    duty = a_row("I.1", "report-duty", target=a_target(
        scope=HOSPITALS, value=Decimal(100), due=day("2025-03-19")
    ))  # fmt: skip
    told = Told(duty, units=(UNITS[0], a_unit("38F02", closed="2025-03-18"))).at(*LATER)
    assert told.counts()[0] == 1


def test_a_task_is_told_once_and_a_duty_by_every_unit() -> None:
    one = Scope(label=text("Một"), units=("38F01",))
    task = a_row("I.1", "task", 1, target=a_target(scope=one, value=Decimal(1), due=None))
    duty = a_row("I.2", "report-duty", 2, target=a_target(
        scope=HOSPITALS, value=Decimal(100), due=day("2025-03-19")
    ))  # fmt: skip
    told = Told(task, duty)
    done = {"item": "thu-2025/I.2", "state": "done", "on": "2025-03-19"}
    told.at("2025-03-19", an_event("task", "38F01", done, id="a"))
    told.at("2025-03-22", an_event("task", "38F02", done | {"on": "2025-03-22"}, id="b"))
    told.at(*LATER)
    assert told.counts() == (3, 1, 1, 0, 1, 0)
    [unit] = told.plan()["missing"]
    assert [(r["item"], r["title"]) for r in unit["reports"]] == [("thu-2025/I.1", "Chỉ tiêu thử")]
    assert told.counts("2025-Q2", "2025-06-30")[0] == 1  # the duty was the first quarter's


def test_a_target_asks_from_its_first_day_in_force_to_its_due_day() -> None:
    given = {"scope": HOSPITALS, "due": day("2025-05-31")}
    told = Told(a_row("I.1", CASHLESS, target=a_target(**given))).at(*LATER)
    assert [told.counts(f"2025-Q{n}", "2025-12-31")[0] for n in (1, 2, 3)] == [6, 4, 0]
    waits = Told(a_row("I.1", CASHLESS, target=a_target(scope=HOSPITALS, condition=text("khi"))))
    assert waits.counts()[0] == 0
    waits.at("2025-02-01", a_condition("thu-2025/I.1", "2025-03-31"))
    assert waits.counts()[0] == 6
    waits.at("2025-02-02", a_condition("thu-2025/I.1", None))
    assert waits.counts()[0] == 0


def test_two_targets_that_need_one_report_ask_for_it_once() -> None:
    rows = [
        a_row("I.1", CASHLESS, 1, target=a_target(scope=HOSPITALS)),
        a_row("I.2", "cashless-revenue-share", 2, target=a_target(scope=HOSPITALS)),
    ]
    told = Told(*rows, units=UNITS[:1]).at("2025-02-05", month("38F01", 1)).at(*LATER)
    assert told.counts() == (3, 0, 0, 0, 3, 0)
    [lacking] = told.plan()["missing"][0]["reports"]
    assert lacking["groups"] == ["counts", "revenue"]
    assert lacking["periods"] == ["2025-01", "2025-02", "2025-03"]


def test_an_areas_own_figure_leaves_no_unit_silent() -> None:
    area = a_unit("dvhc-38", kind="area", type="province")
    row = a_row("I.1", CASHLESS, target=a_target(scope=Scope(label=text("Tỉnh"))))
    told = Told(row, units=(area, *UNITS)).at("2025-02-05", month("dvhc-38", 1))
    told.at("2025-06-01", UNITS[0])
    assert told.counts() == (6, 2, 0, 0, 4, 0)


def test_the_period_is_the_last_one_that_has_ended() -> None:
    told = Told().at("2026-02-01", UNITS[0])
    for as_of, period in (
        ("2025-01-10", "2025-Q1"), ("2025-03-30", "2025-Q1"), ("2025-06-30", "2025-Q2"),
        ("2025-09-29", "2025-Q2"), ("2026-01-31", "2025-Q4"),
    ):  # fmt: skip
        assert told.plan(None, as_of)["period"] == period, as_of


def test_what_is_learned_later_changes_no_earlier_answer() -> None:
    told = Told().at("2025-02-05", month("38F01", 1))
    before = told.asked()
    world = told.scene.world()
    told.at("2025-02-06", a_waiver("38F02", "2025-01-01", "2025-12-31"), month("38F02", 1))
    assert told.asked() != before
    place = places().bearing("38", day("2025-03-31"))
    assert place is not None
    pin = Pin(day("2025-03-31"), world.known, "1:1")
    assert completeness_json(world, place, pin, "thu-2025", parse_period("2025-Q1")) == before


@pytest.mark.parametrize("as_of", ["2025-03-31", "2025-06-30", "2025-12-31"])
@pytest.mark.parametrize("by", [CASHLESS, EMR])
def test_it_agrees_with_the_results(by: str, as_of: str) -> None:
    """All that the periods of the year up to a day expect is what the result expects on it."""
    row = a_row("I.1", by, target=a_target(scope=HOSPITALS))
    moved = (a_unit("38F03"), a_unit("38F03", "40", since="2025-05-10"))
    told = Told(row, units=(*UNITS, *moved))
    told.at("2025-02-05", month("38F01", 1), live("38F01", "2025-01-03"))
    told.at("2025-03-01", a_waiver("38F02", "2025-02-01", "2025-04-30"))
    told.at("2025-07-05", *(month("38F02", n) for n in (1, 5, 6))).at("2026-02-28", UNITS[0])
    whole = told.scene.evaluated("38", as_of)
    found = whole.one("thu-2025/I.1")
    assert found is not None
    scope = result_json(found, None, whole.pin)["scope"]
    asked = str(Period(day("2025-01-01"), day(as_of))) if by == CASHLESS else as_of
    total = told.plan(asked, as_of)["total"]
    assert total["expected"] == scope["reports_expected"] > 0
    assert total["on_time"] + total["late"] == scope["reports_received"] > 0


def test_the_parts_add_up_on_the_real_plans() -> None:
    catalogue = real_catalogue()
    made = Scene(catalogue, [*base_units(catalogue), *posted_results(catalogue)])
    world = made.world()
    for code, as_of in (("77", "2025-03-31"), ("22", "2025-02-10"), ("58", "2025-06-30")):
        place = places().bearing(code, day(as_of))
        assert place is not None
        answer = completeness_json(world, place, Pin(day(as_of), world.known, "1:1"))
        assert answer["plans"]
        for plan in answer["plans"]:
            total = plan["total"]
            assert total["expected"] > 0
            for group in (plan["metrics"], plan["units"]):
                for name in ("expected", "on_time", "late", "awaited", "missing", "waived"):
                    assert sum(one[name] for one in group) == total[name]
            lines = sum(max(1, len(r["periods"])) for u in plan["missing"] for r in u["reports"])
            assert lines == total["missing"]


def test_the_annex_lists_who_is_missing_in_words() -> None:
    told = Told(reporting=BEFORE_20).at("2025-03-01", month("38F01", 1), month("38F01", 2))
    told.at("2025-03-21", quarter("38F02", data={"estimate": True}))
    answer = told.asked()
    assert annex_text(answer).splitlines() == [
        "DANH SÁCH ĐƠN VỊ CHƯA BÁO CÁO",
        "Địa bàn: Thanh Hóa (38)",
        "Văn bản: Thử",
        "Kỳ báo cáo: quý I năm 2025; hạn: hết ngày 19/3/2025 (“trước 20/3”)",
        f"Theo số liệu đã nhận đến {answer['known_at']}",
        "",
        "1. 38F01 (38F01; cơ sở)",
        "   - Thanh toán viện phí không dùng tiền mặt: tháng 3 năm 2025; hạn 19/3/2025",
        "",
        "Tổng cộng: đã nhận 5/6 báo cáo (83,33%); đúng hạn 2, muộn 3, thiếu 1 của 1 đơn vị, "
        "chưa đến hạn 0, được miễn 0.",
    ]
    english = annex_text(answer, "en")
    assert "March 2025; due 19 March 2025" in english
    assert "5 of 6 reports received (83.33%)" in english
    [heading, row] = annex_rows(answer)
    told_row = dict(zip(heading, row, strict=True))
    assert (told_row["unit"], told_row["periods"], told_row["groups"]) == (
        "38F01", "2025-03", "counts"
    )  # fmt: skip
