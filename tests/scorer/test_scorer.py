"""The scorer on PostgreSQL: what it stores is what the log says, however it was interrupted."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

import services.scorer.worker as worker
from chitieu.periods import to_microseconds
from chitieu.ports import NewEntry
from chitieu.postgres import scoring_store
from chitieu.postgres.log import append, place
from chitieu.postgres.verify import verify
from services.scorer.worker import Scorer, run
from tests.builders import (
    NOON,
    a_catalogue,
    a_plan,
    a_retraction,
    a_row,
    a_target,
    a_unit,
    a_waiver,
    a_withdrawal,
    cashless,
    places,
    text,
)
from tests.conftest import nothing_placed

UNITS = [f"38F{n:02}" for n in range(1, 7)]


def a_registry() -> list[NewEntry]:
    rows = [
        a_row("I.1", "cashless-payment-count-share", 1, target=a_target()),
        a_row("I.2", "emr-hospital-share", 2, target=a_target(due=dt.date(2026, 12, 31))),
    ]
    catalogue = a_catalogue(a_plan(rows))
    first = NewEntry("catalogue", catalogue.to_json().decode())
    return [first, *(a_unit(code) for code in UNITS)]


def history(seed: int, count: int) -> list[NewEntry]:
    """Reports with corrections and retractions in random order, some before what they name."""
    chance = random.Random(seed)
    made: list[NewEntry] = []
    for number in range(count):
        unit = chance.choice(UNITS)
        month = chance.randint(1, 12)
        whole = chance.randint(1, 500)
        corrects = f"e{chance.randint(0, count)}" if chance.random() < 0.2 else None
        made.append(cashless(
            unit, f"2025-{month:02}", whole, chance.randint(0, whole), id=f"e{number}",
            time=f"2025-12-{chance.randint(1, 28):02}T00:00:00", corrects=corrects,
        ))  # fmt: skip
        if chance.random() < 0.05:
            first = dt.date(2025, month, 1)
            last = first + dt.timedelta(days=chance.choice([27, 30, 120]))
            made.append(a_waiver(unit, str(first), str(last), id=f"w{number}"))
            if chance.random() < 0.5:
                made.append(a_withdrawal(f"w{number}", unit))
        if chance.random() < 0.1:
            made.append(a_retraction(f"e{chance.randint(0, count)}", id=f"r{number}"))
    chance.shuffle(made)
    return made


async def write(connection: Any, entries: Sequence[NewEntry]) -> None:
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO organisation (code, name) VALUES ('a', 'a') ON CONFLICT DO NOTHING"
        )
        batch = await append(connection, entries, NOON)
        for idx, entry in enumerate(entries):
            if entry.kind in ("event", "retraction"):
                await connection.execute(
                    "INSERT INTO identity (organisation_id, key, meaning, batch_id, idx)"
                    " SELECT $1, substring(sha256(convert_to($2, 'UTF8') || '\\x00'::bytea"
                    " || convert_to($3, 'UTF8')) for 16), decode(repeat('00', 16), 'hex'), $4, $5",
                    entry.organisation, entry.source, entry.event_id, batch, idx,
                )  # fmt: skip


async def score(connection: Any, now: dt.datetime = NOON) -> Scorer:
    scorer = Scorer(connection, places())
    await scorer.start(now.date())
    while await scorer.step(now):
        pass
    return scorer


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_incremental_equals_replay(database: str, seed: int) -> None:
    writer, reader = await asyncpg.connect(database), await asyncpg.connect(database)
    await write(writer, a_registry())
    entries = history(seed, 120)
    scorer = await score(reader)
    at = 0
    chance = random.Random(seed)
    while at < len(entries):
        size = chance.randint(1, 25)
        await write(writer, entries[at : at + size])
        at += size
        while await scorer.step(NOON):
            pass
    told = await verify(writer, places())
    assert told.difference is None
    assert told.position == len(entries) + 1 + len(UNITS)
    assert told.results > 0
    await writer.close()
    await reader.close()


async def test_a_backlog_in_pieces_gives_the_same_as_one_by_one(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BATCH", 16)
    connection, writer = await asyncpg.connect(database), await asyncpg.connect(database)
    await write(writer, [*a_registry(), *history(9, 100)])
    await score(connection)
    assert (await verify(writer, places())).difference is None
    behind = await connection.fetchval("SELECT count(DISTINCT seq) FROM consumer")
    assert behind == 1
    await connection.close()
    await writer.close()


async def test_killed_between_any_two_steps_it_goes_on_exactly(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new scorer after every step, and one that dies before its commit."""
    monkeypatch.setattr(worker, "BATCH", 10)
    writer = await asyncpg.connect(database)
    await write(writer, [*a_registry(), *history(5, 60)])
    real = scoring_store.write
    for turn in range(60):
        connection = await asyncpg.connect(database)
        scorer = Scorer(connection, places())
        await scorer.start(NOON.date())
        if turn % 2:

            async def dies(*_: Any) -> None:
                raise ConnectionError

            monkeypatch.setattr(scoring_store, "write", dies)
        try:
            busy = await scorer.step(NOON)
        except ConnectionError:
            busy = True
        monkeypatch.setattr(scoring_store, "write", real)
        await connection.close()
        if not busy:
            break
    assert (await verify(writer, places())).difference is None
    last = await writer.fetchval("SELECT seq FROM consumer WHERE name = $1", scoring_store.RESULTS)
    assert last == await writer.fetchval("SELECT seq FROM log_head")
    await writer.close()


