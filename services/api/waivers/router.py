"""Waivers of a unit: which reports it does not owe, recorded by whom, when, by which document."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from chitieu.errors import Problem
from chitieu.periods import known_text
from chitieu.scoring.explanation import waiver_json
from chitieu.waivers import Waiver, Withdrawal
from services.api.access import need_role
from services.api.answers import Body, respond
from services.api.documented import answers
from services.api.json_body import object_of
from services.api.keyring import Caller
from services.api.parameters import UsesKnown, UsesPage
from services.api.pins import horizon
from services.api.placing import place_committed
from services.api.state import UsesApi
from services.api.units.router import visible_unit
from services.api.waivers.writing import (
    Written,
    days_of,
    grant,
    need_own,
    read_waiver,
    read_withdrawal,
    withdraw,
)

router = APIRouter(prefix="/v1/units", tags=["units"])

_BODY_PROBLEMS: Final = (
    "body_empty", "not_utf8", "not_json", "duplicate_key", "too_deep", "object_expected",
    "body_too_large", "json_required", "role_not_allowed", "place_not_allowed", "missing",
    "wrong_type", "empty", "unexpected_field",
)  # fmt: skip
_ID: Final = re.compile(r"[0-9a-f]{12}")

UnitCode = Annotated[str, Path(description="Unit code.", examples=["77F02"])]
WaiverId = Annotated[str, Path(description="Id of a waiver.", examples=["5eed00000001"])]


@router.get(
    "/{code}/waivers",
    summary="Waivers of a unit",
    responses=answers("unit_waivers", "bad_value", "bad_cursor", "known_at_in_future",
                      "not_scored_yet", key=True, missing=True),
)  # fmt: skip
async def unit_waivers(
    request: Request, api: UsesApi, principal: Caller, code: UnitCode, asked: UsesKnown,
    page: UsesPage,
) -> Response:  # fmt: skip
    """All that were ever granted, earliest days first; `withdrawn` says which hold no more."""
    known = page.known if asked.known is None else asked.known
    await visible_unit(api, principal, code, known)
    until = await horizon(api, known)
    registry = await api.evaluations.registry(until.seq)
    if code not in registry.units:  # not known at that instant
        raise Problem("not_found")
    found = registry.waivers.history(code)
    shown, cursor = page.cut(found, _order, until.known)
    items = [_json(waiver, withdrawn) for waiver, withdrawn in shown]
    return respond(request, Body.of({"items": items, "next_cursor": cursor}))


def _order(pair: tuple[Waiver, Withdrawal | None]) -> str:
    waiver = pair[0]
    return f"{waiver.days.first} {waiver.days.last} {waiver.id}"


def _json(waiver: Waiver, withdrawn: Withdrawal | None) -> dict[str, Any]:
    told = None if withdrawn is None else {
        "document": withdrawn.document,
        "reason": withdrawn.reason,
        "by": withdrawn.by,
        "known": known_text(withdrawn.known),
    }  # fmt: skip
    return waiver_json(waiver) | {"withdrawn": told}


@router.post(
    "/{code}/waivers",
    summary="Free a unit of reporting",
    status_code=201,
    responses={
        **answers("record_waiver", *_BODY_PROBLEMS, "bad_day", "to_before_from", "no_such_metric",
                  key=True, missing=True, success=201),
        200: {"description": "It stands already",
              "content": answers("record_waiver")[200]["content"]},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/WaiverRequest"},
                    "example": {
                        "metric": "cashless-payment", "from": "2025-10-01", "to": "2025-10-31",
                        "document": "1205/SYT-KHTC", "reason": "Chuyển trụ sở, ngừng tiếp nhận",
                    },
                }
            },
        }
    },
)  # fmt: skip
async def record_waiver(
    request: Request, api: UsesApi, principal: Caller, code: UnitCode
) -> Response:
    """For `metric`, or all of them, and each period whose every open day lies in `from`–`to`."""
    need_role(principal, "province", "admin")
    registry, unit = await visible_unit(api, principal, code, None)
    asked = read_waiver(registry, unit, await object_of(request))
    need_own(registry, principal, unit, days_of(asked))
    written = await grant(api, principal, asked, secrets.token_hex(6))
    await place_committed(api)
    return _answer(written)


@router.post(
    "/{code}/waivers/{waiver}/withdrawal",
    summary="Take a waiver back",
    status_code=201,
    responses={
        **answers("withdraw_waiver", *_BODY_PROBLEMS, key=True, missing=True, success=201),
        200: {"description": "It was withdrawn already",
              "content": answers("withdraw_waiver")[200]["content"]},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/WithdrawalRequest"},
                    "example": {"document": "1210/SYT-KHTC", "reason": "Ghi nhầm đơn vị"},
                }
            },
        }
    },
)  # fmt: skip
async def withdraw_waiver(
    request: Request, api: UsesApi, principal: Caller, code: UnitCode, waiver: WaiverId
) -> Response:
    """From now on it holds for no day; answers at an earlier `known_at` keep it."""
    need_role(principal, "province", "admin")
    registry, unit = await visible_unit(api, principal, code, None)
    if not _ID.fullmatch(waiver):
        raise Problem("not_found")
    said = read_withdrawal(await object_of(request)) | {"id": waiver}
    written = await withdraw(api, principal, registry, unit, said)
    await place_committed(api)
    return _answer(written)


def _answer(written: Written) -> Response:
    said: Mapping[str, Any] = {k: v for k, v in written.body.items() if k != "action"}
    status = 201 if written.new else 200
    headers = {"cache-control": "no-store"}
    return Response(Body.of(said).content, status, headers, "application/json")
