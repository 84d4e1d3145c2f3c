"""Two values for one thing: one duty, one indicator and scope, or one stated fact. Pure."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Final

from chitieu.catalogue.catalogue import TargetEntry
from chitieu.catalogue.model import StatedFact, Text
from chitieu.catalogue.semantic.contradiction import (
    Clause,
    Contradiction,
    View,
    both,
    same_scope,
)

# The catalogue's own words where a document prints no value or no day: nothing to compare.
NOT_PRINTED: Final = "không ghi"
_ONGOING: Final = "thường xuyên"
# "trước ngày 30/9" and "tháng 9" end a day apart by their wording alone.
WORDING_DAYS: Final = 1

_STRICTEST = Text(
    vi="Các câu được coi là một chỉ tiêu; câu chắc và chặt nhất trong số đó được đánh giá.",
    en="The statements count as one target; the firmest and strictest of them is judged.",
)
_EACH = Text(
    vi="Mỗi trị số được đánh giá riêng; trị số chặt hơn ràng buộc.",
    en="Each value is judged by itself; the stricter one binds.",
)


def one_duty(view: View) -> Iterator[Contradiction]:
    """Statements of one duty with other values or other days."""
    for duty in view.duties:
        for one, two in combinations(duty, 2):
            if not _one_value(one, two):
                yield _differ(view, one, two, "value", _STRICTEST)
            elif not _one_day(view, one, two):
                yield _differ(view, one, two, "due", _STRICTEST)


def one_scope(view: View) -> Iterator[Contradiction]:
    """Targets of one indicator, scope, day and author with other values, not joined."""
    groups: defaultdict[tuple[str, str, str], list[TargetEntry]] = defaultdict(list)
    for entry in view.entries:
        indicator = view.indicator(entry)
        if indicator is not None and indicator.formula not in ("task", "duty"):
            groups[entry.indicator, entry.target.tier, entry.target.set_by].append(entry)
    for group in groups.values():
        for one, two in combinations(group, 2):
            same = same_scope(one.target, two.target) and two.id not in view.joined([one.id])
            alike = one.target.window == two.target.window and _one_day(view, one, two)
            if same and alike and not _one_value(one, two):
                yield _differ(view, one, two, "value", _EACH)


def facts(view: View) -> Iterator[Contradiction]:
    """Facts whose statements do not have one value."""
    for fact in view.plan.facts:
        if len({statement.value for statement in fact.statements}) > 1:
            yield _fact_differs(view, fact)


def last_day(view: View, entry: TargetEntry) -> dt.date | None:
    """The last day that counts, as printed: of what is pooled, the plan's last without one.

    None: no day is printed.
    """
    target, indicator = entry.target, view.indicator(entry)
    if target.due_text.startswith(NOT_PRINTED):
        return None
    pooled = indicator is not None and indicator.formula not in ("task", "duty", "milestone")
    return target.due or (entry.plan.last_day if pooled else None)


def _one_value(one: TargetEntry, two: TargetEntry) -> bool:
    a, b = one.target, two.target
    if any(t.value is None or t.printed.startswith(NOT_PRINTED) for t in (a, b)):
        return True
    return (a.comparator, a.value, a.each) == (b.comparator, b.value, b.each)


def _one_day(view: View, one: TargetEntry, two: TargetEntry) -> bool:
    first, second = last_day(view, one), last_day(view, two)
    if first is not None and second is not None:
        return abs((first - second).days) <= WORDING_DAYS
    # Work that never ends and work that is done by a day are two things.
    ongoing = [
        entry for entry, day in ((one, first), (two, second))
        if day is None and _ONGOING in entry.target.due_text.casefold()
    ]  # fmt: skip
    return not ongoing or first is second is None


def _differ(
    view: View, one: TargetEntry, two: TargetEntry, about: str, reading: Text
) -> Contradiction:
    a, b = one.target, two.target
    words = (a.printed, b.printed) if about == "value" else (a.due_text, b.due_text)
    what = ("Trị số", "Value") if about == "value" else ("Thời hạn", "Time")
    values = [t.value for t in (a, b) if t.value is not None] if about == "value" else []
    names = ("first", "second")
    return Contradiction(
        "two_values", view.plan.name, f"{two.id.removeprefix(f'{view.plan.name}/')}/{about}",
        (view.clause(one, words[0]), view.clause(two, words[1])),
        view.joined([one.id, two.id]),
        tuple(zip(names, values, strict=False)),
        Text(
            vi=f"{what[0]}: {one.row.clause} in “{words[0]}”, {two.row.clause} in “{words[1]}”.",
            en=f"{what[1]}: {one.row.clause} prints “{words[0]}”, {two.row.clause} prints "
            f"“{words[1]}”.",
        ),
        reading,
    )  # fmt: skip


def _fact_differs(view: View, fact: StatedFact) -> Contradiction:
    values = _told(fact)
    told = " / ".join(values)
    return Contradiction(
        "two_values", view.plan.name, fact.name,
        tuple(Clause(s.clause, s.lines, s.printed) for s in fact.statements),
        view.joined(view.of_rows(fact.rows)),
        (("values", Decimal(len(values))), ("places", Decimal(len(fact.statements)))),
        Text(vi=f"{fact.title.vi}: {told}.", en=f"{fact.title.en}: {told}."),
        fact.reading,
    )  # fmt: skip


def _told(fact: StatedFact) -> Sequence[str]:
    """Each value once, as first printed, with the clauses that print it."""
    places: dict[str, tuple[str, list[str]]] = {}
    for statement in fact.statements:
        places.setdefault(statement.value, (statement.printed, []))[1].append(statement.clause)
    return [f"“{printed}” ({both(clauses)})" for printed, clauses in places.values()]
