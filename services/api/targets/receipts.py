"""A result's receipt: what `chitieu verify --receipt` needs to derive it again elsewhere."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from chitieu.errors import Problem
from chitieu.postgres.receipts import read_basis
from chitieu.receipts.basis import Basis, basis_of
from chitieu.receipts.receipt import receipt_of
from services.api.access import sees_units
from services.api.answers import Body, respond
from services.api.documented import ARCHIVED, answers
from services.api.keyring import Caller
from services.api.reading import body_for
from services.api.state import Api, UsesApi
from services.api.targets.router import PROBLEMS, Asks, Found, find, need_units

router = APIRouter(prefix="/v1/targets", tags=["results"])

# A receipt is made in memory, so it is bounded.
ENTRIES_MAX: Final = 50_000


@router.get(
    "/{target:path}/receipt",
    summary="A result with every log entry that it rests on",
    responses=answers(
        "target_receipt",
        *PROBLEMS,
        "receipt_too_large",
        "archived",
        key=True,
        missing=True,
        values=ARCHIVED,
    ),
)
async def target_receipt(request: Request, api: UsesApi, principal: Caller, asks: Asks) -> Response:
    """A file: `chitieu verify --receipt` derives the result again from it and the catalogue."""
    found = await find(api, principal, asks)
    need_units(principal, found)
    basis = await api.evaluations.run(lambda: basis_of(found.outcome))
    if not sees_units(principal, basis.private_units(found.outcome.world.registry)):
        raise Problem("not_found")
    return respond(request, await _body(api, found, basis))


async def _body(api: Api, found: Found, basis: Basis) -> Body:
    if len(basis.seqs) > ENTRIES_MAX:
        raise Problem("receipt_too_large", {"limit": ENTRIES_MAX})
    async with api.pool.acquire() as connection:
        entries = await read_basis(connection, basis, found.pinned.seq)

    def make() -> object:
        return receipt_of(found.outcome, found.why, found.pinned.pin, basis, entries)

    target = found.outcome.asked.id
    return await body_for(api, "receipt", found.place, found.pinned, target, make)
