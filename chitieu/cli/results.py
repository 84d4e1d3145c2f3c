"""`scorecard`, `explain`, `verify`."""

from __future__ import annotations

import asyncio
import sys
from json import dumps
from json import loads as decoded
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from chitieu.bootstrap import product_provinces
from chitieu.cli import as_printed as printed
from chitieu.cli import tables
from chitieu.cli.explained import explanation
from chitieu.cli.moment import AsOf, Closing, KnownAt, Level, On, Places, moment, places
from chitieu.cli.receipts import fetch_receipt, verify_receipt, write_receipt
from chitieu.cli.session import Ask, ask, connected, database, settings_of
from chitieu.cli.terminal import (
    DONE,
    NOT_SO,
    Failed,
    console,
    endings,
    print_json,
    say,
    speak,
)
from chitieu.client import Client
from chitieu.spreadsheet import csv_of
from chitieu.text import plural

if TYPE_CHECKING:
    from chitieu.postgres.verify import Difference, Report

Json = Annotated[bool, typer.Option("--json", help="in JSON / print JSON")]
_NOT_DIVIDED: Final = (
    "--places chỉ cho phiếu điểm của tỉnh, không đi với --as-printed"
    " / --places is for a province's scorecard, not with --as-printed"
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(help="Phiếu điểm của một tỉnh hay đơn vị / scorecard of a province or unit")(
        scorecard
    )
    app.command(help="Vì sao có kết quả này / why a result is what it is")(explain)
    app.command(
        help="Tính lại tất cả từ nhật ký và so từng ô, hoặc kiểm tra một biên nhận"
        " / recompute all from the log and compare exactly, or check a receipt"
    )(verify)


def scorecard(  # noqa: PLR0913 - each is an option that people type
    code: Annotated[str, typer.Argument(help="mã tỉnh hay đơn vị / province or unit code")],
    plan: Annotated[str | None, typer.Option(help="chỉ kế hoạch này / only this plan")] = None,
    tier: Annotated[
        str | None,
        typer.Option(help="national_committee, ministry, province, department"),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    closing: Closing = None,
    on: On = None,
    places_on: Places = None,
    level: Level = None,
    as_printed: Annotated[
        bool,
        typer.Option("--as-printed", help="bảng như kế hoạch in / the table as the plan prints it"),
    ] = False,
    table: Annotated[
        str | None, typer.Option(help="bảng nào của kế hoạch / which table of the plan")
    ] = None,
    due: Annotated[
        int | None,
        typer.Option(
            min=1, max=366, help="việc đến hạn trong bấy nhiêu ngày / due in so many days"
        ),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="in CSV cho Excel / print CSV")] = False,
    rows: Annotated[
        int | None, typer.Option(min=1, help="nhiều nhất bấy nhiêu dòng / at most so many lines")
    ] = None,
    scheme: Annotated[
        str | None, typer.Option(help="cách tính điểm: share-met, points / how it is scored")
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="ghi một hình SVG / write a picture")] = None,
    json: Json = False,
) -> None:
    """Print a scorecard."""
    with endings():
        if as_printed and plan is None:
            raise Failed("--as-printed cần --plan / --as-printed needs --plan")
        when, by = moment(as_of, known_at, closing), places(places_on, level)
        query = {"plan": plan, "tier": tier, "on": on, "scheme": scheme} | when | by
        if by and (as_printed or not _is_province(code)):
            raise Failed(_NOT_DIVIDED)
        if due is not None:
            alone = not (as_printed or svg or csv or plan or tier or rows or scheme or by)
            _print_due(ask(settings_of(), _due(code, query, due, alone)), json)
            return
        if as_printed:
            shown = ask(settings_of(), _printed(code, query, table))
            cells, data, view = (
                printed.as_rows(shown), printed.as_json(shown), printed.as_table(shown),
            )  # fmt: skip
        else:
            card = ask(settings_of(), _card(code, query))
            cells, data, view = (
                tables.scorecard_rows(card), card,
                tables.scorecard(card, plan, most=rows, see=speak("bỏ --rows", "without --rows")),
            )  # fmt: skip
        if svg is not None:
            svg.write_text(tables.svg(view, f"chitieu scorecard {code}"), "utf-8")
            say(f"đã ghi {svg}", f"wrote {svg}")
        elif csv:
            sys.stdout.write(csv_of(cells))
        elif json:
            print_json(data)
        else:
            console().print(view)


