"""CloudEvents 1.0 over HTTP: structured, batched and binary mode into raw events. Pure.

What is wrong with a request as a whole is a `Problem` here; what is wrong with one event is left
to `chitieu.events`. There is one parser, and nobody parses the bytes again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import jiter

from chitieu.errors import Problem

MAX_EVENTS: Final = 5_000
MAX_BODY_BYTES: Final = 4 << 20
MAX_EVENT_BYTES: Final = 64 << 10
MAX_DEPTH: Final = 32

STRUCTURED: Final = "application/cloudevents+json"
BATCHED: Final = "application/cloudevents-batch+json"
PLAIN: Final = "application/json"
ACCEPT_POST: Final = (b"accept-post", f"{STRUCTURED}, {BATCHED}, {PLAIN}".encode())

Mode = Literal["structured", "batched", "binary"]
Headers = Sequence[tuple[bytes, bytes]]

_REQUIRED: Final = frozenset({b"ce-specversion", b"ce-id", b"ce-source", b"ce-type"})
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})?")
_QUOTED_PAIR: Final = re.compile(rb"\\(.)")
_PARAMETER: Final = re.compile(r"charset=\"?utf-?8\"?", re.IGNORECASE)
_PLACE: Final = re.compile(r" at line (\d+) column (\d+)$")


@dataclass(frozen=True, slots=True)
class RawEvents:
    """The events of one request, as parsed. `too_large`: a single one over its size limit.

    `depth` is how deep one of them may be, for `check_depth`.
    """

    events: list[Any]
    depth: int
    too_large: bool = False


def mode_of(headers: Headers) -> Mode:
    """Which of the three modes a request is in. Problems of status 415."""
    content_type: bytes | None = None
    names = set()
    for name, value in headers:
        names.add(name)
        if name == b"content-encoding":
            raise Problem("content_encoding_unsupported", headers=[ACCEPT_POST])
        if name == b"content-type":
            if content_type is not None:
                raise _unsupported()
            content_type = value
    kind, _, parameters = (content_type or b"").decode("latin-1").partition(";")
    kind = kind.strip().lower()
    for parameter in parameters.split(";"):
        if parameter.strip() and not _PARAMETER.fullmatch(parameter.strip()):
            raise _unsupported()
    if kind == STRUCTURED:
        return "structured"
    if kind == BATCHED:
        return "batched"
    if kind == PLAIN and names >= _REQUIRED:
        return "binary"
    raise _unsupported()


def read_events(mode: Mode, headers: Headers, body: bytes) -> RawEvents:
    """The raw events of a body. Problems of status 400 and 413."""
    if not body or (len(body) < 1_000 and not body.strip(b" \t\r\n")):
        raise Problem("body_empty")
    if mode == "binary":
        attributes = _from_headers(headers)
        data = _parse(body)
        if type(data) is not dict:
            raise Problem("object_expected")
        attributes["data"] = data
        return RawEvents([attributes], MAX_DEPTH + 1, len(body) > MAX_EVENT_BYTES)
    parsed = _parse(body)
    if mode == "structured":
        if type(parsed) is not dict:
            raise Problem("object_expected")
        return RawEvents([parsed], MAX_DEPTH, len(body) > MAX_EVENT_BYTES)
    if type(parsed) is not list:
        raise Problem("array_expected")
    if len(parsed) > MAX_EVENTS:
        raise Problem("batch_too_large", {"limit": MAX_EVENTS})
    return RawEvents(parsed, MAX_DEPTH - 1)


def check_depth(value: Any, allowed: int) -> None:
    """Problem `too_deep` beyond `allowed` levels. Level by level, so that it cannot blow up.

    A valid event is three deep, so only events that are refused need to be looked at.
    """
    level: list[Any] = [value]
    for _ in range(allowed):
        inner: list[Any] = []
        for member in level:
            if type(member) is dict:
                inner.extend(v for v in member.values() if type(v) in (dict, list))
            elif type(member) is list:
                inner.extend(v for v in member if type(v) in (dict, list))
            else:
                continue
        if not inner:
            return
        level = inner
    raise Problem("too_deep", {"limit": MAX_DEPTH})


def _parse(body: bytes) -> Any:
    try:
        return jiter.from_json(
            body, allow_inf_nan=False, catch_duplicate_keys=True, float_mode="decimal"
        )
    except (ValueError, ArithmeticError) as error:
        raise _parse_problem(body, str(error)) from None


def _parse_problem(body: bytes, said: str) -> Problem:
    """The parser's words end in a place; a key that they quote is not repeated."""
    place = _PLACE.search(said)
    where = {"line": int(place[1]), "column": int(place[2])} if place else {"line": 1, "column": 1}
    if said.startswith("recursion limit"):
        return Problem("too_deep", {"limit": MAX_DEPTH})
    try:
        body.decode()
    except UnicodeDecodeError:
        return Problem("not_utf8")
    if body.startswith(b"\xef\xbb\xbf"):
        return Problem("not_utf8")
    if said.startswith("Detected duplicate key"):
        return Problem("duplicate_key", where)
    return Problem("not_json", where)


def _from_headers(headers: Headers) -> dict[str, Any]:
    """The attributes of binary mode; Content-Type is their datacontenttype."""
    attributes: dict[str, Any] = {}
    for name, value in headers:
        if name[:3] != b"ce-":
            continue
        attribute = name[3:].decode("latin-1")
        if attribute in attributes or attribute in ("data", "datacontenttype"):
            raise Problem("bad_header")
        attributes[attribute] = _decode(value)
    return attributes


def _decode(value: bytes) -> str:
    """A header's value: first un-quoted, then percent-decoded once, then UTF-8."""
    if len(value) >= 2 and value[:1] == value[-1:] == b'"':
        value = _QUOTED_PAIR.sub(rb"\1", value[1:-1])
    if not value.isascii():
        raise Problem("bad_header")
    if b"%" in value:
        value = _PERCENT.sub(_byte, value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Problem("bad_header") from None


def _byte(match: re.Match[bytes]) -> bytes:
    if match[1] is None:
        raise Problem("bad_header")
    return bytes.fromhex(match[1].decode())


def _unsupported() -> Problem:
    return Problem("unsupported_media_type", headers=[ACCEPT_POST])
