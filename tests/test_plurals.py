"""English counts one thing in the singular."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chitieu.text import plural

ROOT = Path(__file__).resolve().parents[1]
# A number that a program fills in, and a noun that does not know of it.
_DEAF = re.compile(
    r"\{[^{}]*\} (?:new |log )?(?:reports|messages|units|results|entries|rows|closings|partitions"
    r"|targets|plans|changes|copies)\b"
)


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 entries"), (1, "1 entry"), (2, "2 entries"), (21, "21 entries")],
)
def test_one_is_singular(count: int, told: str) -> None:
    assert plural(count, "entry", "entries") == told
    assert plural(count, "report") == (f"{count} report" if count == 1 else f"{count} reports")


def test_no_text_has_a_plural_beside_a_bare_number() -> None:
    files = [path for top in ("chitieu", "services") for path in (ROOT / top).rglob("*.py")]
    assert len(files) > 200
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files if path.name != "error_texts.py"  # its limits are never one
        for match in _DEAF.finditer(path.read_text())
    ]  # fmt: skip
    assert found == []
