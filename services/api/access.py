"""Who may see what (CONTRACT.md §5). What may not be seen answers as what does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from chitieu.errors import Problem
from chitieu.keys import Principal, Role
from chitieu.places import Place, Places, place_key
from chitieu.registry import Registry
from chitieu.units import Unit


def covers(places: Places, principal: Principal, place: Place) -> bool:
    """Whether a province's key covers a place: one it was made for, or what succeeds that."""
    if place_key(place) in principal.places:
        return True
    before = places.lineage(place).before
    return any(place_key(earlier) in principal.places for earlier in before)


def sees_place(registry: Registry, principal: Principal, place: Place) -> bool:
    """Whether its scorecard and results may be read."""
    match principal.role:
        case "ministry" | "admin":
            return True
        case "province":
            return covers(registry.places, principal, place)
        case "unit":
            own = (registry.units.get(code) for code in principal.units)
            key = place_key(place)
            return any(
                place_key(p) == key for unit in own if unit for p in registry.places_of(unit)
            )


def sees_unit(registry: Registry, principal: Principal, unit: Unit) -> bool:
    """Whether its page, events and figures may be read."""
    match principal.role:
        case "ministry" | "admin":
            return True
        case "province":
            places = registry.places
            return any(covers(places, principal, p) for p in registry.places_of(unit))
        case "unit":
            return unit.code in principal.units


def sees_units(principal: Principal, codes: Iterable[str]) -> bool:
    """Whether figures of all these units may be read one by one."""
    if principal.role != "unit":
        return True  # who sees the province sees its units
    wanted = set(codes)
    return bool(wanted) and wanted <= principal.units


def need_role(principal: Principal, *roles: Role) -> None:
    """Problem `role_not_allowed` for others."""
    if principal.role not in roles:
        raise Problem("role_not_allowed", {"allowed": ", ".join(roles)})
