"""An explanation as people read it: the sentence, what counts, what does not, the clause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chitieu.cli.terminal import speak

Json = Mapping[str, Any]


def explanation(answer: Json) -> RenderableType:
    """The whole of it."""
    parts: list[RenderableType] = [
        Text(str(answer["target"]), style="bold"),
        Text(str(answer["words"][speak.lang])),
        Text(f"{answer['as_of']} · {answer['known_at']}", style="dim"),
    ]
    if answer["counted"]:
        parts.append(_reports(answer["counted"], speak("Được tính", "Counted"), reason=False))
    if answer["left_out"]:
        parts.append(_reports(answer["left_out"], speak("Không tính", "Left out"), reason=True))
    if answer["missing"]:
        missing = [f"{m['unit']} {m['period'] or ''}".strip() for m in answer["missing"]]
        shown = ", ".join(missing[:20]) + (" …" if len(missing) > 20 else "")
        parts.append(
            Text(speak("Còn thiếu", "Missing") + f" ({len(missing)}): {shown}", style="yellow")
        )
    cited = answer["citation"]
    lines = "–".join(str(line) for line in cited["lines"])
    parts.append(
        Text(
            speak("Căn cứ: ", "Source: ")
            + f"{cited['document']}, {cited['clause']}, "
            + speak(f"dòng {lines}", f"lines {lines}")
        )
    )
    for item in answer["assumed"]:
        reading, reason = item["reading"][speak.lang], item["reason"][speak.lang]
        parts.append(Text(speak("Giả định: ", "Assumed: ") + f"{reading} ({reason})", style="dim"))
    return Group(*parts)


def _reports(items: Sequence[Json], title: str, *, reason: bool) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(speak("Đơn vị", "Unit"))
    table.add_column(speak("Kỳ", "Period"))
    table.add_column(speak("Số liệu", "Figures"), overflow="fold")
    table.add_column(speak("Sự kiện", "Event"), overflow="fold")
    table.add_column(speak("Lý do", "Reason") if reason else speak("Biết lúc", "Known"))
    for item in items:
        fields = ", ".join(f"{name} {value}" for name, value in item["fields"].items())
        event = f"{item['source']} {item['id']}" if item["id"] else "–"
        last = item["reason"] if reason else item["known"]
        table.add_row(
            str(item["unit"]), str(item["period"] or "–"), fields, event, str(last or "–")
        )
    return table
