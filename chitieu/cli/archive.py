"""`archive MONTH`, `archive verify`, `archive restore`: months of the log as files."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
from typer.core import TyperGroup

from chitieu.archive.file import Damaged, Summary
from chitieu.archive.folder import Kept, checked
from chitieu.cli.session import connected, database, settings_of
from chitieu.cli.terminal import NOT_SO, Bar, Failed, endings, print_json, say, speak
from chitieu.postgres.archive_check import check_archive
from chitieu.postgres.archiving import (
    Refused,
    drop_month,
    month_named,
    restore_month,
    size_of,
    write_month,
)
from chitieu.text import plural

T = TypeVar("T")


def clock() -> dt.datetime:
    """The edge's clock."""
    return dt.datetime.now(dt.UTC)


class _OrMonth(TyperGroup):
    """What is none of the commands is a month: `archive 2026-10` is `archive month 2026-10`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Of the words after `archive`."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["month", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_OrMonth, no_args_is_help=True,
    help="Lưu trữ một tháng của nhật ký thành tệp, kiểm tra, đưa về"
    " / a month of the log as a file: write, verify, restore",
)  # fmt: skip

File = Annotated[Path, typer.Argument(metavar="FILE", help="tệp lưu trữ / an archive file")]
Json = Annotated[bool, typer.Option("--json", help="in JSON / print JSON")]


@app.command(
    "month", help="Ghi một tháng vào thư mục: chitieu archive 2026-10 --to FOLDER / write a month"
)
def write(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="tháng đã qua / as 2026-10")],
    to: Annotated[Path, typer.Option(help="thư mục / folder")],
    drop: Annotated[
        bool,
        typer.Option(
            "--drop",
            help="rồi bỏ nguyên văn báo cáo của tháng khỏi cơ sở dữ liệu; kết quả vẫn như trước"
            " / then drop the text of its reports from the database; results stay as they are",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Write, read again, compare with the database; with --drop, drop."""

    async def work(connection: Any) -> tuple[Kept, Summary]:
        now = clock()
        named = month_named(month)
        total = await size_of(connection, named, now)
        with _bar(speak("ghi", "write"), total, json) as bar:
            kept, summary = await write_month(connection, named, to, bar.advance)
        with _bar(speak("so với cơ sở dữ liệu", "compare with the database"), total, json) as bar:
            await check_archive(connection, kept.path, bar.advance)
        if drop:
            with _bar(speak("bỏ", "drop"), total, json) as bar:
                await drop_month(connection, kept.path, now, bar.advance)
        return kept, summary

    with endings():
        kept, summary = _done(work)
        if json:
            print_json(_as_json(kept, summary) | {"dropped": drop})
            return
        say(
            f"đã ghi {kept.path}: {summary.entries} mục, {kept.size} byte, khớp cơ sở dữ liệu",
            f"wrote {kept.path}: {plural(summary.entries, 'entry', 'entries')}, {kept.size} bytes,"
            " equal to the database",
        )
        if drop:
            say(
                f"đã bỏ nguyên văn báo cáo tháng {summary.month}; giữ tệp này ở hai nơi",
                f"dropped the text of the reports of {summary.month}; keep this file in two places",
            )


@app.command(help="Tệp còn nguyên, đủ tháng, cho đúng số liệu đã suy ra / is a file whole and true")
def verify(
    file: File,
    alone: Annotated[
        bool, typer.Option("--alone", help="chỉ tệp, không cần cơ sở dữ liệu / only the file")
    ] = False,
    json: Json = False,
) -> None:
    """Check a file by itself, then against the database."""

    async def work(connection: Any) -> None:
        with _bar(speak("so với cơ sở dữ liệu", "compare with the database"), total, json) as bar:
            await check_archive(connection, file, bar.advance)

    with endings():
        kept, summary = _file(file)
        total = summary.entries
        if not alone:
            _done(work)
        if json:
            print_json(_as_json(kept, summary) | {"against_database": not alone})
            return
        ranges = ", ".join(f"{first}–{last}" for first, last in summary.ranges)
        more = "" if alone else speak(
            "; đủ tháng, cho đúng số liệu đang lưu",
            "; all of the month, and it gives what is stored",
        )  # fmt: skip
        say(
            f"{file.name}: nguyên vẹn, {total} mục ở vị trí {ranges}{more}",
            f"{file.name}: whole, {plural(total, 'entry', 'entries')} at positions {ranges}{more}",
        )


@app.command(help="Đưa một tháng về cơ sở dữ liệu, từng byte như cũ / bring a month back")
def restore(file: File, json: Json = False) -> None:
    """Restore."""

    async def work(connection: Any) -> Summary:
        with _bar(speak("đưa về", "restore"), total, json) as bar:
            return await restore_month(connection, file, bar.advance)

    with endings():
        kept, summary = _file(file)
        total = summary.entries
        _done(work)
        if json:
            print_json(_as_json(kept, summary) | {"restored": True})
            return
        say(
            f"đã đưa tháng {summary.month} về: {summary.entries} mục",
            f"brought {summary.month} back: {plural(summary.entries, 'entry', 'entries')}",
        )


def _done(work: Callable[[Any], Awaitable[T]]) -> T:
    """Do it on the database of the settings. Failed."""

    async def on(dsn: str) -> T:
        async with connected(dsn) as connection:
            return await work(connection)

    try:
        with database(settings_of()) as dsn:
            return asyncio.run(on(dsn))
    except Refused as error:
        raise Failed(speak(error.vi, error.en)) from error
    except Damaged as error:
        raise Failed(speak(error.vi, error.en), NOT_SO) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Failed(f"{type(error).__name__}: {error}") from error


def _file(path: Path) -> tuple[Kept, Summary]:
    """A file that is whole. Failed."""
    try:
        return checked(path)
    except Damaged as error:
        raise Failed(speak(error.vi, error.en), NOT_SO) from error
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}") from error


def _bar(title: str, total: int, json: bool) -> Bar:
    return Bar(title, total, rate=speak("mục", "entries"), quiet=json)


def _as_json(kept: Kept, summary: Summary) -> dict[str, Any]:
    return {
        "month": summary.month, "file": str(kept.path), "sha256": kept.sha256, "bytes": kept.size,
        "entries": summary.entries, "batches": summary.batches,
        "positions": [list(one) for one in summary.ranges],
    }  # fmt: skip
