"""A month out of the log into a file, out of the database, and back: each step whole or not at all.

What stays of a dropped month: its identities, positions, known times and everything derived; and
of its entries all that others may depend on (`stays_behind`). So a report sent again is a
duplicate, it can be corrected and retracted, and every answer is as before.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import asyncpg

from chitieu.archive.file import Line, Summary, Writer, stays_behind
from chitieu.archive.folder import Kept, checked, keep, lines_of, unfinished
from chitieu.months import Month, parse_month
from chitieu.periods import from_microseconds, to_microseconds
from chitieu.ports import Entry
from chitieu.postgres.facts import scored
from chitieu.postgres.months import KEPT, attach, bounds_of
from chitieu.text import plural

Progress = Callable[[int], None]

_ENTRY: Final = KEPT[0]
_SETTLED: Final = dt.timedelta(days=1)
_AT_ONCE: Final = 2_000
_COLUMNS: Final = (
    "batch_id", "idx", "kind", "organisation_id", "source", "event_id", "type", "subject", "time",
    "corrects", "body",
)  # fmt: skip
_LOCK: Final = 4294967287
_STATE: Final = (
    "SELECT (SELECT count(*) FROM batch b WHERE b.id >= $1 AND b.id < $2 AND NOT EXISTS"
    " (SELECT FROM log WHERE batch_id = b.id)) AS unplaced,"
    " (SELECT coalesce(sum(n), 0) FROM log WHERE batch_id >= $1 AND batch_id < $2)::bigint AS n,"
    " (SELECT coalesce(max(first_seq + n - 1), 0) FROM log"
    " WHERE batch_id >= $1 AND batch_id < $2) AS last,"
    " (SELECT min(seq) FROM consumer WHERE name <> 'scorer'"
    " AND name NOT LIKE 'results %') AS others"
)
_DROP: Final = (
    "INSERT INTO archived_month (month, sha256, entries, dropped_at) VALUES ($1, $2, $3, $4)"
)
_RESTORED: Final = "DELETE FROM archived_month WHERE month = $1"
_TRIES: Final = 30
_DROPPED: Final = "SELECT sha256, entries FROM archived_month WHERE month = $1"
_LINES: Final = (
    "SELECT l.first_seq + e.idx AS seq, l.first_known + e.idx AS known, l.epoch, b.received_at, e.*"
    " FROM log l JOIN batch b ON b.id = l.batch_id CROSS JOIN LATERAL"
    " (SELECT * FROM {partition} WHERE batch_id = l.batch_id OFFSET 0) e"
    " WHERE l.batch_id >= $1 AND l.batch_id < $2 ORDER BY l.first_seq, e.idx"
)


class Refused(Exception):
    """It cannot be done as things are; one line, vi / en, that says how to mend it."""

    def __init__(self, vi: str, en: str) -> None:
        """Both say the same."""
        self.vi, self.en = vi, en
        super().__init__(f"{vi} / {en}")


def month_named(text: str) -> Month:
    """`2026-10` as a month. Refused."""
    month = parse_month(text)
    if month is None:
        raise Refused(f"{text}: không phải tháng, như 2026-10", f"{text}: no month, as 2026-10 is")
    return month


async def size_of(connection: Any, month: Month, now: dt.datetime) -> int:
    """How many entries of a month there are to archive. Refused unless all of it can be."""
    begins, ends = month.first_id, month.plus(1).first_id
    if now < from_microseconds(month.plus(1).begins) + _SETTLED:
        raise Refused(
            f"tháng {month} chưa kết thúc được một ngày: chỉ lưu trữ tháng đã xong",
            f"{month} has not been over for a day: only a month that is over is archived",
        )
    _, months = await bounds_of(connection, "entry")
    if months.get(_ENTRY.partition(month), (0, 0))[0] != begins:
        raise Refused(
            f"tháng {month} không nằm riêng: trước bản này, hoặc chưa nhận gì",
            f"{month} is not kept apart: it is from before this release, or nothing was received",
        )
    state = await connection.fetchrow(_STATE, begins, ends)
    if state["unplaced"]:
        raise Refused(
            f"tháng {month} còn {state['unplaced']} lô chưa có vị trí: chạy make up rồi thử lại",
            f"{state['unplaced']} batches of {month} have no position yet: run make up, then again",
        )
    done = await scored(connection)
    done = done if state["others"] is None else min(done, state["others"])
    if state["last"] > done:
        raise Refused(
            f"tháng {month} chưa được tính hết (đến {done}, cần {state['last']}): chạy make up rồi"
            " thử lại",
            f"{month} is not all scored (up to {done} of {state['last']}): run make up, then again",
        )
    held: int = await connection.fetchval(
        f"SELECT count(*) FROM {_ENTRY.partition(month)}"  # noqa: S608 - a name of ours
    )
    if (gone := await connection.fetchrow(_DROPPED, str(month))) is not None:
        raise Refused(
            f"tháng {month} đã lưu trữ, sha256 {gone['sha256'].hex()}",
            f"{month} is archived already, sha256 {gone['sha256'].hex()}",
        )
    if held != state["n"]:
        raise Refused(
            f"tháng {month} có {held} mục, nhật ký có {state['n']}: chạy chitieu verify",
            f"{month} holds {plural(held, 'entry', 'entries')}, the log {state['n']}:"
            " run chitieu verify",
        )
    return held


async def write_month(
    connection: Any, month: Month, folder: Path, progress: Progress | None = None
) -> tuple[Kept, Summary]:
    """Write a month's entries into a file of the folder, and read it again. OSError, Damaged.

    Reads one snapshot and changes nothing in the database; done again, it gives the same file.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        with unfinished(folder, str(month)) as out:
            writer, senders, seen = Writer(out, str(month)), set[int](), 0
            query = _LINES.format(partition=_ENTRY.partition(month))
            bounds = (month.first_id, month.plus(1).first_id)
            async for row in connection.cursor(query, *bounds, prefetch=_AT_ONCE):
                writer.add(_line(row))
                if row["organisation_id"] is not None:
                    senders.add(row["organisation_id"])
                seen += 1
                if progress and seen % 1000 == 0:
                    progress(1000)
            codes = await connection.fetch(
                "SELECT id, code FROM organisation WHERE id = ANY($1::int[])", sorted(senders)
            )
            writer.close({row["id"]: row["code"] for row in codes})
            kept = keep(out, folder, str(month))
    if progress:
        progress(seen % 1000)
    return checked(kept.path)


