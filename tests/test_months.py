"""Months: ids that begin with theirs, partitions made ahead, strays that are told of and moved."""

from __future__ import annotations

import datetime as dt
import logging

import asyncpg
import pytest

from chitieu.cli.doctor import all_checks
from chitieu.months import BATCHES_A_MONTH, Month, month_of, month_of_batch, parse_month
from chitieu.periods import VIETNAM
from chitieu.ports import NewEntry
from chitieu.postgres.log import append, place, read_entries
from chitieu.postgres.migrate import config, drift, migrate, with_connection
from chitieu.postgres.months import Ahead, bounds_of, make_months, strays
from chitieu.settings import Settings
from tests.builders import cashless

FAR = dt.datetime(2031, 5, 10, 12, tzinfo=dt.UTC)


def a_batch(prefix: str) -> list[NewEntry]:
    return [cashless("38F01", "2025-01", 10, 5, id=f"{prefix}{n}") for n in range(3)]


async def names(connection: asyncpg.Connection, table: str) -> set[str]:
    return set((await bounds_of(connection, table))[1])


async def where(connection: asyncpg.Connection, table: str) -> set[str]:
    rows = await connection.fetch(f"SELECT DISTINCT tableoid::regclass::text AS t FROM {table}")
    return {row["t"] for row in rows}


@pytest.mark.parametrize(
    ("instant", "month"),
    [
        (dt.datetime(2026, 11, 30, 23, 59, 59, 999_999, VIETNAM), Month(2026, 11)),
        (dt.datetime(2026, 11, 30, 17, tzinfo=dt.UTC), Month(2026, 12)),
        (dt.datetime(2026, 12, 31, 17, tzinfo=dt.UTC), Month(2027, 1)),
    ],
)
def test_a_month_is_a_civil_one_in_vietnam(instant: dt.datetime, month: Month) -> None:
    assert month_of(instant) == month


def test_ids_of_a_month_lie_between_its_own_and_the_next_ones() -> None:
    december = Month(2026, 12)
    assert december.plus(1) == Month(2027, 1)
    assert december.plus(-12) == Month(2025, 12)
    last = december.first_id + BATCHES_A_MONTH - 1
    assert last < december.plus(1).first_id < 2**53
    assert month_of_batch(december.first_id) == month_of_batch(last) == december
    assert month_of_batch(4711) is None


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "26-11", "2026-11-01", "0000-01", ""])
def test_what_is_no_month_is_none(text: str) -> None:
    assert parse_month(text) is None
    assert parse_month("2026-11") == Month(2026, 11)


async def test_a_migrated_database_has_the_running_month_and_three_ahead(
    connection: asyncpg.Connection,
) -> None:
    now = await connection.fetchval("SELECT now()")
    for table in ("entry", "measurement"):
        wanted = {f"{table}_{m.year}_{m.number:02}" for m in map(month_of(now).plus, range(4))}
        assert await names(connection, table) == wanted
    assert await make_months(connection, now) == []


async def test_the_months_are_without_a_gap(connection: asyncpg.Connection) -> None:
    await make_months(connection, await connection.fetchval("SELECT now() + interval '60 days'"))
    for table in ("entry", "measurement"):
        end, months = await bounds_of(connection, table)
        for begins, ends in sorted(months.values()):
            assert begins == end
            end = ends


async def test_an_entry_lies_in_the_month_in_which_it_was_received(
    connection: asyncpg.Connection,
) -> None:
    await make_months(connection, FAR)
    async with connection.transaction():
        batch = await append(connection, a_batch("e"), FAR)
    assert month_of_batch(batch) == month_of(FAR)
    assert await where(connection, "entry") == {"entry_2031_05"}
    assert await strays(connection) == []


