"""A result's figures by the places of any day: `?places=DAY`. Pure.

What a result counts is divided, never counted anew: each report goes where its unit lay on the
last day that the report speaks of, and from there to the place that holds that land on DAY. Sums
over the parts are the result's own, exactly; shares are taken from the sums of a part. A figure of
an area that was divided cannot be: its places share one part, and each alone is null.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chitieu.periods import Period, parse_period
from chitieu.places import PlaceKey
from chitieu.reports import TASK
from chitieu.scoring.figures import (
    ZERO,
    Counted,
    Figures,
    Missing,
    Question,
)
from chitieu.scoring.judge import verdict_on
from chitieu.scoring.judgement import Judgement
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.shares import done_by, share_meeting, share_of_units
from chitieu.scoring.where import Held, Where
from chitieu.units import Unit


@dataclass(frozen=True)
class Part:
    """What a result counts in one place, or in several that cannot be told apart.

    `undivided`: an area's figure is why; else a unit whose place is not known so finely.
    """

    places: tuple[PlaceKey, ...]
    judgement: Judgement
    undivided: bool = False


class Piece(NamedTuple):
    """Figures of one unit that lie together, and the places in one of which they do.

    `unit` is None for the nothing that a province's places hold at least.
    """

    held: Held
    figures: Figures
    of_area: bool
    unit: str | None = None


def rebased(outcome: Outcome, where: Where) -> tuple[Part, ...]:
    """The parts of a result, by their first place; those of its province even when empty."""
    pieces = list(pieces_of(outcome, where))
    province = where.place(outcome.asked.place) if where.level == "province" else ()
    empty = [Piece(frozenset([key]), _nothing(outcome), False) for key in province]
    # What cannot be told apart is joined: the finest division for which sums are known.
    parts = []
    for group, inside in _together([*pieces, *empty]).items():
        figures = _nothing(outcome)
        for piece in inside:
            figures.add(piece.figures)
        figures.units_reported = len({c.unit for c in figures.counted if c.report})
        undivided = any(p.of_area and len(p.held) > 1 for p in inside)
        keys = tuple(sorted(group, key=lambda key: key.order))
        parts.append(Part(keys, _judged(outcome, figures), undivided))
    return tuple(sorted(parts, key=lambda part: [key.order for key in part.places]))


def _together(pieces: Sequence[Piece]) -> dict[Held, list[Piece]]:
    """The pieces by the group of places in which they lie; the empty group: nobody knows where."""
    found: dict[Held, list[Piece]] = {g: [] for g in _joined(piece.held for piece in pieces)}
    group_of = {key: group for group in found for key in group}
    for piece in pieces:
        found[group_of[next(iter(piece.held))] if piece.held else piece.held].append(piece)
    return found


def _joined(sets: Iterable[Held]) -> list[Held]:
    """Overlapping sets made one, until none overlap."""
    groups: list[Held] = []
    for held in dict.fromkeys(sets):
        apart = [group for group in groups if not group & held and (group or held)]
        groups = [*apart, held.union(*(g for g in groups if g & held))]
    return groups


def _nothing(outcome: Outcome) -> Figures:
    whole = outcome.judgement.figures.denominator
    return Figures(denominator=None if whole is None else ZERO)


def _judged(outcome: Outcome, figures: Figures) -> Judgement:
    """The verdict on a part by the rules for the whole; null figures stay unknown."""
    whole, asked = outcome.judgement, outcome.asked
    part = Judgement("unknown", "no_report", whole.window, whole.on, figures, whole.basis)
    if figures.reported:
        part.status = whole.status
    if whole.basis in ("printed", "status"):
        part.reason = "denominator_missing" if whole.basis == "printed" else "status_only"
        return part
    if whole.verdict == "not_in_force" or asked.target.value is None:
        part.verdict, part.reason = whole.verdict, whole.reason
        return part
    if asked.indicator.formula == "task" and figures.reported:
        # One thing, wherever it lies: without a due day its state decides, not its 0 or 1 of 1.
        part.verdict, part.reason, part.actual = whole.verdict, whole.reason, whole.actual
        return part
    return verdict_on(asked, part)


def pieces_of(outcome: Outcome, where: Where) -> Iterator[Piece]:
    """What each unit adds, divided by where it lay; none for a percentage without a fraction."""
    whole = outcome.judgement
    if whole.basis in ("printed", "status"):
        return
    formula = outcome.asked.indicator.formula
    question = _question(outcome)
    if formula in ("ratio", "total") and question is not None:
        yield from _of_sums(outcome, where, question)
        return
    codes = {c.unit for c in whole.figures.counted} | {m.unit for m in whole.figures.missing}
    for code in sorted(codes):
        unit = outcome.world.registry.unit_of(code)
        if unit is None:
            continue
        held = where.unit(unit, _held(outcome, whole.on))
        yield Piece(held, _of_unit(outcome, unit, question), is_area(unit, whole.on), code)


def _question(outcome: Outcome) -> Question | None:
    """What was asked of the units for the judgement that is shown."""
    asked, judgement = outcome.asked, outcome.judgement
    if asked.metric is None or asked.indicator.formula in ("task", "duty"):
        return None
    one_period = asked.target.maintain and judgement.window != asked.window(judgement.on)
    state = one_period and asked.metric.form != "period"
    on = judgement.window.last if state else judgement.on
    return Question(asked.measured_by, asked.metric, judgement.window, on, one_period, asked.days)


def _held(outcome: Outcome, day: dt.date) -> dt.date:
    """An ended province holds its units where they were on its last day."""
    last = outcome.asked.place.valid_to
    return min(day, last) if last else day


def is_area(unit: Unit, on: dt.date) -> bool:
    """Whether it stands for a territory and not for a house in it."""
    return unit.on(on).get("kind") == "area"


def _of_unit(outcome: Outcome, unit: Unit, question: Question | None) -> Figures:
    """A unit's share in a share of units: it is asked as all of them were."""
    world, asked = outcome.world, outcome.asked
    formula = asked.indicator.formula
    if formula == "duty":
        reports = [r for name in asked.joined for r in world.reports.for_item(TASK, name)]
        return done_by(world, [unit], reports, outcome.judgement.on)
    if question is None:  # a task is one thing, done or not
        return outcome.judgement.figures
    if formula == "share_meeting":
        return share_meeting(world, [unit], question, asked.target)
    return share_of_units(world, [unit], question)


