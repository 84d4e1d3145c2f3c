"""Tables: rows and columns that do not add up, columns that differ, and rows that repeat. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from chitieu.catalogue.model import Column, Row, Table, Text
from chitieu.catalogue.semantic.contradiction import Contradiction, View, row_clause
from chitieu.catalogue.semantic.numbers import readings
from chitieu.text import decimal_text, english, plural, vietnamese

AS_PRINTED = Text(
    vi="Giữ nguyên từng số như in; không sửa tổng và không sửa phần.",
    en="Every number as printed; neither the whole nor a part is changed.",
)


def rows_that_do_not_add_up(view: View) -> Iterator[Contradiction]:
    """Rows whose parts, by the metric that they carry, are not their whole in any reading."""
    for row in view.plan.rows:
        for whole, parts in _splits(view, row):
            read = _read(row, whole, parts)
            summed = sum((read[part] for part in parts), Decimal(0))
            if summed != read[whole]:
                yield _does_not_add_up(view, row, whole, read[whole], summed, parts)


def columns_that_do_not_add_up(view: View) -> Iterator[Contradiction]:
    """Columns of counts whose rows are not their total row."""
    for table in view.plan.tables:
        total_row = view.row(table.total)
        if total_row is None:
            continue
        for column in table.columns:
            printed = readings(total_row.cells.get(column.key, ""))
            if column.holds not in ("count", "population") or not printed:
                continue
            cells = {row.key: reading_of(view, row, column.key) for row in view.rows_of(table)}
            parts = {key: value for key, value in cells.items() if value is not None}
            summed = sum(parts.values(), Decimal(0))
            if parts and summed != printed[0]:
                yield _column_differs(view, table, column, total_row, printed[0], summed, parts)


def columns_of_one_name(view: View) -> Iterator[Contradiction]:
    """Populations of one name that two tables of a plan count differently for the same place."""
    for one, two in combinations(view.plan.tables, 2):
        for column in one.columns:
            named = next((c for c in two.columns if c.key == column.key), None)
            if column.holds != "population" or named is None or named.holds != "population":
                continue
            first, second = _by_subject(view, one, column), _by_subject(view, two, named)
            differing = [who for who in first if who in second and first[who][1] != second[who][1]]
            if differing:
                yield _columns_differ(view, (one, two), (column, named), (first, second), differing)


def budgets(view: View) -> Iterator[Contradiction]:
    """A total of money that is not the sum of the tasks which the table's rows repeat."""
    for table in view.plan.tables:
        total_row = view.row(table.total)
        if total_row is None or total_row.budget_million_vnd is None:
            continue
        originals: dict[str, Row] = {}
        for row in view.rows_of(table):
            for name in view.joined(view.of_rows([row.key])):
                original = view.by_id[name].row
                if not original.key.startswith(f"{table.key}/"):
                    originals.setdefault(original.key, original)
        told = [row for row in originals.values() if row.budget_million_vnd is not None]
        summed = sum((row.budget_million_vnd or Decimal(0) for row in told), Decimal(0))
        if told and summed != total_row.budget_million_vnd:
            yield _two_totals(view, total_row, total_row.budget_million_vnd, summed, told)


def _splits(view: View, row: Row) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Whole and parts of the metric's groups that stand in the row's cells as numbers."""
    indicator = view.measured(row)
    metric = view.catalogue.metrics.get(indicator.metric or "") if indicator else None
    for group in metric.groups if metric else ():
        names = (group.whole, *group.parts)
        if group.whole and group.parts and all(readings(row.cells.get(str(n), "")) for n in names):
            yield group.whole, group.parts


def _read(row: Row, whole: str, parts: Sequence[str]) -> Mapping[str, Decimal]:
    """The cells of a split, each at its likeliest reading, or one of them at the reading that makes
    the parts the whole.
    """
    options = {name: readings(row.cells[name]) for name in (whole, *parts)}
    likeliest = {name: values[0] for name, values in options.items()}
    for name, values in options.items():
        for value in values:
            tried = likeliest | {name: value}
            if tried[whole] == sum((tried[part] for part in parts), Decimal(0)):
                return tried
    return likeliest


def reading_of(view: View, row: Row, key: str) -> Decimal | None:
    """A cell's number: the reading by which its row adds up, else the likeliest."""
    for whole, parts in _splits(view, row):
        if key in (whole, *parts):
            return _read(row, whole, parts)[key]
    read = readings(row.cells.get(key, ""))
    return read[0] if read else None


def _by_subject(view: View, table: Table, column: Column) -> dict[str, tuple[Row, Decimal]]:
    """Place → its number in a column; the total row under the empty name."""
    found: dict[str, tuple[Row, Decimal]] = {}
    total = view.row(table.total)
    for row in (*view.rows_of(table), *([total] if total else [])):
        units = {code for t in (row.target,) if t for code in t.scope.units}
        name = "" if row is total else next(iter(units)) if len(units) == 1 else None
        value = reading_of(view, row, column.key)
        if name is not None and value is not None:
            found[name] = row, value
    return found


