"""Places and units through their changes: whose figures count where, each period as it was."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from chitieu.catalogue.model import Scope
from chitieu.place_kinds import Level
from chitieu.ports import NewEntry
from chitieu.registry import Registry
from chitieu.scoring import many
from chitieu.scoring.card import Evaluated, result_json, scorecard_json
from chitieu.scoring.engine import Engine
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.rebased_json import places_json
from chitieu.scoring.schemes.share_met import share_met
from chitieu.scoring.where import Where
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
    text,
)

SHARE, EMR = "cashless-payment-count-share", "emr-hospital-share"
CLASS_I = Scope(label=text("Hạng I"), where={"kind": "facility", "class": "I"})
ALL = Scope(label=text("Tất cả"))
OLD, NEW = "2025-03-31", "2026-01-01"


def months(unit: str, *numbers: int, whole: int = 100, paid: int = 60) -> list[NewEntry]:
    return [cashless(unit, f"2025-{m:02}", whole, paid, id=f"{unit}-{m}") for m in numbers]


def scene(*entries: NewEntry, by: str = SHARE, place: str | None = None, **target: Any) -> Scene:
    """A plan of the whole country, or of one place, with one target."""
    row = a_row("I.1", by, target=a_target(**({"scope": ALL} | target)))
    return Scene(a_catalogue(a_plan([row], place=place)), list(entries))


def outcome(made: Scene, code: str, as_of: str = "2025-12-31", on: str | None = None) -> Outcome:
    found = made.evaluated(code, as_of, on).one("thu-2025/I.1")
    assert found is not None
    return found


def sums(found: Outcome) -> tuple[Any, Any]:
    return found.judgement.numerator, found.judgement.denominator


# --- units as they were --------------------------------------------------------------------------


def test_a_hospital_is_of_class_i_from_the_month_in_which_it_became_one() -> None:
    made = scene(
        a_unit("38F01", **{"class": "II"}), a_unit("38F01", since="2025-06-01"),
        *months("38F01", *range(1, 13)), scope=CLASS_I,
    )  # fmt: skip
    figures = outcome(made, "38").judgement.figures
    assert [c.report.first.month for c in figures.counted if c.report] == list(range(6, 13))
    assert (figures.expected, figures.missing) == (6, [])  # December is not due yet
    assert {item.why for item in figures.left_out} == {"out_of_scope"}


def test_what_a_unit_reported_before_it_moved_stays_with_the_province_it_left() -> None:
    """It moves in the middle of March: March is Nghệ An's, and no silence in Thanh Hóa."""
    made = scene(
        a_unit("38F01"), a_unit("38F01", "40", "2025-03-15"), a_unit("38F02"),
        *months("38F01", *range(1, 13)), *months("38F02", *range(1, 13), whole=7, paid=5),
    )  # fmt: skip
    left, joined = outcome(made, "38"), outcome(made, "40")
    assert sums(left) == (2 * 60 + 12 * 5, 2 * 100 + 12 * 7)
    assert sums(joined) == (10 * 60, 10 * 100)
    assert left.judgement.figures.expected == 3 + 11  # December is not due yet
    assert left.judgement.figures.missing == []


def test_a_facility_that_closed_before_the_merger_keeps_its_months_in_the_new_province() -> None:
    made = scene(
        a_unit("77F01", "77", closed="2025-04-30"), a_unit("74F01", "74"),
        *months("77F01", 1, 2, 3, 4), *months("74F01", *range(1, 13)),
    )  # fmt: skip
    figures = outcome(made, "79").judgement.figures
    assert (figures.numerator, figures.expected, figures.missing) == (16 * 60, 15, [])


def test_a_districts_old_figure_is_not_added_to_those_of_its_units_placed_anew() -> None:
    """Ba Chẽ ended on 2025-06-30; its health centre is then placed in a commune alone."""
    district = a_unit("dvhc-202", "22", kind="area", type="district", district="202",
                      closed="2025-06-30")  # fmt: skip
    snapshot = {"standardised": 80, "to_verify": 15, "not_standardised": 5}
    made = scene(
        district, a_unit("22F01", "22", district="202"),
        a_unit("22F01", "22", "2025-07-01", commune="06970"),
        an_event("health-records", "dvhc-202", {"on": "2025-02-10", "people": 100} | snapshot,
                 id="d"),
        an_event("health-records", "22F01", {"on": "2025-09-01", "people": 40, "standardised": 30,
                 "to_verify": 5, "not_standardised": 5}, id="u"),
        by="health-records-standardised-share",
    )  # fmt: skip
    assert sums(outcome(made, "22")) == (80, 100)


