"""Parts of a movement: contributions that came or went, each with the entry that made it so. Pure.

Here one thing moves at a time: `Step` has the worlds before and after. What reports did is told
report by report: one is new, fell, stands again, was replaced. Where none of this explains a
contribution (an area's own figure gives way to its units), `turning` finds the entry.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from chitieu.periods import Period
from chitieu.reports import Report
from chitieu.scoring.asked import Asked
from chitieu.scoring.figures import Counted
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.relevant import fallen_reports, relevant_reports
from chitieu.scoring.turning import Turning
from chitieu.scoring.world import World

CauseKind = Literal[
    "event", "correction", "retraction", "estimate_replaced", "unit", "catalogue", "condition",
    "waiver", "time",
]  # fmt: skip
SHARES = ("share_of_units", "share_meeting", "milestone", "duty")
ZERO = Decimal(0)


class Cause(NamedTuple):
    """What moved a part: the entry placed at `known` (µs since 1970), or the passing of time.

    `target`: the other target by which this one binds or no longer does.
    """

    kind: CauseKind
    known: int | None
    target: str | None = None


class Part(NamedTuple):
    """What one cause did to one unit's contributions; `unit` None where it concerns the whole."""

    unit: str | None
    cause: Cause
    numerator: Decimal
    denominator: Decimal
    before: tuple[Counted, ...] = ()
    after: tuple[Counted, ...] = ()


@dataclass(frozen=True)
class Span:
    """Known times: after `since`, up to `until` (µs since 1970)."""

    since: int
    until: int

    def holds(self, known: int | None) -> bool:
        return known is not None and self.since < known <= self.until


@dataclass(frozen=True)
class Change:
    """A report that stands since, or no longer stands, by the entry placed at `known`."""

    report: Report
    known: int
    why: Literal["new", "restored", "corrected", "retracted"]

    @property
    def stands(self) -> bool:
        return self.why in ("new", "restored")


def shown(outcome: Outcome | None) -> list[Counted]:
    """Contributions to the numerator and denominator that are printed; none where null is."""
    if outcome is None or outcome.judgement.numerator is None:
        return []
    return outcome.judgement.figures.counted


Key = tuple[str, int | None, str, Decimal, Decimal | None]


def key_of(item: Counted) -> Key:
    """The same contribution in two worlds."""
    report = item.report
    seq, group = (report.seq, report.group) if report else (None, "")
    return (item.unit, seq, group, item.numerator, item.denominator)


def only_in(these: Sequence[Counted], others: Sequence[Counted]) -> list[Counted]:
    """Contributions that the others do not hold."""
    held = Counter(map(key_of, others))
    found = []
    for item in these:
        key = key_of(item)
        if held[key]:
            held[key] -= 1
        else:
            found.append(item)
    return found


def part_of(
    unit: str | None, cause: Cause, before: Iterable[Counted], after: Iterable[Counted]
) -> Part:
    """A part with its sums; what has no denominator adds none."""
    gone, come = tuple(before), tuple(after)
    return Part(
        unit, cause,
        sum((c.numerator for c in come), ZERO) - sum((c.numerator for c in gone), ZERO),
        sum((c.denominator or ZERO for c in come), ZERO)
        - sum((c.denominator or ZERO for c in gone), ZERO),
        gone, come,
    )  # fmt: skip


def changes_between(before: World, after: Outcome, span: Span) -> list[Change]:
    """Reports that could speak to a target and stand in one of two worlds only, oldest first."""
    asked, on, world = after.asked, after.evaluated_on, after.world
    had_fallen = {f.report.seq for f in fallen_reports(before, asked, on)}
    found = {}
    for report in relevant_reports(world, asked, on):
        restored = world.reports.restored(report)
        if span.holds(report.known):
            found[report.seq, report.group] = Change(report, report.known, "new")
        elif restored is not None and report.seq in had_fallen and span.holds(restored.at_known):
            found[report.seq, report.group] = Change(report, restored.at_known, "restored")
    for fallen in fallen_reports(world, asked, on):
        report = fallen.report
        new = span.holds(report.known) or report.seq in had_fallen
        if span.holds(fallen.at_known) and not new:
            found[report.seq, report.group] = Change(report, fallen.at_known, fallen.why)
    return sorted(found.values(), key=lambda c: (c.known, c.report.seq, c.report.group))


Judged = Callable[[World, Asked], Outcome]


