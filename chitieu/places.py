"""Places: the provinces, districts and communes of Vietnam, each with its history. Pure.

A place is a territory that bore a code from a day on; its key is (level, code, valid_from), because
codes are borne again by other territories: 91 was Kiên Giang and is An Giang. A place that keeps
its territory keeps its key; a new name or kind is a dated attribute of it. All days are inclusive,
`valid_from` None means before our records, `valid_to` None means still.

The rows come from `chitieu.catalogue.places_files`; what they hold and what they do not hold is
told in `catalogue/places/README.md`.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from chitieu.periods import ONE_DAY
from chitieu.place_kinds import Kind, Level, Share


class PlacesError(ValueError):
    """The rows contradict each other; no answer can be given from them."""


class PlaceKey(NamedTuple):
    """The identity of a place."""

    level: Level
    code: str
    valid_from: dt.date | None

    @property
    def order(self) -> tuple[Level, str, dt.date]:
        """Sorts keys: by code, of one code the older first."""
        return (self.level, self.code, self.valid_from or dt.date.min)


class Naming(NamedTuple):
    """What a place is called from a day on; `act` is the document that changed it."""

    since: dt.date | None
    name: str
    short_name: str
    kind: Kind
    act: str | None = None


class Link(NamedTuple):
    """The place at the other end of a succession."""

    key: PlaceKey
    share: Share


class PlaceRow(NamedTuple):
    """A line of provinces.csv, districts.csv or communes.csv; `naming` is its first name.

    `province` and `district` are the codes of the places it lies in, or lay in while they stood.
    """

    key: PlaceKey
    valid_to: dt.date | None
    naming: Naming
    province: str | None = None
    district: str | None = None


class SuccessionRow(NamedTuple):
    """A line of successors.csv."""

    older: PlaceKey
    newer: PlaceKey
    share: Share


class PlaceRows(NamedTuple):
    """All lines of `catalogue/places`."""

    places: tuple[PlaceRow, ...]
    renames: tuple[tuple[PlaceKey, Naming], ...]
    successions: tuple[SuccessionRow, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """One place. `name`, `short_name` and `kind` are its last ones; `naming_on` tells a day's."""

    key: PlaceKey
    valid_to: dt.date | None
    names: tuple[Naming, ...]
    province: str | None
    district: str | None
    successors: tuple[Link, ...] = ()
    predecessors: tuple[Link, ...] = ()

    @property
    def level(self) -> Level:
        """Province, district or commune."""
        return self.key.level

    @property
    def code(self) -> str:
        """Its code; other places may bear it on other days."""
        return self.key.code

    @property
    def valid_from(self) -> dt.date | None:
        """Its first day; None when it is older than our records."""
        return self.key.valid_from

    @property
    def kind(self) -> Kind:
        """Its last kind."""
        return self.names[-1].kind

    @property
    def name(self) -> str:
        """Its last official name, with the kind: "Tỉnh Kiên Giang"."""
        return self.names[-1].name

    @property
    def short_name(self) -> str:
        """Its last name without the kind: "Kiên Giang"; numbered ones keep it: "Phường 1"."""
        return self.names[-1].short_name

    @property
    def name_en(self) -> str:
        """The short name in plain Latin letters: "Ba Ria – Vung Tau"."""
        letters = unicodedata.normalize("NFD", self.short_name.replace("đ", "d").replace("Đ", "D"))
        return "".join(letter for letter in letters if not unicodedata.combining(letter))

    def stands_on(self, day: dt.date) -> bool:
        """Whether it exists on that day."""
        started = self.valid_from is None or self.valid_from <= day
        return started and (self.valid_to is None or day <= self.valid_to)

    def naming_on(self, day: dt.date) -> Naming:
        """Its names and kind on that day; outside its time, the nearest ones."""
        known = [n for n in self.names if n.since is None or n.since <= day]
        return known[-1] if known else self.names[0]

    def to_wire(self) -> dict[str, object]:
        """The JSON of CONTRACT.md: code, name, validity, successors."""
        return {
            "code": self.code,
            "name": self.short_name,
            "valid_from": _iso(self.valid_from),
            "valid_to": _iso(self.valid_to),
            "successors": [
                {"code": link.key.code, "valid_from": _iso(link.key.valid_from)}
                for link in self.successors
            ],
        }


@dataclass(frozen=True, slots=True)
class Lineage:
    """All places that came before and all that come after one, nearest or not, sorted by key."""

    before: tuple[Place, ...]
    after: tuple[Place, ...]


