"""What a fault of the catalogue is, before and after its place in a file is known. Pure.

Rules give a `Flaw`: an entry (`("plan", "br-vt-2025")`), a path of keys inside it, a code of
`wording` and the facts. The loader finds line and column and makes it a `Fault` for people.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from chitieu.catalogue.model import Text
from chitieu.catalogue.plan_wording import PLAN_WORDING
from chitieu.catalogue.scheme_wording import SCHEME_WORDING
from chitieu.catalogue.wording import FILE_WORDING, Wording

Language = Literal["vi", "en"]
Step = str | int
Path = tuple[Step, ...]
EntryKey = tuple[str, str]
Position = tuple[int, int]

WORDING: Final[Mapping[str, Wording]] = {**FILE_WORDING, **PLAN_WORDING, **SCHEME_WORDING}
# So many names are listed in a hint when none is near; more would bury it.
_LISTED_MAX: Final = 16


class Both(NamedTuple):
    """A fact that reads differently in the two languages."""

    vi: str
    en: str


Fact = str | int | Both


@dataclass(frozen=True, slots=True)
class Flaw:
    """A fault that does not know its file yet.

    `known` is what could have stood instead of the fact `found`; `at_key` points at the key of
    the last step rather than at its value.
    """

    entry: EntryKey
    path: Path
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    known: Collection[str] = ()
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Here:
    """A place inside an entry, from which flaws are made."""

    entry: EntryKey
    path: Path = ()

    def at(self, *steps: Step) -> Here:
        """A place further in."""
        return Here(self.entry, (*self.path, *steps))

    def flaw(
        self, code: str, *, known: Collection[str] = (), at_key: bool = False, **facts: Fact
    ) -> Flaw:
        """A flaw at this place."""
        return Flaw(self.entry, self.path, code, facts, known, at_key)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where (line and column from 1), and how to mend it."""

    file: str
    line: int
    column: int
    code: str
    message: Text
    hint: Text
    excerpt: str = ""

    def to_wire(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": self.message.model_dump(),
            "hint": self.hint.model_dump(),
        }

    def render(self, language: Language) -> str:
        """For a terminal: `file:line:column: code: message`, the line with a caret, the hint."""
        message: str = getattr(self.message, language)
        hint: str = getattr(self.hint, language)
        lines = [f"{self.file}:{self.line}:{self.column}: {self.code}: {message}"]
        if self.excerpt:
            shown, caret = _window(self.excerpt, self.column)
            lines += [f"    {shown}", f"    {' ' * caret}^"]
        return "\n".join([*lines, f"    → {hint}"])


def fault_at(
    file: str, lines: tuple[str, ...], position: Position, code: str,
    facts: Mapping[str, Fact], known: Collection[str] = (),
) -> Fault:  # fmt: skip
    """A fault at a position, with its texts and the line of the file that it stands in."""
    line, column = position
    message, hint = message_and_hint(code, facts, known)
    excerpt = lines[line - 1] if 0 < line <= len(lines) else ""
    return Fault(file, line, column, code, message, hint, excerpt)


def message_and_hint(
    code: str, facts: Mapping[str, Fact], known: Collection[str] = ()
) -> tuple[Text, Text]:
    """The two texts of a fault; KeyError when the code or a fact that it needs is unknown."""
    wording = WORDING[code]
    near = nearest(str(facts.get("found", "")), known)
    offered = near or _listed(known)
    vi = {name: fact.vi if isinstance(fact, Both) else fact for name, fact in facts.items()}
    en = {name: fact.en if isinstance(fact, Both) else fact for name, fact in facts.items()}
    hint_vi, hint_en = wording.hint_vi.format(**vi), wording.hint_en.format(**en)
    if near:
        hint_vi, hint_en = f"Ý bạn là “{near}”? {hint_vi}", f"Did you mean “{near}”? {hint_en}"
    elif offered:
        hint_vi, hint_en = f"Có: {offered}. {hint_vi}", f"Known: {offered}. {hint_en}"
    return (
        Text(vi=wording.vi.format(**vi), en=wording.en.format(**en)),
        Text(vi=hint_vi.strip(), en=hint_en.strip()),
    )


def nearest(found: str, known: Collection[str]) -> str | None:
    """The name that was probably meant, if any is near enough."""
    near = difflib.get_close_matches(found, known, n=1, cutoff=0.6)
    return near[0] if near else None


def shown(value: object) -> str:
    """A value as a message quotes it: short, on one line."""
    plain = isinstance(value, (str, Decimal))
    text = " ".join((str(value) if plain else repr(value)).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def described(value: object) -> Fact:
    """A value of a file with its type, for a fault of type."""
    match value:
        case None:
            return Both("trống (null)", "empty (null)")
        case bool():
            return Both(f"{str(value).lower()}", f"{str(value).lower()}")
        case int() | float():
            return Both(f"số {value}", f"the number {value}")
        case str():
            return Both(f"văn bản “{shown(value)}”", f"the text “{shown(value)}”")
        case list():
            return Both("danh sách", "a list")
        case _:
            return Both("các cặp khoá: giá trị", "a mapping")


def _listed(known: Collection[str]) -> str:
    return ", ".join(known) if len(known) <= _LISTED_MAX else ""


def _window(line: str, column: int, width: int = 96) -> tuple[str, int]:
    """The part of a long line around a column, and where the column lies in it."""
    line = "".join(character if character.isprintable() else "·" for character in line)
    start = max(0, min(column - 1 - width // 3, len(line) - width))
    if start == 0:
        lead = len(line) - len(line.lstrip())
        start = lead if lead < column else 0
    return line[start : start + width].rstrip(), column - 1 - start