def _line(row: Any) -> Line:
    entry = Entry(
        kind=row["kind"], body=row["body"], organisation=row["organisation_id"],
        source=row["source"], event_id=row["event_id"], type=row["type"], subject=row["subject"],
        time=row["time"], corrects=row["corrects"], seq=row["seq"], known=row["known"],
    )  # fmt: skip
    received = to_microseconds(row["received_at"])
    return Line(entry, row["epoch"], row["batch_id"], row["idx"], received)


async def drop_month(
    connection: Any, path: Path, now: dt.datetime, progress: Progress | None = None
) -> Kept:
    """Leave of an archived month only what stays behind. Refused, Damaged.

    The file must have been found equal to the log (`chitieu.postgres.archive_check`) just before.
    """
    kept, summary = checked(path)
    month = month_named(summary.month)
    if await size_of(connection, month, now) != summary.entries:
        raise Refused(f"{path.name}: không đủ tháng {month}", f"{path.name}: not all of {month}")
    records = (line for line in lines_of(path, progress) if isinstance(line, Line))
    staying = (line for line in records if stays_behind(line.entry))
    said = (str(month), bytes.fromhex(kept.sha256), summary.entries, now)
    async with _filled(connection, month, staying) as name:
        await _swap(connection, month, name, _DROP, said, summary.entries)
    return kept


