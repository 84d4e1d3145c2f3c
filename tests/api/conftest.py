"""The api on a database that two plans' printed results went through, by ingest and scorer."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi.dependencies import utils as dependencies
from pytest_asyncio import is_async_test

from chitieu.asgi import lifespan
from chitieu.embedded import Facts
from chitieu.postgres.base_registry import bring
from chitieu.postgres.keys import create_key, ensure_organisation
from chitieu.postgres.registry_store import append_entry
from chitieu.printed_results import printed_events
from chitieu.settings import Settings
from services.api.app import create_app
from services.ingest.app import IngestApp
from services.scorer.worker import Scorer
from tests.builders import NOON, a_condition, a_waiver, a_withdrawal, places, real_catalogue
from tests.conftest import TEMPLATE

BATCH = "application/cloudevents-batch+json"
WAIVER = "5eed00000001"
RECORDED = "ninh-thuan-2025/annex-2/II.1"
PLANS = {"br-vt-2025": "77", "quang-ninh-2025": "22"}
ROLES: dict[str, tuple[str, str, dict[str, list[str]]]] = {
    "admin": ("admin", "ops", {}),
    "ministry": ("ministry", "byt", {}),
    "77": ("province", "syt-77", {"places": ["77", "79@2025-07-01"]}),
    "77b": ("province", "syt-77", {"places": ["77", "79@2025-07-01"]}),
    "22": ("province", "syt-22", {"places": ["22"]}),
    "unit": ("unit", "bv-1", {"units": ["77F01"]}),
    "other": ("unit", "bv-2", {"units": ["77F02"]}),
    "syt": ("unit", "syt-unit", {"units": ["cq-syt-77"]}),
}


@pytest.fixture(autouse=True)
def _no_dependency_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI sends a dependency that is no coroutine to a thread, at each request."""

    async def refuse(call: Any, **_: Any) -> None:
        raise AssertionError(f"{call} must be a coroutine")

    monkeypatch.setattr(dependencies, "run_in_threadpool", refuse)


def soon() -> dt.datetime:
    """The api's clock: a minute after everything was posted."""
    return NOON + dt.timedelta(minutes=1)


@dataclass(frozen=True)
class World:
    """A database and the keys of its callers by name."""

    dsn: str
    keys: dict[str, str]

    def settings(self, **given: Any) -> Settings:
        return Settings(database_url=self.dsn, **given)


async def score(dsn: str, now: dt.datetime = NOON) -> None:
    """Place and score all that is committed."""
    connection = await asyncpg.connect(dsn)
    try:
        scorer = Scorer(connection, places())
        await scorer.start(now.date())
        while await scorer.step(now):
            pass
    finally:
        await connection.close()


async def post(world: World, key: str, events: list[dict[str, Any]]) -> None:
    """Through the real ingest; every event must be accepted."""
    app = IngestApp(world.settings(), places(), now=lambda: NOON)
    await app.startup()
    try:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://ingest",
            headers={"authorization": f"Bearer {world.keys[key]}", "content-type": BATCH},
        ) as client:
            for start in range(0, len(events), 200):
                answer = await client.post("/v1/events", json=events[start : start + 200])
                assert answer.status_code == 202, answer.text
    finally:
        await app.shutdown()


def payment(id_: str, subject: str = "77F01", **given: Any) -> dict[str, Any]:
    """A month of payments."""
    attributes = {k: given.pop(k) for k in ("corrects", "time") if k in given}
    return {
        "specversion": "1.0", "id": id_, "source": "urn:his", "subject": subject,
        "type": "vn.chitieu.cashless-payment.v1", "time": "2025-04-02T09:00:00+07:00",
        "data": {"period": "2025-03", "payments": 100, "cashless_payments": 80} | given,
    } | attributes  # fmt: skip


