"""The Vietnamese order of words, as sort keys. Pure.

The embedded database has no ICU and its byte order is wrong for Vietnamese (Ân after Ung, Đặng
after Y tế), so keys are made here, stored beside the names and compared as bytes. The order is
ICU's for `vi`: letters first (a ă â b c d đ e ê … o ô ơ … u ư …), then tones (ngang huyền hỏi ngã
sắc nặng), then case; and numbers by their value: Phường 2 before Phường 10.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ALPHABET: Final = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_TONES: Final = "\u0300\u0309\u0303\u0301\u0323"  # huyền hỏi ngã sắc nặng
_PIECE: Final = re.compile(r"[0-9]+|.", re.DOTALL)

# The first byte of each piece; a letter of the alphabet is that one byte.
_END: Final = 0x00
_SPACE: Final = 0x01
_MARK: Final = 0x02
_NUMBER: Final = 0x03
_LETTER: Final = 0x10
_OTHER_LETTER: Final = 0xF0

_NO_TONE: Final = 0x01
_OTHER_TONE: Final = 0x0F


def vietnamese_sort_key(text: str) -> bytes:
    """A key whose byte order is the Vietnamese order; NFC and NFD of a text have the same key.

    Texts may share a key when no Vietnamese rule parts them (1 and 01, ö and ő): who needs a total
    order sorts by (key, text).
    """
    letters = bytearray()
    tones = bytearray()
    cases = bytearray()
    for piece in _PIECE.findall(unicodedata.normalize("NFC", text)):
        if piece.isascii() and piece.isdigit():
            letters += _number(piece)
            continue
        letter, tone = _without_tone(piece)
        letters += _weight(letter.lower())
        tones.append(tone)
        cases.append(0x02 if letter != letter.lower() else 0x01)
    return bytes([*letters, _END, *tones, _END, *cases])


def _without_tone(character: str) -> tuple[str, int]:
    """The letter with its own mark (ă, ê, ơ) but without tone, and the weight of the tone."""
    tone = _NO_TONE
    kept = []
    for mark in unicodedata.normalize("NFD", character):
        if mark in _TONES:
            tone = _NO_TONE + 1 + _TONES.index(mark)
        else:
            kept.append(mark)
    letter = unicodedata.normalize("NFC", "".join(kept))
    if letter.lower() not in _ALPHABET and len(kept) > 1:  # a mark that Vietnamese does not know
        return kept[0], _OTHER_TONE
    return letter, tone


def _weight(letter: str) -> bytes:
    position = _ALPHABET.find(letter) if len(letter) == 1 else -1
    if position >= 0:
        return bytes([_LETTER + position])
    if letter.isspace():
        return bytes([_SPACE])
    first = _OTHER_LETTER if letter.isalnum() else _MARK
    return b"".join(bytes([first]) + ord(character).to_bytes(3) for character in letter)


def _number(digits: str) -> bytes:
    """By length, then by digits: the order of the values."""
    value = digits.lstrip("0")[:0xFF]
    return bytes([_NUMBER, len(value)]) + value.encode()
