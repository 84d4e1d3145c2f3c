"""The demo's units: facilities and pharmacies of one real province, all of them fictional. Pure."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chitieu.catalogue.model import UnitRecord

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Codes of made-up facilities have an F in the third place: 38F00 to 38FZZ.
MOST_FACILITIES: Final = len(_DIGITS) ** 2
_PHARMACIES: Final = 0.2

# Share, type, level, ownership, name. Shares are of facilities.
_KINDS: Final = (
    (0.04, "hospital", "provincial", "public", "Bệnh viện"),
    (0.04, "hospital", None, "private", "Bệnh viện tư nhân"),
    (0.05, "district_health_centre", "district", "public", "Trung tâm y tế"),
    (0.22, "polyclinic", None, "private", "Phòng khám đa khoa"),
    (0.20, "specialised_clinic", None, "private", "Phòng khám chuyên khoa"),
    (0.45, "commune_station", "commune", "public", "Trạm y tế"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is asked for; the same shape gives the same registry and the same reports."""

    seed: int
    units: int
    months: int
    last: dt.date
    province: str = "38"

    def chance(self, *about: object) -> random.Random:
        """Chance that depends on the seed and on what it is about, not on the order of asking."""
        return random.Random(repr((self.seed, *about)))  # noqa: S311 - reproducible, no secret


def units_of(shape: Shape, first: dt.date, districts: Sequence[str]) -> list[UnitRecord]:
    """The units by code. A few open later than `first`, a few close before the last month."""
    facilities = min(MOST_FACILITIES, round(shape.units * (1 - _PHARMACIES)))
    found = [_facility(shape, number, facilities, first, districts) for number in range(facilities)]
    found += [
        _record(
            shape, f"nt-{shape.province}F{number:04}", first, districts,
            name=f"Nhà thuốc số {number + 1} (hư cấu)", kind="pharmacy", ownership="private",
        )
        for number in range(shape.units - facilities)
    ]  # fmt: skip
    return found


def _facility(
    shape: Shape, number: int, of: int, first: dt.date, districts: Sequence[str]
) -> UnitRecord:
    _, kind, level, ownership, name = _kind((number + 0.5) / of)
    high, low = divmod(number, len(_DIGITS))
    hospital_class = shape.chance("class", number).choice(("I", "II", "III"))
    return _record(
        shape, f"{shape.province}F{_DIGITS[high]}{_DIGITS[low]}", first, districts,
        name=f"{name} số {number + 1} (hư cấu)", kind="facility", type=kind, level=level,
        ownership=ownership, **({"class": hospital_class} if kind == "hospital" else {}),
    )  # fmt: skip


def _kind(share: float) -> tuple[float, str, str | None, str, str]:
    """The kind that stands at this share of all facilities."""
    for each in _KINDS:
        if share < each[0]:
            return each
        share -= each[0]
    return _KINDS[-1]


def _record(
    shape: Shape, code: str, first: dt.date, districts: Sequence[str], **rest: str | None
) -> UnitRecord:
    chance = shape.chance("unit", code)
    days = (shape.last - first).days
    opened = first if chance.random() < 0.96 else _later(first, chance.randrange(1, days))
    closed = None
    if chance.random() < 0.02:
        closed = min(shape.last, _later(opened, chance.randrange(60, max(61, days))))
    data = {
        "code": code, "from": opened, "closed": closed, "province": shape.province,
        "district": chance.choice(districts) if districts else None, "fictional": True,
        "note": "Dữ liệu mẫu", **rest,
    }  # fmt: skip
    return UnitRecord.model_validate(data)


def _later(day: dt.date, days: int) -> dt.date:
    return day + dt.timedelta(days=days)
