"""On which days a unit is in a target's scope: each period counts the units as they were. Pure.

A day is looked at as it was: the attributes that held, the province that the unit lay in. Before a
province began its units are those of the provinces that it was made of; after it ended, or its
district, they are those of the last day. A report belongs to the last day that it speaks of, so of
two provinces between which a unit moved exactly one counts it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from chitieu.periods import ONE_DAY, Period
from chitieu.registry import Registry
from chitieu.units import Unit

Days = tuple[Period, ...]
ALWAYS: Days = (Period(dt.date.min, dt.date.max),)


def days_of(registry: Registry, unit: Unit, holds: Callable[[dt.date], bool]) -> Days:
    """The days on which something holds that can change only with the unit or its province."""
    starts = sorted({dt.date.min, *(v.from_ for v in unit.versions), *_eras(registry, unit)})
    found: list[Period] = []
    for at, first in enumerate(starts):
        last = starts[at + 1] - ONE_DAY if at + 1 < len(starts) else dt.date.max
        if not holds(first if at else last):  # nothing is asked of the day before all days
            continue
        if found and found[-1].last + ONE_DAY == first:
            found[-1] = Period(found[-1].first, last)
        else:
            found.append(Period(first, last))
    return tuple(found)


def _eras(registry: Registry, unit: Unit) -> set[dt.date]:
    """The first days of the provinces that it lay in one after the other."""
    return {place.valid_from for place in registry.places_of(unit) if place.valid_from}


def counts_in(days: Days, last: dt.date) -> bool:
    """Whether a report whose last day this is belongs to a scope that holds on these days."""
    return any(stretch.first <= last <= stretch.last for stretch in days)


def open_within(unit: Unit, days: Days, first: dt.date, last: dt.date) -> bool:
    """Whether on any day from `first` to `last` it is both open and in scope."""
    if days is ALWAYS:
        return unit.open_within(first, last)
    return any(
        max(first, s.first) <= min(last, s.last)
        and unit.open_within(max(first, s.first), min(last, s.last))
        for s in days
    )
