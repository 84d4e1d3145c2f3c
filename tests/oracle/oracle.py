"""CONTRACT.md §2–§4 read word by word, over the whole set of events at once, day by day.

Slow and naive on purpose, and without a line of `chitieu`: events are plain dictionaries,

    {"kind": "event", "sender", "source", "id", "metric", "unit", "time", "period" or "on",
     "through"?, "estimate"?, "item"?, "groups": {group: {field: value}}, "corrects"?}
    {"kind": "retraction", "sender", "source", "id": what it names}
    {"kind": "unit", "code", "from", "closed"?, "province"?, "type"?,
     "succeeds"?: the code that this unit bore before}
    {"kind": "waiver", "id", "unit", "metric": or None for all, "from", "to"}
    {"kind": "withdrawal", "id": of the waiver}

`period` is text as sent, days are `datetime.date`, `time` is an aware instant. A question is a
dictionary too: what a target asks, see `answer`.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

Event = dict[str, Any]
Question = dict[str, Any]
Days = tuple[dt.date, dt.date]
Unit = list[Event]
Free = dict[str, set[dt.date]]  # code of a unit → the days on which it owes nothing
ONE_DAY = dt.timedelta(days=1)


class Answer(NamedTuple):
    """What must come out. `numerator` and `denominator` None where nothing was reported."""

    verdict: str
    reason: str | None
    numerator: Fraction | None
    denominator: Fraction | None
    expected: int
    received: int
    waived: int = 0  # units that owe less by a waiver


# --- days ----------------------------------------------------------------------------------------


@functools.cache
def days_of(period: str) -> Days:
    """The first and the last day of a period, however it is spelled."""
    if "/" in period:
        first, last = period.split("/")
        return dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    parts = period.split("-")
    year = int(parts[0])
    if len(parts) == 3:
        return dt.date.fromisoformat(period), dt.date.fromisoformat(period)
    if len(parts) == 1:
        months = list(range(1, 13))
    elif parts[1][0] == "H":
        half = int(parts[1][1])
        months = list(range(6 * half - 5, 6 * half + 1))
    elif parts[1][0] == "Q":
        quarter = int(parts[1][1])
        months = list(range(3 * quarter - 2, 3 * quarter + 1))
    else:
        months = [int(parts[1])]
    return dt.date(year, months[0], 1), _last_of_month(year, months[-1])


@functools.cache
def _last_of_month(year: int, month: int) -> dt.date:
    day = dt.date(year, month, 28)
    while (day + ONE_DAY).month == month:
        day += ONE_DAY
    return day


@functools.cache
def every_day(first: dt.date, last: dt.date) -> frozenset[dt.date]:
    return frozenset(first + n * ONE_DAY for n in range((last - first).days + 1))


def extent(event: Event) -> Days:
    """ "From its period's first day to `through`, else to its end"; a state: its day."""
    if "on" in event:
        return event["on"], event["on"]
    first, last = days_of(event["period"])
    return first, event.get("through") or last


def last_day_covered(event: Event) -> dt.date:
    return extent(event)[1]


# --- which events stand --------------------------------------------------------------------------


def order(event: Event) -> tuple[dt.datetime, bytes, bytes]:
    """ "By (`time`, `source`, `id`), strings bytewise"."""
    return event["time"], event["source"].encode(), event["id"].encode()


def name(event: Event) -> tuple[int, str, str]:
    return event["sender"], event["source"], event["id"]


def standing(log: Iterable[Event]) -> list[Event]:
    """The events that stand, of a whole log in any order."""
    log = list(log)
    events = {name(e): e for e in log if e["kind"] == "event"}
    retracted = {name(e) for e in log if e["kind"] == "retraction"}

    correctors: dict[tuple[int, str, str], list[Event]] = {}
    for later in events.values():
        if later.get("corrects") is None:
            continue
        named = events.get((later["sender"], later["source"], later["corrects"]))
        if named is None or named["metric"] != later["metric"] or order(later) <= order(named):
            continue
        correctors.setdefault(name(named), []).append(later)

    def is_corrected(event: Event) -> bool:
        """Directly or through a chain; links that were retracted only lead on."""
        return any(
            name(later) not in retracted or is_corrected(later)
            for later in correctors.get(name(event), ())
        )

    return [e for e in events.values() if name(e) not in retracted and not is_corrected(e)]


# --- which reports count -------------------------------------------------------------------------


def last_of_each_key(events: Iterable[Event], group: str, on: dt.date) -> list[Event]:
    """ "The last standing event of a key among those that count on the day"."""
    kept: dict[Any, Event] = {}
    for event in events:
        if group not in event["groups"] or last_day_covered(event) > on:
            continue
        days = (event["on"], event["on"]) if "on" in event else days_of(event["period"])
        key = (event["unit"], event["metric"], event.get("item"), days, group)
        if key not in kept or _rank(event) > _rank(kept[key]):
            kept[key] = event
    return list(kept.values())


def _rank(event: Event) -> Any:
    return last_day_covered(event), not event.get("estimate", False), order(event)


def never_twice(events: Iterable[Event], window: Days) -> list[Event]:
    """Of one unit's reports of one item: those that count in a window, no day twice."""
    inside = [e for e in events if window[0] <= extent(e)[0] and extent(e)[1] <= window[1]]
    taken, used = [], set[dt.date]()
    for best in sorted(inside, key=functools.cmp_to_key(_preferred)):
        days = every_day(*extent(best))
        if not days & used:
            used |= days
            taken.append(best)
    return taken


