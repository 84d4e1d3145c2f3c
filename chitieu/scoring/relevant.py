"""Which reports could speak to a target: for changes and explanations. Pure."""

from __future__ import annotations

import datetime as dt

from chitieu.reports import RATE, TASK, Report
from chitieu.scoring.asked import Asked
from chitieu.scoring.printed import rates_of
from chitieu.scoring.world import Fallen, World


def speakers(asked: Asked, on: dt.date) -> set[str]:
    """Codes of the units, and of the areas above them, whose figures can answer a target."""
    codes = {unit.code for unit in asked.units_ever}
    if asked.asks_all:
        area = asked.area(on)
        codes |= {unit.code for unit in asked.districts(on)}
        codes |= {area.code} if area else set()
    return codes


def relevant_reports(world: World, asked: Asked, on: dt.date) -> list[Report]:
    """Every standing report that could speak to a target by a day."""
    found = list(rates_of(world, asked))
    for name in asked.joined:
        found += world.reports.for_item(TASK, name)
    if asked.metric is not None:
        for code in sorted(speakers(asked, on)):
            found += world.reports.for_unit(code, asked.metric.name)
    return found


def fallen_reports(world: World, asked: Asked, on: dt.date) -> list[Fallen]:
    """Those that could and no longer stand."""
    reports, found = world.reports, list[Fallen]()
    for name in asked.joined:
        found += reports.fallen_by_item.get((TASK, name), [])
    for name in (asked.entry.indicator, *asked.joined):
        found += reports.fallen_by_item.get((RATE, name), [])
    if asked.metric is not None:
        for code in sorted(speakers(asked, on)):
            found += reports.fallen.get((code, asked.metric.name), [])
    return found
