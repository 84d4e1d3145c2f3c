"""Who sees what; what may not be seen answers as what does not exist."""

from __future__ import annotations

import pytest

from tests.api.conftest import Caller

I7 = "br-vt-2025/annex-2/I.7/province"
# What each caller may read: path, then the names of those who may.
MAY = {
    "/v1/provinces/77/scorecard": {"admin", "ministry", "77", "unit", "other", "syt"},
    "/v1/provinces/77/completeness": {"admin", "ministry", "77"},
    "/v1/provinces/77/completeness?format=text": {"admin", "ministry", "77"},
    "/v1/provinces/22/scorecard": {"admin", "ministry", "22"},
    "/v1/provinces/79/scorecard": {"admin", "ministry", "77", "unit", "other", "syt"},
    f"/v1/targets/{I7}/result": {"admin", "ministry", "77", "unit", "other", "syt"},
    f"/v1/targets/{I7}/history": {"admin", "ministry", "77", "unit", "other", "syt"},
    f"/v1/targets/{I7}/explanation": {"admin", "ministry", "77", "syt"},
    f"/v1/targets/{I7}/receipt": {"admin", "ministry", "77", "syt"},
    f"/v1/targets/{I7}/units": {"admin", "ministry", "77", "syt"},
    "/v1/units/77F01": {"admin", "ministry", "77", "unit"},
    "/v1/units/77F01/scorecard": {"admin", "ministry", "77", "unit"},
    "/v1/units/77F01/events": {"admin", "ministry", "77", "unit"},
    "/v1/units/77F01/waivers": {"admin", "ministry", "77", "unit"},
    "/v1/units/cq-syt-77": {"admin", "ministry", "77", "syt"},
}
NAMES = ("admin", "ministry", "77", "22", "unit", "other", "syt")


@pytest.mark.parametrize("path", MAY)
async def test_who_may_read(ask: Caller, path: str) -> None:
    nothing = await ask(path.replace("77F01", "77F98").replace("I.7", "I.77"))
    for name in NAMES:
        answer = await ask(path, name)
        if name in MAY[path]:
            assert answer.status_code == 200, (name, answer.text)
        else:
            assert answer.status_code == 404, name
            assert answer.json()["code"] == "not_found"
            missing = await ask("/v1/units/nowhere", name)
            assert answer.content == missing.content
            same = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
            assert same == {k: v for k, v in missing.headers.items() if k != "x-request-id"}
    if "/units/77F01" in path or "/targets/" in path:
        assert nothing.status_code == 404


@pytest.mark.parametrize("path", [*MAY, "/v1/units", "/v1/events?source=a&id=b", "/v1/keys"])
async def test_a_key_is_needed(ask: Caller, path: str) -> None:
    none, wrong = await ask(path, None), await ask(path, "ct_aaaaaaaa_" + "A" * 43)
    assert (none.status_code, none.json()["code"]) == (401, "key_missing")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "key_invalid")
    assert none.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "path",
    ["/v1/provinces", "/v1/provinces/77", "/v1/metrics", "/v1/indicators", "/v1/plans",
     "/v1/plans/br-vt-2025", "/v1/targets", f"/v1/targets/{I7}", "/livez", "/readyz", "/metrics",
     "/openapi.json", "/asyncapi.json", "/docs", "/", "/p/77?on=2025-03-31"],
)  # fmt: skip
async def test_public(ask: Caller, path: str) -> None:
    assert (await ask(path, None)).status_code == 200


async def test_lists_hold_only_what_may_be_seen(ask: Caller) -> None:
    codes = {
        name: {u["code"] for u in (await ask("/v1/units?limit=500", name)).json()["items"]}
        for name in NAMES
    }
    assert codes["unit"] == {"77F01"}
    assert codes["admin"] == codes["ministry"] > codes["77"] > codes["unit"]
    assert not codes["77"] & codes["22"]


async def test_events_are_seen_by_those_who_see_the_unit(ask: Caller) -> None:
    for name, count in (("unit", 1), ("77", 1), ("admin", 1), ("other", 0), ("22", 0)):
        answer = await ask("/v1/events?source=urn:his&id=p1", name)
        assert len(answer.json()["items"]) == count, name
    foreign = await ask("/v1/events?source=urn:his&id=p1", "22")
    none = await ask("/v1/events?source=urn:his&id=p999", "22")
    assert foreign.content == none.content