def test_a_districts_target_is_answered_by_the_units_of_its_last_day() -> None:
    area = a_unit("dvhc-202", "22", kind="area", type="district", district="202",
                  closed="2025-06-30")  # fmt: skip
    made = scene(
        area, a_unit("22F01", "22", district="202"), a_unit("22F01", "22", "2025-07-01"),
        *months("22F01", *range(1, 13)), place="22",
        scope=Scope(label=text("Ba Chẽ"), place="dvhc-202"),
    )  # fmt: skip
    assert sums(outcome(made, "22")) == (720, 1200)


# --- a dissolved issuer --------------------------------------------------------------------------


def merged() -> Scene:
    """A plan of Bà Rịa – Vũng Tàu beside one of the whole country; reports before and after."""

    def row(key: str) -> Any:
        return a_row(key, SHARE, target=a_target(scope=ALL))

    catalogue = a_catalogue(
        a_plan([row("I.1"), a_row("I.2", EMR, 2, target=a_target())], name="br", place="77"),
        a_plan([row("I.1")], name="nation", place=None),
    )
    units = [a_unit("77F01", "77"), a_unit("74F01", "74"), a_unit("79F01", "79")]
    told = [e for code in ("77F01", "74F01", "79F01") for e in months(code, *range(1, 13))]
    return Scene(catalogue, [*units, *told])


def card(evaluated: Evaluated, made: Scene) -> dict[str, Any]:
    return scorecard_json(evaluated, made.world().registry)


def test_a_successor_shows_the_plan_of_a_dissolved_province_with_its_origin() -> None:
    made = merged()
    own, new = made.evaluated("77", "2025-12-31", OLD), made.evaluated("79", "2025-12-31", NEW)
    shown = {r["target"]: r for r in card(new, made)["results"]}
    assert shown["nation/I.1"]["origin"] is None
    assert shown["nation/I.1"]["denominator"] == 3600
    for result in card(own, made)["results"]:
        if result["plan"] == "br":
            twin = shown[result["target"]]
            assert twin["origin"] == {
                "code": "77", "name": "Bà Rịa – Vũng Tàu", "valid_to": "2025-06-30",
            }  # fmt: skip
            apart = ("origin", "binding", "binding_why")
            assert {k: v for k, v in twin.items() if k not in apart} == {
                k: v for k, v in result.items() if k not in apart
            }


def test_the_summary_is_that_of_the_results_shown() -> None:
    made = merged()
    shown = card(made.evaluated("79", "2025-12-31", NEW), made)
    binding = [r for r in shown["results"] if r["binding"]]
    assert shown["summary"]["binding"] == len(binding)
    for verdict in ("met", "not_met", "unknown"):
        assert shown["summary"][verdict] == sum(r["verdict"] == verdict for r in binding)
    names = {r["target"] for r in shown["results"]}
    assert {r["binding_why"] for r in shown["results"]} <= names | {None}


def test_a_re_used_code_shows_each_place_its_own_plans() -> None:
    """91 was Kiên Giang and is An Giang; 89 was An Giang."""
    row = a_row("I.1", SHARE, target=a_target(scope=ALL))
    kien_giang, an_giang = (
        a_plan([row], name=name, place="91", place_on=on)
        for name, on in (("kg", day("2025-01-01")), ("ag", day("2025-08-01")))
    )
    made = Scene(a_catalogue(kien_giang, an_giang))
    found = {
        on: {o.asked.id: o.asked.card is not None for o in made.evaluated("91", on).outcomes}
        for on in (OLD, NEW)
    }
    assert found == {OLD: {"kg/I.1": False}, NEW: {"kg/I.1": True, "ag/I.1": False}}
    [old_an_giang] = [made.evaluated("89", OLD)]
    assert old_an_giang.outcomes == ()


def test_a_condition_fulfilled_for_a_dissolved_province_concerns_its_successor() -> None:
    made = merged()
    engine = Engine(Registry(places()), lambda _: None)
    engine.apply(made.log.entries())
    made.add(
        NewEntry("condition", '{"target":"br/I.1","fulfilled_on":"2025-03-01","document":"1"}')
    )
    effects = engine.apply(made.log.entries()[-1:])
    assert {key for key, _ in effects.positions} == {"77", "79@2025-07-01"}