async def test_a_clock_years_ahead_loses_nothing_and_is_told_of(
    connection: asyncpg.Connection, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with connection.transaction():
        await append(connection, a_batch("e"), FAR)
    assert await place(connection, 10**15) == 3
    assert await strays(connection) == ["entry"]
    with caplog.at_level(logging.ERROR, "chitieu.months"):
        await Ahead().make(connection, await connection.fetchval("SELECT now()"))
    assert "entry" in caplog.text
    before = await read_entries(connection, 0, 10)
    assert "entry_2031_05" in await make_months(connection, FAR)
    assert await strays(connection) == []
    assert await where(connection, "entry") == {"entry_2031_05"}
    assert await read_entries(connection, 0, 10) == before != []


def test_doctor_names_the_tables_with_stray_rows(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    async def stray() -> None:
        connection = await asyncpg.connect(database)
        async with connection.transaction():
            await append(connection, a_batch("e"), FAR)
        await connection.close()

    monkeypatch.setenv("CHITIEU_DATABASE_URL", database)

    def months() -> tuple[bool, str]:
        settings = Settings.from_environment(port=8080)
        return next((c.fine, c.found) for c in all_checks(settings) if c.name == "months")

    assert months()[0]
    asyncio.run(stray())
    assert months() == (False, "entry")


async def test_making_months_is_remembered_and_trouble_is_tried_again(
    connection: asyncpg.Connection, database: str
) -> None:
    ahead, now = Ahead(), FAR
    other = await asyncpg.connect(database)
    await connection.execute("SET lock_timeout = '50ms'")
    async with other.transaction():
        await other.execute("LOCK TABLE entry_default IN ACCESS SHARE MODE")
        await ahead.make(connection, now)
        assert "entry_2031_05" not in await names(connection, "entry")
    await ahead.make(connection, now + dt.timedelta(seconds=1))
    assert "entry_2031_05" not in await names(connection, "entry")
    await ahead.make(connection, now + dt.timedelta(minutes=2))
    assert "entry_2031_05" in await names(connection, "entry")
    await other.execute("DROP TABLE entry_2031_08")
    await ahead.make(connection, now + dt.timedelta(minutes=3))
    assert "entry_2031_08" not in await names(connection, "entry"), "asked again for nothing"
    await other.close()


async def test_readers_and_writers_wait_for_no_month(
    connection: asyncpg.Connection, database: str
) -> None:
    """One who writes a long transaction into this month does not hold up the next, nor it him."""
    now = await connection.fetchval("SELECT now()")
    writer = await asyncpg.connect(database)
    async with writer.transaction():
        await append(writer, a_batch("w"), now)
        await connection.execute("SET lock_timeout = '100ms'")
        assert "entry_2031_05" in await make_months(connection, FAR)
        await append(writer, a_batch("v"), now)
    await writer.close()


async def test_what_was_there_before_months_stays_in_place_and_readable(
    connection: asyncpg.Connection, database: str
) -> None:
    """Down to the schema without months, data as of then, and up again."""
    now = await connection.fetchval("SELECT now()")

    def down(made: object) -> None:
        from alembic import command

        settings = config()
        settings.attributes["connection"] = made
        command.downgrade(settings, "0004")

    await with_connection(database, down)
    batch = await connection.fetchval(
        "INSERT INTO batch (n, received_at) VALUES (3, $1) RETURNING id", now
    )
    await connection.executemany(
        "INSERT INTO entry (batch_id, idx, kind, organisation_id, source, event_id, type, subject,"
        " time, body) VALUES ($1, $2, 'event', 1, $3, $4, $5, $6, $7, $8)",
        [(batch, i, e.source, e.event_id, e.type, e.subject, e.time, e.body)
         for i, e in enumerate(a_batch("old"))],
    )  # fmt: skip
    assert await place(connection, 10**15) == 3
    before = await read_entries(connection, 0, 10)
    await migrate(database)
    assert await drift(database) == []
    assert await read_entries(connection, 0, 10) == before
    assert await where(connection, "entry") == {"entry_before"}
    # Down once more, with ids that begin with their month by now, and up.
    async with connection.transaction():
        await append(connection, a_batch("then"), now)
    assert await place(connection, 10**15) == 3
    await with_connection(database, down)
    before = await read_entries(connection, 0, 10)
    await migrate(database)
    assert await read_entries(connection, 0, 10) == before
    assert len(before) == 6
    # A process of the release before, which gives plain ids, may go on for a while.
    old = await connection.fetchval(
        "INSERT INTO batch (n, received_at) VALUES (1, $1) RETURNING id", now
    )
    await connection.execute(
        "INSERT INTO entry (batch_id, idx, kind, body) VALUES ($1, 0, 'unit', '{}')", old
    )
    async with connection.transaction():
        await append(connection, a_batch("new"), now)
    assert await place(connection, 10**15) == 4
    assert [e.seq for e in await read_entries(connection, 0, 20)] == list(range(1, 11))
    assert await strays(connection) == []
