"""An explanation as people read it: the sentence, what counts, what does not, the clause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chitieu.cli.by_places import parts_table
from chitieu.cli.terminal import speak

Json = Mapping[str, Any]

_UNITS: Final = 40


def explanation(answer: Json) -> RenderableType:
    """The whole of it."""
    parts: list[RenderableType] = [
        Text(str(answer["target"]), style="bold"),
        Text(str(answer["words"][speak.lang])),
        Text(f"{answer['as_of']} · {answer['known_at']}", style="dim"),
    ]
    parts += _sums(answer["arithmetic"])
    if answer["places"] is not None:
        parts.append(parts_table(answer["places"]))
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
    parts.append(Text(speak("Ràng buộc: ", "Binding: ") + _said(answer["rule"]["binding_words"])))
    if answer["condition"] is not None:
        parts.append(Text(speak("Điều kiện: ", "Condition: ") + _said(answer["condition"]["text"])))
    for item in answer["findings"]:
        told = speak("Không khớp: ", "Does not agree: ") + _said(item["text"])
        parts.append(Text(told, style="yellow"))
    for item in answer["assumed"]:
        reading, reason = item["reading"][speak.lang], item["reason"][speak.lang]
        parts.append(Text(speak("Giả định: ", "Assumed: ") + f"{reading} ({reason})", style="dim"))
    return Group(*parts)


def _said(words: Mapping[str, str]) -> str:
    return words[speak.lang]


def _sums(sums: Json) -> list[RenderableType]:
    """Each unit's line, the total, the comparison; of very many units the first ones."""
    units = [f"  {_said(unit['text'])}" for unit in sums["units"][:_UNITS]]
    if (left := len(sums["units"]) - len(units)) > 0:
        units.append(speak(f"  … và {left} đơn vị nữa: --json", f"  … and {left} more: --json"))
    total = [_said(sums["total"]["text"])] if sums["total"] is not None else []
    lines = [*units, *(f"  {text}" for text in total), f"  {_said(sums['comparison']['text'])}"]
    return [Text(speak("Phép tính", "Arithmetic"), style="italic"), Text("\n".join(lines))]


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
        last = _said(item["reason_words"]) if reason else item["known"]
        table.add_row(
            str(item["unit"]), str(item["period"] or "–"), fields, event, str(last or "–")
        )
    return table
