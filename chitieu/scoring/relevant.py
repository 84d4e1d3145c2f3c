"""Which reports could speak to a target: for changes and explanations. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set

from chitieu.reports import RATE, TASK, Report
from chitieu.scoring.asked import Asked
from chitieu.scoring.columns import Active
from chitieu.scoring.printed import rates_of
from chitieu.scoring.world import Fallen, World


def relevant_reports(world: World, asked: Asked, on: dt.date) -> list[Report]:
    """Every standing report that could speak to a target by a day."""
    found = list(rates_of(world, asked))
    for name in asked.joined:
        found += world.reports.for_item(TASK, name)
    if asked.metric is not None:
        for code in sorted(asked.speakers(on)):
            found += world.reports.for_unit(code, asked.metric.name)
    return found


def fallen_reports(world: World, asked: Asked, on: dt.date) -> list[Fallen]:
    """Those that could and no longer stand."""
    reports, found = world.reports, list[Fallen]()
    for name in asked.joined:
        found += reports.fallen_by_item(TASK, name)
    for name in (asked.entry.indicator, *asked.joined):
        found += reports.fallen_by_item(RATE, name)
    if asked.metric is not None:
        for code in sorted(asked.speakers(on)):
            found += reports.fallen(code, asked.metric.name)
    return found


def _by_item(world: World, asked: Asked) -> list[Report]:
    """Standing rates and task states that could speak to a target."""
    found = list(rates_of(world, asked))
    for name in asked.joined:
        found += world.reports.for_item(TASK, name)
    return found


def covered_days(world: World, asked: Asked, on: dt.date) -> set[dt.date]:
    """Last days covered, up to a day, of every standing report that could speak to a target."""
    reports = _by_item(world, asked)
    found: set[dt.date] = set()
    codes = asked.speakers(on)
    columns, others = _columns(world, asked, codes)
    for active in columns:
        found |= {dt.date.fromordinal(d) for d in active.covered_days(codes, on.toordinal())}
    for code in others:
        reports += world.reports.for_unit(code, asked.reported)
    return found | {report.covers for report in reports if report.covers <= on}


def newest_known(world: World, asked: Asked, on: dt.date) -> int:
    """Known time of the newest such report, or of what made one fall; 0 without any."""
    reports, fallen = _by_item(world, asked), list[Fallen]()
    for name in asked.joined:
        fallen += world.reports.fallen_by_item(TASK, name)
    for name in (asked.entry.indicator, *asked.joined):
        fallen += world.reports.fallen_by_item(RATE, name)
    codes = asked.speakers(on)
    columns, others = _columns(world, asked, codes)
    known = [0, *(active.newest_known(codes, on.toordinal()) for active in columns)]
    for code in others:
        reports += world.reports.for_unit(code, asked.reported)
        fallen += world.reports.fallen(code, asked.reported)
    known += [report.known for report in reports if report.covers <= on]
    known += [item.at_known for item in fallen if item.report.covers <= on]
    return max(known)


def _columns(world: World, asked: Asked, codes: Set[str]) -> tuple[list[Active], Set[str]]:
    """The target's metric, once for each of its field groups, and the units to be looked at one by
    one: all of them where making columns takes longer than to look."""
    metric = asked.metric
    if metric is None:
        return [], frozenset()
    if world.reports.few(metric.name):
        return [], codes
    groups = ["state"] if metric.form == "state" else [group.name for group in metric.groups]
    columns = [world.reports.active(metric.name, group) for group in groups]
    return columns, frozenset().union(*(active.doubtful & codes for active in columns))