async def test_a_second_scorer_is_fenced(database: str) -> None:
    writer = await asyncpg.connect(database)
    first, second = await asyncpg.connect(database), await asyncpg.connect(database)
    await write(writer, a_registry())
    slow = Scorer(first, places())
    await slow.start(NOON.date())
    await score(second)
    with pytest.raises(scoring_store.Fenced):
        await slow.step(NOON)
    assert (await verify(writer, places())).difference is None
    for connection in (writer, first, second):
        await connection.close()


@pytest.mark.parametrize(
    ("statement", "table", "column"),
    [
        ("UPDATE result SET numerator = numerator + 1 WHERE target = 'thu-2025/I.1'", "result",
         "numerator"),
        ("UPDATE result SET verdict = 'met'", "result", "verdict"),
        ("DELETE FROM result WHERE target = 'thu-2025/I.2'", "result", "place"),
        ("UPDATE measurement SET fields = replace(fields, '\"payments\":1', '\"payments\":2')",
         "measurement", "fields"),
        ("DELETE FROM measurement WHERE seq = (SELECT max(seq) FROM measurement)", "measurement",
         "seq"),
        ("UPDATE standing_change SET stands = NOT stands", "standing_change", "stands"),
        ("DELETE FROM place_position WHERE seq = (SELECT max(seq) FROM place_position)",
         "place_position", "place"),
    ],
)  # fmt: skip
async def test_verify_names_the_first_cell_that_was_tampered_with(
    database: str, statement: str, table: str, column: str
) -> None:
    connection = await asyncpg.connect(database)
    await write(connection, [*a_registry(), *history(4, 80)])
    reader = await asyncpg.connect(database)
    await score(reader)
    assert (await verify(connection, places())).difference is None
    assert await connection.execute(statement) != "UPDATE 0"
    found = (await verify(connection, places())).difference
    assert found is not None
    assert (found.table, found.column) == (table, column)
    await connection.close()
    await reader.close()


async def test_a_new_day_moves_what_today_means(database: str) -> None:
    connection, writer = await asyncpg.connect(database), await asyncpg.connect(database)
    await write(writer, [*a_registry(), *history(6, 40)])
    await score(connection)
    tomorrow = NOON + dt.timedelta(days=1)
    await score(connection, tomorrow)
    newest = await writer.fetchval("SELECT max(as_of) FROM result")
    assert newest == tomorrow.date()
    assert (await verify(writer, places())).difference is None
    await connection.close()
    await writer.close()


async def test_what_others_place_wakes_it(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 60.0)
    writer, reader = await asyncpg.connect(database), await asyncpg.connect(database)
    await write(writer, a_registry())
    scorer = await score(reader)
    stop, before = asyncio.Event(), scorer.position
    running = asyncio.create_task(run(reader, scorer, stop, lambda: NOON))
    async with nothing_placed(database):
        await write(writer, history(3, 10))
        await asyncio.sleep(0.2)  # told of the commit, it could place nothing
        assert scorer.position == before
    assert await place(writer, to_microseconds(NOON)) > 0
    async with asyncio.timeout(5):
        while scorer.position == before:  # noqa: ASYNC110 - its position has no event
            await asyncio.sleep(0.01)
    stop.set()
    await running
    await writer.close()
    await reader.close()


async def test_a_successors_results_follow_the_units_of_a_dissolved_province(
    database: str,
) -> None:
    """Events, a moved unit and a condition of Bà Rịa – Vũng Tàu's plan, one after the other."""
    rows = [
        a_row("I.1", "cashless-payment-count-share", 1, target=a_target()),
        a_row("I.2", "emr-hospital-share", 2, target=a_target(condition=text("khi có hướng dẫn"))),
    ]
    catalogue = a_catalogue(a_plan(rows, place="77"))
    writer, reader = await asyncpg.connect(database), await asyncpg.connect(database)
    first = NewEntry("catalogue", catalogue.to_json().decode())
    await write(writer, [first, a_unit("77F01", "77"), a_unit("77F02", "77")])
    scorer = await score(reader)
    fulfilled = '{"target":"thu-2025/I.2","fulfilled_on":"2025-03-01","document":"1/QĐ"}'
    for entry in (
        cashless("77F01", "2025-03", 100, 60, id="a"),
        cashless("77F02", "2025-11", 100, 70, id="b"),
        a_unit("77F02", "01", "2025-10-01"),
        NewEntry("condition", fulfilled),
        cashless("77F01", "2025-11", 10, 6, id="c"),
        a_retraction("a", id="r"),
        a_unit("77F09", "79", "2025-12-01", succeeds="77F01"),
        cashless("77F09", "2025-12", 20, 12, id="d"),
        cashless("77F01", "2025-10", 10, 6, id="e"),
    ):
        await write(writer, [entry])
        while await scorer.step(NOON):
            pass
        assert (await verify(writer, places())).difference is None
    rows_of = "SELECT target, numerator, body FROM result WHERE place = $1 ORDER BY target"
    own, new = [await reader.fetch(rows_of, key) for key in ("77", "79@2025-07-01")]
    assert [(r["target"], r["numerator"]) for r in own] == [
        (r["target"], r["numerator"]) for r in new
    ]
    assert own[0]["numerator"] == 70 + 6 + 12 + 6
    assert '"origin":null' in own[0]["body"]
    assert '"origin":{"code":"77"' in new[0]["body"]
    await writer.close()
    await reader.close()
