"""Reporting units with their histories: what was said of them, from which day on. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chitieu.periods import ONE_DAY, Period
from chitieu.places import Place, Places, place_key
from chitieu.ports import Entry


@dataclass(frozen=True, slots=True)
class UnitVersion:
    """A unit's attributes from a day on, as an entry of the log set them."""

    code: str
    from_: dt.date
    seq: int
    known: int
    attributes: Mapping[str, Any]
    # The last day open that these attributes say; null when they say none. Asked a lot.
    closed: dt.date | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        day = self.attributes.get("closed")
        object.__setattr__(self, "closed", dt.date.fromisoformat(day) if day else None)


@dataclass(frozen=True, slots=True)
class Unit:
    """A reporting unit with its whole known history, oldest day first."""

    code: str
    versions: tuple[UnitVersion, ...]
    older: tuple[str, ...] = ()  # codes that it bore before, the oldest first
    # The days on which it is open, earliest first; closed and reopened, it was closed between.
    open_days: tuple[Period, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "open_days", tuple(_open_days(self.versions)))

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code under which it reported, the oldest first."""
        return (*self.older, self.code)

    @property
    def succeeds(self) -> str | None:
        """The code that it bore before this one, as its newest attributes say."""
        code: str | None = self.versions[-1].attributes.get("succeeds")
        return code

    @property
    def opened(self) -> dt.date:
        return self.versions[0].from_

    @property
    def closed(self) -> dt.date | None:
        """Its last day open; null while open."""
        return self.versions[-1].closed

    @property
    def seq(self) -> int:
        """The newest entry about it."""
        return max(version.seq for version in self.versions)

    @property
    def first_seq(self) -> int:
        return min(version.seq for version in self.versions)

    def is_open(self, day: dt.date) -> bool:
        return self.open_within(day, day)

    def open_within(self, first: dt.date, last: dt.date) -> bool:
        """Whether it is open on any of these days."""
        for stretch in self.open_days:
            if max(first, stretch.first) <= min(last, stretch.last):
                return True
        return False

    def version_on(self, day: dt.date) -> UnitVersion:
        """The attributes that hold on a day; before it opened, the first ones."""
        held = [version for version in self.versions if version.from_ <= day]
        return held[-1] if held else self.versions[0]

    def on(self, day: dt.date) -> Mapping[str, Any]:
        return self.version_on(day).attributes


def _open_days(versions: Sequence[UnitVersion]) -> Iterator[Period]:
    """Each version holds to the day before the next one, and no longer than it says itself."""
    for number, version in enumerate(versions):
        last = version.closed or dt.date.max
        if number + 1 < len(versions):
            last = min(last, versions[number + 1].from_ - ONE_DAY)
        if version.from_ <= last:
            yield Period(version.from_, last)


class Whereabouts(NamedTuple):
    """A unit's provinces: those its reports can concern, and `near`, those it may lie in."""

    unit: Unit
    places: tuple[Place, ...]
    keys: tuple[str, ...]
    near: frozenset[str]


def whereabouts(places: Places, unit: Unit) -> Whereabouts:
    """Where a unit ever was, and what followed."""
    found: dict[str, Place] = {}
    near: set[str] = set()
    for version in unit.versions:
        placed = places.bearing(version.attributes["province"], version.from_)
        if placed is not None:
            lineage = places.lineage(placed)
            near |= {place_key(p) for p in lineage.before}
            found |= {place_key(p): p for p in (placed, *lineage.after)}
    keys = tuple(sorted(found))
    return Whereabouts(unit, tuple(found[key] for key in keys), keys, frozenset(near | set(keys)))


def with_version(units: Mapping[str, Unit], entry: Entry) -> Unit:
    """The unit that an entry is about, with what it says laid over what was said before."""
    body = json.loads(entry.body)
    version = UnitVersion(
        body["code"], dt.date.fromisoformat(body["from"]), entry.seq, entry.known,
        body["attributes"],
    )  # fmt: skip
    kept = units[version.code].versions if version.code in units else ()
    # The same first day said again replaces what was said before.
    kept = tuple(v for v in kept if v.from_ != version.from_)
    return Unit(version.code, tuple(sorted((*kept, version), key=lambda v: v.from_)))