def test_own_work_of_a_dissolved_department_is_judged_on_its_last_day_there_too() -> None:
    scope = Scope(label=text("Sở"), units=("cq-77",), own_work=True)
    made = scene(
        a_unit("cq-77", "77", kind="agency", type="health_department", closed="2025-06-30"),
        by="task", place="77", scope=scope, value=Decimal(1),
    )  # fmt: skip
    for code, on in (("77", OLD), ("79", NEW)):
        found = outcome(made, code, on=on)
        assert found.evaluated_on == dt.date(2025, 6, 30)
        assert (found.final, found.judgement.reason) == (True, "issuer_ended")


# --- by the places of a day ----------------------------------------------------------------------


def parts(found: Outcome, on: str, level: str = "province") -> dict[str, Any]:
    shown = places_json(found, Where(places(), day(on), Level(level)))
    return {p["code"]: (p["numerator"], p["denominator"], p["reason"]) for p in shown["parts"]}


def an_giang() -> list[NewEntry]:
    told = [*months("91F01", *range(1, 13)), *months("89F01", *range(1, 13), whole=50, paid=49)]
    return [a_unit("91F01", "91"), a_unit("89F01", "89"), *told]


def test_an_giang_is_told_apart_into_kien_giang_and_old_an_giang() -> None:
    found = outcome(scene(*an_giang()), "91", on=NEW)
    assert sums(found) == (720 + 588, 1200 + 600)
    assert parts(found, OLD) == {"91": (720, 1200, None), "89": (588, 600, None)}
    told = places_json(found, Where(places(), day(OLD)))["parts"]
    assert [(p["name"], p["verdict"], p["display"]) for p in told] == [
        ("An Giang", "met", "98,00%"), ("Kiên Giang", "met", "60,00%"),
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["done", "in_progress", "not_started", "waiting", "cancelled"])
@pytest.mark.parametrize("due", [None, day("2025-06-30")])
def test_a_task_is_judged_in_its_place_as_it_is(state: str, due: dt.date | None) -> None:
    made = scene(
        a_unit("cq-77", "77", kind="agency", type="health_department"),
        an_event("task", "cq-77", {"item": "thu-2025/I.1", "state": state, "on": "2025-03-31",
                                   "evidence": []}, id="t"),
        by="task", place="77", value=Decimal(1), due=due,
        scope=Scope(label=text("Sở"), units=("cq-77",)),
    )  # fmt: skip
    found = outcome(made, "77", OLD)
    [told] = places_json(found, Where(places(), day(NEW)))["parts"]
    assert (told["verdict"], told["reason"]) == (found.judgement.verdict, found.judgement.reason)


def test_kien_giang_is_shown_inside_the_new_an_giang() -> None:
    found = outcome(scene(*an_giang()), "91", "2025-06-30")
    assert sums(found) == (360, 600)
    [told] = places_json(found, Where(places(), day(NEW)))["parts"]
    assert (told["code"], told["name"], told["valid_from"]) == ("91", "An Giang", "2025-07-01")
    assert (told["numerator"], told["denominator"]) == (360, 600)


def test_an_own_figure_of_a_merged_province_is_not_apportioned() -> None:
    area = a_unit("dvhc-91-20250701", "91", "2025-07-01", kind="area", type="province")
    own = cashless("dvhc-91-20250701", "2025", 1000, 700, id="own")
    found = outcome(scene(area, own, a_unit("91F01", "91"), a_unit("89F01", "89")), "91", on=NEW)
    shown = places_json(found, Where(places(), day(OLD)))
    assert parts(found, OLD) == dict.fromkeys(("89", "91"), (None, None, "split_without_weight"))
    [both] = shown["together"]
    assert (both["places"], both["numerator"], both["denominator"]) == (["89", "91"], 700, 1000)


def test_a_districts_own_figure_is_whole_in_its_province_and_divided_among_its_communes() -> None:
    district = a_unit("dvhc-899", "91", kind="area", type="district", district="899",
                      closed="2025-06-30")  # fmt: skip
    found = outcome(scene(district, cashless("dvhc-899", "2025", 10, 6, id="d"), place="91"), "91")
    assert parts(found, NEW) == {"91": (6, 10, None)}
    assert parts(found, OLD, "district") == {"899": (6, 10, None)}
    below = parts(found, NEW, "commune")
    assert len(below) > 1
    assert set(below.values()) == {(None, None, "split_without_weight")}


