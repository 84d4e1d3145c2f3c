"""What kinds of places there are, and how much of one goes into another. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """Where a place stands; districts ended on 2025-06-30."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class Kind(StrEnum):
    """What a place is called in law; `label` is the Vietnamese word before its name."""

    PROVINCE = "province"
    CITY = "city"
    URBAN_DISTRICT = "urban_district"
    RURAL_DISTRICT = "rural_district"
    TOWN = "town"
    DISTRICT_CITY = "district_city"
    COMMUNE = "commune"
    WARD = "ward"
    TOWNSHIP = "township"
    SPECIAL_ZONE = "special_zone"

    @property
    def label(self) -> str:
        """The Vietnamese word, lower case; both kinds of city are a "thành phố"."""
        return _LABELS[self]

    @property
    def level(self) -> Level:
        """The level that places of this kind stand on."""
        return _LEVELS[self]


class Share(StrEnum):
    """How much of the older place went into the newer one."""

    WHOLE = "whole"
    PART = "part"


_KINDS: Final[tuple[tuple[Kind, Level, str], ...]] = (
    (Kind.PROVINCE, Level.PROVINCE, "tỉnh"),
    (Kind.CITY, Level.PROVINCE, "thành phố"),
    (Kind.URBAN_DISTRICT, Level.DISTRICT, "quận"),
    (Kind.RURAL_DISTRICT, Level.DISTRICT, "huyện"),
    (Kind.TOWN, Level.DISTRICT, "thị xã"),
    (Kind.DISTRICT_CITY, Level.DISTRICT, "thành phố"),
    (Kind.COMMUNE, Level.COMMUNE, "xã"),
    (Kind.WARD, Level.COMMUNE, "phường"),
    (Kind.TOWNSHIP, Level.COMMUNE, "thị trấn"),
    (Kind.SPECIAL_ZONE, Level.COMMUNE, "đặc khu"),
)
_LABELS: Final = {kind: label for kind, _, label in _KINDS}
_LEVELS: Final = {kind: level for kind, level, _ in _KINDS}
