"""`demo`: a made-up registry at full size, through the same HTTP as everybody's reports."""

from __future__ import annotations

import asyncio
import datetime as dt
import json as json_text
from typing import Annotated, Any

import typer

from chitieu.bootstrap import product_catalogue, product_places
from chitieu.catalogue.check import check
from chitieu.cli.catalogue import load_into
from chitieu.cli.session import ask, connected, database, settings_of
from chitieu.cli.terminal import NOT_SO, Bar, Failed, endings, print_json, say, speak
from chitieu.client import Client
from chitieu.cluster import write_private
from chitieu.data_folder import DataFolder
from chitieu.demo.plan import demo_catalogue, plan_name
from chitieu.demo.registry import Shape, units_of
from chitieu.demo.reports import Event, months_of, reports_of
from chitieu.place_kinds import Level
from chitieu.places import Places, place_key
from chitieu.postgres.first_keys import WantedKey, keys_of, make_keys
from chitieu.postgres.unit_import import import_units
from chitieu.posting import in_batches, wait_scored
from chitieu.settings import Settings
from chitieu.text import plural

_BATCH = 1000
# Units whose own keys are in the demo's file.
_UNIT_KEYS = 5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help="Nạp dữ liệu mẫu hư cấu để chạy thử / load fictional data to try things out")(
        demo
    )


def demo(
    seed: Annotated[int, typer.Option(help="cùng số, cùng dữ liệu / same seed, same data")] = 1,
    units: Annotated[int, typer.Option(min=10, max=20_000, help="số đơn vị / units")] = 1_500,
    months: Annotated[int, typer.Option(min=1, max=120, help="số tháng / months")] = 24,
    until: Annotated[str | None, typer.Option(help="tháng cuối, 2026-10 / last month")] = None,
    json: Annotated[bool, typer.Option("--json", help="in JSON / print JSON")] = False,
) -> None:
    """Register, post, score."""
    with endings():
        settings = settings_of()
        if DataFolder(settings.data_dir).served_at() is None:
            raise Failed(
                "demo cần dịch vụ đang chạy: hãy chạy `make up` ở cửa sổ khác"
                " / demo needs the running service: run `make up` in another window"
            )
        shape = Shape(seed, units, months, _last_day(until))
        extra = demo_catalogue(shape)
        flaws = check(product_catalogue(settings.catalogue).merged_with(extra))
        assert not flaws, flaws  # the plan is ours
        load_into(settings, extra)
        posted = _post(settings, shape, quiet=json)
        where = f"chitieu scorecard {shape.province} --plan {plan_name(shape)}"
        if json:
            print_json({"plan": plan_name(shape), **posted})
        else:
            say(f"xong: {where}", f"done: {where}")


def _last_day(until: str | None) -> dt.date:
    """The last day of the last month; by default the newest that everybody has reported on."""
    today = dt.datetime.now(dt.UTC).date()
    newest = today.replace(day=1) - dt.timedelta(days=1)
    if (today - newest).days <= 10:
        newest = newest.replace(day=1) - dt.timedelta(days=1)
    if until is None:
        return newest
    try:
        first = dt.date.fromisoformat(f"{until}-01")
    except ValueError:
        raise Failed(f"--until {until}: cần dạng 2026-10 / must look like 2026-10") from None
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    if last > newest:
        raise Failed(f"--until {until}: muộn nhất / at the latest {newest:%Y-%m}")
    return last


def _post(settings: Settings, shape: Shape, *, quiet: bool) -> dict[str, Any]:
    places = product_places()
    first = months_of(shape)[0].first
    province = places.bearing(shape.province, first)
    assert province is not None  # a real province
    districts = [p.code for p in places.inside(province, Level.DISTRICT, first)]
    records = units_of(shape, first, districts)

    async def register_all(dsn: str) -> str:
        async with connected(dsn) as connection:
            now = dt.datetime.now(dt.UTC)
            await import_units(connection, records, now)
            wanted = _keys(shape, places, [r.code for r in records if r.kind == "facility"])
            folder = DataFolder(settings.data_dir)
            held = _held(folder)
            slots, _ = await make_keys(connection, wanted, held, now)
            write_private(folder.demo_credentials_file, _file(slots))
            return slots["province",]

    with database(settings) as dsn:
        key = asyncio.run(register_all(dsn))
        events = list(reports_of(shape, records))

        async def post(client: Client) -> tuple[int, int]:
            return await _post_all(client, key, events, quiet=quiet)

        new, there = ask(settings, post)
        if not quiet:
            told = f"{plural(new, 'new report')}, {there} there already"
            say(f"{new} báo cáo mới, {there} đã có", told)
            say("chờ tính kết quả…", "waiting for the score…")
        asyncio.run(wait_scored(dsn, lambda _: None))
    return {"units": len(records), "events": len(events), "new": new, "duplicate": there}


async def _post_all(
    client: Client, key: str, events: list[Event], *, quiet: bool
) -> tuple[int, int]:
    new = there = 0
    title = speak("gửi báo cáo mẫu", "posting demo reports")
    with Bar(title, len(events), rate=speak("báo cáo", "reports"), quiet=quiet) as bar:
        for batch in in_batches(events, _BATCH):
            counts = await client.post_events(batch, key=key)
            for trouble in counts.troubles:
                said = json_text.dumps(trouble["problem"] or trouble["status"], ensure_ascii=False)
                raise Failed(f"{batch[trouble['index']]['id']}: {said}", NOT_SO)
            new, there = new + counts.accepted, there + counts.duplicate
            bar.advance(len(batch))
    return new, there


def _keys(shape: Shape, places: Places, codes: list[str]) -> list[WantedKey]:
    province = places.bearing(shape.province, shape.last)
    assert province is not None  # a real province
    covered = keys_of(places, province)
    name = f"demo-syt-{place_key(province)}"
    return [
        WantedKey(("province",), name, "Sở Y tế (hư cấu)", "province", places=covered),
        *(
            WantedKey(("units", code), f"demo-{code}", f"{code} (hư cấu)", "unit", units=(code,))
            for code in codes[:_UNIT_KEYS]
        ),
    ]


def _held(folder: DataFolder) -> dict[tuple[str, ...], str]:
    try:
        body = json_text.loads(folder.demo_credentials_file.read_text("utf-8"))
        found: dict[tuple[str, ...], str] = {
            ("units", code): str(key) for code, key in body["units"].items()
        }
        return found | {("province",): str(next(iter(body["provinces"].values())))}
    except (FileNotFoundError, ValueError, KeyError, StopIteration):
        return {}


def _file(slots: dict[tuple[str, ...], str]) -> str:
    units = {slot[1]: key for slot, key in slots.items() if slot[0] == "units"}
    body = {"provinces": {"38": slots["province",]}, "units": units}
    return json_text.dumps(body, indent=2) + "\n"
