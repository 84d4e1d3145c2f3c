"""Waivers: granted, listed and taken back through the log, by those who may."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Caller, World, score

PATH = "/v1/units/77F03/waivers"


def a_request(**given: Any) -> dict[str, Any]:
    return {
        "metric": "emr", "from": "2025-03-01", "to": "2025-03-31", "document": "5/QĐ-SYT",
        "reason": "Sửa chữa cơ sở",
    } | given  # fmt: skip


async def test_a_waiver_lives_from_post_to_withdrawal(ask: Caller, world: World) -> None:
    made = await ask(PATH, "77", "POST", json=a_request())
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    waiver = made.json()
    assert waiver | {"id": "x"} == a_request() | {"id": "x", "unit": "77F03", "by": "syt-77"}
    again = await ask(PATH, "admin", "POST", json=a_request())
    assert (again.status_code, again.json()) == (200, waiver)
    await score(world.dsn)
    [listed] = (await ask(PATH, "77")).json()["items"]
    assert (listed["id"], listed["withdrawn"]) == (waiver["id"], None)
    early = await ask(f"{PATH}?known_at={quote(listed['known'])}")
    back = f"{PATH}/{waiver['id']}/withdrawal"
    why = {"document": "6/QĐ-SYT", "reason": "Ghi nhầm"}
    assert (await ask(back, "77", "POST", json=why)).status_code == 201
    assert (await ask(back, "77", "POST", json=why)).status_code == 200
    await score(world.dsn)
    [listed] = (await ask(PATH, "77")).json()["items"]
    assert (listed["withdrawn"]["by"], listed["withdrawn"]["document"]) == ("syt-77", "6/QĐ-SYT")
    assert (await ask(f"{PATH}?known_at={quote(waiver_known(early))}")).content == early.content
    # What was withdrawn may be granted anew.
    anew = await ask(PATH, "77", "POST", json=a_request())
    assert anew.status_code == 201
    assert anew.json()["id"] != waiver["id"]
    gone = f"{PATH}/{anew.json()['id']}/withdrawal"
    assert (await ask(gone, "admin", "POST", json=why)).status_code == 201
    await score(world.dsn)


def waiver_known(answer: Any) -> str:
    known: str = answer.json()["items"][0]["known"]
    return known


async def test_a_result_counts_what_is_waived(ask: Caller, world: World) -> None:
    units = (await ask("/v1/units?province=77&as_of=2025-03-31&kind=facility&limit=500")).json()
    code = next(u["code"] for u in units["items"] if u["type"] == "hospital" and u["open"])
    card = "/v1/provinces/77/scorecard?as_of=2025-03-31"

    async def emr() -> tuple[str, int, int]:
        results = (await ask(card)).json()["results"]
        one = next(r for r in results if r["kind"] == "share_of_units" and r["scope"]["bounds"])
        return one["target"], one["scope"]["units_expected"], one["scope"]["waived"]

    target, expected, waived = await emr()
    assert (waived, expected > 1) == (0, True)
    made = await ask(f"/v1/units/{code}/waivers", "77", "POST", json=a_request(metric=None))
    assert made.status_code == 201
    await score(world.dsn)
    assert await emr() == (target, expected - 1, 1)
    link = f"/v1/targets/{target}/explanation?as_of=2025-03-31"
    [told] = (await ask(link)).json()["waived"]
    assert (told["id"], told["unit"], told["by"]) == (made.json()["id"], code, "syt-77")
    shares = (await ask(f"/v1/targets/{target}/units?as_of=2025-03-31&limit=500")).json()["items"]
    assert {u["unit"]: u["waived"] for u in shares if u["waived"]} == {code: [told["id"]]}
    back = f"/v1/units/{code}/waivers/{told['id']}/withdrawal"
    assert (await ask(back, "77", "POST", json={"document": "x", "reason": "y"})).is_success
    await score(world.dsn)
    assert await emr() == (target, expected, 0)


@pytest.mark.parametrize(
    ("as_", "status", "code"),
    [
        ("unit", 403, "role_not_allowed"),
        ("ministry", 403, "role_not_allowed"),
        ("22", 404, "not_found"),
    ],
)
async def test_who_may_not(ask: Caller, as_: str, status: int, code: str) -> None:
    for path, body in (
        (PATH, a_request()),
        (f"{PATH}/5eed00000001/withdrawal", {"document": "x", "reason": "y"}),
    ):
        answer = await ask(path, as_, "POST", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_who_may_read(ask: Caller) -> None:
    path = "/v1/units/77F02/waivers"
    seen = {name: (await ask(path, name)).status_code for name in
            ("admin", "ministry", "77", "other", "22", "unit", "syt")}  # fmt: skip
    assert seen == {
        "admin": 200, "ministry": 200, "77": 200, "other": 200, "22": 404, "unit": 404, "syt": 404,
    }  # fmt: skip


async def test_a_unit_that_moved_is_freed_by_the_province_it_lies_in(
    ask: Caller, world: World
) -> None:
    unit = {
        "from": "2024-01-01", "name": "Phòng khám dời đi", "kind": "facility",
        "type": "polyclinic", "ownership": "private", "province": "77", "fictional": True,
    }  # fmt: skip
    for change in ({}, {"from": "2025-04-01", "province": "58"}):
        done = await ask("/v1/units/77F60", "admin", "PUT", json=unit | change)
        assert done.is_success, done.text
    await score(world.dsn)
    path = "/v1/units/77F60/waivers"
    for days in ({"to": "2025-04-30"}, {"from": "2025-04-01", "to": "2025-04-01"}):
        refused = await ask(path, "77", "POST", json=a_request(**days))
        assert (refused.status_code, refused.json()["code"]) == (403, "place_not_allowed")
    assert (await ask(path, "77", "POST", json=a_request())).status_code == 201


@pytest.mark.parametrize(
    ("given", "code", "pointer"),
    [
        ({"from": None}, "missing", "/from"),
        ({"to": "2025-02-30"}, "bad_day", "/to"),
        ({"to": "2025-02-28"}, "to_before_from", "/to"),
        ({"metric": "nothing"}, "no_such_metric", "/metric"),
        ({"metric": "published-rate"}, "no_such_metric", "/metric"),
        ({"metric": 5}, "wrong_type", "/metric"),
        ({"document": None}, "missing", "/document"),
        ({"reason": " "}, "empty", "/reason"),
        ({"reason": "x" * 501}, "too_long", "/reason"),
        ({"reason": "BS 0912345678"}, "looks_like_a_person", "/reason"),
        ({"unit": "77F01"}, "unexpected_field", ""),
    ],
)
async def test_a_bad_waiver(ask: Caller, given: dict[str, Any], code: str, pointer: str) -> None:
    answer = await ask(PATH, "77", "POST", json=a_request(**given))
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("waiver", ["5eed00000001", "000000000000", "x", "5EED00000001"])
async def test_a_withdrawal_of_nothing(ask: Caller, waiver: str) -> None:
    answer = await ask(f"{PATH}/{waiver}/withdrawal", "77", "POST",
                       json={"document": "x", "reason": "y"})  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
