"""What moved between two known times, over HTTP: whose event, from what to what, for whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from chitieu.periods import known_text
from tests.api.conftest import Caller, World, payment, post, score

AS_OF = "2025-12-31"
START = "2020-01-01T00:00:00Z"


async def now_known(ask: Caller) -> str:
    card = (await ask(f"/v1/provinces/77/scorecard?as_of={AS_OF}")).json()
    return str(card["known_at"])


def path(since: str, until: str | None = None, **more: str) -> str:
    given = {"province": "77", "as_of": AS_OF, "from_known_at": since, "to_known_at": until} | more
    return "/v1/changes?" + "&".join(f"{k}={quote(v)}" for k, v in given.items() if v is not None)


async def moved(ask: Caller, since: str, until: str | None = None, **more: str) -> Any:
    answer = await ask(path(since, until, **more))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest_asyncio.fixture(loop_scope="session")
async def corrected(ask: Caller, world: World) -> AsyncIterator[tuple[str, str, str]]:
    """Known times before a report, after it, and after its correction."""
    await score(world.dsn)  # what other tests have left
    times = [await now_known(ask)]
    name = f"c{len(times[0])}-{times[0][-12:-6]}"
    month = {"period": "2025-11", "time": "2025-12-02T09:00:00+07:00"}
    await post(world, "unit", [payment(name, payments=70, cashless_payments=7, **month)])
    await score(world.dsn)
    times.append(await now_known(ask))
    month["time"] = "2025-12-03T09:00:00+07:00"
    again = payment(f"{name}b", payments=71, cashless_payments=70, corrects=name,
                    note="thiếu một số 0", **month)  # fmt: skip
    await post(world, "unit", [again])
    await score(world.dsn)
    times.append(await now_known(ask))
    yield times[0], times[1], times[2]


async def test_a_report_and_its_correction(ask: Caller, corrected: tuple[str, str, str]) -> None:
    first, second, third = corrected
    came = (await moved(ask, first, second))["items"]
    mended = (await moved(ask, second, third))["items"]
    both = (await moved(ask, first, third))["items"]
    assert came
    assert [m["target"] for m in came] == [m["target"] for m in mended]
    for one, two, whole in zip(came, mended, both, strict=True):
        assert one["to"] == two["from"]
        assert (one["from"], two["to"]) == (whole["from"], whole["to"])
        for side in ("numerator", "denominator"):
            told = one["difference"][side] + two["difference"][side]
            assert told == whole["difference"][side]
            assert sum(p[side] for p in whole["parts"]) == told
            assert (two["to"][side] or 0) - (two["from"][side] or 0) == two["difference"][side]
    [part] = mended[0]["parts"]
    cause = part["cause"]
    assert (cause["kind"], cause["sender"], cause["unit"]) == ("correction", "bv-1", "77F01")
    assert cause["note"] == "thiếu một số 0"
    assert [r["id"] for r in cause["replaced"]] == [came[0]["parts"][0]["cause"]["id"]]
    assert (part["numerator"], part["denominator"]) == (63, 1)
    event = (await ask(f"/v1/events?source=urn:his&id={cause['id']}")).json()["items"][0]
    assert (event["position"], event["known"]) == (cause["position"], cause["known"])


async def test_nothing_moves_in_no_time(ask: Caller, corrected: tuple[str, str, str]) -> None:
    answer = await moved(ask, corrected[1], corrected[1])
    assert answer["items"] == []
    assert answer["from"] == answer["to"]
    assert answer["from"]["known_at"] == corrected[1]


async def test_later_events_change_no_byte(
    ask: Caller, world: World, corrected: tuple[str, str, str]
) -> None:
    link = path(corrected[0], corrected[2])
    before = await ask(link)
    await post(world, "unit", [payment(f"x{corrected[2][-12:-6]}", period="2025-05",
                                       time="2025-06-02T09:00:00+07:00")])  # fmt: skip
    await score(world.dsn)
    again = await ask(link)
    assert (again.content, again.headers["etag"]) == (before.content, before.headers["etag"])
    assert (await ask(link, headers={"if-none-match": before.headers["etag"]})).status_code == 304
    free = await ask(path(corrected[0]))
    assert free.json()["to"]["known_at"] > corrected[2]


async def test_everything_came_since_the_start(ask: Caller) -> None:
    answer = await moved(ask, START)
    assert answer["from"]["catalogue"] is None
    assert {m["from"] for m in answer["items"] if m["from"] is not None} == set()
    for item in answer["items"]:
        cause = item["parts"][0]["cause"]
        assert (cause["kind"], cause["catalogue"]) == ("catalogue", answer["to"]["catalogue"])
        for side in ("numerator", "denominator"):
            assert sum(p[side] for p in item["parts"]) == (item["to"][side] or 0)
    kinds = {p["cause"]["kind"] for m in answer["items"] for p in m["parts"]}
    assert kinds == {"catalogue", "unit", "event", "time"}
    card = (await ask(f"/v1/provinces/77/scorecard?as_of={AS_OF}")).json()
    assert len(answer["items"]) == min(100, len(card["results"]))


async def test_pages_and_filters_are_parts_of_the_list(
    ask: Caller, corrected: tuple[str, str, str]
) -> None:
    whole = (await moved(ask, START, corrected[2], limit="500"))["items"]
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = await moved(ask, START, corrected[2], limit="7", **cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == whole
    plan = (await moved(ask, START, corrected[2], plan="byt-1366-2025"))["items"]
    assert plan == [m for m in whole if m["plan"] == "byt-1366-2025"]
    one = (await moved(ask, START, corrected[2], target=whole[3]["target"]))["items"]
    assert one == [whole[3]]


async def test_a_page_ends_where_parts_are_many(
    ask: Caller, monkeypatch: pytest.MonkeyPatch, corrected: tuple[str, str, str]
) -> None:
    whole = (await moved(ask, START, corrected[2]))["items"]
    monkeypatch.setattr("services.api.changes.router._PARTS_ON_A_PAGE", 0)
    page = await moved(ask, START, corrected[2], limit="50")
    assert page["items"] == whole[:1]
    assert page["next_cursor"]


async def test_who_sees_only_its_own_units_sees_no_changes(ask: Caller) -> None:
    link = path(START)
    nowhere = await ask(path(START, province="98"), "unit")
    for key in ("unit", "other", "22"):
        answer = await ask(link, key)
        assert (answer.status_code, answer.content) == (404, nowhere.content)
    bodies = {(await ask(link, key)).content for key in ("77", "ministry", "admin")}
    assert len(bodies) == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("province=77", "bad_value"),
        ("from_known_at=2020-01-01T00:00:00Z", "bad_value"),
        ("province=77&from_known_at=2020-01-01", "bad_value"),
        ("province=77&from_known_at=2025-01-01T00:00:00Z&to_known_at=2024-01-01T00:00:00Z",
         "known_at_order"),
        ("province=77&from_known_at=2020-01-01T00:00:00Z&to_known_at=2027-01-01T00:00:00Z",
         "known_at_in_future"),
        ("province=77&from_known_at=2027-01-01T00:00:00Z", "known_at_in_future"),
        ("province=77&from_known_at=2020-01-01T00:00:00Z&as_of=2027-01-01", "as_of_too_late"),
        ("province=77&from_known_at=2020-01-01T00:00:00Z&plan=x", "bad_value"),
        ("province=77&from_known_at=2020-01-01T00:00:00Z&target=x", "bad_value"),
    ],
)  # fmt: skip
async def test_bad_questions(ask: Caller, query: str, code: str) -> None:
    answer = await ask(f"/v1/changes?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_question_ahead_of_the_newest_position_is_an_empty_list(
    ask: Caller, world: World, app: Any
) -> None:
    await score(world.dsn)
    async with app.state.api.pool.acquire() as connection:
        head = await connection.fetchval("SELECT known FROM log_head")
    ahead = max(head, app.state.api.now)
    answer = await moved(ask, known_text(ahead))
    assert (answer["items"], answer["from"]) == ([], answer["to"])
    assert answer["to"]["known_at"] == known_text(ahead)