def _of_sums(outcome: Outcome, where: Where, question: Question) -> Iterator[Piece]:
    """Each report and each missing one by itself: a unit may have moved between two of them."""
    figures, units = outcome.judgement.figures, outcome.world.registry.reporting
    lie_in: dict[str, dict[Held, Figures]] = {}

    def at(code: str, day: dt.date) -> Figures:
        held = where.unit(units[code], _held(outcome, day))
        return lie_in.setdefault(code, {}).setdefault(held, _nothing(outcome))

    for item in figures.counted:
        assert item.report is not None  # only shares count the silent
        last = min(item.report.extent.last, question.window.last)
        _count(at(item.unit, question.on if question.is_latest else last), item)
    for gap in figures.missing:
        period = parse_period(gap.period) if gap.period else None
        at(gap.unit, period.last if period else question.on).missing.append(gap)
    codes = set(lie_in)
    if not any(is_area(units[code], question.on) for code in codes):
        # One whose every report belongs elsewhere was expected here all the same.
        codes |= {u.code for u in outcome.asked.units_within(question.window, question.on)}
    for code, day, is_missing in _expected(outcome, question, sorted(codes)):
        there = at(code, day)
        there.expected += 1
        there.received += not is_missing
    for code, pieces in lie_in.items():
        for held, found in pieces.items():
            yield Piece(held, found, is_area(units[code], question.on), code)


def _count(figures: Figures, item: Counted) -> None:
    figures.numerator += item.numerator
    if figures.denominator is not None and item.denominator is not None:
        figures.denominator += item.denominator
    figures.counted.append(item)


def _expected(
    outcome: Outcome, question: Question, codes: Sequence[str]
) -> Iterator[tuple[str, dt.date, bool]]:
    """What was expected of the units that speak: unit, last day of the period, whether missing."""
    figures, asked = outcome.judgement.figures, outcome.asked
    missing = {(gap.unit, gap.period) for gap in figures.missing}
    in_scope = {unit.code for unit in asked.units_within(question.window, question.on)}
    for code in codes:
        if question.is_latest or question.metric.cadence == "none":
            yield code, question.on, Missing(code, "") in missing
            continue
        unit = outcome.world.registry.reporting[code] if code in in_scope else None
        periods: list[Period] = question.expected_periods(outcome.world, unit)
        for period in periods:
            yield code, period.last, (code, str(period)) in missing
