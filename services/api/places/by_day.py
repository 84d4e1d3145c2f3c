"""`?places=DAY&level=`: results by the places of a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.periods import parse_day
from chitieu.place_kinds import Level
from chitieu.scoring.where import Where
from services.api.parameters import bad_value, one_of
from services.api.state import Api, UsesApi

REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class ByPlaces:
    """A day of places, and which of them."""

    day: dt.date
    level: Level


Places = Annotated[
    str | None,
    Query(
        description="`reported` (default), or a day: each result is also divided over the places "
        "that stand on it, sums conserved.",
        examples=["2025-03-31"],
    ),
]
PlaceLevel = Annotated[
    str | None,
    Query(
        description="With a day in `places`: province (default), district (until 2025-06-30) or "
        "commune.",
        examples=["province"],
    ),
]


async def by_places(
    api: UsesApi, places: Places = None, level: PlaceLevel = None
) -> ByPlaces | None:
    """The places asked for; None as reported. Problem `bad_value`."""
    one_of("level", level, [each.value for each in Level])
    if places is None or places == REPORTED:
        if level is not None:
            raise bad_value(
                "level", "bỏ trống khi places không là một ngày", "left out unless places is a day"
            )
        return None
    day = parse_day(places)
    if day is None:
        raise bad_value(
            "places", "reported hoặc một ngày như 2025-03-31", "reported or a day like 2025-03-31"
        )
    found = ByPlaces(day, Level(level or "province"))
    if not api.places.all(found.level, day):
        raise bad_value(
            "level", "province hoặc commune: ngày đó không có cấp huyện",
            "province or commune: no districts stand on that day",
        )  # fmt: skip
    return found


UsesPlaces = Annotated[ByPlaces | None, Depends(by_places)]


def need_places(principal: Principal, by: ByPlaces | None) -> None:
    """Problem `not_found` for a unit's key below the province: one place may be one other unit."""
    if by is not None and principal.role == "unit" and by.level is not Level.PROVINCE:
        raise Problem("not_found")


def where_of(api: Api, by: ByPlaces) -> Where:
    """What lies where on that day."""
    return Where(api.places, by.day, by.level)