def _preferred(one: Event, two: Event) -> int:
    """Actuals before estimates, then the longest, then the earliest, then the later sent: below
    zero when the first goes before the second."""
    a, b = one.get("estimate", False), two.get("estimate", False)
    if a != b:
        return 1 if a else -1
    long_one, long_two = len(every_day(*extent(one))), len(every_day(*extent(two)))
    if long_one != long_two:
        return long_two - long_one
    if extent(one)[0] != extent(two)[0]:
        return -1 if extent(one)[0] < extent(two)[0] else 1
    return -1 if order(one) > order(two) else 1


def counted(question: Question, events: Sequence[Event], unit: str, on: dt.date) -> list[Event]:
    """A unit's reports that count for a question on a day."""
    mine = [e for e in _by_unit(events).get(unit, ()) if e["metric"] == question["metric"]]
    current = last_of_each_key(mine, question["group"], on)
    found: list[Event] = []
    for item in {e.get("item") for e in current}:
        of_item = [e for e in current if e.get("item") == item]
        if question["form"] == "period":
            found += never_twice(of_item, (question["window_from"], on))
        else:
            # "A state or snapshot from its `on` (the latest not after `as_of` holds)".
            found.append(max(of_item, key=lambda e: (e["on"], _rank(e))))
    return found


_grouped: dict[int, tuple[Sequence[Event], dict[str, list[Event]]]] = {}


def _by_unit(events: Sequence[Event]) -> dict[str, list[Event]]:
    """The same events by unit, found once for the list that is being asked about."""
    held = _grouped.get(id(events))
    if held is None or held[0] is not events:
        found: dict[str, list[Event]] = {}
        for event in events:
            found.setdefault(event["unit"], []).append(event)
        _grouped.clear()
        held = _grouped[id(events)] = (events, found)
    return held[1]


# --- units and what is expected ------------------------------------------------------------------


def units_of(log: Iterable[Event]) -> dict[str, Unit]:
    """Code → what was said of the unit, by day."""
    said: dict[str, dict[dt.date, Event]] = {}
    for entry in log:
        if entry["kind"] == "unit":
            said.setdefault(entry["code"], {})[entry["from"]] = entry
    found = {code: [days[day] for day in sorted(days)] for code, days in said.items()}
    for new, old in new_codes(log).items():
        # The same unit: what was said under the old code holds until the new one begins.
        begun = found[new][0]["from"]
        found[new] = [*(said for said in found.pop(old) if said["from"] < begun), *found[new]]
    return found


def new_codes(log: Iterable[Event]) -> dict[str, str]:
    """New code → the one it took the place of. At most one unit of a history gets a new code."""
    units = [entry for entry in log if entry["kind"] == "unit"]
    if not any(entry.get("succeeds") for entry in units):
        return {}
    first = {e["code"]: min(o["from"] for o in units if o["code"] == e["code"]) for e in units}
    return {
        e["code"]: e["succeeds"] for e in units
        if e.get("succeeds") in first and first[e["succeeds"]] < first[e["code"]]
    }  # fmt: skip


def under_new_codes(log: Sequence[Event]) -> list[Event]:
    """Every event and question as if the new code had been borne all along."""
    newest = {old: new for new, old in new_codes(log).items()}
    if not newest:
        return list(log)
    return [
        e | {"unit": newest.get(e["unit"], e["unit"])} if e["kind"] == "event" else e for e in log
    ]  # fmt: skip


