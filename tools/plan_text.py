"""Work on the text of a source document: number its clauses, hash them, list what they print.

    python tools/plan_text.py hash DOCUMENT.txt 1889 1919     hash of lines 1889–1919
    python tools/plan_text.py tokens DOCUMENT.txt > out.csv   percentages, measured numbers, days
    python tools/plan_text.py tokens DOCUMENT.txt > out.csv   percentages, measures, days

The documents are not part of this repository; their names stand in each plan file.
"""

from __future__ import annotations

import csv
import hashlib
import re
import sys
import unicodedata
from pathlib import Path

MEASURES = (
    "ca/năm",
    "ca",
    "hồ sơ",
    "bệnh viện",
    "cơ sở",
    "đơn vị",
    "trạm",
    "máy",
    "triệu đồng",
    "tỷ đồng",
    "đồng",
    "người",
    "tài khoản",
    "TTHC",
    "dịch vụ",
    "lượt",
    "giao dịch",
    "hệ thống",
    "nhiệm vụ",
    "phòng",
    "thiết bị",
    "bộ",
    "điểm",
    "giờ",
    "tiếng",
    "km",
    "Mbps",
    "lớp",
    "TYT",
    "TTYT",
)
NUMBER = r"\d+(?:[.,]\d+)*"
PATTERNS = (
    ("percent", re.compile(NUMBER + r"\s*%|%\s*(?:≥\s*)?" + NUMBER)),
    (
        "day",
        re.compile(
            r"\d{1,2}/\d{1,2}/\d{4}|ngày\s+\d{1,2}\s+tháng\s+\d{1,2}(?:\s+năm\s+\d{4})?"
            r"|\d{1,2}/\d{1,2}(?!\d|/)|[Tt]háng\s+\d{1,2}(?:\s*(?:/|năm)\s*\d{4})?"
            r"|[Qq]uý\s+(?:IV|I{1,3}|[1-4])(?:\s*/\s*\d{4})?|[Nn]ăm\s+\d{4}"
        ),
    ),
    ("number", re.compile(NUMBER + r"\s*(?:" + "|".join(map(re.escape, MEASURES)) + r")\b")),
)


def clause(text: str, first: int, last: int) -> str:
    """Lines `first` to `last` (1-based, inclusive), NFC, blanks collapsed."""
    lines = text.split("\n")[first - 1 : last]
    return " ".join(unicodedata.normalize("NFC", " ".join(lines)).split())


def clause_hash(text: str, first: int, last: int) -> str:
    """SHA-256 of a clause, as plan files carry it."""
    return hashlib.sha256(clause(text, first, last).encode()).hexdigest()


def tokens(text: str) -> list[tuple[int, str, str]]:
    """(line, kind, token) of every percentage, day and measured number, in reading order."""
    found: list[tuple[int, str, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        taken: list[tuple[int, int]] = []
        here: list[tuple[int, str, str]] = []
        for kind, pattern in PATTERNS:
            for match in pattern.finditer(unicodedata.normalize("NFC", line)):
                if any(match.start() < end and start < match.end() for start, end in taken):
                    continue
                taken.append(match.span())
                here.append((match.start(), kind, " ".join(match.group().split())))
        found += [(number, kind, token) for _, kind, token in sorted(here)]
    return found


def rehash(plan: Path, text: str) -> None:
    """Rewrite each `sha256:` of a plan file from the `lines:` that stand above it in its row."""
    out, lines = [], None
    for line in plan.read_text(encoding="utf-8").split("\n"):
        match = re.match(r"^    lines: \[(\d+), (\d+)\]", line)
        if match:
            lines = (int(match[1]), int(match[2]))
        if re.match(r"^    sha256:", line) and lines:
            line = f"    sha256: {clause_hash(text, *lines)}"
        out.append(line)
    plan.write_text("\n".join(out), encoding="utf-8")


def main() -> None:
    match sys.argv[1:]:
        case ["hash", path, first, last]:
            print(clause_hash(Path(path).read_text(encoding="utf-8"), int(first), int(last)))
        case ["tokens", path]:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(["line", "kind", "token", "entry", "reason"])
            for number, kind, token in tokens(Path(path).read_text(encoding="utf-8")):
                writer.writerow([number, kind, token, "", ""])
        case ["rehash", plan, path]:
            rehash(Path(plan), Path(path).read_text(encoding="utf-8"))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
