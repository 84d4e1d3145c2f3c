"""Units as JSON. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from chitieu.periods import known_text
from chitieu.registry import Registry
from chitieu.scoring.card import place_json
from chitieu.units import Unit

# Attributes that are printed beside the others, not among them.
_SHOWN = (
    "name", "kind", "type", "ownership", "level", "class", "province", "district", "commune",
    "services", "closed", "succeeds", "fictional", "note",
)  # fmt: skip


def attributes_json(attributes: Any) -> dict[str, Any]:
    """All attributes, null where a unit has none."""
    shown: dict[str, Any] = {name: attributes.get(name) for name in _SHOWN}
    shown["services"] = sorted(attributes.get("services") or ())
    shown["fictional"] = bool(attributes.get("fictional"))
    return shown


def unit_json(registry: Registry, unit: Unit, on: dt.date) -> dict[str, Any]:
    """A unit as it is on a day."""
    province = registry.province_of(unit, on)
    return {
        "code": unit.code,
        **attributes_json(unit.on(on)),
        "from": unit.version_on(on).from_.isoformat(),
        "opened": unit.opened.isoformat(),
        "open": unit.is_open(on),
        "in_province": None if province is None else place_json(province),
    }


def unit_page_json(
    registry: Registry, unit: Unit, on: dt.date, positions: Mapping[int, str]
) -> dict[str, Any]:
    """A unit with its whole history: what was said, from which day it holds, when it was known."""
    return unit_json(registry, unit, on) | {
        "versions": [
            {
                "from": version.from_.isoformat(),
                "known": known_text(version.known),
                "position": positions[version.seq],
                **attributes_json(version.attributes),
            }
            for version in unit.versions
        ],
    }
