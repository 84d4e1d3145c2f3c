"""`catalogue check`, `letter`, `load`, `show`."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer

from chitieu.bootstrap import product_catalogue
from chitieu.catalogue import command, contradictions
from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.load import load as read_catalogue
from chitieu.catalogue.location import default_root
from chitieu.cli.session import connected, database, prepare_new, settings_of
from chitieu.cli.terminal import (
    NOT_SO,
    WRONG,
    Failed,
    endings,
    print_json,
    refuse,
    say,
    speak,
)
from chitieu.data_folder import DataFolder
from chitieu.postgres.base_registry import Brought, bring
from chitieu.settings import Language, Settings

app = typer.Typer(help="Danh mục chỉ tiêu / the catalogue of targets", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="in JSON / print JSON")]


@app.command(help="Kiểm tra danh mục, cùng một thư mục riêng / check the catalogue and a folder")
def check(
    path: Annotated[Path | None, typer.Argument(help="thư mục hay tệp / folder or file")] = None,
    json: Json = False,
    semantic: Annotated[
        bool,
        typer.Option(
            "--semantic",
            help="mâu thuẫn trong văn bản; 1 khi có điều chưa ghi nhận / contradictions in the "
            "documents; 1 when one is not acknowledged",
        ),
    ] = False,
) -> None:
    """Every fault at file:line:column; or what the documents say against themselves."""
    with endings():
        paths = [*settings_of().catalogue, *([path] if path else [])]
        checked = contradictions.check if semantic else command.check
        raise typer.Exit(checked(paths, json=json, stream=sys.stdout, language=speak.lang))


@app.command(
    help="Dự thảo công văn hỏi cơ quan ban hành về mâu thuẫn / draft the letter that asks the "
    "issuer about contradictions"
)
def letter(
    plan: Annotated[str, typer.Argument(help="tên kế hoạch / name of the plan")],
    lang: Annotated[Language | None, typer.Option(help="vi, en")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="tệp / file")] = None,
) -> None:
    """Plain text: clause, what is printed, what does not agree, the reading used meanwhile."""
    with endings():
        catalogue = product_catalogue(settings_of().catalogue)
        try:
            text = contradictions.draft(plan, catalogue, lang or speak.lang)
        except LookupError as error:
            refuse(str(error.args[0]), WRONG)
        if text is None:
            refuse(speak(f"{plan}: không có mâu thuẫn", f"{plan}: no contradiction"), NOT_SO)
        if output is None:
            print(text, end="", flush=True)
            return
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Failed(f"{output}: {error.strerror}") from error
        say(f"đã ghi {output}", f"written to {output}")


@app.command(help="Đưa một thư mục vào hệ thống đang chạy / take a folder into the running system")
def load(
    path: Annotated[Path, typer.Argument(help="thư mục hay tệp / folder or file")],
    json: Json = False,
) -> None:
    """A new version through the log; earlier answers keep their bytes."""
    with endings():
        settings = settings_of()
        try:
            extra = read_folder(settings, path)
        except FileNotFoundError as error:
            raise Failed(str(error)) from error
        brought = load_into(settings, extra)
        if json:
            print_json({
                "catalogue": brought.catalogue.digest, "new_version": brought.new_version,
                "units": brought.units,
            })  # fmt: skip
        elif brought.new_version:
            say(
                f"đã nạp {path}: phiên bản {brought.catalogue.digest}",
                f"loaded {path}: version {brought.catalogue.digest}",
            )
        else:
            say(f"{path}: không có gì mới", f"{path}: nothing new")


@app.command(
    help="Một chỉ tiêu, chỉ số, số liệu hay kế hoạch / a target, indicator, metric or plan"
)
def show(
    name: Annotated[str, typer.Argument(help="tên hay mã / name or id")], json: Json = False
) -> None:
    """In words, with its citation."""
    with endings():
        catalogue = product_catalogue(settings_of().catalogue)
        try:
            text = command.show(name, catalogue, speak.lang)
        except LookupError as error:
            refuse(str(error.args[0]), WRONG)
        if json:
            print_json({"name": name, "text": text})
        else:
            print(text, flush=True)


def read_folder(settings: Settings, path: Path) -> Catalogue:
    """A user's folder alone, checked with everything that it is laid over. Exit 1 with faults."""
    checked = read_catalogue([default_root(), *settings.catalogue, path])
    if checked.faults:
        for fault in checked.faults:
            print(fault.render(speak.lang), file=sys.stderr)
        raise typer.Exit(NOT_SO)
    return read_catalogue([path]).catalogue


def load_into(settings: Settings, extra: Catalogue) -> Brought:
    """Lay a catalogue over the system's; it is placed at once while a scorer runs."""
    base = product_catalogue(settings.catalogue)

    async def work(dsn: str, served: bool) -> Brought:
        if not served:
            await prepare_new(settings, dsn)
        async with connected(dsn) as connection:
            return await bring(connection, base, dt.datetime.now(dt.UTC), extra)

    with database(settings) as dsn:
        served = DataFolder(settings.data_dir).served_at() is not None
        return asyncio.run(work(dsn, served))
