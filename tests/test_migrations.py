"""The migrations give the models' schema, go down again, and refuse data of a newer release."""

from __future__ import annotations

import asyncpg
import pytest
from alembic import command
from sqlalchemy.engine import Connection

from chitieu.embedded import Facts
from chitieu.postgres.migrate import NewerDatabase, config, drift, migrate, with_connection


async def test_migrations_and_models_agree(database: str) -> None:
    assert await drift(database) == []


async def test_a_column_that_the_models_do_not_know_is_drift(
    database: str, connection: asyncpg.Connection
) -> None:
    await connection.execute("ALTER TABLE result ADD COLUMN surprise int")
    assert "surprise" in str(await drift(database))


async def test_migrating_again_changes_nothing(database: str) -> None:
    await migrate(database)
    assert await drift(database) == []


async def test_down_and_up_again(database: str, postgres: Facts) -> None:
    def down(connection: Connection) -> None:
        made = config()
        made.attributes["connection"] = connection
        command.downgrade(made, "base")

    await with_connection(database, down)
    admin = await asyncpg.connect(database)
    left = await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await admin.close()
    assert {row["tablename"] for row in left} <= {"alembic_version"}
    await migrate(database)
    assert await drift(database) == []


async def test_data_of_a_newer_release_are_refused(
    database: str, connection: asyncpg.Connection
) -> None:
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match="9999"):
        await migrate(database)
