"""Scorecards of merged provinces: plans with their origin, results by the places of a day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.api.conftest import Caller

NEW = "/v1/provinces/79/scorecard?as_of=2025-12-31"
OWN = "/v1/provinces/77/scorecard?as_of=2025-12-31"
RECORDS = "/v1/provinces/22/scorecard?as_of=2025-02-10"


async def card(ask: Caller, path: str, as_: str = "admin") -> dict[str, Any]:
    answer = await ask(path, as_=as_)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_successor_shows_the_dissolved_provinces_plan_as_its_own_scorecard_does(
    ask: Caller,
) -> None:
    new, own = await card(ask, NEW), await card(ask, OWN)
    assert new["position"] == own["position"]
    shown = {r["target"]: r for r in new["results"]}
    for result in [r for r in own["results"] if r["plan"] == "br-vt-2025"]:
        twin = shown[result["target"]]
        assert twin["origin"] == {
            "code": "77", "name": "Bà Rịa – Vũng Tàu", "valid_to": "2025-06-30",
        }  # fmt: skip
        for name in ("numerator", "denominator", "actual", "verdict", "evaluated_on", "links"):
            assert twin[name] == result[name]
    assert {r["origin"] is None for r in new["results"] if r["plan"] == "byt-1366-2025"} == {True}
    binding = [r for r in new["results"] if r["binding"]]
    ongoing = [r for r in binding if r["kind"] == "task" and r["due"] is None]
    assert new["summary"]["binding"] == len(binding) - len(ongoing)


async def test_a_dissolved_provinces_key_reads_its_plan_on_the_successors_scorecard(
    ask: Caller,
) -> None:
    assert (await ask(NEW, as_="77")).content == (await ask(NEW)).content
    assert (await ask(NEW, as_="22")).status_code == 404


@pytest.mark.parametrize("level", ["province", "district"])
async def test_results_by_places_add_up(ask: Caller, level: str) -> None:
    shown = await card(ask, f"{RECORDS}&places=2025-02-10&level={level}")
    plain = {r["target"]: r for r in (await card(ask, RECORDS))["results"]}
    measured = [r for r in shown["results"] if r["numerator"] is not None]
    assert measured
    for result in shown["results"]:
        assert {**result, "places": None} == plain[result["target"]]
    for result in measured:
        told = result["places"]
        assert (told["on"], told["level"]) == ("2025-02-10", level)
        for name in ("numerator", "denominator"):
            parts = [Decimal(p[name] or 0) for p in (*told["parts"], *told["together"])]
            assert sum(parts) == Decimal(result[name] or 0)
    districts = {p["name"] for r in measured for p in r["places"]["parts"]}
    assert ("Cô Tô" in districts) is (level == "district")


async def test_one_result_by_places_is_the_scorecards(ask: Caller) -> None:
    shown = (await card(ask, f"{RECORDS}&places=2026-01-01"))["results"]
    one = next(r for r in shown if r["numerator"] is not None)
    path = one["links"]["result"]
    answer = await ask(f"{path}&places=2026-01-01")
    assert {k: answer.json()[k] for k in one} == one


@pytest.mark.parametrize(
    "given",
    ["places=yesterday", "places=2025-13-01", "level=district", "places=2026-01-01&level=district",
     "places=2025-01-01&level=ward", "places=reported&level=commune"],
)  # fmt: skip
async def test_places_that_cannot_be_are_refused(ask: Caller, given: str) -> None:
    answer = await ask(f"{RECORDS}&{given}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_value")


async def test_reported_is_the_default(ask: Caller) -> None:
    assert (await ask(f"{RECORDS}&places=reported")).content == (await ask(RECORDS)).content


async def test_a_units_key_sees_no_single_commune(ask: Caller) -> None:
    by = f"{OWN}&places=2025-03-31"
    assert (await ask(f"{by}&level=commune", as_="unit")).status_code == 404
    assert (await ask(by, as_="unit")).content == (await ask(by)).content


async def test_an_explanation_tells_whose_figures_make_up_each_place(ask: Caller) -> None:
    by = "places=2025-02-10&level=district"
    results = (await card(ask, f"{RECORDS}&{by}"))["results"]
    divided = [r for r in results if len(r["places"]["parts"]) > 1 and r["numerator"] is not None]
    assert divided
    for result in divided[:3]:
        told = await card(ask, f"{result['links']['explanation']}&{by}")
        places = told["places"]
        assert {k: places[k] for k in result["places"]} == result["places"]
        part = next(p for p in places["parts"] if p["numerator"] is not None)
        mine = [u for u in places["units"] if u["places"] == [part["code"]]]
        assert sum(u["numerator"] for u in mine) == part["numerator"]
        plain = await card(ask, result["links"]["explanation"])
        assert plain == {**told, "places": None}
        listed = (await card(ask, f"{result['links']['units']}&{by}&limit=500"))["items"]
        assert [
            {"unit": item["unit"], "name": item["name"], **piece}
            for item in listed for piece in item["places"]
        ] == places["units"]  # fmt: skip
        unasked = (await card(ask, f"{result['links']['units']}&limit=500"))["items"]
        assert {item["places"] is None for item in unasked} == {True}
        page = await ask(f"/t/{result['target']}/explanation?as_of=2025-02-10&{by}")
        assert f"{part['code']} {part['name']}" in page.text
        assert part["display"] in page.text


async def test_a_units_key_sees_its_own_explanation_by_provinces_alone(ask: Caller) -> None:
    target = "br-vt-2025/annex-2/I.7/province"
    for path in (f"/v1/targets/{target}/explanation", f"/v1/targets/{target}/units",
                 f"/t/{target}/explanation"):  # fmt: skip
        by = f"{path}?as_of=2025-03-31&places=2025-03-31"
        assert (await ask(by, as_="syt")).status_code == 200
        assert (await ask(f"{by}&level=commune", as_="syt")).status_code == 404
        assert (await ask(f"{by}&level=commune", as_="77")).status_code == 200


async def test_where_nothing_can_be_divided_places_are_no_parameter(ask: Caller) -> None:
    result = next(r for r in (await card(ask, RECORDS))["results"] if r["numerator"] is not None)
    for path in (result["links"]["history"], result["links"]["receipt"],
                 "/v1/units/dvhc-22/scorecard?as_of=2025-02-10",
                 "/v1/provinces/22/completeness?as_of=2025-02-10"):  # fmt: skip
        answer = await ask(f"{path}&places=2025-02-10")
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter"), path


async def test_the_successors_page_names_whose_plan_it_is(ask: Caller) -> None:
    assert "Của Bà Rịa – Vũng Tàu (77), đến 30/06/2025" in (await ask("/p/79", None)).text
    assert "Của Bà Rịa" not in (await ask("/p/77?on=2025-03-31", None)).text
