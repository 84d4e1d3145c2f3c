"""Coverage: for each document, every percentage, measured number and day, and what records it.

`catalogue/coverage/<document>.csv` has a line for each: line, kind, token, entry, reason. An entry
is a target's id, `plan:<name>`, `result:<row key>`, `row:<row key>` or `reporting:<period>`.
Pure: bytes in, rows and faults out, and the page `docs/catalogue-coverage.md`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chitieu.catalogue.catalogue import Catalogue, targets_of
from chitieu.catalogue.faults import Fact, Fault, fault_at
from chitieu.catalogue.model import Plan
from chitieu.text import nfc

COLUMNS: Final = ("line", "kind", "token", "entry", "reason")
KINDS: Final = {"percent": "percentages", "number": "measured numbers", "day": "days"}
Lines = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One token of a document. `at` is its line in the CSV; `entry` or `reason` may be blank."""

    at: int
    line: int
    kind: str
    token: str
    entry: str
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """One CSV. `document` is the file's name without suffix; `text` its lines, for excerpts."""

    file: str
    document: str
    text: tuple[str, ...]
    rows: tuple[CoverageRow, ...]
    faults: tuple[Fault, ...]


@dataclass(slots=True)
class _Entry:
    """Something that may record a token. `places`: the lines it holds; None for any line."""

    address: str
    places: list[Lines] | None


_Entries = dict[str, _Entry]


