"""Pure ASGI helpers that all services share: headers in, JSON and problems out.

Nothing that a sender wrote is echoed, no stack trace leaves the process.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

from chitieu.errors import Language, Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"

# A sender that is slower holds a connection for nothing.
BODY_SECONDS: Final = 30.0

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_CHOICE = re.compile(r"([A-Za-z*]{1,8})(?:-[A-Za-z0-9]+)*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Disconnected(Exception):
    """The client left before its body was through."""


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that lower-case name."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return None


def language(scope: Scope) -> Language:
    """By Accept-Language (RFC 4647 look-up): Vietnamese unless English is asked for first."""
    asked = header(scope, b"accept-language")
    if asked is None:
        return "vi"
    best, weight = "vi", 0.0
    for part in asked.decode("latin-1").split(",")[:20]:
        match = _CHOICE.fullmatch(part.strip())
        if match is None:
            continue
        name, quality = match[1].lower(), float(match[2] or 1)
        if name in ("vi", "en", "*") and quality > weight:
            best, weight = ("vi" if name == "*" else name), quality
    return "en" if best == "en" else "vi"


def request_id(scope: Scope, fresh: str) -> str:
    """The caller's X-Request-Id when it is harmless, else `fresh`."""
    given = header(scope, b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode("ascii")
    return fresh


def bearer(scope: Scope) -> bytes | None:
    """The credential of `Authorization: Bearer`, as bytes: it may hold anything."""
    given = header(scope, b"authorization")
    if given is None or given[:7].lower() != b"bearer ":
        return None
    return given[7:].strip()


def to_json(body: object) -> bytes:
    """Compact JSON, keys sorted, UTF-8."""
    return _ENCODER.encode(body).encode()


async def send_bytes(
    send: Send, status: int, content_type: bytes, body: bytes, headers: Headers = ()
) -> None:
    """One whole response."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", b"%d" % len(body)),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, body: object, headers: Headers = ()) -> None:
    """A JSON response."""
    await send_bytes(send, status, JSON, to_json(body), headers)


async def send_problem(
    send: Send, problem: Problem, speech: Language, headers: Headers = ()
) -> None:
    """A problem of RFC 9457 in one language."""
    await send_bytes(
        send,
        problem.status,
        PROBLEM,
        to_json(problem.body(speech)),
        [*headers, *problem_headers(problem, speech)],
    )


def problem_headers(problem: Problem, speech: Language) -> list[tuple[bytes, bytes]]:
    """What goes with a problem besides its body."""
    extra = [*problem.headers, (b"content-language", speech.encode())]
    extra += [(b"vary", b"accept-language"), (b"cache-control", b"no-store")]
    if problem.retry_after is not None:
        extra.append((b"retry-after", b"%d" % problem.retry_after))
    return extra


async def read_body(
    scope: Scope, receive: Receive, limit: int, seconds: float = BODY_SECONDS
) -> bytes:
    """The whole body. Problems `body_too_large`, before more than `limit` bytes are held, and
    `body_incomplete` when it does not arrive in time.
    """
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            return await _read_body(receive, limit)
    except TimeoutError:
        raise Problem("body_incomplete", headers=[(b"connection", b"close")]) from None


async def _read_body(receive: Receive, limit: int) -> bytes:
    held = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body: bytes = message.get("body", b"")
        if len(held) + len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(held + body) if held else body
        held += body


def _too_large(limit: int) -> Problem:
    # The rest is not read, so the connection cannot be used again.
    return Problem("body_too_large", {"limit": limit}, headers=[(b"connection", b"close")])
