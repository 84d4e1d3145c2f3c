"""Which positions an answer rests on (CONTRACT.md §3): the horizon, then a place's newest position.

With `known_at` the horizon is that instant, and it is made final before anything is read: what was
acknowledged before is placed, and nothing placed later can be known at or before it. Without it the
horizon is what is scored.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

from chitieu.errors import Problem
from chitieu.places import Place, place_key
from chitieu.postgres.facts import (
    Position,
    pinned,
    position_at,
    scored,
    scored_at,
)
from chitieu.postgres.log import head_of, settle
from chitieu.scoring.engine import EVERYWHERE
from services.api.pinned import Horizon, Pinned
from services.api.state import Api

_WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.02


async def horizon(api: Api, known: int | None) -> Horizon:
    """How far may be read. Problems `known_at_in_future`, `not_scored_yet`."""
    if known is None:
        async with api.pool.acquire() as connection:
            head = await head_of(connection)
            return Horizon(head.epoch, await scored(connection), None)
    held = api.horizons.get(known)
    if held is None:
        held = await _past(api, known) or await _newest(api, known)
        # What may be read of it now is all that was ever known by then.
        api.horizons.put(known, held)
    return held


async def _past(api: Api, known: int) -> Horizon | None:
    """In one question: an instant that is placed and scored; None for others."""
    async with api.pool.acquire() as connection:
        at = await scored_at(connection, known)
    return None if at is None else Horizon(at.epoch, at.seq, known)


async def _newest(api: Api, known: int) -> Horizon:
    """An instant near now: what is acknowledged by then is placed and scored first."""
    deadline = asyncio.get_running_loop().time() + _WAIT_SECONDS
    async with api.pool.acquire() as connection:
        head = await head_of(connection)
    if known > max(now := api.now, head.known):
        raise Problem("known_at_in_future")
    if known > head.known:
        # Its own transaction, committed before positions are read: what is acknowledged is placed
        # by then, what is placed from now on is known later, so this answer can never change.
        await _until(api, deadline, lambda connection: settle(connection, known, now))
    async with api.pool.acquire() as connection:
        at = await position_at(connection, known)
    await _until(api, deadline, lambda connection: _is_scored(connection, at.seq))
    return Horizon(at.epoch, at.seq, known)


async def _is_scored(connection: Any, seq: int) -> bool:
    return await scored(connection) >= seq


async def _until(api: Api, deadline: float, look: Callable[[Any], Awaitable[bool]]) -> None:
    """Look until it is so; Problem `not_scored_yet` after the deadline."""
    loop = asyncio.get_running_loop()
    while True:
        # The connection is given back between two looks: those who wait must not hold the pool.
        async with api.pool.acquire() as connection:
            if await look(connection):
                return
        if loop.time() >= deadline:
            raise Problem("not_scored_yet", retry_after=1)
        await asyncio.sleep(_POLL_SECONDS)


async def pin_place(api: Api, place: Place, as_of: dt.date, reach_of: Horizon) -> Pinned:
    """The newest position inside the horizon that concerns a province or is a catalogue version."""
    return _pinned(as_of, await _newest_of(api, place_key(place), reach_of.seq), reach_of)


async def _newest_of(api: Api, key: str, until: int) -> Position | None:
    """The newest position up to a scored one that concerns a place, or all."""
    held = api.positions.get((key, until))
    if held is None:
        async with api.pool.acquire() as connection:
            held = (await pinned(connection, [key, EVERYWHERE], until),)
        api.positions.put((key, until), held)
    return held[0]


async def pin_catalogue(api: Api, as_of: dt.date, reach_of: Horizon) -> Pinned:
    """The newest catalogue version inside the horizon."""
    return _pinned(as_of, await _newest_of(api, EVERYWHERE, reach_of.seq), reach_of)


def _pinned(as_of: dt.date, found: Position | None, reach_of: Horizon) -> Pinned:
    at = found or Position(0, 0, reach_of.epoch)
    known = at.known if reach_of.known is None else reach_of.known
    return Pinned(as_of, known, at.seq, f"{at.epoch}:{at.seq}")
