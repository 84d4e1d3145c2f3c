"""From a request to what it may read: the place it names, the horizon, the pin, the evaluation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from typing import Any

from chitieu.catalogue.catalogue import TargetEntry
from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.places import Place, place_key
from chitieu.registry import Registry
from services.api.access import sees_place
from services.api.answers import Body
from services.api.evaluations import Seen
from services.api.parameters import Moment
from services.api.pinned import Horizon, Pinned
from services.api.pins import horizon, pin_catalogue, pin_place
from services.api.state import Api


def named_place(api: Api, code: str, day: dt.date) -> Place:
    """The province that bears the code on a day, else the last that did. Problem `not_found`."""
    place = api.places.bearing(code, day)
    if place is None:
        raise Problem("not_found")
    return place


async def current_registry(api: Api, known: int | None = None) -> Registry:
    """The newest scored registry: rights are judged by what holds now.

    With `known` it waits for all that was known then, as the answer will: a unit registered just
    before the question is there.
    """
    if known is not None:
        await horizon(api, known)
    until = await horizon(api, None)
    return await api.evaluations.registry(until.seq)


async def need_place(api: Api, principal: Principal, place: Place) -> None:
    """Problem `not_found` when the caller may not see the province's results."""
    if principal.role in ("ministry", "admin"):
        return
    if not sees_place(await current_registry(api), principal, place):
        raise Problem("not_found")


async def pin(api: Api, place: Place, asked: Moment) -> Pinned:
    """The pair of an answer about a province."""
    return await pin_place(api, place, asked.as_of, await horizon(api, asked.known))


async def see(api: Api, place: Place, pinned: Pinned) -> Seen:
    """The province evaluated at the pair."""
    return await api.evaluations.place(place, pinned)


async def catalogue_at(api: Api, known: int | None) -> tuple[Registry, Pinned]:
    """The registry with the catalogue as it was known."""
    until: Horizon = await horizon(api, known)
    pinned = await pin_catalogue(api, api.today, until)
    # Conditions and units are no part of catalogue answers, so the pin's registry will do.
    return await api.evaluations.registry(pinned.seq), pinned


def place_of_target(
    api: Api, entry: TargetEntry, province: str | None, on: dt.date | None, as_of: dt.date
) -> Place:
    """The province on whose scorecard a target is asked for. Problem `province_required`."""
    plan = entry.plan
    if plan.place is None:
        if province is None:
            raise Problem("province_required")
        return named_place(api, province, on or as_of)
    own = named_place(api, plan.place, plan.place_on)
    if province is not None and province != own.code:
        raise Problem("not_found")
    if on is not None and province is not None and api.places.bearing(province, on) != own:
        raise Problem("not_found")
    return own


async def body_for(
    api: Api, name: str, place: Place, pinned: Pinned, rest: Hashable, make: Callable[[], Any]
) -> Body:
    """The bytes of an answer, from memory or made in a thread."""
    key = (name, place_key(place), pinned, rest)
    held = api.bodies.get(key)
    if held is not None:
        return held
    body = await api.evaluations.run(lambda: Body.of(make()))
    api.bodies.put(key, body)
    return body
