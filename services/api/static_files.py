"""Files that pages load, by a name that changes with their content: kept for ever, never stale."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import Request
from starlette.responses import Response

from chitieu.errors import Problem
from services.api.answers import Body, respond

_FOLDER: Final = Path(__file__).resolve().parent / "static"
_KINDS: Final[Mapping[str, str]] = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "docs.js": "text/javascript",
    "pages.css": "text/css",
}


@cache
def static_body(name: str) -> Body:
    """Read once a process. Problem `not_found` for what no page names."""
    if name not in _KINDS:
        raise Problem("not_found")
    content = (_FOLDER / name).read_bytes()
    return Body(content, f'"{hashlib.sha256(content).hexdigest()}"')


def address(name: str) -> str:
    """`static/NAME?v=…`, as a page names the file."""
    return f"static/{name}?v={_version(static_body(name))}"


def static_answer(request: Request, name: str, version: str | None) -> Response:
    """The file: for a year under the version that it has, else asked for anew each time."""
    body = static_body(name)
    kind = _KINDS[name]
    answer = respond(request, body, public=True, kind=f"{kind}; charset=utf-8")
    if version == _version(body):
        answer.headers["cache-control"] = "public, max-age=31536000, immutable"
    del answer.headers["vary"]  # the same for everybody
    return answer


def _version(body: Body) -> str:
    return body.etag.strip('"')[:16]