class Places:
    """All places of all eras. Made once from rows, never changed."""

    def __init__(self, rows: PlaceRows) -> None:
        links = _Links(rows)
        names = _names(rows)
        self._by_key: dict[PlaceKey, Place] = {}
        self._by_level: defaultdict[Level, list[Place]] = defaultdict(list)
        self._by_code: defaultdict[tuple[Level, str], list[Place]] = defaultdict(list)
        self._parents: dict[PlaceKey, list[Place]] = {}
        self._inside: defaultdict[PlaceKey, list[Place]] = defaultdict(list)
        for row in sorted(rows.places, key=lambda row: row.key.order):
            key = row.key
            place = Place(
                key=key,
                valid_to=row.valid_to,
                names=tuple(names[key]),
                province=row.province,
                district=row.district,
                successors=tuple(links.after.get(key, ())),
                predecessors=tuple(links.before.get(key, ())),
            )
            self._by_key[key] = place
            self._by_level[key.level].append(place)
            self._by_code[key.level, key.code].append(place)
        for place in self._by_key.values():
            self._parents[place.key] = self._above(place)
            for parent in self._parents[place.key]:
                self._inside[parent.key].append(place)
            self._check(place)
        self._check_eras(len(rows.places))

    def __len__(self) -> int:
        return len(self._by_key)

    @cached_property
    def turns(self) -> tuple[dt.date, ...]:
        """The days on which a province began, or the first on which one was no more."""
        ends = (place.valid_to for place in self.provinces())
        days = {place.valid_from for place in self.provinces() if place.valid_from}
        return tuple(sorted(days | {end + ONE_DAY for end in ends if end}))

    def get(self, key: PlaceKey) -> Place:
        """The place with that key; KeyError when there is none."""
        return self._by_key[key]

    def all(self, level: Level, on: dt.date | None = None) -> tuple[Place, ...]:
        """The places of a level by code: those that stand on the day, without a day of all eras."""
        places = self._by_level.get(level, ())
        return tuple(place for place in places if on is None or place.stands_on(on))

    def provinces(self, on: dt.date | None = None) -> tuple[Place, ...]:
        """The provinces by code: those that stand on the day, without a day of all eras."""
        return self.all(Level.PROVINCE, on)

    def bearing(self, code: str, on: dt.date, level: Level = Level.PROVINCE) -> Place | None:
        """The place that bears the code on the day, else the last that did before it."""
        begun = [
            place
            for place in self._by_code.get((level, code), ())
            if place.valid_from is None or place.valid_from <= on
        ]
        return begun[-1] if begun else None

    def at(self, level: Level, code: str, on: dt.date) -> Place | None:
        """The place that bears the code on that very day."""
        place = self.bearing(code, on, level)
        return place if place is not None and place.stands_on(on) else None

    def name_on(self, place: Place, day: dt.date) -> str:
        """The short name of a place on a day."""
        return place.naming_on(day).short_name

    def province_of(self, place: Place) -> Place:
        """The province a place lies in, one all its time (a province: itself)."""
        return place if place.level is Level.PROVINCE else self._parents[place.key][0]

    def inside(self, place: Place, level: Level, on: dt.date) -> tuple[Place, ...]:
        """The places of a lower level that lie in a place on a day on which both stand."""
        if not place.stands_on(on):
            return ()
        below = self._inside.get(place.key, ())
        return tuple(p for p in below if p.level is level and p.stands_on(on))

    def successors_on(self, place: Place, day: dt.date) -> tuple[Place, ...]:
        """The places that hold its territory on a later day; itself while it stands.

        Empty on a day before it began. Each of them may hold other territory too, and one reached
        over a `part` only some of this one's.
        """
        return self._along(place, day, after=True)

    def predecessors_on(self, place: Place, day: dt.date) -> tuple[Place, ...]:
        """The places that held its territory on an earlier day; itself while it stands."""
        return self._along(place, day, after=False)

    def lineage(self, place: Place) -> Lineage:
        """All places that came before and after this one, however many successions away."""
        return Lineage(
            before=self._reached(place, after=False), after=self._reached(place, after=True)
        )

    def _along(self, place: Place, day: dt.date, *, after: bool) -> tuple[Place, ...]:
        reached = (place, *self._reached(place, after=after))
        return tuple(sorted((p for p in reached if p.stands_on(day)), key=_order))

    def _reached(self, place: Place, *, after: bool) -> tuple[Place, ...]:
        found: dict[PlaceKey, Place] = {}
        ahead = [place]
        while ahead:
            current = ahead.pop()
            for link in current.successors if after else current.predecessors:
                if link.key not in found:
                    found[link.key] = self._by_key[link.key]
                    ahead.append(found[link.key])
        return tuple(sorted(found.values(), key=_order))

    def _above(self, place: Place) -> list[Place]:
        """Province, then district: those that bear the codes when the place begins."""
        first_day = place.valid_from or dt.date.min
        found = []
        for level, code in ((Level.PROVINCE, place.province), (Level.DISTRICT, place.district)):
            if code is not None:
                parent = self.at(level, code, first_day)
                if parent is None:
                    raise _fault(place, f"lies in no {level} {code} when it begins")
                found.append(parent)
        return found

    def _check(self, place: Place) -> None:
        """Kinds fit the level, one province all its time, successors from the next day on."""
        if any(naming.kind.level is not place.level for naming in place.names):
            raise _fault(place, "has a kind of another level")
        if (place.province is None) is not (place.level is Level.PROVINCE):
            raise _fault(place, "lies in no province, or is one and lies in one")
        last_day = place.valid_to or dt.date.max
        if not self.province_of(place).stands_on(last_day):
            raise _fault(place, "outlives its province")
        for link in place.successors:
            newer = self._by_key[link.key]
            if last_day == dt.date.max or not newer.stands_on(last_day + ONE_DAY):
                raise _fault(place, f"is not followed the next day by {link.key.code}")

    def _check_eras(self, row_count: int) -> None:
        """One row per key, and a code is borne by one place at a time."""
        if row_count != len(self._by_key):
            raise PlacesError("two rows have one key")
        for eras in self._by_code.values():
            for older, newer in pairwise(eras):
                if newer.valid_from is None or older.stands_on(newer.valid_from):
                    raise _fault(older, "has not ended when its code is borne again")