def read_coverage(content: bytes, file: str, document: str) -> Coverage:
    """A CSV's rows; lines that are not made of the five columns are faults and left out."""
    try:
        text = nfc(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        facts: dict[str, Fact] = {"found": f"0x{content[error.start]:02X}"}
        line = content[: error.start].count(b"\n") + 1
        return Coverage(file, document, (), (), (fault_at(file, (), (line, 1), "not_utf8", facts),))
    lines = tuple(text.split("\n"))
    rows: list[CoverageRow] = []
    faults: list[Fault] = []
    reader = csv.reader(io.StringIO(text, newline=""))
    for number, cells in enumerate(reader, start=1):
        at = reader.line_num
        is_header = number == 1
        if not (tuple(cells) == COLUMNS if is_header else _is_row(cells)):
            wanted: dict[str, Fact] = {"expected": ", ".join(COLUMNS)}
            faults.append(fault_at(file, lines, (at, 1), "coverage_columns", wanted))
        elif not is_header:
            in_document, kind, token, entry, reason = cells
            row = CoverageRow(at, int(in_document), kind, token, entry.strip(), reason.strip())
            rows.append(row)
    return Coverage(file, document, lines, tuple(rows), tuple(faults))


def coverage_faults(catalogue: Catalogue, coverage: Coverage) -> Iterator[Fault]:
    """Everything wrong with a document's coverage, its unreadable lines first."""
    yield from coverage.faults
    plans = plans_of(catalogue, coverage.document)
    if not plans:
        documents = sorted({plan.document for plan in catalogue.plans.values()})
        yield fault_at(
            coverage.file, coverage.text, (1, 1), "coverage_document",
            {"found": coverage.document}, documents,
        )  # fmt: skip
        return
    entries = _entries(plans)
    for row in coverage.rows:
        yield from _row_faults(row, coverage, entries)


def plans_of(catalogue: Catalogue, document: str) -> list[Plan]:
    """The plans that cite a document, by name; one document may hold several."""
    return [plan for plan in catalogue.plans.values() if plan.document == document]


def render(catalogue: Catalogue, coverages: Iterable[Coverage]) -> str:
    """The page `docs/catalogue-coverage.md`: a summary, then every token of every document."""
    ordered = sorted(coverages, key=lambda coverage: coverage.document)
    parts = [_HEAD, *_summary(catalogue, ordered)]
    for coverage in ordered:
        parts += ["", *_section(catalogue, coverage)]
    return "\n".join(parts) + "\n"


def _is_row(cells: Sequence[str]) -> bool:
    if len(cells) != len(COLUMNS) or cells[1] not in KINDS:
        return False
    return cells[0].isascii() and cells[0].isdigit()


def _row_faults(row: CoverageRow, coverage: Coverage, entries: _Entries) -> Iterator[Fault]:
    if bool(row.entry) == bool(row.reason):
        yield _fault(coverage, row, 2, "coverage_entry_or_reason", {"found": row.token})
        return
    if not row.entry:
        return
    if row.entry not in entries:
        yield _fault(coverage, row, 3, "coverage_entry", {"found": row.entry}, list(entries))
        return
    places = entries[row.entry].places
    if places is not None and not any(first <= row.line <= last for first, last in places):
        shown = ", ".join(f"[{first}, {last}]" for first, last in places)
        facts: dict[str, Fact] = {"found": row.line, "lines": shown, "entry": row.entry}
        yield _fault(coverage, row, 0, "coverage_lines", facts)


def _fault(
    coverage: Coverage, row: CoverageRow, cell: int, code: str, facts: dict[str, Fact],
    known: Sequence[str] = (),
) -> Fault:  # fmt: skip
    line = coverage.text[row.at - 1] if row.at <= len(coverage.text) else ""
    position = (row.at, _column_of(line, cell))
    return fault_at(coverage.file, coverage.text, position, code, facts, known)


def _column_of(line: str, cell: int) -> int:
    """Where a cell of a CSV line begins, from 1."""
    quoted, passed = False, 0
    for column, character in enumerate(line, start=1):
        if passed == cell:
            return column
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            passed += 1
    return max(1, len(line))


def _entries(plans: Sequence[Plan]) -> _Entries:
    """What may record a token of the document that these plans cite."""
    entries: _Entries = {}
    for plan in plans:
        entries[f"plan:{plan.name}"] = _Entry(plan.title.en, None)
        for target in targets_of(plan):
            _add(entries, target.id, target.row.clause, target.row.lines)
        for row in plan.rows:
            _add(entries, f"row:{row.key}", row.clause, row.lines)
            if row.results:
                printed = (result.lines for result in row.results)
                _add(entries, f"result:{row.key}", row.clause, row.lines, *printed)
        for day in plan.reporting:
            _add(entries, f"reporting:{day.period}", day.printed, day.lines)
    return entries


def _add(entries: _Entries, name: str, address: str, *places: Lines) -> None:
    # Two plans of one document may use one row key, and a period may be reported on twice: either
    # then records the token.
    entry = entries.setdefault(name, _Entry(address, []))
    entry.places = [*(entry.places or []), *places]


_HEAD: Final = """\
# Coverage of the documents

Generated by `python -m chitieu.catalogue.generate` from `catalogue/coverage`; do not edit. For each
document, every percentage, every number with a measure and every day that its text prints, with the
entry of the catalogue that records it, or the reason why none does. Line numbers are those of the
document's extracted text.
"""


def _summary(catalogue: Catalogue, coverages: Sequence[Coverage]) -> Iterator[str]:
    kinds = " | ".join(KINDS.values())
    yield f"| document | plans | {kinds} | tokens | recorded | with a reason |"
    yield "|---|---|" + "--:|" * (len(KINDS) + 3)
    rows = [row for coverage in coverages for row in coverage.rows]
    for coverage in coverages:
        plans = ", ".join(f"`{plan.name}`" for plan in plans_of(catalogue, coverage.document))
        link = f"[{coverage.document}](#{coverage.document})"
        yield f"| {link} | {plans} | {_counts(coverage.rows)} |"
    yield f"| all | | {_counts(rows)} |"


def _counts(rows: Sequence[CoverageRow]) -> str:
    counts = [sum(row.kind == kind for row in rows) for kind in KINDS]
    recorded = sum(bool(row.entry) for row in rows)
    return " | ".join(str(n) for n in (*counts, len(rows), recorded, len(rows) - recorded))


def _section(catalogue: Catalogue, coverage: Coverage) -> Iterator[str]:
    plans = plans_of(catalogue, coverage.document)
    entries = _entries(plans)
    yield f"## {coverage.document}"
    yield ""
    for plan in plans:
        yield f"- `{plan.name}`: {plan.title.vi} ({plan.issuer}, {plan.issued})"
    yield ""
    yield "| line | kind | token | recorded by | reason why not |"
    yield "|--:|---|---|---|---|"
    for row in coverage.rows:
        recorded = entries.get(row.entry)
        entry = f"`{row.entry}` ({_cell(recorded.address)})" if recorded else row.entry
        yield f"| {row.line} | {row.kind} | {_cell(row.token)} | {entry} | {_cell(row.reason)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
