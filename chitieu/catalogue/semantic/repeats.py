"""Table rows that repeat or exchange each other's contents. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, pairwise

from chitieu.catalogue.model import Row, Table, Text
from chitieu.catalogue.semantic.contradiction import Contradiction, View, both, row_clause

_EACH_ONCE = Text(
    vi="Mỗi dòng giữ như in; những dòng nói cùng một việc được tính một lần.",
    en="Each row stands as printed; rows that say one duty count once.",
)


def rows_repeat(view: View) -> Iterator[Contradiction]:
    """Two rows of one table with one content, or that state one duty twice."""
    for table in view.plan.tables:
        content = _column(table, "content")
        rows = view.rows_of(table)
        duty = {row.key: view.joined(view.of_rows([row.key])) for row in rows}
        for one, two in combinations(rows, 2):
            cells = (one.cells.get(content or ""), two.cells.get(content or ""))
            if all(cells):
                if _words(str(cells[0])) == _words(str(cells[1])):
                    yield _same_content(view, table, one, two, str(cells[0]))
            elif duty[one.key] and duty[one.key] == duty[two.key]:
                yield _same_duty(view, table, one, two)


def rows_exchange(view: View) -> Iterator[Contradiction]:
    """Two rows each of whose contents tells the other's name better than its own."""
    for table in view.plan.tables:
        name, content = _column(table, "name"), _column(table, "content")
        rows = [
            row for row in view.rows_of(table)
            if row.cells.get(name or "") and row.cells.get(content or "")
        ]  # fmt: skip
        pairs = {
            row.key: (_pairs(row.cells[str(name)]), _pairs(row.cells[str(content)])) for row in rows
        }
        for one, two in combinations(rows, 2):
            (name_a, content_a), (name_b, content_b) = pairs[one.key], pairs[two.key]
            if len(name_a & content_b) > len(name_a & content_a) and len(name_b & content_a) > len(
                name_b & content_b
            ):
                yield _exchanged(view, one, two, str(name), str(content))


def _column(table: Table, holds: str) -> str | None:
    return next((column.key for column in table.columns if column.holds == holds), None)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    """Neighbouring words: a Vietnamese word is mostly two syllables."""
    words = _words(text)
    return frozenset(pairwise(words))


def _differing(table: Table, one: Row, two: Row) -> list[tuple[Text, str, str]]:
    """Column title and both cells, where the rows differ."""
    return [
        (column.title, one.cells.get(column.key, "–"), two.cells.get(column.key, "–"))
        for column in table.columns
        if one.cells.get(column.key) != two.cells.get(column.key)
    ]


def _printed(view: View, row: Row) -> str:
    return both(view.cells(row)) or row.title.vi


def _same_content(view: View, table: Table, one: Row, two: Row, content: str) -> Contradiction:
    named = _column(table, "name") or ""
    names = one.cells.get(named, one.title.vi), two.cells.get(named, two.title.vi)
    equal = [
        column.title for column in table.columns
        if column.key != named and one.cells.get(column.key)
        and one.cells.get(column.key) == two.cells.get(column.key)
    ]  # fmt: skip
    return Contradiction(
        "rows_repeat", view.plan.name, f"{two.key}/content",
        (row_clause(one, content), row_clause(two, content)),
        view.of_rows([one.key, two.key]), (),
        Text(
            vi=f"{two.clause} (“{names[1]}”) lặp nội dung của {one.clause} (“{names[0]}”); cột "
            f"giống nhau: {', '.join(title.vi for title in equal)}.",
            en=f"“{two.title.en}” ({two.clause}) repeats the content of “{one.title.en}” "
            f"({one.clause}); alike: {', '.join(title.en for title in equal)}.",
        ),
        _EACH_ONCE,
    )  # fmt: skip


def _same_duty(view: View, table: Table, one: Row, two: Row) -> Contradiction:
    differing = _differing(table, one, two)
    vi = "; ".join(f"{title.vi}: “{a}” và “{b}”" for title, a, b in differing)
    en = "; ".join(f"{title.en}: “{a}” and “{b}”" for title, a, b in differing)
    return Contradiction(
        "rows_repeat", view.plan.name, two.key,
        (row_clause(one, _printed(view, one)), row_clause(two, _printed(view, two))),
        view.of_rows([one.key, two.key]), (),
        Text(
            vi=f"{two.clause} lặp lại {one.clause}" + (f"; khác nhau ở {vi}." if vi else "."),
            en=f"“{two.title.en}” ({two.clause}) repeats {one.clause}"
            + (f"; they differ in {en}." if en else "."),
        ),
        _EACH_ONCE,
    )  # fmt: skip


def _exchanged(view: View, one: Row, two: Row, name: str, content: str) -> Contradiction:
    return Contradiction(
        "rows_repeat", view.plan.name, f"{two.key}/exchange",
        tuple(row_clause(row, f"{row.cells[name]}: {row.cells[content]}") for row in (one, two)),
        view.of_rows([one.key, two.key]), (),
        Text(
            vi=f"{one.clause} mang tên “{one.cells[name]}” nhưng nội dung thuộc "
            f"“{two.cells[name]}” của {two.clause}, và ngược lại.",
            en=f"“{one.title.en}” ({one.clause}) and “{two.title.en}” ({two.clause}): each "
            "carries the content that belongs to the other's name.",
        ),
        Text(
            vi="Mỗi dòng được hiểu theo tên của nó; nội dung giữ như in.",
            en="Each row is read by its name; its content stays as printed.",
        ),
    )  # fmt: skip
