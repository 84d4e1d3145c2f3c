"""What a contradiction is, and a plan seen so that rules can reckon with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from chitieu.catalogue.catalogue import Catalogue, TargetEntry
from chitieu.catalogue.model import Indicator, Plan, Row, Table, Target, Text
from chitieu.catalogue.plan_rules import table_of
from chitieu.text import decimal_text

KINDS: Final[Mapping[str, Text]] = {
    "parts_do_not_add_up": Text(
        vi="Các phần cộng lại không bằng tổng", en="Parts do not add up to the whole"
    ),
    "two_values": Text(vi="Một việc, hai trị số", en="Two values for one thing"),
    "weaker_than_parts": Text(
        vi="Chỉ tiêu dễ hơn tổng các phần của nó", en="A target easier than its parts together"
    ),
    "stronger_than_parts": Text(
        vi="Chỉ tiêu khó hơn tổng các phần của nó", en="A target harder than its parts together"
    ),
    "lower_tier_laxer": Text(
        vi="Cấp dưới nới lỏng hơn cấp trên", en="A lower tier laxer than a higher one"
    ),
    "printed_disagrees": Text(
        vi="Tỷ lệ in không khớp tử số và mẫu số", en="A printed figure its fraction does not give"
    ),
    "other_denominator": Text(vi="Tính trên mẫu số khác", en="Another denominator"),
    "report_day_before_period": Text(
        vi="Hạn báo cáo trước ngày cuối kỳ", en="A report due before its period ends"
    ),
    "report_day_after_whole": Text(
        vi="Hạn báo cáo sau báo cáo phải gồm nó", en="A report due after the one that contains it"
    ),
    "larger_than_whole": Text(
        vi="Lớn hơn dân số, tài khoản hoặc tổng số", en="Larger than its population or accounts"
    ),
    "rows_repeat": Text(
        vi="Dòng lặp hoặc đổi chỗ nội dung", en="Rows repeat or exchange their contents"
    ),
    "ambiguous_separator": Text(
        vi="Dấu phân cách đọc được hai cách", en="A separator that reads two ways"
    ),
    "two_states": Text(
        vi="Vừa hoàn thành vừa đang thực hiện", en="Done in one place, in progress in another"
    ),
}
"""The kinds, by code; a recorded `Finding` of the same kind has the same code."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A place that takes part: its address, lines of the document's text, what is printed there.

    `document` is another plan's name when the clause is not of the contradiction's own plan.
    """

    address: str
    lines: tuple[int, int]
    printed: str
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two or more clauses that cannot all be so.

    `anchor` is where it stands (a row's or table's key, a fact's name); `targets` are the ids
    whose results it touches; `numbers` what was compared, by name; `reading` what is used until
    the issuer answers.
    """

    code: str
    plan: str
    anchor: str
    clauses: tuple[Clause, ...]
    targets: tuple[str, ...]
    numbers: tuple[tuple[str, Decimal], ...]
    text: Text
    reading: Text

    @property
    def id(self) -> str:
        """`two_values:III/total`: its name in its plan's `acknowledged`."""
        return f"{self.code}:{self.anchor}"

    @property
    def lines(self) -> tuple[int, ...]:
        """First and last lines of its clauses in its own document, each once."""
        own = [clause.lines for clause in self.clauses if clause.document is None]
        return tuple(sorted({line for lines in own for line in lines}))

    def to_wire(self) -> dict[str, Any]:
        """As `--json` prints it. Exact quantities are decimal strings."""
        return {
            "id": self.id,
            "code": self.code,
            "plan": self.plan,
            "clauses": [
                {
                    "document": clause.document or self.plan,
                    "address": clause.address,
                    "lines": list(clause.lines),
                    "printed": clause.printed,
                }
                for clause in self.clauses
            ],
            "targets": list(self.targets),
            "numbers": {name: decimal_text(value) for name, value in self.numbers},
            "text": self.text.model_dump(),
            "reading": self.reading.model_dump(),
        }


