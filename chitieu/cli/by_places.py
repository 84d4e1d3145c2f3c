"""`--places DAY`: a result's parts by the places of a day, under the result they make up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from chitieu.cli.terminal import speak
from chitieu.cli.verdicts import VERDICTS
from chitieu.scoring.rebased_words import PlaceLine, place_lines

Json = Mapping[str, Any]


def verdict_of(line: PlaceLine) -> Text:
    """The verdict on a part, and why there is none."""
    text = Text()
    if line.verdict is not None:
        vi, en, style = VERDICTS[line.verdict]
        text.append(speak(vi, en), style=style)
    if line.why is not None:
        text.append(f"{' ' if text else ''}({line.why})", style="dim")
    return text or Text("–", style="dim")


def add_parts(table: Table, by: Json | None) -> None:
    """Lines under a result's own, in a table of a scorecard."""
    for line in place_lines(by, speak.lang) if by is not None else ():
        table.add_row(Text(f"    {line.name}", style="dim"), "", line.figures, verdict_of(line))


def parts_table(by: Json) -> Table:
    """Of an explanation: each part, and how many units make it up."""
    day = by["on"]
    table = Table(
        title=speak(f"Theo địa giới ngày {day}", f"By the places of {day}"),
        title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    table.add_column(speak("Địa bàn", "Place"), overflow="fold")
    table.add_column(speak("Kết quả", "Result"))
    table.add_column(speak("Đánh giá", "Verdict"), overflow="fold")
    table.add_column(speak("Đơn vị", "Units"), overflow="fold")
    for line in place_lines(by, speak.lang):
        units = sorted({u["unit"] for u in by["units"] if tuple(u["places"]) == line.codes})
        shown = ", ".join(units[:12]) + (" …" if len(units) > 12 else "")
        table.add_row(line.name, line.figures, verdict_of(line), shown or "–")
    return table


def part_rows(result: Json) -> Iterator[Mapping[str, object]]:
    """A result's parts for a CSV file: what differs from the row of the result itself."""
    by = result["places"]
    names = {part["code"]: part["name"] for part in by["parts"]}
    for part in (*by["parts"], *by["together"]):
        codes = [part["code"]] if "code" in part else part["places"]
        figures = ("numerator", "denominator", "actual", "display", "verdict", "reason")
        yield {name: part[name] for name in figures} | {
            "places_on": by["on"],
            "place": " ".join(codes),
            "place_name": " + ".join(names.get(code, code) for code in codes),
        }
