"""Civil days and reporting periods. Pure. Every range is inclusive at both ends.

A civil day is a day in Asia/Ho_Chi_Minh, which has had no daylight saving since 1975: a fixed
offset of seven hours.
"""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

VIETNAM = dt.timezone(dt.timedelta(hours=7))
FIRST_DAY = dt.date(1900, 1, 1)
LAST_DAY = dt.date(2200, 12, 31)
ONE_DAY = dt.timedelta(days=1)

_SPELLINGS = re.compile(
    r"(?P<year>\d{4})(?:-(?:H(?P<half>[12])|Q(?P<quarter>[1-4])|(?P<month>\d{2})(?:-(?P<day>\d{2}))?))?"
)
_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days `first` to `last`."""

    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        """The shortest spelling of these days, the same however they were sent."""
        return _spelling(self)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def holds(self, other: Period) -> bool:
        """True when every day of `other` lies in this period."""
        return self.first <= other.first and other.last <= self.last

    def meets(self, other: Period) -> bool:
        """True when the two share a day."""
        return self.first <= other.last and other.first <= self.last


def stretches_of(periods: Iterable[Period]) -> list[Period]:
    """Their days as disjoint stretches that do not touch, earliest first."""
    stretches: list[Period] = []
    for period in sorted(periods):
        if stretches and period.first <= stretches[-1].last + ONE_DAY:
            last = max(stretches[-1].last, period.last)
            stretches[-1] = Period(stretches[-1].first, last)
        else:
            stretches.append(period)
    return stretches


def covered(stretches: Iterable[Period], period: Period) -> bool:
    """True when one of such stretches holds every day of the period."""
    return any(stretch.holds(period) for stretch in stretches)


@functools.lru_cache(maxsize=4096)
def _spelling(days: Period) -> str:
    year, start = days.first.year, days.first.month
    for name, months in _MONTHS.items():
        if days == _span(year, start, months) and (start - 1) % months == 0:
            number = (start - 1) // months + 1
            return {
                "month": f"{year:04}-{start:02}",
                "quarter": f"{year:04}-Q{number}",
                "half": f"{year:04}-H{number}",
                "year": f"{year:04}",
            }[name]
    if days.first == days.last:
        return days.first.isoformat()
    return f"{days.first.isoformat()}/{days.last.isoformat()}"


def _span(year: int, month: int, months: int) -> Period:
    end = month + months - 1
    return (
        Period(dt.date(year, month, 1), dt.date(year, end, calendar.monthrange(year, end)[1]))
        if end <= 12
        else Period(dt.date(year, month, 1), dt.date(year, 12, 31))
    )


def parse_period(text: str) -> Period | None:
    """`2025`, `2025-H1`, `2025-Q1`, `2025-03`, `2025-03-31`, `2025-01-01/2025-05-31`, or None."""
    if "/" in text:
        first, _, last = text.partition("/")
        begin, end = parse_day(first), parse_day(last)
        return Period(begin, end) if begin and end and begin <= end else None
    match = _SPELLINGS.fullmatch(text)
    if not match or not text.isascii():
        return None
    year = int(match["year"])
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        return None
    if match["half"]:
        return _span(year, 6 * int(match["half"]) - 5, 6)
    if match["quarter"]:
        return _span(year, 3 * int(match["quarter"]) - 2, 3)
    if match["day"]:
        day = parse_day(text)
        return Period(day, day) if day else None
    if match["month"]:
        return _span(year, int(match["month"]), 1) if 1 <= int(match["month"]) <= 12 else None
    return _span(year, 1, 12)


def parse_day(text: str) -> dt.date | None:
    """An ISO day `2025-03-31` between 1900 and 2200, else None."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))"
)


def parse_instant(text: str) -> dt.datetime | None:
    """RFC 3339 with offset, as UTC with microseconds (further digits are cut); else None."""
    match = _INSTANT.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    micro = int((match[7] or "0").ljust(6, "0")[:6])
    offset = 0
    if match[9]:
        if int(match[10]) > 23 or int(match[11]) > 59:
            return None
        offset = (int(match[10]) * 60 + int(match[11])) * (1 if match[9] == "+" else -1)
    try:
        local = dt.datetime(year, month, day, hour, minute, second, micro, dt.UTC)
        instant = local - dt.timedelta(minutes=offset)
    except (ValueError, OverflowError):
        return None
    return instant if FIRST_DAY.year <= instant.year <= LAST_DAY.year else None


def civil_day(instant: dt.datetime) -> dt.date:
    """The day in Vietnam at that instant."""
    return instant.astimezone(VIETNAM).date()


def from_microseconds(known: int) -> dt.datetime:
    """Microseconds since 1970 as an instant in UTC, exactly."""
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=known)


def to_microseconds(instant: dt.datetime) -> int:
    """An instant as microseconds since 1970, exactly."""
    return (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def known_text(known: int) -> str:
    """A known time as answers print it: Vietnamese offset, six digits."""
    return from_microseconds(known).astimezone(VIETNAM).isoformat(timespec="microseconds")


def containing(cadence: str, day: dt.date) -> Period:
    """The period of that cadence (day, month, quarter, half, year) in which the day lies."""
    if cadence == "day":
        return Period(day, day)
    months = _MONTHS[cadence]
    start = (day.month - 1) // months * months + 1
    return _span(day.year, start, months)


@functools.lru_cache(maxsize=4096)
def whole_periods(cadence: str, window: Period) -> tuple[Period, ...]:
    """The whole periods of a cadence inside a window, earliest first; none for cadence `none`."""
    if cadence == "none":
        return ()
    found, day = [], window.first
    while day <= window.last:
        period = containing(cadence, day)
        if window.holds(period):
            found.append(period)
        day = period.last + dt.timedelta(days=1)
    return tuple(found)