def report_parts(before: Outcome, after: Outcome, span: Span, judge: Judged) -> list[Part]:
    """The parts of what reports did; one without sums for each where only other fields moved."""
    gone, come = only_in(shown(before), shown(after)), only_in(shown(after), shown(before))
    changes = changes_between(before.world, after, span)
    by_entry: defaultdict[int, list[Change]] = defaultdict(list)
    for change in changes:
        by_entry[change.known].append(change)
    if not (gone or come):
        return [
            Part(found[0].report.unit, Cause(kind_of(found), known), ZERO, ZERO)
            for known, found in by_entry.items()
        ]
    finder = _Finder(after, changes)
    found: defaultdict[tuple[str, int], tuple[list[Counted], list[Counted]]] = defaultdict(
        lambda: ([], [])
    )
    left: list[tuple[int, Counted]] = []
    for side, items in enumerate((gone, come)):
        for item in items:
            known = finder.known(item, came=bool(side))
            if known is None:
                left.append((side, item))
            else:
                found[item.unit, known][side].append(item)
    if left:
        turning = Turning(after, span.since, judge, shown)
        causes = turning.causes([(bool(side), key_of(item)) for side, item in left], key_of)
        for (side, item), known in zip(left, causes, strict=True):
            at = known if known is not None else _newest(after, item.unit, changes, span)
            found[item.unit, at][side].append(item)
    return [
        part_of(unit, _cause(known, by_entry.get(known, ()), sides, after), *sides)
        for (unit, known), sides in sorted(found.items())
    ]


def kind_of(of_entry: Iterable[Change]) -> CauseKind:
    """What an entry is by what it did to reports."""
    whys = {change.why for change in of_entry}
    if whys & {"retracted", "restored"}:
        return "retraction"
    return "correction" if "corrected" in whys else "event"


def _cause(
    known: int, of_entry: Sequence[Change], sides: tuple[list[Counted], list[Counted]],
    after: Outcome,
) -> Cause:  # fmt: skip
    """The entry at `known` by what it did here."""
    if not of_entry and unit_change(after, known):
        return Cause("unit", known)
    kind = kind_of(of_entry)
    if kind in ("event", "correction"):
        gone, come = ([c.report for c in side if c.report] for side in sides)
        replaced = {_period_key(report) for report in gone if report.estimate}
        if replaced & {_period_key(report) for report in come if not report.estimate}:
            return Cause("estimate_replaced", known)
    return Cause(kind, known)


def unit_change(outcome: Outcome, known: int) -> bool:
    """Whether a unit's attributes were placed then."""
    units = outcome.world.registry.units.values()
    return any(version.known == known for unit in units for version in unit.versions)


def _newest(after: Outcome, unit: str, changes: Sequence[Change], span: Span) -> int:
    """Where no turn is found: a unit came from elsewhere with older reports."""
    registry = after.world.registry
    own = registry.unit_of(unit)
    known = [v.known for v in own.versions if span.holds(v.known)] if own else []
    known = known or [change.known for change in changes]
    known = known or [
        v.known for u in registry.units.values() for v in u.versions if span.holds(v.known)
    ]
    return max(known)


def _period_key(report: Report) -> tuple[str, str, str, str, Period]:
    return (report.unit, report.metric, report.item, report.group, report.period)


class _Finder:
    """Finds the entry that made one contribution come or go, where its own unit's reports tell."""

    def __init__(self, after: Outcome, changes: Sequence[Change]) -> None:
        self._after = after
        self._share = after.asked.indicator.formula in SHARES
        self._of: Mapping[tuple[int, str], Change] = {
            (c.report.seq, c.report.group): c for c in changes
        }
        self._by_unit: defaultdict[str, list[Change]] = defaultdict(list)
        for change in changes:
            self._by_unit[change.report.unit].append(change)
        self._taken = {
            (c.report.seq, c.report.group): c.report
            for c in after.judgement.figures.counted if c.report
        }  # fmt: skip

    def known(self, item: Counted, *, came: bool) -> int | None:
        """Known time of the entry; None where the unit's own reports do not tell."""
        report = item.report
        # It may have reported under an older code.
        of_unit = self._by_unit.get(report.unit if report else item.unit, [])
        if report is None:
            # The unit was silent, or is again. In a share each unit speaks for itself.
            return of_unit[0].known if of_unit and self._share else None
        own = self._of.get((report.seq, report.group))
        if own is not None and own.stands == came:
            return own.known
        rivals = [
            c for c in of_unit
            if c.stands != came and c is not own and _rivals(c.report, report, self._after)
            and (c.stands is False or (c.report.seq, c.report.group) in self._taken)
        ]  # fmt: skip
        if rivals:
            return max(c.known for c in rivals)
        return of_unit[-1].known if of_unit and self._share else None


def _rivals(one: Report, two: Report, outcome: Outcome) -> bool:
    """Whether only one of two reports of a unit can count."""
    if (one.metric, one.group, one.item) != (two.metric, two.group, two.item):
        return False
    return outcome.asked.is_latest or one.extent.meets(two.extent)
