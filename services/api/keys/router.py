"""Keys: made, listed without their secrets, revoked."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from chitieu.errors import Problem
from chitieu.keys import ROLES, Principal
from chitieu.places import place_key
from chitieu.postgres.keys import KeyRecord, create_key, ensure_organisation, list_keys, revoke_key
from chitieu.registry import Registry
from services.api.access import need_role, sees_unit
from services.api.answers import Body, respond
from services.api.documented import answers
from services.api.json_body import Fields, object_of
from services.api.keyring import Caller
from services.api.parameters import UsesPage
from services.api.reading import current_registry
from services.api.state import Api, UsesApi

router = APIRouter(prefix="/v1/keys", tags=["keys"])

_ORGANISATION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")
_KEY_ID: Final = re.compile(r"[a-z2-7]{8}")


def key_json(key: KeyRecord) -> dict[str, Any]:
    """A key without its secret."""
    return {
        "id": key.id,
        "organisation": key.organisation,
        "role": key.role,
        "places": list(key.places),
        "units": list(key.units),
        "label": key.label,
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


@router.get(
    "", summary="Keys", responses=answers("keys", "bad_value", "bad_cursor", "role_not_allowed",
                                          key=True)
)  # fmt: skip
async def keys(request: Request, api: UsesApi, principal: Caller, page: UsesPage) -> Response:
    """All for an admin; for a province those of its units."""
    need_role(principal, "province", "admin")
    registry = await current_registry(api)
    async with api.pool.acquire() as connection:
        held = await list_keys(connection)
    shown = [key for key in held if _manages(registry, principal, key)]
    found, cursor = page.cut(shown, lambda key: f"{key.created_at.isoformat()} {key.id}")
    return respond(request, Body.of({"items": [key_json(k) for k in found], "next_cursor": cursor}))


def _manages(registry: Registry, principal: Principal, key: KeyRecord) -> bool:
    if principal.role == "admin":
        return True
    return key.role == "unit" and _own_units(registry, principal, key.units)


def _own_units(registry: Registry, principal: Principal, codes: Any) -> bool:
    units = [registry.units.get(code) for code in codes]
    return bool(units) and all(u is not None and sees_unit(registry, principal, u) for u in units)


@router.post(
    "",
    name="create_key",
    summary="Make a key",
    status_code=201,
    responses=answers("create_key", "body_empty", "not_json", "object_expected", "body_too_large",
                      "json_required", "role_not_allowed", "place_not_allowed", "missing",
                      "unknown_word", "unknown_place", "units_required", "code_form",
                      "unexpected_field", key=True, success=201),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/KeyRequest"},
                    "example": {
                        "role": "unit", "units": ["cq-syt-77"], "organisation": "cq-syt-77",
                        "label": "HIS",
                    },
                }
            },
        }
    },
)  # fmt: skip
async def make_key(request: Request, api: UsesApi, principal: Caller) -> Response:
    """Its text is in this answer and nowhere else. Keys of one organisation are one sender."""
    need_role(principal, "province", "admin")
    registry = await current_registry(api)
    wanted = _read(api, registry, await object_of(request))
    if principal.role == "province" and (
        wanted["role"] != "unit" or not _own_units(registry, principal, wanted["units"])
    ):
        raise Problem("place_not_allowed")
    async with api.pool.acquire() as connection, connection.transaction():
        code = wanted["organisation"]
        await _need_sender(connection, registry, principal, code)
        organisation = await ensure_organisation(connection, code, wanted["name"] or code)
        made = await create_key(
            connection, organisation, wanted["role"], api.clock(), label=wanted["label"],
            places=wanted["places"], units=wanted["units"],
        )  # fmt: skip
    said = {
        "id": made.id, "key": made.text, "organisation": code, "role": wanted["role"],
        "places": wanted["places"], "units": wanted["units"], "label": wanted["label"],
    }  # fmt: skip
    return Response(Body.of(said).content, 201, {"cache-control": "no-store"}, "application/json")


async def _need_sender(
    connection: Any, registry: Registry, principal: Principal, code: str
) -> None:
    """A province lends out no other organisation: its keys would speak as that sender."""
    if principal.role == "admin":
        return
    rows = await connection.fetch(
        "SELECT k.role, k.units FROM api_key k JOIN organisation o ON o.id = k.organisation_id"
        " WHERE o.code = $1",
        code,
    )
    if not all(r["role"] == "unit" and _own_units(registry, principal, r["units"]) for r in rows):
        raise Problem("place_not_allowed")


def _read(api: Api, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
    fields = Fields(body)
    role = fields.text("role", required=True, limit=20)
    if role is not None and role not in ROLES:
        fields.fault("role", "unknown_word", allowed=", ".join(ROLES))
    organisation = fields.text("organisation", required=True, limit=64)
    if organisation and not _ORGANISATION.fullmatch(organisation):
        fields.fault("organisation", "code_form")
    places, units = fields.texts("places"), fields.texts("units")
    if (bool(places), bool(units)) != (role == "province", role == "unit"):
        fields.fault("units", "units_required")
    known = {place_key(place) for place in api.places.provinces()}
    if not known.issuperset(places):
        fields.fault("places", "unknown_place")
    if not all(_ORGANISATION.fullmatch(code) for code in units):
        fields.fault("units", "code_form")
    label, name = fields.text("label") or "", fields.text("name")
    fields.finish()
    return {
        "role": role, "organisation": organisation, "places": sorted(set(places)),
        "units": sorted(set(units)), "label": label, "name": name,
    }  # fmt: skip


@router.delete(
    "/{key_id}",
    name="revoke_key",
    summary="Revoke a key",
    status_code=204,
    response_class=Response,
    responses={**answers("revoke_key", "role_not_allowed", key=True, missing=True, success=204),
               204: {"description": "Revoked; refused everywhere within five seconds"}},
)  # fmt: skip
async def revoke(
    api: UsesApi, principal: Caller,
    key_id: Annotated[str, Path(description="Id of the key.", examples=["abcdefgh"])],
) -> Response:  # fmt: skip
    """What it sent stays; a new key of the same organisation is the same sender."""
    need_role(principal, "province", "admin")
    registry = await current_registry(api)
    if not _KEY_ID.fullmatch(key_id):
        raise Problem("not_found")
    async with api.pool.acquire() as connection, connection.transaction():
        held = [key for key in await list_keys(connection) if key.id == key_id]
        if not held or not _manages(registry, principal, held[0]):
            raise Problem("not_found")
        if not await revoke_key(connection, key_id, api.clock()):
            raise Problem("not_found")
    return Response(status_code=204)
