"""Which of a unit's reports count: one of a key, and no day twice. Pure."""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Iterable
from typing import Literal, NamedTuple

from chitieu.periods import Period, covered, stretches_of
from chitieu.reports import Report

Why = Literal[
    "corrected",
    "retracted",
    "not_yet_covered",
    "superseded",
    "outside_window",
    "overlap",
    "parts_count",
    "own_figure_counts",
    "older_state",
    "fraction_wins",
    "printed_wins",
    "stale",
    "zero_denominator",
    "waived",
    "out_of_scope",
]


class LeftOut(NamedTuple):
    """A report that does not count, and why."""

    report: Report
    why: Why


class Selection(NamedTuple):
    """What counts of one unit, and what does not."""

    taken: tuple[Report, ...]
    left_out: tuple[LeftOut, ...]


NOTHING = Selection((), ())


def _current(reports: Iterable[Report], on: dt.date) -> tuple[list[Report], list[LeftOut]]:
    """The last of each key among the reports that count on a day."""
    best: dict[tuple[str, dt.date, dt.date], Report] = {}
    out: list[LeftOut] = []
    for report in reports:
        if report.covers > on:
            out.append(LeftOut(report, "not_yet_covered"))
            continue
        key = (report.item, report.first, report.last)
        held = best.get(key)
        if held is None:
            best[key] = report
        else:
            winner, loser = (report, held) if report.rank > held.rank else (held, report)
            best[key] = winner
            out.append(LeftOut(loser, "superseded"))
    return list(best.values()), out


def pooled(reports: Iterable[Report], window: Period, on: dt.date) -> Selection:
    """Reports of one unit and field group whose extents lie in the window, no day of an item twice.

    Actuals before estimates, then the longest, then the earliest, then the later by time, source
    and id; each only when it shares no day with those taken.
    """
    current, out = _current(reports, on)
    inside = [report for report in current if window.holds(report.extent)]
    out += [LeftOut(r, "outside_window") for r in current if not window.holds(r.extent)]
    # Sorted by the last criterion first: sorts are stable.
    inside.sort(key=lambda r: r.sent, reverse=True)
    inside.sort(key=lambda r: (r.estimate, -r.extent.days, r.first))
    taken: list[Report] = []
    days: dict[str, list[Period]] = {}
    for report in inside:
        # What is taken is disjoint and sorted: only the two neighbours can share a day.
        held = days.setdefault(report.item, [])
        at = bisect.bisect(held, report.extent)
        if any(near.meets(report.extent) for near in held[max(0, at - 1) : at + 1]):
            out.append(LeftOut(report, "overlap"))
        else:
            held.insert(at, report.extent)
            taken.append(report)
    taken.sort(key=lambda r: (r.first, r.item, r.seq))
    return Selection(tuple(taken), tuple(out))


def standing_for(reports: Iterable[Report], period: Period, on: dt.date) -> Selection:
    """As `pooled` for one period when that is whole, else the shortest longer report."""
    reports = list(reports)
    inside = pooled(reports, period, on)
    if covered(merged_days(inside.taken), period):
        return inside
    current, _ = _current(reports, on)
    longer = [r for r in current if r.extent.holds(period)]
    longer.sort(key=lambda r: r.sent, reverse=True)
    longer.sort(key=lambda r: (r.estimate, r.extent.days))
    if not longer:
        return inside
    parts = tuple(LeftOut(report, "overlap") for report in inside.taken)
    return Selection(tuple(longer[:1]), inside.left_out + parts)


def latest(reports: Iterable[Report], on: dt.date) -> Selection:
    """States and snapshots: of each item the one of the latest day not after `on`."""
    current, out = _current(reports, on)
    best: dict[str, Report] = {}
    for report in current:
        held = best.get(report.item)
        if held is None:
            best[report.item] = report
        else:
            newer = (report.first, report.rank) > (held.first, held.rank)
            winner, loser = (report, held) if newer else (held, report)
            best[report.item] = winner
            out.append(LeftOut(loser, "older_state"))
    return Selection(tuple(best[item] for item in sorted(best)), tuple(out))


def merged_days(taken: Iterable[Report]) -> list[Period]:
    """The days that reports speak of, as disjoint stretches that do not touch, earliest first."""
    return stretches_of(report.extent for report in taken)
