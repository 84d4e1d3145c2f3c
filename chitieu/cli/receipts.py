"""`explain --receipt` writes a receipt; `verify --receipt` checks one, with no system at hand."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from json import loads as decoded
from pathlib import Path
from typing import Any, NoReturn

import typer

from chitieu import __version__
from chitieu.bootstrap import BadCatalogue, product_catalogue, product_provinces
from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.load import load
from chitieu.catalogue.places_files import load_provinces
from chitieu.cli.session import Ask, ask, settings_of
from chitieu.cli.terminal import DONE, NOT_SO, WRONG, Failed, print_json, say, speak
from chitieu.client import Client
from chitieu.places import Places, PlacesError
from chitieu.receipts.check import Checked, Fault, check_receipt, log_difference
from chitieu.receipts.entries import Wire
from chitieu.scoring.results import canonical
from chitieu.text import plural


def fetch_receipt(target: str, query: dict[str, str | None]) -> Ask[bytes]:
    """The receipt of a result, byte for byte as the API answers it."""

    async def work(client: Client) -> bytes:
        given = {name: value for name, value in query.items() if value is not None}
        answer = await client.request("GET", f"/v1/targets/{target}/receipt", params=given)
        return answer.content

    return work


def write_receipt(content: bytes, path: Path) -> None:
    """Write the file whole or not at all, and say what was written. Failed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Failed(f"{path}: {error.strerror}") from error
    receipt = decoded(content)
    seal, count = receipt["seals"]["receipt"], len(receipt["entries"])
    say(
        f"đã ghi {path}: {count} mục nhật ký, niêm sha256:{seal}\n"
        f"kiểm tra ở bất kỳ máy nào: chitieu verify --receipt {path}",
        f"wrote {path}: {plural(count, 'log entry', 'log entries')}, seal sha256:{seal}\n"
        f"to check it on any machine: chitieu verify --receipt {path}",
    )


def verify_receipt(path: Path, folders: Sequence[Path], *, against: bool, json: bool) -> NoReturn:
    """Check a receipt and end: 0 it holds, 1 it does not, 2 what it needs is not at hand."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}") from error
    catalogue, places = _sources(folders)
    checked = check_receipt(content, catalogue, places)
    if checked.fault is None and against:
        assert checked.receipt is not None  # there is no fault
        checked = Checked(checked.receipt, _against(checked.receipt), checked.same_release)
    if json:
        print_json(_as_json(checked, against))
    else:
        _tell(path, checked, against)
    fault = checked.fault
    raise typer.Exit(DONE if fault is None else WRONG if fault.wrong_state else NOT_SO)


def _sources(folders: Sequence[Path]) -> tuple[Catalogue, Places]:
    """The catalogue and the places of the folders, else the product's own. Failed."""
    try:
        if not folders:
            return product_catalogue(settings_of().catalogue), product_provinces()
        loaded = load(folders)
        if loaded.faults:
            raise BadCatalogue(loaded.faults)
        own = [folder / "places" for folder in folders if (folder / "places").is_dir()]
        return loaded.catalogue, load_provinces(own[-1]) if own else product_provinces()
    except (BadCatalogue, FileNotFoundError, PlacesError) as error:
        raise Failed(str(error)) from error


def _against(receipt: Wire) -> Fault | None:
    """Ask the system for its own receipt of the same question."""
    province = receipt["province"]
    query = {
        "as_of": receipt["as_of"], "known_at": receipt["known_at"],
        "province": province["code"], "on": _day_of_code(receipt),
    }  # fmt: skip
    held = decoded(ask(settings_of(), fetch_receipt(receipt["target"], query)))
    fault = log_difference(receipt, held)
    if fault is None and receipt["code"] == held["code"] and canonical(receipt) != canonical(held):
        return Fault("log", "/", "Hệ thống trả lời khác biên nhận.",
                     "The system's own receipt is another one.")  # fmt: skip
    return fault


def _day_of_code(receipt: Wire) -> str | None:
    """A day on which the province bore its code."""
    since = receipt["province"]["valid_from"]
    first = dt.date.fromisoformat(since) if since else dt.date(1900, 1, 1)
    place = product_provinces().bearing(receipt["province"]["code"], first)
    return since if place is None or place.valid_to is None else place.valid_to.isoformat()


def _as_json(checked: Checked, against: bool) -> dict[str, Any]:
    receipt, fault = checked.receipt, checked.fault
    return {
        "verified": fault is None,
        "against_log": against and fault is None,
        "same_release": checked.same_release,
        "target": receipt.get("target") if receipt else None,
        "as_of": receipt.get("as_of") if receipt else None,
        "known_at": receipt.get("known_at") if receipt else None,
        "seal": receipt["seals"]["receipt"] if receipt and fault is None else None,
        "fault": None if fault is None else {
            "stage": fault.stage, "where": fault.where, "text": {"vi": fault.vi, "en": fault.en},
        },
    }  # fmt: skip


def _tell(path: Path, checked: Checked, against: bool) -> None:
    fault, receipt = checked.fault, checked.receipt
    if fault is not None:
        head = ("chưa kiểm tra được", "cannot be checked here") if fault.wrong_state else (
            "KHÔNG ĐÚNG", "NOT SO")  # fmt: skip
        say(f"{path}: {head[0]}\n{fault.vi}", f"{path}: {head[1]}\n{fault.en}")
        return
    assert receipt is not None  # there is no fault
    result = receipt["result"]
    entries, digest = len(receipt["entries"]), receipt["catalogue"]["digest"]
    print(result["sentence_en" if speak.lang == "en" else "sentence"], flush=True)
    say(
        f"{path}: đúng\n"
        f"  niêm         sha256:{receipt['seals']['receipt']}\n"
        f"  mục nhật ký  {entries}, chuỗi liền mạch\n"
        f"  danh mục     {digest}\n"
        f"  tính lại     kết quả và giải thích trùng từng byte ({receipt['target']})",
        f"{path}: verified\n"
        f"  seal         sha256:{receipt['seals']['receipt']}\n"
        f"  log entries  {entries}, chain unbroken\n"
        f"  catalogue    {digest}\n"
        f"  derived      result and explanation equal byte for byte ({receipt['target']})",
    )
    if not checked.same_release:
        say(
            f"  bản          cấp bởi {receipt['code']}, kiểm tra bởi {__version__}: bỏ qua phần "
            "bản mới được phép nói khác",
            f"  release      issued by {receipt['code']}, checked by {__version__}: what a newer "
            "release may say otherwise was left out",
        )
    if against:
        say(
            "  nhật ký      mọi mục có trong nhật ký của hệ thống, không thiếu mục nào",
            "  log          every entry is in the system's log, and none is left out",
        )
