"""Scorecards as tables for people; every word comes from the API's answer."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import box
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from chitieu.cli.by_places import add_parts, part_rows
from chitieu.cli.terminal import speak
from chitieu.cli.verdicts import VERDICTS

Result = Mapping[str, Any]

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "no_report": ("chưa có báo cáo", "no report"),
    "coverage": ("chưa đủ báo cáo", "too few reports"),
    "status_only": ("chỉ có tình trạng", "a status only"),
    "stale": ("số cũ", "stale"),
    "no_unit_registered": ("chưa có đơn vị", "no unit registered"),
    "denominator_missing": ("thiếu mẫu số", "no denominator"),
    "zero_denominator": ("mẫu số bằng 0", "zero denominator"),
    "no_target": ("không đặt chỉ tiêu", "sets no target"),
    "condition": ("chờ điều kiện", "waits for a condition"),
    "not_yet": ("chưa đến ngày", "not yet"),
    "repealed": ("đã bãi bỏ", "repealed"),
    "issuer_ended": ("cơ quan đã kết thúc", "its agency has ended"),
}
_COMPARATORS: Final = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "=": "="}


def verdict_text(result: Result) -> Text:
    """The verdict in words, with its reason where it is neither met nor not met."""
    vi, en, style = VERDICTS[result["verdict"]]
    text = Text(speak(vi, en), style=style)
    reason = str(result.get("reason") or "")
    if reason in REASONS and result["verdict"] in ("unknown", "not_in_force"):
        text.append(f" ({speak(*REASONS[reason])})", style="dim")
    return text


def value_text(result: Result) -> str:
    """What is required: ≥ 85%."""
    value = result["value"]
    if value is None:
        return str(result.get("printed") or "-")
    if result["kind"] in ("task", "duty", "milestone"):
        return str(result["due_text"])
    sign = _COMPARATORS.get(result["comparator"], result["comparator"] or "")
    shown = str(value).replace(".", ",") if speak.lang == "vi" else str(value)
    return f"{sign} {shown}{'%' if result['measure'] == 'percent' else ''}"


def result_text(result: Result) -> str:
    """What was reached: 86,51% (776/897), or the words that were reported."""
    shown = str(result["display"] or "")
    numerator, denominator = result["numerator"], result["denominator"]
    if result["kind"] in ("task", "duty"):
        return shown
    if denominator is not None:
        return f"{shown} ({_number(numerator)}/{_number(denominator)})"
    return shown


def _number(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text.replace(",", ".") if speak.lang == "vi" and isinstance(value, int) else text


def row_code(result: Result, plan: str | None) -> str:
    """The target's id, without the plan's name where that stands above the table."""
    target = str(result["target"])
    return target.removeprefix(f"{plan}/") if plan else target


def origin_text(origin: Mapping[str, Any]) -> str:
    """Whose plan it is where a successor shows it."""
    until = _day(origin["valid_to"])
    return speak(
        f"(của {origin['code']} {origin['name']}, đến {until})",
        f"(of {origin['code']} {origin['name']}, until {origin['valid_to']})",
    )


def table_of(results: Sequence[Result], plan: str | None) -> Table:
    """Results as rows: code and title, target, result, verdict."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=True)
    table.add_column(speak("Mã, nội dung", "Code, subject"), ratio=5, overflow="fold")
    table.add_column(speak("Chỉ tiêu", "Target"), ratio=2, overflow="fold")
    table.add_column(speak("Kết quả", "Result"), ratio=3, overflow="fold")
    table.add_column(speak("Đánh giá", "Verdict"), ratio=2, overflow="fold")
    for result in results:
        title = str(result["title"] if speak.lang == "vi" else result["title_en"])
        name = Text(row_code(result, plan), style="" if result["binding"] else "dim")
        name.append(f"  {title}", style="bold" if result["binding"] else "dim")
        if result["origin"] is not None:
            name.append(f"  {origin_text(result['origin'])}", style="italic dim")
        table.add_row(name, value_text(result), result_text(result), verdict_text(result))
        add_parts(table, result["places"])
    return table


def heading(card: Mapping[str, Any], plan: str | None) -> Text:
    """Whose scorecard, which plan, which day."""
    province = card["province"]
    day = _day(card["as_of"])
    text = Text(f"{province['code']} {province['name']}", style="bold")
    if plan:
        text.append(f" · {plan}", style="cyan")
    text.append(speak(f" · đến hết ngày {day}", f" · up to {card['as_of']}"))
    return text


