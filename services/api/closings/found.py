"""A closing by its id, for those who may see it; `?closing=` rests on it."""

from __future__ import annotations

from chitieu.closings.state import Closing
from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.places import place_of
from chitieu.postgres.log import head_of
from chitieu.registry import Registry
from services.api.access import sees_place
from services.api.pins import horizon
from services.api.state import Api


async def find_closing(api: Api, principal: Principal, name: str) -> Closing:
    """As it stands now. Problem `not_found`, alike for what is not there and may not be seen.

    One that was made this very moment may not be scored yet: then all that is placed is waited for.
    """
    until = await horizon(api, None)
    found = _seen(await api.evaluations.registry(until.seq), principal, name)
    if found is not None:
        return found
    async with api.pool.acquire() as connection:
        head = await head_of(connection)
    if head.seq > until.seq:
        until = await horizon(api, head.known)
        found = _seen(await api.evaluations.registry(until.seq), principal, name)
    if found is None:
        raise Problem("not_found")
    return found


def _seen(registry: Registry, principal: Principal, name: str) -> Closing | None:
    closing = registry.closings.get(name)
    place = place_of(registry.places, closing.place) if closing else None
    if closing is None or place is None or not sees_place(registry, principal, place):
        return None
    return closing
