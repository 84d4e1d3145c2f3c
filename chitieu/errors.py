"""Everything that can be wrong with a request, as problems of RFC 9457. Pure.

A problem has a stable `code`, a status, and texts in both languages that say how to mend it. What
the sender wrote is never put into a text: only our own names and numbers are. The texts stand in
`chitieu.error_texts`; a service adds rows there, and its code says only code and values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from chitieu.error_texts import ALL, ProblemType

Language = Literal["vi", "en"]
Values = Mapping[str, str | int]

TYPE_BASE: Final = "urn:chitieu:problem:"
# An event with a hundred faults is told the first ones; the answer stays small.
MOST_FAULTS_TOLD: Final = 20


def _by_code(types: Iterable[ProblemType]) -> dict[str, ProblemType]:
    found: dict[str, ProblemType] = {}
    for kind in types:
        if kind.code in found:
            raise ValueError(f"two problems have the code {kind.code}")
        found[kind.code] = kind
    return found


PROBLEMS: Final[Mapping[str, ProblemType]] = _by_code(ALL)


class Fault(NamedTuple):
    """One thing wrong in an event: where (RFC 6901, relative to the event), what, our values."""

    pointer: str
    code: str
    values: Values = MappingProxyType({})


# Not frozen: whoever handles an exception sets its traceback and context.
@dataclass(eq=False)
class Problem(Exception):
    """What is answered instead of success. `faults` point into the event."""

    code: str
    values: Values = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    headers: Sequence[tuple[bytes, bytes]] = ()
    retry_after: int | None = None

    @property
    def status(self) -> int:
        """The HTTP status, the same for each problem of this code."""
        return PROBLEMS[self.code].status

    def body(self, language: Language) -> dict[str, Any]:
        """The members of application/problem+json."""
        kind = PROBLEMS[self.code]
        return {
            "type": TYPE_BASE + kind.code,
            "title": kind.title(language),
            "status": kind.status,
            "detail": kind.detail(language).format_map(self.values),
            "code": kind.code,
            "errors": [
                {
                    "pointer": fault.pointer,
                    "code": fault.code,
                    "detail": PROBLEMS[fault.code].detail(language).format_map(fault.values),
                }
                for fault in self.faults[:MOST_FAULTS_TOLD]
            ],
        }


def of_faults(faults: Sequence[Fault]) -> Problem:
    """The problem of an event: it is called by its first fault and lists all of them."""
    return Problem(faults[0].code, faults[0].values, faults)
