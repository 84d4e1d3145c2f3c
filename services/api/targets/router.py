"""A target's result on a province's scorecard, with its history, its units and its reasons."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.places import Place
from chitieu.scoring.card import result_json
from chitieu.scoring.explanation import explanation_json
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.rebased_json import with_places
from chitieu.scoring.rebased_units import explained_places, unit_places
from services.api.access import sees_units
from services.api.answers import Body, Page, respond, unkept
from services.api.catalogue.router import TargetPath
from services.api.documented import answers
from services.api.keyring import Caller
from services.api.parameters import Moment, UsesMoment, UsesOn, UsesPage
from services.api.pinned import Pinned
from services.api.places.by_day import ByPlaces, UsesPlaces, need_places, where_of
from services.api.reading import (
    body_for,
    catalogue_at,
    need_place,
    pin,
    place_of_target,
)
from services.api.scorecards.unit_card import scope_codes
from services.api.state import Api, UsesApi
from services.api.targets.views import history_items, unit_items
from services.api.targets.what_if import IMPOSSIBLE, UsesWhatIf, supposed

router = APIRouter(prefix="/v1/targets", tags=["results"])
PROBLEMS = (
    "bad_value", "as_of_too_late", "province_required", "known_at_in_future", "not_scored_yet",
    "closing_and_pair",
)  # fmt: skip

ProvinceCode = Annotated[
    str | None,
    Query(description="Needed for a target that stands on several provinces.", examples=["77"]),
]


@dataclass(frozen=True)
class Question:
    """Which result is asked for."""

    target: str
    province: str | None
    on: dt.date | None
    asked: Moment


async def question(
    target: TargetPath, asked: UsesMoment, on: UsesOn, province: ProvinceCode = None
) -> Question:
    """Path and query together."""
    return Question(target, province, on, asked)


Asks = Annotated[Question, Depends(question)]


@dataclass(frozen=True)
class Found:
    """The outcome that answers."""

    place: Place
    pinned: Pinned
    outcome: Outcome
    why: str | None  # the target that binds in its place

    @property
    def head(self) -> dict[str, Any]:
        """What stands above a list."""
        place = self.place
        return {
            "target": self.outcome.asked.id,
            "province": {"code": place.code, "name": place.short_name},
            "as_of": self.pinned.as_of.isoformat(),
            "known_at": self.pinned.known_at,
            "position": self.pinned.position,
        }


async def find(api: Api, principal: Principal, asks: Question, known: int | None = None) -> Found:
    """Problem `not_found` alike for what is not there and what may not be seen."""
    asked = asks.asked if known is None else Moment(asks.asked.as_of, known)
    catalogue = (await catalogue_at(api, asked.known))[0].catalogue
    entry = catalogue.targets.get(asks.target) if catalogue else None
    if entry is None:
        raise Problem("not_found")
    place = place_of_target(api, entry, asks.province, asks.on, asked.as_of)
    await need_place(api, principal, place)
    pinned = await pin(api, place, asked)
    found = await api.evaluations.target(place, pinned, asks.target)
    if found is None:
        raise Problem("not_found")
    return Found(place, pinned, *found)


def need_units(principal: Principal, found: Found) -> None:
    """Problem `not_found` for who may not see the figures of every unit in scope."""
    if not sees_units(principal, scope_codes(found.outcome.asked, found.outcome)):
        raise Problem("not_found")


@router.get(
    "/{target:path}/result",
    summary="A target's result",
    responses=answers("target_result", *PROBLEMS, *IMPOSSIBLE, key=True, missing=True),
)
async def target_result(
    request: Request, api: UsesApi, principal: Caller, asks: Asks, by: UsesPlaces,
    what_if: UsesWhatIf,
) -> Response:  # fmt: skip
    """As it stands on the scorecard, with the pair and the position; `places` as there.

    With `what_if`, as if: marked, without ETag, kept nowhere.
    """
    found = await find(api, principal, asks)
    need_places(principal, by)
    outcome = await supposed(api, principal, found.outcome, what_if) if what_if else found.outcome

    def make() -> object:
        result = result_json(outcome, found.why, found.pinned.pin)
        if by is not None:
            with_places([result], [outcome], where_of(api, by))
        return result | found.head | {"what_if": [wish._asdict() for wish in what_if]}

    if what_if:
        return unkept(await api.evaluations.run(lambda: Body.of(make())))

    body = await body_for(api, "result", found.place, found.pinned, (asks.target, by), make)
    return respond(request, body)


@router.get(
    "/{target:path}/explanation",
    summary="Why a result is what it is",
    responses=answers("target_explanation", *PROBLEMS, key=True, missing=True),
)
async def target_explanation(
    request: Request, api: UsesApi, principal: Caller, asks: Asks, by: UsesPlaces
) -> Response:
    """Every report that counts and every one that does not, the rule, the clause.

    With `places`, also by the places of that day, and which units make up each part.
    """
    found = await find(api, principal, asks)
    need_units(principal, found)
    need_places(principal, by)
    body = await body_for(
        api, "explanation", found.place, found.pinned, (asks.target, by),
        lambda: explained(api, found, by),
    )  # fmt: skip
    return respond(request, body)


def explained(api: Api, found: Found, by: ByPlaces | None) -> dict[str, Any]:
    """The explanation of a result, by the places that were asked for."""
    answer = explanation_json(found.outcome, found.why, found.pinned.pin)
    if by is not None:
        answer["places"] = explained_places(found.outcome, where_of(api, by))
    return answer


@router.get(
    "/{target:path}/history",
    summary="A target's result at each month's end",
    responses=answers("target_history", *PROBLEMS, "bad_cursor", key=True, missing=True),
)
async def target_history(
    request: Request, api: UsesApi, principal: Caller, asks: Asks, page: UsesPage
) -> Response:
    """From the day it is in force to `as_of`, the due day and `as_of` themselves too."""
    found = await find(api, principal, asks, page.known)

    def make() -> object:
        items = history_items(found.outcome)
        shown, cursor = page.cut(items, lambda i: str(i["as_of"]), found.pinned.known)
        return found.head | {"items": shown, "next_cursor": cursor}

    return await _listed(request, api, found, page, make)


@router.get(
    "/{target:path}/units",
    summary="What each unit adds to a result",
    responses=answers("target_units", *PROBLEMS, "bad_cursor", key=True, missing=True),
)
async def target_units(
    request: Request, api: UsesApi, principal: Caller, asks: Asks, page: UsesPage, by: UsesPlaces
) -> Response:
    """They add up to the result's; silent units stand with what is missing.

    With `places`, each also by the places of that day in which its figures lie.
    """
    found = await find(api, principal, asks, page.known)
    need_units(principal, found)
    need_places(principal, by)

    def make() -> object:
        where = None if by is None else where_of(api, by)
        held = None if where is None else unit_places(found.outcome, where)
        items = unit_items(found.outcome, held)
        shown, cursor = page.cut(items, lambda i: str(i["unit"]), found.pinned.known)
        return found.head | {"items": shown, "next_cursor": cursor}

    return await _listed(request, api, found, page, make)


async def _listed(request: Request, api: Api, found: Found, page: Page, make: Any) -> Response:
    rest = (request.scope["path"], page)
    return respond(request, await body_for(api, "list", found.place, found.pinned, rest, make))
