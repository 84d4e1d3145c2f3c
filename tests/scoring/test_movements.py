"""What moved a result between two known times: each cause by name, exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chitieu.catalogue.model import Each, Scope
from chitieu.memory import MemoryLog
from chitieu.ports import NewEntry
from chitieu.scoring.movement_json import Between, EntryFacts, causes_of, movement_json
from chitieu.scoring.movements import Movement, movements
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
    a_withdrawal,
    an_event,
    cashless,
    text,
)

EVERYONE = Scope(label=text("Toàn tỉnh"))
SHARE = "cashless-payment-count-share"
AS_OF = "2025-03-31"


def target(value: str = "50", indicator: str = SHARE, **given: Any) -> Scene:
    wanted = a_target(value=Decimal(value), scope=given.pop("scope", EVERYONE), **given)
    return Scene(a_catalogue(a_plan([a_row("a", indicator, target=wanted)])))


def between(scene: Scene, *entries: NewEntry, as_of: str = AS_OF) -> list[Movement]:
    """What moved when these entries were placed."""
    before = scene.evaluated("38", as_of)
    scene.add(*entries)
    return list(movements(before, scene.evaluated("38", as_of)))


def parts(movement: Movement) -> list[tuple[Any, ...]]:
    return [(p.cause.kind, p.unit, int(p.numerator), int(p.denominator)) for p in movement.parts]


def test_nothing_between_moves_nothing() -> None:
    scene = target()
    scene.add(a_unit("38F01"), cashless("38F01", "2025-01", 10, 5, id="a"))
    assert between(scene) == []
    # It arrives and changes nothing that is printed.
    assert between(scene, cashless("38F01", "2025-05", 10, 5, id="b")) == []


def test_a_new_report_adds_what_it_says() -> None:
    scene = target()
    scene.add(a_unit("38F01"), cashless("38F01", "2025-01", 10, 5, id="a"))
    [moved] = between(scene, cashless("38F01", "2025-02", 20, 7, id="b"))
    assert parts(moved) == [("event", "38F01", 7, 20)]
    [part] = moved.parts
    assert [c.report.event_id for c in part.after if c.report] == ["b"]


def test_a_correction_is_one_part_with_the_difference() -> None:
    scene = target()
    scene.add(a_unit("38F01"), cashless("38F01", "2025-01", 10, 5, id="a"))
    later = "2025-12-31T01:00:00"
    [moved] = between(scene, cashless("38F01", "2025-01", 12, 4, id="b", corrects="a", time=later))
    assert parts(moved) == [("correction", "38F01", -1, 2)]


def test_a_correction_that_moves_a_figure_is_a_part_for_each_unit() -> None:
    scene = target()
    scene.add(a_unit("38F01"), a_unit("38F02"), cashless("38F01", "2025-01", 10, 5, id="a"))
    later = "2025-12-31T01:00:00"
    [moved] = between(scene, cashless("38F02", "2025-01", 10, 6, id="b", corrects="a", time=later))
    assert parts(moved) == [("correction", "38F01", -5, -10), ("correction", "38F02", 6, 10)]


def test_a_retraction_lets_the_older_report_count_again() -> None:
    scene = target()
    scene.add(
        a_unit("38F01"), cashless("38F01", "2025-01", 10, 5, id="a"),
        cashless("38F01", "2025-01", 12, 9, id="b", time="2025-12-31T01:00:00"),
    )  # fmt: skip
    [moved] = between(scene, a_retraction("b", id="r"))
    assert parts(moved) == [("retraction", "38F01", -4, -2)]


def test_a_retracted_correction_restores_what_it_corrected() -> None:
    scene = target()
    scene.add(
        a_unit("38F01"), cashless("38F01", "2025-01", 10, 5, id="a"),
        cashless("38F01", "2025-02", 30, 9, id="b", corrects="a", time="2025-12-31T01:00:00"),
    )  # fmt: skip
    [moved] = between(scene, a_retraction("b", id="r"))
    assert parts(moved) == [("retraction", "38F01", -4, -20)]


def test_an_actual_replaces_its_estimate() -> None:
    scene = target()
    guess = {"estimate": True}
    scene.add(a_unit("38F01"), cashless("38F01", "2025-03", 10, 5, id="a", data=guess))
    [moved] = between(scene, cashless("38F01", "2025-03", 11, 8, id="b"))
    assert parts(moved) == [("estimate_replaced", "38F01", 3, 1)]


def test_a_longer_report_replaces_its_parts() -> None:
    scene = target()
    scene.add(
        a_unit("38F01"), *(cashless("38F01", f"2025-0{m}", 10, 5, id=f"m{m}") for m in (1, 2, 3))
    )
    [moved] = between(scene, cashless("38F01", "2025-Q1", 33, 20, id="q"))
    assert parts(moved) == [("event", "38F01", 5, 3)]
    assert len(moved.parts[0].before) == 3


def area_and_two() -> Scene:
    """An area with a figure of its own, and two units, one of which has reported."""
    scene = target()
    scene.add(
        a_unit("dvhc-38", kind="area", type="province"), a_unit("38F01"), a_unit("38F02"),
        cashless("dvhc-38", "2025-Q1", 50, 20, id="own"),
        cashless("38F01", "2025-Q1", 40, 30, id="one"),
    )  # fmt: skip
    return scene


def test_the_report_that_completes_the_units_takes_the_place_of_the_areas_own() -> None:
    scene = area_and_two()
    completing = cashless("38F02", "2025-Q1", 20, 10, id="two")
    # A later report that changes nothing in the choice is not named for it.
    again = cashless("38F01", "2025-Q1", 41, 31, id="more", time="2025-12-31T02:00:00")
    [moved] = between(scene, completing, again)
    at = {e.event_id: e.known for e in scene.log.entries()}
    told = {(p.unit, p.cause.known): (p.numerator, p.denominator) for p in moved.parts}
    assert told == {
        ("dvhc-38", at["two"]): (-20, -50), ("38F02", at["two"]): (10, 20),
        ("38F01", at["more"]): (31, 41),
    }  # fmt: skip


def test_a_unit_that_is_registered_adds_to_the_whole_of_a_share() -> None:
    scene = target(indicator="emr-hospital-share")
    live = {"state": "live", "on": "2025-02-01", "paperless": True}
    scene.add(a_unit("38F01"), an_event("emr", "38F01", live, id="a"))
    [moved] = between(scene, a_unit("38F02"))
    assert parts(moved) == [("unit", "38F02", 0, 1)]


def test_a_waiver_takes_a_unit_out_of_a_share_and_its_withdrawal_brings_it_back() -> None:
    scene = target(indicator="emr-hospital-share")
    scene.add(a_unit("38F01"), a_unit("38F02"))
    scene.add(*(an_event("emr", f"38F0{n}", {"state": "live", "on": "2025-01-05"}, id=f"e{n}")
                for n in (1, 2)))  # fmt: skip
    [freed] = between(scene, a_waiver("38F02", "2025-01-01", "2025-12-31"))
    assert parts(freed) == [("waiver", "38F02", -1, -1)]
    [back] = between(scene, a_withdrawal(unit="38F02"))
    assert parts(back) == [("waiver", "38F02", 1, 1)]


def test_a_waiver_that_adds_nothing_is_told_all_the_same() -> None:
    scene = target()
    scene.add(a_unit("38F01"), a_unit("38F02"), cashless("38F01", "2025-Q1", 10, 6, id="a"))
    [moved] = between(scene, a_waiver("38F02", "2025-01-01", "2025-12-31"))
    assert parts(moved) == [("waiver", "38F02", 0, 0)]


def test_the_first_report_shows_the_silent_units() -> None:
    scene = target(indicator="emr-hospital-share")
    scene.add(a_unit("38F01"), a_unit("38F02"))
    live = {"state": "live", "on": "2025-02-01", "paperless": True}
    [moved] = between(scene, an_event("emr", "38F01", live, id="a"))
    assert parts(moved) == [("event", "38F01", 1, 1), ("event", "38F02", 0, 1)]


def test_a_unit_that_meets_its_own_target_since_a_report() -> None:
    def revenue(month: str, part: int) -> NewEntry:
        data = {"period": month, "revenue_vnd": 100, "cashless_revenue_vnd": part}
        return an_event("cashless-payment", "38F01", data, id=month)

    each = Each(comparator=">=", value=Decimal(65))
    scene = target("100", "facilities-meeting-cashless-revenue", each=each)
    scene.add(a_unit("38F01"), revenue("2025-01", 60), revenue("2025-02", 60))
    [moved] = between(scene, revenue("2025-03", 90))
    assert parts(moved) == [("event", "38F01", 1, 0)]


def test_a_catalogue_version_is_named_even_where_the_sums_stay() -> None:
    scene = target("50")
    scene.add(a_unit("38F01"), cashless("38F01", "2025-Q1", 10, 6, id="a"))
    stricter = a_target(value=Decimal(75), scope=EVERYONE)
    version = a_catalogue(a_plan([a_row("a", SHARE, target=stricter)]))
    [moved] = between(scene, NewEntry("catalogue", version.to_json().decode()))
    assert parts(moved) == [("catalogue", None, 0, 0)]
    assert (moved.before and moved.before.judgement.verdict) == "met"
    assert (moved.after and moved.after.judgement.verdict) == "not_met"


def test_what_a_catalogue_version_moves_is_told_apart_from_what_reports_move() -> None:
    scene = target("50")
    scene.add(
        a_unit("38F01"), a_unit("38F02"), cashless("38F01", "2025-01", 10, 6, id="a"),
        cashless("38F02", "2025-01", 20, 7, id="b"),
    )  # fmt: skip
    narrow = Scope(label=text("Bệnh viện 1"), units=("38F01",))
    version = a_catalogue(a_plan([a_row("a", SHARE, target=a_target(scope=narrow))]))
    [moved] = between(
        scene, NewEntry("catalogue", version.to_json().decode()),
        cashless("38F01", "2025-02", 30, 11, id="c"), cashless("38F02", "2025-02", 40, 1, id="d"),
    )  # fmt: skip
    assert parts(moved) == [("catalogue", None, -7, -20), ("event", "38F01", 11, 30)]


def test_targets_that_come_and_go_with_a_catalogue_version() -> None:
    scene = target("50")
    scene.add(a_unit("38F01"), cashless("38F01", "2025-Q1", 10, 6, id="a"))
    version = a_catalogue(a_plan([a_row("b", SHARE, target=a_target(scope=EVERYONE))]))
    gone, come = between(scene, NewEntry("catalogue", version.to_json().decode()))
    assert (gone.after, come.before) == (None, None)
    assert (parts(gone), parts(come)) == (
        [("catalogue", None, -6, -10)], [("catalogue", None, 6, 10)],
    )  # fmt: skip


def test_a_condition_brings_a_target_into_force_and_moves_what_binds() -> None:
    waits = a_target(value=Decimal(90), scope=EVERYONE, condition=text("khi có hướng dẫn"))
    plain = a_target(value=Decimal(50), scope=EVERYONE)
    rows = [a_row("a", SHARE, 1, target=plain), a_row("b", SHARE, 2, target=waits)]
    scene = Scene(a_catalogue(a_plan(rows)))
    scene.add(a_unit("38F01"), cashless("38F01", "2025-Q1", 10, 6, id="a"))
    weaker, stricter = between(scene, a_condition("thu-2025/b", "2025-02-01"))
    assert (weaker.why_before, weaker.why_after) == (None, "thu-2025/b")
    assert [(p.cause.kind, p.cause.target) for p in weaker.parts] == [("condition", "thu-2025/b")]
    assert [(p.cause.kind, p.cause.target) for p in stricter.parts] == [("condition", None)]


def test_a_waived_silent_unit_leaves_the_whole_and_comes_back_when_it_is_withdrawn() -> None:
    scene = target(indicator="emr-hospital-share")
    live = {"state": "live", "on": "2025-02-01", "paperless": True}
    scene.add(a_unit("38F01"), a_unit("38F02"), an_event("emr", "38F01", live, id="a"))
    [freed] = between(scene, a_waiver("38F02", "2025-01-01", "2025-12-31"))
    assert parts(freed) == [("waiver", "38F02", 0, -1)]
    [back] = between(scene, a_withdrawal(unit="38F02"))
    assert parts(back) == [("waiver", "38F02", 0, 1)]


def test_a_waiver_that_moves_only_what_is_expected_is_named() -> None:
    scene = target()
    scene.add(a_unit("38F01"), a_unit("38F02"), cashless("38F01", "2025-Q1", 10, 6, id="a"))
    [moved] = between(scene, a_waiver("38F02", "2025-01-01", "2025-12-31"))
    assert parts(moved) == [("waiver", "38F02", 0, 0)]


def test_a_unit_under_a_new_code_is_moved_by_its_own_entry() -> None:
    scene = target()
    scene.add(a_unit("38F01"), cashless("38F01", "2025-01", 10, 6, id="a"))
    [moved] = between(
        scene, a_unit("38F09", since="2025-02-01", succeeds="38F01"),
        cashless("38F09", "2025-02", 20, 9, id="b"),
    )  # fmt: skip
    told = parts(moved)
    assert sum(p[2] for p in told) == 9
    assert sum(p[3] for p in told) == 20
    assert ("event", "38F09", 9, 20) in told
    assert {p[0] for p in told} == {"unit", "event"}


def test_time_alone_makes_reports_due() -> None:
    scene = target()
    entries, scene.log = scene.log.entries(), MemoryLog()
    scene.now -= 330 * 86_400_000_000  # 9 February 2025: only January is over
    scene.log.append([NewEntry("catalogue", entries[0].body)], scene.now)
    scene.add(a_unit("38F01"), cashless("38F01", "2025-01", 10, 6, id="a", time="2025-02-02"))
    before = scene.evaluated("38", AS_OF)
    scene.now += 60 * 86_400_000_000
    scene.add(a_unit("77F09", province="77"))
    [moved] = movements(before, scene.evaluated("38", AS_OF))
    assert parts(moved) == [("time", None, 0, 0)]
    expected = [o.judgement.figures.expected for o in (moved.before, moved.after) if o]
    assert expected[0] < expected[1]


def test_a_moved_result_as_json_names_what_was_replaced() -> None:
    scene = target()
    scene.add(a_unit("38F01"), cashless("38F01", "2025-01", 10, 5, id="a"))
    before = scene.evaluated("38", AS_OF)
    later = "2025-12-31T01:00:00"
    scene.add(cashless("38F01", "2025-01", 12, 4, id="b", corrects="a", time=later))
    after = scene.evaluated("38", AS_OF)
    [moved] = movements(before, after)
    [known] = causes_of([moved])
    facts = {known: EntryFacts("1:4", "bv-1", "urn:his", "b", "38F01", "gõ nhầm")}
    told = movement_json(moved, Between(before.pin.known, after.pin.known, facts))
    assert told["difference"] == {"numerator": -1, "denominator": 2}
    assert (told["from"]["numerator"], told["to"]["numerator"]) == (5, 4)
    [part] = told["parts"]
    assert part["cause"]["replaced"] == [{"source": "urn:his", "id": "a"}]
    assert (part["cause"]["kind"], part["cause"]["note"]) == ("correction", "gõ nhầm")
    assert part["before"][0]["period"] == "2025-01"
