"""Figures of an area: of the units in it, or its own; never both. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from chitieu.scoring.figures import ZERO, Figures, Question, merged, unit_sums
from chitieu.scoring.many import parts_of
from chitieu.scoring.selection import LeftOut, Why
from chitieu.scoring.world import World
from chitieu.units import Unit

PARTS_COUNT: Why = "parts_count"
OWN_FIGURE_COUNTS: Why = "own_figure_counts"


def area_sums(
    world: World, area: Unit | None, units: Sequence[Unit], areas: Sequence[Unit],
    question: Question,
) -> Figures:  # fmt: skip
    """Sums of the units of an area, or the area's own figure: never both.

    `areas` are the registered areas one level down; those with a figure of their own speak for
    their units unless their units speak better. The choice is made once for the window.
    """
    inner: list[Figures] = []
    rest = units
    for smaller in areas:
        if any(unit.code == smaller.code for unit in units):
            continue
        if question.select(world, smaller.code).taken:
            district = smaller.on(question.on).get("district")
            # A unit placed anew since the district ended is still spoken for by its old figure.
            last = min(question.on, smaller.closed or question.on)
            inside = [u for u in rest if u.on(last).get("district") == district]
            rest = [u for u in rest if u not in inside]
            inner.append(area_sums(world, smaller, inside, (), question))
    parts = parts_of(world, rest, question)
    if inner:
        parts = merged([*inner, parts], question)
    if area is None or any(unit.code == area.code for unit in units):
        return parts
    own = unit_sums(world, area, question, is_area=True)
    if not own.counted:
        if own.left_out:
            parts.left_out += own.left_out
        return parts
    whole = own.denominator is None or (parts.denominator or ZERO) >= own.denominator
    kept, dropped, why = parts, own, PARTS_COUNT
    # Before anything is due every unit must have spoken, or one of them would stand for all.
    everyone = bool(parts.expected) or parts.units_reported == parts.units_expected
    if not (units and not parts.missing and parts.reported and whole and everyone):
        kept, dropped, why = own, parts, OWN_FIGURE_COUNTS
        # It speaks for its units, for the periods that it covers.
        kept.units_expected = kept.units_reported = max(1, parts.units_expected)
        kept.waived = parts.waived
    if dropped.reported and (kept.numerator, kept.denominator) != (
        dropped.numerator, dropped.denominator,
    ):  # fmt: skip
        kept.disagree.append((area.code, own, parts))
    kept.left_out += dropped.left_out
    for counted in dropped.counted:
        if counted.report:
            kept.left_out.append(LeftOut(counted.report, why))
    return kept
