"""What moved in a province between two known times, and what moved it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.places import Place
from chitieu.postgres.entry_facts import load_entry_facts
from chitieu.scoring.movement_json import Between, causes_of, movement_json
from chitieu.scoring.movements import Movement, movements
from services.api.answers import Body, Page, respond
from services.api.documented import answers
from services.api.evaluations import Seen
from services.api.keyring import Caller
from services.api.parameters import (
    AsOf,
    ClosingName,
    Moment,
    UsesOn,
    UsesPage,
    as_of_day,
    bad_value,
    instant,
    moment,
)
from services.api.pinned import Pinned
from services.api.reading import named_place, need_place, pin, see
from services.api.scorecards.unit_card import repinned
from services.api.state import Api, UsesApi

router = APIRouter(prefix="/v1", tags=["results"])

# A page ends here before its limit: a year of a large province has tens of thousands of parts.
_PARTS_ON_A_PAGE = 5_000

Province = Annotated[
    str | None, Query(description="Province code, two digits; required.", examples=["77"])
]
Since = Annotated[
    str | None,
    Query(
        description="What was known at this instant; this or `closing` is required.",
        examples=["2020-01-01T00:00:00+07:00"],
    ),
]
Until = Annotated[
    str | None,
    Query(description="What was known at this later instant; default all that is scored."),
]


async def asked_since(
    api: UsesApi, principal: Caller, as_of: AsOf = None, from_known_at: Since = None,
    closing: ClosingName = None,
) -> Moment:  # fmt: skip
    """The day and the first known time, or the closing that stands for both."""
    if closing is not None:
        return await moment(api, principal, as_of, from_known_at, closing)
    known = None if from_known_at is None else instant("from_known_at", from_known_at)
    return Moment(as_of_day(api, as_of), known)


UsesSince = Annotated[Moment, Depends(asked_since)]
PlanName = Annotated[
    str | None, Query(description="Only results of this plan.", examples=["br-vt-2025"])
]
TargetId = Annotated[str | None, Query(description="Only the result of this target.")]


@dataclass(frozen=True)
class Ends:
    """A province at both known times."""

    place: Place
    since: tuple[Pinned, Seen]
    until: tuple[Pinned, Seen]

    def moved(self, plan: str | None, target: str | None) -> tuple[Movement, ...]:
        """The results of a plan or of one target that moved."""
        before, after = (repinned(seen.evaluated, at) for at, seen in (self.since, self.until))
        wanted = None
        if plan is not None or target is not None:
            wanted = [
                o.asked.id for o in (*before.outcomes, *after.outcomes)
                if plan in (None, o.asked.plan.name) and target in (None, o.asked.id)
            ]  # fmt: skip
        return movements(before, after, wanted)

    def head(self) -> dict[str, object]:
        """What stands above the list."""
        return {
            "province": {"code": self.place.code, "name": self.place.short_name},
            "as_of": self.until[0].as_of.isoformat(),
            "from": _end(*self.since),
            "to": _end(*self.until),
        }


@router.get(
    "/changes",
    summary="What moved between two known times, and what moved it",
    responses=answers("changes", "bad_value", "as_of_too_late", "known_at_order",
                      "closing_and_pair", "known_at_in_future", "not_scored_yet", "bad_cursor",
                      key=True, missing=True),
)  # fmt: skip
async def changes(  # noqa: PLR0913 - each is a query parameter
    request: Request, api: UsesApi, principal: Caller, asked: UsesSince, on: UsesOn, page: UsesPage,
    province: Province = None, to_known_at: Until = None,
    plan: PlanName = None, target: TargetId = None,
) -> Response:  # fmt: skip
    """Each result that moved, by target; `parts` add up to `difference`, what is null being 0.

    A part is what one cause did to one unit's contributions, or to the whole where `unit` is null.
    """
    if province is None:
        raise bad_value("province", "mã tỉnh hai chữ số", "a province code, two digits")
    as_of, since = asked.as_of, asked.known
    if since is None:
        raise bad_value(
            "from_known_at", "thời điểm RFC 3339 có múi giờ", "an RFC 3339 instant with offset"
        )
    until = page.known if to_known_at is None else instant("to_known_at", to_known_at)
    if until is not None and since > until:
        raise Problem("known_at_order")
    place = named_place(api, province, on or as_of)
    _need_units(principal)
    await need_place(api, principal, place)
    last = await pin(api, place, Moment(as_of, until))
    if since > last.known:
        # Without `to_known_at` the newest position may lie before `from_known_at`.
        last = await pin(api, place, Moment(as_of, since))
    first = await pin(api, place, Moment(as_of, since))
    ends = Ends(place, (first, await see(api, place, first)), (last, await see(api, place, last)))
    _need_named(ends, plan, target)
    key = ("changes", place.key, first, last, plan, target)
    body = api.bodies.get((*key, page))
    if body is None:
        moved = api.moved.get(key)
        if moved is None:
            moved = await api.evaluations.run(lambda: ends.moved(plan, target))
            api.moved.put(key, moved)
        body = await _body(api, ends, moved, page)
        api.bodies.put((*key, page), body)
    return respond(request, body)


def _need_units(principal: Principal) -> None:
    """Causes name every unit's events. Problem `not_found` for who sees only its own."""
    if principal.role == "unit":
        raise Problem("not_found")


def _need_named(ends: Ends, plan: str | None, target: str | None) -> None:
    """Problem `bad_value` for a plan or a target that neither end knows."""
    outcomes = [o for _, seen in (ends.since, ends.until) for o in seen.evaluated.outcomes]
    if plan is not None and plan not in {o.asked.plan.name for o in outcomes}:
        raise bad_value("plan", "tên một kế hoạch trên phiếu điểm này, xem /v1/plans",
                        "a plan on this scorecard, see /v1/plans")  # fmt: skip
    if target is not None and target not in {o.asked.id for o in outcomes}:
        raise bad_value("target", "mã một chỉ tiêu trên phiếu điểm này, xem /v1/targets",
                        "a target on this scorecard, see /v1/targets")  # fmt: skip


async def _body(api: Api, ends: Ends, moved: Sequence[Movement], page: Page) -> Body:
    until = ends.until[0].known
    items, cursor = page.cut(moved, lambda m: m.target, until, size=_fitting)
    async with api.pool.acquire() as connection:
        facts = await load_entry_facts(connection, causes_of(items))
    between = Between(ends.since[0].known, until, facts)

    def make() -> object:
        shown = [movement_json(movement, between) for movement in items]
        return ends.head() | {"items": shown, "next_cursor": cursor}

    return await api.evaluations.run(lambda: Body.of(make()))


def _fitting(moved: Iterable[Movement]) -> int:
    """How many fit on a page by their parts; one at least."""
    total = count = 0
    for movement in moved:
        total += len(movement.parts)
        if count and total > _PARTS_ON_A_PAGE:
            break
        count += 1
    return count


def _end(at: Pinned, seen: Seen) -> dict[str, str | None]:
    catalogue = seen.world.registry.catalogue
    return {
        "known_at": at.known_at,
        "position": at.position,
        "catalogue": catalogue.digest if catalogue else None,
    }