def _counts(view: View, row: Row | None, names: set[str]) -> bool:
    """Whether a row's own indicator counts what stands in columns of these names."""
    indicator = view.measured(row) if row else None
    return bool(indicator and names & {indicator.numerator, indicator.denominator})


def _does_not_add_up(
    view: View, row: Row, whole: str, total: Decimal, summed: Decimal, parts: Sequence[str]
) -> Contradiction:
    printed = " + ".join(row.cells[part] for part in parts) + f" ≠ {row.cells[whole]}"
    return Contradiction(
        "parts_do_not_add_up", view.plan.name, f"{row.key}/{whole}",
        (row_clause(row, printed),), view.joined(view.of_rows([row.key])),
        (("whole", total), ("sum", summed)),
        Text(
            vi=f"Các phần cộng lại là {vietnamese(summed)}, tổng in là {vietnamese(total)} "
            f"({row.clause}).",
            en=f"The parts add up to {english(summed)}, the whole printed is {english(total)} "
            f"({row.clause}).",
        ),
        AS_PRINTED,
    )  # fmt: skip


def _column_differs(
    view: View, table: Table, column: Column, total: Row, printed: Decimal,
    summed: Decimal, parts: Mapping[str, Decimal],
) -> Contradiction:  # fmt: skip
    return Contradiction(
        "parts_do_not_add_up", view.plan.name, f"{table.key}/{column.key}",
        (row_clause(total, total.cells[column.key]),),
        view.joined(view.of_rows([total.key])),
        (("whole", printed), ("sum", summed)),
        Text(
            vi=f"Cột “{column.title.vi}”: {len(parts)} dòng cộng lại là {vietnamese(summed)}, "
            f"{total.clause} in {vietnamese(printed)}.",
            en=f"Column “{column.title.en}”: {plural(len(parts), 'row')} "
            f"{'adds' if len(parts) == 1 else 'add'} up to {english(summed)}, "
            f"the total row prints {english(printed)} ({total.clause}).",
        ),
        AS_PRINTED,
    )  # fmt: skip


def _columns_differ(
    view: View, tables: tuple[Table, Table], columns: tuple[Column, Column],
    found: tuple[Mapping[str, tuple[Row, Decimal]], Mapping[str, tuple[Row, Decimal]]],
    differing: Sequence[str],
) -> Contradiction:  # fmt: skip
    shown = "" if "" in differing else differing[0]
    (row_a, a), (row_b, b) = found[0][shown], found[1][shown]
    rows = [row.key for side in found for who, (row, _) in side.items() if who in differing]
    one, two = columns
    counted = [key for key in rows if _counts(view, view.row(key), {one.key, two.key})]
    return Contradiction(
        "other_denominator", view.plan.name, f"{tables[1].key}/{two.key}",
        (row_clause(row_a, row_a.cells[one.key]), row_clause(row_b, row_b.cells[two.key])),
        view.joined(view.of_rows(counted)),
        (("first", a), ("second", b), ("places", Decimal(len(differing)))),
        Text(
            vi=f"Cột “{one.title.vi}” ({tables[0].title.vi}) in {vietnamese(a)}, cột "
            f"“{two.title.vi}” ({tables[1].title.vi}) in {vietnamese(b)}; khác nhau ở "
            f"{len(differing)} dòng: hai cột một tên đếm những người khác nhau.",
            en=f"Column “{one.title.en}” ({tables[0].title.en}) prints {english(a)}, column "
            f"“{two.title.en}” ({tables[1].title.en}) prints {english(b)}; they differ in "
            f"{plural(len(differing), 'row')}: columns of one name count different people.",
        ),
        Text(
            vi="Mỗi bảng dùng số người của chính bảng đó; không ghép hai cột.",
            en="Each table uses its own people; the two columns are never put together.",
        ),
    )  # fmt: skip


def _two_totals(
    view: View, total: Row, printed: Decimal, summed: Decimal, told: Sequence[Row]
) -> Contradiction:
    clauses = [row_clause(total, decimal_text(printed))]
    clauses += [row_clause(row, decimal_text(row.budget_million_vnd or 0)) for row in told]
    return Contradiction(
        "two_values", view.plan.name, f"{total.key}/budget", tuple(clauses), (),
        (("table", printed), ("body", summed), ("tasks", Decimal(len(told)))),
        Text(
            vi=f"{total.clause} in {vietnamese(printed)} triệu đồng; kinh phí của {len(told)} "
            f"nhiệm vụ mà bảng nhắc lại cộng được {vietnamese(summed)} triệu đồng.",
            en=f"The table's total is {english(printed)} million đồng; the {len(told)} tasks that "
            f"its rows repeat add up to {english(summed)} million ({total.clause}).",
        ),
        Text(
            vi="Kinh phí chỉ được ghi lại như in, không dùng để đánh giá chỉ tiêu nào.",
            en="Money is recorded as printed and decides no target.",
        ),
    )  # fmt: skip
