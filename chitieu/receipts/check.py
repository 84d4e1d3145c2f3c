"""Whether a receipt is what it was, and whether its result follows from its entries. Pure.

The order of the checks: the file is a receipt in its one spelling; its seals hold; the catalogue
and the places at hand are the ones it names; the entries give the result and the explanation. What
fails first is told, with where; what comes after it is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from chitieu import __version__
from chitieu.catalogue.catalogue import Catalogue
from chitieu.places import Places
from chitieu.receipts.derive import NotDerivable, derive, places_digest
from chitieu.receipts.entries import Wire, broken_link
from chitieu.receipts.receipt import FORMAT, receipt_bytes, seals_of
from chitieu.scoring.results import canonical

Stage = Literal["file", "seal", "format", "catalogue", "places", "entries", "result", "log"]
# What a newer release may say otherwise (CONTRACT: same bytes), besides fields that it adds.
_MAY_DIFFER: Final = frozenset({"code", "outlook", "findings"})
_SHOWN: Final = 200


@dataclass(frozen=True)
class Fault:
    """What is not so. `where` is a path inside the receipt; texts are whole sentences."""

    stage: Stage
    where: str
    vi: str
    en: str
    wrong_state: bool = False
    """True when the receipt may be good and what it needs is not at hand."""


@dataclass(frozen=True)
class Checked:
    """A receipt that was read, or why it could not be; `fault` None: everything holds."""

    receipt: Wire | None
    fault: Fault | None
    same_release: bool = True


def read_receipt(content: bytes) -> Checked:
    """The receipt of a file whose seals hold."""
    try:
        receipt = json.loads(content.decode("utf-8"))
        spelled = receipt_bytes(receipt)
    except (ValueError, RecursionError):
        return Checked(None, _file_fault("không phải JSON UTF-8", "it is not JSON in UTF-8"))
    if not isinstance(receipt, dict):
        return Checked(None, _file_fault("không phải một đối tượng", "it is no object"))
    if spelled != content:
        return Checked(None, _file_fault(
            "không còn đúng từng byte như khi cấp", "its bytes are not spelled as they were issued"
        ))  # fmt: skip
    try:
        fault = _seal_fault(receipt)
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError):
        return Checked(None, _file_fault("thiếu phần của biên nhận", "parts of it are missing"))
    if fault is None and receipt["format"] != FORMAT:
        fault = Fault(
            "format", "/format",
            f"Biên nhận dạng khác {FORMAT}: hãy dùng bản phần mềm mới hơn.",
            f"The receipt is not of the form {FORMAT}: use a newer release.", True,
        )  # fmt: skip
    return Checked(receipt, fault)


def _file_fault(vi: str, en: str) -> Fault:
    return Fault("file", "", f"Tệp không phải biên nhận nguyên vẹn: {vi}.",
                 f"The file is not an intact receipt: {en}.")  # fmt: skip


def _seal_fault(receipt: Wire) -> Fault | None:
    """Which part was changed since the receipt was sealed."""
    given, entries = receipt["seals"], receipt["entries"]
    broken = broken_link(entries)
    if broken is not None:
        index = next(i for i, entry in enumerate(entries) if entry is broken)
        return Fault(
            "seal", f"/entries/{index}",
            f"Mục nhật ký {_named(broken)} đã bị sửa sau khi cấp biên nhận.",
            f"Log entry {_named(broken)} was changed after the receipt was issued.",
        )  # fmt: skip
    names = {
        "entries": ("danh sách mục nhật ký", "the list of entries"),
        "result": ("kết quả", "the result"),
        "explanation": ("phần giải thích", "the explanation"),
        "receipt": ("phần đầu hoặc dấu niêm", "its head or its seals"),
    }
    for name, actual in seals_of(receipt).items():
        if given.get(name) != actual:
            vi, en = names[name]
            return Fault(
                "seal", f"/seals/{name}",
                f"Sau khi cấp biên nhận, {vi} đã bị sửa: niêm không còn khớp.",
                f"After the receipt was issued {en} was changed: the seal does not fit.",
            )  # fmt: skip
    if set(given) != set(names):
        return _file_fault("có dấu niêm lạ", "it has other seals")
    return None


def _named(entry: Wire) -> str:
    """Which entry, as people look it up; an altered one may say anything, so it is cut."""
    words = [str(entry.get("seq")), str(entry.get("kind")), str(entry.get("id") or "")]
    return " ".join(word[:80] for word in words if word)


def check_receipt(content: bytes, catalogue: Catalogue, places: Places) -> Checked:
    """All of it, with the catalogue and the places at hand."""
    read = read_receipt(content)
    if read.fault is not None or read.receipt is None:
        return read
    receipt = read.receipt
    fault = _needs_fault(receipt, catalogue, places)
    if fault is not None:
        return Checked(receipt, fault)
    try:
        derived = derive(receipt, catalogue, places)
    except NotDerivable as error:
        return Checked(receipt, Fault(
            "entries", "/entries", f"Các mục nhật ký không cho ra kết quả nào: {error}.",
            f"The entries give no result at all: {error}.",
        ))  # fmt: skip
    same = receipt["code"] == __version__
    for name in ("result", "explanation"):
        found = _first_difference(receipt[name], getattr(derived, name), f"/{name}", not same)
        if found is not None:
            return Checked(receipt, _result_fault(*found), same)
    return Checked(receipt, None, same)


def _needs_fault(receipt: Wire, catalogue: Catalogue, places: Places) -> Fault | None:
    needed = str(receipt["catalogue"]["digest"])
    if needed != catalogue.digest:
        return Fault(
            "catalogue", "/catalogue/digest",
            f"Biên nhận cần danh mục {needed}; danh mục ở đây là {catalogue.digest}. Hãy lấy đúng "
            "phiên bản thư mục catalogue/ và thêm --catalogue THƯ_MỤC.",
            f"The receipt needs the catalogue {needed}; the one here is {catalogue.digest}. Get "
            "that version of the folder catalogue/ and add --catalogue FOLDER.", True,
        )  # fmt: skip
    here = places_digest(places)
    if receipt["places"] != here:
        return Fault(
            "places", "/places",
            f"Biên nhận cần bảng địa bàn {receipt['places']}; bảng ở đây là {here} "
            "(catalogue/places).",
            f"The receipt needs the places {receipt['places']}; those here are {here} "
            "(catalogue/places).", True,
        )  # fmt: skip
    return None


def _result_fault(where: str, said: Any, derived: Any) -> Fault:
    one, two = canonical(said)[:_SHOWN], canonical(derived)[:_SHOWN]
    return Fault(
        "result", where,
        f"Tính lại ra khác ở {where}: biên nhận ghi {one}, tính lại được {two}.",
        f"Derived again it differs at {where}: the receipt says {one}, derived {two}.",
    )  # fmt: skip


def _first_difference(
    said: Any, derived: Any, where: str, other_release: bool
) -> tuple[str, Any, Any] | None:
    """The first member that differs; of another release, only what may not differ is compared."""
    if isinstance(said, Mapping) and isinstance(derived, Mapping):
        names = set(said) if other_release else {*said, *derived}
        for name in sorted(names - (_MAY_DIFFER if other_release else frozenset())):
            inner = f"{where}/{name}"
            if name not in said or name not in derived:
                return inner, said.get(name), derived.get(name)
            found = _first_difference(said[name], derived[name], inner, other_release)
            if found is not None:
                return found
        return None
    if isinstance(said, list) and isinstance(derived, list) and len(said) == len(derived):
        for index, (one, two) in enumerate(zip(said, derived, strict=True)):
            found = _first_difference(one, two, f"{where}/{index}", other_release)
            if found is not None:
                return found
        return None
    return None if canonical(said) == canonical(derived) else (where, said, derived)


def log_difference(receipt: Wire, held: Wire) -> Fault | None:
    """Where a receipt's entries are not those of the log, as the log's own receipt holds them."""
    mine = {entry["seq"]: entry for entry in receipt["entries"]}
    its = {entry["seq"]: entry for entry in held["entries"]}
    for seq in sorted(mine.keys() | its.keys()):
        one, two = mine.get(seq), its.get(seq)
        where = f"/entries, seq {seq}"
        if one is None:
            return Fault("log", where, f"Nhật ký có mục {seq} mà biên nhận bỏ sót.",
                         f"The log holds entry {seq}, which the receipt leaves out.")  # fmt: skip
        if two is None:
            return Fault("log", where, f"Nhật ký không có mục {seq} của biên nhận.",
                         f"The log does not hold entry {seq} of the receipt.")  # fmt: skip
        for name in sorted((one.keys() | two.keys()) - {"link"}):
            if one.get(name) != two.get(name):
                return Fault(
                    "log", f"{where}/{name}",
                    f"Mục {seq} khác nhật ký ở “{name}”.",
                    f"Entry {seq} differs from the log in “{name}”.",
                )  # fmt: skip
    if receipt["catalogue"] != held["catalogue"]:
        return Fault("log", "/catalogue", "Phiên bản danh mục khác với nhật ký.",
                     "The catalogue version is not the log's.")  # fmt: skip
    return None
