"""Contradictions found by computing: each rule on a bad file and its clean twin, and the plans.

`contradictions/bad/NAME.yaml` has exactly the contradiction that `expected.csv` says;
`contradictions/clean/NAME.yaml` differs from it by that alone.
"""

from __future__ import annotations

import csv
import io
import json
import random
import time
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chitieu.catalogue import contradictions
from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.load import load
from chitieu.catalogue.location import default_root
from chitieu.catalogue.model import Finding, Plan
from chitieu.catalogue.semantic import KINDS, RULES, Contradiction, View, find, recorded
from chitieu.catalogue.semantic.letter import WIDTH, question
from chitieu.catalogue.semantic.numbers import readings, separated
from chitieu.scoring.card import findings_of
from tests.builders import Scene, base_units, posted_results, real_catalogue

FILES = Path(__file__).parent / "contradictions"
SECONDS_MAX = 0.3
PLANS = ("br-vt-2025", "kien-giang-2025", "ninh-thuan-2025", "quang-ngai-2023", "quang-ninh-2025")
# Recorded by a person, and not computed: plan, first line → why.
NOT_COMPUTED = {
    ("quang-ninh-2025", 242): "Two clauses of the body, not rows of a table. They say the same, so "
    "neither contradicts the other; that a body says its goals again as tasks is its usual form.",
}

with (FILES / "expected.csv").open(encoding="utf-8", newline="") as _file:
    EXPECTED = {row["file"]: row for row in csv.DictReader(_file)}


@cache
def laid(folder: str) -> Catalogue:
    loaded = load([default_root(), FILES / folder])
    assert loaded.faults == ()
    return loaded.catalogue


def alone(plan: Plan) -> Catalogue:
    """A plan with the real metrics, indicators and units, without the real plans."""
    real = real_catalogue()
    units = [record for records in real.units.values() for record in records]
    return Catalogue.of(real.metrics.values(), real.indicators.values(), [plan], units)


def found_in(folder: str, name: str) -> tuple[Contradiction, ...]:
    return find(alone(laid(folder).plans[name]))


def of_plan(name: str) -> list[Contradiction]:
    return [one for one in real_catalogue().contradictions if one.plan == name]


# --- each rule -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_bad_file_has_its_contradiction_at_its_place(name: str) -> None:
    expected = EXPECTED[name]
    (one,) = found_in("bad", name)
    assert one.id == f"{expected['code']}:{expected['anchor']}"
    assert one.lines == tuple(int(line) for line in expected["lines"].split())
    assert expected["words"] in one.text.vi
    assert one.text.vi != one.text.en
    assert one.reading.vi != one.reading.en


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_its_twin_has_none(name: str) -> None:
    assert found_in("clean", name) == ()


def test_every_kind_and_every_rule_has_a_bad_file() -> None:
    names = {path.stem for path in (FILES / "bad").iterdir()}
    assert names == {path.stem for path in (FILES / "clean").iterdir()} == set(EXPECTED)
    assert {row["code"] for row in EXPECTED.values()} == set(KINDS)
    silent = set(RULES)
    for name in names:
        catalogue = alone(laid("bad").plans[name])
        view = View(catalogue, catalogue.plans[name], tuple(catalogue.targets.values()))
        silent -= {rule for rule in RULES if any(True for _ in rule(view))}
    assert silent == set()


def test_a_plan_below_a_ministrys_letter_is_compared_with_it() -> None:
    real = real_catalogue()
    letter = real.plans["byt-1366-2025"]
    row = next(row for row in real.plans["ninh-thuan-2025"].rows if row.key == "III.4/4")
    assert row.target is not None
    laxer = row.model_copy(update={"target": row.target.model_copy(update={"value": Decimal(75)})})
    plan = real.plans["ninh-thuan-2025"].model_copy(update={"rows": (laxer,)})
    units = [record for records in real.units.values() for record in records]
    catalogue = Catalogue.of(
        real.metrics.values(), real.indicators.values(), [plan, letter], units
    )  # fmt: skip
    laxer_tier = [one for one in find(catalogue) if one.code == "lower_tier_laxer"]
    assert [one.id for one in laxer_tier] == ["lower_tier_laxer:III.4/4/value"]
    assert [clause.document for clause in laxer_tier[0].clauses] == ["byt-1366-2025", None]
    assert laxer_tier[0].lines == (73,)
    assert laxer_tier[0].targets == ("ninh-thuan-2025/III.4/4",)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1.377.099", ["1377099"]), ("44,150", ["44150"]), ("435", ["435"]),
        ("3.77", ["3.77", "377"]), ("12,5", ["12.5", "125"]), ("1.23.4", ["1234"]),
        ("-", []), ("75%", []),
    ],
)  # fmt: skip
def test_a_cell_has_its_readings(text: str, read: list[str]) -> None:
    assert readings(text) == tuple(Decimal(value) for value in read)


