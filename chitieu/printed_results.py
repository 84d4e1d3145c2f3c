"""The results that plans print, as the events that carry them through the real ingest. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.model import Plan
from chitieu.places import Places

# The end of a working day: a result that holds for a day was made by then.
_MADE_AT: Final = "17:00:00+07:00"


@dataclass(frozen=True, slots=True)
class PrintedEvent:
    """One event, and the row of the plan whose result it is."""

    plan: str
    row: str
    event: dict[str, Any]


def printed_events(plan: Plan) -> Iterator[PrintedEvent]:
    """A plan's printed results in its order; the same plan gives the same identities for ever."""
    for row in plan.rows:
        posted = [(result, event) for result in row.results for event in result.events]
        for number, (result, event) in enumerate(posted, start=1):
            yield PrintedEvent(
                plan.name,
                f"{plan.name}/{row.key}",
                {
                    "specversion": "1.0",
                    "source": f"urn:chitieu:plan:{plan.name}",
                    "id": f"{row.key}#{number}",
                    "type": f"vn.chitieu.{event.metric}.v1",
                    "subject": event.subject,
                    "time": f"{result.as_of.isoformat()}T{_MADE_AT}",
                    "datacontenttype": "application/json",
                    "data": event.data,
                },
            )


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan's scorecard as `make up` prints it: whose, and for which day."""

    plan: str
    province: str
    as_of: dt.date
    on: dt.date


def scorecards_to_show(catalogue: Catalogue, places: Places) -> list[Shown]:
    """Each province's plan at the day its results hold for, else at its last day.

    A place that ended before that day is shown on its own last day.
    """
    found: list[Shown] = []
    for plan in catalogue.plans.values():
        bearer = plan.place and places.bearing(plan.place, plan.place_on)
        if not bearer:
            continue
        days = [r.as_of for row in plan.rows for r in row.results if r.events]
        as_of = max(days) if days else plan.last_day
        if bearer.valid_to is not None:
            as_of = min(as_of, bearer.valid_to)
        found.append(Shown(plan.name, bearer.code, as_of, as_of))
    return found
