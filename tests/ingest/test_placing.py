"""Positions come right after the commit, without a scorer; answers never wait for them."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any

import asyncpg
import httpx
import pytest

from chitieu.ports import NewEntry
from chitieu.postgres.base_registry import unit_body
from chitieu.postgres.registry_store import append_entry
from chitieu.settings import Settings
from services.ingest.app import IngestApp
from services.ingest.placer import Placer
from tests.builders import places
from tests.conftest import nothing_placed
from tests.ingest.conftest import NOW, STRUCTURED, Keys, event, post_batch


@pytest.fixture
async def looker(settings: Settings, keys: Keys) -> Any:
    """A connection to the module's database."""
    made = await asyncpg.connect(settings.database_dsn)
    yield made
    await made.close()


async def unplaced(connection: Any) -> int:
    found: int = await connection.fetchval(
        "SELECT count(*) FROM batch b LEFT JOIN log l ON l.batch_id = b.id WHERE l.batch_id IS NULL"
    )
    return found


async def all_placed(connection: Any, seconds: float = 2.0) -> None:
    began = time.monotonic()
    while await unplaced(connection):
        assert time.monotonic() - began < seconds, "not placed"
        await asyncio.sleep(0.002)


async def post_one(client: httpx.AsyncClient, source: str) -> None:
    answer = await client.post(
        "/v1/events", json=event(source=source), headers={"content-type": STRUCTURED}
    )
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("count", [1, 40])
async def test_what_is_accepted_is_placed(
    client: httpx.AsyncClient, looker: Any, count: int
) -> None:
    answer = await post_batch(client, [event(f"{n}", source=f"at-once-{count}")
                                       for n in range(count)])  # fmt: skip
    assert answer.json()["accepted"] == count
    await all_placed(looker)


async def test_what_an_earlier_process_left_is_placed_at_the_start(
    settings: Settings, keys: Keys, looker: Any
) -> None:
    entry = NewEntry("unit", unit_body("77F80", "2025-01-01", {"province": "77"}), subject="77F80")
    async with looker.transaction():
        await append_entry(looker, entry, NOW)
    assert await unplaced(looker)
    app = IngestApp(settings, places(), now=lambda: NOW)
    await app.startup()
    await all_placed(looker)
    await app.shutdown()


async def test_the_answer_does_not_wait_for_the_place(
    client: httpx.AsyncClient, looker: Any
) -> None:
    async with looker.transaction():
        await looker.execute("SELECT 1 FROM log_head FOR UPDATE")
        began = time.monotonic()
        await post_one(client, "locked-head")
        assert time.monotonic() - began < 1
        assert await unplaced(looker)
    await all_placed(looker)


async def test_what_an_older_transaction_holds_up_is_placed_when_it_ends(
    client: httpx.AsyncClient, settings: Settings, looker: Any
) -> None:
    async with nothing_placed(settings.database_dsn):
        await post_one(client, "held-up")
        await asyncio.sleep(0.05)
        assert await unplaced(looker)
    await all_placed(looker, 1.0)


async def test_a_lost_connection_is_made_again(
    client: httpx.AsyncClient, looker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await looker.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'chitieu-placer' AND datname = current_database()"
        )
        await post_one(client, f"lost-{number}")
        await all_placed(looker)


async def test_faults_are_tried_again_ever_more_slowly(
    settings: Settings, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []

    async def fails(*_: Any) -> Any:
        tried.append(time.monotonic())
        if len(tried) < 4:
            raise asyncpg.PostgresError
        return type("Done", (), {"entries": 0, "waits": False})

    monkeypatch.setattr("services.ingest.placer.take_turn", fails)
    monkeypatch.setattr("services.ingest.placer._RETRY_SECONDS", (0.01, 0.05, 0.1))
    placer = Placer(settings.database_dsn, lambda: NOW)
    placer.start()
    began = time.monotonic()
    while len(tried) < 4:
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.01)
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps[0] >= 0.01
    assert gaps[1] >= 0.05
    assert gaps[2] >= 0.1
    await placer.close()


async def test_the_last_commits_are_placed_at_the_end(
    settings: Settings, keys: Keys, looker: Any
) -> None:
    app = IngestApp(settings, places(), now=lambda: NOW)
    await app.startup()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://ingest",
        headers={"authorization": f"Bearer {keys.unit}"},
    ) as client:
        await post_one(client, "at the end")
    await app.shutdown()
    assert await unplaced(looker) == 0
