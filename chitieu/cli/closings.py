"""`closings list`, `close`, `reopen`, `show`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from json import loads as decoded
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chitieu.cli.session import Ask, ask, settings_of
from chitieu.cli.terminal import Failed, console, endings, print_json, say, speak
from chitieu.client import Client
from chitieu.data_folder import DataFolder

app = typer.Typer(help="Kỳ báo cáo đã chốt / closed reporting periods", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="mã tỉnh / province code")]
Name = Annotated[str, typer.Argument(metavar="ID", help="mã bản chốt / id of a closing")]
On = Annotated[str | None, typer.Option(help="ngày mà tỉnh mang mã này / day of the code")]
Json = Annotated[bool, typer.Option("--json", help="in JSON / print JSON")]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="tệp chứa khóa truy cập, mặc định khóa vận hành / a file that holds a key"),
]
AsProvince = Annotated[
    bool,
    typer.Option("--as-province", help="bằng khóa của tỉnh trong dev-credentials.json / by its"),
]
Shown = Mapping[str, Any]


@app.command("list", help="Các bản chốt của một tỉnh / closings of a province")
def list_closings(
    code: Code,
    plan: Annotated[str | None, typer.Option(help="chỉ kế hoạch này / only this plan")] = None,
    on: On = None,
    json: Json = False,
) -> None:
    """List."""
    with endings():

        async def work(client: Client) -> list[Any]:
            return await client.all_items(f"/v1/provinces/{code}/closings", plan=plan, on=on)

        found = ask(settings_of(), work, scored=True)
        if json:
            print_json(found)
            return
        console().print(_table(found))


@app.command(help="Chốt một kỳ của một kế hoạch / close a period of a plan")
def close(
    code: Code,
    plan: Annotated[str, typer.Option(help="tên kế hoạch / name of the plan")],
    period: Annotated[str, typer.Option(help="2025-Q1, 2025-H1, 2025-03, 2025")],
    on: On = None,
    key_file: KeyFile = None,
    as_province: AsProvince = False,
    json: Json = False,
) -> None:
    """Close."""
    with endings():
        body = {"plan": plan, "period": period}
        query = {"on": on} if on else {}
        path = f"/v1/provinces/{code}/closings"
        made = ask(
            settings_of(), _post(path, body, query, _key(code, key_file, as_province)), scored=True
        )
        if json:
            print_json(made)
        else:
            say(
                f"đã chốt {made['id']}, theo điều đã biết lúc {made['known_at']},"
                f" sha256 {made['sha256']}",
                f"closed {made['id']}, as known at {made['known_at']}, sha256 {made['sha256']}",
            )


@app.command(help="Mở lại một bản chốt, cần hai khóa khác nhau / reopen, takes two different keys")
def reopen(
    code: Code,
    closing: Name,
    reason: Annotated[str, typer.Option(help="lý do / why")],
    key_file: KeyFile = None,
    as_province: AsProvince = False,
    json: Json = False,
) -> None:
    """Reopen."""
    with endings():
        path = f"/v1/provinces/{code}/closings/{closing}/reopen"
        key = _key(code, key_file, as_province)
        made = ask(settings_of(), _post(path, {"reason": reason}, {}, key), scored=True)
        if json:
            print_json(made)
        elif made["pending"]:
            say(
                f"đã yêu cầu mở lại {made['id']}: cần một khóa khác xác nhận trước"
                f" {made['pending']['expires_at']}",
                f"asked to reopen {made['id']}: another key has to join before"
                f" {made['pending']['expires_at']}",
            )
        else:
            say(f"đã rút {made['id']}, byte vẫn giữ", f"withdrew {made['id']}, its bytes are kept")


@app.command(help="Một bản chốt và những gì đã công bố / a closing and what was published")
def show(
    code: Code,
    closing: Name,
    document: Annotated[
        bool, typer.Option("--document", help="in đúng các byte đã công bố / the published bytes")
    ] = False,
    json: Json = False,
) -> None:
    """Show."""
    with endings():
        path = f"/v1/provinces/{code}/closings/{closing}"

        async def work(client: Client) -> tuple[Any, bytes]:
            held = await client.get(path)
            return held, (await client.request("GET", f"{path}/document")).content

        held, content = ask(settings_of(), work, scored=True)
        if document:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        elif json:
            print_json(held)
        else:
            console().print(_shown(held, decoded(content)))


def _post(path: str, body: Shown, query: Mapping[str, str], key: str | None) -> Ask[Any]:
    async def work(client: Client) -> Any:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        answer = await client.request("POST", path, json=body, params=query, headers=headers)
        return answer.json()

    return work


def _key(code: str, file: Path | None, as_province: bool) -> str | None:
    """The key to act with; None for the operator's."""
    if file is not None:
        try:
            return file.read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            raise Failed(f"--key-file {file}: {error}") from error
    if not as_province:
        return None
    try:
        held = DataFolder(settings_of().data_dir).credentials()
    except ValueError:
        held = None
    found = held.provinces.get(code) if held else None
    if found is None:
        raise Failed(
            f"dev-credentials.json không có khóa của tỉnh {code}"
            f" / dev-credentials.json holds no key of province {code}"
        )
    return found


