"""Provinces of every era. Public: the rows are the state's own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from chitieu.places import Place
from services.api.answers import Body, respond
from services.api.documented import answers
from services.api.parameters import UsesOn, UsesPage
from services.api.reading import named_place
from services.api.state import UsesApi

router = APIRouter(prefix="/v1/provinces", tags=["places"])

Code = Annotated[str, Path(description="Province code, two digits.", examples=["77"])]


def province_json(place: Place) -> dict[str, Any]:
    """A place with all its names."""
    return place.to_wire() | {
        "official_name": place.name,
        "name_en": place.name_en,
        "kind": place.kind.value,
        "names": [
            {
                "from": None if n.since is None else n.since.isoformat(),
                "name": n.short_name,
                "official_name": n.name,
                "act": n.act,
            }
            for n in place.names
        ],
        "predecessors": [
            {
                "code": link.key.code,
                "valid_from": None if link.key.valid_from is None
                else link.key.valid_from.isoformat(),
                "share": link.share.value,
            }
            for link in place.predecessors
        ],
    }  # fmt: skip


def _key(place: Place) -> str:
    return f"{place.code}@{place.valid_from or '0000-00-00'}"


@router.get("", summary="Provinces", responses=answers("provinces", "bad_value", "bad_cursor"))
async def provinces(request: Request, api: UsesApi, on: UsesOn, page: UsesPage) -> Response:
    """Of all eras; with `on`, those that stand on that day."""
    found, cursor = page.cut(api.places.provinces(on), _key)
    body = Body.of({"items": [province_json(p) for p in found], "next_cursor": cursor})
    return respond(request, body, public=True)


@router.get(
    "/{code}",
    summary="The province that bears a code",
    responses=answers("province", "bad_value", missing=True),
)
async def province(request: Request, api: UsesApi, code: Code, on: UsesOn) -> Response:
    """On the day `on` (default today), else the last that bore it."""
    place = named_place(api, code, on or api.today)
    return respond(request, Body.of(province_json(place)), public=True)
