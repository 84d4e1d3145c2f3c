"""`up`, the processes one by one, `migrate`, `doctor`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Annotated

import typer

from chitieu.cli import doctor as doctor_checks
from chitieu.cli.session import database, prepare_new, settings_of
from chitieu.cli.terminal import DONE, NOT_SO, endings, print_json, say, speak
from chitieu.text import plural


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(help="Phục vụ tất cả trên máy này / serve everything on this machine")(up)
    app.command(help="Chỉ tiến trình nhận báo cáo / only the process that takes reports")(ingest)
    app.command(help="Chỉ tiến trình tính kết quả / only the process that scores")(scorer)
    app.command(
        help="Chỉ tiến trình chuyển nhật ký vào Kafka / only the one that sends the log to Kafka"
    )(relay)
    app.command(help="Chỉ tiến trình trả lời / only the process that answers")(api)
    app.command(
        help="Đưa cơ sở dữ liệu lên bản này: lược đồ, danh mục, đơn vị"
        " / bring the database to this release: schema, catalogue, units"
    )(migrate)
    app.command(help="Kiểm tra máy và dữ liệu / check the machine and the data")(doctor)


def up() -> None:
    """Serve everything until Ctrl-C."""
    from chitieu.cli.up import run_up

    with endings():
        raise typer.Exit(run_up(settings_of()))


def ingest() -> None:
    """Run services.ingest."""
    from services.ingest.__main__ import main

    _run(8081, main)


def scorer() -> None:
    """Run services.scorer."""
    from services.scorer.__main__ import main

    _run(8082, main)


def relay(
    again_from: Annotated[
        int | None,
        typer.Option(
            min=0, help="gửi lại nhật ký từ sau vị trí này / send the log again after this position"
        ),
    ] = None,
) -> None:
    """Run services.relay."""
    from services.relay.__main__ import main

    _run(8083, lambda: main(again_from))


def api() -> None:
    """Run services.api."""
    from services.api.__main__ import main

    _run(8080, main)


def _run(port: int, main: Callable[[], int]) -> None:
    """Run a service's own main on the database of the settings, or the folder's."""
    with endings():
        settings = settings_of(port)
        with database(settings) as dsn:
            os.environ["CHITIEU_DATABASE_URL"] = dsn
            raise typer.Exit(main())


def migrate() -> None:
    """Bring the database to this release."""
    with endings():
        settings = settings_of()
        with database(settings, make=True) as dsn:
            counts = asyncio.run(prepare_new(settings, dsn))
        say(
            f"cơ sở dữ liệu ở bản này; danh mục {'mới' if counts.new_version else 'không đổi'},"
            f" {counts.units} thay đổi về đơn vị",
            f"the database is at this release; catalogue"
            f" {'new' if counts.new_version else 'unchanged'},"
            f" {plural(counts.units, 'change')} of units",
        )


def doctor(
    url: Annotated[
        str | None,
        typer.Option(help="chỉ hỏi /readyz của dịch vụ này / only ask this service's /readyz"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="in JSON / print JSON")] = False,
) -> None:
    """Check, and say how to mend what is wrong."""
    with endings():
        checks = doctor_checks.ready(url) if url else doctor_checks.all_checks(settings_of())
        if json:
            print_json([check.to_json() for check in checks])
        else:
            for check in checks:
                print(check.line(speak.lang), flush=True)
        raise typer.Exit(DONE if all(check.fine for check in checks) else NOT_SO)
