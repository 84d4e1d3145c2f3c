"""The first organisations and keys: those of `dev-credentials.json`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chitieu.catalogue.catalogue import Catalogue
from chitieu.keys import Role, parse_key, secret_matches
from chitieu.places import Place, Places, place_key
from chitieu.postgres.keys import create_key, ensure_organisation


@dataclass(frozen=True, slots=True)
class WantedKey:
    """A key that must exist; `slot` is where a credentials file holds it."""

    slot: tuple[str, ...]
    organisation: str
    name: str
    role: Role
    places: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


def first_keys(catalogue: Catalogue, places: Places) -> Iterator[WantedKey]:
    """One for the operator, the ministry, each plan's province, each facility of the base."""
    yield WantedKey(("admin",), "chitieu", "Quản trị hệ thống", "admin")
    yield WantedKey(("ministry",), "byt", "Bộ Y tế", "ministry")
    for code, place in sorted(plan_places(catalogue, places).items()):
        yield WantedKey(
            ("provinces", code),
            f"cq-syt-{place_key(place).lower()}",
            f"Sở Y tế {place.short_name}",
            "province",
            places=keys_of(places, place),
        )
    for code, records in catalogue.units.items():
        if records[-1].kind == "facility":
            yield WantedKey(("units", code), code, records[-1].name, "unit", units=(code,))


def plan_places(catalogue: Catalogue, places: Places) -> dict[str, Place]:
    """The place that bore each plan's code on the plan's day, by that code."""
    found: dict[str, Place] = {}
    for plan in catalogue.plans.values():
        place = plan.place and places.bearing(plan.place, plan.place_on)
        if place:
            found[place.code] = place
    return found


def keys_of(places: Places, place: Place) -> tuple[str, ...]:
    """A place and all that succeed it: what a province's key covers."""
    return tuple(place_key(each) for each in (place, *places.lineage(place).after))


async def make_keys(
    connection: Any,
    wanted: Iterable[WantedKey],
    held: Mapping[tuple[str, ...], str],
    now: dt.datetime,
) -> tuple[dict[tuple[str, ...], str], int]:
    """The text of each wanted key, by slot: what is held where that works, else a new one.

    One transaction; the second value is how many are new. A sender keeps its organisation, so new
    keys mean the same senders.
    """
    texts: dict[tuple[str, ...], str] = {}
    made = 0
    async with connection.transaction():
        for each in wanted:
            text = held.get(each.slot)
            organisation = await ensure_organisation(connection, each.organisation, each.name)
            if text is None or not await _works(connection, text, organisation, each):
                key = await create_key(
                    connection, organisation, each.role, now,
                    label="/".join(each.slot), places=each.places, units=each.units,
                )  # fmt: skip
                text = key.text
                made += 1
            texts[each.slot] = text
    return texts, made


async def forget_key(connection: Any, text: str) -> None:
    """Delete a key that nobody else was given."""
    parts = parse_key(text.encode())
    if parts is not None:
        await connection.execute("DELETE FROM api_key WHERE id = $1", parts.id)


async def _works(connection: Any, text: str, organisation: int, wanted: WantedKey) -> bool:
    """Whether a key is good; what it covers is brought up to date, because places succeed."""
    parts = parse_key(text.encode())
    if parts is None:
        return False
    row = await connection.fetchrow(
        "SELECT secret_sha256, places FROM api_key WHERE id = $1 AND revoked_at IS NULL"
        " AND organisation_id = $2 AND role = $3",
        parts.id,
        organisation,
        wanted.role,
    )
    if row is None or not secret_matches(parts.secret, row["secret_sha256"]):
        return False
    if set(row["places"]) != set(wanted.places):
        await connection.execute(
            "UPDATE api_key SET places = $2 WHERE id = $1", parts.id, sorted(wanted.places)
        )
    return True
