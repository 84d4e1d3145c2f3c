"""Completeness of a province's plans as JSON values. Pure: dictionaries, no bytes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from chitieu.catalogue.model import Plan
from chitieu.completeness.calendar import default_period, printed_day
from chitieu.completeness.owed import Owed, owed_for
from chitieu.periods import Period, known_text
from chitieu.places import Place
from chitieu.registry import Registry
from chitieu.scoring.asked import Asked, asked_of
from chitieu.scoring.card import Pin, place_json
from chitieu.scoring.explanation import waiver_json
from chitieu.scoring.world import World
from chitieu.text import fixed
from chitieu.units import Unit

_STATES = ("on_time", "late", "awaited", "missing")


def completeness_json(
    world: World, place: Place, pin: Pin, plan: str | None = None, period: Period | None = None
) -> dict[str, Any]:
    """Who has reported what for a period of each plan that stands on a province, or of one.

    `world` may be of another known time of the same position and day; `pin` is the asker's.
    """
    plans: defaultdict[str, list[Asked]] = defaultdict(list)
    for asked in asked_of(world.registry, place):
        if plan in (None, asked.plan.name):
            plans[asked.plan.name].append(asked)
    catalogue = world.registry.catalogue
    return {
        "province": place_json(place),
        "as_of": pin.as_of.isoformat(),
        "known_at": known_text(pin.known),
        "position": pin.position,
        "catalogue": catalogue.digest if catalogue else None,
        "plans": [
            _plan(world, plans[name][0].plan, plans[name], pin.as_of, period)
            for name in sorted(plans)
        ],
    }


def _plan(
    world: World, plan: Plan, targets: Sequence[Asked], as_of: dt.date, period: Period | None
) -> dict[str, Any]:
    period = period or default_period(plan, min(as_of, world.known_day))
    owed = owed_for(world, targets, period, as_of)
    printed, last = printed_day(plan, period), min(period.last, plan.last_day)
    return {
        "plan": plan.name,
        "title": plan.title.vi,
        "title_en": plan.title.en,
        "period": str(period),
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "due": printed.due.isoformat() if printed else None,
        "due_text": printed.printed if printed else None,
        "due_lines": list(printed.lines) if printed else None,
        "total": _counts(owed),
        "metrics": _metrics(owed),
        "units": _units(world.registry, owed, last),
        "missing": _missing(world.registry, owed, last),
        "waived": _waived(owed),
        "unregistered": sorted(
            asked.id for asked in targets
            if asked.target.value is not None and not asked.units(min(last, asked.judged_on))
        ),
    }  # fmt: skip


def _counts(owed: Iterable[Owed]) -> dict[str, Any]:
    """Reports by what became of them; `expected` are all but the waived."""
    owed = list(owed)
    of = {state: sum(one.state == state for one in owed) for state in _STATES}
    expected, reported = sum(of.values()), of["on_time"] + of["late"]
    return {
        "expected": expected,
        **of,
        "waived": len(owed) - expected,
        "estimated": sum(one.estimated for one in owed),
        "percent_reported": _percent(reported, expected),
        "percent_on_time": _percent(of["on_time"], expected),
    }


def _percent(part: int, whole: int) -> str | None:
    return str(fixed(Decimal(100 * part) / Decimal(whole), 2)) if whole else None


def _by(owed: Iterable[Owed], what: str) -> list[tuple[str, list[Owed]]]:
    groups: defaultdict[str, list[Owed]] = defaultdict(list)
    for one in owed:
        groups[one.unit.code if what == "unit" else one.metric.name].append(one)
    return sorted(groups.items())


def _metrics(owed: Sequence[Owed]) -> list[dict[str, Any]]:
    return [
        {
            "metric": name,
            "title": group[0].metric.title.vi,
            "title_en": group[0].metric.title.en,
            "units": len({one.unit.code for one in group}),
            **_counts(group),
        }
        for name, group in _by(owed, "metric")
    ]


def _unit(registry: Registry, unit: Unit, on: dt.date) -> dict[str, Any]:
    attributes = unit.on(on)
    district = attributes.get("district")
    area = registry.units.get(f"dvhc-{district}") if district else None
    return {
        "unit": unit.code,
        "name": attributes.get("name"),
        "kind": attributes.get("kind"),
        "type": attributes.get("type"),
        "district": district,
        "district_name": area.on(on).get("name") if area else None,
    }


def _units(registry: Registry, owed: Sequence[Owed], on: dt.date) -> list[dict[str, Any]]:
    return [
        {
            **_unit(registry, group[0].unit, on),
            **_counts(group),
            "metrics": [
                {"metric": name, **_counts(own)} for name, own in _by(group, "metric")
            ],
        }
        for _, group in _by(owed, "unit")
    ]  # fmt: skip


def _missing(registry: Registry, owed: Sequence[Owed], on: dt.date) -> list[dict[str, Any]]:
    """Who is missing, by unit: what, of which periods, by when it was due."""
    found = []
    for _, group in _by((one for one in owed if one.state == "missing"), "unit"):
        reports = [_lacking(registry, own) for own in _by_item(group)]
        found.append(_unit(registry, group[0].unit, on) | {"reports": reports})
    return found


def _by_item(owed: Sequence[Owed]) -> list[list[Owed]]:
    groups: defaultdict[tuple[str, str], list[Owed]] = defaultdict(list)
    for one in owed:
        groups[one.metric.name, one.item or ""].append(one)
    return [groups[key] for key in sorted(groups)]


def _lacking(registry: Registry, owed: Sequence[Owed]) -> dict[str, Any]:
    """One line: of a task its own title, of anything else the metric's."""
    first = owed[0]
    entry = registry.catalogue.targets.get(first.item or "") if registry.catalogue else None
    title = entry.row.title if entry else first.metric.title
    return {
        "metric": first.metric.name,
        "item": first.item,
        "title": title.vi,
        "title_en": title.en,
        "periods": [str(one.period) for one in owed if one.period],
        "groups": sorted({group for one in owed for group in one.groups}),
        "due": max(one.due.day for one in owed).isoformat(),
        "due_basis": first.due.basis,
    }


def _waived(owed: Iterable[Owed]) -> list[dict[str, Any]]:
    """The waivers that free somebody in this period, with what they free."""
    waivers = {}
    periods: defaultdict[str, set[str]] = defaultdict(set)
    for one in owed:
        for waiver in one.waivers:
            waivers[waiver.id] = waiver
            periods[waiver.id] |= {str(one.period)} if one.period else set()
    ordered = sorted(waivers.values(), key=lambda w: (w.unit, w.days, w.id))
    return [waiver_json(waiver) | {"periods": sorted(periods[waiver.id])} for waiver in ordered]
