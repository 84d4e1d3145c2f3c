"""Reports: what one event says about one unit, one row per field group. Pure.

The body of an accepted event, as ingest writes it and the log keeps it, is canonical JSON:

    {"metric", "form", "item", "period", "first", "last", "covers", "estimate", "compiled",
     "groups": {group: {field: value}}, "data": as sent and validated, "note", "recordedtime"}

Whole numbers are JSON integers, decimals are strings, so nothing is lost on the way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import jiter

from chitieu.periods import Period
from chitieu.ports import Entry

RATE = "published-rate"
TASK = "task"
OrderKey = tuple[dt.datetime, bytes, bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """One field group of one event. `first`–`last` are its period, or twice its day."""

    seq: int
    known: int
    unit: str
    metric: str
    item: str
    group: str
    first: dt.date
    last: dt.date
    covers: dt.date
    estimate: bool
    compiled: bool
    time: dt.datetime
    organisation: int
    source: str
    event_id: str
    fields: Mapping[str, Any]
    # The days it speaks of: from its first day to `through`, else to its end. Asked a lot.
    extent: Period = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "extent", Period(self.first, min(self.covers, self.last)))

    @property
    def period(self) -> Period:
        return Period(self.first, self.last)

    @property
    def days_text(self) -> str:
        """Its period as it is printed; the day of a state."""
        same = self.first == self.last == self.covers
        return self.first.isoformat() if same else str(self.period)

    @property
    def sent(self) -> OrderKey:
        """Later wins: by time, source, id, strings bytewise."""
        return (self.time, self.source.encode(), self.event_id.encode())

    @property
    def rank(self) -> tuple[dt.date, bool, OrderKey]:
        """Which of one key counts, the last wins."""
        return (self.covers, not self.estimate, self.sent)

    def number(self, field: str) -> Decimal:
        """A numeric field, exactly."""
        return Decimal(self.fields[field])


def read(body: str) -> Any:
    """The body of an entry: every report is read once, so by the quickest reader."""
    return jiter.from_json(body.encode())


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def reports_of(entry: Entry) -> list[Report]:
    """The reports of an event entry, one per field group, in the groups' order."""
    body = read(entry.body)
    assert entry.time is not None  # a CHECK of the table and ingest both refuse it
    return [
        Report(
            seq=entry.seq,
            known=entry.known,
            unit=entry.subject or "",
            metric=body["metric"],
            item=body["item"] or "",
            group=group,
            first=_day(body["first"]),
            last=_day(body["last"]),
            covers=_day(body["covers"]),
            estimate=body["estimate"],
            compiled=body["compiled"],
            time=entry.time,
            organisation=entry.organisation or 0,
            source=entry.source or "",
            event_id=entry.event_id or "",
            fields=fields,
        )
        for group, fields in sorted(body["groups"].items())
    ]
