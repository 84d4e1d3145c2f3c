"""`?scheme=` on scorecards: named, closed, and the default untouched."""

from __future__ import annotations

import pytest

from tests.api.conftest import Caller

CARDS = [
    "/v1/provinces/77/scorecard?as_of=2025-03-31",
    "/v1/units/cq-syt-77/scorecard?as_of=2025-03-31",
]


@pytest.mark.parametrize("card", CARDS)
async def test_only_the_summary_is_another(ask: Caller, card: str) -> None:
    plain, same = await ask(card), await ask(f"{card}&scheme=share-met")
    assert plain.content == same.content
    points = (await ask(f"{card}&scheme=points")).json()
    assert points["summary"]["scheme"] == "points"
    assert points["summary"]["binding"] == plain.json()["summary"]["binding"]
    assert {**points, "summary": None} == {**plain.json(), "summary": None}


@pytest.mark.parametrize("card", CARDS)
async def test_an_unknown_scheme_lists_the_known_ones(ask: Caller, card: str) -> None:
    answer = await ask(f"{card}&scheme=rank")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_scheme")
    assert "share-met, points" in answer.json()["detail"]


async def test_before_a_scheme_was_known_it_is_not_there(ask: Caller) -> None:
    early = "known_at=2020-01-01T00:00:00Z"
    answer = await ask(f"/v1/provinces/77/scorecard?{early}&scheme=points")
    assert answer.json()["code"] == "unknown_scheme"
    assert (await ask(f"/v1/provinces/77/scorecard?{early}")).status_code == 200
