"""Report days before the period that they cover, or after the report that contains it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import permutations

from chitieu.catalogue.model import ReportingDay, Text
from chitieu.catalogue.semantic.contradiction import Clause, Contradiction, View
from chitieu.periods import Period, parse_period

_ESTIMATE = Text(
    vi="Hạn giữ như in; số liệu của kỳ là số đến ngày báo cáo hoặc ước thực hiện.",
    en="The day stands as printed; the period's figures are up to the report's day, or estimates.",
)
_BOTH_STAND = Text(
    vi="Cả hai hạn giữ như in; báo cáo năm ước phần chưa có báo cáo.",
    en="Both days stand as printed; the longer report estimates what is not yet reported.",
)


def before_the_period_ends(view: View) -> Iterator[Contradiction]:
    """The days of a plan's calendar that lie before the last day of their own period."""
    early = [(day, p) for day, p in _calendar(view) if day.due < p.last]
    if not early:
        return
    days = [day for day, _ in early]
    vi = "; ".join(f"{p}: {day.printed} ({day.due:%d/%m/%Y})" for day, p in early)
    en = "; ".join(f"{p}: {day.due}" for day, p in early)
    yield Contradiction(
        "report_day_before_period", view.plan.name, "reporting",
        _clauses(view, days), _targets(view, days),
        tuple((str(p), Decimal((p.last - day.due).days)) for day, p in early),
        Text(
            vi=f"Hạn báo cáo trước ngày cuối của kỳ: {vi}.",
            en=f"Reports are due before their period ends: {en}.",
        ),
        _ESTIMATE,
    )  # fmt: skip


def after_what_contains_them(view: View) -> Iterator[Contradiction]:
    """A shorter period that is due after the longer one of which it is a part."""
    for (day, period), (longer, whole) in permutations(_calendar(view), 2):
        if whole.holds(period) and whole != period and day.due > longer.due:
            yield Contradiction(
                "report_day_after_whole", view.plan.name, f"reporting/{period}",
                _clauses(view, [day, longer]), _targets(view, [day, longer]),
                (("days", Decimal((day.due - longer.due).days)),),
                Text(
                    vi=f"Báo cáo {period} ({day.printed}, {day.due:%d/%m/%Y}) đến sau báo cáo "
                    f"{whole} gồm nó ({longer.printed}, {longer.due:%d/%m/%Y}).",
                    en=f"The report for {period}, due {day.due}, comes after the one for {whole} "
                    f"that contains it, due {longer.due}.",
                ),
                _BOTH_STAND,
            )  # fmt: skip


def _calendar(view: View) -> list[tuple[ReportingDay, Period]]:
    read = [(day, parse_period(day.period)) for day in view.plan.reporting]
    return [(day, period) for day, period in read if period is not None]


def _clauses(view: View, days: Sequence[ReportingDay]) -> tuple[Clause, ...]:
    """One clause for each day, at the row that prints it; a calendar of its own has the period."""
    return tuple(Clause(_address(view, day), day.lines, day.printed) for day in days)


def _address(view: View, day: ReportingDay) -> str:
    rows = [row for row in view.plan.rows if _meet(row.lines, day.lines)]
    return f"{rows[0].clause}, {day.period}" if rows else day.period


def _meet(one: tuple[int, int], two: tuple[int, int]) -> bool:
    return one[0] <= two[1] and two[0] <= one[1]


def _targets(view: View, days: Sequence[ReportingDay]) -> tuple[str, ...]:
    """The reporting duties of these days, by day and lines, and their other statements."""
    duties = [
        entry.id
        for entry in view.entries
        for day in days
        if entry.target.due == day.due and _meet(entry.row.lines, day.lines)
    ]
    return view.joined(duties)