def _is_province(code: str) -> bool:
    return code.isdecimal() and len(code) == 2


def _card(code: str, query: dict[str, str | None]) -> Ask[Any]:
    async def work(client: Client) -> Any:
        if _is_province(code):
            return await client.get(f"/v1/provinces/{code}/scorecard", **query)
        own = {name: query[name] for name in ("as_of", "known_at", "closing", "scheme")}
        return await client.get(f"/v1/units/{code}/scorecard", **own)

    return work


def _due(code: str, query: dict[str, str | None], days: int, alone: bool) -> Ask[Any]:
    if not alone:
        raise Failed(
            "--due chỉ đi với --as-of, --known-at, --closing, --on, --json"
            " / --due goes with --as-of, --known-at, --closing, --on, --json only"
        )

    async def work(client: Client) -> Any:
        own = {name: query[name] for name in ("as_of", "known_at", "closing", "on")}
        return await client.get(f"/v1/provinces/{code}/due", days=str(days), **own)

    return work


def _print_due(answer: Any, json: bool) -> None:
    if json:
        print_json(answer)
    else:
        console().print(tables.due(answer))


def _printed(
    code: str, query: dict[str, str | None], table: str | None
) -> Ask[printed.PrintedTable]:
    async def work(client: Client) -> printed.PrintedTable:
        when = {name: query[name] for name in ("as_of", "known_at")}
        if query["closing"] is not None:  # plans are public and know no closings, only their pair
            held = await client.get(f"/v1/provinces/{code}/closings/{query['closing']}")
            when = {name: str(held[name]) for name in when}
        plan = await client.get(f"/v1/plans/{query['plan']}", known_at=when["known_at"])
        day = when["as_of"] or printed.results_day(plan)
        asked = (
            query | when | {"as_of": day, "closing": None, "on": query["on"] or plan["place_on"]}
        )
        card = await client.get(f"/v1/provinces/{code}/scorecard", **asked)
        return printed.printed_table(plan, card, table)

    return work


