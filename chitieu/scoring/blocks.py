"""Reports as they are stored, many at once; each is a `Report` only when it is looked at. Pure.

A province with a million events has tens of thousands of reports. To make an object of each takes
longer than an answer may, and most answers need their figures only, summed by `columns`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chitieu.periods import from_microseconds, to_microseconds
from chitieu.reports import Report

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Fields = str | Mapping[str, Any]  # as JSON, or read already


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows of one metric and field group, a sequence a column: days are ordinals, instants µs."""

    metric: str
    group: str
    unit: Sequence[str]
    item: Sequence[str]
    seq: Sequence[int]
    known: Sequence[int]
    first: Sequence[int]
    last: Sequence[int]
    covers: Sequence[int]
    estimate: Sequence[bool]
    compiled: Sequence[bool]
    time: Sequence[int]
    organisation: Sequence[int]
    source: Sequence[str]
    event_id: Sequence[str]
    fields: Sequence[Fields]


class Block:
    """Rows of one metric and field group, by unit and position. Never changed."""

    def __init__(self, stored: Stored) -> None:
        self.metric, self.group = stored.metric, stored.group
        self.codes, unit = _coded(stored.unit)
        self.items, item = _coded(stored.item)
        self.sources, source = _coded(stored.source)
        seq = np.array(stored.seq, np.int64)
        order = np.lexsort((seq, unit))
        self.unit, self.item, self.source, self.seq = (
            values[order] for values in (unit, item, source, seq)
        )
        self.known, self.time = _sorted(stored.known, order), _sorted(stored.time, order)
        self.first, self.last = _sorted(stored.first, order), _sorted(stored.last, order)
        self.covers = _sorted(stored.covers, order)
        self.organisation = _sorted(stored.organisation, order)
        self.estimate = np.array(stored.estimate, np.bool_)[order]
        self.compiled = np.array(stored.compiled, np.bool_)[order]
        at = order.tolist()
        self.event_id = [stored.event_id[i] for i in at]
        self.fields = [stored.fields[i] for i in at]
        bounds = np.searchsorted(self.unit, np.arange(len(self.codes) + 1)).tolist()
        self._spans = dict(zip(self.codes, pairwise(bounds), strict=True))
        self._made: dict[int, Report] = {}

    def __len__(self) -> int:
        return len(self.seq)

    @classmethod
    def of(cls, reports: Sequence[Report]) -> Block:
        """Of reports of one metric and group; there is one at least."""
        return cls(Stored(
            reports[0].metric, reports[0].group, [r.unit for r in reports],
            [r.item for r in reports], [r.seq for r in reports], [r.known for r in reports],
            [r.first.toordinal() for r in reports], [r.last.toordinal() for r in reports],
            [r.covers.toordinal() for r in reports], [r.estimate for r in reports],
            [r.compiled for r in reports], [to_microseconds(r.time) for r in reports],
            [r.organisation for r in reports], [r.source for r in reports],
            [r.event_id for r in reports], [r.fields for r in reports],
        ))  # fmt: skip

    def of_unit(self, code: str) -> list[Report]:
        """A unit's reports, by position."""
        return [self.report(row) for row in range(*self._spans.get(code, (0, 0)))]

    def units_of(self, seqs: Collection[int]) -> Iterator[tuple[int, str]]:
        """Those of these positions that are here, each with its unit."""
        for row in np.flatnonzero(np.isin(self.seq, list(seqs))).tolist():
            yield int(self.seq[row]), self.codes[self.unit[row]]

    def report(self, row: int) -> Report:
        """The same object whoever asks."""
        held = self._made.get(row)
        if held is None:
            # Two threads that ask at once get the one that was there first.
            held = self._made.setdefault(row, self._report(row))
        return held

    def _report(self, row: int) -> Report:
        return Report(
            seq=int(self.seq[row]), known=int(self.known[row]), unit=self.codes[self.unit[row]],
            metric=self.metric, item=self.items[self.item[row]], group=self.group,
            first=dt.date.fromordinal(int(self.first[row])),
            last=dt.date.fromordinal(int(self.last[row])),
            covers=dt.date.fromordinal(int(self.covers[row])), estimate=bool(self.estimate[row]),
            compiled=bool(self.compiled[row]), time=from_microseconds(int(self.time[row])),
            organisation=int(self.organisation[row]), source=self.sources[self.source[row]],
            event_id=self.event_id[row], fields=fields_of(self.fields[row]),
        )  # fmt: skip


