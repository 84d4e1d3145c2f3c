"""Numbers whose separator reads two ways. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chitieu.catalogue.model import Row, Text
from chitieu.catalogue.semantic.contradiction import Clause, Contradiction, View, row_clause
from chitieu.catalogue.semantic.numbers import Printed, readings, separated
from chitieu.catalogue.semantic.tables import reading_of
from chitieu.text import english, vietnamese

_NAMES = {".": ("dấu chấm", "the point"), ",": ("dấu phẩy", "the comma")}
_ROLES = {"thousands": ("hàng nghìn", "thousands"), "fraction": ("phần lẻ", "fractions")}
_BY_COLUMN = Text(
    vi="Dấu trước đúng ba chữ số là hàng nghìn ở cột đếm; dấu ở cột tỷ lệ là phần lẻ.",
    en="Before exactly three digits it parts thousands in a count, in a rate it parts a fraction.",
)


@dataclass(frozen=True, slots=True)
class _Found:
    row: Row
    clause: Clause
    number: Printed


def mixed(view: View) -> Iterator[Contradiction]:
    """A plan that gives one separator two roles, or one role two separators."""
    uses: defaultdict[tuple[str, str], list[_Found]] = defaultdict(list)
    for row in view.plan.rows:
        for clause in _texts(view, row):
            for number in separated(clause.printed):
                uses[number.separator, number.role].append(_Found(row, clause, number))
    for separator in _NAMES:
        roles = [uses[separator, role] for role in _ROLES if uses[separator, role]]
        if len(roles) > 1:
            yield _two_ways(view, separator, roles)
    for role in _ROLES:
        signs = [uses[sign, role] for sign in _NAMES if uses[sign, role]]
        if len(signs) > 1:
            yield _two_signs(view, role, signs)


def misplaced(view: View) -> Iterator[Contradiction]:
    """Cells of counts with a separator where no thousands part."""
    for table in view.plan.tables:
        counts = [c for c in table.columns if c.holds in ("count", "population")]
        total = view.row(table.total)
        for row in (*view.rows_of(table), *([total] if total else [])):
            for column in counts:
                cell = row.cells.get(column.key, "")
                read = readings(cell)
                if len(read) > 1:
                    yield _two_readings(view, row, column.key, cell, read)


def _texts(view: View, row: Row) -> Iterator[Clause]:
    """What the row prints: its cells, the values of its targets and results."""
    for text in view.cells(row):
        yield Clause(row.clause, row.lines, text)
    for result in row.results:
        yield Clause(row.clause, result.lines, result.printed)
    targets = (row.target, *row.targets.values())
    for target in targets:
        if target is not None:
            yield Clause(row.clause, target.lines or row.lines, target.printed)


def _examples(groups: Sequence[Sequence[_Found]]) -> tuple[Clause, ...]:
    """The first number of each group, in a row that also has the others where there is one."""
    rows = [{found.row.key for found in group} for group in groups]
    common = set.intersection(*rows)
    chosen = []
    for group in groups:
        near = [found for found in group if found.row.key in common] or group
        chosen.append(near[0])
    return tuple(Clause(f.clause.address, f.clause.lines, f.number.text) for f in chosen)


def _touched(view: View, groups: Sequence[Sequence[_Found]]) -> tuple[str, ...]:
    """Targets of rows that print numbers of every group: there a reader can mistake them."""
    rows = [{found.row.key for found in group} for group in groups]
    return view.of_rows(set.intersection(*rows))


def _counted(groups: Sequence[Sequence[_Found]]) -> tuple[tuple[str, Decimal], ...]:
    return tuple(
        (f"{name}_{group[0].number.role}", Decimal(len(group)))
        for group in groups
        for name in ("point" if group[0].number.separator == "." else "comma",)
    )


def _two_ways(view: View, separator: str, groups: Sequence[Sequence[_Found]]) -> Contradiction:
    clauses = _examples(groups)
    vi, en = _NAMES[separator]
    name = "point" if separator == "." else "comma"
    return Contradiction(
        "ambiguous_separator", view.plan.name, name, clauses,
        _touched(view, groups), _counted(groups),
        Text(
            vi=f"Văn bản dùng {vi} cho hàng nghìn (“{clauses[0].printed}”) và cho phần lẻ "
            f"(“{clauses[1].printed}”).",
            en=f"The document uses {en} for thousands (“{clauses[0].printed}”) and for fractions "
            f"(“{clauses[1].printed}”).",
        ),
        _BY_COLUMN,
    )  # fmt: skip


def _two_signs(view: View, role: str, groups: Sequence[Sequence[_Found]]) -> Contradiction:
    clauses = _examples(groups)
    vi, en = _ROLES[role]
    return Contradiction(
        "ambiguous_separator", view.plan.name, role, clauses,
        _touched(view, groups), _counted(groups),
        Text(
            vi=f"Văn bản dùng hai dấu cho {vi}: “{clauses[0].printed}” và "
            f"“{clauses[1].printed}”.",
            en=f"The document has two separators for {en}: “{clauses[0].printed}” and "
            f"“{clauses[1].printed}”.",
        ),
        _BY_COLUMN,
    )  # fmt: skip


def _two_readings(
    view: View, row: Row, key: str, cell: str, read: Sequence[Decimal]
) -> Contradiction:
    used = reading_of(view, row, key)
    assert used is not None
    told_vi = " hoặc ".join(vietnamese(value) for value in read)
    told_en = " or ".join(english(value) for value in read)
    numbers: Mapping[str, Decimal] = {"first": read[0], "second": read[-1], "used": used}
    return Contradiction(
        "ambiguous_separator", view.plan.name, f"{row.key}/{key}", (row_clause(row, cell),),
        view.joined(view.of_rows([row.key])), tuple(numbers.items()),
        Text(
            vi=f"“{cell}” đọc được là {told_vi} ({row.clause}).",
            en=f"“{cell}” reads as {told_en} ({row.clause}).",
        ),
        Text(
            vi=f"Đọc là {vietnamese(used)}: cách đọc làm các phần của dòng cộng lại bằng tổng."
            if used != read[0]
            else f"Đọc là {vietnamese(used)}, như in.",
            en=f"Read as {english(used)}: so the parts of the row add up to their whole."
            if used != read[0]
            else f"Read as {english(used)}, as printed.",
        ),
    )  # fmt: skip
