"""`units import`."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from chitieu.cli.session import connected, database, prepare_new, settings_of
from chitieu.cli.terminal import NOT_SO, Failed, endings, print_json, say, speak, warn
from chitieu.data_folder import DataFolder
from chitieu.postgres.unit_import import Imported, import_units
from chitieu.unit_table import read_units

app = typer.Typer(help="Đơn vị báo cáo / reporting units", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `units` a group though it has one command."""


@app.command("import", help="Nhập đơn vị từ CSV / import units from CSV")
def import_file(
    file: Annotated[Path, typer.Argument(help="tệp CSV có dòng tiêu đề / CSV with a header")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="chỉ kiểm tra / check only, write nothing")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="in JSON / print JSON")] = False,
) -> None:
    """All or nothing: one bad line and nothing is written."""
    with endings():
        try:
            table = read_units(file.read_bytes())
        except OSError as error:
            raise Failed(f"{file}: {error.strerror}") from error
        if table.faults:
            if json:
                print_json({
                    "faults": [
                        {"line": f.line, "column": f.column, "vi": f.vi, "en": f.en}
                        for f in table.faults
                    ]
                })  # fmt: skip
            for fault in () if json else table.faults:
                warn(
                    f"{file}:{fault.line}: {fault.column}: {fault.vi}",
                    f"{file}:{fault.line}: {fault.column}: {fault.en}",
                )
            raise typer.Exit(NOT_SO)
        settings = settings_of()

        async def work(dsn: str) -> Imported:
            if DataFolder(settings.data_dir).served_at() is None:
                await prepare_new(settings, dsn)
            async with connected(dsn) as connection:
                now = dt.datetime.now(dt.UTC)
                return await import_units(connection, table.units, now, dry_run=dry_run)

        with database(settings) as dsn:
            done = asyncio.run(work(dsn))
        if json:
            print_json({
                "new": done.new, "changed": done.changed, "unchanged": done.unchanged,
                "dry_run": dry_run,
            })  # fmt: skip
            return
        note = speak(" (chỉ kiểm tra, không ghi)", " (checked only)") if dry_run else ""
        say(
            f"{done.new} mới, {done.changed} thay đổi, {done.unchanged} không đổi{note}",
            f"{done.new} new, {done.changed} changed, {done.unchanged} unchanged{note}",
        )
