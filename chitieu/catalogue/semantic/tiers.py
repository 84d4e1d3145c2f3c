"""A lower tier laxer than a higher one, in one document or below a ministry's letter. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from chitieu.catalogue.catalogue import TargetEntry
from chitieu.catalogue.model import Target, Text
from chitieu.catalogue.semantic.contradiction import Contradiction, View, same_scope
from chitieu.catalogue.semantic.values import NOT_PRINTED, WORDING_DAYS, last_day
from chitieu.predicates import holds, validate

# How high the one who set it stands.
_HEIGHT: Final = {"national_committee": 3, "ministry": 2, "province": 1, "department": 0}
_UP: Final = (">=", ">")
_DOWN: Final = ("<=", "<")

_READING = Text(
    vi="Mỗi mức được đánh giá riêng trên phạm vi của nó; cùng phạm vi thì mức chặt hơn ràng buộc.",
    en="Each value is judged on its own scope; on one scope the stricter one binds.",
)


def lower_tier_laxer(view: View) -> Iterator[Contradiction]:
    """Pairs in which the lower tier asks for less, or for as much on a later day."""
    above = [entry for plan in _above(view) for entry in plan]
    for lower in view.entries:
        indicator = view.indicator(lower)
        if indicator is None or indicator.formula in ("task", "duty"):
            continue
        for higher in (*view.entries, *above):
            if higher.indicator != lower.indicator or not _is_above(higher, lower):
                continue
            if _about_the_same(view, higher, lower):
                first_step = _later(view, higher, lower)
                if _asks_for_less(higher.target, lower.target) and not first_step:
                    yield _laxer(view, higher, lower, "value")
                elif _as_much(higher.target, lower.target) and _later(view, lower, higher):
                    yield _laxer(view, higher, lower, "due")


def _above(view: View) -> Iterator[tuple[TargetEntry, ...]]:
    """Plans addressed to every department that are in force together with this one."""
    if view.plan.place is None:
        return
    for plan in view.catalogue.plans.values():
        together = (
            plan.in_force_from <= view.plan.last_day and view.plan.in_force_from <= plan.last_day
        )
        if plan.place is None and together:
            yield tuple(e for e in view.catalogue.targets.values() if e.plan.name == plan.name)


def _is_above(higher: TargetEntry, lower: TargetEntry) -> bool:
    one, two = higher.target, lower.target
    if _HEIGHT[one.tier] <= _HEIGHT[two.tier] or one.condition or two.condition:
        return False
    if any(t.value is None or t.printed.startswith(NOT_PRINTED) for t in (one, two)):
        # Without a printed value on one side only the day can be compared.
        return one.value is not None and one.value == two.value
    return True


def _about_the_same(view: View, higher: TargetEntry, lower: TargetEntry) -> bool:
    """One scope; or in one row, a tier's only value, which stands for all that the row names."""
    if higher.target.each != lower.target.each:
        return False
    if higher.plan.name != lower.plan.name:
        scope = _scope(view, lower)
        return scope is not None and scope == _scope(view, higher)
    if same_scope(higher.target, lower.target):
        return True
    of_tier = [t for t in higher.row.targets.values() if t.tier == higher.target.tier]
    return higher.row.key == lower.row.key and len(of_tier) == 1


def _scope(view: View, entry: TargetEntry) -> object:
    """What can be compared between documents: named units, or a predicate; None where neither.

    A predicate that only one agency of the plan's province fulfils names that agency.
    """
    scope, indicator = entry.target.scope, view.indicator(entry)
    if scope.units:
        return frozenset(scope.units)
    where = scope.where or (indicator.concerns if indicator else None)
    if not where or validate(where):
        return None
    agencies = {
        record.code
        for records in view.catalogue.units.values()
        for record in records
        if record.province == view.plan.place and record.kind == "agency"
        and holds(where, record.model_dump(by_alias=True))
    }  # fmt: skip
    return frozenset(agencies) if len(agencies) == 1 else (repr(where), scope.place)


def _asks_for_less(higher: Target, lower: Target) -> bool:
    a, b = higher.value, lower.value
    assert a is not None
    assert b is not None
    if higher.comparator in _UP and lower.comparator in _UP:
        return b < a or (a == b and higher.comparator == ">" and lower.comparator == ">=")
    if higher.comparator in _DOWN and lower.comparator in _DOWN:
        return b > a or (a == b and higher.comparator == "<" and lower.comparator == "<=")
    return False


def _as_much(higher: Target, lower: Target) -> bool:
    return (higher.comparator, higher.value) == (lower.comparator, lower.value)


def _later(view: View, lower: TargetEntry, higher: TargetEntry) -> bool:
    late, early = last_day(view, lower), last_day(view, higher)
    return late is not None and early is not None and (late - early).days > WORDING_DAYS


def _laxer(view: View, higher: TargetEntry, lower: TargetEntry, about: str) -> Contradiction:
    one, two = higher.target, lower.target
    words = (one.printed, two.printed) if about == "value" else (one.due_text, two.due_text)
    who = f" ({higher.plan.number or higher.plan.name})" if higher.plan is not lower.plan else ""
    own = [entry.id for entry in (higher, lower) if entry.plan.name == view.plan.name]
    return Contradiction(
        "lower_tier_laxer", view.plan.name,
        f"{lower.id.removeprefix(f'{view.plan.name}/')}/{about}",
        (view.clause(higher, words[0]), view.clause(lower, words[1])),
        view.joined(own),
        (("higher", one.value or Decimal(0)), ("lower", two.value or Decimal(0))),
        Text(
            vi=f"{two.set_by} đặt “{words[1]}” ({two.scope.label.vi}), nới hơn “{words[0]}” của "
            f"{one.set_by}{who} ({lower.row.clause}).",
            en=f"“{words[1]}” of {two.set_by} ({two.scope.label.en}) is laxer than “{words[0]}” "
            f"of {one.set_by}{who} ({lower.row.clause}).",
        ),
        _READING,
    )  # fmt: skip
