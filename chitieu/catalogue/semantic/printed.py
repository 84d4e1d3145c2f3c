"""Printed percentages that their fractions do not give, and other denominators. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from chitieu.catalogue.model import PublishedResult, Row, Text
from chitieu.catalogue.result_rules import printed_percent, rounded
from chitieu.catalogue.semantic.contradiction import (
    Clause,
    Contradiction,
    View,
    both,
    row_clause,
)
from chitieu.text import decimal_text, english, fixed, vietnamese

_BY_FRACTION = Text(
    vi="Kết quả tính từ tử số và mẫu số; tỷ lệ in được giữ để đối chiếu.",
    en="The result is computed from the fraction; the printed figure is kept beside it.",
)
_NOTHING = Text(
    vi="Không phát sinh: không có tỷ lệ nào để đánh giá.",
    en="Nothing occurred: there is no rate to judge.",
)
_EACH_BY_ITS_OWN = Text(
    vi="Mỗi chỉ tiêu tính trên mẫu số mà chính câu của nó nêu.",
    en="Each target is computed over the denominator that its own clause names.",
)
_AS_TOLD = Text(
    vi="Tỷ lệ in được dùng như in, ghi rõ là tính trên mẫu số khác.",
    en="The printed figure is used as printed, with the note that its denominator is another.",
)


def fractions(view: View) -> Iterator[Contradiction]:
    """Printed percentages that are not their fraction under the document's own rounding."""
    for row in view.plan.rows:
        for index, result in enumerate(row.results):
            printed = printed_percent(result.printed)
            if None in (result.numerator, result.denominator, result.rounding, printed):
                continue
            assert result.numerator is not None
            assert result.denominator is not None
            assert result.rounding is not None
            given = rounded(
                Fraction(result.numerator), Fraction(result.denominator), result.rounding
            )
            if given != printed:
                anchor = row.key if index == 0 else f"{row.key}/results/{index}"
                yield _not_given(view, row, result, anchor)


def denominators(view: View) -> Iterator[Contradiction]:
    """Results that say they are counted over something else than the target's denominator."""
    for row in view.plan.rows:
        indicator = view.measured(row)
        for result in row.results:
            if indicator is not None and result.over not in (None, indicator.denominator):
                yield _counted_over(view, row, result)


def references(view: View) -> Iterator[Contradiction]:
    """Rows that name another row for their detail, which counts over another denominator."""
    for row in view.plan.rows:
        for key in row.refers_to:
            other = view.row(key)
            mine, theirs = view.measured(row), view.measured(other) if other else None
            if other is None or mine is None or theirs is None:
                continue
            if (mine.metric, mine.denominator) != (theirs.metric, theirs.denominator):
                yield _refers_to_another(view, row, other)


def _other_whole(view: View, row: Row, result: PublishedResult) -> Decimal | None:
    """Another figure of the same section, subject and day over which the printed one is right."""
    assert result.numerator is not None
    assert result.rounding is not None
    printed = printed_percent(result.printed)
    for other in view.plan.rows:
        if other.section != row.section:
            continue
        for near in other.results:
            if (near.subject, near.as_of) != (result.subject, result.as_of):
                continue
            for whole in (near.numerator, near.denominator):
                if whole is None or whole == result.denominator or whole < result.numerator:
                    continue
                over = Fraction(result.numerator), Fraction(whole)
                if rounded(*over, result.rounding) == printed:
                    return whole
    return None


