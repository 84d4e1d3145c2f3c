"""Reads catalogue folders into one `Catalogue`, with every fault at its place."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from chitieu.catalogue.catalogue import RESERVED_METRICS, SHARE_MET, Catalogue
from chitieu.catalogue.check import check
from chitieu.catalogue.faults import EntryKey, Fault, Flaw
from chitieu.catalogue.faults import Path as KeyPath
from chitieu.catalogue.location import default_root
from chitieu.catalogue.model import Indicator, Metric, Plan, UnitList, UnitRecord
from chitieu.catalogue.places_files import load_provinces
from chitieu.catalogue.scheme_model import Scheme
from chitieu.catalogue.shapes import Entry, shape
from chitieu.catalogue.source import Source, read

T = TypeVar("T")

# Folders beside the entries that hold CSV, which others read.
_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read. With faults, `catalogue` is what could be understood: not to be used."""

    catalogue: Catalogue
    faults: tuple[Fault, ...]
    files: int


@dataclass(slots=True)
class _Layer:
    """One path of `load`: inside it a name stands once; over the next it gives way."""

    entries: dict[EntryKey, tuple[Entry | UnitRecord, Source, KeyPath]] = field(
        default_factory=dict
    )
    unread: set[EntryKey] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    files: int = 0

    def add(self, key: EntryKey, entry: Entry | UnitRecord, source: Source, path: KeyPath) -> bool:
        """False when the layer already holds an entry of that key."""
        if key in self.entries:
            return False
        self.entries[key] = (entry, source, path)
        return True

    def of(self, model: type[T]) -> Iterator[T]:
        return (entry for entry, _, _ in self.entries.values() if isinstance(entry, model))


def load(paths: Sequence[Path]) -> Loaded:
    """All files under the paths, checked. A later path's entries replace an earlier one's by name.

    A path is a folder, read with its subfolders, or one file. Faults come sorted by place, all of
    them; FileNotFoundError only when a path does not exist.
    """
    layers = [_layer(path) for path in paths]
    catalogue = Catalogue()
    places: dict[EntryKey, tuple[Source, KeyPath]] = {}
    for layer in layers:
        catalogue = catalogue.merged_with(
            Catalogue.of(
                layer.of(Metric),
                layer.of(Indicator),
                layer.of(Plan),
                layer.of(UnitRecord),
                layer.of(Scheme),
            )
        )
        places |= {key: (source, path) for key, (_, source, path) in layer.entries.items()}
    unread = frozenset(key for layer in layers for key in layer.unread)
    faults = {fault for layer in layers for fault in layer.faults}
    faults |= {_placed(flaw, places) for flaw in check(catalogue, unread, province_codes())}
    ordered = sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column, fault.code))
    return Loaded(catalogue, tuple(ordered), sum(layer.files for layer in layers))


@functools.cache
def province_codes() -> frozenset[str]:
    """The codes that a province ever bore."""
    provinces = load_provinces(default_root() / "places").provinces()
    return frozenset(place.code for place in provinces)


def files_of(path: Path) -> Iterable[Path]:
    """The catalogue files of a path, sorted by name; what begins with a dot is left out."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"no such file or folder: {path}")
    return sorted(
        file
        for file in path.rglob("*")
        if file.suffix in _SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )


def _layer(path: Path) -> _Layer:
    layer = _Layer()
    for file in files_of(path):
        layer.files += 1
        source = read(file.read_bytes(), shown_path(file))
        entry, faults = shape(source)
        layer.faults += [*source.faults, *faults]
        layer.faults += _added(layer, source, entry, file.stem)
    return layer


def shown_path(file: Path) -> str:
    """A file's path as short as a reader can follow it from where they stand."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def _added(layer: _Layer, source: Source, entry: Entry | None, stem: str) -> Iterator[Fault]:
    """Puts what a file holds into the layer; yields the faults of names."""
    if entry is None:
        layer.unread.update(_named_in(source, stem))
        return
    if isinstance(entry, UnitList):
        yield from _added_units(layer, source, entry)
        return
    if (isinstance(entry, Metric) and entry.name in RESERVED_METRICS) or (
        isinstance(entry, Scheme) and entry.name == SHARE_MET
    ):
        yield source.fault(("name",), "builtin_name", {"found": entry.name})
        return
    if entry.name != stem:
        facts = {"found": entry.name, "file": stem}
        yield source.fault(("name",), "name_differs_from_file", facts)
    key = (entry.kind, entry.name)
    if not layer.add(key, entry, source, ()):
        _, other, _ = layer.entries[key]
        facts = {"found": entry.name, "file": other.file, "line": str(other.locate(("name",))[0])}
        yield source.fault(("name",), "duplicate_name", facts)


def _added_units(layer: _Layer, source: Source, units: UnitList) -> Iterator[Fault]:
    for index, unit in enumerate(units.units):
        path = ("units", index)
        key = ("unit", f"{unit.code}@{unit.from_}")
        if not layer.add(key, unit, source, path):
            _, other, place = layer.entries[key]
            facts = {
                "found": unit.code,
                "day": str(unit.from_),
                "file": other.file,
                "line": str(other.locate(place)[0]),
            }
            yield source.fault((*path, "code"), "duplicate_unit", facts)


def _named_in(source: Source, stem: str) -> Iterator[EntryKey]:
    """What a file would have defined, so that references to it are not faults too."""
    data = source.data or {}
    kinds = (
        [data["kind"]]
        if isinstance(data.get("kind"), str)
        else ["metric", "indicator", "plan", "scheme"]
    )
    for kind in kinds:
        yield kind, str(data.get("name", stem))
        yield kind, stem
    units = data.get("units")
    for unit in units if isinstance(units, list) else ():
        if isinstance(unit, dict):
            yield "unit", str(unit.get("code"))


def _placed(flaw: Flaw, places: dict[EntryKey, tuple[Source, KeyPath]]) -> Fault:
    source, path = places[flaw.entry]
    return source.fault((*path, *flaw.path), flaw.code, flaw.facts, flaw.known, at_key=flaw.at_key)