def test_a_facility_in_a_divided_commune_is_where_it_says_it_is() -> None:
    """Old Văn Khê (09013) went into four communes."""
    found = outcome(scene(
        a_unit("01F01", "01", commune="09013"), *months("01F01", *range(1, 13)),
    ), "01")  # fmt: skip
    assert {p[2] for p in parts(found, NEW, "commune").values()} == {"place_unknown"}
    found = outcome(scene(
        a_unit("01F01", "01", commune="09013"),
        a_unit("01F01", "01", "2025-07-01", commune="09817"),
        *months("01F01", *range(1, 13)),
    ), "01")  # fmt: skip
    assert parts(found, NEW, "commune") == {"09817": (720, 1200, None)}


def test_silent_units_stand_in_the_place_in_which_they_are() -> None:
    live = an_event("emr", "91F01", {"state": "live", "on": "2025-02-01"}, id="s")
    units = (a_unit("91F01", "91"), a_unit("89F01", "89"))
    found = outcome(scene(*units, live, by=EMR, value=Decimal(100)), "91", on=NEW)
    assert found.judgement.verdict == "unknown"
    shown = places_json(found, Where(places(), day(OLD)))["parts"]
    assert [(p["code"], p["verdict"], p["reason"]) for p in shown] == [
        ("89", "unknown", "no_report"), ("91", "met", None),
    ]  # fmt: skip


def test_a_place_that_only_changed_its_kind_is_one_part_under_the_name_of_the_day() -> None:
    found = outcome(scene(a_unit("75F01", "75"), *months("75F01", 7, 8)), "75", on=NEW)
    for on, kind in (("2026-04-29", "province"), ("2026-04-30", "city")):
        [told] = places_json(found, Where(places(), day(on)))["parts"]
        assert (told["code"], told["kind"], told["numerator"]) == ("75", kind, 120)


def test_a_printed_percentage_is_not_divided() -> None:
    area = a_unit("dvhc-91-20250701", "91", "2025-07-01", kind="area", type="province")
    rate = an_event("published-rate", "dvhc-91-20250701",
                    {"item": SHARE, "period": "2025-Q4", "percent": "98"}, id="r")  # fmt: skip
    found = outcome(scene(area, rate), "91", on=NEW)
    assert found.judgement.basis == "printed"
    assert parts(found, OLD) == dict.fromkeys(("89", "91"), (None, None, "denominator_missing"))


def test_results_as_reported_are_not_touched() -> None:
    found = outcome(scene(*an_giang()), "91", on=NEW)
    made = merged().evaluated("79", "2025-12-31", NEW)
    before = result_json(found, None, made.pin)
    places_json(found, Where(places(), day(OLD)))
    assert result_json(found, None, made.pin) == before
    assert before["places"] is None
    assert share_met([found], {})["binding"] == 1


@pytest.mark.parametrize("level", ["province", "commune"])
def test_a_unit_that_moved_is_divided_by_its_months(level: str) -> None:
    made = scene(
        a_unit("91F01", "91", commune="30760"),
        a_unit("91F01", "91", "2025-04-01", commune="30769"),
        *months("91F01", *range(1, 7)), place="91",
    )  # fmt: skip
    told = parts(outcome(made, "91", "2025-06-30"), OLD, level)
    if level == "province":
        assert told == {"91": (360, 600, None)}
    else:
        assert told == {"30760": (180, 300, None), "30769": (180, 300, None)}


# --- a unit with a new code ----------------------------------------------------------------------


def renamed(*entries: NewEntry, **target: Any) -> Scene:
    """38F01 is 38F09 from the middle of March on."""
    new = a_unit("38F09", since="2025-03-15", succeeds="38F01")
    return scene(a_unit("38F01", closed="2025-03-14"), new, *entries, **target)


def test_a_unit_with_a_new_code_is_one_unit_and_no_day_counts_twice() -> None:
    told = [*months("38F01", 1, 2, 3), *months("38F09", *range(3, 12))]
    figures = outcome(renamed(*told), "38").judgement.figures
    assert (figures.denominator, figures.units_expected) == (1100, 1)
    assert (figures.expected, figures.missing) == (11, [])


