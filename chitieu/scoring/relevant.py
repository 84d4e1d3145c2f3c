"""Which reports could speak to a target: for changes and explanations. Pure."""

from __future__ import annotations

import datetime as dt

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
    for metric, active in _columns(world, asked):
        found |= {dt.date.fromordinal(d) for d in active.covered_days(codes, on.toordinal())}
        for code in active.doubtful & codes:
            reports += world.reports.for_unit(code, metric)
    return found | {report.covers for report in reports if report.covers <= on}


def newest_known(world: World, asked: Asked, on: dt.date) -> int:
    """Known time of the newest such report, or of what made one fall; 0 without any."""
    reports, fallen = _by_item(world, asked), list[Fallen]()
    for name in asked.joined:
        fallen += world.reports.fallen_by_item(TASK, name)
    for name in (asked.entry.indicator, *asked.joined):
        fallen += world.reports.fallen_by_item(RATE, name)
    codes = asked.speakers(on)
    known = [0]
    for metric, active in _columns(world, asked):
        known.append(active.newest_known(codes, on.toordinal()))
        for code in active.doubtful & codes:
            reports += world.reports.for_unit(code, metric)
            fallen += world.reports.fallen(code, metric)
    known += [report.known for report in reports if report.covers <= on]
    known += [item.at_known for item in fallen if item.report.covers <= on]
    return max(known)


def _columns(world: World, asked: Asked) -> list[tuple[str, Active]]:
    """The target's metric, once for each of its field groups."""
    metric = asked.metric
    if metric is None:
        return []
    groups = ["state"] if metric.form == "state" else [group.name for group in metric.groups]
    return [(metric.name, world.reports.active(metric.name, group)) for group in groups]