async def make_keys(connection: asyncpg.Connection) -> dict[str, str]:
    """A key of each role, by its name."""
    keys = {}
    for name, (role, organisation, scope) in ROLES.items():
        sender = await ensure_organisation(connection, organisation, organisation)
        made = await create_key(connection, sender, role, NOON, **scope)  # type: ignore[arg-type]
        keys[name] = made.text
    return keys


async def _fill(dsn: str) -> World:
    connection = await asyncpg.connect(dsn)
    try:
        await bring(connection, real_catalogue(), NOON)
        keys = await make_keys(connection)
        # One that the documentation's examples name.
        waiver = a_waiver("77F02", "2025-10-01", "2025-10-31", "infectious-cases", id=WAIVER)
        async with connection.transaction():
            await append_entry(connection, waiver, NOON)
            # One of everything, and taken back: what a list of waivers may hold.
            other = a_waiver("77F02", "2025-11-01", "2025-11-30", id="5eed00000002")
            await append_entry(connection, other, NOON)
            await append_entry(connection, a_withdrawal("5eed00000002", "77F02"), NOON)
            await append_entry(connection, a_condition(RECORDED, "2025-03-01"), NOON)
    finally:
        await connection.close()
    world = World(dsn, keys)
    for plan, key in PLANS.items():
        events = [e.event for e in printed_events(real_catalogue().plans[plan])]
        await post(world, key, events)
    await post(world, "unit", [
        payment("p1"), payment("p2", corrects="p1", payments=90, time="2025-04-03T09:00:00+07:00"),
        payment("p3", period="2025-02", time="2025-03-02T09:00:00+07:00"),
        payment("p4", period="2025-02", payments=99, time="2025-03-03T09:00:00+07:00"),
    ])  # fmt: skip
    await score(dsn)
    return world


async def _execute(dsn: str, statement: str) -> None:
    admin = await asyncpg.connect(dsn)
    try:
        await admin.execute(statement)
    finally:
        await admin.close()


@contextmanager
def filled(postgres: Facts) -> Iterator[World]:
    """A database of its own, gone after the block."""
    name = f"api_{secrets.token_hex(6)}"
    asyncio.run(_execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    yield asyncio.run(_fill(postgres.dsn(name)))
    asyncio.run(_execute(postgres.dsn(), f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def world(postgres: Facts) -> Iterator[World]:
    """Filled once; tests that write use codes of their own."""
    with filled(postgres) as made:
        yield made


class Caller:
    """Speaks to the app without a network; `as_` names the key."""

    def __init__(self, client: httpx.AsyncClient, keys: dict[str, str]) -> None:
        self._client, self._keys = client, keys

    def key(self, name: str) -> str:
        """The text of a key, or what is none as it is."""
        return self._keys.get(name, name)

    async def __call__(
        self, path: str, as_: str | None = "admin", method: str = "GET", **given: Any
    ) -> httpx.Response:
        headers = dict(given.pop("headers", {}))
        if as_ is not None:
            headers["authorization"] = f"Bearer {self.key(as_)}"
        return await self._client.request(method, path, headers=headers, **given)


@asynccontextmanager
async def serving(world: World, **given: Any) -> AsyncIterator[tuple[Any, Caller]]:
    """An app of its own, started, and a caller with every key."""
    made = create_app(world.settings(**given), clock=soon, places=places())
    transport = httpx.ASGITransport(app=made, raise_app_exceptions=False)
    async with (
        lifespan(made),
        httpx.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        yield made, Caller(client, world.keys)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for these tests, because they share one app."""
    for item in items:
        if item.path.parent == Path(__file__).parent and is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(world: World) -> AsyncIterator[tuple[Any, Caller]]:
    """One app for all tests that do not break it."""
    async with serving(world) as found:
        yield found


@pytest.fixture
def app(served: tuple[Any, Caller]) -> Any:
    """The shared app."""
    return served[0]


@pytest.fixture
def ask(served: tuple[Any, Caller]) -> Caller:
    """The shared app's caller."""
    return served[1]