def on_day(unit: Unit, day: dt.date) -> Event:
    """What held on a day; before it opened, what was said first."""
    if len(unit) == 1:
        return unit[0]
    return [unit[0], *(said for said in unit if said["from"] <= day)][-1]


def is_open(unit: Unit, day: dt.date) -> bool:
    opened: dt.date = unit[0]["from"]
    closed: dt.date | None = on_day(unit, day).get("closed")
    return opened <= day <= (closed or dt.date.max)


def in_scope(question: Question, unit: Unit, day: dt.date) -> bool:
    """The hospitals of the province, as they were; of one that has ended, as on its last day."""
    place, ends = question.get("place", "38"), question.get("ends", dt.date.max)
    said = on_day(unit, min(day, ends))
    return (said.get("province", "38"), said.get("type", "hospital")) == (place, "hospital")


def asked_on(question: Question, units: dict[str, Unit], on: dt.date) -> dict[str, Unit]:
    """ "The units in scope open on the day evaluated on"."""
    return {
        code: unit for code, unit in units.items()
        if in_scope(question, unit, on) and is_open(unit, on)
    }  # fmt: skip


def waived_days(log: Iterable[Event], unit: Unit, metric: str) -> set[dt.date]:
    """The days for which a unit, under whichever code, owes no report of a metric."""
    log, codes = list(log), {said["code"] for said in unit}
    gone = {entry["id"] for entry in log if entry["kind"] == "withdrawal"}
    days: set[dt.date] = set()
    for entry in log:
        if entry["kind"] != "waiver" or entry["unit"] not in codes or entry["id"] in gone:
            continue
        if entry["metric"] in (None, metric):
            days |= every_day(entry["from"], entry["to"])
    return days


def is_freed(period: Days, unit: Unit, waived: set[dt.date]) -> bool:
    """Whether waivers hold on each day of a period on which the unit was open."""
    days = {day for day in every_day(*period) if is_open(unit, day)} if waived else set()
    return bool(days) and days <= waived


def expected_periods(question: Question, unit: Unit, on: dt.date, known_day: dt.date) -> list[Days]:
    """Whole months in the window, ended by `on`, due by `known_day`, on any day of which it was
    in scope and open."""
    months = _months_due(question["window_from"], on, question["report_within"], known_day)
    return [
        month for month in months
        if any(in_scope(question, unit, day) and is_open(unit, day) for day in _in_order(month))
    ]  # fmt: skip


@functools.cache
def _months_due(start: dt.date, on: dt.date, within: int, known_day: dt.date) -> list[Days]:
    found = []
    for year in (2024, 2025, 2026):
        for month in range(1, 13):
            first, last = dt.date(year, month, 1), _last_of_month(year, month)
            if start <= first and last <= on and last + within * ONE_DAY <= known_day:
                found.append((first, last))
    return found


@functools.cache
def _in_order(days: Days) -> list[dt.date]:
    return sorted(every_day(*days))


def reported(reports: Iterable[Event], periods: Iterable[Days]) -> int:
    """How many are: "when counted extents cover all its days"."""
    days = set[dt.date]().union(*(every_day(*extent(report)) for report in reports))
    return sum(every_day(*period) <= days for period in periods)


# --- verdicts ------------------------------------------------------------------------------------


def meets(actual: Fraction, comparator: str, value: Fraction) -> bool:
    return {
        ">=": actual >= value,
        ">": actual > value,
        "<=": actual <= value,
        "<": actual < value,
        "=": actual == value,
    }[comparator]


def answer(question: Question, log: Sequence[Event], as_of: dt.date, known_day: dt.date) -> Answer:
    """The answer for all units of the log; `log` is what is known.

    `question`: kind, comparator, value, due, and for what units report: metric, form, group,
    numerator, denominator, window_from, report_within, min_reported; `achieved` (states) for a
    share of units, `each` (comparator, value) for share_meeting, `unit` and `item` for a task;
    `place` and `ends` where it is not province 38.
    """
    on = min(as_of, question["due"])
    events, units = standing(under_new_codes(log)), units_of(log)
    named = {old: new for new, old in new_codes(log).items()}
    if question.get("unit") in named:
        question = question | {"unit": named[question["unit"]]}
    metric = question.get("metric", "task")
    said = [entry for entry in log if entry["kind"] in ("waiver", "withdrawal")]
    free = {code: waived_days(said, unit, metric) for code, unit in units.items()}
    if question["kind"] == "task":
        # An event is about a registered unit, or it is refused: what comes earlier says nothing.
        return _task(question, [e for e in events if e["unit"] in units], units, on, free)
    if question["kind"] == "share_of_units":
        return _share_of_units(question, events, units, on, free)
    if question["kind"] == "share_meeting":
        return _share_meeting(question, events, units, on, known_day, free)
    return _sums(question, events, units, on, known_day, free)


