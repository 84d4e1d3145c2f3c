"""Numbers as documents print them, with the separators they use. Pure; exact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

# A number that is not part of a code or a day: 252/SYT, 31/3/2025 and 3532/QĐ are none.
_NUMBER: Final = re.compile(r"(?<![\w./,-])[0-9]++(?:[.,][0-9]++)*+(?![\w/-])")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*")
_FRACTION: Final = re.compile(r"[0-9]+([.,])(?:[0-9]{1,2}|[0-9]{4,})")

Role = Literal["thousands", "fraction"]


@dataclass(frozen=True, slots=True)
class Printed:
    """A number with a separator: what that separator seems to part there."""

    text: str
    separator: str
    role: Role


def separated(text: str) -> Iterator[Printed]:
    """The numbers in a text that have a separator of one role, in their order."""
    for match in _NUMBER.finditer(text):
        number = match[0]
        if grouped := _GROUPED.fullmatch(number):
            yield Printed(number, grouped[1], "thousands")
        elif fraction := _FRACTION.fullmatch(number):
            yield Printed(number, fraction[1], "fraction")


def readings(text: str) -> tuple[Decimal, ...]:
    """What a count's cell may say, the likeliest first; none when it is not a number.

    A point or comma before three digits parts thousands. Anywhere else it either parts a fraction
    or stands in a wrong place: 3.77 is 3.77 or 377.
    """
    number = text.strip()
    if not re.fullmatch(r"[0-9]+(?:[.,][0-9]+)*", number):
        return ()
    whole = Decimal(re.sub(r"[.,]", "", number))
    if number.isdigit() or _GROUPED.fullmatch(number):
        return (whole,)
    if _FRACTION.fullmatch(number):
        return (Decimal(number.replace(",", ".")), whole)
    return (whole,)
