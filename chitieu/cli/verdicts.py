"""What verdicts are called in tables: Vietnamese, English, style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chitieu.scoring.sentence import VERDICTS as WORDS

_STYLES: Final = {"met": "green", "not_met": "red", "unknown": "yellow"}
VERDICTS: Final[Mapping[str, tuple[str, str, str]]] = {
    name: (vi, en, _STYLES.get(name, "dim")) for name, (vi, en) in WORDS.items()
}