def test_days_codes_and_dates_have_no_separator() -> None:
    assert list(separated("252/SYT-KHTC ngày 17/01/2025, 3532/QĐ, mục 1.2.3, 2023-2028")) == []
    told = [(number.text, number.role) for number in separated("2.882.261 mũi, đạt 95,4%.")]
    assert told == [("2.882.261", "thousands"), ("95,4", "fraction")]


# --- the five documents ----------------------------------------------------------------------


def recorded_findings() -> Iterator[tuple[str, Finding]]:
    catalogue = real_catalogue()
    for plan in catalogue.plans.values():
        findings = [*plan.findings, *(finding for row in plan.rows for finding in row.findings)]
        for target in catalogue.targets.values():
            findings += target.target.findings if target.plan is plan else ()
        yield from ((plan.name, one) for one in findings if one.code in KINDS)


def test_what_people_recorded_is_found_or_there_is_a_reason() -> None:
    missed = {
        (plan, finding.lines[0])
        for plan, finding in recorded_findings()
        if not any(recorded(finding, one) for one in of_plan(plan))
    }
    assert missed == set(NOT_COMPUTED)


def test_more_is_found_than_people_recorded() -> None:
    told = list(recorded_findings())
    new = {
        one.id for one in of_plan("quang-ninh-2025")
        if not any(plan == one.plan and recorded(finding, one) for plan, finding in told)
    }  # fmt: skip
    assert new == {f"larger_than_whole:annex-2/2/{district}" for district in (194, 195, 207)}


@pytest.mark.parametrize("plan", PLANS)
def test_clauses_lie_in_their_document_and_targets_exist(plan: str) -> None:
    catalogue = real_catalogue()
    for one in of_plan(plan):
        assert one.clauses, one.id
        assert all(0 < clause.lines[0] <= clause.lines[1] for clause in one.clauses)
        assert all(clause.address and clause.printed for clause in one.clauses)
        assert set(one.targets) <= set(catalogue.targets)
        assert {target.split("/")[0] for target in one.targets} <= {plan}


def test_ids_are_unique_and_exactly_the_acknowledged_ones_are_found() -> None:
    compared = contradictions.compare(real_catalogue())
    assert (compared.new, compared.gone) == (frozenset(), ())
    assert len({(one.plan, one.id) for one in compared.found}) == len(compared.found)


def test_the_rules_cost_little() -> None:
    catalogue = Catalogue.from_json(real_catalogue().to_json())
    assert catalogue.targets
    begun = time.process_time()
    found = find(catalogue)
    assert time.process_time() - begun < SECONDS_MAX
    assert found == real_catalogue().contradictions


def test_no_rule_needs_what_a_file_may_leave_out() -> None:
    """Fields taken away at random: fewer contradictions, never an exception."""
    chance = random.Random(57)
    for plan in real_catalogue().plans.values():
        for _ in range(5):
            body = plan.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            _thin(body, chance)
            find(alone(Plan.model_validate(body)))


LEFT_OUT = (
    "numerator", "denominator", "rounding", "agrees", "results", "cells", "part_of", "same_as",
    "comparator", "total", "holds", "budget_million_vnd", "facts", "note", "reporting",
    "refers_to", "over",
)  # fmt: skip
EMPTIED = ("due", "value", "indicator")


def _thin(node: Any, chance: random.Random) -> None:
    if isinstance(node, list):
        for item in node:
            _thin(item, chance)
    if isinstance(node, dict):
        for key in [key for key in node if chance.random() < 0.1]:
            if key in LEFT_OUT and not ("value" in node and len(node) == 2):  # `each` needs both
                del node[key]
            elif key in EMPTIED and ("scope" in node or "sha256" in node):
                node[key] = None
        for value in node.values():
            _thin(value, chance)


# --- commands and the letter -----------------------------------------------------------------


def checked(*paths: Path, json: bool = False, language: Any = "vi") -> tuple[int, str]:
    stream = io.StringIO()
    code = contradictions.check(list(paths), json=json, stream=stream, language=language)
    return code, stream.getvalue()


def test_the_check_ends_well_when_all_is_acknowledged() -> None:
    code, told = checked()
    assert code == 0
    assert told.splitlines()[-1] == "37 mâu thuẫn; 0 chưa ghi nhận, 0 không còn"


def test_a_new_contradiction_fails_the_check_until_it_is_acknowledged(tmp_path: Path) -> None:
    code, told = checked(FILES / "bad" / "laxer-value.yaml", language="en")
    assert code == 1
    assert "lower_tier_laxer:I.1/ministry/xa/value: A lower tier laxer than a higher one (new)" in (
        told
    )
    file = tmp_path / "laxer-value.yaml"
    text = (FILES / "bad" / "laxer-value.yaml").read_text(encoding="utf-8")
    name = 'acknowledged: ["lower_tier_laxer:I.1/ministry/xa/value"]\n'
    file.write_text(text + name, encoding="utf-8")
    assert checked(file)[0] == 0


