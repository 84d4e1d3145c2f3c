"""Rows as a file that a spreadsheet opens. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence


def csv_of(rows: Sequence[Sequence[object]]) -> str:
    """Rows as CSV that Excel reads: UTF-8 with BOM, CRLF."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [["" if cell is None else _safe(str(cell)) for cell in row] for row in rows]
    )
    return "\ufeff" + out.getvalue()


def _safe(cell: str) -> str:
    # A spreadsheet runs a cell that begins like a formula. A bare "-" is a printed dash.
    return (
        f"'{cell}" if cell[:1] in ("=", "+", "@") or (cell[:1] == "-" and len(cell) > 1) else cell
    )
