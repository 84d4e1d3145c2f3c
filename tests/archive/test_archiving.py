"""A month goes into a file and comes back: nothing that anybody asks changes meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chitieu.archive.file import Damaged, Line, stays_behind
from chitieu.archive.folder import files_of, lines_of
from chitieu.months import Month
from chitieu.postgres import archiving
from chitieu.postgres.archive_check import check_archive
from chitieu.postgres.archive_replay import WholeLog
from chitieu.postgres.archived import EntriesArchived, EntriesMissing
from chitieu.postgres.archiving import Refused, drop_month, restore_month, size_of
from chitieu.postgres.log import read_entries
from chitieu.postgres.verify import verify
from tests.archive.made import FEBRUARY, fingerprints, lived, payments
from tests.builders import places
from tests.machine.system import UNITS

ALL = 10**6
CARD = "/v1/provinces/77/scorecard?on=2025-06-30"
ANSWERS = (
    "/v1/provinces/77/scorecard?on=2025-06-30&as_of=2026-12-31",
    "/v1/provinces/79/scorecard",
    "/v1/targets/thu-2025/ratio/explanation",
    "/v1/targets/thu-2025/ratio/history",
    "/v1/targets/thu-2025/meeting/units",
    "/v1/provinces/77/completeness?on=2025-06-30&plan=thu-2025&period=2025-Q1",
    "/v1/provinces/77/closings?on=2025-06-30",
    "/v1/changes?province=77&on=2025-06-30&from_known_at=2027-02-03T10:00:30%2B07:00",
    "/v1/changes?province=77&on=2025-06-30&from_known_at=2027-02-03T10:00:30%2B07:00"
    "&to_known_at=2027-02-04T10:00:30%2B07:00",
)


async def answers(system: Any) -> dict[str, bytes]:
    found = {}
    for path in ANSWERS:
        answered = await system.ask(path)
        assert answered.status_code == 200, (path, answered.text)
        found[path] = answered.content
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_archived_and_restored_everything_is_as_it_was(
    database: str, tmp_path: Path, seed: int
) -> None:
    async with lived(database, seed) as system:
        before, told = await fingerprints(system.db), await answers(system)
        assert b'"id":"e1"' in told[ANSWERS[-1]], "a plain report is among the causes"
        path = await system.archive(tmp_path)
        for _ in range(2):  # as it runs, and started anew
            assert await answers(system) == told
            await system._as_before()
            await system.restart()
        now = await fingerprints(system.db)
        assert {t for t in now if now[t] != before[t]} == {"entry", "archived_month"}
        report = await verify(system.db, places(), read=WholeLog(tmp_path).read)
        assert report.difference is None
        assert report.closing_differences == ()
        await check_archive(system.db, path)
        await restore_month(system.db, path)
        assert await fingerprints(system.db) == before
        await system.check()


@pytest.mark.parametrize("seed", [4, 5])
async def test_what_is_archived_can_be_corrected_and_retracted_as_before(
    database: str, tmp_path: Path, seed: int
) -> None:
    """The same afterlife, with the month at hand and without, after a restart of the scorer."""
    async with lived(database, seed) as system:
        path = await system.archive(tmp_path)
        await system.restart()
        free = [e for e in system.posted if e["kind"] == "event" and e["corrects"] is None]
        for number, event in enumerate(free[:4], 200):
            system.pass_time(minutes=1)
            await system.post(payments(
                number, UNITS[number % 4], event["period"], system.now, corrects=event["id"]
            ))  # fmt: skip
        named = {e["id"] for e in system.posted if e["kind"] == "retraction"}
        for event in [e for e in free[4:9] if e["id"] not in named]:
            await system.post({
                "kind": "retraction", "sender": 2, "source": "urn:his", "id": event["id"],
                "time": system.now,
            })  # fmt: skip
        # What a closing says of what moved, and why, needs no text of a plain report either.
        answered = await system.wanted("/v1/provinces/77/closings?on=2025-06-30", "77")
        system.closings = answered["items"]
        await system.reopen(system.closings[0]["id"])
        assert await system.close("2025-Q1")
        report = await verify(system.db, places(), read=WholeLog(tmp_path).read)
        assert (report.difference, report.closing_differences) == (None, ())
        assert len(await system.db.fetch("SELECT FROM standing_change")) > 0
        told = await answers(system)
        await restore_month(system.db, path)
        await system.restart()
        assert await answers(system) == told
        await system.check()


async def test_an_archived_report_sent_again_is_a_duplicate_another_meaning_a_conflict(
    database: str, tmp_path: Path
) -> None:
    async with lived(database) as system:
        await system.archive(tmp_path)
        assert await system.db.fetchval(
            "SELECT count(*) FROM identity i JOIN batch b ON b.id = i.batch_id"
            " WHERE NOT EXISTS (SELECT FROM entry e WHERE e.batch_id = i.batch_id)"
        ) > 10  # fmt: skip
        for event in list(system.posted):
            if event["kind"] == "event":
                await system.post(event, "duplicate")
                other = event | {"time": event["time"] - dt.timedelta(minutes=1)}
                await system.post(other, "conflict")


async def test_without_the_file_nobody_goes_on_past_what_is_missing(
    database: str, tmp_path: Path
) -> None:
    async with lived(database) as system:
        path = await system.archive(tmp_path)
        sha256 = path.name.split(".")[1]
        with pytest.raises(EntriesArchived, match=sha256) as told:
            await read_entries(system.db, 0, ALL)
        assert told.value.month == "2027-02"
        seq = told.value.seq
        assert [e.seq for e in await read_entries(system.db, 0, seq - 1)] == [*range(1, seq)]
        for limit in (1, ALL):  # also where nothing at all would come
            with pytest.raises(EntriesArchived):
                await read_entries(system.db, seq - 1, limit)
        with pytest.raises(EntriesArchived):
            await verify(system.db, places())
        (tmp_path / "empty").mkdir()
        with pytest.raises(EntriesArchived):
            await verify(system.db, places(), read=WholeLog(tmp_path / "empty").read)
        path.write_bytes(path.read_bytes()[:-30])
        with pytest.raises(Damaged, match=path.name):
            await verify(system.db, places(), read=WholeLog(tmp_path).read)


@pytest.mark.parametrize("which", ["first", "last", "middle"])
async def test_an_entry_that_is_simply_gone_is_a_gap(database: str, which: str) -> None:
    async with lived(database) as system:
        seqs = [e.seq for e in await read_entries(system.db, 0, ALL)]
        seq = {"first": seqs[0], "last": seqs[-1], "middle": seqs[20]}[which]
        await system.db.execute(
            "DELETE FROM entry e USING log l WHERE l.batch_id = e.batch_id"
            " AND l.first_seq + e.idx = $1", seq,
        )  # fmt: skip
        with pytest.raises(EntriesMissing, match=f"position {seq}"):
            await read_entries(system.db, 0, ALL)


async def test_what_stays_is_what_others_may_depend_on(database: str, tmp_path: Path) -> None:
    async with lived(database) as system:
        path = await system.archive(tmp_path)
        lines = [line for line in lines_of(path) if isinstance(line, Line)]
        kinds = {(e.kind, e.corrects is None) for e in (line.entry for line in lines)}
        assert len(kinds) > 3, "not enough to tell apart"
        rows = await system.db.fetch("SELECT batch_id, idx FROM entry_2027_02")
        assert {(r["batch_id"], r["idx"]) for r in rows} == {
            (line.batch, line.idx) for line in lines if stays_behind(line.entry)
        }
        assert 0 < len(rows) < len(lines)


async def test_a_note_stays_so_that_it_can_be_told(database: str, tmp_path: Path) -> None:
    async with lived(database) as system:
        system.now = dt.datetime(2027, 2, 20, 3, tzinfo=dt.UTC)
        told = await system.ask(ANSWERS[-1])
        assert told.status_code == 200
        line = next(
            line.entry for line in lines_of_february(await february(system, tmp_path))
            if line.entry.kind == "event" and line.entry.corrects is None
        )  # fmt: skip
        assert not stays_behind(line)
        noted = line.body.replace('"note":null', '"note":"nhập tay"', 1)
        assert noted != line.body
        assert stays_behind(replace(line, body=noted))


async def february(system: Any, folder: Path) -> Path:
    system.now = dt.datetime(2027, 3, 10, 3, tzinfo=dt.UTC)
    path: Path = await system.archive(folder, drop=False)
    return path


def lines_of_february(path: Path) -> list[Line]:
    return [line for line in lines_of(path) if isinstance(line, Line)]


DIFFERENT = {
    "measurement": "UPDATE measurement SET fields = replace(fields, '1', '2') WHERE seq ="
    " (SELECT min(seq) FROM measurement WHERE fields LIKE '%1%')",
    "less": 'DELETE FROM measurement WHERE (seq, "group") = (SELECT seq, "group" FROM measurement'
    " ORDER BY seq LIMIT 1)",
    "more": "INSERT INTO measurement SELECT (jsonb_populate_record(m,"
    " jsonb_build_object('group', 'x'))).* FROM measurement m ORDER BY seq LIMIT 1",
    "identity": "UPDATE identity SET idx = idx + 1 WHERE batch_id = (SELECT min(batch_id)"
    " FROM identity)",
    "forgotten": "DELETE FROM identity WHERE batch_id = (SELECT min(batch_id) FROM identity)",
    "log": "UPDATE log SET first_known = first_known - 1 WHERE first_seq = 1",
    "text": "UPDATE entry SET body = replace(body, '\"payments\":11', '\"payments\":12')",
    "missing": "DELETE FROM entry WHERE kind = 'retraction'",
    "count": "INSERT INTO log SELECT 10000, max(batch_id) + 1, 1, 1, 10000"
    " FROM log WHERE batch_id < 2027030000000000",
}


@pytest.mark.parametrize("what", DIFFERENT)
async def test_a_file_that_is_not_as_the_database_is_told_apart(
    database: str, tmp_path: Path, what: str
) -> None:
    async with lived(database) as system:
        path = await system.archive(tmp_path, drop=False)
        await check_archive(system.db, path)
        await system.db.execute(DIFFERENT[what])
        with pytest.raises(Damaged):
            await check_archive(system.db, path)


async def test_only_a_month_that_is_over_placed_and_scored_is_archived(
    database: str, tmp_path: Path
) -> None:
    async with lived(database) as system:
        db, now = system.db, system.now
        first_of_march = dt.datetime(2027, 2, 28, 17, tzinfo=dt.UTC)
        with pytest.raises(Refused, match="has not been over for a day"):
            await size_of(db, FEBRUARY, first_of_march + dt.timedelta(hours=23))
        assert await size_of(db, FEBRUARY, first_of_march + dt.timedelta(days=1)) > 20
        with pytest.raises(Refused, match="not kept apart"):
            await size_of(db, Month(2020, 1), now)
        scored = await db.fetchval("UPDATE consumer SET seq = 5 WHERE name = 'scorer' RETURNING 1")
        assert scored == 1
        with pytest.raises(Refused, match="not all scored"):
            await size_of(db, FEBRUARY, now)
        await db.execute("UPDATE consumer SET seq = 100000")
        await db.execute("INSERT INTO consumer VALUES ('another', 5)")
        with pytest.raises(Refused, match="not all scored"):
            await size_of(db, FEBRUARY, now)
        await db.execute("DELETE FROM consumer WHERE name = 'another'")
        batch = await db.fetchval(
            "INSERT INTO batch (id, n, received_at) OVERRIDING SYSTEM VALUE VALUES ($1, 1, $2)"
            " RETURNING id", FEBRUARY.first_id + 99_999, now,
        )  # fmt: skip
        with pytest.raises(Refused, match="no position"):
            await size_of(db, FEBRUARY, now)
        await db.execute("DELETE FROM batch WHERE id = $1", batch)
        await db.execute("DELETE FROM entry_2027_02 WHERE kind = 'retraction'")
        with pytest.raises(Refused, match="chitieu verify"):
            await size_of(db, FEBRUARY, now)


async def test_a_drop_that_breaks_off_loses_nothing_and_is_done_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lived(database) as system:
        path = await system.archive(tmp_path, drop=False)
        before = await fingerprints(system.db)

        class Killed(Exception):
            pass

        async def dies(*_: Any, **__: Any) -> None:
            raise Killed

        for name in ("_same_size", "_swap"):
            with monkeypatch.context() as broken:
                broken.setattr(archiving, name, dies)
                with pytest.raises(Killed):
                    await drop_month(system.db, path, system.now)
            assert await fingerprints(system.db) == before
        assert await system.archive(tmp_path) == path
        with pytest.raises(Refused, match="archived already"):
            await system.archive(tmp_path)
        left = await fingerprints(system.db)
        with monkeypatch.context() as broken:
            broken.setattr(archiving, "_swap", dies)
            with pytest.raises(Killed):
                await restore_month(system.db, path)
        assert await fingerprints(system.db) == left
        await restore_month(system.db, path)
        assert await fingerprints(system.db) == before
        with pytest.raises(Refused, match="all in the database"):
            await restore_month(system.db, path)
        assert (await system.archive(tmp_path)) == path
        assert list(files_of(tmp_path).values()) == [path]


async def test_a_month_that_grew_since_is_not_dropped(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lived(database) as system:
        path = await system.archive(tmp_path, drop=False)
        batch = FEBRUARY.first_id + 99_999
        await system.db.execute(
            "INSERT INTO entry (batch_id, idx, kind, body) VALUES ($1, 0, 'unit', '{}')", batch
        )

        async def as_before(*_: Any) -> int:
            return len(lines_of_february(path))

        monkeypatch.setattr(archiving, "size_of", as_before)
        with pytest.raises(Refused, match="has grown"):
            await drop_month(system.db, path, system.now)


async def test_only_the_file_that_stands_for_a_month_restores_it(
    database: str, tmp_path: Path
) -> None:
    async with lived(database) as system:
        path = await system.archive(tmp_path)
        await system.db.execute("UPDATE archived_month SET sha256 = sha256('other'::bytea)")
        with pytest.raises(Refused, match="not the file that stands for"):
            await restore_month(system.db, path)


async def test_one_who_reads_for_long_is_waited_for(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "_TRIES", 1)
    async with lived(database) as system:
        path = await system.archive(tmp_path, drop=False)
        before = await fingerprints(system.db)
        reader = await asyncpg.connect(database)
        async with reader.transaction():
            await reader.fetch("SELECT count(*) FROM entry")
            with pytest.raises(Refused, match="busy"):
                await drop_month(system.db, path, system.now)
        await reader.close()
        assert await fingerprints(system.db) == before
        await drop_month(system.db, path, system.now)


class _Slow:
    """A connection that waits, once, after it has filled a table."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.filling, self.go_on = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def copy_records_to_table(self, *given: Any, **named: Any) -> None:
        await self._connection.copy_records_to_table(*given, **named)
        self.filling.set()
        await self.go_on.wait()


async def test_while_a_month_is_dropped_or_restored_reports_are_placed_and_scored(
    database: str, tmp_path: Path
) -> None:
    """A long transaction of ours would hold up the sequencer, so there is none."""
    async with lived(database) as system:
        path = await system.archive(tmp_path, drop=False)
        works: tuple[Callable[[Any], Coroutine[Any, Any, object]], ...] = (
            lambda connection: drop_month(connection, path, system.now),
            lambda connection: restore_month(connection, path),
        )
        for number, work in enumerate(works, 300):
            other = await asyncpg.connect(database)
            slow = _Slow(other)
            task = asyncio.create_task(work(slow))
            await asyncio.wait_for(slow.filling.wait(), 20)
            await system.post(payments(number, UNITS[0], "2025-05", system.now))
            head = await system.db.fetchval("SELECT seq FROM log_head")
            assert system.scorer.position == head
            assert await system.db.fetchval("SELECT max(seq) FROM measurement") == head
            with pytest.raises(Refused, match="another archive command"):
                await work(system.db)
            slow.go_on.set()
            await task
            await other.close()
        await system.check()
