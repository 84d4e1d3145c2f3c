"""One PostgreSQL a test process, one fresh migrated database a test that asks for it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from chitieu.embedded import EmbeddedPostgres, Facts
from chitieu.postgres.migrate import migrate

pytest_plugins = ["tests.kafka_fixtures"]

TEMPLATE = "chitieu_template"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones begin at once, on both workers: at the end one of them would work alone."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    rest = [item for item in items if not item.get_closest_marker("slow")]
    half = len(rest) // 2
    items[:] = [*slow[::2], *rest[:half], *slow[1::2], *rest[half:]]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    """The embedded server with a migrated template database."""
    folder: Path = tmp_path_factory.mktemp("pg")
    server = EmbeddedPostgres(folder)
    facts = server.start()
    try:
        asyncio.run(_make_template(facts))
        yield facts
    finally:
        server.stop()


async def _make_template(facts: Facts) -> None:
    admin = await asyncpg.connect(facts.dsn())
    try:
        await admin.execute(f"CREATE DATABASE {TEMPLATE}")
    finally:
        await admin.close()
    await migrate(facts.dsn(TEMPLATE))


@asynccontextmanager
async def fresh_database(postgres: Facts, name: str | None = None) -> AsyncIterator[str]:
    """The address of a fresh migrated database; gone after the block."""
    name = name or f"t_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres.dsn())
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield postgres.dsn(name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def database(postgres: Facts) -> AsyncIterator[str]:
    """One that is gone after the test."""
    async with fresh_database(postgres) as dsn:
        yield dsn


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the fresh database."""
    made = await asyncpg.connect(database)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def nothing_placed(dsn: str) -> AsyncIterator[None]:
    """What is committed meanwhile gets no position: an older transaction is still open."""
    older = await asyncpg.connect(dsn)
    try:
        async with older.transaction():
            await older.execute("SELECT pg_current_xact_id()")
            yield
    finally:
        await older.close()