class _Sums(NamedTuple):
    numerator: Fraction
    denominator: Fraction
    reports: int
    expected: int
    received: int
    waived: bool


def _of_unit(
    question: Question, events: Sequence[Event], code: str, unit: Unit, on: dt.date,
    known_day: dt.date, waived: set[dt.date],
) -> _Sums:  # fmt: skip
    """A report belongs to what the unit was on the last day that the report speaks of; what it
    reported while it was something else is no silence."""
    reports = counted(question, events, code, on)
    mine = [report for report in reports if in_scope(question, unit, extent(report)[1])]
    fields = [report["groups"][question["group"]] for report in mine]
    whole = question.get("denominator")
    asked = expected_periods(question, unit, on, known_day)
    periods = [period for period in asked if not is_freed(period, unit, waived)]
    window = (question["window_from"], on)
    open_days = bool(waived) and any(
        in_scope(question, unit, d) and is_open(unit, d) for d in every_day(*window)
    )
    return _Sums(
        _sum(f[question["numerator"]] for f in fields),
        _sum(f[whole] for f in fields) if whole else Fraction(0),
        len(mine),
        len(periods),
        reported(reports, periods),
        (open_days and is_freed(window, unit, waived)) or len(periods) < len(asked),
    )


def _sum(values: Iterable[Any]) -> Fraction:
    """Whole numbers or the text of decimals, exactly."""
    return Fraction(sum(v if isinstance(v, int) else Fraction(v) for v in values))


def _sums(
    question: Question, events: Sequence[Event], units: dict[str, Unit], on: dt.date,
    known_day: dt.date, free: Free,
) -> Answer:  # fmt: skip
    days = every_day(question["window_from"], on) | {on}
    units = {
        c: unit for c, unit in units.items() if any(in_scope(question, unit, day) for day in days)
    }
    each = [
        _of_unit(question, events, code, unit, on, known_day, free[code])
        for code, unit in units.items()
    ]
    found = _verdict_on_sums(question, each, bool(units))
    return found._replace(waived=sum(s.waived for s in each))


def _verdict_on_sums(question: Question, each: Sequence[_Sums], units: bool) -> Answer:
    expected, received = sum(s.expected for s in each), sum(s.received for s in each)
    if not any(s.reports for s in each):
        why = "no_report" if units else "no_unit_registered"
        return Answer("unknown", why, None, None, expected, received)
    numerator = sum((s.numerator for s in each), Fraction(0))
    denominator = sum((s.denominator for s in each), Fraction(0))
    enough = received >= question["min_reported"] * expected
    comparator, value = question["comparator"], question["value"]
    if question["kind"] == "total":
        met = meets(numerator, comparator, value)
        reached = met and comparator in (">=", ">")
        exceeded = not met and (comparator in ("<=", "<") or numerator > value)
        settled = reached or (exceeded and comparator in ("<=", "<", "="))
        if not enough and not settled:
            return Answer("unknown", "coverage", numerator, None, expected, received)
        return Answer("met" if met else "not_met", None, numerator, None, expected, received)
    if not enough:
        return Answer("unknown", "coverage", numerator, denominator, expected, received)
    if denominator == 0:
        return Answer(
            "not_applicable", "zero_denominator", numerator, denominator, expected, received
        )
    met = meets(100 * numerator / denominator, comparator, value)
    return Answer("met" if met else "not_met", None, numerator, denominator, expected, received)


def _share(
    question: Question, achieved: int, not_achieved: int, silent: int, spoke: bool,
    expected: int, received: int, waived: int,
) -> Answer:  # fmt: skip
    """Unknown exactly while the silent units could still turn the verdict."""
    whole = achieved + not_achieved + silent
    numerator = Fraction(achieved) if spoke else None
    denominator = Fraction(whole) if spoke else None
    could = {
        meets(Fraction(100 * (achieved + more), whole), question["comparator"], question["value"])
        for more in range(silent + 1)
    }
    if len(could) == 2:
        reason = "coverage" if spoke else "no_report"
        return Answer("unknown", reason, numerator, denominator, expected, received, waived)
    verdict = "met" if could == {True} else "not_met"
    return Answer(verdict, None, numerator, denominator, expected, received, waived)


