"""Text and figures as people write them. Pure: NFC, hostile characters, Vietnamese numbers."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
# Invisible or direction-changing characters that make two texts look alike.
_HIDDEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# Identifiers of a person: identity card, insurance card, telephone.
_PERSON = (
    re.compile(r"(?<![0-9])[0-9](?:[ .-]?[0-9]){11}(?![0-9])"),
    re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[ ]?[0-9](?:[ .-]?[0-9]){12}(?![0-9])"),
    re.compile(r"(?<![0-9])(?:\+?84|0)[ .-]?[35789](?:[ .-]?[0-9]){8}(?![0-9])"),
)


def nfc(text: str) -> str:
    """The text in NFC, as everything is stored."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def has_forbidden_characters(text: str) -> bool:
    """Control characters, lone surrogates, or invisible characters that disguise a text."""
    return bool(_CONTROL.search(text) or _HIDDEN.search(text))


def looks_like_a_person(text: str) -> bool:
    """True when a free text holds what looks like a person's identifier."""
    return any(pattern.search(text) for pattern in _PERSON)


def decimal_text(value: Decimal | int) -> str:
    """A plain decimal without exponent or trailing zeros: `85`, `0.5`."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def fixed(value: Decimal, digits: int) -> Decimal:
    """Rounded half up to that many digits."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def vietnamese(value: Decimal | int, digits: int | None = None) -> str:
    """`1.118.430` or `86,51`: dots between thousands, comma before decimals."""
    number = fixed(Decimal(value), digits) if digits is not None else Decimal(value)
    text = f"{number:,f}" if digits is not None else f"{Decimal(decimal_text(number)):,f}"
    return text.replace(",", " ").replace(".", ",").replace(" ", ".")


def english(value: Decimal | int, digits: int | None = None) -> str:
    """`1,118,430` or `86.51`."""
    number = fixed(Decimal(value), digits) if digits is not None else Decimal(decimal_text(value))
    return f"{number:,f}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 report`, `2 reports`, `0 entries`; English alone, Vietnamese nouns have one form."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
