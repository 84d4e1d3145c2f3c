"""Scorecards, results, explanations, histories and units, against what the plans print."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.api.conftest import Caller

CARD = "/v1/provinces/77/scorecard?as_of=2025-03-31"
I7 = "br-vt-2025/annex-2/I.7/province"
RECORDS = "quang-ninh-2025"


async def test_ba_ria_vung_tau_reads_as_it_was_published(ask: Caller) -> None:
    card = (await ask(f"{CARD}&on=2025-03-31&plan=br-vt-2025&tier=province")).json()
    assert card["province"]["name"] == "Bà Rịa – Vũng Tàu"
    own = [r for r in card["results"] if r["row"].startswith("br-vt-2025/annex-2/")]
    assert sum(r["verdict"] == "met" for r in own) == 14
    assert {r["tier"] for r in card["results"]} == {"province"}
    assert {r["plan"] for r in card["results"]} == {"br-vt-2025"}


async def test_filters_change_no_binding(ask: Caller) -> None:
    whole = {r["target"]: r for r in (await ask(CARD)).json()["results"]}
    part = (await ask(f"{CARD}&plan=br-vt-2025")).json()["results"]
    assert len(part) < len(whole)
    assert all(r == whole[r["target"]] for r in part)


async def test_a_result_is_the_scorecards(ask: Caller) -> None:
    card = (await ask(CARD)).json()
    in_card = next(r for r in card["results"] if r["target"] == I7)
    result = (await ask(f"/v1/targets/{I7}/result?as_of=2025-03-31")).json()
    assert (result["numerator"], result["denominator"]) == (776, 897)
    assert {k: result[k] for k in in_card} == in_card
    assert (result["as_of"], result["position"]) == (card["as_of"], card["position"])


@pytest.mark.parametrize("name", ["result", "history", "units", "explanation"])
async def test_links_carry_the_pair_and_work(ask: Caller, name: str) -> None:
    card = (await ask(CARD)).json()
    for result in [r for r in card["results"] if r["target"] == I7 or "1366" in r["plan"]][:3]:
        answer = await ask(result["links"][name])
        assert answer.status_code == 200, answer.text
        assert answer.json()["known_at"] == card["known_at"]
        assert answer.json()["as_of"] == "2025-03-31"


async def test_counted_reports_add_up(ask: Caller) -> None:
    card = (await ask("/v1/provinces/22/scorecard?as_of=2025-02-10&on=2025-02-10")).json()
    measured = [r for r in card["results"] if r["numerator"] is not None]
    assert measured
    for result in measured:
        explanation = (await ask(result["links"]["explanation"])).json()
        units = await everything(ask, result["links"]["units"])
        for part in ("numerator", "denominator"):
            if result[part] is None:
                continue
            whole = Decimal(result[part])
            assert sum(Decimal(c[part] or 0) for c in explanation["counted"]) == whole
            assert sum(Decimal(u[part] or 0) for u in units) == whole


async def everything(ask: Caller, link: str, limit: int = 3) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await ask(f"{link}&limit={limit}{cursor}")
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return items
        cursor = f"&cursor={answer.json()['next_cursor']}"


async def test_pages_of_units_are_the_list(ask: Caller) -> None:
    card = (await ask("/v1/provinces/22/scorecard?as_of=2025-02-10&on=2025-02-10")).json()
    link = max(card["results"], key=lambda r: r["scope"]["units_expected"])["links"]["units"]
    whole = (await ask(link)).json()["items"]
    assert len(whole) > 3
    assert await everything(ask, link) == whole


async def test_history_ends_at_as_of(ask: Caller) -> None:
    items = (await ask(f"/v1/targets/{I7}/history?as_of=2025-04-15")).json()["items"]
    assert [i["as_of"] for i in items] == [
        "2025-01-31", "2025-02-28", "2025-03-31", "2025-04-15"
    ]  # fmt: skip
    result = (await ask(f"/v1/targets/{I7}/result?as_of=2025-03-31")).json()
    same = next(i for i in items if i["as_of"] == "2025-03-31")
    assert {k: result[k] for k in same if k in result} == {k: same[k] for k in same if k in result}


async def test_a_national_target_needs_a_province(ask: Caller) -> None:
    targets = (await ask("/v1/targets?plan=byt-1366-2025&limit=1")).json()["items"]
    link = f"/v1/targets/{targets[0]['id']}/result"
    assert (await ask(link)).json()["code"] == "province_required"
    assert (await ask(f"{link}?province=77")).status_code == 200
    wrong = await ask(f"/v1/targets/{I7}/result?province=22")
    assert (wrong.status_code, wrong.json()["code"]) == (404, "not_found")


async def test_a_unit_sees_its_own_targets_and_its_part_of_others(ask: Caller) -> None:
    card = (await ask("/v1/units/cq-syt-77/scorecard?as_of=2025-03-31")).json()
    assert card["unit"]["code"] == "cq-syt-77"
    assert I7 in {r["target"] for r in card["results"]}
    facility = (await ask("/v1/units/77F01/scorecard?as_of=2025-03-31", "unit")).json()
    payments = [
        c for c in facility["contributions"]
        if c["indicator"].startswith("cashless-payment-count") and c["numerator"] is not None
    ]  # fmt: skip
    for part in payments:
        units = (await ask(part["links"]["units"])).json()["items"]
        mine = next(u for u in units if u["unit"] == "77F01")
        assert not part["counts"] or mine["numerator"] == part["numerator"]


async def test_codes_that_changed_hands(ask: Caller) -> None:
    names = {
        "/v1/provinces/91": "An Giang",
        "/v1/provinces/91?on=2025-03-31": "Kiên Giang",
        "/v1/provinces/77": "Bà Rịa – Vũng Tàu",
    }
    for path, name in names.items():
        assert (await ask(path, None)).json()["name"] == name
    assert (await ask("/v1/provinces/91/scorecard")).json()["province"]["name"] == "An Giang"
    then = await ask("/v1/provinces/91/scorecard?on=2025-03-31&as_of=2025-03-31")
    assert then.json()["province"]["name"] == "Kiên Giang"
    assert (await ask("/v1/provinces/00")).status_code == 404