def _share_of_units(
    question: Question, events: Sequence[Event], units: dict[str, Unit], on: dt.date, free: Free
) -> Answer:
    achieved = not_achieved = silent = waived = 0
    for code in asked_on(question, units, on):
        if on in free[code]:
            waived += 1
            continue
        states = [e["groups"]["state"]["state"] for e in counted(question, events, code, on)]
        if not states:
            silent += 1
        elif all(state in question["achieved"] for state in states):
            achieved += 1
        else:
            not_achieved += 1
    whole = achieved + not_achieved + silent
    if whole == 0:
        why = "no_report" if waived else "no_unit_registered"
        return Answer("unknown", why, None, None, 0, 0, waived)
    spoke = silent < whole
    return _share(question, achieved, not_achieved, silent, spoke, whole, whole - silent, waived)


def _share_meeting(
    question: Question, events: Sequence[Event], units: dict[str, Unit], on: dt.date,
    known_day: dt.date, free: Free,
) -> Answer:  # fmt: skip
    comparator, value = question["each"]
    achieved = not_achieved = silent = left = expected = received = waived = 0
    spoke = False
    for code, unit in asked_on(question, units, on).items():
        own = _of_unit(question, events, code, unit, on, known_day, free[code])
        waived += own.waived or on in free[code]
        if on in free[code]:
            continue
        enough = own.received >= question["min_reported"] * own.expected
        quiet = not own.reports or not enough
        if not quiet and own.denominator == 0:
            left += 1
            continue
        expected += max(1, own.expected)
        received += own.received if own.expected else int(not quiet)
        spoke = spoke or own.reports > 0
        if quiet:
            silent += 1
        elif meets(100 * own.numerator / own.denominator, comparator, value):
            achieved += 1
        else:
            not_achieved += 1
    if achieved + not_achieved + silent == 0:
        if left:
            return Answer("not_applicable", "zero_denominator", None, None, 0, 0, waived)
        why = "no_report" if waived else "no_unit_registered"
        return Answer("unknown", why, None, None, 0, 0, waived)
    return _share(question, achieved, not_achieved, silent, spoke, expected, received, waived)


def _task(
    question: Question, events: Sequence[Event], units: dict[str, Unit], on: dt.date, free: Free
) -> Answer:
    """ "The state is the measurement: done 1; not_started and in_progress 0"."""
    mine = [
        e for e in events
        if e["metric"] == "task" and e["item"] == question["item"]
        and e["unit"] == question["unit"] and e["on"] <= on
    ]  # fmt: skip
    if not mine:
        if question["unit"] not in units:  # "a scope without a registered unit"
            return Answer("unknown", "no_unit_registered", None, None, 0, 0)
        if on in free[question["unit"]] and is_open(units[question["unit"]], on):
            return Answer("unknown", "no_report", None, None, 0, 0, 1)
        return Answer("unknown", "no_report", None, None, 1, 0)
    newest = max(mine, key=lambda e: (e["on"], _rank(e)))
    state = newest["groups"]["state"]["state"]
    numerator, whole = Fraction(int(state == "done")), Fraction(1)
    if state == "waiting":
        return Answer("not_in_force", "condition", numerator, whole, 1, 1)
    if state == "cancelled":
        return Answer("not_in_force", "repealed", numerator, whole, 1, 1)
    return Answer("met" if state == "done" else "not_met", None, numerator, whole, 1, 1)


# --- since when ----------------------------------------------------------------------------------


def met_since(
    question: Question, log: Sequence[Event], as_of: dt.date, known_day: dt.date
) -> tuple[dt.date | None, int | None]:
    """ "The first day of the unbroken stretch in which it is met, looked for up to `as_of`", and
    how many days late: every day is asked, back to 1 January."""
    days_late = as_of > question["due"]
    end = min(as_of, question["due"])
    verdict = answer(question, log, end, known_day).verdict
    if verdict == "not_met" and days_late:
        end = as_of
    elif verdict != "met":
        return None, None
    since = None
    while end >= question["window_from"]:
        if answer(question | {"due": end}, log, end, known_day).verdict != "met":
            break
        since, end = end, end - ONE_DAY
    late = (since - question["due"]).days if since and verdict == "not_met" else None
    return since, late
