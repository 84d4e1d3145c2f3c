"""For operators: alive, ready, measures, the API's description. None of it needs a key."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from chitieu.web import to_json
from services.api.answers import Body, respond
from services.api.asyncapi import described
from services.api.ops.checks import looked_at, warnings_of
from services.api.ops.policy import PAGE_POLICY
from services.api.parameters import one_of
from services.api.state import UsesApi
from services.api.static_files import address, static_answer

router = APIRouter()

_DOCS: Final = """<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><title>Chỉ Tiêu: API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{css}"><link rel="icon" href="data:,"></head>
<body><div id="docs"></div>
<script src="{bundle}"></script><script src="{own}"></script>
</body></html>
"""


@router.get(
    "/livez", tags=["operators"], summary="Alive",
    responses={200: {"content": {"application/json": {"example": {"status": "ok"}}}}},
)  # fmt: skip
async def livez() -> Response:
    """The process answers; nothing else is asked."""
    return Response(to_json({"status": "ok"}), media_type="application/json")


@router.get(
    "/readyz", tags=["operators"], summary="Ready",
    responses={
        200: {"content": {"application/json": {"example": {"status": "ok", "warnings": []}}}},
        503: {"description": "Not ready", "content": {"application/json": {
            "example": {"status": "unavailable", "warnings": []}}}},
    },
)  # fmt: skip
async def readyz(
    api: UsesApi,
    verbose: Annotated[str | None, Query(description="1: with each check.", examples=["1"])] = None,
) -> Response:
    """The database answers and has this release's schema; what lags is only warned of."""
    one_of("verbose", verbose, ("0", "1"))
    checks = await looked_at(api)
    fine = checks["database"] == "ok" and checks["schema"] == "ok"
    body: dict[str, Any] = {
        "status": "ok" if fine else "unavailable", "warnings": warnings_of(checks),
    }  # fmt: skip
    if verbose == "1":
        body["checks"] = checks
    return Response(to_json(body), 200 if fine else 503, media_type="application/json")


@router.get(
    "/metrics", tags=["operators"], summary="Measures for Prometheus",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": "# HELP chitieu_build_info Release"}}}},
)  # fmt: skip
async def measures(api: UsesApi) -> Response:
    """Requests, evaluations, lag."""
    await looked_at(api)
    return Response(generate_latest(api.measures.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """This API, described."""
    return respond(request, Body.of(request.app.openapi()), public=True)


@router.get("/asyncapi.json", include_in_schema=False)
async def asyncapi(request: Request) -> Response:
    """What goes through Kafka, described, whether this installation uses it or not."""
    return respond(request, Body.of(described()), public=True)


@router.get("/docs", include_in_schema=False)
async def docs() -> Response:
    """The description as pages; everything they need is here."""
    text = _DOCS.format(
        css=address("swagger-ui.css"), bundle=address("swagger-ui-bundle.js"),
        own=address("docs.js"),
    )  # fmt: skip
    headers = {"content-security-policy": PAGE_POLICY, "cache-control": "no-cache"}
    return Response(text, media_type="text/html", headers=headers)


@router.get("/static/{name}", include_in_schema=False)
async def static(
    request: Request, name: Annotated[str, Path()], v: Annotated[str | None, Query()] = None
) -> Response:
    """Only the files that pages name, under the version of their content."""
    return static_answer(request, name, v)
