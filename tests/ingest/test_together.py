"""Many at once, keys that end, units that begin, a database that goes away."""

from __future__ import annotations

import asyncio
import statistics
import time

import asyncpg
import httpx
import pytest

from chitieu.errors import Problem
from chitieu.ports import NewEntry
from chitieu.postgres.base_registry import unit_body
from chitieu.postgres.intake import Coalescer, Item, Outcome, Overloaded
from chitieu.postgres.keys import create_key, ensure_organisation, list_keys, revoke_key
from chitieu.postgres.log import place
from chitieu.postgres.pool import open_pool
from chitieu.postgres.registry_store import append_entry, load_registry
from chitieu.settings import Settings
from chitieu.web import read_body
from services.ingest.app import IngestApp
from tests.builders import places
from tests.conftest import nothing_placed
from tests.ingest.conftest import NOW, STRUCTURED, Keys, event, post_batch, statuses
from tests.ingest.test_reading import read


async def test_one_event_a_thousand_times_from_sixteen_connections(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    sent = event("same", source="thousand")
    found: list[str] = []

    async def one(number: int) -> None:
        for turn in range(63):
            if (number + turn) % 5 == 0:
                answer = await post_batch(client, [sent, sent, event(f"{number}-{turn}")])
                found.extend(statuses(answer)[:2])
                continue
            answer = await client.post(
                "/v1/events", json=sent,
                headers={"content-type": STRUCTURED, "prefer": "return=representation"},
            )  # fmt: skip
            found.extend(statuses(answer))

    await asyncio.gather(*(one(number) for number in range(16)))
    assert len(found) >= 1_000
    assert found.count("accepted") == 1
    assert found.count("duplicate") == len(found) - 1
    count = "SELECT count(*) FROM entry WHERE source = 'thousand'"
    assert await connection.fetchval(count) == 1


async def test_batches_that_cross_do_not_deadlock(client: httpx.AsyncClient) -> None:
    ids = [str(number) for number in range(300)]
    forwards = [event(i, source="crossing") for i in ids]
    answers = await asyncio.gather(
        *(post_batch(client, forwards if n % 2 else forwards[::-1]) for n in range(8))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert sum(answer.json()["accepted"] for answer in answers) == len(ids)


async def test_a_full_queue_says_so_at_once(settings: Settings, keys: Keys) -> None:
    pool = await open_pool(settings.database_dsn, "test", size=1)
    coalescer = Coalescer(pool, lambda: NOW, most_queued=4)
    coalescer.start()
    items = [[Item(1, read(event(f"{n}", source="queue")))] for n in range(10)]
    async with pool.acquire():  # nothing can be flushed meanwhile
        waiting = [asyncio.create_task(coalescer.submit(item)) for item in items]
        await asyncio.sleep(0.1)
        refused = [task for task in waiting if task.done()]
        assert len(refused) >= 1
        assert all(isinstance(task.exception(), Overloaded) for task in refused)
    rest = await asyncio.gather(*(task for task in waiting if task not in refused))
    assert rest == [[Outcome("accepted")]] * len(rest)
    await coalescer.close()
    with pytest.raises(Overloaded):
        await coalescer.submit(items[0])
    await pool.close()


async def test_one_row_that_the_database_refuses_does_not_hold_up_others(
    settings: Settings, keys: Keys
) -> None:
    pool = await open_pool(settings.database_dsn, "test", size=2)
    coalescer = Coalescer(pool, lambda: NOW)
    poison = read(event("p", source="poison"))._replace(source="x" * 300)
    good = [Item(1, read(event(f"{n}", source="poison"))) for n in range(5)]
    tasks = [asyncio.create_task(coalescer.submit([item])) for item in [*good, Item(1, poison)]]
    await asyncio.sleep(0)
    coalescer.start()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[:5] == [[Outcome("accepted")]] * 5
    assert isinstance(answers[5], asyncpg.CheckViolationError)
    await coalescer.close()
    await pool.close()


async def test_a_new_key_works_and_a_revoked_one_ends(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    sender = await ensure_organisation(connection, "rotating", "Quay vòng")
    assert await ensure_organisation(connection, "rotating", "Tên khác") == sender
    old, new = [
        await create_key(connection, sender, "unit", NOW, label=label, units=["77F01"])
        for label in ("cũ", "mới")
    ]
    sent = event(source="rotation")
    headers = {"content-type": STRUCTURED, "prefer": "return=representation"}

    async def status(text: str) -> int:
        answer = await client.post(
            "/v1/events", json=sent, headers={**headers, "authorization": f"Bearer {text}"}
        )
        return answer.status_code

    assert await status(old.text) == 202
    assert await status(old.text[:-1] + ("a" if old.text[-1] != "a" else "b")) == 401
    assert await revoke_key(connection, old.id, NOW)
    assert not await revoke_key(connection, old.id, NOW)
    began = time.monotonic()
    while await status(old.text) != 401:
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.05)
    # The sender is the organisation: the same event with its other key is a duplicate.
    answer = await client.post(
        "/v1/events", json=sent, headers={**headers, "authorization": f"Bearer {new.text}"}
    )
    assert statuses(answer) == ["duplicate"]
    stored = {record.id: record for record in await list_keys(connection)}
    assert stored[old.id].revoked_at == NOW
    assert (stored[new.id].units, stored[new.id].revoked_at) == (("77F01",), None)


async def test_a_unit_just_registered_reports_at_once(
    client: httpx.AsyncClient, settings: Settings, connection: asyncpg.Connection, keys: Keys
) -> None:
    admin = {"authorization": f"Bearer {keys.admin}"}
    async with nothing_placed(settings.database_dsn):
        for number in range(3):
            code = f"77F9{number}"
            sent = [event("n", subject=code, source=f"new-{code}")]
            assert (await post_batch(client, sent, **admin)).status_code == 403
            attributes = {"name": "Mới", "kind": "facility", "type": "hospital", "province": "77"}
            body = unit_body(code, "2025-01-01", attributes)
            async with connection.transaction():
                await append_entry(connection, NewEntry("unit", body, subject=code), NOW)
            # It has no position yet.
            assert (await post_batch(client, sent, **admin)).status_code == 202
        assert "77F90" not in (await load_registry(connection, places())).units
    while await place(connection, 1):
        pass
    registry = await load_registry(connection, places())
    assert {"77F90", "77F91", "77F92", "77F01"} <= registry.units.keys()
    with pytest.raises(ValueError, match="intake"):
        await append_entry(connection, NewEntry("event", "{}"), NOW)


async def test_a_foreign_unit_and_an_invented_one_take_the_same_time(
    app: IngestApp, client: httpx.AsyncClient
) -> None:
    """Both are only absent from one set; what is written is the same but for the request's id."""
    bodies = {}
    taken: dict[str, list[float]] = {"77F03": [], "zzzzz": []}
    for _ in range(12):
        for subject, seconds in taken.items():
            began = time.perf_counter()
            answer = await client.post(
                "/v1/events", json=event(subject=subject), headers={"content-type": STRUCTURED}
            )
            seconds.append(time.perf_counter() - began)
            bodies[subject] = (answer.status_code, answer.content)
    assert bodies["77F03"] == bodies["zzzzz"]
    foreign, invented = (statistics.median(seconds) for seconds in taken.values())
    assert abs(foreign - invented) < 0.1  # both wait for the same reading of the registry


@pytest.mark.parametrize("events", [1, 40])
async def test_a_lost_connection_is_an_unknown_outcome_and_the_retry_counts_once(
    client: httpx.AsyncClient, connection: asyncpg.Connection, events: int
) -> None:
    sent = [event(f"{n}", source=f"lost-{events}") for n in range(events)]
    async with connection.transaction():
        await connection.execute("LOCK TABLE identity IN ACCESS EXCLUSIVE MODE")
        task = asyncio.create_task(post_batch(client, sent))
        await asyncio.sleep(0.3)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'chitieu-ingest' AND wait_event_type = 'Lock'"
        )
        answer = await task
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await post_batch(client, sent)).json()["accepted"] == events


