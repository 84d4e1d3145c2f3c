"""Rules of the catalogue with more than one way to break them, and cases that are no fault.

Each case changes one text of a good file of `bad_catalogue/base`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.check import check
from chitieu.catalogue.load import load
from chitieu.catalogue.model import Plan
from chitieu.catalogue.shapes import shape
from chitieu.catalogue.source import read

BASE = Path(__file__).parent / "bad_catalogue" / "base"
EVENT = "{metric: payments, subject: 01F01, data: {period: 2025-Q1, payments: 2, cashless: 1}}"
DONE = "item: base-plan/I.1, state: done, on: 2025-03-31"
SCOPE = "units: [01F01]}"
VALUE = 'value: "85"'


def codes(tmp_path: Path, file: str, *changes: tuple[str, str]) -> list[str]:
    """The codes of the faults after these changes to a file of the base."""
    for path in BASE.iterdir():
        text = path.read_text(encoding="utf-8")
        for old, new in changes if path.stem == file else ():
            assert old in text, old
            text = text.replace(old, new, 1)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    return [fault.code for fault in load([tmp_path]).faults]


def event(metric: str, data: str) -> tuple[str, str]:
    return EVENT, f"{{metric: {metric}, subject: 01F01, data: {{{data}}}}}"


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("payments", "form: period", "form: period\nstates: [open]", "metric_form"),
        ("emr", "form: state", "form: snapshot", "metric_form"),
        ("emr", "states: [pilot, live]", "states: [live, pilot, live]", "duplicate_field"),
        ("payments", "name: records", "name: counts", "duplicate_field"),
        ("payments", "    whole: people\n", "", "whole_and_parts"),
        ("payments", "parts: [checked,", "parts: [cheked,", "unknown_field"),
        ("payments", "optional: [audited]", "optional: [audit]", "unknown_field"),
        ("payments", "at_most: payments", "at_most: cashless", "unknown_field"),
        ("payments", "at_most: payments", "at_most: audited", "field_type"),
        ("payments", "people, type: count", "people, type: boolean", "field_type"),
        ("emr-share", "{states: [live]}", "{}", "formula_needs"),
        ("emr-share", "{states: [live]}", "{flags: [gone]}", "unknown_field"),
        ("cashless-share", "metric: payments\n", "", "formula_needs"),
        ("cashless-share", "metric: payments", "metric: payments\ninner: no", "unknown_indicator"),
        ("cashless-share", "{kind: facility}", "facility", "wrong_type"),
        ("cashless-share", "{kind: facility}", "{}", "predicate_shape"),
        ("cashless-share", "{kind: facility}", "{not: [{kind: area}]}", "predicate_shape"),
        ("cashless-share", "{kind: facility}", "{province: 77}", "predicate_value"),
        ("cashless-share", "{kind: facility}", "{type: []}", "predicate_shape"),
        ("units", "code: 01F01", 'code: "01001"', "unit_code"),
        ("units", "fictional: true", "closed: 2019-01-01, fictional: true", "unit_days"),
    ],
)
def test_a_rule_is_broken(tmp_path: Path, file: str, old: str, new: str, code: str) -> None:
    # What refers to the changed metric, indicator or unit may be broken too.
    assert code in codes(tmp_path, file, (old, new))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("issuer_unit: cq-syt-01", "issuer_unit: cq-syt-02", "unknown_unit"),
        ("    target:", "    responsible: [{label: Sở, unit: cq-02}]\n    target:", "unknown_unit"),
        ("      - subject: 01F01", "      - subject: 01F02", "unknown_unit"),
        ("- subject: 01F01", "- target: x\n        subject: 01F01", "unknown_target"),
        ("lines: [90, 92]", "lines: [92, 90]", "lines_descend"),
        ("lines: [30, 31]", "lines: [0, 31]", "lines_descend"),
        ("lines: [30, 31]", "lines: [30, 31, 32]", "wrong_length"),
        ("lines: [10, 20]", 'lines: ["10", 20]', "wrong_type"),
        (VALUE, f"{VALUE}\n      comparator: null", "value_and_comparator"),
        (VALUE, 'value: "-5"', "percent_range"),
        (VALUE, "value: true", "bad_decimal"),
        (VALUE, 'value: "8_5"', "bad_decimal"),
        ("due: 2025-12-31", "due: 1735603200", "bad_day"),
        ("due: 2025-12-31", "due: 2025-1-31", "bad_day"),
        (SCOPE, f"{SCOPE}\n      from: 2024-01-01", "from_day"),
        (SCOPE, "where: {owner: public}}", "predicate_attribute"),
        (SCOPE, "units: [01F01], own_work: yes}", "wrong_type"),
        ("        rounding: half_up/0\n", "", "rounding_incomplete"),
        ("        denominator: 2\n", "", "rounding_incomplete"),
        ("denominator: 2", "denominator: 0", "agrees_wrong"),
        ("agrees: true", "agrees: false", "agrees_wrong"),
    ],
)
def test_a_rule_of_plans_is_broken(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert codes(tmp_path, "base-plan", (old, new)) == [code]


@pytest.mark.parametrize(
    ("metric", "data", "code"),
    [
        ("paymentz", "period: 2025-Q1", "unknown_metric"),
        ("payments", "payments: 2, cashless: 1", "data_missing"),
        ("payments", "period: 2025-Q1", "data_missing"),
        ("payments", "period: 2025, payments: 2, cashless: 1", "data_value"),
        ("payments", "period: 2025-Q1, payments: -2, cashless: 1", "data_value"),
        ("payments", "period: 2025-Q1, payments: 2, cashless: 1, audited: 1", "data_value"),
        ("payments", "period: 2025-Q1, payments: 2, cashless: 1, estimate: 1", "data_value"),
        ("payments", "period: 2025-Q1, payments: 2, cashless: 1, item: 5", "data_value"),
        (
            "payments",
            "period: 2025-Q1, payments: 2, cashless: 1, through: 2025-04-01",
            "data_value",
        ),
        ("published-rate", "period: 2025-Q1, percent: 50", "data_missing"),
        ("task", "item: base-plan/I.1, state: open, on: 2025-03-31", "data_state"),
        ("task", "item: base-plan/I.9, state: done, on: 2025-03-31", "unknown_item"),
        ("task", "item: cashless-share, state: done, on: 2025-03-31", "unknown_item"),
        ("task", "item: base-plan/I.1, state: done, on: 2025", "data_value"),
        ("task", "item: base-plan/I.1, state: done, on: 2025-03-31, evidence: [5]", "data_value"),
        ("task", "item: base-plan/I.1, state: done, on: 2025-04-01", "data_after_result"),
    ],
)
def test_an_event_breaks_its_metric(tmp_path: Path, metric: str, data: str, code: str) -> None:
    assert codes(tmp_path, "base-plan", event(metric, data)) == [code]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (VALUE, "value: 85"),
        (VALUE, "value: null\n      comparator: null"),
        ("due: 2025-12-31", "from: 2025-12-31\n      due: 2025-12-31"),
        (SCOPE, "where: {any: [{type: hospital}, {services: [dialysis]}]}}"),
        (SCOPE, "place: dvhc-193}"),
        (SCOPE, f"{SCOPE}\n      lines: [20, 20]"),
        event("payments", "period: 2025-H1, through: 2025-03-31, payments: 2, cashless: 1"),
        event("payments", "period: 2025-H1, estimate: true, payments: 2, cashless: 1"),
        event("payments", "period: 2025-Q1, payments: 2, cashless: 1, audited: true"),
        event("payments", "period: 2025-Q1, people: 9, checked: 4, unchecked: 5"),
        event("published-rate", 'item: cashless-share, period: 2025-Q1, percent: "50"'),
        event("task", f"{DONE}, evidence: [{{number: 1/A, issued: 2025-01-17}}]"),
        ("        denominator: 2\n        rounding: half_up/0\n        agrees: true\n", ""),
        ("printed: 50%", "printed: Đang thực hiện\n        agrees: null\n        rounding: null"),
    ],
)
def test_what_is_right_is_no_fault(tmp_path: Path, old: str, new: str) -> None:
    changes = [(old, new)]
    if "rounding: null" in new:
        changes = [("        rounding: half_up/0\n        agrees: true\n", ""), *changes]
    assert codes(tmp_path, "base-plan", *changes) == []


def test_a_late_day_needs_its_reason(tmp_path: Path) -> None:
    reason = """\
      assumed:
        - about: due
          reading: {vi: Đến 2030, en: By 2030}
          reason: {vi: Kế hoạch nhắc lại mục tiêu dài hạn., en: The plan repeats a longer target.}
    results:"""
    late = ("      due: 2025-12-31", "      due: 2030-12-31")
    assert codes(tmp_path, "base-plan", late) == ["due_too_late"]
    assert codes(tmp_path, "base-plan", late, ("    results:", reason)) == []


def test_a_task_for_every_department_names_them_by_a_predicate(tmp_path: Path) -> None:
    task = [
        ("indicator: cashless-share", "indicator: task"),
        (VALUE, 'value: "1"'),
        (SCOPE, "where: {type: health_department}}"),
        event("task", DONE),
    ]
    assert codes(tmp_path, "base-plan", *task) == ["task_scope"]
    assert codes(tmp_path, "base-plan", *task, ('place: "01"', "place: null")) == []


def test_share_meeting_needs_what_each_unit_must_meet(tmp_path: Path) -> None:
    meeting = (BASE / "cashless-share.yaml").read_text(encoding="utf-8")
    meeting = meeting.replace("name: cashless-share", "name: meeting")
    head, _, tail = meeting.partition("formula: ratio")
    tail = tail[tail.index("concerns:") :]
    text = f"{head}formula: share_meeting\ninner: cashless-share\n{tail}"
    (tmp_path / "meeting.yaml").write_text(text, encoding="utf-8")
    uses = ("indicator: cashless-share", "indicator: meeting")
    assert codes(tmp_path, "base-plan", uses) == ["each"]
    each = (VALUE, f'{VALUE}\n      each: {{comparator: ">=", value: "65"}}')
    assert codes(tmp_path, "base-plan", uses, each) == []
    wrong = (VALUE, f'{VALUE}\n      each: {{comparator: ">=", value: "650"}}')
    assert codes(tmp_path, "base-plan", uses, wrong) == ["percent_range"]


def test_a_longer_circle_is_found_once_for_each_of_its_targets(tmp_path: Path) -> None:
    text = (BASE / "base-plan.yaml").read_text(encoding="utf-8")
    row = text[text.index("  - key: I.1") : text.index("    results:")]
    second = row.replace("I.1", "I.2").replace("order: 1", "order: 2")
    circle = ("    results:", "      same_as: base-plan/I.2\n    results:")
    ring = second + "      same_as: base-plan/I.1\n"
    last = "          - " + EVENT + "\n"
    found = codes(tmp_path, "base-plan", circle, (last, last + ring))
    assert found == ["reference_circle", "reference_circle"]


WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    "",
    "2025-13-01",
    "a/b",
    [],
    {},
    [1, 2, 3],
    {"a": 1},
    "units",
)


def places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value inside data."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, key))


def test_whatever_stands_anywhere_is_a_fault_or_a_value_and_never_an_error() -> None:
    """Every value of a plan, replaced by every wrong one: check names faults and does not break."""
    good = read((BASE / "base-plan.yaml").read_bytes(), "base-plan.yaml").data
    catalogue = load([BASE]).catalogue
    for path in places(good):
        for wrong in WRONG:
            data = copy.deepcopy(good)
            inner: Any = data
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = wrong
            source = read(json.dumps(data).encode(), "base-plan.yaml")
            plan, faults = shape(source)
            assert (plan is None) == bool(faults)
            if isinstance(plan, Plan):
                for flaw in check(catalogue.merged_with(Catalogue.of(plans=[plan]))):
                    source.fault(flaw.path, flaw.code, flaw.facts, flaw.known, at_key=flaw.at_key)
