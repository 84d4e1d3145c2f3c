"""Rules for the base registry's units. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from chitieu.catalogue.faults import Flaw, Here
from chitieu.catalogue.model import UnitRecord
from chitieu.predicates import AGENCY_TYPES, AREA_TYPES, FACILITY_TYPES

TYPES: Final = {
    "facility": FACILITY_TYPES,
    "area": AREA_TYPES,
    "agency": AGENCY_TYPES,
    "pharmacy": (),
}
# A facility's code is five characters as they are; the other kinds carry a prefix, so that codes
# are unique over kinds and eras (CONTRACT §2).
_CODES: Final = {
    "facility": re.compile(r"[0-9A-Z]{5}"),
    "area": re.compile(r"dvhc-[0-9]{2,5}(-[0-9]{8})?"),
    "agency": re.compile(r"cq-.+"),
    "pharmacy": re.compile(r"nt-.+"),
}


def unit_flaws(code: str, records: Iterable[UnitRecord]) -> Iterator[Flaw]:
    """Flaws of a unit's records."""
    for record in records:
        here = Here(("unit", f"{code}@{record.from_}"))
        if not _fits(record):
            yield here.at("code").flaw("unit_code", found=code, kind=record.kind)
        types = TYPES[record.kind]
        if record.type is not None and record.type not in types:
            yield here.at("type").flaw(
                "unit_type", known=types, found=record.type, kind=record.kind
            )
        if record.closed is not None and record.closed < record.from_:
            yield here.at("closed").flaw(
                "unit_days", found=str(record.closed), from_day=str(record.from_)
            )


def _fits(record: UnitRecord) -> bool:
    if not _CODES[record.kind].fullmatch(record.code):
        return False
    # A made-up facility must never be taken for a real one: no real code has a letter F there.
    return record.kind != "facility" or record.fictional == (record.code[2] == "F")
