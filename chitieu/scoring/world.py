"""What an evaluation looks at: everything known at one `known_at`, and nothing later."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from chitieu.periods import civil_day, from_microseconds
from chitieu.registry import Registry
from chitieu.reports import RATE, TASK, Report
from chitieu.scoring.blocks import Block, Table
from chitieu.scoring.columns import Active, Columns
from chitieu.standing import Change

NEWEST = 2**62
Version = tuple[int, int] | None
# So many amended or added reports may be laid over the columns before they are made anew.
LATE_MAX = 256
# Up to so many reports of a metric are looked at one by one.
FEW_REPORTS = 64


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
        # The metrics that were loaded; None: all there are.
        self.metrics: Set[str] | None = None
        self.tables: defaultdict[str, dict[str, Table]] = defaultdict(dict)
        self.by_item: defaultdict[tuple[str, str], list[Report]] = defaultdict(list)
        self.falls: defaultdict[str, dict[int, list[Fell]]] = defaultdict(dict)
        # (position, unit) of what was added or settled, by metric: what columns may lack.
        self.touched: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        self.units: defaultdict[str, set[str]] = defaultdict(set)
        self.columns: dict[tuple[str, str], tuple[int, Columns]] = {}
        self.blocks = 0

    def need(self, metric: str) -> None:
        """What was not loaded must not look like silence."""
        assert self.metrics is None or metric in self.metrics, f"{metric} is not loaded"

    def table(self, metric: str, group: str) -> Table:
        """The reports of a field group."""
        tables = self.tables[metric]
        found = tables.get(group)
        return tables.setdefault(group, Table()) if found is None else found

    def of_unit(self, unit: str, metric: str) -> list[Report]:
        """A unit's reports, by position and group."""
        found = [r for table in list(self.tables[metric].values()) for r in table.of_unit(unit)]
        found.sort(key=lambda report: (report.seq, report.group))
        return found

    def fell(self, report: Report, until: int) -> Fell | None:
        """What last befell an event by a position; None while it was never amended."""
        said = None
        for fell in self.falls[report.metric].get(report.seq, ()):
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
        self._groups: dict[tuple[str, str, str], tuple[Version, list[Report]]] = {}
        self._active: dict[tuple[str, str], tuple[Columns, Version, Active]] = {}

    def at(self, seq: int) -> Reports:
        """As they were known at a position."""
        return Reports(self._rows, seq)

    @property
    def metrics(self) -> Set[str] | None:
        """The metrics of which all is held here; None: of every one. Others must not be asked."""
        return self._rows.metrics

    def hold(self, metrics: Set[str] | None) -> None:
        """Say of which metrics all is held."""
        self._rows.metrics = metrics

    def known_by(self, known: int) -> Reports:
        """As they were known at an instant (µs since 1970), not later than now."""
        rows = self._rows
        seqs = [t.known_by(known) for held in list(rows.tables.values()) for t in held.values()]
        seqs += [
            fell.at_seq for held in list(rows.falls.values()) for falls in list(held.values())
            for fell in falls if fell.at_known <= known
        ]  # fmt: skip
        # Known times increase with the position, so all up to the newest of these were known.
        return self.at(min(self.until, max(seqs, default=0)))

    def add(self, report: Report) -> None:
        """A report that stands until something is settled about it."""
        rows = self._rows
        rows.table(report.metric, report.group).add(report)
        rows.touched[report.metric].append((report.seq, report.unit))
        rows.units[report.metric].add(report.unit)
        if report.metric in (RATE, TASK):
            rows.by_item[report.metric, report.item].append(report)

    def extend(self, block: Block) -> None:
        """Many reports at once, of positions or units that nothing was added of."""
        if block.metric in (RATE, TASK):
            for row in sorted(range(len(block)), key=lambda row: int(block.seq[row])):
                self.add(block.report(row))
            return
        rows = self._rows
        rows.units[block.metric].update(block.codes)
        rows.table(block.metric, block.group).blocks.append(block)
        rows.blocks += 1

    def settle(self, change: Change, at_seq: int, at_known: int) -> None:
        """An event begins or ceases to stand; of units that are not held here nothing is kept."""
        rows = self._rows
        if change.unit not in rows.units[change.metric]:
            return
        fell = Fell(at_seq, at_known, change.stands, change.why)
        rows.falls[change.metric].setdefault(change.seq, []).append(fell)
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
                fell = rows.fell(report, until)
                if (fell is None or fell.stands) is stands:
                    yield report, fell

    def restored(self, report: Report) -> Fell | None:
        """What made a report stand again that had fallen; None when it never fell."""
        return self._rows.fell(report, self.until)

    def every(self) -> Iterator[tuple[Report, Fallen | None]]:
        """All that are held; those that no longer stand with what befell them."""
        rows = self._rows
        for metric, units in list(rows.units.items()):
            for unit in list(units):
                held = rows.of_unit(unit, metric)
                for report, _ in self._known(held, True):
                    yield report, None
                for fallen in self._fallen(held):
                    yield fallen.report, fallen

    def for_unit(self, unit: str, metric: str) -> list[Report]:
        """Those of a unit that stand."""
        self._rows.need(metric)
        return [report for report, _ in self._known(self._rows.of_unit(unit, metric), True)]

    def of_group(self, unit: str, metric: str, group: str) -> list[Report]:
        """A unit's reports of one field group that stand; kept until one of them changes."""
        key = (unit, metric, group)
        version = self._version(metric)
        found = self._groups.get(key)
        if found is None or found[0] != version:
            held = [r for r in self.for_unit(unit, metric) if r.group == group]
            found = self._groups[key] = (version, held)
        return found[1]

    def for_item(self, metric: str, item: str) -> list[Report]:
        """Printed rates or task states of an item that stand."""
        self._rows.need(metric)
        held = self._rows.by_item.get((metric, item), ())
        return [report for report, _ in self._known(held, True)]

    def fallen(self, unit: str, metric: str) -> list[Fallen]:
        """Those of a unit that no longer stand."""
        self._rows.need(metric)
        return self._fallen(self._rows.of_unit(unit, metric))

    def fallen_by_item(self, metric: str, item: str) -> list[Fallen]:
        """Printed rates or task states of an item that no longer stand."""
        self._rows.need(metric)
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

    def few(self, metric: str) -> bool:
        """Whether so few reports of a metric are held that one by one is the quicker way."""
        self._rows.need(metric)
        return sum(len(t) for t in list(self._rows.tables[metric].values())) <= FEW_REPORTS

    def active(self, metric: str, group: str) -> Active:
        """The group's reports that stand, as columns to sum over many units at once."""
        self._rows.need(metric)
        key, version = (metric, group), self._version(metric)
        columns, held = self._columns(metric, group), self._active.get(key)
        if held is None or held[0] is not columns or held[1] != version:
            late = self._rows.touched[metric][columns.touched :]
            active = columns.active(self.until, [unit for at, unit in late if at <= self.until])
            held = self._active[key] = (columns, version, active)
        return held[2]

    def _version(self, metric: str) -> Version:
        """What is kept holds while this is the same."""
        # Earlier positions never change, so neither does what they hold.
        rows = self._rows
        return (len(rows.touched[metric]), rows.blocks) if self.until == NEWEST else None

    def _columns(self, metric: str, group: str) -> Columns:
        rows, key = self._rows, (metric, group)
        # Counted before anything is read: what comes meanwhile is taken for late.
        count, table = len(rows.touched[metric]), rows.table(metric, group)
        size, held = len(table.blocks), rows.columns.get(key)
        if held is None or held[0] != size or count - held[1].touched > LATE_MAX:
            held = (size, Columns(table.as_blocks(), rows.falls[metric], count))
            rows.columns[key] = held
        return held[1]


@dataclass(frozen=True)
class World:
    """The registry and the reports at `known` (µs since 1970)."""

    registry: Registry
    reports: Reports
    known: int

    @cached_property
    def known_day(self) -> dt.date:
        """The civil day of `known_at`: what was due by then is expected."""
        return civil_day(from_microseconds(self.known))
