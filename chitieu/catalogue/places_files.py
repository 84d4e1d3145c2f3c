"""Reads the CSV files of `catalogue/places` into rows; what they mean is `chitieu.places`."""

from __future__ import annotations

import csv
import datetime as dt
import functools
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from chitieu.place_kinds import Kind, Level, Share
from chitieu.places import (
    Naming,
    PlaceKey,
    PlaceRow,
    PlaceRows,
    Places,
    PlacesError,
    SuccessionRow,
)

T = TypeVar("T")
Line = dict[str, str]

_PLACE_FILES: Final = (
    ("provinces.csv", Level.PROVINCE),
    ("districts.csv", Level.DISTRICT),
    ("communes.csv", Level.COMMUNE),
)


@functools.cache
def load_places(folder: Path) -> Places:
    """All places of the folder `catalogue/places`, about 14,000; read once a process."""
    return Places(read_rows(folder))


@functools.cache
def load_provinces(folder: Path) -> Places:
    """The provinces alone, all that scoring asks about: a hundred rows instead of 14,000."""
    return Places(read_rows(folder, (Level.PROVINCE,)))


def read_rows(folder: Path, levels: Collection[Level] = tuple(Level)) -> PlaceRows:
    """The lines of these levels; PlacesError with file and line where one cannot be read."""
    places = [
        row
        for file, level in _PLACE_FILES
        if level in levels
        for row in _parsed(folder / file, partial(_place, level))
    ]
    return PlaceRows(
        places=tuple(places),
        renames=tuple(_parsed(folder / "renames.csv", _rename, ("level", levels))),
        successions=tuple(_parsed(folder / "successors.csv", _succession, ("from_level", levels))),
    )


def _parsed(
    path: Path,
    parse: Callable[[Line], T],
    only: tuple[str, Collection[Level]] | None = None,
) -> list[T]:
    """`only`: a column and the levels in it whose lines are wanted."""
    parsed = []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        for line in reader:
            if only is not None and line.get(only[0]) not in only[1]:
                continue
            try:
                parsed.append(parse(line))
            except (KeyError, TypeError, ValueError) as error:
                raise PlacesError(f"{path.name}:{reader.line_num}: {error!r}") from error
    return parsed


def _place(level: Level, line: Line) -> PlaceRow:
    return PlaceRow(
        key=_key(level, line["code"], line["valid_from"]),
        valid_to=_day(line["valid_to"]),
        naming=Naming(None, line["name"], line["short_name"], Kind(line["kind"])),
        province=line.get("province") or None,
        district=line.get("district") or None,
    )


def _rename(line: Line) -> tuple[PlaceKey, Naming]:
    key = _key(Level(line["level"]), line["code"], line["valid_from"])
    kind = Kind(line["kind"])
    since = _day(line["since"])
    return key, Naming(since, line["name"], line["short_name"], kind, line["act"])


def _succession(line: Line) -> SuccessionRow:
    return SuccessionRow(
        older=_key(Level(line["from_level"]), line["from_code"], line["from_valid_from"]),
        newer=_key(Level(line["to_level"]), line["to_code"], line["to_valid_from"]),
        share=Share(line["share"]),
    )


def _key(level: Level, code: str, valid_from: str) -> PlaceKey:
    return PlaceKey(level, code, _day(valid_from))


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
