"""Waivers: a unit is freed of reporting a metric over some days, by a document. Pure.

The body of an entry of the log is canonical JSON, one of

    {"action": "grant", "id", "unit", "metric": name or null for all, "from", "to", "document",
     "reason", "by": code of the organisation}
    {"action": "withdraw", "id", "unit", "document", "reason", "by"}

A withdrawn waiver holds no more, for no day; an answer at an earlier known time keeps it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from chitieu.periods import Period
from chitieu.ports import Entry


@dataclass(frozen=True, slots=True)
class Waiver:
    """Who is freed of what, from which day to which, by whom and why. `metric` None: of all."""

    id: str
    unit: str
    metric: str | None
    days: Period
    document: str
    reason: str
    by: str
    seq: int
    known: int

    def frees_of(self, metric: str) -> bool:
        return self.metric in (None, metric)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A waiver is taken back."""

    id: str
    unit: str
    document: str
    reason: str
    by: str
    seq: int
    known: int


@dataclass(frozen=True)
class Waivers:
    """All that the log says of waivers up to a position, by their ids."""

    granted: Mapping[str, Waiver] = field(default_factory=dict)
    withdrawn: Mapping[str, Withdrawal] = field(default_factory=dict)

    def with_entry(self, entry: Entry) -> Waivers:
        """These and one more; a withdrawal may come before what it names."""
        found = waiver_of(entry)
        if isinstance(found, Waiver):
            return Waivers({**self.granted, found.id: found}, self.withdrawn)
        return Waivers(self.granted, {**self.withdrawn, found.id: found})

    def of(self, unit: str, metric: str) -> tuple[Waiver, ...]:
        """Those that hold for a unit and a metric, on whatever days, earliest first."""
        standing = self._standing.get(unit, ())
        return tuple(waiver for waiver in standing if waiver.frees_of(metric))

    def of_any(self, units: Iterable[str], metric: str) -> tuple[Waiver, ...]:
        """Those of all the codes of a unit."""
        return tuple(waiver for unit in units for waiver in self.of(unit, metric))

    def history(self, unit: str) -> list[tuple[Waiver, Withdrawal | None]]:
        """All that was ever granted to a unit, with what took it back, earliest days first."""
        return [(waiver, self.withdrawn.get(waiver.id)) for waiver in self._all.get(unit, ())]

    def history_of(self, units: Iterable[str]) -> list[tuple[Waiver, Withdrawal | None]]:
        """That of all the codes of a unit."""
        return [said for unit in units for said in self.history(unit)]

    def units_of(self, metric: str) -> frozenset[str]:
        """Units that some waiver frees of a metric, on whatever days."""
        return frozenset(unit for unit in self._standing if self.of(unit, metric))

    @cached_property
    def _all(self) -> Mapping[str, tuple[Waiver, ...]]:
        found: dict[str, list[Waiver]] = {}
        for waiver in sorted(self.granted.values(), key=lambda w: (w.days, w.id)):
            found.setdefault(waiver.unit, []).append(waiver)
        return {unit: tuple(waivers) for unit, waivers in found.items()}

    @cached_property
    def _standing(self) -> Mapping[str, tuple[Waiver, ...]]:
        return {
            unit: tuple(waiver for waiver in waivers if waiver.id not in self.withdrawn)
            for unit, waivers in self._all.items()
        }


def waiver_of(entry: Entry) -> Waiver | Withdrawal:
    """What an entry of kind `waiver` says."""
    body = json.loads(entry.body)
    if body["action"] == "withdraw":
        return Withdrawal(
            body["id"], body["unit"], body["document"], body["reason"], body["by"],
            entry.seq, entry.known,
        )  # fmt: skip
    days = Period(dt.date.fromisoformat(body["from"]), dt.date.fromisoformat(body["to"]))
    return Waiver(
        body["id"], body["unit"], body["metric"], days, body["document"], body["reason"],
        body["by"], entry.seq, entry.known,
    )  # fmt: skip
