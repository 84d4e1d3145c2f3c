"""Answers as bytes: one spelling, a strong ETag, 304, and a bounded memory of what was said."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response

from chitieu.errors import Problem
from chitieu.web import to_json
from services.api.lru import Lru

T = TypeVar("T")

_BODY_BYTES = 64 << 20
LIMIT_DEFAULT, LIMIT_MAX = 100, 500
VARY = "Accept, Accept-Language, Authorization"
_TAG = re.compile(r'(?:W/)?"[^"]*"')


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of an answer and their strong ETag."""

    content: bytes
    etag: str

    @staticmethod
    def of(value: Any) -> Body:
        """JSON, or bytes as they are."""
        content = value if isinstance(value, bytes) else to_json(value)
        return Body(content, f'"{hashlib.sha256(content).hexdigest()}"')


class Bodies(Lru[Hashable, Body]):
    """Bodies by what fixes them: path, filters, day, position and known time."""

    def __init__(self) -> None:
        super().__init__(_BODY_BYTES, lambda body: len(body.content))


def respond(
    request: Request, body: Body, *, public: bool = False, kind: str = "application/json"
) -> Response:
    """The body, or 304 when the caller has it. Only a cache that asks each time may keep it."""
    headers = {
        "etag": body.etag,
        "cache-control": f"{'public' if public else 'private'}, no-cache",
        "vary": VARY,
    }
    asked = request.headers.get("if-none-match")
    if asked is not None and _holds(asked, body.etag):
        return Response(status_code=304, headers=headers)
    return Response(body.content, headers=headers | {"content-type": kind})


def unkept(body: Body) -> Response:
    """An answer that is nobody's to keep and has no ETag: it is not so, only supposed."""
    headers = {"cache-control": "no-store", "vary": VARY}
    return Response(body.content, media_type="application/json", headers=headers)


def _holds(asked: str, etag: str) -> bool:
    """Weak comparison, as RFC 9110 wants for If-None-Match; a list, or `*`."""
    return asked.strip() == "*" or any(
        tag.removeprefix("W/") == etag for tag in _TAG.findall(asked[:4000])
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for. `known` fixes the list from its first page on."""

    limit: int
    filters: bytes
    after: str | None = None
    known: int | None = None

    def cut(
        self, items: Sequence[T], key: Callable[[T], str], known: int | None = None,
        size: Callable[[Sequence[T]], int] = len,
    ) -> tuple[Sequence[T], str | None]:  # fmt: skip
        """The items of the page, and the cursor of the next. Items come in the order of `key`.

        `size` says how many of the page's items fit on it, where they are large.
        """
        start = 0
        if self.after is not None:
            after = self.after
            start = next((i for i, item in enumerate(items) if key(item) > after), len(items))
        page = items[start : start + self.limit]
        page = page[: size(page)]
        if start + len(page) >= len(items):
            return page, None
        return page, self._cursor(key(page[-1]), known)

    def _cursor(self, after: str, known: int | None) -> str:
        payload = to_json([self.filters.hex(), after, known])
        return base64.urlsafe_b64encode(payload).rstrip(b"=").decode()


def page_of(request: Request, limit: str | None, cursor: str | None) -> Page:
    """The page that `limit` and `cursor` ask for. A cursor belongs to its path and filters."""
    size = LIMIT_DEFAULT
    if limit is not None:
        if not (limit.isascii() and limit.isdecimal() and len(limit) <= 4):
            raise _bad_limit()
        size = int(limit)
        if not 1 <= size <= LIMIT_MAX:
            raise _bad_limit()
    kept = sorted((k, v) for k, v in request.query_params.items() if k not in ("limit", "cursor"))
    filters = hashlib.sha256(to_json([request.scope["path"], kept])).digest()[:12]
    if cursor is None:
        return Page(size, filters)
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        given = json.loads(base64.b64decode(padded, b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise Problem("bad_cursor") from None
    match given:
        case [str() as words, str() as after, int() | None as known] if words == filters.hex():
            return Page(size, filters, after, known)
        case _:
            raise Problem("bad_cursor")


def _bad_limit() -> Problem:
    return Problem("bad_value", {
        "name": "limit", "expected_vi": f"số nguyên từ 1 đến {LIMIT_MAX}",
        "expected_en": f"a whole number from 1 to {LIMIT_MAX}",
    })  # fmt: skip
