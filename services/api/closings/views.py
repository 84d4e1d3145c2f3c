"""Closings as JSON. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from chitieu.closings.state import Closing, Signed
from chitieu.periods import known_text
from chitieu.places import Place


def closing_json(closing: Closing, place: Place) -> dict[str, Any]:
    """A closing without its document."""
    pending, expires = closing.pending, closing.expires
    return {
        "id": closing.id,
        "province": {"code": place.code, "name": place.short_name},
        "plan": closing.plan,
        "period": closing.period,
        "version": closing.version,
        "state": closing.state,
        "as_of": closing.as_of.isoformat(),
        "known_at": known_text(closing.known),
        "position": closing.position,
        "sha256": closing.sha256,
        "size": closing.size,
        "catalogue": closing.catalogue,
        "code": closing.code,
        "previous": closing.previous,
        "closed": _signed(closing.closed),
        "pending": None if pending is None else _signed(pending) | {
            "expires_at": None if expires is None else known_text(expires)
        },
        "withdrawn": None if closing.withdrawn is None or closing.requested is None else {
            "asked": _signed(closing.requested), "joined": _signed(closing.withdrawn),
        },
        "links": _links(closing, place),
    }  # fmt: skip


def _signed(signed: Signed) -> dict[str, Any]:
    return {
        "at": known_text(signed.at), "by": signed.by, "key": signed.key, "reason": signed.reason,
    }  # fmt: skip


def path_of(closing: Closing, place: Place) -> str:
    """Where a closing stands."""
    return f"/v1/provinces/{place.code}/closings/{quote(closing.id)}"


def _links(closing: Closing, place: Place) -> dict[str, str]:
    own = path_of(closing, place)
    on = max(filter(None, (closing.days.first, place.valid_from)))
    pair = f"as_of={closing.as_of}&known_at={quote(known_text(closing.known))}"
    return {
        "self": own,
        "document": f"{own}/document",
        "scorecard": f"/v1/provinces/{place.code}/scorecard?{pair}&on={on}&plan={closing.plan}",
    }
