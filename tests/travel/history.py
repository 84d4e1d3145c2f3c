"""A long history of many provinces, seeded: reports in random order, one in twenty corrected.

Events are the oracle's dictionaries (tests/oracle/oracle.py) with their place in the order of
arrival; `new_entry` gives the same as an entry of the log. Nothing here knows what counts.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.model import Each
from chitieu.ports import NewEntry
from tests.builders import a_catalogue, a_plan, a_row, a_target, a_unit, places
from tests.oracle.oracle import Event, Question, days_of
from tests.oracle.test_oracle import COUNTS, EMR, HOSPITALS, MORE, REVENUE

FIRST_DAY = dt.date(2025, 1, 1)
MONTHS = tuple(f"{2025 + n // 12}-{n % 12 + 1:02}" for n in range(15))
PERSONS = COUNTS | {
    "metric": "vneid-health-book", "group": "visitors", "numerator": "visitors_using",
    "denominator": "visitors",
}  # fmt: skip
METRICS = {
    "cashless-payment": "counts", "vneid-health-book": "visitors",
    "social-benefit-payment": "recipients", "health-document-exchange": "documents",
    "infectious-cases": "cases",
}  # fmt: skip
SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000


@dataclass(frozen=True)
class Asked:
    """A target, and the oracle's question for each version of the catalogue."""

    target: str
    province: str
    questions: tuple[Question, Question]