async def restore_month(connection: Any, path: Path, progress: Progress | None = None) -> Summary:
    """Bring a dropped month back from its file, byte for byte. Refused, Damaged."""
    kept, summary = checked(path)
    month = month_named(summary.month)
    row = await connection.fetchrow(_DROPPED, str(month))
    if row is None:
        raise Refused(
            f"tháng {month} còn nguyên trong cơ sở dữ liệu", f"{month} is all in the database"
        )
    if row["sha256"].hex() != kept.sha256:
        raise Refused(
            f"{path.name}: không phải tệp đã thay cho tháng {month}, là sha256"
            f" {row['sha256'].hex()}",
            f"{path.name}: not the file that stands for {month}, which is sha256"
            f" {row['sha256'].hex()}",
        )
    lines = (line for line in lines_of(path, progress) if isinstance(line, Line))
    async with _filled(connection, month, lines) as name:
        await _swap(connection, month, name, _RESTORED, (str(month),))
    return summary


@asynccontextmanager
async def _filled(connection: Any, month: Month, lines: Iterable[Line]) -> AsyncIterator[str]:
    """A table beside the month's partition, with these lines; one from a broken-off try goes.

    For the length of the block nobody else makes one. Committed piece by piece: an open transaction
    would hold up the sequencer.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        raise Refused(
            "một lệnh archive khác đang chạy: đợi nó xong",
            "another archive command is running: wait for its end",
        )
    try:
        name = f"{_ENTRY.partition(month)}_new"
        begins, ends = (await bounds_of(connection, "entry"))[1][_ENTRY.partition(month)]
        await connection.execute(f"DROP TABLE IF EXISTS {name}")
        await connection.execute(f"CREATE TABLE {name} (LIKE entry INCLUDING ALL)")
        # Known beforehand, it spares a reading of the whole table while it is attached.
        await connection.execute(
            f"ALTER TABLE {name} ADD CONSTRAINT within"
            f" CHECK (batch_id >= {begins} AND batch_id < {ends})"
        )
        records = map(_record, lines)
        while some := list(islice(records, _AT_ONCE)):
            await connection.copy_records_to_table(name, records=some, columns=_COLUMNS)
        yield name
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


def _record(line: Line) -> tuple[Any, ...]:
    e = line.entry
    return (
        line.batch, line.idx, e.kind, e.organisation, e.source, e.event_id, e.type, e.subject,
        e.time, e.corrects, e.body,
    )  # fmt: skip


async def _swap(
    connection: Any, month: Month, name: str, say: str, said: tuple[Any, ...],
    expected: int | None = None,
) -> None:  # fmt: skip
    """Put a table in the place of a month's partition, and say so; what was there goes. Refused.

    Readers and writers wait for a moment, never for one who keeps us waiting. `expected`: how many
    entries it must still hold.
    """
    partition = _ENTRY.partition(month)
    for turn in range(_TRIES):
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '1s'")
                await connection.execute(f"LOCK TABLE {partition} IN SHARE MODE")
                await _same_size(connection, month, expected)
                begins, ends = (await bounds_of(connection, "entry"))[1][partition]
                await connection.execute(f"ALTER TABLE entry DETACH PARTITION {partition}")
                await connection.execute(f"DROP TABLE {partition}")
                await connection.execute(f"ALTER TABLE {name} RENAME TO {partition}")
                await connection.execute(attach("entry", partition, begins, ends))
                await connection.execute(f"ALTER TABLE {partition} DROP CONSTRAINT within")
                await connection.execute(say, *said)
            return
        except asyncpg.LockNotAvailableError as error:
            if turn == _TRIES - 1:
                raise Refused(
                    "cơ sở dữ liệu đang bận (có lệnh đọc lâu): thử lại sau, không mất gì",
                    "the database is busy (somebody reads for long): try again, nothing is lost",
                ) from error
            await asyncio.sleep(1)


async def _same_size(connection: Any, month: Month, expected: int | None) -> None:
    held = await connection.fetchval(
        f"SELECT count(*) FROM {_ENTRY.partition(month)}"  # noqa: S608 - a name of ours
    )
    if expected is not None and held != expected:
        raise Refused(
            f"tháng {month} có thêm mục: lưu trữ lại", f"{month} has grown: archive it again"
        )
