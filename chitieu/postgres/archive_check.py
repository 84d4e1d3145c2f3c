"""An archive file against the database: all of its month, and what was derived of it, exactly.

Each entry has the position, known time and identity that the database holds; it gives the very
measurements that are stored; what of it still is in the log's tables is the same, and nothing that
must be there is missing. A difference is named by its position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from chitieu.archive.file import Damaged, Line, Summary, stays_behind
from chitieu.archive.folder import checked, lines_of
from chitieu.events import identity_key
from chitieu.postgres.archiving import month_named
from chitieu.postgres.facts import REPORT_COLUMNS, report_to_row
from chitieu.reports import reports_of
from chitieu.text import plural

_AT_ONCE: Final = 2_000
_LOG: Final = "SELECT batch_id, first_seq, first_known, epoch FROM log WHERE batch_id = ANY($1)"
_COUNT: Final = (
    "SELECT coalesce(sum(n), 0)::bigint AS n, EXISTS (SELECT FROM archived_month WHERE month = $3)"
    " AS dropped FROM log WHERE batch_id >= $1 AND batch_id < $2"
)
_IDENTITIES: Final = (
    "SELECT i.organisation_id, i.key, i.batch_id, i.idx FROM identity i"
    " JOIN unnest($1::int[], $2::bytea[]) AS u(o, k) ON i.organisation_id = u.o AND i.key = u.k"
)
_QUOTED: Final = ", ".join(f'"{name}"' for name in REPORT_COLUMNS)
_MEASUREMENTS: Final = (
    f"SELECT {_QUOTED} FROM measurement"  # noqa: S608 - names of ours
    " WHERE known >= $1 AND known <= $2 AND seq >= $3 AND seq <= $4"
)
_ENTRIES: Final = (
    "SELECT e.* FROM unnest($1::bigint[]) AS u(id) CROSS JOIN LATERAL"
    " (SELECT * FROM entry WHERE batch_id = u.id OFFSET 0) e"
)


async def check_archive(
    connection: Any, path: Path, progress: Callable[[int], None] | None = None
) -> Summary:
    """Read the file to its end and compare. Damaged at the first difference."""
    _, summary = checked(path)
    month = month_named(summary.month)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        state = await connection.fetchrow(
            _COUNT, month.first_id, month.plus(1).first_id, str(month)
        )
        if state["n"] != summary.entries:
            raise Damaged(
                f"tháng {month} có {state['n']} mục trong nhật ký, tệp có {summary.entries}",
                f"{month} has {plural(state['n'], 'entry', 'entries')} in the log,"
                f" the file {summary.entries}",
            )
        lines = (line for line in lines_of(path) if isinstance(line, Line))
        for some in _pieces(lines):
            await _log(connection, some)
            await _identities(connection, some)
            await _measurements(connection, some)
            await _entries(connection, some, dropped=state["dropped"])
            if progress:
                progress(len(some))
    return summary


def _pieces(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while some := list(islice(lines, _AT_ONCE)):
        yield some


def _differs(what_vi: str, what: str, line: Line) -> Damaged:
    return Damaged(
        f"vị trí {line.entry.seq}: {what_vi} khác cơ sở dữ liệu",
        f"position {line.entry.seq}: {what} not as in the database",
    )


async def _log(connection: Any, lines: Sequence[Line]) -> None:
    rows = await connection.fetch(_LOG, sorted({line.batch for line in lines}))
    held = {row["batch_id"]: row for row in rows}
    for line in lines:
        row = held.get(line.batch)
        if row is None or (line.entry.seq - line.idx, line.entry.known - line.idx, line.epoch) != (
            row["first_seq"], row["first_known"], row["epoch"],
        ):  # fmt: skip
            raise _differs("vị trí hoặc thời điểm", "position or known time", line)


async def _identities(connection: Any, lines: Sequence[Line]) -> None:
    keys = {
        (line.entry.organisation, identity_key(line.entry.source or "", line.entry.event_id or "")):
        line for line in lines if line.entry.kind in ("event", "retraction")
    }  # fmt: skip
    rows = await connection.fetch(_IDENTITIES, [o for o, _ in keys], [key for _, key in keys])
    held = {(r["organisation_id"], r["key"]): (r["batch_id"], r["idx"]) for r in rows}
    for key, line in keys.items():
        if held.get(key) != (line.batch, line.idx):
            raise _differs("danh tính", "its identity is", line)


async def _measurements(connection: Any, lines: Sequence[Line]) -> None:
    first, last = lines[0].entry, lines[-1].entry
    rows = await connection.fetch(_MEASUREMENTS, first.known, last.known, first.seq, last.seq)
    held = {(row["seq"], row["group"]): tuple(row) for row in rows}
    for line in lines:
        reports = reports_of(line.entry) if line.entry.kind == "event" else []
        for report in reports:
            if held.pop((report.seq, report.group), None) != report_to_row(report):
                raise _differs("số liệu suy ra", "what was derived of it is", line)
        if line.entry.kind == "event" and not reports:
            raise _differs("số liệu suy ra", "nothing is derived of it, which is", line)
    # Positions of another month may lie between: they are none of ours.
    ours = {line.entry.seq: line for line in lines}
    for seq, _ in sorted(held):
        if seq in ours:
            raise _differs("số liệu suy ra", "what was derived of it is", ours[seq])


async def _entries(connection: Any, lines: Sequence[Line], *, dropped: bool) -> None:
    rows = await connection.fetch(_ENTRIES, sorted({line.batch for line in lines}))
    held = {(row["batch_id"], row["idx"]): tuple(row)[2:] for row in rows}
    for line in lines:
        e = line.entry
        row = held.get((line.batch, line.idx))
        if row is None and dropped and not stays_behind(e):
            continue
        if row != (
            e.kind, e.organisation, e.source, e.event_id, e.type, e.subject, e.time, e.corrects,
            e.body,
        ):  # fmt: skip
            raise _differs("nội dung", "its text is", line)