def _not_given(view: View, row: Row, result: PublishedResult, anchor: str) -> Contradiction:
    numerator, denominator = result.numerator, result.denominator
    assert numerator is not None
    assert denominator is not None
    fraction = f"{decimal_text(numerator)}/{decimal_text(denominator)}"
    clause = Clause(row.clause, result.lines, f"{result.printed}; {fraction}")
    shown = f"{vietnamese(numerator)}/{vietnamese(denominator)}"
    shown_en = f"{english(numerator)}/{english(denominator)}"
    numbers: tuple[tuple[str, Decimal], ...] = (("part", numerator), ("whole", denominator))
    who = f" ({result.label})" if result.label else ""
    if denominator == 0:
        vi = f"In {result.printed} cho {shown}: mẫu số bằng 0 thì không có tỷ lệ"
        en = f"{result.printed} is printed for {shown_en}: over 0 there is no rate"
        return _about(view, row, "printed_disagrees", anchor, clause, numbers, (vi, en), _NOTHING)
    exact = fixed(100 * numerator / denominator, 2)
    numbers += (("percent", exact),)
    if whole := _other_whole(view, row, result):
        over = fixed(100 * numerator / whole, 2)
        numbers += (("other_whole", whole), ("other_percent", over))
        vi = (
            f"{shown} là {vietnamese(exact)}%, in {result.printed}; tỷ lệ này chỉ đúng trên "
            f"{vietnamese(whole)} ({vietnamese(over)}%)"
        )
        en = (
            f"{shown_en} is {english(exact)}%, {result.printed} is printed; that is right only "
            f"over {english(whole)} ({english(over)}%)"
        )
        code = "other_denominator"
        return _about(view, row, code, anchor, clause, numbers, (vi, en), _BY_FRACTION)
    vi = f"{shown} là {vietnamese(exact)}%, văn bản in {result.printed}{who}"
    en = f"{shown_en} is {english(exact)}%, the document prints {result.printed}{who}"
    code = "printed_disagrees"
    return _about(view, row, code, anchor, clause, numbers, (vi, en), _BY_FRACTION)


def _counted_over(view: View, row: Row, result: PublishedResult) -> Contradiction:
    note = row.note or result.printed
    clause = Clause(row.clause, result.lines, f"{result.printed}; {note}")
    vi = (
        f"Chỉ tiêu tính trên “{_whole(view, row, 'vi')}”, kết quả {result.printed} tính trên "
        f"mẫu số khác: “{note}”"
    )
    en = (
        f"The target counts over “{_whole(view, row, 'en')}”, the result {result.printed} over "
        f"something else: “{note}”"
    )
    code = "other_denominator"
    return _about(view, row, code, row.key, clause, (), (vi, en), _AS_TOLD)


def _refers_to_another(view: View, row: Row, other: Row) -> Contradiction:
    return Contradiction(
        "other_denominator", view.plan.name, f"{row.key}/refers_to",
        (row_clause(row, _words(row)), row_clause(other, _words(other))),
        view.joined(view.of_rows([row.key, other.key])), (),
        Text(
            vi=f"{row.clause} dẫn chiếu {other.clause}, nhưng hai nơi tính trên hai mẫu số: "
            f"“{_whole(view, row, 'vi')}” và “{_whole(view, other, 'vi')}”.",
            en=f"{row.clause} refers to {other.clause}, but they count over two denominators: "
            f"“{_whole(view, row, 'en')}” and “{_whole(view, other, 'en')}”.",
        ),
        _EACH_BY_ITS_OWN,
    )  # fmt: skip


def _words(row: Row) -> str:
    """The values that a row prints for its targets."""
    targets = [target for target in (row.target, *row.targets.values()) if target is not None]
    return both(target.printed for target in targets) or row.title.vi


def _whole(view: View, row: Row, language: str) -> str:
    """The title of the field that a row's indicator divides by."""
    indicator = view.measured(row)
    metric = view.catalogue.metrics.get(indicator.metric or "") if indicator else None
    for group in metric.groups if metric else ():
        for field in group.fields:
            if indicator and field.name == indicator.denominator:
                return str(getattr(field.title, language))
    title = indicator.title if indicator else row.title
    return str(getattr(title, language))


def _about(
    view: View, row: Row, code: str, anchor: str, clause: Clause,
    numbers: Sequence[tuple[str, Decimal]], told: tuple[str, str], reading: Text,
) -> Contradiction:  # fmt: skip
    return Contradiction(
        code, view.plan.name, anchor, (clause,), view.joined(view.of_rows([row.key])),
        tuple(numbers),
        Text(vi=f"{told[0]} ({row.clause}).", en=f"{told[1]} ({row.clause})."), reading,
    )  # fmt: skip
