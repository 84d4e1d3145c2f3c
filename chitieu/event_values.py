"""The single values of an event: instants, days, texts, figures. Pure.

Each reader returns the value as it is stored, or None after adding a `Fault`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable
from decimal import Decimal
from difflib import get_close_matches
from json.encoder import encode_basestring
from typing import Any, Final, NamedTuple

from chitieu.errors import Fault, Values
from chitieu.periods import VIETNAM, parse_day, parse_instant, parse_period
from chitieu.text import decimal_text, has_forbidden_characters, looks_like_a_person, nfc

MAX_COUNT: Final = 10**12
MAX_AMOUNT: Final = 10**15
MAX_DECIMAL: Final = 10**12 - 1
MAX_IDENTITY_BYTES: Final = 256
_DECIMAL_DIGITS: Final = 12
_CACHED: Final = 20_000

_USUAL_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.(?:[0-9]{3}){1,2})?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,30})?")
_SAFE_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")

quote = encode_basestring
"""A text as JSON, as `json.dumps(..., ensure_ascii=False)` writes it."""


class Days(NamedTuple):
    """The days of a period or an `on`, ready to compare with an instant and to print."""

    text: str
    first: str
    last: str
    begins: dt.datetime
    last_begins: dt.datetime


_periods: dict[str, Days] = {}
_days: dict[str, Days] = {}
_instants: dict[str, tuple[dt.datetime, str]] = {}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=VIETNAM).astimezone(dt.UTC)


def period_days(text: str) -> Days | None:
    """A period however spelled; `text` is then its shortest spelling. The same few come often."""
    found = _periods.get(text)
    if found is None:
        period = parse_period(text) if len(text) <= 21 else None
        if period is None:
            return None
        found = Days(
            str(period), period.first.isoformat(), period.last.isoformat(),
            _midnight(period.first), _midnight(period.last),
        )  # fmt: skip
        if len(_periods) >= _CACHED:
            _periods.clear()
        _periods[text] = found
    return found


def on_day(text: str) -> Days | None:
    """A single day."""
    found = _days.get(text)
    if found is None:
        day = parse_day(text) if len(text) == 10 else None
        if day is None:
            return None
        begins = _midnight(day)
        found = Days(text, text, text, begins, begins)
        if len(_days) >= _CACHED:
            _days.clear()
        _days[text] = found
    return found


def instant(text: str) -> dt.datetime | None:
    """As `parse_instant`, which decides everything that is not spelled in the usual way."""
    if _USUAL_INSTANT.fullmatch(text) and text[:4] >= "1901" and text[:4] <= "2199":
        try:
            return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
        except ValueError:
            return None
    return parse_instant(text) if len(text) <= 40 else None


def written_instant(text: str) -> tuple[dt.datetime | None, str]:
    """An instant and how it is written canonically. A sender's batch repeats a few of them."""
    found = _instants.get(text)
    if found is None:
        time = instant(text)
        if time is None:
            return None, ""
        if len(_instants) >= _CACHED:
            _instants.clear()
        _instants[text] = found = (time, time.isoformat())
    return found


def pointer(*parts: str | int) -> str:
    """A JSON pointer into the event. A key that could hold anything is left out."""
    told = []
    for part in parts:
        if isinstance(part, str) and not _SAFE_KEY.fullmatch(part):
            break
        told.append(f"/{part}")
    return "".join(told)


def expected(vi: str, en: str) -> Values:
    """Values of `wrong_type` and `unknown_item`."""
    return {"expected_vi": vi, "expected_en": en}


TEXT: Final = expected("văn bản", "text")
OBJECT: Final = expected("một đối tượng JSON", "a JSON object")


def hint(given: object, known: Iterable[str]) -> Values:
    """Did you mean? Only our own names are said."""
    # Bounded: to compare takes as long as the square of the length.
    short = isinstance(given, str) and len(given) <= 100
    near = get_close_matches(str(given), list(known), 1, 0.6) if short else []
    if not near:
        return {"hint_vi": "", "hint_en": ""}
    return {"hint_vi": f" Có phải là {near[0]}?", "hint_en": f" Did you mean {near[0]}?"}


def text(value: Any, at: str, limit: int, faults: list[Fault], *, free: bool = True) -> str | None:
    """A text in NFC; `free` text must not look like a person's identifier."""
    if type(value) is not str:
        faults.append(Fault(at, "wrong_type", TEXT))
        return None
    # NFC may shorten, never by more than this; what is longer is not normalised at all.
    if len(value) > 4 * limit:
        faults.append(Fault(at, "too_long", _characters(limit)))
        return None
    composed = nfc(value)
    if not composed.strip():
        faults.append(Fault(at, "empty"))
    elif len(composed) > limit:
        faults.append(Fault(at, "too_long", _characters(limit)))
    elif has_forbidden_characters(composed):
        faults.append(Fault(at, "forbidden_characters"))
    elif free and looks_like_a_person(composed):
        faults.append(Fault(at, "looks_like_a_person"))
    else:
        return composed
    return None


def identity(value: Any, at: str, faults: list[Fault]) -> str | None:
    """A source or an id: at most 256 bytes."""
    if value is None:
        faults.append(Fault(at, "missing"))
        return None
    found = text(value, at, MAX_IDENTITY_BYTES, faults, free=False)
    if found is not None and len(found.encode()) > MAX_IDENTITY_BYTES:
        faults.append(
            Fault(at, "too_long", {"limit": MAX_IDENTITY_BYTES, "unit_vi": "byte",
                                   "unit_en": "bytes"})
        )  # fmt: skip
        return None
    return found


def _characters(limit: int) -> Values:
    return {"limit": limit, "unit_vi": "ký tự", "unit_en": "characters"}


def whole(value: Any, at: str, limit: int, faults: list[Fault]) -> int | None:
    """A whole number from 0 to `limit`: 1840, or 1840.0. A boolean is no number."""
    if type(value) is int and 0 <= value <= limit:
        return value
    # Bounds first: to print or convert 1E+999999 would take all memory.
    if type(value) is Decimal and 0 <= value <= limit:
        number = int(value) if value else 0
        if number == value:
            return number
    faults.append(Fault(at, "count_expected", {"limit": limit}))
    return None


def exact(value: Any, at: str, limit: int, faults: list[Fault]) -> str | None:
    """A decimal from 0 to `limit` with at most 12 digits each side, as canonical text."""
    number: Decimal | None = None
    if type(value) is Decimal:
        number = value
    elif (type(value) is str and _DECIMAL.fullmatch(value)) or type(value) is int:
        number = Decimal(value)
    if number is not None and 0 <= number <= limit:
        if not number:
            return "0"
        if number.adjusted() >= -_DECIMAL_DIGITS and len(number.as_tuple().digits) <= 60:
            written = decimal_text(number)
            if len(written.partition(".")[2]) <= _DECIMAL_DIGITS:
                return written
    faults.append(Fault(at, "decimal_expected", {"limit": limit}))
    return None


def flag(value: Any, at: str, faults: list[Fault]) -> bool | None:
    """True or false."""
    if value is True or value is False:
        return bool(value)
    faults.append(Fault(at, "boolean_expected"))
    return None


def choice(value: Any, at: str, allowed: Collection[str], faults: list[Fault]) -> str | None:
    """One of a few words."""
    if type(value) is str and value in allowed:
        return value
    faults.append(Fault(at, "unknown_state", {"allowed": ", ".join(allowed)}))
    return None
