"""A target's condition recorded as fulfilled, through the log."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from chitieu.errors import Problem
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
from services.api.state import UsesApi

router = APIRouter(prefix="/v1/targets", tags=["results"])

ConditionalTarget = Annotated[
    str,
    Path(
        description="Id of a target that waits for a condition.",
        examples=["quang-ninh-2025/body/IV.3.1.2"],
    ),
]


@router.post(
    "/{target:path}/condition",
    summary="Record that a target's condition is fulfilled",
    status_code=201,
    responses=answers("record_condition", "body_empty", "not_json", "object_expected",
                      "body_too_large", "json_required", "role_not_allowed", "no_condition",
                      "missing", "bad_day", "day_after_today", "unexpected_field",
                      key=True, missing=True, success=201),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Fulfilment"},
                    "example": {"fulfilled_on": "2025-05-01", "document": "1366/BYT-K2ĐT"},
                }
            },
        }
    },
)  # fmt: skip
async def record_condition(
    request: Request, api: UsesApi, principal: Caller, target: ConditionalTarget
) -> Response:
    """From `fulfilled_on` on the target is in force; the newest record holds."""
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
    fields = Fields(await object_of(request))
    text = fields.text("fulfilled_on", required=True, limit=20)
    document = fields.text("document", required=True)
    day = parse_day(text) if text else None
    if text and day is None:
        fields.fault("fulfilled_on", "bad_day")
    if day and day > api.today:
        fields.fault("fulfilled_on", "day_after_today")
    fields.finish()
    async with api.pool.acquire() as connection, connection.transaction():
        by = await connection.fetchval(
            "SELECT code FROM organisation WHERE id = $1", principal.organisation_id
        )
        said = {"target": target, "fulfilled_on": text, "document": document, "by": by}
        body = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        new = NewEntry("condition", body, principal.organisation_id, subject=target)
        await append_entry(connection, new, api.clock())
    await place_committed(api)
    return Response(Body.of(said).content, 201, {"cache-control": "no-store"}, "application/json")
