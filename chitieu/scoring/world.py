"""What an evaluation looks at: everything known at one `known_at`, and nothing later."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from chitieu.periods import civil_day, from_microseconds
from chitieu.registry import Registry
from chitieu.reports import RATE, TASK, Report
from chitieu.standing import Change


class Fallen(NamedTuple):
    """A report that no longer stands, why, and the entry that made it so."""

    report: Report
    why: Literal["corrected", "retracted"]
    at_seq: int
    at_known: int


@dataclass
class Reports:
    """Reports by who sent what about which unit. `fallen` ones are kept to be explained."""

    standing: dict[tuple[str, str], list[Report]] = field(default_factory=lambda: defaultdict(list))
    fallen: dict[tuple[str, str], list[Fallen]] = field(default_factory=lambda: defaultdict(list))
    by_item: dict[tuple[str, str], list[Report]] = field(default_factory=lambda: defaultdict(list))
    fallen_by_item: dict[tuple[str, str], list[Fallen]] = field(
        default_factory=lambda: defaultdict(list)
    )

    _groups: dict[tuple[str, str, str], list[Report]] = field(default_factory=dict)

    def add(self, report: Report) -> None:
        self.standing[report.unit, report.metric].append(report)
        self._groups.pop((report.unit, report.metric, report.group), None)
        if report.metric in (RATE, TASK):
            self.by_item[report.metric, report.item].append(report)

    def add_fallen(self, fallen: Fallen) -> None:
        report = fallen.report
        self.fallen[report.unit, report.metric].append(fallen)
        if report.metric in (RATE, TASK):
            self.fallen_by_item[report.metric, report.item].append(fallen)

    def settle(self, change: Change, at_seq: int, at_known: int) -> None:
        """An event begins or ceases to stand."""
        key = (change.unit, change.metric)
        if change.stands:
            for item in [f for f in self.fallen.get(key, ()) if f.report.seq == change.seq]:
                self.fallen[key].remove(item)
                if item.report.metric in (RATE, TASK):
                    self.fallen_by_item[item.report.metric, item.report.item].remove(item)
                self.add(item.report)
            return
        for report in [r for r in self.standing.get(key, ()) if r.seq == change.seq]:
            self.standing[key].remove(report)
            self._groups.pop((*key, report.group), None)
            if report.metric in (RATE, TASK):
                self.by_item[report.metric, report.item].remove(report)
            why: Literal["corrected", "retracted"] = (
                "retracted" if change.why == "retracted" else "corrected"
            )
            self.add_fallen(Fallen(report, why, at_seq, at_known))

    @classmethod
    def of(cls, standing: Iterable[Report], fallen: Iterable[Fallen] = ()) -> Reports:
        reports = cls()
        for report in standing:
            reports.add(report)
        for item in fallen:
            reports.add_fallen(item)
        return reports

    def for_unit(self, unit: str, metric: str) -> list[Report]:
        return self.standing.get((unit, metric), [])

    def of_group(self, unit: str, metric: str, group: str) -> list[Report]:
        """A unit's reports of one field group; kept until one of them changes."""
        key = (unit, metric, group)
        found = self._groups.get(key)
        if found is None:
            found = [r for r in self.standing.get((unit, metric), ()) if r.group == group]
            self._groups[key] = found
        return found

    def for_item(self, metric: str, item: str) -> list[Report]:
        return self.by_item.get((metric, item), [])


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
