"""What was reported of which days, for a forecast: of many units together, of others singly. Pure.

A report's figures belong to the days that it speaks of. A cumulative figure (January to May) is
cut where the same unit's shorter ones (January to April) end. Figures are kept as they are, so that
their sums are the same in whatever order, and however the units are put together.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from chitieu.catalogue.model import Indicator
from chitieu.periods import ONE_DAY, Period
from chitieu.reports import Report
from chitieu.scoring.figures import Figures, Heard, Lists, Number, Spoken


def heard(figures: Figures, indicator: Indicator) -> Heard:
    """Everything that figures rest on."""
    made, later = figures.held
    found = _of_lists(made, indicator)
    for one in later:
        more = _of_lists(one.make(), indicator) if one.heard is None else one.heard()
        found = Heard([*found.spoken, *more.spoken], [*found.missing, *more.missing])
    return found


def _of_lists(lists: Lists, indicator: Indicator) -> Heard:
    """Of reports that were looked at one by one; cumulative ones cut."""
    shorter: defaultdict[tuple[str, str, dt.date], list[Report]] = defaultdict(list)
    for out in lists.left_out:
        if out.why == "overlap":
            shorter[out.report.unit, out.report.item, out.report.first].append(out.report)
    spoken: list[Spoken] = []
    for counted in lists.counted:
        report = counted.report
        if report is not None:
            nested = shorter.get((report.unit, report.item, report.first), ())
            spoken += _parted(indicator, report, nested)
    return Heard(spoken, list(lists.missing))


def _parted(indicator: Indicator, report: Report, nested: Iterable[Report]) -> Iterator[Spoken]:
    """A report in pieces, cut where shorter ones from the same day end without holding more."""
    unit = frozenset((report.unit,))
    day, end = report.extent.first, report.extent.last
    part = whole = Fraction(0)
    last_part, last_whole = _figures(indicator, report)
    for one in sorted(nested, key=lambda r: (r.extent.last, r.rank)):
        upto, of = _figures(indicator, one)
        if day <= one.extent.last < end and part <= upto <= last_part and whole <= of <= last_whole:
            yield Spoken(unit, Period(day, one.extent.last), upto - part, of - whole, 1)
            day, part, whole = one.extent.last + ONE_DAY, upto, of
    yield Spoken(unit, Period(day, end), last_part - part, last_whole - whole, 1)


def _figures(indicator: Indicator, report: Report) -> tuple[Fraction, Fraction]:
    part, whole = indicator.numerator, indicator.denominator
    return Fraction(report.number(part or "")), Fraction(report.number(whole) if whole else 0)


__all__ = ["Heard", "Number", "Spoken", "heard"]
