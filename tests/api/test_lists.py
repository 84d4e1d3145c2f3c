"""The catalogue and lists: complete, public, as they were known."""

from __future__ import annotations

import pytest

from tests.api.conftest import Caller
from tests.api.test_scorecards import everything
from tests.builders import real_catalogue


async def test_the_whole_catalogue_can_be_read(ask: Caller) -> None:
    catalogue = real_catalogue()
    for name, expected in (
        ("metrics", catalogue.metrics), ("indicators", catalogue.indicators),
        ("plans", catalogue.plans),
    ):  # fmt: skip
        items = await everything(ask, f"/v1/{name}?", 20)
        assert [i["name"] for i in items] == sorted(expected)
    targets = await everything(ask, "/v1/targets?", 100)
    assert {t["id"] for t in targets} == set(catalogue.targets)
    assert all(t["citation"]["lines"] for t in targets)


async def test_a_target_by_itself_is_the_lists(ask: Caller) -> None:
    items = (await ask("/v1/targets?plan=quang-ninh-2025&limit=500", None)).json()["items"]
    for item in items[::20]:
        assert (await ask(f"/v1/targets/{item['id']}", None)).json() == item


async def test_targets_of_a_province_are_those_of_its_scorecard(ask: Caller) -> None:
    items = await everything(ask, "/v1/targets?province=77", 500)
    card = (await ask("/v1/provinces/77/scorecard")).json()
    assert {i["id"] for i in items} == {r["target"] for r in card["results"]}


async def test_a_plan_prints_back_row_by_row(ask: Caller) -> None:
    plan = (await ask("/v1/plans/br-vt-2025", None)).json()
    rows = [r for r in plan["rows"] if r["key"].startswith("annex-2/")]
    assert [r["order"] for r in rows] == sorted(r["order"] for r in rows)
    assert rows[0]["cells"] == {
        "national_committee": "70%", "ministry": "70%", "province": "70%", "result": "98,6%"
    }  # fmt: skip
    assert {t for r in plan["rows"] for t in r["targets"]} == {
        t for t in real_catalogue().targets if t.startswith("br-vt-2025/")
    }


async def test_before_it_was_loaded_there_was_no_catalogue(ask: Caller) -> None:
    known = "known_at=2020-01-01T00:00:00Z"
    assert (await ask(f"/v1/targets?{known}", None)).json()["items"] == []
    assert (await ask(f"/v1/plans/br-vt-2025?{known}", None)).status_code == 404


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "bad_value"), ("limit=501", 422, "bad_value"),
        ("limit=x", 422, "bad_value"), ("limit=-1", 422, "bad_value"),
        ("limit=٣", 422, "bad_value"), ("cursor=x", 400, "bad_cursor"),
        ("cursor=", 400, "bad_cursor"), ("cursor=%FF", 400, "bad_cursor"),
        ("cursor=WzEsMl0", 400, "bad_cursor"), ("tier=city", 422, "bad_value"),
        ("plan=x", 422, "bad_value"), ("indicator=x", 422, "bad_value"),
        ("province=00", 404, "not_found"), ("on=2025-13-01", 422, "bad_value"),
    ],
)  # fmt: skip
async def test_bad_questions(ask: Caller, query: str, status: int, code: str) -> None:
    answer = await ask(f"/v1/targets?{query}", None)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_cursor_belongs_to_its_list(ask: Caller) -> None:
    cursor = (await ask("/v1/targets?limit=1", None)).json()["next_cursor"]
    for path in ("/v1/plans?", "/v1/targets?plan=br-vt-2025&"):
        answer = await ask(f"{path}cursor={cursor}", None)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")
    assert (await ask(f"/v1/targets?limit=7&cursor={cursor}", None)).status_code == 200
