"""The api as an ASGI app: `create_app(settings)`; its lifespan opens and closes what it needs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from chitieu import __version__
from chitieu.catalogue.location import default_root
from chitieu.catalogue.places_files import load_provinces
from chitieu.places import Places
from chitieu.postgres.keys import KeyRing
from chitieu.postgres.pool import open_pool
from chitieu.settings import Settings
from services.api.catalogue.router import router as catalogue
from services.api.catalogue.router import target_router
from services.api.changes.router import router as changes
from services.api.closings.router import router as closings
from services.api.completeness.router import router as completeness
from services.api.evaluations import Evaluations
from services.api.events.router import router as events
from services.api.forward import forward_reports
from services.api.keys.router import router as keys
from services.api.measures import Measures
from services.api.openapi import schema
from services.api.ops.router import router as ops
from services.api.outer import Outer
from services.api.pages.explanations import router as explanations
from services.api.pages.router import router as pages
from services.api.parameters import refuse_unknown
from services.api.places.router import router as provinces
from services.api.problems import handle_problems
from services.api.scorecards.router import router as scorecards
from services.api.state import Api, Clock, system_clock
from services.api.targets.conditions import router as conditions
from services.api.targets.receipts import router as receipts
from services.api.targets.router import router as targets
from services.api.units.router import router as units
from services.api.waivers.router import router as waivers

_POOL = 8


def _operation_id(route: APIRoute) -> str:
    return route.name


def create_app(
    settings: Settings, *, clock: Clock = system_clock, places: Places | None = None
) -> FastAPI:
    """The app. BadSetting without a database; forwards reports when `ingest_url` is set."""
    measures = Measures()
    app = FastAPI(
        title="Chỉ Tiêu",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        lifespan=_lifespan(settings, clock, measures, places),
        dependencies=[Depends(refuse_unknown)],
    )
    # Result routes stand before the target's own: an id may hold slashes, its ending decides.
    for router in (
        ops, pages, explanations, provinces, scorecards, completeness, targets, receipts,
        conditions, catalogue, target_router, events, changes, units, waivers, keys, closings,
    ):  # fmt: skip
        app.include_router(router)
    if settings.ingest_url:
        forward_reports(app)
    handle_problems(app)
    app.openapi = lambda: schema(app)  # type: ignore[method-assign]
    app.add_middleware(Outer, measures=measures)
    return app


def _lifespan(
    settings: Settings, clock: Clock, measures: Measures, given: Places | None
) -> Callable[[FastAPI], Any]:
    dsn = settings.database_dsn

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            pool = await open_pool(dsn, "chitieu-api", size=_POOL)
            stack.push_async_callback(pool.close)
            all_places = given or load_provinces(default_root() / "places")
            evaluations = Evaluations(pool, all_places, measures)
            stack.callback(evaluations.close)
            app.state.api = Api(
                settings, pool, all_places, evaluations, KeyRing(pool, time.monotonic), clock,
                measures, await _ingest(stack, settings.ingest_url),
            )  # fmt: skip
            yield

    return lifespan


async def _ingest(stack: AsyncExitStack, url: str | None) -> httpx.AsyncClient | None:
    if url is None:
        return None
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=50)
    timeout = httpx.Timeout(30, connect=2)
    # No proxy of the environment: the address is our own neighbour.
    client = httpx.AsyncClient(base_url=url, limits=limits, timeout=timeout, trust_env=False)
    return await stack.enter_async_context(client)
