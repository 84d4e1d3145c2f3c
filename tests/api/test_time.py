"""`as_of`, `known_at`, positions, ETags: the same question has the same answer for ever."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from typing import Any
from urllib.parse import quote

import pytest

from chitieu.periods import known_text
from tests.api.conftest import Caller, World, payment, post, score
from tests.builders import NOON

CARD = "/v1/provinces/77/scorecard?as_of=2025-03-31"


async def test_the_pin_asked_for_gives_the_same_bytes(ask: Caller) -> None:
    free = await ask(CARD)
    again = await ask(f"{CARD}&known_at={quote(free.json()['known_at'])}")
    assert again.content == free.content
    assert free.headers["etag"] == f'"{hashlib.sha256(free.content).hexdigest()}"'
    assert free.headers["cache-control"] == "private, no-cache"
    assert free.headers["vary"] == "Accept, Accept-Language, Authorization"


async def test_every_caller_in_every_language_gets_the_same_bytes(ask: Caller) -> None:
    bodies = {
        (await ask(CARD, key, headers={"accept-language": speech})).content
        for key in ("admin", "ministry", "77", "unit")
        for speech in ("vi", "en")
    }
    assert len(bodies) == 1


async def test_304_for_what_the_caller_has(ask: Caller) -> None:
    tag = (await ask(CARD)).headers["etag"]
    for given in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        answer = await ask(CARD, headers={"if-none-match": given})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await ask(CARD, headers={"if-none-match": '"x"'})).status_code == 200


async def test_head_has_no_body(ask: Caller) -> None:
    whole, head = await ask(CARD), await ask(CARD, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))


async def test_a_blank_is_the_lost_plus(ask: Caller) -> None:
    known = (await ask(CARD)).json()["known_at"]
    assert "+07:00" in known
    answer = await ask(f"{CARD}&known_at={known.replace('+', ' ')}")
    assert answer.json()["known_at"] == known


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("as_of=2027-01-01", 422, "as_of_too_late"),
        ("as_of=2026-12-31", 200, None),
        ("as_of=2025-02-30", 422, "bad_value"),
        ("as_of=", 422, "bad_value"),
        ("as_of=2025-03-31T00:00:00Z", 422, "bad_value"),
        ("known_at=2026-01-05", 422, "bad_value"),
        ("known_at=2026-01-05T12:00:00", 422, "bad_value"),
        ("known_at=2999-01-01T00:00:00Z", 422, "bad_value"),
        ("known_at=2027-01-01T00:00:00Z", 422, "known_at_in_future"),
        ("asof=2025-03-31", 400, "unknown_parameter"),
        ("as_of=2025-03-31&as_of=2025-03-30", 400, "repeated_parameter"),
        ("tier=x", 422, "bad_value"),
        ("plan=x", 422, "bad_value"),
        ("limit=5", 400, "unknown_parameter"),
    ],
)
async def test_questions(ask: Caller, query: str, status: int, code: str | None) -> None:
    answer = await ask(f"/v1/provinces/77/scorecard?{query}")
    assert answer.status_code == status, answer.text
    if code:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == code


async def test_a_misspelled_parameter_is_answered_with_the_right_one(ask: Caller) -> None:
    answer = await ask("/v1/provinces/77/scorecard?knownat=1", headers={"accept-language": "en"})
    assert "Did you mean known_at?" in answer.json()["detail"]
    assert answer.headers["content-language"] == "en"


async def test_before_anything_was_known_there_is_nothing(ask: Caller) -> None:
    card = (await ask(f"{CARD}&known_at=2020-01-01T00:00:00Z")).json()
    assert (card["results"], card["catalogue"], card["position"]) == ([], None, "1:0")
    assert card["known_at"] == "2020-01-01T07:00:00.000000+07:00"


async def test_what_comes_later_changes_no_earlier_answer(ask: Caller, world: World) -> None:
    known = quote((NOON + dt.timedelta(seconds=40)).isoformat())
    path = "/v1/provinces/77/scorecard?as_of=2025-12-31"
    before, free = await ask(f"{path}&known_at={known}"), await ask(path)
    month = {"period": "2025-07", "time": "2025-08-02T09:00:00+07:00"}
    await post(world, "unit", [payment("late", **month)])
    await score(world.dsn)
    after, moved = await ask(f"{path}&known_at={known}"), await ask(path)
    assert after.content == before.content
    # The promise also holds for the clock of the sequencer: it was a minute behind.
    assert moved.json()["known_at"] > before.json()["known_at"]
    assert moved.json()["position"] != free.json()["position"]


async def test_an_answer_moves_only_by_its_own_province(ask: Caller, world: World) -> None:
    path = "/v1/provinces/22/scorecard?as_of=2025-02-10&on=2025-02-10"
    before = await ask(path)
    await post(world, "unit", [payment("elsewhere", period="2025-08",
                                       time="2025-09-02T09:00:00+07:00")])  # fmt: skip
    await score(world.dsn)
    assert (await ask(path)).headers["etag"] == before.headers["etag"]


async def test_what_is_placed_but_not_scored_is_waited_for(
    ask: Caller, world: World, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.pins._WAIT_SECONDS", 0.3)
    async with app.state.api.pool.acquire() as connection:
        done = await connection.fetchval("SELECT seq FROM consumer WHERE name = 'scorer'")
        await connection.execute("UPDATE consumer SET seq = seq - 1 WHERE name = 'scorer'")
        # The newest entry's own known time: other tests may have lifted it past the clock; and
        # they may have asked at it, so what it was answered from is forgotten.
        monkeypatch.setattr(app.state.api, "horizons", type(app.state.api.horizons)(10))
        known = quote(known_text(await connection.fetchval("SELECT known FROM log_head")))
        answer = await ask(f"{CARD}&known_at={known}")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_scored_yet")
        assert answer.headers["retry-after"] == "1"
        waiting = asyncio.create_task(ask(f"{CARD}&known_at={known}"))
        await asyncio.sleep(0.1)
        await connection.execute("UPDATE consumer SET seq = $1 WHERE name = 'scorer'", done)
    assert (await waiting).status_code == 200


async def test_many_at_once_are_one_answer(ask: Caller) -> None:
    path = "/v1/provinces/77/scorecard?as_of=2025-05-05"
    answers = await asyncio.gather(*(ask(path) for _ in range(20)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1
