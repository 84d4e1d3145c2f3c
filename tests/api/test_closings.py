"""A period closed, read as it was published, reopened by two keys, closed again."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from chitieu.postgres.closings import keep_document
from chitieu.postgres.verify import verify
from tests.api.conftest import Caller, World, payment, post, score, serving
from tests.builders import places

PATH = "/v1/provinces/77/closings"
REASON = {"reason": "Đơn vị gửi bản sửa"}


async def close(
    ask: Caller, period: str, as_: str = "77", plan: str = "br-vt-2025", path: str = PATH
) -> Any:
    return await ask(path, as_, "POST", json={"plan": plan, "period": period})


async def closed(ask: Caller, world: World, period: str) -> Any:
    """A closing that is scored."""
    await score(world.dsn)
    made = await close(ask, period)
    assert made.status_code == 201, made.text
    await score(world.dsn)
    return made.json()


async def reopened(ask: Caller, world: World, name: str) -> None:
    for key, status in (("77", 202), ("77b", 200)):
        answer = await ask(f"{PATH}/{name}/reopen", key, "POST", json=REASON)
        assert answer.status_code == status, answer.text
    await score(world.dsn)


async def test_a_closing_is_made_listed_and_read_as_published(ask: Caller, world: World) -> None:
    made = await closed(ask, world, "2025-01")
    assert (made["id"], made["version"], made["state"]) == ("77.br-vt-2025.2025-01.v1", 1, "open")
    assert (made["as_of"], made["closed"]["by"]) == ("2025-01-31", "syt-77")
    listed = (await ask(f"{PATH}?on=2025-03-31&plan=br-vt-2025", "77")).json()["items"]
    assert made in listed
    assert (await ask(made["links"]["self"], "77")).json() == made
    document = await ask(made["links"]["document"], "ministry")
    assert hashlib.sha256(document.content).hexdigest() == made["sha256"]
    assert document.headers["etag"] == f'"{made["sha256"]}"'
    assert len(document.content) == made["size"]
    have = {"if-none-match": document.headers["etag"]}
    assert (await ask(made["links"]["document"], headers=have)).status_code == 304
    shown = document.json()
    assert (shown["as_of"], shown["known_at"]) == (made["as_of"], made["known_at"])
    card = (await ask(made["links"]["scorecard"])).json()
    assert [r["target"] for r in shown["results"]] == [r["target"] for r in card["results"]]
    assert [{k: r[k] for k in card["results"][0]} for r in shown["results"]] == card["results"]
    assert shown["summary"] == card["summary"]


async def test_later_events_and_a_restart_change_no_byte(ask: Caller, world: World) -> None:
    made = await closed(ask, world, "2025-02")
    path = made["links"]["document"]
    before = (await ask(path)).content
    card = await ask(made["links"]["scorecard"])
    await post(world, "unit", [payment("after-closing", period="2025-01", payments=5000,
                                       time="2025-02-02T09:00:00+07:00")])  # fmt: skip
    await score(world.dsn)
    assert (await ask("/v1/provinces/77/scorecard?as_of=2025-02-28")).content != card.content
    async with serving(world) as (_, other):
        assert (await other(path)).content == before
        assert (await other(made["links"]["scorecard"])).content == card.content


async def test_a_closing_stands_for_its_pair(ask: Caller, world: World) -> None:
    made = await closed(ask, world, "2025-Q2")
    pair = f"as_of={made['as_of']}&known_at={quote(made['known_at'])}"
    target = "/v1/targets/br-vt-2025/annex-2/I.7/province"
    for path in ("/v1/provinces/77/scorecard", "/v1/units/77F01/scorecard", f"{target}/result",
                 f"{target}/explanation", f"{target}/history", f"{target}/units",
                 "/v1/provinces/77/completeness", "/v1/provinces/77/due",
                 "/t/br-vt-2025/annex-2/I.7/province/explanation"):  # fmt: skip
        by_name = await ask(f"{path}?closing={made['id']}", "77")
        assert by_name.status_code == 200, by_name.text
        assert by_name.content == (await ask(f"{path}?{pair}", "77")).content
    for more in ("as_of=2025-03-31", f"known_at={quote(made['known_at'])}"):
        for path in (
            f"{target}/result",
            "/v1/provinces/77/completeness",
            target.replace("v1/targets", "t") + "/explanation",
        ):
            answer = await ask(f"{path}?closing={made['id']}&{more}")
            assert (answer.status_code, answer.json()["code"]) == (422, "closing_and_pair")
    for key in ("22", "admin"):
        name = made["id"] if key == "22" else "77.br-vt-2025.2025-Q2.v9"
        answer = await ask(f"/v1/provinces/22/scorecard?closing={name}", key)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_period_is_closed_once(ask: Caller, world: World) -> None:
    made = await closed(ask, world, "2025-04")
    for period in ("2025-04", "2025-04-01/2025-04-30"):
        again = await close(ask, period, "admin")
        assert (again.status_code, again.json()["code"]) == (409, "already_closed")
        assert made["id"] in again.json()["detail"]
    english = await ask(PATH, "77", "POST", json={"plan": "br-vt-2025", "period": "2025-04"},
                        headers={"accept-language": "en"})  # fmt: skip
    assert "two different keys" in english.json()["detail"]


async def test_of_those_who_come_at_once_one_closes_one_asks_one_joins(
    ask: Caller, world: World
) -> None:
    await score(world.dsn)
    period = "2025-02-01/2025-04-30"
    made = await asyncio.gather(*(close(ask, period, key) for key in ("77", "77b", "admin")))
    assert sorted(answer.status_code for answer in made) == [201, 409, 409]
    first = next(answer.json() for answer in made if answer.status_code == 201)
    path = f"{PATH}/{first['id']}/reopen"
    told = await asyncio.gather(*(ask(path, k, "POST", json=REASON) for k in ("77", "77b")))
    assert sorted(answer.status_code for answer in told) == [200, 202]


async def test_reopening_takes_two_different_keys(ask: Caller, world: World) -> None:
    made = await closed(ask, world, "2025-05")
    path = f"{PATH}/{made['id']}/reopen"
    first = await ask(path, "77", "POST", json=REASON)
    assert (first.status_code, first.json()["state"]) == (202, "open")
    assert first.json()["pending"]["reason"] == REASON["reason"]
    again = await ask(path, "77", "POST", json=REASON)
    assert (again.status_code, again.json()["code"]) == (409, "second_key_needed")
    await score(world.dsn)
    seen = (await ask(made["links"]["self"])).json()
    assert (seen["state"], seen["pending"]["by"]) == ("open", "syt-77")
    second = await ask(path, "77b", "POST", json={"reason": "Đồng ý"})
    assert (second.status_code, second.json()["state"]) == (200, "withdrawn")
    assert second.json()["withdrawn"]["joined"]["reason"] == "Đồng ý"
    assert second.json()["pending"] is None
    third = await ask(path, "admin", "POST", json=REASON)
    assert (third.status_code, third.json()["code"]) == (409, "closing_withdrawn")
    await score(world.dsn)
    after = (await ask(made["links"]["self"])).json()
    assert after["state"] == "withdrawn"
    assert (await ask(made["links"]["document"])).headers["etag"] == f'"{made["sha256"]}"'
    asked = f"{made['links']['self']}?known_at={quote(made['known_at'])}"
    assert (await ask(asked)).status_code == 404  # what it freezes was known before it


async def test_the_next_version_tells_what_moved(ask: Caller, world: World) -> None:
    first = await closed(ask, world, "2025-06")
    await reopened(ask, world, first["id"])
    await post(world, "77", [payment("moved-june", "77F02", period="2025-05", payments=400,
                                     cashless_payments=390,
                                     time="2025-06-02T09:00:00+07:00")])  # fmt: skip
    second = await closed(ask, world, "2025-06")
    assert (second["id"], second["previous"]) == ("77.br-vt-2025.2025-06.v2", first["id"])
    document = (await ask(second["links"]["document"])).json()
    assert document["previous"]["sha256"] == first["sha256"]
    assert document["previous"]["reason"] == REASON["reason"]
    assert document["movements"]
    parts = [part for move in document["movements"] for part in move["parts"]]
    assert {part["cause"]["id"] for part in parts} == {"moved-june"}
    changes = f"/v1/changes?province=77&on=2025-03-31&plan=br-vt-2025&closing={first['id']}"
    told = (await ask(f"{changes}&to_known_at={quote(second['known_at'])}")).json()["items"]
    assert sorted(document["movements"], key=lambda m: m["target"]) == told
    old, new = (await ask(first["links"]["document"])).json(), document
    assert old["movements"] is None
    was = {r["target"]: (r["verdict"], r["numerator"], r["denominator"]) for r in old["results"]}
    for move in document["movements"]:
        said = move["from"]
        assert was[move["target"]] == (said["verdict"], said["numerator"], said["denominator"])
    changed = {r["target"] for r in new["results"]
               if was[r["target"]] != (r["verdict"], r["numerator"], r["denominator"])}  # fmt: skip
    assert changed <= {m["target"] for m in document["movements"]}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"plan": "br-vt-2025"}, 422, "missing"),
        ({"plan": "br-vt-2025", "period": "2025-13"}, 422, "bad_period"),
        ({"plan": "br-vt-2025", "period": "2024-Q1"}, 422, "period_outside_plan"),
        ({"plan": "br-vt-2025", "period": "2025-Q3"}, 422, "period_outside_plan"),
        ({"plan": "br-vt-2025", "period": "2025-Q1", "x": 1}, 422, "unexpected_field"),
        ({"plan": "quang-ninh-2025", "period": "2025-Q1"}, 422, "plan_not_here"),
        ({"plan": "nope", "period": "2025-Q1"}, 422, "plan_not_here"),
    ],
)
async def test_what_cannot_be_closed(
    ask: Caller, world: World, body: dict[str, Any], status: int, code: str
) -> None:
    await score(world.dsn)
    answer = await ask(f"{PATH}?on=2025-03-31", "77", "POST", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_who_may_close_reopen_and_read(ask: Caller, world: World) -> None:
    await score(world.dsn)
    for key, status in (("unit", 403), ("ministry", 403), ("22", 404)):
        assert (await close(ask, "2025-03", key)).status_code == status
    made = await closed(ask, world, "2025-03")
    own = made["links"]["self"]
    for key, status in (("unit", 403), ("ministry", 403), ("22", 404)):
        answer = await ask(f"{own}/reopen", key, "POST", json=REASON)
        assert answer.status_code == status
    nothing = own.replace(".v1", ".v7")
    for key, sees, reads in (("admin", 1, 1), ("ministry", 1, 1), ("77", 1, 1), ("unit", 1, 0),
                             ("22", 0, 0)):  # fmt: skip
        assert (await ask(own, key)).status_code == (200 if sees else 404)
        document = await ask(f"{own}/document", key)
        assert document.status_code == (200 if reads else 404)
        if not reads:
            assert document.content == (await ask(f"{nothing}/document", key)).content
        assert (await ask(f"{PATH}?on=2025-03-31", key)).status_code == (200 if sees else 404)
    assert (await ask(own.replace("/77/", "/22/"))).status_code == 404
    for name in ("77@x.y", "..", "77.br-vt-2025.2025-03.v7"):
        answer = await ask(f"{PATH}/{name}/reopen", "77", "POST", json=REASON)
        assert answer.status_code in (404, 405), answer.text


async def test_a_plan_of_every_province_is_closed_on_each(ask: Caller, world: World) -> None:
    await score(world.dsn)
    made = await close(ask, "2025-Q3", "admin", "byt-1366-2025", "/v1/provinces/79/closings")
    assert made.status_code == 201, made.text
    assert made.json()["id"] == "79@2025-07-01.byt-1366-2025.2025-Q3.v1"
    await score(world.dsn)
    assert (await ask(made.json()["links"]["document"], "77")).status_code == 200
    assert (await ask(made.json()["links"]["scorecard"], "77")).status_code == 200
    ended = await close(ask, "2025", plan="br-vt-2025")
    assert (ended.status_code, ended.json()["as_of"]) == (201, "2025-06-30")


async def checked(connection: asyncpg.Connection) -> Any:
    return await verify(connection, places())


async def test_verify_makes_every_closing_again(ask: Caller, world: World) -> None:
    first = await closed(ask, world, "2025-01-01/2025-05-31")
    await reopened(ask, world, first["id"])
    second = await closed(ask, world, "2025-01-01/2025-05-31")
    connection = await asyncpg.connect(world.dsn)
    fine = await checked(connection)
    assert (fine.difference, fine.closings_of_other_code) == (None, ())
    assert fine.closings >= 2
    body = await connection.fetchval(
        "SELECT body FROM entry WHERE kind = 'closing' AND body LIKE '%' || $1 || '%'",
        second["sha256"],
    )
    change = "UPDATE entry SET body = $2 WHERE body = $1"
    for old, new, other in (
        (second["sha256"], first["sha256"], ()),  # other bytes than were published
        ('"code":"', '"code":"0.0.', (second["id"],)),
    ):
        await connection.execute(change, body, body.replace(old, new))
        told = await checked(connection)
        await connection.execute(change, body.replace(old, new), body)
        assert told.closings_of_other_code == other
        wrong = [one.key for one in told.closing_differences]
        assert wrong == ([] if other else [second["id"]])
        assert (told.difference is None) == bool(other)
    kept = await connection.fetchval(
        "DELETE FROM closing_document WHERE sha256 = $1 RETURNING content",
        bytes.fromhex(first["sha256"]),
    )
    lost = await checked(connection)
    await keep_document(connection, kept)
    assert [(d.key, d.stored) for d in lost.closing_differences] == [(first["id"], None)]
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE closing_document SET content = content || 'x'")
    await connection.close()
