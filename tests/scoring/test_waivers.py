"""What a waiver changes in a result, and what it does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chitieu.catalogue.model import Scope
from chitieu.scoring.card import result_json
from chitieu.scoring.explanation import explanation_json
from chitieu.scoring.outcome import Outcome
from tests.builders import (
    Scene,
    a_catalogue,
    a_plan,
    a_row,
    a_target,
    a_unit,
    a_waiver,
    a_withdrawal,
    an_event,
    cashless,
    day,
    text,
)

HOSPITALS = Scope(label=text("Bệnh viện"), where={"kind": "facility", "type": "hospital"})
UNITS = (a_unit("38F01"), a_unit("38F02"))
PAYMENTS, EMR = "cashless-payment-count-share", "emr-hospital-share"


def scene(*entries: Any, by: str = PAYMENTS, units: Any = UNITS, **target: Any) -> Scene:
    row = a_row("I.1", by, target=a_target(**({"scope": HOSPITALS} | target)))
    return Scene(a_catalogue(a_plan([row])), [*units, *entries])


def outcome(made: Scene, as_of: str = "2025-03-31") -> Outcome:
    found = made.evaluated("38", as_of).one("thu-2025/I.1")
    assert found is not None
    return found


def scope(made: Scene, as_of: str = "2025-03-31") -> tuple[int, ...]:
    """Units expected, reported, waived; reports expected, received."""
    whole = made.evaluated("38", as_of)
    shown = result_json(outcome(made, as_of), None, whole.pin)["scope"]
    names = ("units_expected", "units_reported", "waived", "reports_expected", "reports_received")
    return tuple(shown[name] for name in names)


def months(unit: str, *numbers: int, paid: int = 60) -> list[Any]:
    return [cashless(unit, f"2025-{m:02}", 100, paid, id=f"{unit}-{m}") for m in numbers]


def live(unit: str, on: str, state: str = "live") -> Any:
    return an_event("emr", unit, {"state": state, "on": on}, id=f"{unit}-{on}")


def test_a_waived_month_is_not_expected() -> None:
    said = months("38F01", 1, 2, 3)
    assert scope(scene(*said)) == (2, 1, 0, 6, 3)
    assert outcome(scene(*said)).judgement.reason == "coverage"
    february = a_waiver("38F02", "2025-02-01", "2025-02-28", "cashless-payment")
    assert scope(scene(*said, february)) == (2, 1, 1, 5, 3)
    quarter = a_waiver("38F02", "2025-01-01", "2025-03-31")
    assert scope(scene(*said, quarter)) == (1, 1, 1, 3, 3)
    assert outcome(scene(*said, quarter)).judgement.verdict == "met"


@pytest.mark.parametrize("days", [("2025-02-02", "2025-02-28"), ("2025-02-01", "2025-02-27")])
def test_a_month_that_is_waived_in_part_is_expected(days: tuple[str, str]) -> None:
    assert scope(scene(*months("38F01", 1, 2, 3), a_waiver("38F02", *days)))[3] == 6


def test_waivers_that_follow_each_other_free_a_month_together() -> None:
    halves = [
        a_waiver("38F02", "2025-01-15", "2025-02-14", id="a"),
        a_waiver("38F02", "2025-02-15", "2025-03-10", "cashless-payment", id="b"),
    ]
    made = scene(*months("38F01", 1, 2, 3), *halves)
    assert scope(made) == (2, 1, 1, 5, 3)


def test_only_the_days_on_which_it_is_open_need_a_waiver() -> None:
    late = a_unit("38F02", since="2025-02-10")
    waiver = a_waiver("38F02", "2025-02-10", "2025-02-28")
    assert scope(scene(waiver, units=(UNITS[0], late)))[3] == 3 + 1


def test_a_waiver_is_of_its_metric_and_its_unit() -> None:
    others = [
        a_waiver("38F02", "2025-01-01", "2025-12-31", "emr", id="a"),
        a_waiver("38F03", "2025-01-01", "2025-12-31", id="b"),
    ]
    assert scope(scene(*others)) == (2, 0, 0, 6, 0)


def test_what_a_waived_unit_reports_adds_to_a_ratio() -> None:
    waiver = a_waiver("38F02", "2025-01-01", "2025-12-31")
    made = scene(*months("38F01", 1, 2, 3), *months("38F02", 1, paid=0), waiver)
    judged = outcome(made).judgement
    assert (judged.numerator, judged.denominator) == (180, 400)
    assert scope(made) == (2, 2, 1, 3, 3)


def test_a_waived_unit_leaves_a_share_whatever_it_reports() -> None:
    said = [live("38F01", "2025-01-05"), live("38F02", "2025-01-05", "pilot")]
    waiver = a_waiver("38F02", "2025-03-01", "2025-03-31", "emr")
    made = scene(*said, waiver, by=EMR, value=Decimal(100))
    judged = outcome(made).judgement
    assert (judged.verdict, judged.numerator, judged.denominator) == ("met", 1, 1)
    assert [(item.report.unit, item.why) for item in judged.figures.left_out] == [
        ("38F02", "waived")
    ]
    assert scope(made) == (1, 1, 1, 1, 1)
    assert outcome(made, "2025-04-01").judgement.verdict == "not_met"


def test_met_on_sees_a_waiver_begin_and_end() -> None:
    said = [live("38F01", "2025-01-05"), live("38F02", "2025-01-05", "pilot")]
    waiver = a_waiver("38F02", "2025-03-10", "2025-03-20", "emr")
    made = scene(*said, waiver, by=EMR, value=Decimal(100))
    assert outcome(made, "2025-03-15").met_on == day("2025-03-10")
    fewer = scene(*said, waiver, by=EMR, value=Decimal(60), comparator="<=")
    assert outcome(fewer, "2025-03-31").met_on == day("2025-03-21")


def test_a_share_of_waived_units_only_is_unknown_not_without_units() -> None:
    waivers = [a_waiver(f"38F0{n}", "2025-01-01", "2025-12-31", id=f"{n}") for n in (1, 2)]
    judged = outcome(scene(live("38F01", "2025-01-05"), *waivers, by=EMR)).judgement
    assert (judged.verdict, judged.reason) == ("unknown", "no_report")


def test_a_waived_task_is_not_missing() -> None:
    one = Scope(label=text("Bệnh viện 1"), units=("38F01",))
    made = scene(a_waiver("38F01", "2025-01-01", "2025-12-31", "task"), by="task", scope=one,
                 value=Decimal(1))  # fmt: skip
    assert (outcome(made).judgement.figures.missing, scope(made)) == ([], (0, 0, 1, 0, 0))


def test_a_closed_unit_is_not_waived() -> None:
    one = Scope(label=text("Bệnh viện 1"), units=("38F01",))
    made = scene(a_waiver("38F01", "2025-01-01", "2025-12-31", "task"), by="task", scope=one,
                 value=Decimal(1), units=(a_unit("38F01", closed="2025-02-01"),))  # fmt: skip
    assert scope(made)[2:] == (0, 1, 0)


def test_a_withdrawn_waiver_holds_no_more_and_is_still_known_before() -> None:
    made = scene(*months("38F01", 1, 2, 3), a_waiver("38F02", "2025-01-01", "2025-03-31"))
    before = outcome(made)
    made.add(a_withdrawal(unit="38F02"))
    after = outcome(made)
    assert (before.judgement.verdict, after.judgement.verdict) == ("met", "unknown")
    assert scope(made) == (2, 1, 0, 6, 3)
    assert after.changed == made.log.entries()[-1].known > before.changed
    assert before.world.registry.waivers.withdrawn == {}


def test_a_waiver_of_the_code_before_the_newest_is_the_units() -> None:
    said = [live("38F01", "2025-01-05"), live("38F02", "2025-01-05", "pilot")]
    renamed = a_unit("38F09", since="2025-02-01", succeeds="38F02")
    waiver = a_waiver("38F02", "2025-03-10", "2025-03-20", "emr")
    made = scene(*said, renamed, waiver, by=EMR, value=Decimal(100))
    found = outcome(made, "2025-03-15")
    assert found.met_on == day("2025-03-10")
    made.add(a_withdrawal(unit="38F02"))
    assert outcome(made, "2025-03-15").changed == made.log.entries()[-1].known


def test_a_withdrawal_may_come_first() -> None:
    waiver = a_waiver("38F02", "2025-01-01", "2025-03-31")
    assert scope(scene(a_withdrawal(unit="38F02"), waiver)) == (2, 0, 0, 6, 0)


def test_the_explanation_lists_the_waivers_that_free() -> None:
    waivers = [
        a_waiver("38F02", "2025-01-01", "2025-02-28", "cashless-payment", id="a"),
        a_waiver("38F02", "2025-01-01", "2025-12-31", "emr", id="b"),
    ]
    made = scene(*months("38F01", 1, 2, 3), *waivers)
    whole = made.evaluated("38", "2025-03-31")
    found = whole.one("thu-2025/I.1")
    assert found is not None
    told = explanation_json(found, None, whole.pin)
    [shown] = told["waived"]
    assert shown.pop("known").endswith("+07:00")
    assert shown == {
        "id": "a", "unit": "38F02", "metric": "cashless-payment", "from": "2025-01-01",
        "to": "2025-02-28", "document": "12/QĐ-SYT", "reason": "Mất điện", "by": "syt",
        "periods": ["2025-01", "2025-02"],
    }  # fmt: skip
    assert [item["period"] for item in told["missing"]] == ["2025-03"]


def test_an_areas_own_figure_is_not_waived() -> None:
    """A waiver of the area itself does not silence what it compiled for its units."""
    area = a_unit("dvhc-38", kind="area", type="province")
    everyone = Scope(label=text("Toàn tỉnh"))
    own = cashless("dvhc-38", "2025", 100, 60, id="own")
    made = scene(own, a_waiver("dvhc-38", "2025-01-01", "2025-12-31"), units=(area, *UNITS),
                 scope=everyone)  # fmt: skip
    assert scope(made, "2025-12-31") == (2, 2, 0, 11, 11)


def test_an_areas_own_snapshot_is_not_waived_either() -> None:
    area = a_unit("dvhc-38", kind="area", type="province")
    figures = {"on": "2025-02-10", "people": 10, "standardised": 6, "to_verify": 4,
               "not_standardised": 0}  # fmt: skip
    own = an_event("health-records", "dvhc-38", figures, id="own")
    waiver = a_waiver("dvhc-38", "2025-01-01", "2025-12-31")
    made = scene(own, waiver, units=(area, *UNITS), scope=Scope(label=text("Tỉnh")),
                 by="health-records-standardised-share")  # fmt: skip
    assert scope(made)[2:] == (0, 1, 1)
