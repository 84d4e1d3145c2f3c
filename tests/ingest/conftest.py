"""An ingest app on a database with the real catalogue, two provinces' units, and keys."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from chitieu.embedded import Facts
from chitieu.postgres.base_registry import bring
from chitieu.postgres.keys import create_key, ensure_organisation
from chitieu.settings import Settings
from services.ingest.app import IngestApp
from tests.builders import places, real_catalogue
from tests.conftest import TEMPLATE

NOW = dt.datetime(2025, 4, 2, 3, 0, tzinfo=dt.UTC)
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@dataclass(frozen=True)
class Keys:
    """Keys of one database; `unit` may write for 77F01 and 77F02."""

    admin: str
    ministry: str
    province_77: str
    province_22: str
    unit: str
    unit_other: str
    revoked: str


async def make_keys(connection: asyncpg.Connection) -> Keys:
    made: dict[str, str] = {}
    for name, role, organisation, scope in (
        ("admin", "admin", "ops", {}),
        ("ministry", "ministry", "byt", {}),
        ("province_77", "province", "syt-77", {"places": ["77"]}),
        ("province_22", "province", "syt-22", {"places": ["22"]}),
        ("unit", "unit", "bv-1", {"units": ["77F01", "77F02"]}),
        ("unit_other", "unit", "bv-2", {"units": ["77F01", "77F03"]}),
        ("revoked", "unit", "bv-1", {"units": ["77F01"]}),
    ):
        sender = await ensure_organisation(connection, organisation, organisation)
        key = await create_key(connection, sender, role, NOW, label=name, **scope)  # type: ignore[arg-type]
        made[name] = key.text
        if name == "revoked":
            await connection.execute("UPDATE api_key SET revoked_at = now() WHERE id = $1", key.id)
    return Keys(**made)


async def _prepare(database: str) -> Keys:
    connection = await asyncpg.connect(database)
    try:
        await bring(connection, real_catalogue(), NOW)
        return await make_keys(connection)
    finally:
        await connection.close()


async def _execute(dsn: str, statement: str) -> None:
    admin = await asyncpg.connect(dsn)
    try:
        await admin.execute(statement)
    finally:
        await admin.close()


@pytest.fixture(scope="module")
def database(postgres: Facts) -> Iterator[str]:
    """One migrated database for all tests of a module: they use sources of their own."""
    name = f"m_{secrets.token_hex(6)}"
    asyncio.run(_execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    yield postgres.dsn(name)
    asyncio.run(_execute(postgres.dsn(), f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def settings(database: str) -> Settings:
    return Settings(database_url=database)


@pytest.fixture(scope="module")
def keys(database: str) -> Keys:
    return asyncio.run(_prepare(database))


@pytest.fixture
async def app(settings: Settings, keys: Keys) -> AsyncIterator[IngestApp]:
    found = IngestApp(settings, places(), now=lambda: NOW)
    await found.startup()
    try:
        yield found
    finally:
        await found.shutdown()


@pytest.fixture
async def client(app: IngestApp, keys: Keys) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the app without a network, with the key of `unit`."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://ingest",
        headers={"authorization": f"Bearer {keys.unit}"},
    ) as found:
        yield found


def event(id_: str = "e1", data: Any = None, **given: Any) -> dict[str, Any]:
    """A good event; `None` leaves an attribute out."""
    found = {
        "specversion": "1.0",
        "id": id_,
        "source": "his/vung-tau",
        "type": "vn.chitieu.cashless-payment.v1",
        "subject": "77F01",
        "time": "2025-04-02T09:00:00+07:00",
        "data": {"period": "2025-03", "payments": 2311, "cashless_payments": 1840}
        if data is None
        else data,
    } | given
    return {name: value for name, value in found.items() if value is not None}


async def post_batch(
    client: httpx.AsyncClient, events: Sequence[Any], query: str = "", **headers: str
) -> httpx.Response:
    """All results are asked for."""
    return await client.post(
        f"/v1/events{query}",
        json=list(events),
        headers={"content-type": BATCH, "prefer": "return=representation"} | headers,
    )


def statuses(response: httpx.Response) -> list[str]:
    return [result["status"] for result in response.json()["results"]]
