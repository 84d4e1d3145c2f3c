"""Explanations: the arithmetic adds up, every reason has words, the binding rule is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

from chitieu.scoring.explanation import explanation_json
from chitieu.scoring.reasons import WHY
from chitieu.scoring.selection import Why
from tests.builders import (
    Scene,
    a_catalogue,
    a_plan,
    a_row,
    a_target,
    a_unit,
    base_units,
    cashless,
    posted_results,
    real_catalogue,
)


def explained(scene: Scene, code: str, as_of: str, target: str) -> dict[str, Any]:
    evaluated = scene.evaluated(code, as_of)
    outcome = evaluated.one(target)
    assert outcome is not None
    return explanation_json(outcome, evaluated.why.get(target), evaluated.pin)


def two_tiers() -> Scene:
    """One indicator asked for twice, and two units of which one corrected itself."""
    rows = [
        a_row("I.1", "cashless-payment-count-share", target=a_target()),
        a_row("I.2", "cashless-payment-count-share", 2, target=a_target(value=Decimal(60))),
    ]
    return Scene(a_catalogue(a_plan(rows)), [
        a_unit("38F01", name="Bệnh viện Một"), a_unit("38F02"),
        cashless("38F01", "2025-01", 1000, 500, id="a"),
        cashless("38F01", "2025-02", 2000, 1500, id="b"),
        cashless("38F02", "2025-01", 10, 1, id="c", time="2025-12-30T00:00:00"),
        cashless("38F02", "2025-01", 10, 9, id="d", corrects="c"),
    ])  # fmt: skip


def test_every_reason_has_words_in_both_languages() -> None:
    assert set(WHY) == set(get_args(Why))
    assert all(vi and en and vi != en for vi, en in WHY.values())


def test_each_units_sum_is_written_out_and_makes_up_the_total() -> None:
    answer = explained(two_tiers(), "38", "2025-02-28", "thu-2025/I.2")
    units = answer["arithmetic"]["units"]
    assert units[0]["text"]["vi"] == (
        "Bệnh viện Một: 500 + 1.500 = 2.000 trên 1.000 + 2.000 = 3.000"
    )
    assert units[0]["text"]["en"] == "Bệnh viện Một: 500 + 1,500 = 2,000 of 1,000 + 2,000 = 3,000"
    for part in ("numerator", "denominator"):
        assert sum(unit[part] for unit in units) == answer["arithmetic"]["total"][part]
    assert answer["arithmetic"]["comparison"]["text"]["vi"].startswith(
        "2.009 ÷ 3.010 = 66,74%, yêu cầu ≥ 60%"
    )


def test_what_does_not_count_says_why_in_words() -> None:
    answer = explained(two_tiers(), "38", "2025-02-28", "thu-2025/I.2")
    (fallen,) = answer["left_out"]
    assert (fallen["id"], fallen["reason"]) == ("c", "corrected")
    assert "thay thế" in fallen["reason_words"]["vi"]
    assert "replaced" in fallen["reason_words"]["en"]


def test_the_binding_rule_names_the_stricter_one_and_in_what_it_is_stricter() -> None:
    lax = explained(two_tiers(), "38", "2025-02-28", "thu-2025/I.1")["rule"]
    strict = explained(two_tiers(), "38", "2025-02-28", "thu-2025/I.2")["rule"]
    assert lax["binding_why"] == "thu-2025/I.2"
    assert "thu-2025/I.2" in lax["binding_words"]["vi"]
    assert ">= 60" in lax["binding_words"]["en"]
    assert strict["binding"]
    assert strict["binding_words"]["en"].startswith("This target binds")


def test_the_lines_of_every_printed_result_add_up() -> None:
    catalogue = real_catalogue()
    scene = Scene(catalogue, [*base_units(catalogue), *posted_results(catalogue)])
    lines = 0
    for code, day in (("77", "2025-03-31"), ("22", "2025-02-10")):
        evaluated = scene.evaluated(code, day)
        for outcome in evaluated.outcomes:
            why = evaluated.why.get(outcome.asked.id)
            answer = explanation_json(outcome, why, evaluated.pin)
            comparison = answer["arithmetic"]["comparison"]
            assert comparison["text"]["vi"]
            assert comparison["text"]["en"]
            total = answer["arithmetic"]["total"]
            assert (total is None) == (answer["numerator"] is None)
            if total is not None:
                units = answer["arithmetic"]["units"]
                lines += len(units)
                assert sum(Decimal(u["numerator"]) for u in units) == Decimal(total["numerator"])
    assert lines > 50


def test_words_count_one_report_in_the_singular() -> None:
    scene = Scene(a_catalogue(a_plan([a_row("I.1", "cashless-payment-count-share",
                                            target=a_target())])), [
        a_unit("38F01", since="2025-02-01"), cashless("38F01", "2025-02", 2000, 1500, id="b"),
    ])  # fmt: skip
    one = explained(scene, "38", "2025-02-28", "thu-2025/I.1")["words"]["en"]
    assert "1 report counts, 0 are missing." in one
    later = explained(scene, "38", "2025-03-31", "thu-2025/I.1")["words"]["en"]
    assert "1 report counts, 1 is missing." in later
    two = explained(two_tiers(), "38", "2025-02-28", "thu-2025/I.2")["words"]["en"]
    assert "3 reports count, 1 is missing." in two