def _table(found: list[Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for vi, en in (
        ("Mã", "Id"), ("Trạng thái", "State"), ("Ngày xét", "As of"), ("Biết đến", "Known at"),
        ("Bên chốt", "Closed by"),
    ):  # fmt: skip
        table.add_column(speak(vi, en), overflow="fold")
    for one in found:
        table.add_row(
            one["id"], _state(one), one["as_of"], one["known_at"], one["closed"]["by"]
        )  # fmt: skip
    return table


def _state(one: Shown) -> str:
    if one["pending"]:
        return speak("đang chờ khóa thứ hai", "a second key is awaited")
    return speak("đang giữ", "open") if one["state"] == "open" else speak("đã rút", "withdrawn")


def _shown(held: Shown, published: Shown) -> RenderableType:
    """The head, the table of the document, what moved since the version before."""
    due = published["due"]
    parts: list[RenderableType] = [
        Text(published["title"][speak.lang], style="bold"),
        Text(f"{held['id']} · {_state(held)} · {held['as_of']} · {held['known_at']}", style="dim"),
        Text(f"sha256 {held['sha256']}", style="dim"),
    ]
    if due["on"]:
        kept = speak("đúng hạn", "in time") if due["kept"] else speak("quá hạn", "late")
        parts.append(
            Text(speak("Hạn báo cáo ", "Due ") + f"{due['on']} ({due['printed']}): {kept}")
        )
    parts.append(_results(published))
    moves = published["movements"]
    if moves is not None:
        told = speak("Thay đổi so với ", "Moved since ") + published["previous"]["id"]
        parts.append(Text(f"{told}: {len(moves)}"))
        parts += [Text(f"  {m['target']}: {_word(m['from'])} → {_word(m['to'])}") for m in moves]
    return Group(*parts)


def _word(state: Shown | None) -> str:
    return "–" if state is None else f"{state['verdict']} {state['display'] or ''}".strip()


def _results(published: Shown) -> Table:
    names = published["columns"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(speak("Chỉ tiêu", "Target"), overflow="fold")
    table.add_column(speak("Giao", "Asked"), justify="right")
    for name in ("in_period", "cumulative", "last_year"):
        table.add_column(names[name][speak.lang], justify="right")
    table.add_column(names["verdict"][speak.lang])
    for row in published["results"]:
        cells = [_cell(row[name]) for name in ("in_period", "cumulative", "last_year")]
        title = row["title"] if speak.lang == "vi" else row["title_en"]
        table.add_row(title, row["printed"], *cells, row["verdict"])
    return table


def _cell(column: Shown) -> str:
    if column["display"] is None:
        return "–"
    estimate = speak(" (ước)", " (est.)") if column["estimated"] else ""
    return f"{column['display']}{estimate}"
