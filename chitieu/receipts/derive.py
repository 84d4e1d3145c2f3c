"""From the entries of a receipt back to the result, by the same evaluator. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chitieu.catalogue.catalogue import Catalogue
from chitieu.periods import parse_day, parse_instant, to_microseconds
from chitieu.places import Place, Places
from chitieu.ports import Entry
from chitieu.receipts.entries import Wire, from_wire
from chitieu.registry import Registry
from chitieu.reports import reports_of
from chitieu.scoring.card import Pin, result_json
from chitieu.scoring.engine import REGISTRY_KINDS, named_by, node_of
from chitieu.scoring.explanation import explanation_json
from chitieu.scoring.one import evaluate_one
from chitieu.scoring.results import canonical
from chitieu.scoring.world import Reports, World
from chitieu.standing import Standing


class NotDerivable(Exception):
    """The receipt's entries give no result at all; `str()` says why."""


@dataclass(frozen=True)
class Derived:
    """What the entries give."""

    result: dict[str, Any]
    explanation: dict[str, Any]


def places_digest(places: Places) -> str:
    """`sha256:…` of the provinces of all eras and their succession, which results rest on."""
    text = canonical([place.to_wire() for place in places.provinces()])
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def derive(receipt: Wire, catalogue: Catalogue, places: Places) -> Derived:
    """The result of a receipt's question from its entries. NotDerivable."""
    try:
        return _derive(receipt, catalogue, places)
    except NotDerivable:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, AssertionError, ArithmeticError) \
            as error:  # fmt: skip
        # Whoever wrote the entries chose them: there is no end to what can be wrong with them.
        raise NotDerivable(f"{type(error).__name__}: {error}") from error


def _derive(receipt: Wire, catalogue: Catalogue, places: Places) -> Derived:
    target, source = receipt["target"], receipt["catalogue"]
    if target not in catalogue.targets:
        raise NotDerivable(f"{target}: not in the catalogue")
    entries = [from_wire(wire) for wire in receipt["entries"]]
    registry = Registry(
        places, catalogue=catalogue, catalogue_seq=source["seq"], catalogue_known=source["known"],
        defined_known={target: source["defined_known"]},
    ).with_entries(entry for entry in entries if entry.kind in REGISTRY_KINDS)  # fmt: skip
    withheld = {wire["seq"] for wire in receipt["entries"] if wire["withheld"]}
    pin = _pin(receipt)
    world = World(registry, _replayed(entries, withheld), pin.known)
    found = evaluate_one(world, _place(places, receipt["province"]), pin.as_of, target)
    if found is None:
        raise NotDerivable(f"{target}: not on this province's scorecard")
    outcome, why = found
    return Derived(result_json(outcome, why, pin), explanation_json(outcome, why, pin))


def _replayed(entries: Sequence[Entry], withheld: set[int]) -> Reports:
    """The reports that stand, and those that fell, at the end of the entries."""
    reports, standing = Reports(), Standing()
    for entry in entries:
        if entry.kind == "retraction":
            named = named_by(entry)
            assert named is not None  # a retraction always names
            changes = standing.retract(named)
        elif entry.kind == "event":
            for report in reports_of(entry) if entry.seq not in withheld else ():
                reports.add(report)
            changes = standing.add(node_of(entry))
        else:
            continue
        for change in changes:
            reports.settle(change, entry.seq, entry.known)
    return reports


def _pin(receipt: Wire) -> Pin:
    known, as_of = parse_instant(receipt["known_at"]), parse_day(receipt["as_of"])
    if known is None or as_of is None:
        raise NotDerivable("as_of, known_at: not a day and an instant")
    return Pin(as_of, to_microseconds(known), receipt["position"])


def _place(places: Places, wire: Wire) -> Place:
    since = wire["valid_from"]
    day = dt.date(1900, 1, 1) if since is None else dt.date.fromisoformat(since)
    found = places.bearing(wire["code"], day)
    if found is None:
        raise NotDerivable(f"{wire['code']}: no such province")
    return found