class _Links:
    """Successions by their older and by their newer end.

    A district without rows of its own is succeeded by what its communes became; its communes are
    not told that it preceded them, their own predecessors say it better.
    """

    def __init__(self, rows: PlaceRows) -> None:
        self.after: defaultdict[PlaceKey, list[Link]] = defaultdict(list)
        self.before: defaultdict[PlaceKey, list[Link]] = defaultdict(list)
        known = {row.key for row in rows.places}
        for succession in rows.successions:
            if not {succession.older, succession.newer} <= known:
                raise PlacesError(f"succession of places without a row: {succession}")
            self.after[succession.older].append(Link(succession.newer, succession.share))
            self.before[succession.newer].append(Link(succession.older, succession.share))
        districts = {
            row.key.code: row.key
            for row in rows.places
            if row.key.level is Level.DISTRICT and row.key not in self.after
        }
        became: defaultdict[PlaceKey, set[PlaceKey]] = defaultdict(set)
        for row in rows.places:
            if row.district in districts:
                ends = [link.key for link in self.after.get(row.key, ())]
                became[districts[row.district]].update(ends or [row.key])
        for key, newer in became.items():
            share = Share.WHOLE if len(newer) == 1 else Share.PART
            self.after[key] = [Link(end, share) for end in newer]
        for links in (*self.after.values(), *self.before.values()):
            links.sort(key=lambda link: link.key.order)


def place_key(place: Place) -> str:
    """A place as one word: `77`, or `79@2025-07-01` for one that began later."""
    return place.code if place.valid_from is None else f"{place.code}@{place.valid_from}"


def place_of(places: Places, key: str) -> Place | None:
    """The place that a place key names."""
    code, _, since = key.partition("@")
    return places.bearing(code, dt.date.fromisoformat(since or "1900-01-01"))


def _names(rows: PlaceRows) -> dict[PlaceKey, list[Naming]]:
    """The first name of each place, then its renames by day."""
    names = {row.key: [row.naming] for row in rows.places}
    for key, naming in sorted(rows.renames, key=lambda rename: str(rename[1].since)):
        if key not in names or naming.since is None:
            raise PlacesError(f"rename without a place or a day: {key}")
        names[key].append(naming)
    return names


def _order(place: Place) -> tuple[Level, str, dt.date]:
    return place.key.order


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _fault(place: Place, what: str) -> PlacesError:
    return PlacesError(f"{place.level} {place.code} from {place.valid_from}: {what}")
