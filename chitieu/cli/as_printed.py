"""A plan's own table printed back from the API alone, printed and computed side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chitieu.cli.tables import result_text, verdict_text
from chitieu.cli.terminal import Failed, speak
from chitieu.cli.verdicts import VERDICTS

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A printed column; one with a tier holds that tier's values."""

    key: str
    title: str
    tier: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A printed row and the results of its targets."""

    number: str
    section: str
    title: str
    responsible: str
    cells: Mapping[str, str]
    note: str
    results: Sequence[Json]


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """A table of the document with its rows in the document's order."""

    title: str
    columns: Sequence[Column]
    lines: Sequence[Line]


def printed_table(plan: Json, card: Json, key: str | None) -> PrintedTable:
    """Put a plan's rows and a scorecard's results together. Failed where there is no such table."""
    table = _table(plan, key)
    prefix = f"{table['key']}/"
    results: dict[str, list[Json]] = {}
    for result in card["results"]:
        results.setdefault(result["row"], []).append(result)
    lines = [
        Line(
            row["key"].removeprefix(prefix),
            row["section"],
            _said(row["title"]),
            ", ".join(party["label"] for party in row["responsible"]),
            row["cells"],
            row["note"] or "",
            _in_order(results.get(row["id"], []), row["targets"]),
        )
        for row in plan["rows"]
        if row["key"].startswith(prefix)
    ]
    columns = [
        Column(c["key"], _said(c["title"]), c["tier"])
        for c in table["columns"]
        # Our short title stands for a row's name and content.
        if c.get("holds") not in ("name", "content")
    ]
    return PrintedTable(_said(table["title"]), columns, lines)


def _in_order(results: Sequence[Json], targets: Sequence[str]) -> Sequence[Json]:
    """A row's results as the document names its targets; the API sorts them by id."""
    return sorted(results, key=lambda result: targets.index(result["target"]))


def results_day(plan: Json) -> str:
    """The day that the plan's printed results hold for; its last day when it prints none."""
    days = [r["as_of"] for row in plan["rows"] for r in row["results"] if r["events"]]
    return str(max(days, default=plan["last_day"]))


def _table(plan: Json, key: str | None) -> Json:
    tables: Sequence[Json] = plan["tables"]
    names = ", ".join(table["key"] for table in tables)
    if not tables:
        raise Failed(f"{plan['name']} không in bảng nào / {plan['name']} prints no table")
    if key is None:
        # The table of targets is the one whose columns are tiers, where a document has such.
        tiered = [table for table in tables if any(c["tier"] for c in table["columns"])]
        return (tiered or tables)[0]
    for table in tables:
        if table["key"] == key:
            return table
    raise Failed(f"{plan['name']} có các bảng / has the tables: {names}")


def _said(text: Json) -> str:
    return str(text["vi"] if speak.lang == "vi" else text["en"])


def _headings(table: PrintedTable) -> list[str]:
    return [
        speak("TT", "No."), speak("Nội dung", "Subject"), speak("Đơn vị chủ trì", "Led by"),
    ]  # fmt: skip


def computed(line: Line, columns: Sequence[Column]) -> Text:
    """What we compute for a row: each figure once, with the verdict on the plan's nearest tier."""
    tiers = [column.tier for column in columns if column.tier]
    # The last tier column is the one nearest to the unit; a table without tiers has one value.
    own = [r for r in line.results if not tiers or r["tier"] == tiers[-1]] or list(line.results)
    text = Text()
    for index, result in enumerate(own):
        if index:
            text.append("\n")
        if len(own) > 1:
            text.append(f"{_label(result, line)}: ", style="dim")
        if shown := result_text(result):
            text.append(f"{shown} ")
        text.append_text(verdict_text(result))
    return text


def _label(result: Json, line: Line) -> str:
    """What tells the targets of one row apart."""
    scope = result["scope"]
    vi, en = scope["label"], scope.get("label_en", scope["label"])
    labels = {r["scope"]["label"] for r in line.results}
    return speak(vi, en) if len(labels) > 1 else str(result["target"]).rsplit("/", 1)[-1]


def tier_verdicts(line: Line, tier: str) -> str:
    """The verdicts on a tier's values, in words."""
    words = [VERDICTS[r["verdict"]] for r in line.results if r["tier"] == tier]
    return "; ".join(speak(vi, en) for vi, en, _ in words)


def as_table(table: PrintedTable) -> RenderableType:
    """For a terminal."""
    shown = Table(box=box.SQUARE, show_lines=True, expand=True)
    shown.add_column(speak("TT", "No."), no_wrap=True)
    shown.add_column(speak("Nội dung", "Subject"), ratio=4, overflow="fold")
    shown.add_column(speak("Đơn vị chủ trì", "Led by"), ratio=2, overflow="fold")
    for column in table.columns:
        shown.add_column(column.title, ratio=2, overflow="fold")
    shown.add_column(speak("Kết quả tính", "Computed"), ratio=3, overflow="fold")
    shown.add_column(speak("Ghi chú", "Note"), ratio=3, overflow="fold")
    section = None
    for line in table.lines:
        if line.section != section:
            section = line.section
            shown.add_row("", Text(section, style="bold"))
        cells: list[RenderableType] = []
        for column in table.columns:
            cell = Text(line.cells.get(column.key, ""))
            if column.tier and (words := tier_verdicts(line, column.tier)):
                cell.append(f"\n{words}", style="dim")
            cells.append(cell)
        shown.add_row(
            line.number, line.title, line.responsible, *cells,
            computed(line, table.columns), Text(line.note, style="dim"),
        )  # fmt: skip
    return Group(Text(table.title, style="bold"), shown)


def as_rows(table: PrintedTable) -> list[list[object]]:
    """For a CSV file: each tier's printed value and our verdict on it side by side."""
    head: list[object] = [speak("Mục", "Section"), *_headings(table)]
    for column in table.columns:
        head.append(column.title)
        if column.tier:
            head.append(f"{column.title}: {speak('đánh giá', 'verdict')}")
    head += [speak("Kết quả tính", "Computed"), speak("Ghi chú", "Note")]
    rows = [head]
    for line in table.lines:
        row: list[object] = [line.section, line.number, line.title, line.responsible]
        for column in table.columns:
            row.append(line.cells.get(column.key, ""))
            if column.tier:
                row.append(tier_verdicts(line, column.tier))
        rows.append([*row, computed(line, table.columns).plain, line.note])
    return rows


def as_json(table: PrintedTable) -> Json:
    """For programs."""
    return {
        "title": table.title,
        "columns": [{"key": c.key, "title": c.title, "tier": c.tier} for c in table.columns],
        "rows": [
            {
                "number": line.number,
                "section": line.section,
                "title": line.title,
                "responsible": line.responsible,
                "cells": dict(line.cells),
                "note": line.note,
                "results": list(line.results),
            }
            for line in table.lines
        ],
    }
