"""`keys create`, `revoke`, `list`."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer
from rich import box
from rich.table import Table

from chitieu.bootstrap import product_provinces
from chitieu.cli.session import connected, database, prepare_new, settings_of
from chitieu.cli.terminal import NOT_SO, Failed, console, endings, print_json, refuse, say, speak
from chitieu.data_folder import DataFolder
from chitieu.keys import ROLES, Role
from chitieu.postgres import keys as store
from chitieu.postgres.first_keys import keys_of

T = TypeVar("T")

app = typer.Typer(help="Khóa truy cập / access keys", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="in JSON / print JSON")]


@app.command(help="Cấp một khóa, in ra một lần / make a key, shown once")
def create(
    role: Annotated[str, typer.Option(help=", ".join(ROLES))],
    organisation: Annotated[
        str, typer.Option(help="mã tổ chức gửi, khóa của một tổ chức là một bên gửi / the sender")
    ],
    province: Annotated[
        list[str] | None, typer.Option(help="vai province: mã tỉnh / role province: its code")
    ] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="vai unit: mã đơn vị / role unit: unit codes")
    ] = None,
    label: Annotated[str, typer.Option(help="ghi chú / a note")] = "",
    json: Json = False,
) -> None:
    """Make a key."""
    with endings():
        kind = _role(role)
        if (role == "province") != bool(province) or (role == "unit") != bool(unit):
            raise Failed(
                "vai province cần --province, vai unit cần --unit, vai khác không nhận"
                " / role province needs --province, role unit needs --unit, others take neither"
            )
        places = _places(province or [])
        now = dt.datetime.now(dt.UTC)

        async def work(connection: Any) -> Any:
            async with connection.transaction():
                sender = await store.ensure_organisation(connection, organisation, organisation)
                return await store.create_key(
                    connection, sender, kind, now, label=label, places=places, units=unit or ()
                )

        key = _with_database(work)
        if json:
            print_json({"id": key.id, "key": key.text, "organisation": organisation, "role": role})
        else:
            print(key.text, flush=True)


@app.command(help="Thu hồi một khóa, trong 5 giây / revoke a key, within 5 s")
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="mã khóa / id")]) -> None:
    """Revoke."""
    with endings():
        now = dt.datetime.now(dt.UTC)
        # The whole key is taken too: whoever holds only that should not have to cut it up.
        name = key_id.split("_")[1] if key_id.startswith("ct_") and "_" in key_id[3:] else key_id
        if not _with_database(lambda connection: store.revoke_key(connection, name, now)):
            refuse(
                f"không có khóa {name}, hoặc đã thu hồi / no key {name}, or it is revoked", NOT_SO
            )
        say(f"đã thu hồi {name}", f"revoked {name}")


@app.command("list", help="Các khóa, không có phần bí mật / all keys, without their secrets")
def list_keys(json: Json = False) -> None:
    """List."""
    with endings():
        records: Sequence[store.KeyRecord] = _with_database(store.list_keys)
        rows: list[dict[str, Any]] = [
            {
                "id": r.id, "organisation": r.organisation, "role": r.role,
                "places": list(r.places), "units": list(r.units), "label": r.label,
                "created_at": r.created_at.isoformat(),
                "revoked_at": r.revoked_at.isoformat() if r.revoked_at else None,
            }
            for r in records
        ]  # fmt: skip
        if json:
            print_json(rows)
            return
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for vi, en in (
            ("Mã", "Id"), ("Tổ chức", "Organisation"), ("Vai", "Role"), ("Phạm vi", "Covers"),
            ("Ghi chú", "Label"), ("Thu hồi", "Revoked"),
        ):  # fmt: skip
            table.add_column(speak(vi, en), overflow="fold")
        for row in rows:
            covers = " ".join([*row["places"], *row["units"]])
            table.add_row(
                row["id"], row["organisation"], row["role"], covers, row["label"],
                (row["revoked_at"] or "")[:16],
            )  # fmt: skip
        console().print(table)


def _role(text: str) -> Role:
    for role in ROLES:
        if role == text:
            return role
    raise Failed(f"--role: {', '.join(ROLES)}")


def _places(codes: Sequence[str]) -> list[str]:
    """Each code's place as it is borne today, and all that succeed it."""
    places = product_provinces()
    found: list[str] = []
    for code in codes:
        place = places.bearing(code, dt.datetime.now(dt.UTC).date())
        if place is None:
            raise Failed(f"không có tỉnh {code} / no province {code}")
        found += keys_of(places, place)
    return found


def _with_database(work: Callable[[Any], Awaitable[T]]) -> T:
    settings = settings_of()

    async def run(dsn: str) -> T:
        if DataFolder(settings.data_dir).served_at() is None:
            await prepare_new(settings, dsn)
        async with connected(dsn) as connection:
            return await work(connection)

    with database(settings) as dsn:
        return asyncio.run(run(dsn))