@dataclass(frozen=True)
class View:
    """A plan inside its catalogue, with what several rules look up."""

    catalogue: Catalogue
    plan: Plan
    entries: tuple[TargetEntry, ...] = field(default=())

    @cached_property
    def by_id(self) -> Mapping[str, TargetEntry]:
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def _leader(self) -> Mapping[str, str]:
        leader = {name: name for name in self.by_id}

        def root(name: str) -> str:
            while leader[name] != name:
                name = leader[name]
            return name

        for entry in self.entries:
            if entry.target.same_as in leader:
                leader[root(entry.id)] = root(str(entry.target.same_as))
        return {name: root(name) for name in leader}

    @cached_property
    def duties(self) -> tuple[tuple[TargetEntry, ...], ...]:
        """The plan's targets, statements of one duty together, in the document's order."""
        groups: dict[str, list[TargetEntry]] = {}
        for entry in self.entries:
            groups.setdefault(self._leader[entry.id], []).append(entry)
        return tuple(tuple(group) for group in groups.values())

    @cached_property
    def _order(self) -> Mapping[str, int]:
        return {name: index for index, name in enumerate(self.by_id)}

    @cached_property
    def _statements(self) -> Mapping[str, tuple[str, ...]]:
        return {e.id: tuple(one.id for one in duty) for duty in self.duties for e in duty}

    @cached_property
    def _of_row(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for entry in self.entries:
            found[entry.row.key] = (*found.get(entry.row.key, ()), entry.id)
        return found

    @cached_property
    def _rows(self) -> Mapping[str, Row]:
        return {row.key: row for row in self.plan.rows}

    def joined(self, ids: Iterable[str]) -> tuple[str, ...]:
        """These ids and all other statements of their duties, in the document's order."""
        found = {one for name in ids for one in self._statements.get(name, ())}
        return tuple(sorted(found, key=self._order.__getitem__))

    def of_rows(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Ids of the targets that stand in rows of these keys, in the document's order."""
        found = {one for key in keys for one in self._of_row.get(key, ())}
        return tuple(sorted(found, key=self._order.__getitem__))

    def rows_of(self, table: Table) -> tuple[Row, ...]:
        """The rows that stand in a table, its total row not among them."""
        return tuple(
            row
            for row in self.plan.rows
            if row.key.startswith(f"{table.key}/") and row.key != table.total
        )

    def row(self, key: str | None) -> Row | None:
        """The row of a key."""
        return self._rows.get(key or "")

    def indicator(self, entry: TargetEntry) -> Indicator | None:
        """The indicator of a target; None where it sets nothing to measure."""
        return self.catalogue.indicators.get(entry.indicator)

    def cells(self, row: Row) -> tuple[str, ...]:
        """A row's cells from left to right: the log keeps them sorted by name."""
        table = table_of(self.plan, row)
        columns = [column.key for column in table.columns] if table else sorted(row.cells)
        return tuple(row.cells[key] for key in columns if key in row.cells)

    def measured(self, row: Row) -> Indicator | None:
        """The indicator whose figures answer a row: of a share of units meeting it, the inner."""
        indicator = self.catalogue.indicators.get(row.indicator or "")
        if indicator is not None and indicator.inner is not None:
            return self.catalogue.indicators.get(indicator.inner)
        return indicator

    def clause(self, entry: TargetEntry, printed: str | None = None) -> Clause:
        """A target's clause, as an own or another plan's."""
        document = None if entry.plan.name == self.plan.name else entry.plan.name
        lines = entry.target.lines or entry.row.lines
        words = entry.target.printed if printed is None else printed
        return Clause(entry.row.clause, lines, words, document)


def row_clause(row: Row, printed: str) -> Clause:
    """A row's clause."""
    return Clause(row.clause, row.lines, printed)


def both(values: Iterable[object]) -> str:
    """`a; b; c`."""
    return "; ".join(str(value) for value in values)


def same_scope(first: Target, second: Target) -> bool:
    """Whether two targets of one indicator are about the same units, told by their words alone."""
    a, b = first.scope, second.scope
    return (a.units, a.where, a.place) == (b.units, b.where, b.place)
