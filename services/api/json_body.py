"""A request's JSON body: bounded, strict, one object. What is in it is read by the operation."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request

from chitieu.cloudevents import check_depth, read_events
from chitieu.errors import Fault, Problem
from chitieu.text import has_forbidden_characters, looks_like_a_person, nfc
from chitieu.web import read_body

_LIMIT: Final = 64 << 10
_DEPTH: Final = 8
_TEXT_MAX: Final = 300


async def object_of(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Problems 400, 413, 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or request.headers.get("content-encoding"):
        raise Problem("json_required")
    body = await read_body(request.scope, request.receive, _LIMIT)
    # The parser of events, with the same problems for the same faults.
    value: dict[str, Any] = read_events("structured", (), body).events[0]
    check_depth(value, _DEPTH)
    return value


class Fields:
    """Reads fields one by one, collects what is wrong, and refuses what it was not asked for."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body
        self._asked: set[str] = set()
        self.faults: list[Fault] = []

    def fault(self, name: str, code: str, **values: str | int) -> None:
        """Something is wrong with a field."""
        self.faults.append(Fault(f"/{name}", code, values))

    def text(self, name: str, *, required: bool = False, limit: int = _TEXT_MAX) -> str | None:
        """Short free text in NFC, without control characters and persons' identifiers."""
        value = self._value(name, required)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fault(name, "wrong_type", expected_vi="văn bản", expected_en="text")
            return None
        value = nfc(value)
        if not value.strip():
            self.fault(name, "empty")
        elif len(value) > limit:
            self.fault(name, "too_long", limit=limit, unit_vi="ký tự", unit_en="characters")
        elif has_forbidden_characters(value):
            self.fault(name, "forbidden_characters")
        elif looks_like_a_person(value):
            self.fault(name, "looks_like_a_person")
        else:
            return value
        return None

    def flag(self, name: str) -> bool:
        """A boolean, false when absent."""
        value = self._value(name, False)
        if value is not None and not isinstance(value, bool):
            self.fault(name, "boolean_expected")
        return value is True

    def texts(self, name: str) -> list[str]:
        """A list of short texts, empty when absent."""
        value = self._value(name, False)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.fault(name, "wrong_type", expected_vi="mảng văn bản", expected_en="array of text")
            return []
        if len(value) > _TEXT_MAX:
            self.fault(name, "too_many", limit=_TEXT_MAX)
            return []
        return [nfc(v) for v in value]

    def given(self, name: str) -> bool:
        """Whether a field stands there at all."""
        return name in self._body

    def finish(self) -> None:
        """Raise the first fault with all of them; fields that nobody asked for are faults too."""
        unknown = sum(1 for name in self._body if name not in self._asked)
        if unknown:
            allowed = ", ".join(sorted(self._asked))
            # The unknown name is the sender's text, so it is not repeated.
            self.faults.append(Fault("", "unexpected_field", {"allowed": allowed}))
        if self.faults:
            first = self.faults[0]
            raise Problem(first.code, first.values, self.faults)

    def _value(self, name: str, required: bool) -> Any:
        self._asked.add(name)
        value = self._body.get(name)
        if value is None and required:
            self.fault(name, "missing")
        return value
