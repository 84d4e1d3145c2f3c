"""Targets against their parts, and against the population or accounts that they count. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal

from chitieu.catalogue.catalogue import TargetEntry
from chitieu.catalogue.model import Column, PublishedResult, Row, Text
from chitieu.catalogue.semantic.contradiction import (
    Clause,
    Contradiction,
    View,
    both,
    row_clause,
)
from chitieu.catalogue.semantic.numbers import readings
from chitieu.text import decimal_text, english, fixed, vietnamese

_OWN_VALUE = Text(
    vi="Chỉ tiêu chung và chỉ tiêu từng phần được đánh giá riêng, mỗi chỉ tiêu theo mức của nó.",
    en="The whole and its parts are judged apart, each by its own value.",
)
_AS_SET = Text(
    vi="Chỉ tiêu giữ như in; đếm số ca, một tài khoản hay một người có thể có nhiều ca.",
    en="The target stands as printed; cases are counted, and one account or person may have many.",
)
_AS_PRINTED = Text(
    vi="Giữ nguyên số như in.", en="The figures stand as printed.",
)  # fmt: skip
_COUNTED = ("ratio", "share_of_units")


def wholes_and_parts(view: View) -> Iterator[Contradiction]:
    """Targets that are met before, or not even when, all their parts are met."""
    parts: defaultdict[str, list[TargetEntry]] = defaultdict(list)
    for entry in view.entries:
        if entry.target.part_of in view.by_id:
            parts[str(entry.target.part_of)].append(entry)
    for name, entries in parts.items():
        whole = view.by_id[name]
        indicator = view.indicator(whole)
        up = all(e.target.comparator in (">=", None) for e in (whole, *entries))
        if indicator is None or whole.target.value is None or not up:
            continue
        if indicator.formula == "total":
            yield from _totals(view, whole, entries)
        elif indicator.formula in _COUNTED:
            yield from _shares(view, whole, entries)


def larger_than_population(view: View) -> Iterator[Contradiction]:
    """Totals that a row sets above the population or accounts that the row itself prints."""
    for table in view.plan.tables:
        columns = [column for column in table.columns if column.holds == "population"]
        for row in view.rows_of(table):
            target = row.target
            indicator = view.catalogue.indicators.get(row.indicator or "")
            if target is None or target.value is None or indicator is None:
                continue
            if indicator.formula != "total" or target.comparator not in (">=", ">", "="):
                continue
            over = [
                (column, read[0]) for column in columns
                if (read := readings(row.cells.get(column.key, ""))) and target.value > read[0]
            ]  # fmt: skip
            if over:
                yield _larger(view, row, target.value, target.printed, over)


def larger_than_whole(view: View) -> Iterator[Contradiction]:
    """Shares above 100 %, and printed parts above their whole."""
    for entry in view.entries:
        indicator, value = view.indicator(entry), entry.target.value
        share = indicator is not None and indicator.formula in (*_COUNTED, "share_meeting")
        if share and value is not None and value > 100:
            own = view.clause(entry)
            yield _part_over(view, entry.row, own, value, Decimal(100), [entry.id])
    for row in view.plan.rows:
        for index, result in enumerate(row.results):
            part, whole = result.numerator, result.denominator
            if part is not None and whole is not None and part > whole:
                clause = Clause(row.clause, result.lines, _fraction(result))
                ids = view.of_rows([row.key])
                yield _part_over(view, row, clause, part, whole, ids, index)


def _totals(
    view: View, whole: TargetEntry, parts: Sequence[TargetEntry]
) -> Iterator[Contradiction]:
    value = whole.target.value
    assert value is not None
    summed = sum((part.target.value or Decimal(0) for part in parts), Decimal(0))
    if summed != value:
        numbers = (("whole", value), ("parts", summed), ("count", Decimal(len(parts))))
        vi = f"{len(parts)} phần cộng lại là {vietnamese(summed)}"
        en = f"its {len(parts)} parts add up to {english(summed)}"
        yield _against(view, whole, parts, summed - value, numbers, (vi, en))


def _shares(
    view: View, whole: TargetEntry, parts: Sequence[TargetEntry]
) -> Iterator[Contradiction]:
    """Each part weighs as much as its own printed whole: the least that all parts reach."""
    value = whole.target.value
    assert value is not None
    least = everything = Decimal(0)
    for part in parts:
        weight = _weight(part)
        if weight is None or (part.target.value is None and weight > 0):
            return
        needed = (part.target.value or Decimal(0)) * weight / 100
        least += needed.to_integral_value(ROUND_CEILING)
        everything += weight
    if everything == 0 or not _apart(least, everything, value, parts):
        return
    reached = fixed(100 * least / everything, 2)
    numbers = (("whole", value), ("parts", reached), ("least", least), ("of", everything))
    shown = f"{vietnamese(least)}/{vietnamese(everything)}"
    vi = f"các phần cộng lại là ít nhất {shown}, {vietnamese(reached)}%"
    en = f"its parts together are at least {english(least)} of {english(everything)}, "
    yield _against(
        view, whole, parts, 100 * least - value * everything, numbers,
        (vi, f"{en}{english(reached)}%"),
    )  # fmt: skip


def _apart(
    least: Decimal, everything: Decimal, value: Decimal, parts: Sequence[TargetEntry]
) -> bool:
    """Whether the whole is met with fewer, or not with as many, as the parts need.

    Rounding up to whole things in each part is no contradiction: the whole may lie that much below.
    """
    needed = (value * everything / 100).to_integral_value(ROUND_CEILING)
    return least < needed or least - needed >= len(parts)


def _weight(part: TargetEntry) -> Decimal | None:
    """The denominator that the document prints for a part, of the result that answers it."""
    told = [r.denominator for r in part.row.results if r.denominator is not None and r.events]
    return told[0] if len(told) == 1 else None


def _against(
    view: View, whole: TargetEntry, parts: Sequence[TargetEntry], difference: Decimal,
    numbers: tuple[tuple[str, Decimal], ...], told: tuple[str, str],
) -> Contradiction:  # fmt: skip
    easier = difference > 0
    first, last = parts[0], parts[-1]
    lines = (_lines(first)[0], _lines(last)[1])
    values = Counter(part.target.printed for part in parts)
    printed_parts = both(f"{words} ({count})" for words, count in values.items())
    span = Clause(f"{first.row.clause} – {last.row.clause}", lines, printed_parts)
    printed = whole.target.printed
    word_vi, word_en = ("thấp hơn", "below") if easier else ("cao hơn", "above")
    return Contradiction(
        "weaker_than_parts" if easier else "stronger_than_parts",
        view.plan.name, whole.id.removeprefix(f"{view.plan.name}/"),
        (view.clause(whole), span), view.joined([whole.id]), numbers,
        Text(
            vi=f"{whole.row.clause} đặt {printed}, {word_vi} các phần của nó: {told[0]}.",
            en=f"{printed} ({whole.row.clause}) is {word_en} its parts: {told[1]}.",
        ),
        _OWN_VALUE,
    )  # fmt: skip


def _lines(entry: TargetEntry) -> tuple[int, int]:
    return entry.target.lines or entry.row.lines


def _larger(
    view: View, row: Row, value: Decimal, printed: str, over: Sequence[tuple[Column, Decimal]]
) -> Contradiction:
    vi = ", ".join(f"{column.title.vi}: {vietnamese(count)}" for column, count in over)
    en = ", ".join(f"{column.title.en}: {english(count)}" for column, count in over)
    return Contradiction(
        "larger_than_whole", view.plan.name, row.key,
        (row_clause(row, f"{printed}; {vi}"),), view.joined(view.of_rows([row.key])),
        (("target", value), *((column.key, count) for column, count in over)),
        Text(
            vi=f"Chỉ tiêu {vietnamese(value)} lớn hơn số in cùng dòng ({vi}) ({row.clause}).",
            en=f"The target of {english(value)} is larger than what its row prints ({en}) "
            f"({row.clause}).",
        ),
        _AS_SET,
    )  # fmt: skip


def _part_over(
    view: View, row: Row, clause: Clause, part: Decimal, whole: Decimal, ids: Sequence[str],
    index: int | None = None,
) -> Contradiction:  # fmt: skip
    anchor = row.key if index is None else f"{row.key}/results/{index}"
    return Contradiction(
        "larger_than_whole", view.plan.name, anchor, (clause,), view.joined(ids),
        (("part", part), ("whole", whole)),
        Text(
            vi=f"Phần {vietnamese(part)} lớn hơn tổng {vietnamese(whole)} ({row.clause}).",
            en=f"The part {english(part)} is larger than its whole {english(whole)} "
            f"({row.clause}).",
        ),
        _AS_PRINTED,
    )  # fmt: skip


def _fraction(result: PublishedResult) -> str:
    parts = (result.numerator, result.denominator)
    return "/".join(decimal_text(part) for part in parts if part is not None)
