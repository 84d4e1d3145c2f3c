"""Every error as problem+json, the framework's own included; nothing that was sent is echoed."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from chitieu.errors import Problem
from chitieu.postgres.archived import EntriesArchived
from chitieu.postgres.pool import TROUBLE
from chitieu.web import Scope, language, problem_headers, to_json

logger = logging.getLogger("chitieu.api")

_METHODS = ("GET", "PUT", "POST", "DELETE")


def problem_response(request: Request, problem: Problem) -> Response:
    """A problem in the language of the request."""
    speech = language(request.scope)
    headers = {k.decode(): v.decode() for k, v in problem_headers(problem, speech)}
    return Response(
        to_json(problem.body(speech)),
        status_code=problem.status,
        headers=headers,
        media_type="application/problem+json",
    )


def handle_problems(app: FastAPI) -> None:
    """Give an app our handlers in place of the framework's."""

    async def problem(request: Request, error: Any) -> Response:
        return problem_response(request, error)

    async def http(request: Request, error: Any) -> Response:
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", ", ".join(_METHODS))
            found = Problem(
                "method_not_allowed", {"allowed": allowed}, headers=[(b"allow", allowed.encode())]
            )
            return problem_response(request, found)
        return problem_response(request, Problem("not_found"))

    async def archived(request: Request, error: Any) -> Response:
        found = Problem("archived", {"month": error.month, "sha256": error.sha256})
        return problem_response(request, found)

    async def trouble(request: Request, error: Any) -> Response:
        log_fault(request.scope, error)
        return problem_response(request, Problem("unavailable", retry_after=1))

    async def invalid(request: Request, _: Any) -> Response:
        # Parameters and bodies are read by our own code; this is for what slips past it.
        names = {"name": "?", "expected_vi": "giá trị hợp lệ", "expected_en": "a valid value"}
        return problem_response(request, Problem("bad_value", names))

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(EntriesArchived, archived)
    app.add_exception_handler(RequestValidationError, invalid)
    for kind in TROUBLE:
        app.add_exception_handler(kind, trouble)


def log_fault(scope: Scope, error: Exception) -> None:
    """One line, without anything of the request that a sender chose."""
    route = scope.get("route")
    logger.error(json.dumps({
        "event": "api_fault",
        "operation": getattr(route, "name", None),
        "request_id": scope.get("chitieu.request_id"),
        "error": type(error).__name__,
        "trace": traceback.format_exception(error)[-8:],
    }))  # fmt: skip
