"""Units, conditions and keys: written through the log, by those who may."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from chitieu.postgres.keys import MAX_AGE_SECONDS
from tests.api.conftest import Caller, World, payment, post, score
from tests.builders import real_catalogue


def a_unit(**given: Any) -> dict[str, Any]:
    return {
        "from": "2025-01-01", "name": "Phòng khám thử", "kind": "facility", "type": "polyclinic",
        "ownership": "private", "province": "77", "fictional": True,
    } | given  # fmt: skip


async def put(ask: Caller, code: str, as_: str = "77", **given: Any) -> Any:
    return await ask(f"/v1/units/{code}", as_, "PUT", json=a_unit(**given))


async def test_a_unit_is_registered_changed_and_read_back(ask: Caller, world: World) -> None:
    first = await put(ask, "77F50")
    assert first.status_code == 201, first.text
    assert (await put(ask, "77F50")).status_code == 200
    second = await put(ask, "77F50", **{"from": "2025-06-01", "name": "Tên mới"})
    assert second.status_code == 200
    assert (await ask("/v1/units/77F50")).status_code == 404  # not scored yet
    await score(world.dsn)
    unit = (await ask("/v1/units/77F50?as_of=2025-03-01")).json()
    assert (unit["name"], len(unit["versions"])) == ("Phòng khám thử", 2)
    assert (await ask("/v1/units/77F50?as_of=2025-06-01")).json()["name"] == "Tên mới"
    early = await ask(f"/v1/units/77F50?known_at={'2020-01-01T00:00:00Z'}")
    assert early.status_code == 404


async def test_a_unit_just_registered_may_report(ask: Caller, world: World) -> None:
    assert (await put(ask, "77F51")).status_code == 201
    await post(world, "77", [payment("new", "77F51")])
    await score(world.dsn)
    events = (await ask("/v1/units/77F51/events")).json()["items"]
    assert [(e["id"], e["counts"]) for e in events] == [("new", True)]


async def test_only_the_province_and_the_operator_manage_units(ask: Caller) -> None:
    for name, code in (("unit", "role_not_allowed"), ("ministry", "role_not_allowed"),
                       ("22", "place_not_allowed")):  # fmt: skip
        answer = await put(ask, "77F52", name)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    taken = await put(ask, "77F01", "22", province="22")
    assert (taken.status_code, taken.json()["code"]) == (409, "code_taken")
    assert (await put(ask, "79F01", "77", province="79", **{"from": "2025-08-01"})).is_success
    assert (await put(ask, "22F90", "admin", province="22")).status_code == 201


async def test_a_unit_with_a_new_code_names_an_older_one_of_the_same_keeper(
    ask: Caller, world: World
) -> None:
    assert (await put(ask, "77F56", closed="2025-06-30")).status_code == 201
    await post(world, "77", [payment("old-code", "77F56")])
    later = {"from": "2025-07-01", "succeeds": "77F56"}
    assert (await put(ask, "22F91", "admin", province="22")).status_code == 201
    for older in ("22F91", "77F5X", "77F57"):  # a foreign one, none, itself
        refused = await put(ask, "77F57", **later | {"succeeds": older})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_unit")
        assert [e["pointer"] for e in refused.json()["errors"]] == ["/succeeds"]
    made = await put(ask, "77F57", **later)
    assert (made.status_code, made.json()["succeeds"]) == (201, "77F56")
    await score(world.dsn)
    unit = (await ask("/v1/units/77F57?as_of=2025-08-01")).json()
    assert (unit["succeeds"], unit["opened"]) == ("77F56", "2025-07-01")
    assert (await ask("/v1/units/77F56?as_of=2025-08-01")).json()["open"] is False
    card = (await ask("/v1/units/77F57/scorecard?as_of=2025-06-30")).json()
    assert [c for c in card["contributions"] if c["denominator"] == 100]


@pytest.mark.parametrize(
    ("code", "given", "fault", "pointer"),
    [
        ("77F53", {"kind": "clinic"}, "unknown_word", "/kind"),
        ("77F53", {"type": "school"}, "unknown_word", "/type"),
        ("77F53", {"ownership": "x"}, "unknown_word", "/ownership"),
        ("77F53", {"class": "V"}, "unknown_word", "/class"),
        ("77F53", {"province": "00"}, "unknown_place", "/province"),
        ("77F53", {"from": "2025-02-30"}, "bad_day", "/from"),
        ("77F53", {"from": None}, "missing", "/from"),
        ("77F53", {"closed": "2024-12-31"}, "closed_before_from", "/closed"),
        ("77F53", {"name": ""}, "empty", "/name"),
        ("77F53", {"name": "a\u202eb"}, "forbidden_characters", "/name"),
        ("77F53", {"note": "BS 0912345678"}, "looks_like_a_person", "/note"),
        ("77F53", {"services": "x"}, "wrong_type", "/services"),
        ("77F53", {"fictional": "yes"}, "boolean_expected", "/fictional"),
        ("77F53", {"colour": "red"}, "unexpected_field", ""),
        ("77F53", {"fictional": False}, "unit_code_form", None),
        ("abc", {}, "unit_code_form", None),
        ("dvhc-99", {}, "unit_code_form", None),
    ],
)
async def test_a_bad_unit(
    ask: Caller, code: str, given: dict[str, Any], fault: str, pointer: str | None
) -> None:
    answer = await put(ask, code, **given)
    assert (answer.status_code, answer.json()["code"]) == (422, fault), answer.text
    if pointer is not None:
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert "red" not in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"", "application/json", 400, "body_empty"),
        (b"[]", "application/json", 400, "object_expected"),
        (b'{"a":1,"a":2}', "application/json", 400, "duplicate_key"),
        (b'{"a":NaN}', "application/json", 400, "not_json"),
        (b"\xff", "application/json", 400, "not_utf8"),
        (b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", "application/json", 400, "too_deep"),
        (b"{}", "text/plain", 415, "json_required"),
        (b'{"name":"' + b"x" * 70_000 + b'"}', "application/json", 413, "body_too_large"),
    ],
)
async def test_a_bad_body(ask: Caller, content: bytes, kind: str, status: int, code: str) -> None:
    answer = await ask(
        "/v1/units/77F54", "77", "PUT", content=content, headers={"content-type": kind}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def conditional() -> str:
    """A target of Quảng Ninh that waits for a condition, not the one of the documentation."""
    targets = real_catalogue().targets
    waiting = [t for t, e in targets.items() if e.target.condition and e.plan.place == "22"]
    return waiting[-1]


async def test_a_condition_brings_a_target_into_force(ask: Caller, world: World) -> None:
    target = conditional()
    path, result = f"/v1/targets/{target}/condition", f"/v1/targets/{target}/result"
    body = {"fulfilled_on": "2025-05-01", "document": "12/QĐ-BYT"}
    before = (await ask(f"{result}?as_of=2025-06-01")).json()
    assert (before["verdict"], before["reason"]) == ("not_in_force", "condition")
    for name, status in (("unit", 403), ("77", 404), ("22", 201)):
        assert (await ask(path, name, "POST", json=body)).status_code == status
    await score(world.dsn)
    after = (await ask(f"{result}?as_of=2025-06-01")).json()
    assert after["reason"] != "condition"
    april = (await ask(f"{result}?as_of=2025-04-30")).json()
    assert april["verdict"] == "not_in_force"


async def test_a_condition_is_written_once_shown_with_its_author_and_withdrawn(
    ask: Caller, world: World
) -> None:
    waiting = [t for t, e in real_catalogue().targets.items() if e.target.condition]
    target = next(t for t in waiting if t.startswith("ninh-thuan-2025/annex-1/"))
    path, result = f"/v1/targets/{target}/condition", f"/v1/targets/{target}/result"
    why = {"document": "14/QĐ-BYT", "reason": "Ghi nhầm chỉ tiêu"}
    nothing = await ask(f"{path}/withdrawal", "admin", "POST", json=why)
    assert (nothing.status_code, nothing.json()["code"]) == (422, "condition_not_recorded")
    body = {"fulfilled_on": "2025-05-01", "document": "12/QĐ-BYT"}
    made = [(await ask(path, "admin", "POST", json=body)) for _ in range(2)]
    assert [m.status_code for m in made] == [201, 200]
    assert made[0].json() == made[1].json() == body | {"target": target, "by": "ops"}
    await score(world.dsn)
    as_of = f"{result}?as_of=2025-06-01"
    recorded = await ask(as_of)
    shown = recorded.json()["condition"]
    assert shown["known"] <= recorded.json()["known_at"]
    assert (shown["fulfilled_on"], shown["by"]) == ("2025-05-01", "ops")
    back = [(await ask(f"{path}/withdrawal", "admin", "POST", json=why)) for _ in range(2)]
    assert [b.status_code for b in back] == [201, 200]
    await score(world.dsn)
    after = (await ask(as_of)).json()
    assert (after["verdict"], after["reason"]) == ("not_in_force", "condition")
    assert (after["condition"]["fulfilled_on"], after["condition"]["document"]) == (
        None, "14/QĐ-BYT"
    )  # fmt: skip
    known = quote(recorded.json()["known_at"])
    assert (await ask(f"{as_of}&known_at={known}")).content == recorded.content
    assert (await ask(path, "admin", "POST", json=body)).status_code == 201


async def test_a_bad_condition(ask: Caller) -> None:
    path = f"/v1/targets/{conditional()}/condition"
    for body, code in (
        ({"fulfilled_on": "2027-01-01", "document": "x"}, "day_after_today"),
        ({"fulfilled_on": "2025-02-31", "document": "x"}, "bad_day"),
        ({"fulfilled_on": "2025-02-01"}, "missing"),
    ):
        answer = await ask(path, "22", "POST", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    none = "/v1/targets/br-vt-2025/annex-2/I.7/province/condition"
    answer = await ask(none, "77", "POST", json={"fulfilled_on": "2025-02-01", "document": "x"})
    assert answer.json()["code"] == "no_condition"
    assert (await ask("/v1/targets/x/condition", "77", "POST", json={})).status_code == 404


async def test_a_key_lives_from_post_to_delete(ask: Caller) -> None:
    body = {"role": "unit", "units": ["77F03"], "organisation": "bv-3", "label": "HIS"}
    made = await ask("/v1/keys", "77", "POST", json=body)
    assert made.status_code == 201, made.text
    key = made.json()
    assert made.headers["cache-control"] == "no-store"
    assert (await ask("/v1/units/77F03", key["key"])).status_code == 200
    assert (await ask("/v1/units/77F01", key["key"])).status_code == 404
    for name in ("77", "admin"):
        listed = (await ask("/v1/keys?limit=500", name)).json()["items"]
        assert key["id"] in {k["id"] for k in listed}
        assert key["key"] not in str(listed)
    assert (await ask(f"/v1/keys/{key['id']}", "22", "DELETE")).status_code == 404
    assert (await ask(f"/v1/keys/{key['id']}", "77", "DELETE")).status_code == 204
    assert (await ask(f"/v1/keys/{key['id']}", "77", "DELETE")).status_code == 404
    await asyncio.sleep(MAX_AGE_SECONDS)
    assert (await ask("/v1/units/77F03", key["key"])).status_code == 401


@pytest.mark.parametrize(
    ("as_", "body", "status", "code"),
    [
        ("unit", {}, 403, "role_not_allowed"),
        ("ministry", {}, 403, "role_not_allowed"),
        ("77", {"role": "admin", "organisation": "xx"}, 403, "place_not_allowed"),
        ("77", {"role": "unit", "units": ["22F01"], "organisation": "xx"}, 403,
         "place_not_allowed"),
        ("77", {"role": "unit", "units": ["77F03"], "organisation": "ops"}, 403,
         "place_not_allowed"),
        ("77", {"role": "unit", "units": ["77F03"], "organisation": "bv-9", "places": ["77"]}, 422,
         "units_required"),
        ("admin", {"role": "boss", "organisation": "xx"}, 422, "unknown_word"),
        ("admin", {"role": "unit", "organisation": "xx"}, 422, "units_required"),
        ("admin", {"role": "province", "organisation": "xx", "places": ["00"]}, 422,
         "unknown_place"),
        ("admin", {"role": "ministry", "organisation": "x y"}, 422, "code_form"),
        ("admin", {"role": "ministry"}, 422, "missing"),
    ],
)  # fmt: skip
async def test_keys_refused(
    ask: Caller, as_: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await ask("/v1/keys", as_, "POST", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