def test_an_acknowledged_one_that_is_gone_fails_the_check(tmp_path: Path) -> None:
    file = tmp_path / "laxer-value.yaml"
    text = (FILES / "clean" / "laxer-value.yaml").read_text(encoding="utf-8")
    file.write_text(f'{text}acknowledged: ["two_values:I.1"]\n', encoding="utf-8")
    code, told = checked(file, json=True)
    assert code == 1
    answer = json.loads(told)
    assert answer["no_longer_found"] == [{"plan": "laxer-value", "id": "two_values:I.1"}]
    assert len(answer["contradictions"]) == 37
    assert all(item["acknowledged"] for item in answer["contradictions"])


def test_a_contradiction_in_json_has_its_numbers_and_clauses() -> None:
    weaker = next(one for one in of_plan("quang-ninh-2025") if one.code == "weaker_than_parts")
    body = weaker.to_wire()
    assert body["id"] == "weaker_than_parts:body/II-1.2.9.2"
    assert body["numbers"] == {"whole": "70", "parts": "90.51", "least": "582", "of": "643"}
    assert body["clauses"][0] == {
        "document": "quang-ninh-2025",
        "address": "mục II (lần thứ nhất), 2, gạch đầu dòng thứ 9, chỉ tiêu thứ 2",
        "lines": [207, 213],
        "printed": "70%",
    }


def test_faults_are_told_instead_and_a_missing_path_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("version: 1\nkind: plan\n", encoding="utf-8")
    code, told = checked(file)
    assert code == 1
    assert "x.yaml:1:1" in told
    assert checked(tmp_path / "nowhere")[0] == 2


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_letter_asks_about_every_contradiction(plan: str, language: Any) -> None:
    text = contradictions.draft(plan, real_catalogue(), language)
    assert text is not None
    flat = " ".join(text.split())
    for number, one in enumerate(of_plan(plan), 1):
        assert f" {number}. {getattr(KINDS[one.code], language)}." in flat
        assert getattr(one.reading, language) in flat
        assert getattr(question(one.code), language) in flat
    assert max(len(line) for line in text.splitlines()) <= WIDTH


def test_the_vietnamese_letter_is_laid_out_as_an_official_letter_and_names_no_person() -> None:
    text = contradictions.draft("quang-ninh-2025", real_catalogue())
    assert text is not None
    order = [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Số: …/…",
        "V/v đề nghị làm rõ", "Kính gửi: Sở Y tế Quảng Ninh", "1. ", "./.", "Nơi nhận:",
        "- Lưu: VT",
    ]  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.count("[Chữ ký, dấu của cơ quan; họ và tên]") == 1


def test_a_plan_without_contradictions_has_no_letter_and_no_plan_is_told() -> None:
    assert contradictions.draft("byt-1366-2025", real_catalogue()) is None
    with pytest.raises(LookupError, match="Ý bạn là “quang-ninh-2025”"):
        contradictions.draft("quang-ninh", real_catalogue())


# --- on results ------------------------------------------------------------------------------


def findings(code: str, as_of: str, target: str) -> list[dict[str, Any]]:
    catalogue = real_catalogue()
    scene = Scene(catalogue, [*base_units(catalogue), *posted_results(catalogue)])
    outcome = scene.evaluated(code, as_of).one(target)
    assert outcome is not None
    return findings_of(outcome)


def test_a_result_shows_what_was_computed_beside_what_was_recorded() -> None:
    target = "quang-ninh-2025/annex-2/2/207"
    (found,) = findings("22", "2025-03-31", target)
    assert found["code"] == "larger_than_whole"
    assert found["lines"] == [1216]
    assert "Chỉ tiêu 30 lớn hơn số in cùng dòng" in found["text"]["vi"]
    assert found["text"]["en"].startswith("The target of 30 is larger")


def test_a_recorded_finding_stands_for_the_computed_one() -> None:
    target = "quang-ninh-2025/annex-2/1/207"
    found = findings("22", "2025-03-31", target)
    told = [one for one in found if one["lines"] == [1184]]
    assert [one["code"] for one in told] == ["ambiguous_separator"]
    assert told[0]["text"]["en"].startswith("The cell to be verified prints 3.77")
    # Of the same kind, at another place: the table's point is its own contradiction.
    assert [one["code"] for one in found].count("ambiguous_separator") == 2


def test_statements_of_one_duty_share_what_is_found_on_it() -> None:
    weaker = [
        findings("22", "2025-03-31", f"quang-ninh-2025/{key}")
        for key in ("body/II-1.2.9.2", "annex-1/7/goal")
    ]
    codes = [[one["code"] for one in found] for found in weaker]
    assert [one.count("weaker_than_parts") for one in codes] == [1, 1]
