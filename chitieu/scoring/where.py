"""In which places of a day a unit lies, whatever day it was known to lie anywhere. Pure.

What is known of a unit is the finest place that its attributes name: commune, district, province.
That territory is followed to the places of the day asked for, along the successions. Where it was
divided the unit's own attributes of that day decide; where they do not, it lies in one of several
places and nobody has said in which.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from chitieu.place_kinds import Level
from chitieu.places import Place, PlaceKey, Places
from chitieu.units import Unit, UnitVersion

_FINEST = (Level.COMMUNE, Level.DISTRICT, Level.PROVINCE)
Held = frozenset[PlaceKey]


class Where:
    """The places of one level that stand on one day, and what lies in them."""

    def __init__(self, places: Places, day: dt.date, level: Level = Level.PROVINCE) -> None:
        self.places, self.day, self.level = places, day, level
        self._of_place: dict[PlaceKey, Held] = {}
        self._of_version: dict[tuple[str, dt.date], Held] = {}

    def unit(self, unit: Unit, at: dt.date) -> Held:
        """Keys of the places in one of which the unit, as it was on `at`, lies; mostly one."""
        known = self._version(unit.version_on(at))
        if len(known) > 1:
            # "Is now in ward 2" tells which part of the old commune it always was in.
            return known & self._version(unit.version_on(self.day)) or known
        return known

    def place(self, place: Place) -> Held:
        """Keys of the places among which the territory of a place is spread on the day."""
        if place.key not in self._of_place:
            self._of_place[place.key] = frozenset(p.key for p in self._spread(place))
        return self._of_place[place.key]

    def _version(self, version: UnitVersion) -> Held:
        key = (version.code, version.from_)
        if key not in self._of_version:
            finest = finest_place(self.places, version)
            self._of_version[key] = self.place(finest) if finest else frozenset()
        return self._of_version[key]

    def _spread(self, place: Place) -> Iterator[Place]:
        if _FINEST.index(place.level) > _FINEST.index(self.level) and not place.stands_on(self.day):
            # By its parts of its own time: what followed the whole may hold other land too.
            for part in self._parts(place):
                yield from self._spread(part)
            return
        if place.valid_from is not None and self.day < place.valid_from:
            holders = self.places.predecessors_on(place, self.day)
        else:
            holders = self.places.successors_on(place, self.day)
        for holder in holders:
            yield from self._at_level(holder)

    def _parts(self, place: Place) -> Iterator[Place]:
        day = place.valid_to or max(self.day, place.valid_from or dt.date.min)
        yield from self.places.inside(place, Level.COMMUNE, day)
        for district in self.places.inside(place, Level.DISTRICT, day):
            if not self.places.inside(district, Level.COMMUNE, day):
                yield district

    def _at_level(self, place: Place) -> Iterator[Place]:
        """The places of the level that hold a place of the day, or that it holds."""
        if place.level is self.level:
            yield place
        elif _FINEST.index(place.level) > _FINEST.index(self.level):
            yield from self.places.inside(place, self.level, self.day)
        elif self.level is Level.PROVINCE:
            yield self.places.province_of(place)
        elif place.district is not None:
            above = self.places.at(Level.DISTRICT, place.district, self.day)
            if above is not None:
                yield above


def finest_place(places: Places, version: UnitVersion) -> Place | None:
    """The smallest place that a unit's attributes name, of those that lie in its province."""
    attributes, since = version.attributes, version.from_
    province = places.bearing(attributes["province"], since)
    if province is None:
        return None
    of = {province.key, *(earlier.key for earlier in places.lineage(province).before)}
    for level in _FINEST[:2]:
        code = attributes.get(level.value)
        found = places.bearing(code, since, level) if code else None
        if found is not None and places.province_of(found).key in of:
            return found
    return province
