"""Reports on their way to the ingest process, where `CHITIEU_INGEST_URL` says it is.

Streamed both ways: the api never holds a body, so ingest's own limits are the ones that count.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI, Request
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from chitieu.errors import Problem
from services.api.state import api_of

# RFC 9110 §7.6.1, and what the client sets itself.
_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "host",
})  # fmt: skip


def forward_reports(app: FastAPI) -> None:
    """Plain routes: parameters and bodies are ingest's own business."""
    app.add_route("/v1/events", to_ingest, methods=["POST", "OPTIONS"], include_in_schema=False)
    app.add_route("/v1/limits", to_ingest, methods=["GET"], include_in_schema=False)


async def to_ingest(request: Request) -> Response:
    """The answer of ingest as it is, or 503 when it does not answer."""
    client = api_of(request).ingest
    if client is None:
        raise Problem("ingest_unavailable", retry_after=2)
    target = httpx.URL(path=request.url.path, query=request.scope["query_string"])
    sent = client.build_request(
        request.method, target, headers=_kept(request.headers.items()), content=_body(request)
    )
    try:
        answer = await client.send(sent, stream=True)
    except httpx.HTTPError:
        raise Problem("ingest_unavailable", retry_after=2) from None
    return StreamingResponse(
        answer.aiter_raw(),
        status_code=answer.status_code,
        headers=dict(_kept(answer.headers.items())),
        background=BackgroundTask(answer.aclose),
    )


def _body(request: Request) -> AsyncIterator[bytes] | None:
    lengths = request.headers.get("content-length"), request.headers.get("transfer-encoding")
    return request.stream() if any(lengths) else None


def _kept(headers: object) -> list[tuple[str, str]]:
    return [(k, v) for k, v in headers if k.lower() not in _HOP]  # type: ignore[attr-defined]