def summary_line(card: Mapping[str, Any]) -> Text:
    """The summary over binding targets, in one line."""
    of = card["summary"]
    parts = [
        f"{of[key]} {speak(vi, en).lower()}" for key, (vi, en, _) in VERDICTS.items() if of[key]
    ]
    score = of["score"]
    shown = "–" if score is None else str(score).replace(".", ",") if speak.lang == "vi" else score
    text = Text(speak("Chỉ tiêu ràng buộc: ", "Binding targets: "), style="bold")
    text.append(f"{of['binding']}: {', '.join(parts) or '0'}; ")
    text.append(speak(f"điểm {shown}", f"score {shown}"), style="bold")
    if of["scheme"] != "share-met":
        text.append(f" ({of['scheme']})", style="bold")
        if "points_known" in of:
            of = {k: v.replace(".", ",") if isinstance(v, str) and speak.lang == "vi" else v
                  for k, v in of.items()}  # fmt: skip
            text.append(speak(
                f": {of['points_earned']} trên {of['points_known']} điểm đã kết luận; chưa rõ "
                f"{of['points_unknown']}, không áp dụng {of['points_not_applicable']}, chưa hiệu "
                f"lực {of['points_not_in_force']}; coi chưa rõ là trượt: "
                f"{of['score_if_unknown_fail'] or '–'}",
                f": {of['points_earned']} of {of['points_known']} decided points; unknown "
                f"{of['points_unknown']}, not applicable {of['points_not_applicable']}, not in "
                f"force {of['points_not_in_force']}; with the unknown as failed: "
                f"{of['score_if_unknown_fail'] or '–'}",
            ))  # fmt: skip
    return text


def chosen(results: Sequence[Result], most: int) -> list[Result]:
    """At most that many results in the plan's order, decided and binding ones first."""
    if len(results) <= most:
        return list(results)
    first = sorted(
        results, key=lambda r: (r["verdict"] not in ("met", "not_met"), not r["binding"])
    )
    kept = {r["target"] for r in first[:most]}
    return [r for r in results if r["target"] in kept]


def scorecard(
    card: Mapping[str, Any], plan: str | None = None, *, most: int | None = None, see: str = ""
) -> RenderableType:
    """A scorecard; with `most`, shortened, and `see` is the command that shows all."""
    results = card["results"]
    shown = list(results) if most is None else chosen(results, most)
    parts: list[RenderableType] = [heading(card, plan), table_of(shown, plan)]
    if len(shown) < len(results):
        left = len(results) - len(shown)
        parts.append(
            Text(speak(f"… và {left} dòng nữa: {see}", f"… and {left} more: {see}"), style="dim")
        )
    parts.append(summary_line(card))
    return Group(*parts)


def due(answer: Mapping[str, Any]) -> RenderableType:
    """What falls due, by who is responsible: day, subject, verdict, what is missing."""
    parts: list[RenderableType] = [heading(answer, None)]
    for party in answer["responsible"]:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=True)
        table.title = party["label"] or speak("(văn bản không nêu ai)", "(nobody is named)")
        table.title_justify = "left"
        table.add_column(speak("Hạn", "Due"), no_wrap=True)
        table.add_column(speak("Nội dung", "Subject"), ratio=5, overflow="fold")
        table.add_column(speak("Đánh giá", "Verdict"), ratio=2, overflow="fold")
        table.add_column(speak("Còn thiếu", "Missing"), ratio=3, overflow="fold")
        for target in party["targets"]:
            gap = target["gap"] or {}
            missing = speak(gap.get("text") or "–", gap.get("text_en") or "–")
            title = speak(target["title"], target["title_en"])
            table.add_row(
                _day(target["due"]), f"{target['target']}  {title}", verdict_text(target), missing
            )
        parts.append(table)
    if not answer["responsible"]:
        until = _day(answer["until"])
        parts.append(Text(speak(f"không có gì đến hạn đến {until}", f"nothing due by {until}")))
    return Group(*parts)


def scorecard_rows(card: Mapping[str, Any]) -> list[list[object]]:
    """A scorecard as rows for a CSV file, one a target, with its citation.

    With `--places` a target's own row, whose `place` is empty, is followed by those of its parts.
    """
    names = (
        "target", "title", "tier", "binding", "comparator", "value", "measure", "due",
        "numerator", "denominator", "actual", "display", "verdict", "reason", "final",
    )  # fmt: skip
    head = [*names, "document", "clause", "line_from", "line_to"]
    divided = any(result["places"] is not None for result in card["results"])
    more = ["places_on", "place", "place_name"] if divided else []
    rows: list[list[object]] = [[*head, *more]]
    for result in card["results"]:
        cited = result["citation"]
        own = {name: result[name] for name in names} | {
            "document": cited["document"], "clause": cited["clause"],
            "line_from": cited["lines"][0], "line_to": cited["lines"][1],
        }  # fmt: skip
        parts = part_rows(result) if divided else ()
        rows += [
            [row.get(name) for name in (*head, *more)]
            for row in (own, *(own | dict(p) for p in parts))
        ]
    return rows


def svg(renderable: RenderableType, title: str) -> str:
    """A picture of a table."""
    recorder = Console(record=True, width=110, file=io.StringIO(), highlight=False)
    recorder.print(renderable)
    # Hospital networks reach no font server: what the reader's machine has must do.
    offline = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return recorder.export_svg(title=title, code_format=offline, unique_id="chitieu")


def _day(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{int(day)}/{int(month)}/{year}"
