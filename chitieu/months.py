"""Months of the log, by which what was accepted is kept apart, moved and archived. Pure.

The id of a batch begins with the civil month in which it was received: 2026110000004711 came in
November 2026. So the month of an entry is known before the entry has a position, and whoever has
its batch's id goes straight to its month.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, NamedTuple

from chitieu.periods import VIETNAM, to_microseconds

BATCHES_A_MONTH: Final = 10**10
_SPELLING: Final = re.compile(r"(\d{4})-(\d{2})")


class Month(NamedTuple):
    """A civil month in Vietnam; `str` gives `2026-11`."""

    year: int
    number: int

    def __str__(self) -> str:
        """ISO."""
        return f"{self.year:04}-{self.number:02}"

    @property
    def first_id(self) -> int:
        """No batch of this month has a smaller id; those of the next begin at its own."""
        return (self.year * 100 + self.number) * BATCHES_A_MONTH

    @property
    def begins(self) -> int:
        """Its first microsecond since 1970."""
        return to_microseconds(dt.datetime(self.year, self.number, 1, tzinfo=VIETNAM))

    def plus(self, months: int) -> Month:
        """So many months later."""
        years, index = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, index + 1)


def month_of(instant: dt.datetime) -> Month:
    """The month in which an instant lies."""
    day = instant.astimezone(VIETNAM)
    return Month(day.year, day.month)


def month_of_batch(batch: int) -> Month | None:
    """The month with which a batch's id begins; None for those from before ids did so."""
    year, number = divmod(batch // BATCHES_A_MONTH, 100)
    return Month(year, number) if year else None


def parse_month(text: str) -> Month | None:
    """`2026-11`; None for anything else."""
    found = _SPELLING.fullmatch(text)
    if found is None:
        return None
    month = Month(int(found[1]), int(found[2]))
    return month if 1900 <= month.year <= 2200 and 1 <= month.number <= 12 else None
