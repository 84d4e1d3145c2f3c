"""Things for tests, built from keyword arguments; nothing here decides anything."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.load import load
from chitieu.catalogue.location import default_root
from chitieu.catalogue.model import Indicator, Metric, Plan, Row, Scope, Target, Text
from chitieu.catalogue.places_files import load_places
from chitieu.memory import MemoryLog
from chitieu.periods import parse_day, parse_period, to_microseconds
from chitieu.places import Places
from chitieu.ports import NewEntry
from chitieu.registry import Registry
from chitieu.scoring.card import Evaluated, Pin, evaluate_place
from chitieu.scoring.engine import Effects, Engine, node_of
from chitieu.scoring.world import Reports, World

NOON = dt.datetime(2026, 1, 5, 5, 0, tzinfo=dt.UTC)


@functools.cache
def places() -> Places:
    return load_places(default_root() / "places")


@functools.cache
def real_catalogue() -> Catalogue:
    loaded = load([default_root()])
    assert not loaded.faults, loaded.faults[0]
    return loaded.catalogue


def text(vi: str) -> Text:
    return Text(vi=vi, en=vi)


def day(value: str) -> dt.date:
    parsed = parse_day(value)
    assert parsed is not None, value
    return parsed


def a_target(**given: Any) -> Target:
    values: dict[str, Any] = {
        "tier": "department", "set_by": "Sở Y tế", "comparator": ">=", "value": Decimal(50),
        "printed": "50%", "due": dt.date(2025, 12, 31), "due_text": "năm 2025",
        "due_precision": "year", "scope": Scope(label=text("Bệnh viện")),
    } | given  # fmt: skip
    return Target(**values)


def a_row(key: str, indicator: str | None, order: int = 1, **given: Any) -> Row:
    values: dict[str, Any] = {
        "key": key, "order": order, "section": "I", "clause": f"mục {key}", "lines": (1, 2),
        "sha256": "1" * 64, "title": text("Chỉ tiêu thử"), "indicator": indicator,
    } | given  # fmt: skip
    return Row(**values)


def a_plan(rows: Sequence[Row], **given: Any) -> Plan:
    values: dict[str, Any] = {
        "version": 1, "kind": "plan", "name": "thu-2025", "document": "thu", "title": text("Thử"),
        "number": None, "issued": "2025", "issuer": "Sở Y tế", "issuer_unit": None, "place": "38",
        "place_on": dt.date(2025, 1, 1), "year": 2025, "in_force_from": dt.date(2025, 1, 1),
        "last_day": dt.date(2025, 12, 31), "rows": tuple(rows),
    } | given  # fmt: skip
    return Plan(**values)


def a_catalogue(*plans: Plan, more: Sequence[Metric | Indicator] = ()) -> Catalogue:
    """The real metrics and indicators, and these plans only."""
    real = real_catalogue()
    metrics = [*real.metrics.values(), *(m for m in more if isinstance(m, Metric))]
    indicators = [*real.indicators.values(), *(i for i in more if isinstance(i, Indicator))]
    return Catalogue.of(metrics, indicators, plans)


def a_unit(code: str, province: str = "38", since: str = "2020-01-01", **given: Any) -> NewEntry:
    attributes = {
        "name": code, "kind": "facility", "type": "hospital", "ownership": "public",
        "level": "provincial", "class": "I", "province": province, "district": None,
        "commune": None, "services": [], "closed": None, "fictional": True, "note": None,
    } | given  # fmt: skip
    body = {"code": code, "from": since, "attributes": attributes}
    return NewEntry("unit", json.dumps(body))


def body_of(metric: Metric, data: dict[str, Any]) -> dict[str, Any]:
    """The canonical body of valid data, written independently of ingest's own code."""
    if "period" in data:
        period = parse_period(data["period"])
        assert period is not None
        first, last = period.first, period.last
    else:
        first = last = day(data["on"])
    if metric.name == "published-rate":
        groups = {"rate": {"percent": data["percent"], "printed": data.get("printed")}}
    elif metric.form == "state":
        extra = ("on", "item", "note", "compiled", "estimate")
        groups = {"state": {k: v for k, v in data.items() if k not in extra}}
    else:
        groups = {
            g.name: {f.name: data[f.name] for f in g.fields if f.name in data}
            for g in metric.groups
            if any(f.name in data for f in g.fields)
        }
    return {
        "metric": metric.name, "form": metric.form, "item": data.get("item"),
        "period": data.get("period"), "first": str(first), "last": str(last),
        "covers": data.get("through", str(last)), "estimate": data.get("estimate", False),
        "compiled": data.get("compiled", False), "groups": groups, "data": data,
    }  # fmt: skip


