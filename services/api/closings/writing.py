"""Closing a period and reopening it: judged under the place's lock, written to the one log."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from chitieu import __version__
from chitieu.catalogue.model import Plan
from chitieu.closings.days import closing_day
from chitieu.closings.document import Making, Moved, document_bytes, moved_since
from chitieu.closings.state import (
    Closing,
    Signed,
    close_entry,
    id_of,
    position_of,
    reopen_entry,
    signed_by,
    versions,
)
from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.periods import Period
from chitieu.places import Place, place_key
from chitieu.postgres.closings import keep_document, lock_closings, said_closings
from chitieu.postgres.entry_facts import load_entry_facts
from chitieu.postgres.log import head_of
from chitieu.postgres.registry_store import append_entry
from chitieu.scoring.card import Evaluated
from chitieu.scoring.movement_json import Between, causes_of
from services.api.parameters import Moment
from services.api.pinned import Pinned
from services.api.pins import horizon
from services.api.placing import place_committed
from services.api.reading import pin, see
from services.api.scorecards.unit_card import repinned
from services.api.state import Api

_TRIES: Final = 3


@dataclass(frozen=True)
class Asked:
    """Which period of which plan of which place is to be closed."""

    place: Place
    plan: str
    period: Period


async def close_period(api: Api, principal: Principal, asked: Asked) -> Closing:
    """Freeze what is known now. Problems of `closing_day`, `plan_not_here`, `already_closed`."""
    for _ in range(_TRIES):
        async with api.pool.acquire() as connection:
            said = await said_closings(connection, place_key(asked.place))
        previous = _previous(said, asked)
        closing, content = await _made(api, principal, asked, previous)
        async with api.pool.acquire() as connection, connection.transaction():
            await lock_closings(connection, closing.place)
            said = await said_closings(connection, closing.place)
            if _previous(said, asked) != previous:
                continue  # reopened meanwhile: the document would tell the version before wrongly
            await keep_document(connection, content)
            entry = close_entry(closing, principal.organisation_id)
            await append_entry(connection, entry, api.clock())
        await place_committed(api)
        return closing
    raise Problem("unavailable", retry_after=1)


def _previous(said: dict[str, Closing], asked: Asked) -> Closing | None:
    """The version before the next one. Problem `already_closed` while it is open."""
    held = versions(said, place_key(asked.place), asked.plan, str(asked.period))
    if held and held[-1].state == "open":
        raise Problem("already_closed", {"closing": held[-1].id})
    return held[-1] if held else None


async def _made(
    api: Api, principal: Principal, asked: Asked, previous: Closing | None
) -> tuple[Closing, bytes]:
    """The next version and its bytes, of everything that is placed by now."""
    pinned, plan = await _pinned(api, asked)
    place = asked.place
    seen = await see(api, place, pinned)
    evaluated = repinned(seen.evaluated, pinned)
    moved = None if previous is None else await _moved(api, asked, previous, evaluated)
    version = 1 if previous is None else previous.version + 1
    key, period = place_key(place), str(asked.period)
    name = id_of(key, asked.plan, period, version)
    closed = Signed(await _organisation(api, principal), principal.key_id, api.now)
    making = Making(
        name, plan, asked.period, version, closed, seen.world, evaluated, previous, moved
    )  # fmt: skip
    content = await api.evaluations.run(lambda: document_bytes(making))
    catalogue = seen.world.registry.catalogue
    assert catalogue is not None  # the plan came from it
    return Closing(
        id=name, place=key, plan=asked.plan, period=period, version=version, as_of=pinned.as_of,
        known=pinned.known, position=pinned.position,
        previous=previous.id if previous else None, sha256=hashlib.sha256(content).hexdigest(),
        size=len(content), catalogue=catalogue.digest, code=__version__, closed=closed,
    ), content  # fmt: skip


async def _moved(api: Api, asked: Asked, previous: Closing, after: Evaluated) -> Moved:
    """What moved since the version before."""
    then = Pinned(previous.as_of, previous.known, position_of(previous), previous.position)
    before = repinned((await see(api, asked.place, then)).evaluated, then)
    found = await api.evaluations.run(lambda: moved_since(before, after, asked.plan))
    async with api.pool.acquire() as connection:
        facts = await load_entry_facts(connection, causes_of(found))
    return Moved(found, Between(previous.known, after.pin.known, facts))


async def _pinned(api: Api, asked: Asked) -> tuple[Pinned, Plan]:
    """The pair: the closing's day, and everything that was acknowledged before."""
    await place_committed(api)
    async with api.pool.acquire() as connection:
        head = await head_of(connection)
    until = await horizon(api, head.known)
    registry = await api.evaluations.registry(until.seq)
    plan = registry.catalogue.plans.get(asked.plan) if registry.catalogue else None
    if plan is None or not _stands(api, plan, asked.place):
        raise Problem("plan_not_here")
    as_of = closing_day(plan, asked.place, asked.period, api.today)
    return await pin(api, asked.place, Moment(as_of, head.known)), plan


def _stands(api: Api, plan: Plan, place: Place) -> bool:
    """Whether a plan is on a place's scorecard."""
    return plan.place is None or api.places.bearing(plan.place, plan.place_on) == place


async def _organisation(api: Api, principal: Principal) -> str:
    async with api.pool.acquire() as connection:
        code: str = await connection.fetchval(
            "SELECT code FROM organisation WHERE id = $1", principal.organisation_id
        )
        return code


async def reopen_closing(
    api: Api, principal: Principal, place: Place, name: str, reason: str
) -> Closing:
    """Ask for it, or join another key that has asked; then it is withdrawn.

    Problems `not_found`, `closing_withdrawn`, `second_key_needed`.
    """
    signed = Signed(await _organisation(api, principal), principal.key_id, api.now, reason)
    async with api.pool.acquire() as connection, connection.transaction():
        await lock_closings(connection, place_key(place))
        held = (await said_closings(connection, place_key(place))).get(name)
        if held is None:
            raise Problem("not_found")
        closing = signed_by(held, signed)
        entry = reopen_entry(closing, signed, principal.organisation_id)
        await append_entry(connection, entry, api.clock())
    await place_committed(api)
    return closing
