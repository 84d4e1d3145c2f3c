"""Forecasts: their arithmetic on cases that can be worked out by hand, and a small back-test."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from benchmarks.outlook import back_test
from benchmarks.outlook_series import FAMILIES, SHAPES
from chitieu.catalogue.scalars import Comparator
from chitieu.outlook.forecast import (
    Flow,
    Required,
    adoption,
    kept_up,
    pooled_ratio,
    stock,
    succession,
    total,
)
from chitieu.outlook.level import CALM, LIVELY, mean_ahead
from chitieu.outlook.stops import stopped, with_stops
from chitieu.outlook.student import Component, cdf, mixture_cdf, quantile

AT_LEAST_80 = Required(">=", 80.0)
# Neither those the constants were set on nor those kept for the end.
SEEDS = range(31_000, 31_030)


@pytest.mark.parametrize(
    ("freedom", "t", "table"),
    [(2, 1.886, 0.9), (2, 4.303, 0.975), (4, 1.533, 0.9), (10, 1.372, 0.9), (30, 2.042, 0.975)],
)
def test_students_t_is_the_one_of_the_tables(freedom: int, t: float, table: float) -> None:
    assert cdf(t, freedom) == pytest.approx(table, abs=2e-4)
    assert cdf(-t, freedom) == pytest.approx(1 - table, abs=2e-4)


def test_a_quantile_is_where_so_much_lies_below() -> None:
    mixed = [Component(0.3, -5.0, 1.0), Component(0.7, 4.0, 2.0)]

    def below(x: float) -> float:
        return mixture_cdf(mixed, 4, x)

    for share in (0.1, 0.5, 0.9):
        assert below(quantile(below, share, -500, 500)) == pytest.approx(share, abs=1e-4)


@pytest.mark.parametrize("models", [LIVELY, CALM])
def test_a_series_that_never_moves_goes_on(models: tuple[Any, ...]) -> None:
    ahead = mean_ahead([7.0] * 8, 4, models, 0.5)
    assert ahead.centre == pytest.approx(7.0)
    assert sum(c.weight for c in ahead.components) == pytest.approx(1.0)


def test_a_trend_is_carried_on_and_damped() -> None:
    ahead = mean_ahead([float(x) for x in range(1, 11)], 2, LIVELY, 0.5)
    assert 10.0 < ahead.centre < 11.6


def test_what_is_not_known_is_passed_over() -> None:
    gap = mean_ahead([5.0, 5.1, None, 4.9, 5.0], 3, LIVELY, 0.5)
    assert gap.centre == pytest.approx(5.0, abs=0.1)


def test_after_a_shift_the_new_level_is_foretold() -> None:
    ahead = mean_ahead([10.0, 10.2, 9.9, 10.1, 10.0, 20.1, 19.9, 20.0], 4, LIVELY, 0.5)
    assert ahead.centre > 18


def test_a_wider_scatter_gives_a_wider_interval() -> None:
    calm = pooled_ratio(Flow([50, 51, 50, 49], [100] * 4, (200, 400), 8), AT_LEAST_80)
    wild = pooled_ratio(Flow([30, 71, 40, 59], [100] * 4, (200, 400), 8), AT_LEAST_80)
    assert calm is not None
    assert wild is not None
    assert calm.low is not None
    assert wild.low is not None
    assert wild.low < calm.low


def test_a_pooled_ratio_cannot_leave_what_the_past_allows() -> None:
    # 100 of 400 so far; were all of the next 400 there, 500 of 800 = 62.5 %.
    found = pooled_ratio(Flow([10, 20, 30, 40], [100] * 4, (100, 400), 4), Required(">=", 63.0))
    assert found is not None
    assert found.high is not None
    assert found.high <= Decimal("62.50")
    assert found.probability == 0


def test_the_last_day_leaves_nothing_to_foretell() -> None:
    found = pooled_ratio(Flow([80, 85, 90], [100] * 3, (255, 300), 0), AT_LEAST_80)
    assert found is not None
    assert (found.low, found.high, found.probability) == (Decimal("85.00"), Decimal("85.00"), 1)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_too_little_history_says_so(known: int) -> None:
    assert pooled_ratio(Flow([5] * known, [9] * known, (9, 18), 9), AT_LEAST_80) is None
    assert total([4.0] * known, 8, 9, AT_LEAST_80) is None
    assert stock([40.0] * known, 9, AT_LEAST_80) is None
    assert adoption([4] * known, 10, 9, AT_LEAST_80) is None


def test_a_total_never_shrinks_and_what_is_reached_is_met() -> None:
    found = total([30.0, 2.0, 40.0], 72.0, 6, Required(">=", 72.0))
    assert found is not None
    assert found.probability == 1
    assert found.low is not None
    assert found.low >= 72
    over = total([30.0, 2.0, 40.0], 72.0, 6, Required("<=", 71.0))
    assert over is not None
    assert over.probability == 0


def test_more_units_than_there_are_are_never_foretold() -> None:
    found = adoption([2, 5, 8], 9, 12, Required(">=", 100.0))
    assert found is not None
    assert (found.expected, found.high) == (Decimal("100.00"), Decimal("100.00"))
    assert found.low is not None
    assert found.low >= Decimal("88.89")


def test_those_that_arrive_evenly_are_on_their_way() -> None:
    on_way = adoption([2, 4, 6, 8, 10], 20, 4, Required(">=", 80.0))
    too_far = adoption([2, 4, 6, 8, 10], 20, 4, Required(">=", 100.0))
    assert on_way is not None
    assert too_far is not None
    assert on_way.expected == Decimal("90.00")
    assert on_way.probability > Decimal("0.8") > Decimal("0.3") > too_far.probability


def test_the_longer_it_held_the_likelier_it_holds() -> None:
    chances = [kept_up(periods, 6) for periods in (3, 6, 12, 24)]
    assert all(a < b for a, b in itertools.pairwise(chances))
    assert succession(3, 0).probability == 1


@pytest.mark.parametrize("comparator", [">=", ">", "<=", "<"])
def test_opposite_requirements_share_the_chance(comparator: Comparator) -> None:
    opposites: dict[Comparator, Comparator] = {">=": "<", ">": "<=", "<=": ">", "<": ">="}
    flow = Flow([70, 85, 80, 78], [100] * 4, (313, 400), 8)
    one = pooled_ratio(flow, Required(comparator, 79.0))
    two = pooled_ratio(flow, Required(opposites[comparator], 79.0))
    assert one is not None
    assert two is not None
    assert abs(one.probability + two.probability - 1) <= Decimal("0.01")


@pytest.fixture(scope="module")
def scores() -> dict[tuple[str, str], dict[str, Any]]:
    """A smaller `python -m benchmarks.outlook`."""
    return {key: score.row() for key, score in back_test(SEEDS).items()}


def test_intervals_hold_what_they_promise_in_every_family(
    scores: dict[tuple[str, str], dict[str, Any]],
) -> None:
    assert 75 <= scores["*", "*"]["coverage"] <= 85
    for family in FAMILIES:
        row = scores[family, "*"]
        assert 74 <= row["coverage"] <= 88, (family, row)
        assert row["brier"] < min(row["brier_persistence"], row["brier_line"]), (family, row)


@pytest.mark.parametrize("shape", SHAPES)
def test_in_every_shape_it_foretells_better_than_the_yardsticks(
    scores: dict[tuple[str, str], dict[str, Any]], shape: str
) -> None:
    """30 years a shape and family scatter by two points."""
    row = scores["*", shape]
    low, high = (82, 91) if shape == "steady" else (72, 88)
    assert low <= row["coverage"] <= high, row
    assert row["brier"] < 1.05 * min(row["brier_persistence"], row["brier_line"]), row


def test_once_a_stop_is_seen_it_is_believed(
    scores: dict[tuple[str, str], dict[str, Any]],
) -> None:
    row = scores["*", "stop, seen"]
    assert row["coverage"] > 90
    assert row["brier"] < 0.035


def test_one_idle_period_is_a_doubt_and_more_are_a_stop() -> None:
    busy = [100.0, 104.0, 97.0, 101.0, 99.0]
    chances = [stopped(busy + [0.0] * run, counted=True) for run in (0, 1, 2, 3)]
    assert chances[0] == 0
    assert 0.3 < chances[1] < 0.8 < chances[2] < chances[3] < 1


def test_a_period_without_any_says_little_where_few_arrive() -> None:
    assert stopped([1.0, 0.0, 1.0, 1.0, 0.0, 0.0], counted=True) < 0.2
    assert stopped([9.0, 8.0, 9.0, 9.0, 0.0, 0.0], counted=True) > 0.8


def test_after_a_stop_what_is_there_is_all_there_will_be() -> None:
    found = total([50.0, 52.0, 49.0, 51.0, 0.0, 0.0, 0.0], 202, 5, Required(">=", 300.0))
    assert found is not None
    assert found.expected == 202
    assert found.probability < Decimal("0.1")


def test_what_may_stop_reaches_less_the_longer_the_way() -> None:
    figures = [10.0, 10.2, 9.9, 10.1]
    for steps in (1, 3, 8):
        plain = mean_ahead(figures, steps, CALM, 0.5)
        found = with_stops(plain, figures, steps, counted=True)
        assert sum(c.weight for c in found.components) == pytest.approx(1.0)
        assert (found.centre < plain.centre) == (steps > 1)