def an_event(
    metric: str, subject: str, data: dict[str, Any], *, id: str, time: str = "2025-12-31T00:00:00",
    source: str = "urn:his", corrects: str | None = None, sender: int = 1,
) -> NewEntry:  # fmt: skip
    body = body_of(real_catalogue().metrics[metric], data)
    return NewEntry(
        "event", json.dumps(body, sort_keys=True), sender, source, id, f"vn.chitieu.{metric}.v1",
        subject, dt.datetime.fromisoformat(time).replace(tzinfo=dt.UTC), corrects,
    )  # fmt: skip


def a_retraction(event_id: str, *, id: str, source: str = "urn:his", sender: int = 1) -> NewEntry:
    body = {"source": source, "id": event_id, "reason": "nhầm"}
    return NewEntry(
        "retraction", json.dumps(body), sender, source, id, "vn.chitieu.retraction.v1", None, NOON
    )


def a_waiver(
    unit: str, first: str, last: str, metric: str | None = None, *, id: str = "w"
) -> NewEntry:
    body = {
        "action": "grant", "id": id, "unit": unit, "metric": metric, "from": first, "to": last,
        "document": "12/QĐ-SYT", "reason": "Mất điện", "by": "syt",
    }  # fmt: skip
    return NewEntry("waiver", json.dumps(body), 1, subject=unit)


def a_withdrawal(id: str = "w", unit: str = "38F01") -> NewEntry:
    body = {
        "action": "withdraw", "id": id, "unit": unit, "document": "13/QĐ-SYT", "reason": "Nhầm",
        "by": "syt",
    }  # fmt: skip
    return NewEntry("waiver", json.dumps(body), 1, subject=unit)


def a_condition(target: str, fulfilled_on: str | None, document: str = "1/BYT") -> NewEntry:
    body = {"target": target, "fulfilled_on": fulfilled_on, "document": document, "by": "syt"}
    return NewEntry("condition", json.dumps(body), 1, subject=target)


def cashless(unit: str, period: str, payments: int, paid: int, **event: Any) -> NewEntry:
    extra = event.pop("data", {})
    data = {"period": period, "payments": payments, "cashless_payments": paid} | extra
    return an_event("cashless-payment", unit, data, **event)


class Scene:
    """A log in memory with everything applied, and the questions asked of it."""

    def __init__(self, catalogue: Catalogue, entries: Sequence[NewEntry] = ()) -> None:
        self.log = MemoryLog()
        self.now = to_microseconds(NOON)
        first = NewEntry("catalogue", catalogue.to_json().decode())
        self.log.append([first, *entries], self.now)

    def add(self, *entries: NewEntry) -> None:
        self.now += 1_000_000
        self.log.append(entries, self.now)

    def world(self, country: Places | None = None) -> World:
        """By the engine, from the whole log; on made-up places, if any."""
        entries = self.log.entries()
        nodes = {n.identity: n for n in (node_of(e) for e in entries if e.kind == "event")}
        engine = Engine(Registry(country or places()), nodes.get)
        effects: Effects = engine.apply(entries)
        reports = Reports.of(effects.reports)
        for made in effects.standing:
            reports.settle(made.change, made.at_seq, made.at_known)
        return World(engine.registry, reports, effects.known)

    def evaluated(self, code: str, as_of: str, on: str | None = None) -> Evaluated:
        world = self.world()
        place = places().bearing(code, day(on or as_of))
        assert place is not None
        return evaluate_place(world, place, Pin(day(as_of), world.known, "1:1"))


def posted_results(catalogue: Catalogue) -> list[NewEntry]:
    """Every result that the plans print, as the events that carry it."""
    entries = []
    for plan in catalogue.plans.values():
        for row in plan.rows:
            events = [event for result in row.results for event in result.events]
            for number, event in enumerate(events):
                entries.append(an_event(
                    event.metric, event.subject, event.data, id=f"{row.key}#{number}",
                    source=f"urn:{plan.name}", time="2025-06-01T00:00:00",
                ))  # fmt: skip
    return entries


def base_units(catalogue: Catalogue) -> list[NewEntry]:
    """The base registry as entries."""
    entries = []
    for records in catalogue.units.values():
        for record in records:
            attributes = record.model_dump(mode="json", by_alias=True)
            code, since = attributes.pop("code"), attributes.pop("from")
            body = {"code": code, "from": since, "attributes": attributes}
            entries.append(NewEntry("unit", json.dumps(body)))
    return entries


REPOSITORY = Path(__file__).resolve().parents[1]