async def test_a_lock_is_not_waited_for_without_end(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("LOCK TABLE identity IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        answer = await post_batch(client, [event(source="locked")])
        assert answer.status_code == 503
        assert time.monotonic() - began < 5


async def test_operators_paths_and_limits(client: httpx.AsyncClient, keys: Keys) -> None:
    assert (await client.get("/livez")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).status_code == 200
    limits = await client.get("/v1/limits")
    assert limits.json()["max_batch_events"] == 5_000
    assert (await client.get("/v1/limits", headers={"authorization": ""})).status_code == 401
    options = await client.request("OPTIONS", "/v1/events", headers={"authorization": ""})
    assert "application/cloudevents-batch+json" in options.headers["accept-post"]
    assert (await client.get("/nothing")).json()["code"] == "not_found"
    assert (await client.head("/livez")).content == b""
    named = await client.get("/livez", headers={"x-request-id": "mine-1"})
    assert named.headers["x-request-id"] == "mine-1"


@pytest.mark.parametrize("setting", ["synchronous_commit"])
async def test_a_server_that_may_lose_commits_is_refused(
    settings: Settings, connection: asyncpg.Connection, setting: str
) -> None:
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f'ALTER DATABASE "{name}" SET {setting} = off')
    sent = []
    try:
        messages = iter([{"type": "lifespan.startup"}])

        async def receive() -> dict[str, str]:
            return next(messages)

        async def send(message: object) -> None:
            sent.append(message)

        app = IngestApp(settings, places())
        await app({"type": "lifespan"}, receive, send)
    finally:
        await connection.execute(f'ALTER DATABASE "{name}" RESET {setting}')
    assert sent[0]["type"] == "lifespan.startup.failed"  # type: ignore[index]
    assert setting in sent[0]["message"]  # type: ignore[index]


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def never() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    with pytest.raises(Problem) as raised:
        await read_body({"headers": []}, never, 10, seconds=0.01)
    assert (raised.value.code, raised.value.status) == ("body_incomplete", 408)
