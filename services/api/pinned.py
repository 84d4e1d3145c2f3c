"""What fixes an answer: a day, a known time, and the position they stand for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from chitieu.periods import civil_day, from_microseconds, known_text
from chitieu.scoring.card import Pin


@dataclass(frozen=True, slots=True)
class Horizon:
    """Everything up to `seq` counts. `known` is the instant that was asked, if one was."""

    epoch: int
    seq: int
    known: int | None


@dataclass(frozen=True, slots=True)
class Pinned:
    """A pair with its position."""

    as_of: dt.date
    known: int
    seq: int
    position: str

    @property
    def pin(self) -> Pin:
        return Pin(self.as_of, self.known, self.position)

    @property
    def known_at(self) -> str:
        return known_text(self.known)

    @property
    def known_day(self) -> dt.date:
        """The civil day of the known time: what was due by then is expected."""
        return civil_day(from_microseconds(self.known))