class Table:
    """All reports of one metric and field group; only ever added to."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._added: defaultdict[str, list[Report]] = defaultdict(list)
        self._count = 0

    def add(self, report: Report) -> None:
        """One more."""
        self._added[report.unit].append(report)
        self._count += 1

    def __len__(self) -> int:
        return self._count + sum(len(block) for block in self.blocks)

    def of_unit(self, code: str) -> list[Report]:
        """A unit's, block by block."""
        found = [report for block in self.blocks for report in block.of_unit(code)]
        return found + self._added.get(code, [])

    def every(self) -> Iterator[Report]:
        """All of them."""
        for block in list(self.blocks):
            yield from map(block.report, range(len(block)))
        for held in list(self._added.values()):
            yield from held

    def known_by(self, known: int) -> int:
        """The newest position among those known by an instant; 0 without any."""
        seqs = [int(block.seq[block.known <= known].max(initial=0)) for block in self.blocks]
        added = (r.seq for held in list(self._added.values()) for r in held if r.known <= known)
        return max((*seqs, *added), default=0)

    def as_blocks(self) -> list[Block]:
        """All of them, what was added as one more block."""
        added = [report for held in list(self._added.values()) for report in held]
        return [*self.blocks, Block.of(added)] if added else list(self.blocks)


class Rows:
    """The rows of blocks side by side, in the order of unit, item, period and rank."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.codes = sorted({code for block in blocks for code in block.codes})
        items = sorted({item for block in blocks for item in block.items})
        self.unit = _joined([_recoded(b.codes, self.codes)[b.unit] for b in blocks])
        self.item = _joined([_recoded(b.items, items)[b.item] for b in blocks])
        self.seq = _joined([block.seq for block in blocks])
        self.known = _joined([block.known for block in blocks])
        self.first = _joined([block.first for block in blocks])
        self.last = _joined([block.last for block in blocks])
        self.covers = _joined([block.covers for block in blocks])
        self.estimate = _joined([block.estimate for block in blocks]).astype(np.bool_)
        self.compiled = _joined([block.compiled for block in blocks]).astype(np.bool_)
        time = _joined([block.time for block in blocks])
        keys = (self.unit, self.item, self.first, self.last, self.covers, ~self.estimate, time)
        order = np.lexsort(keys[::-1])
        self._order_ties(blocks, order, keys)
        for name in ("unit", "item", "seq", "known", "first", "last", "covers", "estimate",
                     "compiled"):  # fmt: skip
            setattr(self, name, getattr(self, name)[order])
        fields = [one for block in blocks for one in block.fields]
        self.fields = [fields[row] for row in order.tolist()]

    def __len__(self) -> int:
        return len(self.seq)

    def _order_ties(self, blocks: Sequence[Block], order: Ints, keys: Sequence[Any]) -> None:
        """Rows that were made at one instant go by source and id, bytewise; the earlier last."""
        same = np.ones(max(0, len(order) - 1), np.bool_)
        for key in keys:
            same &= key[order[1:]] == key[order[:-1]]
        if not same.any():
            return
        starts = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
        told = [
            (block.sources[source].encode(), name.encode())
            for block in blocks
            for source, name in zip(block.source.tolist(), block.event_id, strict=True)
        ]
        for first, end in zip(starts[::2].tolist(), starts[1::2].tolist(), strict=True):
            tied = order[first : end + 1].tolist()
            order[first : end + 1] = sorted(tied, key=lambda r: (told[r], -int(self.seq[r])))


def fields_of(fields: Fields) -> Mapping[str, Any]:
    """A group's fields, read."""
    found: Mapping[str, Any] = json.loads(fields) if isinstance(fields, str) else fields
    return found


def _coded(values: Sequence[str]) -> tuple[list[str], Ints]:
    """The distinct values in their order, and of each value its number."""
    distinct = sorted(set(values))
    number = {value: at for at, value in enumerate(distinct)}
    return distinct, np.fromiter((number[v] for v in values), np.int64, len(values))


def _recoded(values: Sequence[str], among: Sequence[str]) -> Ints:
    number = {value: at for at, value in enumerate(among)}
    return np.fromiter((number[value] for value in values), np.int64, len(values))


def _sorted(values: Sequence[int], order: Ints) -> Ints:
    found: Ints = np.array(values, np.int64)[order]
    return found


def _joined(parts: Iterable[npt.NDArray[Any]]) -> Any:
    """Also of none."""
    return np.concatenate([np.zeros(0, np.int64), *parts])
