"""The catalogue as it was known: metrics, indicators, plans, targets. Public."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from chitieu.catalogue.catalogue import Catalogue, TargetEntry
from chitieu.catalogue.scalars import Tier
from chitieu.errors import Problem
from chitieu.registry import Registry
from chitieu.scoring.asked import asked_of
from services.api.answers import Body, Page, respond
from services.api.catalogue.views import (
    indicator_json,
    metric_json,
    plan_json,
    target_json,
    whole_plan_json,
)
from services.api.documented import answers
from services.api.parameters import UsesKnown, UsesOn, UsesPage, bad_value, one_of
from services.api.pinned import Pinned
from services.api.reading import catalogue_at, named_place
from services.api.state import Api, UsesApi

T = TypeVar("T")

router = APIRouter(prefix="/v1", tags=["catalogue"])
PROBLEMS = ("bad_value", "bad_cursor", "known_at_in_future", "not_scored_yet")

PlanPath = Annotated[str, Path(description="Name of a plan.", examples=["br-vt-2025"])]
TargetPath = Annotated[
    str,
    Path(
        description="Id of a target; its slashes stand as they are.",
        examples=["br-vt-2025/annex-2/I.7/province"],
    ),
]


async def _catalogue(api: Api, page: Page, known: int | None) -> tuple[Registry, Pinned]:
    return await catalogue_at(api, page.known if known is None else known)


async def _listed(
    request: Request, api: Api, page: Page, pinned: Pinned, items: Sequence[T],
    make: Callable[[T], dict[str, Any]], key: Callable[[T], str],
) -> Response:  # fmt: skip
    """A page of a catalogue list; its cursor keeps the version that it began with."""
    memory = (request.scope["path"], page, pinned.seq)
    held = api.bodies.get(memory)
    if held is None:

        def work() -> Body:
            found, cursor = page.cut(items, key, pinned.known or None)
            return Body.of({"items": [make(item) for item in found], "next_cursor": cursor})

        held = await api.evaluations.run(work)
        api.bodies.put(memory, held)
    return respond(request, held, public=True)


@router.get("/metrics", summary="What units report", responses=answers("metrics", *PROBLEMS))
async def metrics(request: Request, api: UsesApi, asked: UsesKnown, page: UsesPage) -> Response:
    """Fields, what exactly is counted, and the JSON Schema of an event's data."""
    registry, pinned = await _catalogue(api, page, asked.known)
    items = sorted((registry.catalogue or Catalogue()).metrics.values(), key=lambda m: m.name)
    return await _listed(request, api, page, pinned, items, metric_json, lambda m: m.name)


@router.get(
    "/indicators", summary="Formulas over metrics", responses=answers("indicators", *PROBLEMS)
)
async def indicators(request: Request, api: UsesApi, asked: UsesKnown, page: UsesPage) -> Response:
    """Numerator, denominator, window and thresholds."""
    registry, pinned = await _catalogue(api, page, asked.known)
    items = sorted((registry.catalogue or Catalogue()).indicators.values(), key=lambda i: i.name)
    return await _listed(request, api, page, pinned, items, indicator_json, lambda i: i.name)


@router.get("/plans", summary="The documents", responses=answers("plans", *PROBLEMS))
async def plans(request: Request, api: UsesApi, asked: UsesKnown, page: UsesPage) -> Response:
    """Tables, reporting calendar, findings; rows stand under `/v1/plans/{name}`."""
    registry, pinned = await _catalogue(api, page, asked.known)
    items = sorted((registry.catalogue or Catalogue()).plans.values(), key=lambda p: p.name)
    return await _listed(request, api, page, pinned, items, plan_json, lambda p: p.name)


@router.get(
    "/plans/{name}",
    summary="One document with all its rows",
    responses=answers("plan", "known_at_in_future", "not_scored_yet", missing=True),
)
async def plan(request: Request, api: UsesApi, name: PlanPath, asked: UsesKnown) -> Response:
    """Every clause and table row as printed, and what in them cannot all be so."""
    registry, _ = await catalogue_at(api, asked.known)
    catalogue = registry.catalogue or Catalogue()
    if name not in catalogue.plans:
        raise Problem("not_found")
    body = await api.evaluations.run(lambda: Body.of(whole_plan_json(catalogue, name)))
    return respond(request, body, public=True)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which targets a list shows."""

    plan: str | None
    province: str | None
    indicator: str | None
    tier: str | None

    def hold(self, entry: TargetEntry) -> bool:
        return (
            self.plan in (None, entry.plan.name)
            and self.indicator in (None, entry.indicator)
            and self.tier in (None, entry.target.tier)
        )

    def check(self, catalogue: Catalogue) -> None:
        """Problem `bad_value` for a name that the catalogue does not have."""
        for name, value, known in (
            ("plan", self.plan, catalogue.plans),
            ("indicator", self.indicator, catalogue.indicators),
        ):
            if value is not None and value not in known:
                raise bad_value(name, f"tên có trong /v1/{name}s", f"a name that /v1/{name}s has")


async def filters(
    plan: Annotated[str | None, Query(description="Of this plan.", examples=["br-vt-2025"])] = None,
    province: Annotated[
        str | None, Query(description="On the scorecard of this province.", examples=["77"])
    ] = None,
    indicator: Annotated[str | None, Query(description="Of this indicator.")] = None,
    tier: Annotated[str | None, Query(description="Set on this tier.")] = None,
) -> Filters:
    """The filters of the list of targets."""
    return Filters(plan, province, indicator, one_of("tier", tier, get_args(Tier)))


@router.get("/targets", summary="Targets", responses=answers("targets", *PROBLEMS))
async def targets(
    request: Request, api: UsesApi, asked: UsesKnown, page: UsesPage, on: UsesOn,
    only: Annotated[Filters, Depends(filters)],
) -> Response:  # fmt: skip
    """Each with its citation, row, printed results, assumptions and findings."""
    registry, pinned = await _catalogue(api, page, asked.known)
    catalogue = registry.catalogue or Catalogue()
    only.check(catalogue)
    chosen: Iterable[TargetEntry] = catalogue.targets.values()
    if only.province is not None:
        place = named_place(api, only.province, on or api.today)
        chosen = (one.entry for one in asked_of(registry, place))
    items = sorted((entry for entry in chosen if only.hold(entry)), key=_order)
    return await _listed(
        request, api, page, pinned, items, lambda e: target_json(e, registry), _order
    )


def _order(entry: TargetEntry) -> str:
    """The document's order, as text that sorts."""
    return f"{entry.plan.name}\0{entry.row.order:09}\0{entry.id}"


target_router = APIRouter(prefix="/v1", tags=["catalogue"])


@target_router.get(
    "/targets/{target:path}",
    summary="One target",
    responses=answers("target", "known_at_in_future", "not_scored_yet", missing=True),
)
async def target(request: Request, api: UsesApi, target: TargetPath, asked: UsesKnown) -> Response:
    """As the list shows it."""
    registry, _ = await catalogue_at(api, asked.known)
    entry = registry.catalogue.targets.get(target) if registry.catalogue else None
    if entry is None:
        raise Problem("not_found")
    return respond(request, Body.of(target_json(entry, registry)), public=True)
