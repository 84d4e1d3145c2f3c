"""Units from a table, as people keep them: CSV with a header. Pure.

Columns: code, name, from, kind, type, ownership, level, class, province, district, commune,
services (separated by `;`), closed, succeeds. Missing columns and empty cells set nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from chitieu.catalogue.faults import message_and_hint
from chitieu.catalogue.load import province_codes
from chitieu.catalogue.model import UnitRecord
from chitieu.catalogue.unit_rules import unit_flaws
from chitieu.text import nfc

COLUMNS: Final = (
    "code", "name", "from", "kind", "type", "ownership", "level", "class", "province", "district",
    "commune", "services", "closed", "succeeds",
)  # fmt: skip
_NEEDED: Final = ("code", "name", "from", "kind", "province")


@dataclass(frozen=True, slots=True)
class TableFault:
    """What is wrong in a line; the first line is 1 and holds the header."""

    line: int
    column: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class UnitTable:
    """What was read. With faults, `units` are the good lines only: not to be used."""

    units: tuple[UnitRecord, ...]
    faults: tuple[TableFault, ...]


def read_units(content: bytes) -> UnitTable:
    """Read a file; everything that is wrong is in `faults`."""
    try:
        text = nfc(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return UnitTable((), (TableFault(1, "", "không phải UTF-8", "not UTF-8"),))
    reader = csv.DictReader(io.StringIO(text), delimiter=_delimiter(text))
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    faults = _header_faults(header)
    units: dict[tuple[str, str], UnitRecord] = {}
    for row in reader if not faults else ():
        unit, wrong = _unit(row, reader.line_num)
        faults += wrong
        if unit is None:
            continue
        key = (unit.code, unit.from_.isoformat())
        if key in units:
            faults.append(
                TableFault(reader.line_num, "code", f"{unit.code} lặp lại cùng ngày từ",
                           f"{unit.code} stands twice with the same from")
            )  # fmt: skip
        units[key] = unit
    return UnitTable(tuple(units.values()), tuple(faults))


def _delimiter(text: str) -> str:
    """Excel in Vietnamese writes semicolons."""
    first = text.split("\n", 1)[0]
    return ";" if first.count(";") > first.count(",") else ","


def _header_faults(header: list[str]) -> list[TableFault]:
    faults = [
        TableFault(1, name, f"thiếu cột {name}", f"the column {name} is missing")
        for name in _NEEDED
        if name not in header
    ]
    known = ", ".join(COLUMNS)
    return faults + [
        TableFault(1, name, f"cột lạ, chỉ có: {known}", f"unknown column, known: {known}")
        for name in header
        if name not in COLUMNS
    ]


def _unit(row: Mapping[Any, Any], line: int) -> tuple[UnitRecord | None, list[TableFault]]:
    if None in row or None in row.values():
        return None, [TableFault(line, "", "sai số cột", "wrong number of cells")]
    data: dict[str, Any] = {name: text.strip() for name, text in row.items() if text.strip()}
    if "services" in data:
        data["services"] = tuple(s.strip() for s in data["services"].split(";") if s.strip())
    # No column for it: a code says by itself whether a facility is made up.
    data["fictional"] = data.get("kind") == "facility" and data.get("code", "")[2:3] == "F"
    try:
        unit = UnitRecord.model_validate(data)
    except ValidationError as error:
        return None, [
            TableFault(line, str(e["loc"][0]), f"giá trị không hợp lệ: {e['msg']}", e["msg"])
            for e in error.errors()
        ]
    wrong = []
    if unit.province not in province_codes():
        code = unit.province
        wrong.append(TableFault(line, "province", f"không có tỉnh {code}", f"no province {code}"))
    for flaw in unit_flaws(unit.code, [unit]):
        message, hint = message_and_hint(flaw.code, flaw.facts, flaw.known)
        said = TableFault(
            line, str(flaw.path[-1]), f"{message.vi} {hint.vi}", f"{message.en} {hint.en}"
        )
        wrong.append(said)
    return unit, wrong
