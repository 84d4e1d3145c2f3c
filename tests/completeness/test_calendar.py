"""The plans' own reporting days, and where they contradict their periods."""

from __future__ import annotations

from typing import Any

import pytest

from chitieu.completeness.annex import period_words
from chitieu.completeness.calendar import calendar_json, due_of, ending_in
from chitieu.periods import parse_period
from tests.builders import day, real_catalogue


def calendar(name: str) -> dict[str, dict[str, Any]]:
    return {entry["period"]: entry for entry in calendar_json(real_catalogue().plans[name])}


def test_ninh_thuan_reports_before_the_20th_of_the_quarters_last_month() -> None:
    found = calendar("ninh-thuan-2025")
    assert {period: entry["due"] for period, entry in found.items()} == {
        "2025-Q1": "2025-03-19", "2025-H1": "2025-06-19", "2025-Q2": "2025-06-19",
        "2025-Q3": "2025-09-19", "2025": "2025-12-09", "2025-Q4": "2025-12-19",
    }  # fmt: skip
    assert all(entry["before_end"] for entry in found.values())
    # The fourth quarter is reported after the year that contains it.
    assert [p for p, entry in found.items() if entry["after_longer"]] == ["2025-Q4"]
    assert found["2025-Q4"]["after_longer"] == ["2025"]


def test_quang_ninh_reports_before_the_30th_and_in_december_before_the_15th() -> None:
    assert {period: entry["due"] for period, entry in calendar("quang-ninh-2025").items()} == {
        "2025-Q1": "2025-03-29", "2025-Q2": "2025-06-29", "2025-Q3": "2025-09-29",
        "2025-Q4": "2025-12-14",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["br-vt-2025", "byt-1366-2025", "kien-giang-2025", "quang-ngai-2023"]
)
def test_where_a_plan_prints_no_day_the_metrics_rule_holds(name: str) -> None:
    plan = real_catalogue().plans[name]
    assert all(entry["due"] is None for entry in calendar_json(plan))
    period = parse_period("2025-Q1")
    assert period is not None
    due = due_of(plan, period, real_catalogue().metrics["it-spending"])
    assert (due.day, due.basis) == (day("2025-05-01"), "metric")


def test_a_longer_cadence_is_asked_where_it_ends() -> None:
    third, fourth = parse_period("2025-Q3"), parse_period("2025-Q4")
    assert third is not None
    assert fourth is not None
    assert ending_in("year", third, third.last) == ()
    assert [str(p) for p in ending_in("year", fourth, fourth.last)] == ["2025"]
    assert [str(p) for p in ending_in("month", third, day("2025-08-31"))] == ["2025-07", "2025-08"]


@pytest.mark.parametrize(
    ("period", "vi", "en"),
    [
        ("2025", "năm 2025", "the year 2025"),
        ("2025-H2", "6 tháng cuối năm 2025", "the second half of 2025"),
        ("2025-Q4", "quý IV năm 2025", "quarter IV of 2025"),
        ("2025-03", "tháng 3 năm 2025", "March 2025"),
        ("2025-03-31", "31/3/2025", "31 March 2025"),
        ("2025-01-01/2025-02-28", "1/1/2025 – 28/2/2025", "1 January 2025 – 28 February 2025"),
    ],
)
def test_periods_in_words(period: str, vi: str, en: str) -> None:
    assert (period_words(period, True), period_words(period, False)) == (vi, en)