class History:
    """`size` events about units of the provinces of 2025; the second catalogue asks otherwise."""

    def __init__(self, seed: int, size: int) -> None:
        self.seed, self.size = seed, size
        self.provinces = [place.code for place in places().provinces(FIRST_DAY)]
        # With what is not reported, corrected and retracted.
        self.per_unit = 0.94 * 1.06 * len(METRICS) * len(MONTHS) + 3
        self.units: dict[str, list[str]] = {}
        chance = self.chance("units")
        wanted = round(1.005 * size / self.per_unit)
        weights = [chance.choice([1, 2, 2, 3, 6]) for _ in self.provinces]
        for code, weight in zip(self.provinces, weights, strict=True):
            count = max(1, wanted * weight // sum(weights))
            self.units[code] = [f"{code}F{n:04}" for n in range(count)]

    def chance(self, *what: object) -> random.Random:
        """The same numbers for the same seed and purpose."""
        return random.Random(f"{self.seed} {what}")

    # --- what is asked ---------------------------------------------------------------------------

    @cached_property
    def asked(self) -> list[Asked]:
        return [asked for code in self.provinces for asked in self._asked(code)]

    def _asked(self, code: str) -> Iterator[Asked]:
        for number, (_, question, _) in enumerate(_KINDS):
            versions = tuple(question | self._required(code, number, version) for version in (0, 1))
            yield Asked(f"p{code}/q{number}", code, (versions[0], versions[1]))

    def _required(self, code: str, number: int, version: int) -> Question:
        chance = self.chance("required", code, number, version)
        percent = chance.choice(["30", "50", "62.5", "80"])
        value = str(chance.choice([2_000, 20_000, 90_000])) if number == 2 else percent
        comparator = chance.choice(["<=", "<"] if number == 2 else [">=", ">"])
        # The day it is due is part of what a target is: it stays.
        due = self.chance("due", code, number).choice([dt.date(2025, 12, 31), dt.date(2025, 9, 29)])
        return {"value": Fraction(value), "comparator": comparator, "due": due}

    def catalogue(self, version: int) -> Catalogue:
        """All plans, one a province."""
        plans = []
        for code in self.provinces:
            rows = []
            for number, (indicator, _, more) in enumerate(_KINDS):
                required = self._required(code, number, version)
                value = Decimal(required["value"].numerator) / required["value"].denominator
                target = a_target(
                    scope=HOSPITALS, value=value, comparator=required["comparator"],
                    due=required["due"], **more,
                )  # fmt: skip
                rows.append(a_row(f"q{number}", indicator, number, target=target))
            plans.append(a_plan(rows, name=f"p{code}", place=code, place_on=FIRST_DAY))
        return a_catalogue(*plans, more=MORE)

    # --- what arrives ----------------------------------------------------------------------------

    @cached_property
    def arrivals(self) -> list[Event]:
        """All events in their order of arrival."""
        events = [event for code in self.provinces for event in self._of_province(code)]
        self.chance("order").shuffle(events)
        return events

    def _of_province(self, code: str) -> Iterator[Event]:
        chance = self.chance("events", code)
        for unit in self.units[code]:
            for metric in METRICS:
                level = chance.uniform(0.25, 0.9)
                for number, month in enumerate(MONTHS):
                    if chance.random() < 0.06:
                        continue  # silence is not zero
                    name = f"{unit}-{metric}-{number}"
                    event = self._figures(chance, unit, metric, month, level)
                    yield event | {"id": name}
                    yield from self._amended(chance, event, name, code)
            for number in range(3):
                day = FIRST_DAY + dt.timedelta(days=chance.randint(0, 450))
                state = chance.choice(["not_started", "pilot", "live", "live", "suspended"])
                yield self._event(chance, unit, "emr") | {
                    "id": f"{unit}-emr-{number}", "on": day, "groups": {"state": {"state": state}},
                }  # fmt: skip

    def _event(self, chance: random.Random, unit: str, metric: str) -> Event:
        minute = chance.randint(0, 60 * 24 * 20)
        time = dt.datetime(2026, 4, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)
        return {
            "kind": "event", "sender": 1, "source": f"urn:{unit[:2]}", "metric": metric,
            "unit": unit, "time": time,
        }  # fmt: skip

    def _figures(
        self, chance: random.Random, unit: str, metric: str, month: str, level: float
    ) -> Event:
        whole = chance.choice([0, chance.randint(20, 900), chance.randint(20, 900)])
        part = min(whole, int(whole * level * chance.uniform(0.7, 1.3)))
        names = _FIELDS[metric]
        groups = {METRICS[metric]: dict(zip(names, (whole, part), strict=True))}
        if metric == "cashless-payment":
            groups["revenue"] = {
                "revenue_vnd": whole * 1000, "cashless_revenue_vnd": part * 1000,
            }  # fmt: skip
        event = self._event(chance, unit, metric) | {"period": month, "groups": groups}
        if chance.random() < 0.02:
            event |= {"estimate": True}
        if chance.random() < 0.01:
            event["through"] = days_of(month)[0] + dt.timedelta(days=chance.randint(5, 20))
        if chance.random() < 0.01 and month.endswith("-01"):
            event["period"] = f"{month[:4]}-Q1"
        return event

    def _amended(
        self, chance: random.Random, event: Event, name: str, code: str
    ) -> Iterator[Event]:
        """One in twenty corrected, some twice, some moved to another unit; a few retracted."""
        if chance.random() < 0.05:
            unit = event["unit"]
            if chance.random() < 0.1:
                unit = chance.choice(self.units[code])
            new = self._figures(chance, unit, event["metric"], event["period"], 0.6)
            later = {"time": event["time"] + dt.timedelta(minutes=1)}
            yield new | later | {"id": f"{name}-c", "corrects": name, "period": event["period"]}
            if chance.random() < 0.1:
                again = {"time": event["time"] + dt.timedelta(minutes=2)}
                yield new | again | {"id": f"{name}-d", "corrects": f"{name}-c"}
        if chance.random() < 0.005:
            named = chance.choice([name, f"{name}-c"])
            yield {"kind": "retraction", "sender": 1, "source": event["source"], "id": named,
                   "unit": event["unit"]}  # fmt: skip

    def registered(self) -> list[Event]:
        """The units at the beginning."""
        return [
            {"kind": "unit", "code": unit, "from": dt.date(2020, 1, 1)}
            for units in self.units.values() for unit in units
        ]  # fmt: skip

    def closed_later(self) -> list[Event]:
        """What is learned about units half way: one in fifty has closed."""
        chance = self.chance("closed")
        return [
            {"kind": "unit", "code": unit, "from": dt.date(2020, 1, 1), "closed": chance.choice(
                [dt.date(2025, 3, 14), dt.date(2025, 8, 31)])}
            for units in self.units.values() for unit in units if chance.random() < 0.02
        ]  # fmt: skip


_FIELDS = {
    "cashless-payment": ("payments", "cashless_payments"),
    "vneid-health-book": ("visitors", "visitors_using"),
    "social-benefit-payment": ("recipients", "recipients_cashless"),
    "health-document-exchange": ("documents_due", "documents_sent"),
    "infectious-cases": ("cases", "cases_managed"),
}
_EACH = {"each": Each(comparator=">=", value=Decimal(50))}
# Indicator, what the oracle is asked, what else the target says.
_KINDS: tuple[tuple[str, Question, dict[str, Any]], ...] = (
    ("cashless-payment-count-share", {"kind": "ratio"} | COUNTS, {}),
    ("half-enough", {"kind": "ratio"} | REVENUE | {"min_reported": Fraction(1, 2)}, {}),
    ("payments", {"kind": "total"} | COUNTS | {"numerator": "payments", "denominator": None}, {}),
    ("emr-hospital-share", {"kind": "share_of_units"} | EMR, {}),
    ("meeting", {"kind": "share_meeting"} | COUNTS | {"each": (">=", Fraction(50))}, _EACH),
    ("vneid-health-book-use-share", {"kind": "ratio"} | PERSONS, {}),
)


def new_entry(event: Event) -> NewEntry:
    """An event, a retraction or a unit as it is written to the log."""
    if event["kind"] == "unit":
        closed = event.get("closed")
        return a_unit(
            event["code"], event["code"][:2], str(event["from"]), closed=closed and str(closed)
        )
    if event["kind"] == "retraction":
        body = json.dumps({"source": event["source"], "id": event["id"], "reason": "nhầm"})
        time = dt.datetime(2026, 4, 30, tzinfo=dt.UTC)
        return NewEntry("retraction", body, 1, event["source"], f"r-{event['id']}",
                        "vn.chitieu.retraction.v1", None, time)  # fmt: skip
    is_state = "on" in event
    first, last = (event["on"],) * 2 if is_state else days_of(event["period"])
    body = json.dumps({
        "metric": event["metric"], "form": "state" if is_state else "period", "item": None,
        "period": event.get("period"), "first": str(first), "last": str(last),
        "covers": str(event.get("through") or last), "estimate": event.get("estimate", False),
        "compiled": False, "groups": event["groups"], "data": {},
    })  # fmt: skip
    return NewEntry(
        "event", body, event["sender"], event["source"], event["id"],
        f"vn.chitieu.{event['metric']}.v1", event["unit"], event["time"], event.get("corrects"),
    )  # fmt: skip
