"""What the five plans print, computed: the figures an official can check with the paper in hand."""

from __future__ import annotations

import functools
from collections import Counter
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import pytest

from chitieu.registry import Registry
from chitieu.scoring.card import Evaluated, scorecard_json
from chitieu.scoring.explanation import explanation_json
from tests.builders import Scene, base_units, posted_results, real_catalogue


@functools.cache
def evaluated(code: str, as_of: str, on: str | None = None) -> Evaluated:
    catalogue = real_catalogue()
    scene = Scene(catalogue, [*base_units(catalogue), *posted_results(catalogue)])
    return scene.evaluated(code, as_of, on)


def test_br_vt_reads_in_its_own_column_as_published() -> None:
    """14 reached; 9 not known: 7 only "Đang thực hiện", district and commune level of I.2."""
    own = [
        o for o in evaluated("77", "2025-03-31").outcomes
        if o.asked.row.key.startswith("annex-2/") and o.asked.target.tier == "province"
    ]  # fmt: skip
    verdicts = Counter(o.judgement.verdict for o in own)
    assert verdicts == {"met": 14, "unknown": 9}
    reasons = Counter(o.judgement.reason for o in own if o.judgement.verdict == "unknown")
    assert reasons["status_only"] == 7
    others = {
        o.asked.row.key for o in own
        if o.judgement.verdict == "unknown" and o.judgement.reason != "status_only"
    }  # fmt: skip
    assert others == {"annex-2/I.2"}


def test_the_contracts_own_example_comes_out_to_the_letter() -> None:
    card = scorecard_json(evaluated("77", "2025-03-31"), registry(), "br-vt-2025", "province")
    result = next(r for r in card["results"] if r["target"].endswith("annex-2/I.7/province"))
    expected = {
        "row": "br-vt-2025/annex-2/I.7", "section": "I. Chính quyền số", "order": 107,
        "indicator": "online-payment-dossier-share", "title": "Hồ sơ thanh toán trực tuyến",
        "title_en": "Dossiers paid online", "kind": "ratio", "tier": "province",
        "set_by": "UBND tỉnh", "binding": True, "binding_why": None, "force": "firm",
        "comparator": ">=", "value": "85", "measure": "percent", "due": "2025-12-31",
        "window": {"from": "2025-01-01", "to": "2025-03-31"}, "evaluated_on": "2025-03-31",
        "final": False, "met_on": "2025-03-31", "numerator": 776, "denominator": 897,
        "actual": "86.510591", "display": "86,51%", "basis": "measured", "verdict": "met",
        "outlook": "insufficient_history",
        "published": {
            "printed": "87%", "as_of": "2025-03-31", "rounding": "half_up/0", "agrees": True,
        },
        "sentence": "Đến hết ngày 31/3/2025, hồ sơ thanh toán trực tuyến đạt 86,51% (776/897), "
        "vượt 1,51 điểm phần trăm so với chỉ tiêu 85% (Phụ lục II, mục I.7).",
    }  # fmt: skip
    assert {name: result[name] for name in expected} == expected
    assert result["citation"]["lines"] == [1889, 1919]
    assert (result["gap"]["points"], result["gap"]["count"], result["gap"]["of"]) == (
        "0", 0, "hồ sơ",
    )  # fmt: skip


def registry() -> Registry:
    return evaluated("77", "2025-03-31").outcomes[0].world.registry


def test_quang_ninh_sums_its_thirteen_districts() -> None:
    whole = evaluated("22", "2025-02-10")
    outcome = whole.one("quang-ninh-2025/body/II-1.2.5")
    assert outcome is not None
    judgement = outcome.judgement
    assert (judgement.numerator, judgement.denominator) == (1_118_430, 1_377_099)
    assert judgement.verdict == "not_met"
    assert not outcome.final
    assert len(judgement.figures.counted) == 13
    rows = [o for o in whole.outcomes if o.asked.row.key.startswith("annex-2/1/")]
    districts = [o for o in rows if o.asked.row.key[-3:].isdigit()]
    assert len(districts) == 13
    assert sum(o.judgement.numerator or 0 for o in districts) == 1_118_430


def test_quang_ninh_prescriptions_are_77_of_643() -> None:
    found = [
        (o.judgement.numerator, o.judgement.denominator)
        for o in evaluated("22", "2025-02-10").outcomes
        if o.asked.entry.indicator == "private-e-prescription-share" and o.asked.asks_all
    ]
    assert found
    assert set(found) == {(77, 643)}


@pytest.mark.parametrize(("code", "as_of"), [("58", "2025-06-30"), ("91", "2025-06-30")])
def test_plans_without_results_are_unknown_and_say_what_is_missing(code: str, as_of: str) -> None:
    for outcome in evaluated(code, as_of).outcomes:
        judgement = outcome.judgement
        if judgement.verdict == "not_in_force":
            assert judgement.reason == "condition"
            continue
        assert judgement.verdict == "unknown", outcome.asked.id
        assert judgement.reason in ("no_report", "no_unit_registered", "issuer_ended")
        if judgement.reason == "no_report" and judgement.figures.expected:
            assert judgement.figures.missing, outcome.asked.id


def test_57_of_the_60_printed_percentages_come_out_under_the_documents_own_rounding() -> None:
    agree, cannot = 0, []
    for plan in real_catalogue().plans.values():
        for row in plan.rows:
            for result in row.results:
                if result.rounding is None or result.denominator is None:
                    continue
                name, digits = result.rounding.split("/")
                printed = Decimal(result.printed.strip("% ").replace(",", "."))
                if result.denominator and result.numerator is not None:
                    share = result.numerator * 100 / result.denominator
                    mode = ROUND_HALF_UP if name == "half_up" else ROUND_DOWN
                    shown = share.quantize(Decimal(1).scaleb(-int(digits)), mode)
                else:
                    shown = None
                if shown == printed:
                    agree += 1
                else:
                    cannot.append((plan.name, row.key))
                assert result.agrees == (shown == printed), (plan.name, row.key)
    assert agree == 57
    assert sorted(plan for plan, _ in cannot) == [
        "br-vt-2025", "quang-ngai-2023", "quang-ninh-2025",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "as_of"), [("77", "2025-03-31"), ("22", "2025-02-10"), ("22", "2025-12-31")]
)
def test_every_explanation_adds_up_to_its_result(code: str, as_of: str) -> None:
    whole = evaluated(code, as_of)
    summed = 0
    for outcome in whole.outcomes:
        told = explanation_json(outcome, None, whole.pin)
        if told["numerator"] is None:
            continue
        summed += 1
        assert sum(Decimal(c["numerator"]) for c in told["counted"]) == Decimal(told["numerator"])
        if told["denominator"] is not None:
            wholes = [Decimal(c["denominator"]) for c in told["counted"]]
            assert sum(wholes) == Decimal(told["denominator"])
    assert summed > 10
