"""Bring a database to the schema of this release, and say when it is newer than we are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chitieu.postgres.months import make_months
from chitieu.postgres.tables import metadata

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


_PARTITIONED = ("identity_", "entry_", "measurement_")
T = TypeVar("T")


class NewerDatabase(Exception):
    """The data were written by a newer release."""


def compared(_: Any, name: str | None, kind: str, reflected: bool, __: Any) -> bool:
    """Partitions are their tables' own affair, not the models'."""
    return not (kind == "table" and reflected and (name or "").startswith(_PARTITIONED))


def config() -> Config:
    """Alembic's configuration; it finds its connection in `attributes`."""
    return Config(str(MIGRATIONS / "alembic.ini"))


def _upgrade(connection: Connection) -> None:
    # One migrator at a time: compose and a hand may start two.
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(4294967291)"))
    scripts = ScriptDirectory.from_config(config())
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
        raise NewerDatabase(current)
    if current == scripts.get_current_head():
        return
    made = config()
    made.attributes["connection"] = connection
    command.upgrade(made, "head")


def _drift(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"include_object": compared})
    return list(compare_metadata(context, metadata))


async def with_connection(dsn: str, work: Callable[[Connection], T]) -> T:
    """Do synchronous work on one connection in one transaction."""
    engine = create_async_engine(
        # asyncpg reads the address itself, as everywhere else.
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(dsn),
        poolclass=NullPool,
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def migrate(dsn: str) -> None:
    """Upgrade to this release's schema, in one transaction. Raises NewerDatabase."""
    await with_connection(dsn, _upgrade)
    connection = await asyncpg.connect(dsn)
    try:
        await make_months(connection, dt.datetime.now(dt.UTC))
    finally:
        await connection.close()


async def drift(dsn: str) -> list[Any]:
    """What the migrated schema and the models disagree on; empty when they are equal."""
    return await with_connection(dsn, _drift)
