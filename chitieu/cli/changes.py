"""`changes`: what moved between two known times, and what moved it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chitieu.cli.session import ask, settings_of
from chitieu.cli.tables import verdict_text
from chitieu.cli.terminal import console, endings, print_json, speak
from chitieu.cli.verdicts import VERDICTS
from chitieu.client import Client
from chitieu.text import plural

Json = Mapping[str, Any]
# Parts of one result that are shown; the answer's JSON has all.
_PARTS: Final = 12

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "event": ("báo cáo mới", "new report"),
    "correction": ("đính chính", "correction"),
    "retraction": ("rút lại", "retraction"),
    "estimate_replaced": ("thực hiện thay ước", "actual replaces estimate"),
    "unit": ("đơn vị", "unit"),
    "catalogue": ("danh mục chỉ tiêu", "catalogue version"),
    "condition": ("điều kiện", "condition"),
    "waiver": ("miễn báo cáo", "waiver"),
    "time": ("thời gian trôi qua", "passing of time"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        help="Kết quả nào đã đổi giữa hai thời điểm, vì sao / which results moved, and why"
    )(changes)


def changes(
    code: Annotated[str, typer.Argument(help="mã tỉnh / province code")],
    since: Annotated[
        str, typer.Option("--from", help="theo điều đã biết lúc đó / as known at this instant")
    ],
    until: Annotated[
        str | None, typer.Option("--to", help="và lúc đó, mặc định mới nhất / default the newest")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="ngày xét, mặc định hôm nay / day, default today")
    ] = None,
    on: Annotated[
        str | None, typer.Option(help="ngày mà tỉnh mang mã này / day of the code")
    ] = None,
    plan: Annotated[str | None, typer.Option(help="chỉ kế hoạch này / only this plan")] = None,
    target: Annotated[str | None, typer.Option(help="chỉ chỉ tiêu này / only this target")] = None,
    json: Annotated[bool, typer.Option("--json", help="in JSON / print JSON")] = False,
) -> None:
    """Print each result that moved, from what to what, and the parts."""
    with endings():

        async def work(client: Client) -> Any:
            return await _whole(client, {
                "province": code, "from_known_at": since, "to_known_at": until, "as_of": as_of,
                "on": on, "plan": plan, "target": target,
            })  # fmt: skip

        answer = ask(settings_of(), work)
        if json:
            print_json(answer)
        else:
            console().print(table(answer))


async def _whole(client: Client, query: Mapping[str, str | None]) -> dict[str, Any]:
    """All pages as one answer."""
    answer: dict[str, Any] = await client.get("/v1/changes", **query)
    cursor = answer["next_cursor"]
    while cursor is not None:
        page = await client.get("/v1/changes", **query, cursor=cursor)
        answer["items"] += page["items"]
        cursor = page["next_cursor"]
    return answer | {"next_cursor": None}


def table(answer: Json) -> RenderableType:
    """The whole of it."""
    province, items = answer["province"], answer["items"]
    parts: list[RenderableType] = [
        Text(f"{province['code']} {province['name']} · {answer['as_of']}", style="bold"),
        Text(f"{answer['from']['known_at']} → {answer['to']['known_at']}", style="dim"),
    ]
    if not items:
        parts.append(Text(speak("Không kết quả nào thay đổi.", "No result moved.")))
    for item in items:
        parts += [_heading(item), _parts(item)]
    if items:
        en = f"{plural(len(items), 'result')} moved"
        parts.append(Text(speak(f"{len(items)} kết quả thay đổi", en), style="bold"))
    return Group(*parts)


def _heading(item: Json) -> Text:
    title = item["title"] if speak.lang == "vi" else item["title_en"]
    text = Text(f"\n{item['target']}", style="bold")
    text.append(f"  {title}\n", style="bold")
    text.append_text(_state(item["from"]))
    text.append("  →  ")
    text.append_text(_state(item["to"]))
    was, now = item["from"], item["to"]
    if was and now and was["binding"] != now["binding"]:
        told = speak("ràng buộc", "binding") if now["binding"] else speak(
            f"nhường cho {now['binding_why']}", f"gives way to {now['binding_why']}")  # fmt: skip
        text.append(f"; {told}", style="dim")
    return text


def _state(state: Json | None) -> Text:
    """`Đạt 86,51% (776/897)`."""
    if state is None:
        return Text(speak("không có", "not there"), style="dim")
    text = verdict_text(state) if state["verdict"] in VERDICTS else Text(str(state["verdict"]))
    if state["display"] is not None:
        text.append(f" {state['display']}")
    if state["denominator"] is not None:
        text.append(f" ({state['numerator']}/{state['denominator']})")
    scope = state["scope"]
    if scope["reports_expected"]:
        received, expected = scope["reports_received"], scope["reports_expected"]
        en = f", {received} of {plural(expected, 'report')}"
        text.append(speak(f", {received}/{expected} báo cáo", en), style="dim")
    return text


def _parts(item: Json) -> RenderableType:
    found = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    found.add_column(speak("Tử số", "Numerator"), justify="right")
    found.add_column(speak("Mẫu số", "Denominator"), justify="right")
    found.add_column(speak("Đơn vị", "Unit"))
    found.add_column(speak("Nguyên nhân", "Cause"), overflow="fold")
    found.add_column(speak("Biết lúc", "Known"))
    parts: Sequence[Json] = item["parts"]
    for part in parts[:_PARTS]:
        cause = part["cause"]
        found.add_row(
            _signed(part["numerator"]), _signed(part["denominator"]), part["unit"] or "–",
            _cause(cause), f"{cause['known'] or '–'}\n{cause['position'] or ''}".strip(),
        )  # fmt: skip
    if len(parts) > _PARTS:
        left = len(parts) - _PARTS
        found.add_row("…", "…", "…", speak(f"và {left} phần nữa", f"and {left} more"), "")
    of = item["difference"]
    found.add_section()
    found.add_row(_signed(of["numerator"]), _signed(of["denominator"]), "Σ", "", "", style="bold")
    return found


def _signed(value: object) -> str:
    text = str(value)
    return text if text in ("0",) or text.startswith("-") else f"+{text}"


def _cause(cause: Json) -> str:
    """`đính chính · bv-1 urn:his b (thay a): gõ nhầm`."""
    told = speak(*KINDS[cause["kind"]])
    who = " ".join(
        str(cause[name]) for name in ("sender", "source", "id") if cause[name] is not None
    )
    if cause["kind"] == "unit" and cause["unit"]:
        who = f"{cause['unit']} {who}".strip()
    told += f" · {who}" if who else ""
    if cause["replaced"]:
        names = ", ".join(one["id"] for one in cause["replaced"])
        told += speak(f" (thay {names})", f" (in place of {names})")
    if cause["days"]:
        told += f" {cause['days']['from']} → {cause['days']['to']}"
    for name in ("document", "note"):
        told += f": {cause[name]}" if cause[name] else ""
    if cause["target"]:
        told += speak(f" (qua {cause['target']})", f" (by way of {cause['target']})")
    return told
