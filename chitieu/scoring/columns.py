"""Reports of one metric and field group as columns: sums over many units in one go. Pure.

A thousand units with two years of months are 24,000 reports; looked at one by one they take longer
than an answer may. Columns decide the plain cases exactly as `chitieu.scoring.selection` does, and
name the units that are not plain (`odd`): overlapping reports, an event that fell and stood again,
figures that are no whole numbers. Those are left to `selection`, unit by unit. Whole numbers stay
in 64 bits; a test holds both readings against each other.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chitieu.periods import Period
from chitieu.scoring.blocks import Block, Flags, Ints, Rows
from chitieu.units import Unit

NEVER = 2**63 - 1
LARGEST = 2**53
MONTHS_MAX = 60


class Falls(Protocol):
    """What the columns ask of a `_Fell`."""

    @property
    def at_seq(self) -> int: ...
    @property
    def at_known(self) -> int: ...
    @property
    def stands(self) -> bool: ...


@dataclass(frozen=True)
class PerUnit:
    """What counts of each unit, by its place in `Columns.codes`. `odd` ones are not decided."""

    count: Ints
    sums: Mapping[str, Ints]
    months: Ints  # bit i: month i of the window is wholly covered
    estimate: Flags
    compiled: Flags
    odd: Flags
    winners: Ints


class Columns:
    """All rows of a group, sorted by unit, item, period and rank. Never changed."""

    def __init__(
        self, blocks: Sequence[Block], falls: Mapping[int, Sequence[Falls]], touched: int
    ) -> None:
        self.touched = touched
        # The last of a key counts; of equals the earlier position does.
        rows = Rows(blocks)
        self.codes = {code: at for at, code in enumerate(rows.codes)}
        self.unit, self.seq, self.known = rows.unit, rows.seq, rows.known
        self.estimate, self.compiled, self.covers = rows.estimate, rows.compiled, rows.covers
        self.series = _numbered(rows.unit, rows.item)
        self.key = _numbered(self.series, rows.first, rows.last)
        self.first, self.last = rows.first, np.minimum(rows.covers, rows.last)
        self.month, self.month_count, self.torn = _whole_months(self.first, self.last)
        self._fields = rows.fields
        self._fall(falls)
        self._numbers: dict[str, tuple[Ints, Flags]] = {}
        self._marks: dict[Any, Flags] = {}
        self._masks: dict[int, tuple[Any, Flags]] = {}
        self._places: dict[int, tuple[Any, Ints]] = {}

    def __len__(self) -> int:
        return len(self.seq)

    def _fall(self, falls: Mapping[int, Sequence[Falls]]) -> None:
        """When each row fell; one that stood again makes its unit odd."""
        self.fell = np.full(len(self), NEVER, np.int64)
        self.fell_known = np.zeros(len(self), np.int64)
        self.odd = np.zeros(len(self.codes), np.bool_)
        restored = np.zeros(len(self.codes), np.bool_)
        if falls:
            for row in np.flatnonzero(np.isin(self.seq, list(falls))).tolist():
                said = falls[int(self.seq[row])]
                if len(said) > 1 or said[0].stands:
                    restored[self.unit[row]] = True
                self.fell[row], self.fell_known[row] = said[0].at_seq, said[0].at_known
        self.odd |= restored
        self.restored = {code for code, at in self.codes.items() if restored[at]}

    def field(self, name: str) -> tuple[Ints, Flags]:
        """Its values, and where it is given. A value that is no small whole number makes odd."""
        if name not in self._numbers:
            values = [fields.get(name) for fields in self._read()]
            given = np.array([value is not None for value in values], np.bool_)
            small = [type(value) is int and abs(value) <= LARGEST for value in values]
            numbers = [v if is_small else 0 for v, is_small in zip(values, small, strict=True)]
            self.odd[self.unit[given & ~np.array(small, np.bool_)]] = True
            self._numbers[name] = (np.array(numbers, np.int64), given)
        return self._numbers[name]

    def achieved(self, states: Sequence[str], flags: Sequence[str]) -> Flags:
        """Rows whose state is one of these and whose flags all hold."""
        key = (tuple(states), tuple(flags))
        if key not in self._marks:
            found = [is_achieved(fields, states, flags) for fields in self._read()]
            self._marks[key] = np.array(found, np.bool_)
        return self._marks[key]

    def _read(self) -> list[Mapping[str, Any]]:
        """The fields of every row; they are kept as they came, and read when a column is made."""
        texts = list({text for text in self._fields if isinstance(text, str)})
        found = dict(zip(texts, json.loads(f"[{','.join(texts)}]"), strict=True))
        return [found[each] if isinstance(each, str) else each for each in self._fields]

    def mask(self, codes: Collection[str]) -> Flags:
        """Which units are among these; kept for the same collection."""
        held = self._masks.get(id(codes))  # hashing a thousand codes takes longer than the rest
        if held is None or held[0] is not codes:
            found = np.zeros(len(self.codes), np.bool_)
            for code in codes:
                at = self.codes.get(code)
                if at is not None:
                    found[at] = True
            if len(self._masks) > 64:
                self._masks.clear()
            held = self._masks[id(codes)] = (codes, found)
        return held[1]

    def places(self, units: Sequence[Unit]) -> Ints:
        """Where each unit stands in `codes`, one beyond the last for those without a report."""
        held = self._places.get(id(units))
        if held is None or held[0] is not units:
            found = [self.codes.get(unit.code, len(self.codes)) for unit in units]
            if len(self._places) > 64:
                self._places.clear()
            held = self._places[id(units)] = (units, np.array(found, np.int64))
        return held[1]

    def active(self, until: int, late: Collection[str]) -> Active:
        """The rows that stand at a position; units in `late` have more than is held here."""
        return Active(self, until, late)


class Active:
    """The rows of columns that stand at a position."""

    def __init__(self, columns: Columns, until: int, late: Collection[str]) -> None:
        self.columns = columns
        self.until = until
        self.rows = np.flatnonzero((columns.seq <= until) & (columns.fell > until))
        # Of these units the columns do not tell all, or not rightly: look at them one by one.
        self.doubtful = {*late, *columns.restored}
        # Units without a single row in the columns cannot be marked there.
        self.beyond = {code for code in late if code not in columns.codes}
        self._doubtful = columns.mask(frozenset(self.doubtful))

    def _odd(self) -> Flags:
        return self.columns.odd | self._doubtful

    def _winners(self, rows: Ints) -> Ints:
        """The last of each key."""
        keys = self.columns.key[rows]
        return rows[np.append(keys[1:] != keys[:-1], True)] if len(rows) else rows

    def pooled(self, window: Period, on: int, fields: Collection[str]) -> PerUnit:
        """As `selection.pooled`: what counts in a window on a day (ordinal), no day twice."""
        columns = self.columns
        rows = self.rows[columns.covers[self.rows] <= on]
        for name in fields:
            rows = rows[columns.field(name)[1][rows]]
        winners = self._winners(rows)
        first, last = columns.first[winners], columns.last[winners]
        inside = (first >= window.first.toordinal()) & (last <= window.last.toordinal())
        winners, first, last = winners[inside], first[inside], last[inside]
        odd = self._odd()
        series = columns.series[winners]
        clash = (series[1:] == series[:-1]) & (first[1:] <= last[:-1])
        odd[columns.unit[winners[1:][clash]]] = True
        months = self._months(winners, window, odd)
        return self._per_unit(winners, fields, months, odd)

    def latest(self, on: int, fields: Collection[str]) -> PerUnit:
        """As `selection.latest`: of each item the state or snapshot of the latest day."""
        columns = self.columns
        rows = self.rows[columns.covers[self.rows] <= on]
        for name in fields:
            rows = rows[columns.field(name)[1][rows]]
        series = columns.series[rows]
        winners = rows[np.append(series[1:] != series[:-1], True)] if len(rows) else rows
        return self._per_unit(winners, fields, np.zeros(len(winners), np.int64), self._odd())

    def longer(self, window: Period, on: int) -> Flags:
        """Units with a report that holds the whole window and more."""
        columns = self.columns
        rows = self.rows[columns.covers[self.rows] <= on]
        first, last = columns.first[rows], columns.last[rows]
        begin, end = window.first.toordinal(), window.last.toordinal()
        holds = (first <= begin) & (last >= end) & ((first < begin) | (last > end))
        found = np.zeros(len(columns.codes), np.bool_)
        found[columns.unit[rows[holds]]] = True
        return found

    def _months(self, winners: Ints, window: Period, odd: Flags) -> Ints:
        """The months of the window that each row covers by itself, as bits.

        Two rows that cover parts of months may cover one together: such a unit is odd.
        """
        columns = self.columns
        begin = 12 * window.first.year + window.first.month - 1
        shift, count = columns.month[winners] - begin, columns.month_count[winners]
        far = (count > 0) & ((shift < 0) | (shift + count > MONTHS_MAX))
        torn = columns.unit[winners[columns.torn[winners]]]
        odd |= np.bincount(torn, minlength=len(odd)) > 1
        odd[columns.unit[winners[far]]] = True
        none = far | (count == 0)
        shift, count = np.where(none, 0, shift), np.where(none, 0, count)
        return ((np.int64(1) << count) - 1) << shift

    def _per_unit(
        self, winners: Ints, fields: Collection[str], months: Ints, odd: Flags
    ) -> PerUnit:
        columns, size = self.columns, len(self.columns.codes)
        unit = columns.unit[winners]
        starts = np.flatnonzero(np.append(True, unit[1:] != unit[:-1])) if len(unit) else unit
        owners = unit[starts]

        def spread(values: npt.NDArray[Any], how: np.ufunc) -> npt.NDArray[Any]:
            found = np.zeros(size, values.dtype)
            if len(starts):
                found[owners] = how.reduceat(values, starts)
            return found

        sums = {name: spread(columns.field(name)[0][winners], np.add) for name in fields}
        return PerUnit(
            count=np.bincount(unit, minlength=size).astype(np.int64),
            sums=sums,
            months=spread(months, np.bitwise_or),
            estimate=spread(columns.estimate[winners], np.logical_or),
            compiled=spread(columns.compiled[winners], np.logical_or),
            odd=odd | columns.odd,
            winners=winners,
        )

    def every(self, per: PerUnit, mark: Flags) -> Flags:
        """Units of which every counted row is marked; those without a row are not."""
        columns, size = self.columns, len(self.columns.codes)
        counted = np.bincount(columns.unit[per.winners[mark[per.winners]]], minlength=size)
        every: Flags = (per.count > 0) & (counted == per.count)
        return every

    def covered_days(self, codes: Collection[str], until: int) -> list[int]:
        """Last days covered by the reports of these units, up to a day, as ordinals."""
        wanted = self.columns.mask(codes) & ~self._doubtful
        rows = self.rows[wanted[self.columns.unit[self.rows]]]
        days = np.unique(self.columns.covers[rows])
        found: list[int] = days[days <= until].tolist()
        return found

    def newest_known(self, codes: Collection[str], on: int) -> int:
        """The newest known time of what these units reported by a day, or of its fall."""
        columns = self.columns
        known = (columns.seq <= self.until) & (columns.covers <= on)
        wanted = columns.mask(codes) & ~self._doubtful
        rows = np.flatnonzero(known & wanted[columns.unit])
        if not len(rows):
            return 0
        fallen = np.where(columns.fell[rows] <= self.until, columns.fell_known[rows], 0)
        return int(max(columns.known[rows].max(), fallen.max()))


def is_achieved(fields: Mapping[str, Any], states: Sequence[str], flags: Sequence[str]) -> bool:
    """Whether a state is one of these and all flags hold."""
    return (not states or fields.get("state") in states) and all(
        fields.get(flag) is True for flag in flags
    )


def _numbered(*columns: Ints) -> Ints:
    """The number of each run of rows that are alike in these."""
    new = np.zeros(len(columns[0]), np.bool_)
    for values in columns:
        new[1:] |= values[1:] != values[:-1]
    return np.cumsum(new, dtype=np.int64)


def _whole_months(first: Ints, last: Ints) -> tuple[Ints, Ints, Flags]:
    """`_months` of each row; there are few different extents."""
    width = 2**32
    extents, number = np.unique(first * width + last, return_inverse=True)
    days = [divmod(extent, width) for extent in extents.tolist()]
    found = [_months(Period(_day(begin), _day(end))) for begin, end in days]
    told = np.array(found, np.int64).reshape(len(found), 3)[number]
    return told[:, 0], told[:, 1], told[:, 2].astype(np.bool_)


def _day(ordinal: int) -> dt.date:
    return dt.date.fromordinal(ordinal)


def _months(extent: Period) -> tuple[int, int, bool]:
    """Number of its first whole month since year 0, how many, and whether parts are left over."""
    after = extent.last + dt.timedelta(days=1)
    first = 12 * extent.first.year + extent.first.month - 1 + (extent.first.day > 1)
    count = max(0, 12 * after.year + after.month - 1 - first)
    return first, count, extent.first.day > 1 or after.day > 1