def test_two_codes_cover_a_month_together() -> None:
    told = [
        cashless("38F01", "2025-03-01/2025-03-14", 10, 6, id="a"),
        cashless("38F09", "2025-03-15/2025-03-31", 20, 12, id="b"), *months("38F01", 1, 2),
    ]  # fmt: skip
    figures = outcome(renamed(*told), "38", "2025-03-31").judgement.figures
    assert (figures.denominator, figures.missing) == (230, [])


def test_a_state_said_under_the_old_code_holds_until_the_new_one_says_another() -> None:
    live = an_event("emr", "38F01", {"state": "live", "on": "2025-02-01"}, id="s")
    made = renamed(live, by=EMR, value=Decimal(100))
    assert outcome(made, "38").judgement.verdict == "met"
    made.add(an_event("emr", "38F09", {"state": "suspended", "on": "2025-05-01"}, id="t"))
    assert outcome(made, "38").judgement.verdict == "not_met"


def test_a_target_that_names_the_old_code_is_answered_under_the_new_one() -> None:
    scope = Scope(label=text("Bệnh viện 1"), units=("38F01",))
    said = {"item": "thu-2025/I.1", "period": "2025-Q4", "percent": "98"}
    rate = an_event("published-rate", "38F09", said, id="r")
    assert outcome(renamed(rate, scope=scope), "38").judgement.basis == "printed"
    assert sums(outcome(renamed(*months("38F09", 4, 5), scope=scope), "38")) == (120, 200)


def test_an_ended_province_counts_what_its_units_report_under_new_codes() -> None:
    made = scene(
        a_unit("77F01", "77", closed="2025-07-31"),
        a_unit("79F77", "79", "2025-08-01", succeeds="77F01"),
        *months("77F01", 6, 7), *months("79F77", 8, 9), place="77",
    )  # fmt: skip
    assert sums(outcome(made, "77")) == (240, 400)


def test_of_two_that_claim_one_code_the_first_bore_it() -> None:
    made = renamed(a_unit("38F10", since="2025-06-01", succeeds="38F01"), *months("38F10", 6, 7))
    registry = made.world().registry
    assert sorted(registry.reporting) == ["38F09", "38F10"]
    bearer = registry.unit_of("38F01")
    assert bearer is not None
    assert bearer.codes == ("38F01", "38F09")


def test_codes_that_claim_each_other_are_two_units() -> None:
    one, two = a_unit("38F01", succeeds="38F02"), a_unit("38F02", succeeds="38F01")
    assert sorted(scene(one, two).world().registry.reporting) == ["38F01", "38F02"]


def test_an_ended_province_keeps_a_unit_that_moved_away_later() -> None:
    """In Kiên Giang on its last day; in Hà Nội since September: Kiên Giang counts it all year."""
    made = scene(
        a_unit("91F01", "91"), a_unit("91F01", "01", "2025-09-01"),
        *months("91F01", 5, 10), place="91",
    )  # fmt: skip
    found = outcome(made, "91", on=OLD)
    assert sums(found) == (120, 200)
    assert parts(found, OLD) == {"91": (120, 200, "coverage")}


def test_many_units_that_change_are_summed_as_each_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns decide the plain ones; who moved, changed class or code is looked at by itself."""
    entries: list[NewEntry] = []
    for number in range(24):
        code = f"38F{number:02}"
        entries += [a_unit(code), *months(code, *range(1, 12), whole=100 + number)]
    entries += [
        a_unit("38F01", "40", "2025-03-15"),
        a_unit("38F02", since="2025-06-01", **{"class": "II"}),
        a_unit("38F03", closed="2025-05-14"),
        a_unit("38F99", since="2025-05-15", succeeds="38F03"), *months("38F99", 5, 6, 7),
    ]  # fmt: skip
    made = scene(*entries, scope=CLASS_I)
    told = []
    for few in (many.FEW, 10**6):
        monkeypatch.setattr(many, "FEW", few)
        for code, as_of in (("38", "2025-12-31"), ("38", "2025-04-30"), ("40", "2025-12-31")):
            figures = outcome(made, code, as_of).judgement.figures
            numbers = (figures.numerator, figures.denominator, figures.expected, figures.received)
            told.append((*numbers, figures.units_expected, figures.units_reported))
    assert told[:3] == told[3:]
    # 01 two months, 02 five, 03 and 99 eleven in all (May once), the others eleven.
    assert told[0][1] == sum(11 * (100 + n) for n in range(24) if n not in (1, 2, 3)) + (
        2 * 101 + 5 * 102 + 4 * 103 + 3 * 100 + 4 * 103
    )
