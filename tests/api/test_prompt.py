"""What was accepted is in an answer known as of any later instant, however busy the scorer is."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import json
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest
import pytest_asyncio

from chitieu.asgi import OnePort, lifespan
from chitieu.embedded import Facts
from chitieu.periods import parse_instant
from chitieu.postgres.base_registry import bring
from chitieu.postgres.keys import create_key, ensure_organisation
from chitieu.postgres.registry_store import append_entry
from chitieu.settings import Settings
from services.api.app import create_app
from services.api.state import system_clock
from services.ingest.app import IngestApp
from services.scorer.worker import Scorer, run
from tests.api.conftest import payment
from tests.builders import a_catalogue, a_plan, a_row, a_target, a_unit, places
from tests.conftest import fresh_database, nothing_placed

STRUCTURED = "application/cloudevents+json"
TIMES = 100
NUMBERS = itertools.count()
ROW = a_row("I.1", "cashless-payment-count-share", target=a_target())


class SlowScorer(Scorer):
    """Each evaluation takes a while, in which it places nothing."""

    def _evaluate(self, *given: Any) -> Any:
        time.sleep(0.03)
        return super()._evaluate(*given)


@contextmanager
def scoring(dsn: str) -> Iterator[None]:
    """A slow scorer in a thread of its own, as it is a process of its own."""
    begun = threading.Event()
    ends: list[Any] = []

    async def work() -> None:
        stop = asyncio.Event()
        ends.append((asyncio.get_running_loop(), stop))
        connection = await asyncpg.connect(dsn)
        scorer = SlowScorer(connection, places())
        await scorer.start(system_clock().date())
        while await scorer.step(system_clock()):
            pass
        begun.set()
        await run(connection, scorer, stop, system_clock)
        await connection.close()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        loop, stop = ends[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def live(postgres: Facts) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """Ingest and api on one port, by the real clock, and their database."""
    async with fresh_database(postgres) as dsn:
        connection = await asyncpg.connect(dsn)
        await bring(connection, a_catalogue(a_plan([ROW])), system_clock())
        await append_entry(connection, a_unit("38F01"), system_clock())
        sender = await ensure_organisation(connection, "ops", "ops")
        key = await create_key(connection, sender, "admin", system_clock())
        await connection.close()
        settings = Settings(database_url=dsn)
        app = OnePort(
            IngestApp(settings, places()), create_app(settings, places=places()), lambda: None
        )
        with scoring(dsn):
            async with (
                lifespan(app),
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app=app),
                    base_url="http://live",
                    headers={"authorization": f"Bearer {key.text}"},
                ) as client,
            ):
                yield client, dsn


async def post(client: httpx.AsyncClient, id_: str, unit: str = "38F01") -> None:
    headers = {"content-type": STRUCTURED}
    answer = await client.post("/v1/events", json=payment(id_, unit), headers=headers)
    assert answer.status_code == 202, answer.text


@asynccontextmanager
async def others_posting(client: httpx.AsyncClient) -> AsyncIterator[None]:
    """So that the scorer is never idle."""

    async def work() -> None:
        for number in NUMBERS:
            await post(client, f"other-{number}")
            await asyncio.sleep(0.01)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def known_now(client: httpx.AsyncClient, path: str) -> tuple[dict[str, Any], dt.datetime]:
    now = system_clock()
    mark = "&" if "?" in path else "?"
    answer = await client.get(f"{path}{mark}known_at={quote(now.isoformat())}")
    assert answer.status_code == 200, answer.text
    return answer.json(), now


async def test_accepted_then_known_now(live: tuple[httpx.AsyncClient, str]) -> None:
    client, _ = live

    async def ask(numbers: Iterable[int]) -> None:
        for number in numbers:
            await post(client, f"now-{number}")
            body, now = await known_now(client, f"/v1/events?source=urn:his&id=now-{number}")
            [item] = body["items"]
            known = parse_instant(item["known"])
            assert item["status"] == "scored"
            assert known is not None
            assert known <= now

    async with others_posting(client):
        await asyncio.gather(*(ask(range(first, TIMES, 5)) for first in range(5)))


async def test_a_unit_just_put_is_known_now_and_reports(
    live: tuple[httpx.AsyncClient, str],
) -> None:
    client, _ = live
    async with others_posting(client):
        for number in range(10):
            code = f"38F9{number}"
            change = {"from": "2025-01-01", "name": "Mới", "kind": "facility", "type": "hospital",
                      "province": "38", "fictional": True}  # fmt: skip
            answer = await client.put(f"/v1/units/{code}", json=change)
            assert answer.status_code == 201, answer.text
            unit, _ = await known_now(client, f"/v1/units/{code}")
            assert unit["code"] == code
            await post(client, f"of-{code}", code)
            events, _ = await known_now(client, f"/v1/units/{code}/events")
            assert [item["id"] for item in events["items"]] == [f"of-{code}"]


async def test_what_an_older_transaction_holds_up_is_waited_for(
    live: tuple[httpx.AsyncClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, dsn = live
    path = "/v1/events?source=urn:his&id=held"
    async with nothing_placed(dsn):
        await post(client, "held")
        asked = asyncio.create_task(known_now(client, path))
        await asyncio.sleep(0.3)
        assert not asked.done()
        before = (await client.get(path)).json()["items"]
        assert [item["status"] for item in before] == ["accepted"]
    assert (await asked)[0]["items"][0]["status"] == "scored"
    monkeypatch.setattr("services.api.pins._WAIT_SECONDS", 0.3)
    async with nothing_placed(dsn):
        await post(client, "held-longer")
        now = quote(system_clock().isoformat())
        answer = await client.get(f"{path}-longer&known_at={now}")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_scored_yet")
    again = await client.get(f"{path}-longer&known_at={now}")
    assert len(again.json()["items"]) == 1


async def test_the_same_pair_is_the_same_answer_while_reports_come(
    live: tuple[httpx.AsyncClient, str],
) -> None:
    client, _ = live
    path = "/v1/provinces/38/scorecard?as_of=2025-12-31&known_at="
    said: dict[str, bytes] = {}
    async with others_posting(client):
        for _ in range(8):
            now = quote(system_clock().isoformat())
            said[now] = (await client.get(path + now)).content
    for now, content in said.items():
        assert (await client.get(path + now)).content == content
    assert len({json.loads(content)["position"] for content in said.values()}) > 1
