"""Around every request: HEAD, the request id, measures, and headers that browsers need."""

from __future__ import annotations

import secrets
import time

from starlette.types import ASGIApp

from chitieu.errors import Problem
from chitieu.web import Message, Receive, Scope, Send, language, request_id, send_problem
from services.api.measures import Measures
from services.api.problems import log_fault

_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
_TARGET_MAX = 8_000


class Outer:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        name = request_id(scope, secrets.token_hex(8))
        # A copy: the server looks at its own to know that a HEAD has no body.
        scope = {**scope, "chitieu.request_id": name}
        extra = [*_SAFE, (b"x-request-id", name.encode())]
        bodiless = scope["method"] == "HEAD"
        if bodiless:
            scope["method"] = "GET"
        status = 0

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *extra]
            elif bodiless and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > _TARGET_MAX:
                await send_problem(told, Problem("not_found"), language(scope))
                return
            await self._app(scope, receive, told)
        except Exception as error:
            log_fault(scope, error)
            if status:
                raise  # half an answer is out: all that is left is to break off
            await send_problem(told, Problem("internal_error"), language(scope))
        finally:
            operation = getattr(scope.get("route"), "name", "none")
            self._measures.requests.labels(operation, str(status)).inc()
            self._measures.seconds.labels(operation).observe(time.perf_counter() - started)
