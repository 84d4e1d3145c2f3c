"""Query parameters: each is known, stands once, and is read strictly. Nothing given is echoed."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from chitieu.errors import Problem
from chitieu.periods import parse_day, parse_instant, to_microseconds
from services.api.answers import Page, page_of
from services.api.closings.found import find_closing
from services.api.keyring import Caller
from services.api.state import Api, UsesApi

_REPEATABLE = ("what_if",)
_LOST_PLUS = re.compile(r" (?=[0-9]{2}:[0-9]{2}\Z)")


async def refuse_unknown(request: Request) -> None:
    """400 for a parameter that the operation does not take, with the one that was meant."""
    given = [name for name, _ in request.query_params.multi_items()]
    if not given:
        return
    route = request.scope.get("route")
    known: list[str] = []
    if isinstance(route, APIRoute):
        known = sorted(set(_names(route.dependant)))
    for name in given:
        if name not in known:
            meant = difflib.get_close_matches(name[:60].lower(), known, 1)
            raise Problem("unknown_parameter", {
                "hint_vi": f" Có phải là {meant[0]}?" if meant else "",
                "hint_en": f" Did you mean {meant[0]}?" if meant else "",
                "allowed": ", ".join(known) or "–",
            })  # fmt: skip
        if given.count(name) > 1 and name not in _REPEATABLE:
            raise Problem("repeated_parameter", {"name": name})


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)


def bad_value(name: str, vi: str, en: str) -> Problem:
    """422 for a value of a parameter or field."""
    return Problem("bad_value", {"name": name, "expected_vi": vi, "expected_en": en})


def one_of(name: str, value: str | None, allowed: Collection[str]) -> str | None:
    """A value of a closed list."""
    if value is None or value in allowed:
        return value
    words = ", ".join(allowed)
    raise bad_value(name, f"một trong: {words}", f"one of: {words}")


def day(name: str, text: str) -> dt.date:
    """An ISO day."""
    found = parse_day(text)
    if found is None:
        raise bad_value(
            name, "ngày dạng 2025-03-31, từ 1900 đến 2200", "a day such as 2025-03-31, 1900 to 2200"
        )
    return found


def instant(name: str, text: str) -> int:
    """RFC 3339 with offset, in microseconds; a blank where the offset's `+` stood is that `+`."""
    found = parse_instant(_LOST_PLUS.sub("+", text))
    if found is None:
        raise bad_value(
            name, "thời điểm RFC 3339 có múi giờ, ví dụ 2025-04-02T09:00:00+07:00",
            "an RFC 3339 instant with offset, such as 2025-04-02T09:00:00+07:00",
        )  # fmt: skip
    return to_microseconds(found)


@dataclass(frozen=True, slots=True)
class Moment:
    """The pair as asked; `known` None means the newest that is scored."""

    as_of: dt.date
    known: int | None


def as_of_day(api: Api, text: str | None) -> dt.date:
    """The day that `as_of` names, else today. Problem `bad_value`."""
    today = api.today
    if text is None:
        return today
    found, last = day("as_of", text), dt.date(today.year, 12, 31)
    if found > last:
        raise Problem("as_of_too_late", {"limit": last.isoformat()})
    return found


AsOf = Annotated[
    str | None,
    Query(description="The world at the end of this day; default today.", examples=["2025-03-31"]),
]
KnownAt = Annotated[
    str | None,
    Query(
        description="Only what was known at this instant (RFC 3339 with offset); default all that "
        "is scored."
    ),
]
On = Annotated[
    str | None,
    Query(
        description="A day on which the code names the place that is meant.",
        examples=["2025-03-31"],
    ),
]
Limit = Annotated[str | None, Query(description="Items on a page, 1 to 500.", examples=["50"])]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


ClosingName = Annotated[
    str | None,
    Query(description="Id of a closing: stands for its `as_of` and `known_at`, alone."),
]


async def moment(
    api: UsesApi, principal: Caller, as_of: AsOf = None, known_at: KnownAt = None,
    closing: ClosingName = None,
) -> Moment:  # fmt: skip
    """`as_of` and `known_at`, or the closing that stands for them."""
    if closing is not None:
        if as_of is not None or known_at is not None:
            raise Problem("closing_and_pair")
        held = await find_closing(api, principal, closing)
        return Moment(held.as_of, held.known)
    return moment_of(api, as_of, known_at)


async def pair(api: UsesApi, as_of: AsOf = None, known_at: KnownAt = None) -> Moment:
    """`as_of` and `known_at` where no key is needed; closings are for those who have one."""
    return moment_of(api, as_of, known_at)


def moment_of(api: Api, as_of: str | None, known_at: str | None) -> Moment:
    """What the two say. Problem `bad_value`."""
    known = None if known_at is None else instant("known_at", known_at)
    return Moment(as_of_day(api, as_of), known)


async def known_only(api: UsesApi, known_at: KnownAt = None) -> Moment:
    """`known_at` alone, for what has no day."""
    return Moment(api.today, None if known_at is None else instant("known_at", known_at))


async def page(request: Request, limit: Limit = None, cursor: Cursor = None) -> Page:
    """`limit` and `cursor`."""
    return page_of(request, limit, cursor)


async def on_day(on: On = None) -> dt.date | None:
    """`on`."""
    return None if on is None else day("on", on)


UsesPair = Annotated[Moment, Depends(pair)]
UsesMoment = Annotated[Moment, Depends(moment)]
UsesKnown = Annotated[Moment, Depends(known_only)]
UsesPage = Annotated[Page, Depends(page)]
UsesOn = Annotated[dt.date | None, Depends(on_day)]
