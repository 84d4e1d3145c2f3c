"""What an evaluation looks at: everything known at one `known_at`, and nothing later."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from chitieu.periods import civil_day, from_microseconds
from chitieu.registry import Registry
from chitieu.reports import RATE, TASK, Report
from chitieu.scoring.columns import Active, Columns
from chitieu.standing import Change

NEWEST = 2**62
# So many amended or added reports may be laid over the columns before they are made anew.
LATE_MAX = 256


class Fallen(NamedTuple):
    """A report that no longer stands, why, and the entry that made it so."""

    report: Report
    why: Literal["corrected", "retracted"]
    at_seq: int
    at_known: int


class Fell(NamedTuple):
    """An event began or ceased to stand, by the entry at a position."""

    at_seq: int
    at_known: int
    stands: bool
    why: Literal["corrected", "retracted", "restored"]


class _Rows:
    """All reports about some units and what befell them; only ever added to."""

    def __init__(self) -> None:
        self.by_metric: defaultdict[tuple[str, str], list[Report]] = defaultdict(list)
        self.by_item: defaultdict[tuple[str, str], list[Report]] = defaultdict(list)
        self.falls: dict[int, list[Fell]] = {}
        # (position, unit) of what was added or settled, by metric: what columns may lack.
        self.touched: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        self.units: defaultdict[str, set[str]] = defaultdict(set)
        self.columns: dict[tuple[str, str], Columns] = {}

    def fell(self, seq: int, until: int) -> Fell | None:
        """What last befell an event by a position; None while it was never amended."""
        said = None
        for fell in self.falls.get(seq, ()):
            if fell.at_seq <= until:
                said = fell
        return said


class Reports:
    """Reports by who sent what about which unit, as known at a position; fallen ones are kept.

    Those of the newest position grow by `add` and `settle`. `at` gives them as they were known at
    an earlier position, over the same rows: what is added later never changes it.
    """

    def __init__(self, rows: _Rows | None = None, until: int = NEWEST) -> None:
        self._rows = rows or _Rows()
        self.until = until
        self._groups: dict[tuple[str, str, str], tuple[int, list[Report]]] = {}
        self._active: dict[tuple[str, str], tuple[Columns, int, Active]] = {}

    def at(self, seq: int) -> Reports:
        """As they were known at a position."""
        return Reports(self._rows, seq)

    def known_by(self, known: int) -> Reports:
        """As they were known at an instant (µs since 1970), not later than now."""
        rows = self._rows
        seqs = [r.seq for held in list(rows.by_metric.values()) for r in held if r.known <= known]
        seqs += [
            fell.at_seq for falls in list(rows.falls.values()) for fell in falls
            if fell.at_known <= known
        ]  # fmt: skip
        # Known times increase with the position, so all up to the newest of these were known.
        return self.at(min(self.until, max(seqs, default=0)))

    def add(self, report: Report) -> None:
        """A report that stands until something is settled about it."""
        rows = self._rows
        rows.by_metric[report.unit, report.metric].append(report)
        rows.touched[report.metric].append((report.seq, report.unit))
        rows.units[report.metric].add(report.unit)
        if report.metric in (RATE, TASK):
            rows.by_item[report.metric, report.item].append(report)

    def settle(self, change: Change, at_seq: int, at_known: int) -> None:
        """An event begins or ceases to stand; of units that are not held here nothing is kept."""
        rows = self._rows
        if (change.unit, change.metric) not in rows.by_metric:
            return
        fell = Fell(at_seq, at_known, change.stands, change.why)
        rows.falls.setdefault(change.seq, []).append(fell)
        rows.touched[change.metric].append((at_seq, change.unit))

    @classmethod
    def of(cls, standing: Iterable[Report]) -> Reports:
        reports = cls()
        for report in standing:
            reports.add(report)
        return reports

    def _known(self, held: Iterable[Report], stands: bool) -> Iterator[tuple[Report, Fell | None]]:
        rows, until = self._rows, self.until
        for report in held:
            if report.seq <= until:
                fell = rows.fell(report.seq, until) if report.seq in rows.falls else None
                if (fell is None or fell.stands) is stands:
                    yield report, fell

    def restored(self, report: Report) -> Fell | None:
        """What made a report stand again that had fallen; None when it never fell."""
        return self._rows.fell(report.seq, self.until) if report.seq in self._rows.falls else None

    def every(self) -> Iterator[tuple[Report, Fallen | None]]:
        """All of them; those that no longer stand with what befell them."""
        for held in list(self._rows.by_metric.values()):
            for report, _ in self._known(held, True):
                yield report, None
            for fallen in self._fallen(held):
                yield fallen.report, fallen

    def for_unit(self, unit: str, metric: str) -> list[Report]:
        """Those of a unit that stand."""
        held = self._rows.by_metric.get((unit, metric), ())
        return [report for report, _ in self._known(held, True)]

    def of_group(self, unit: str, metric: str, group: str) -> list[Report]:
        """A unit's reports of one field group that stand; kept until one of them changes."""
        key = (unit, metric, group)
        # Earlier positions never change, so neither does what they hold.
        version = len(self._rows.touched[metric]) if self.until == NEWEST else 0
        found = self._groups.get(key)
        if found is None or found[0] != version:
            held = [r for r in self.for_unit(unit, metric) if r.group == group]
            found = self._groups[key] = (version, held)
        return found[1]

    def for_item(self, metric: str, item: str) -> list[Report]:
        """Printed rates or task states of an item that stand."""
        held = self._rows.by_item.get((metric, item), ())
        return [report for report, _ in self._known(held, True)]

    def fallen(self, unit: str, metric: str) -> list[Fallen]:
        """Those of a unit that no longer stand."""
        return self._fallen(self._rows.by_metric.get((unit, metric), ()))

    def fallen_by_item(self, metric: str, item: str) -> list[Fallen]:
        """Printed rates or task states of an item that no longer stand."""
        return self._fallen(self._rows.by_item.get((metric, item), ()))

    def _fallen(self, held: Iterable[Report]) -> list[Fallen]:
        found = []
        for report, fell in self._known(held, False):
            assert fell is not None  # it stands unless something befell it
            why: Literal["corrected", "retracted"] = (
                "retracted" if fell.why == "retracted" else "corrected"
            )
            found.append(Fallen(report, why, fell.at_seq, fell.at_known))
        return found

    def active(self, metric: str, group: str) -> Active:
        """The group's reports that stand, as columns to sum over many units at once."""
        key, count = (metric, group), len(self._rows.touched[metric])
        version = count if self.until == NEWEST else 0
        columns, held = self._columns(metric, group), self._active.get(key)
        if held is None or held[0] is not columns or held[1] != version:
            late = self._rows.touched[metric][columns.touched :]
            active = columns.active(self.until, [unit for at, unit in late if at <= self.until])
            held = self._active[key] = (columns, version, active)
        return held[2]

    def _columns(self, metric: str, group: str) -> Columns:
        rows, key = self._rows, (metric, group)
        columns, count = rows.columns.get(key), len(rows.touched[metric])
        if columns is None or count - columns.touched > LATE_MAX:
            held = [
                report for unit in sorted(rows.units[metric])
                for report in rows.by_metric[unit, metric] if report.group == group
            ]  # fmt: skip
            falls = {seq: rows.falls[seq] for seq in (r.seq for r in held) if seq in rows.falls}
            columns = rows.columns[key] = Columns(held, falls, count)
        return columns


@dataclass(frozen=True)
class World:
    """The registry and the reports at `known` (µs since 1970)."""

    registry: Registry
    reports: Reports
    known: int

    @property
    def known_day(self) -> dt.date:
        """The civil day of `known_at`: what was due by then is expected."""
        return civil_day(from_microseconds(self.known))
