"""Rules for targets: value, days, scope, references. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from chitieu.catalogue.faults import Both, Flaw, Here
from chitieu.catalogue.formula_rules import Known, predicate_flaws
from chitieu.catalogue.model import Indicator, Plan, Row, Target
from chitieu.text import plural

_WITH_DIRECTION: Final = {"at_least": (">=", ">", "="), "at_most": ("<=", "<", "=")}
_PERCENT: Final = frozenset({"ratio", "share_of_units", "share_meeting", "duty"})
_ONE_OF_ONE: Final = frozenset({"task", "milestone"})


@dataclass(frozen=True, slots=True)
class Clause:
    """Where a target stands. `indicator` is None when the row names none that could be read."""

    plan: Plan
    row: Row
    target_id: str
    indicator: Indicator | None


def target_flaws(target: Target, clause: Clause, known: Known, here: Here) -> Iterator[Flaw]:
    """Flaws of one target."""
    yield from _value_flaws(target, clause.indicator, here)
    yield from _day_flaws(target, clause, here)
    yield from _scope_flaws(target, clause, known, here.at("scope"))
    yield from _line_flaws(target, clause.row, here.at("lines"))
    yield from _reference_flaws(target, clause, known, here)


def _value_flaws(target: Target, indicator: Indicator | None, here: Here) -> Iterator[Flaw]:
    if (target.value is None) != (target.comparator is None):
        value = "null" if target.value is None else str(target.value)
        yield here.at("value").flaw(
            "value_and_comparator", value=value, comparator=target.comparator or "null"
        )
    if indicator is None:
        return
    formula = indicator.formula
    if target.comparator and target.comparator not in _WITH_DIRECTION[indicator.direction]:
        yield here.at("comparator").flaw(
            "direction",
            found=target.comparator,
            indicator=indicator.name,
            direction=indicator.direction,
        )
    if formula in _PERCENT and target.value is not None and not 0 <= target.value <= 100:
        yield here.at("value").flaw("percent_range", found=str(target.value))
    if formula in _ONE_OF_ONE and target.value not in (None, 1):
        yield here.at("value").flaw("one_of_one", found=str(target.value), indicator=indicator.name)
    if formula == "share_meeting" and target.each is None:
        problem = Both("cần each", "needs each")
        yield here.flaw("each", formula=formula, problem=problem)
    if formula != "share_meeting" and target.each is not None:
        problem = Both("không dùng each", "has no use for each")
        yield here.at("each").flaw("each", at_key=True, formula=formula, problem=problem)
    if target.each is not None and not 0 <= target.each.value <= 100:
        yield here.at("each", "value").flaw("percent_range", found=str(target.each.value))


def _day_flaws(target: Target, clause: Clause, here: Here) -> Iterator[Flaw]:
    plan, due = clause.plan, target.due
    first = target.from_ or plan.in_force_from
    if target.from_ and not plan.in_force_from <= target.from_ <= (due or plan.last_day):
        yield here.at("from").flaw(
            "from_day",
            found=str(target.from_),
            first=str(plan.in_force_from),
            last=str(due or plan.last_day),
        )
    if (due is None) != (target.due_precision == "none"):
        yield here.at("due_precision").flaw(
            "due_precision", due=str(due or "null"), found=target.due_precision
        )
    if due is None:
        return
    if due < first and not target.from_:
        yield here.at("due").flaw("due_too_early", found=str(due), from_day=str(first))
    if due > plan.last_day and not _late_with_reason(target, clause.row):
        yield here.at("due").flaw("due_too_late", found=str(due), last_day=str(plan.last_day))


def _late_with_reason(target: Target, row: Row) -> bool:
    return any(one.about == "due" for one in (*target.assumed, *row.assumed))


def _scope_flaws(target: Target, clause: Clause, known: Known, here: Here) -> Iterator[Flaw]:
    scope, indicator = target.scope, clause.indicator
    units = known.catalogue.units
    for index, code in enumerate(scope.units):
        if known.missing("unit", code, units):
            yield here.at("units", index).flaw("unknown_unit", known=units, found=code)
    yield from predicate_flaws(scope.where, here.at("where"))
    if scope.units and scope.where is not None:
        yield here.at("where").flaw("scope_twice", at_key=True)
    if scope.place is not None and not scope.place.startswith("dvhc-"):
        yield here.at("place").flaw("not_a_place", found=scope.place)
    if indicator is None:
        return
    if indicator.formula == "task":
        named = len(scope.units) == 1 and scope.where is None
        if not named and not (clause.plan.place is None and scope.where is not None):
            count = len(scope.units)
            found = Both(f"{count} đơn vị", plural(count, "unit"))
            if scope.where is not None:
                found = Both("một điều kiện", "a predicate")
            yield here.flaw("task_scope", found=found)
    elif not scope.units and scope.where is None and indicator.concerns is None:
        yield here.flaw("scope_empty", indicator=indicator.name)


def _line_flaws(target: Target, row: Row, here: Here) -> Iterator[Flaw]:
    if target.lines is None:
        return
    first, last = target.lines
    found = f"[{first}, {last}]"
    if not 1 <= first <= last:
        yield here.flaw("lines_descend", found=found)
    elif not row.lines[0] <= first <= last <= row.lines[1]:
        yield here.flaw("lines_outside_row", found=found, row=f"[{row.lines[0]}, {row.lines[1]}]")


def _reference_flaws(target: Target, clause: Clause, known: Known, here: Here) -> Iterator[Flaw]:
    steps: tuple[tuple[str, str | None, Callable[[Target], str | None]], ...] = (
        ("same_as", target.same_as, lambda other: other.same_as),
        ("part_of", target.part_of, lambda other: other.part_of),
    )
    targets = known.catalogue.targets
    for key, name, step in steps:
        if name is None:
            continue
        if name not in targets:
            # A target of a plan that could not be read is not a second fault.
            if ("plan", name.partition("/")[0]) not in known.unread:
                yield here.at(key).flaw("unknown_target", known=targets, found=name)
        elif _comes_back(name, clause.target_id, step, known):
            yield here.at(key).flaw("reference_circle", found=name, key=key)


def _comes_back(name: str, start: str, step: Callable[[Target], str | None], known: Known) -> bool:
    seen: set[str] = set()
    at: str | None = name
    while at is not None and at not in seen:
        if at == start:
            return True
        seen.add(at)
        entry = known.catalogue.targets.get(at)
        at = step(entry.target) if entry else None
    return False
