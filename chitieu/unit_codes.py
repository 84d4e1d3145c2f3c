"""Units under their newest codes: one that got a new code is one unit with both histories. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from chitieu.units import Unit


def by_newest_code(units: Mapping[str, Unit]) -> Mapping[str, Unit]:
    """The units, joined where one `succeeds` another; the same mapping when none does."""
    newer: dict[str, str] = {}
    claims = [(unit.opened, unit.code, unit.succeeds) for unit in units.values() if unit.succeeds]
    for opened, code, claimed in sorted(claims):
        # Only what began earlier can have been this unit, and only the first to say so is.
        if claimed in units and units[claimed].opened < opened:
            newer.setdefault(claimed, code)
    if not newer:
        return units
    older = {new: old for old, new in newer.items()}
    return {
        code: _joined(units, code, older) if code in older else unit
        for code, unit in units.items() if code not in newer
    }  # fmt: skip


def _joined(units: Mapping[str, Unit], code: str, older: Mapping[str, str]) -> Unit:
    """A unit with the histories of the codes it bore before, each until the next began."""
    chain = [units[code]]
    while chain[0].code in older:
        chain.insert(0, units[older[chain[0].code]])
    ends = [*(unit.opened for unit in chain[1:]), dt.date.max]
    versions = [
        version for unit, end in zip(chain, ends, strict=True) for version in unit.versions
        if version.from_ < end
    ]  # fmt: skip
    older_codes = tuple(unit.code for unit in chain[:-1])
    return replace(units[code], versions=tuple(versions), older=older_codes)
