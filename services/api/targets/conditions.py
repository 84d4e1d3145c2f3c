"""A target's condition recorded as fulfilled, or that record withdrawn, through the log."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.periods import parse_day
from chitieu.ports import NewEntry
from chitieu.postgres.registry_store import append_entry
from services.api.access import covers, need_role
from services.api.answers import Body
from services.api.documented import answers
from services.api.json_body import Fields, object_of
from services.api.keyring import Caller
from services.api.placing import place_committed
from services.api.reading import catalogue_at
from services.api.state import Api, UsesApi

router = APIRouter(prefix="/v1/targets", tags=["results"])

_BODY_PROBLEMS: Final = (
    "body_empty", "not_json", "object_expected", "body_too_large", "json_required",
    "role_not_allowed", "no_condition", "missing", "unexpected_field",
)  # fmt: skip
# As for units: two who say the same at once write it once.
_LOCK: Final = "SELECT pg_advisory_xact_lock(20250703, hashtext($1))"
_NEWEST: Final = (
    "SELECT e.body FROM entry e JOIN batch b ON b.id = e.batch_id"
    " WHERE e.kind = 'condition' AND e.kind NOT IN ('event') AND e.subject = $1"
    " ORDER BY b.xid DESC, b.id DESC, e.idx DESC LIMIT 1"
)

RecordedTarget = Annotated[
    str,
    Path(
        description="Id of a target whose condition is recorded as fulfilled.",
        examples=["ninh-thuan-2025/annex-2/II.1"],
    ),
]
ConditionalTarget = Annotated[
    str,
    Path(
        description="Id of a target that waits for a condition.",
        examples=["quang-ninh-2025/body/IV.3.1.2"],
    ),
]


def _body(schema: str, example: dict[str, str]) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    content = {"application/json": {"schema": reference, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def _responses(operation: str, again: str, *codes: str) -> dict[int | str, dict[str, Any]]:
    found = answers(operation, *_BODY_PROBLEMS, *codes, key=True, missing=True, success=201)
    return found | {200: {"description": again, "content": found[201]["content"]}}


@router.post(
    "/{target:path}/condition",
    summary="Record that a target's condition is fulfilled",
    status_code=201,
    responses=_responses("record_condition", "It is recorded already", "bad_day",
                         "day_after_today"),
    openapi_extra=_body("Fulfilment", {"fulfilled_on": "2025-05-01", "document": "1366/BYT-K2ĐT"}),
)  # fmt: skip
async def record_condition(
    request: Request, api: UsesApi, principal: Caller, target: ConditionalTarget
) -> Response:
    """From `fulfilled_on` on the target is in force; the newest record holds."""
    await _need_target(api, principal, target)
    fields = Fields(await object_of(request))
    text = fields.text("fulfilled_on", required=True, limit=20)
    document = fields.text("document", required=True)
    day = parse_day(text) if text else None
    if text and day is None:
        fields.fault("fulfilled_on", "bad_day")
    if day and day > api.today:
        fields.fault("fulfilled_on", "day_after_today")
    fields.finish()
    said = {"target": target, "fulfilled_on": text, "document": document}
    return await _write(api, principal, said)


@router.post(
    "/{target:path}/condition/withdrawal",
    summary="Withdraw the record of a condition",
    status_code=201,
    responses=_responses("withdraw_condition", "It is withdrawn already",
                         "condition_not_recorded"),
    openapi_extra=_body("WithdrawalRequest", {"document": "1370/BYT-K2ĐT",
                                              "reason": "Hướng dẫn đã bị thu hồi"}),
)  # fmt: skip
async def withdraw_condition(
    request: Request, api: UsesApi, principal: Caller, target: RecordedTarget
) -> Response:
    """The target waits again; answers at an earlier `known_at` keep the record."""
    await _need_target(api, principal, target)
    fields = Fields(await object_of(request))
    said = {
        "target": target,
        "fulfilled_on": None,
        "document": fields.text("document", required=True),
        "reason": fields.text("reason", required=True, limit=500),
    }
    fields.finish()
    return await _write(api, principal, said)


async def _need_target(api: Api, principal: Principal, target: str) -> None:
    """Problems `role_not_allowed`, `not_found`, `no_condition`."""
    need_role(principal, "province", "admin")
    catalogue = (await catalogue_at(api, None))[0].catalogue
    entry = catalogue.targets.get(target) if catalogue else None
    if entry is None:
        raise Problem("not_found")
    if principal.role != "admin":
        plan = entry.plan
        place = plan.place and api.places.bearing(plan.place, plan.place_on)
        # A target of every province is nobody's own: only the operator records its condition.
        if not place or not covers(api.places, principal, place):
            raise Problem("not_found")
    if entry.target.condition is None:
        raise Problem("no_condition")


async def _write(api: Api, principal: Principal, said: dict[str, str | None]) -> Response:
    """Write it unless it says what holds already. Problem `condition_not_recorded`."""
    async with api.pool.acquire() as connection, connection.transaction():
        await connection.execute(_LOCK, said["target"])
        newest = json.loads(await connection.fetchval(_NEWEST, said["target"]) or "{}")
        again = said.items() <= newest.items()
        if not again:
            if said["fulfilled_on"] is None and not newest.get("fulfilled_on"):
                raise Problem("condition_not_recorded")
            by = await connection.fetchval(
                "SELECT code FROM organisation WHERE id = $1", principal.organisation_id
            )
            newest = said | {"by": by}
            body = json.dumps(newest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            entry = NewEntry("condition", body, principal.organisation_id, subject=said["target"])
            await append_entry(connection, entry, api.clock())
    await place_committed(api)
    status, headers = 200 if again else 201, {"cache-control": "no-store"}
    return Response(Body.of(newest).content, status, headers, "application/json")
