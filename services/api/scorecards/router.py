"""A province's scorecard, and a unit's share in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from chitieu.catalogue.catalogue import SHARE_MET
from chitieu.catalogue.scalars import Tier
from chitieu.errors import Problem
from chitieu.registry import Registry
from chitieu.scoring.card import scorecard_json
from chitieu.scoring.due import DUE_DAYS, MOST_DUE_DAYS, due_json
from chitieu.scoring.rebased_json import with_places
from chitieu.scoring.schemes import SummaryScheme, schemes_of
from services.api.access import sees_unit
from services.api.answers import respond
from services.api.documented import answers
from services.api.keyring import Caller
from services.api.parameters import UsesMoment, UsesOn, bad_value, one_of
from services.api.places.by_day import UsesPlaces, need_places, where_of
from services.api.reading import body_for, current_registry, named_place, need_place, pin, see
from services.api.scorecards.unit_card import repinned, unit_scorecard_json
from services.api.state import UsesApi

router = APIRouter(prefix="/v1", tags=["scorecards"])

PlanName = Annotated[
    str | None, Query(description="Only results of this plan.", examples=["br-vt-2025"])
]
TierName = Annotated[
    str | None,
    Query(description="Only targets set on this tier.", examples=["province"]),
]


Code = Annotated[str, Path(description="Province code, two digits.", examples=["77"])]
SchemeName = Annotated[
    str | None,
    Query(description="How the summary is scored: `share-met` (default), `points`, or a scheme of "
          "the catalogue, see docs/summary-schemes.md.", examples=["share-met"]),
]  # fmt: skip
Days = Annotated[
    str | None,
    Query(
        description=f"How many days ahead, 1 to {MOST_DUE_DAYS}; default {DUE_DAYS}.",
        examples=["30"],
    ),
]
UnitCode = Annotated[str, Path(description="Unit code.", examples=["cq-syt-77"])]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which results of a scorecard, and how they are summed up."""

    plan: str | None
    tier: str | None
    scheme: str | None


async def wanted_of(
    plan: PlanName = None, tier: TierName = None, scheme: SchemeName = None
) -> Wanted:
    """Of the query."""
    return Wanted(plan, tier, scheme)


def named_scheme(registry: Registry, name: str | None) -> SummaryScheme:
    """The scheme of that name in the catalogue of the pair. Problem `unknown_scheme`."""
    known = schemes_of(registry.catalogue)
    found = known.get(name or SHARE_MET)
    if found is None:
        raise Problem("unknown_scheme", {"allowed": ", ".join(known)})
    return found


@router.get(
    "/provinces/{code}/scorecard",
    summary="Scorecard of a province",
    responses=answers("province_scorecard", "bad_value", "unknown_scheme", "as_of_too_late",
                      "known_at_in_future", "not_scored_yet", "closing_and_pair", key=True,
                      missing=True),
)  # fmt: skip
async def province_scorecard(
    request: Request, api: UsesApi, principal: Caller, code: Code, asked: UsesMoment, on: UsesOn,
    wanted: Annotated[Wanted, Depends(wanted_of)], by: UsesPlaces,
) -> Response:  # fmt: skip
    """With `places`, each result also by the places of that day."""
    plan, tier = wanted.plan, one_of("tier", wanted.tier, get_args(Tier))
    place = named_place(api, code, on or asked.as_of)
    await need_place(api, principal, place)
    need_places(principal, by)
    pinned = await pin(api, place, asked)
    registry = await api.evaluations.registry(pinned.seq)
    plans = registry.catalogue.plans if registry.catalogue else {}
    if plan is not None and plan not in plans:
        raise bad_value("plan", "tên một kế hoạch, xem /v1/plans", "name of a plan, see /v1/plans")
    summed_up = named_scheme(registry, wanted.scheme)
    seen = await see(api, place, pinned)

    def make() -> object:
        card = scorecard_json(repinned(seen.evaluated, pinned), registry, plan, tier, summed_up)
        if by is not None:
            with_places(card["results"], seen.evaluated.outcomes, where_of(api, by))
        return card

    return respond(request, await body_for(api, "scorecard", place, pinned, (wanted, by), make))


@router.get(
    "/provinces/{code}/due",
    summary="What falls due in the next days, by who is responsible",
    responses=answers("province_due", "bad_value", "as_of_too_late", "known_at_in_future",
                      "not_scored_yet", "closing_and_pair", key=True, missing=True),
)  # fmt: skip
async def province_due(
    request: Request, api: UsesApi, principal: Caller, code: Code, asked: UsesMoment, on: UsesOn,
    days: Days = None,
) -> Response:  # fmt: skip
    """Targets in force whose last day is `as_of` or one of the `days` after it."""
    ahead = _days(days)
    place = named_place(api, code, on or asked.as_of)
    await need_place(api, principal, place)
    pinned = await pin(api, place, asked)
    seen = await see(api, place, pinned)

    def make() -> object:
        return due_json(repinned(seen.evaluated, pinned), ahead)

    return respond(request, await body_for(api, "due", place, pinned, ahead, make))


def _days(text: str | None) -> int:
    if text is None:
        return DUE_DAYS
    if text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MOST_DUE_DAYS:
        return int(text)
    raise bad_value(
        "days", f"số nguyên từ 1 đến {MOST_DUE_DAYS}", f"a whole number from 1 to {MOST_DUE_DAYS}"
    )


@router.get(
    "/units/{code}/scorecard",
    summary="Scorecard of a unit: its own targets, and what it adds to others",
    responses=answers("unit_scorecard", "bad_value", "unknown_scheme", "as_of_too_late",
                      "known_at_in_future", "not_scored_yet", "closing_and_pair", key=True,
                      missing=True),
)  # fmt: skip
async def unit_scorecard(
    request: Request, api: UsesApi, principal: Caller, code: UnitCode, asked: UsesMoment,
    scheme: SchemeName = None,
) -> Response:  # fmt: skip
    now = await current_registry(api, asked.known)
    unit = now.units.get(code)
    if unit is None or not sees_unit(now, principal, unit):
        raise Problem("not_found")
    place = now.province_of(unit, asked.as_of)
    if place is None:
        raise Problem("not_found")
    pinned = await pin(api, place, asked)
    registry = await api.evaluations.registry(pinned.seq)
    then = registry.unit_of(code)
    if then is None:  # not known at that instant
        raise Problem("not_found")
    summed_up = named_scheme(registry, scheme)
    newest = now.units.get(then.code, then)  # it may bear another code by now
    if not sees_unit(now, principal, newest):
        raise Problem("not_found")
    seen = await see(api, place, pinned)

    def make() -> object:
        return unit_scorecard_json(seen, pinned, then, summed_up)

    rest = (code, scheme)
    return respond(request, await body_for(api, "unit-scorecard", place, pinned, rest, make))
