"""`completeness`: who has reported what for a plan's period, and the annex of a reminder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chitieu.cli.moment import AsOf, Closing, KnownAt, On, moment
from chitieu.cli.session import ask, settings_of
from chitieu.cli.terminal import console, endings, print_json, speak
from chitieu.client import Client
from chitieu.completeness.annex import annex_rows, annex_text, period_words
from chitieu.spreadsheet import csv_of

_STATES: Final = (
    ("expected", "Cần", "Expected"),
    ("on_time", "Đúng hạn", "In time"),
    ("late", "Muộn", "Late"),
    ("awaited", "Chưa đến hạn", "Not due"),
    ("missing", "Thiếu", "Missing"),
    ("waived", "Miễn", "Waived"),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help="Ai đã báo cáo, ai chưa / who has reported and who has not")(completeness)


def completeness(  # noqa: PLR0913 - each is an option that people type
    code: Annotated[str, typer.Argument(help="mã tỉnh / province code")],
    plan: Annotated[str | None, typer.Option(help="chỉ kế hoạch này / only this plan")] = None,
    period: Annotated[str | None, typer.Option(help="2025, 2025-H1, 2025-Q1, 2025-03")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    closing: Closing = None,
    on: On = None,
    json: Annotated[bool, typer.Option("--json", help="in JSON / print JSON")] = False,
    annex: Annotated[
        bool, typer.Option("--annex", help="phụ lục của công văn đôn đốc / a reminder's annex")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="in CSV cho Excel / print CSV")] = False,
) -> None:
    """Print counts by metric, or the list of who is missing."""
    with endings():
        query = {"plan": plan, "period": period, "on": on} | moment(as_of, known_at, closing)

        async def work(client: Client) -> Any:
            return await client.get(f"/v1/provinces/{code}/completeness", **query)

        answer = ask(settings_of(), work)
        if json:
            print_json(answer)
        elif csv:
            sys.stdout.write(csv_of(annex_rows(answer)))
        elif annex:
            sys.stdout.write(annex_text(answer, speak.lang))
        else:
            console().print(Group(*(_shown(answer, each) for each in answer["plans"])))


def _shown(answer: Mapping[str, Any], plan: Mapping[str, Any]) -> RenderableType:
    province = answer["province"]
    heading = Text(f"{province['code']} {province['name']}", style="bold")
    heading.append(f" · {plan['plan']}", style="cyan")
    heading.append(f" · {period_words(plan['period'], speak.lang == 'vi')}")
    if plan["due"]:
        heading.append(speak(f" · hạn hết ngày {plan['due']}", f" · due {plan['due']}"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=True)
    table.add_column(speak("Số liệu", "Metric"), ratio=4, overflow="fold")
    for _, vi, en in _STATES:
        table.add_column(speak(vi, en), justify="right")
    table.add_column("%", justify="right")
    for metric in plan["metrics"]:
        _add(table, Text(str(metric["title" if speak.lang == "vi" else "title_en"])), metric)
    _add(table, Text(speak("Tổng cộng", "Total"), style="bold"), plan["total"])
    return Group(heading, table)


def _add(table: Table, title: Text, counts: Mapping[str, Any]) -> None:
    share = counts["percent_reported"]
    shown = "–" if share is None else speak(str(share).replace(".", ","), str(share))
    table.add_row(title, *(str(counts[name]) for name, _, _ in _STATES), shown)