def explain(  # noqa: PLR0913 - each is an option that people type
    target: Annotated[str, typer.Argument(help="mã chỉ tiêu / id of a target")],
    province: Annotated[
        str | None, typer.Option(help="khi chỉ tiêu đứng ở nhiều tỉnh / where it stands on several")
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    closing: Closing = None,
    on: On = None,
    places_on: Places = None,
    level: Level = None,
    receipt: Annotated[
        Path | None, typer.Option(help="ghi biên nhận để kiểm tra ở máy khác / write a receipt")
    ] = None,
    json: Json = False,
) -> None:
    """Print what counts, what does not, the rule and the clause."""
    with endings():
        query = {"province": province, "on": on} | moment(as_of, known_at, closing)
        by = places(places_on, level)
        if receipt is not None:
            if by:
                raise Failed("--places không đi với --receipt / does not go with --receipt")
            write_receipt(ask(settings_of(), fetch_receipt(target, query)), receipt)
            return

        async def work(client: Client) -> Any:
            return await client.get(f"/v1/targets/{target}/explanation", **query, **by)

        answer = ask(settings_of(), work)
        if json:
            print_json(answer)
        else:
            console().print(explanation(answer))


def narrowed(
    column: str, stored: str | None, recomputed: str | None
) -> tuple[str, str | None, str | None]:
    """Where a cell holds a whole JSON object, its first member that differs."""
    try:
        left, right = decoded(stored or ""), decoded(recomputed or "")
    except ValueError:
        return column, stored, recomputed
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            if (was := left.get(name)) != (now := right.get(name)):
                return f"{column}.{name}", encoded(was), encoded(now)
    return column, stored, recomputed


def encoded(value: object) -> str:
    """JSON as people read it."""
    return dumps(value, ensure_ascii=False)


def verify(
    receipt: Annotated[
        Path | None, typer.Option(help="kiểm tra một biên nhận, không cần hệ thống / a receipt")
    ] = None,
    catalogue: Annotated[
        list[Path] | None,
        typer.Option(help="thư mục danh mục cho biên nhận / catalogue folder for the receipt"),
    ] = None,
    against: Annotated[
        bool, typer.Option("--against", help="đối chiếu nhật ký đang chạy / compare with the log")
    ] = False,
    archive: Annotated[
        Path | None, typer.Option(help="thư mục tệp lưu trữ / folder of archived months")
    ] = None,
    json: Json = False,
) -> None:
    """Recompute and compare."""
    with endings():
        if receipt is not None:
            verify_receipt(receipt, catalogue or [], against=against, json=json)
        if catalogue or against:
            raise Failed("--catalogue và --against cần --receipt / need --receipt")
        report = _recomputed(archive)
        found = report.difference
        if json:
            print_json(_report_json(report))
        elif found is None:
            say(
                f"đúng: {report.entries} mục nhật ký, {report.rows} dòng,"
                f" {report.results} kết quả, {report.closings} bản chốt",
                f"equal: {plural(report.entries, 'entry', 'entries')},"
                f" {plural(report.rows, 'row')}, {plural(report.results, 'result')},"
                f" {plural(report.closings, 'closing')}",
            )
        else:
            for one in dict.fromkeys([found, *report.closing_differences]):
                column, stored, recomputed = narrowed(one.column, one.stored, one.recomputed)
                say(
                    f"khác ở {one.table} {one.key}, {column}:"
                    f" đang lưu {stored}, tính lại {recomputed}",
                    f"differs in {one.table} {one.key}, {column}:"
                    f" stored {stored}, recomputed {recomputed}",
                )
        if report.closings_of_other_code and not json:
            names = ", ".join(report.closings_of_other_code)
            say(
                f"do phiên bản khác lập, giữ nguyên byte, không tính lại: {names}",
                f"other code version, bytes kept, not made again: {names}",
            )
        raise typer.Exit(DONE if found is None else NOT_SO)


def _recomputed(archive: Path | None) -> Report:
    """Replay the log, its archived months from a folder. Failed."""
    from chitieu.archive.file import Damaged
    from chitieu.postgres.archive_replay import WholeLog
    from chitieu.postgres.archived import EntriesArchived, EntriesMissing
    from chitieu.postgres.log import read_entries
    from chitieu.postgres.verify import StillEvaluating
    from chitieu.postgres.verify import verify as recompute

    async def work(dsn: str) -> Report:
        read = WholeLog(archive).read if archive else read_entries
        async with connected(dsn) as connection:
            return await recompute(connection, product_provinces(), read=read)

    try:
        with database(settings_of()) as dsn:
            return asyncio.run(work(dsn))
    except EntriesArchived as error:
        hint = speak(
            f"cần tệp {error.month}.{error.sha256}.jsonl.gz: chitieu verify --archive THƯ_MỤC",
            f"{error.month}.{error.sha256}.jsonl.gz is needed: chitieu verify --archive FOLDER",
        )
        raise Failed(f"{error}\n{hint}") from error
    except (Damaged, EntriesMissing) as error:
        raise Failed(str(error), NOT_SO) from error
    except StillEvaluating as error:
        raise Failed(str(error)) from error
    except OSError as error:
        raise Failed(f"{archive}: {error.strerror or error}") from error


def _report_json(report: Report) -> dict[str, Any]:
    return {
        "position": report.position, "entries": report.entries, "rows": report.rows,
        "results": report.results, "closings": report.closings,
        "closings_of_other_code": list(report.closings_of_other_code),
        "closing_differences": [_cell(one) for one in report.closing_differences],
        "difference": None if report.difference is None else _cell(report.difference),
    }  # fmt: skip


def _cell(found: Difference) -> dict[str, Any]:
    return {
        "table": found.table, "key": found.key, "column": found.column,
        "stored": found.stored, "recomputed": found.recomputed,
    }  # fmt: skip
