"""What verdicts are called in tables: Vietnamese, English, style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VERDICTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "met": ("Đạt", "Met", "green"),
    "not_met": ("Chưa đạt", "Not met", "red"),
    "unknown": ("Chưa rõ", "Unknown", "yellow"),
    "not_applicable": ("Không áp dụng", "Not applicable", "dim"),
    "not_in_force": ("Chưa hiệu lực", "Not in force", "dim"),
}
