"""The current results of a place, kept up to date: only what was touched is evaluated again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chitieu.places import Place, place_key
from chitieu.scoring.asked import Asked, asked_of
from chitieu.scoring.binding import binding_why
from chitieu.scoring.card import Pin, result_json
from chitieu.scoring.engine import Touched
from chitieu.scoring.outcome import Outcome, evaluate
from chitieu.scoring.world import World


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as it is stored; `body` is the API's JSON without its links."""

    place: str
    target: str
    as_of: dt.date
    seq: int
    verdict: str
    numerator: Decimal | None
    denominator: Decimal | None
    body: str


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks: the same value gives the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class PlaceResults:
    """Outcomes of one place at the newest position, and what is stored of them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._outcomes: dict[str, Outcome] = {}
        self._bodies: dict[str, str] = {}
        self._day: tuple[dt.date, dt.date] | None = None

    def update(
        self, world: World, as_of: dt.date, seq: int, touched: Touched | None
    ) -> tuple[list[StoredResult], list[str]]:
        """Evaluate what was touched (None: everything); returns changed results, removed targets.

        A new day, or a known time on another day, moves what is expected: then everything.
        """
        days = (as_of, world.known_day)
        everything = touched is None or touched.all or days != self._day or not self._outcomes
        self._day = days
        asked = asked_of(world.registry, self.place)
        outcomes: dict[str, Outcome] = {}
        for one in asked:
            kept = self._outcomes.get(one.id)
            if kept is None or everything or (touched and is_touched(one, touched)):
                kept = evaluate(world, one, as_of)
            outcomes[one.id] = kept
        self._outcomes = outcomes
        return self._stored(world, as_of, seq)

    def _stored(
        self, world: World, as_of: dt.date, seq: int
    ) -> tuple[list[StoredResult], list[str]]:
        why = binding_why(list(self._outcomes.values()))
        pin = Pin(as_of, world.known, "")
        changed: list[StoredResult] = []
        for name, outcome in self._outcomes.items():
            stored = stored_result(outcome, why.get(name), pin, seq)
            if self._bodies.get(name) != stored.body:
                self._bodies[name] = stored.body
                changed.append(stored)
        gone = sorted(self._bodies.keys() - self._outcomes.keys())
        for name in gone:
            del self._bodies[name]
        return changed, gone

    def take_stored(self, bodies: Iterable[tuple[str, str]]) -> None:
        """What the store holds already (a restart), so that only changes are written."""
        self._bodies = dict(bodies)


def is_touched(asked: Asked, touched: Touched) -> bool:
    """Whether reports of these metrics or items can move a target."""
    if touched.every_item:
        return True
    names = {asked.entry.indicator, *asked.joined}
    return bool(
        (asked.metric is not None and asked.metric.name in touched.metrics)
        or names & touched.items
        or ("published-rate" in touched.metrics and _shares_a_rate(asked, touched))
    )


def _shares_a_rate(asked: Asked, touched: Touched) -> bool:
    """A rate may name another target of the same indicator and scope."""
    targets = asked.catalogue.targets
    return any(
        item in targets and targets[item].indicator == asked.entry.indicator
        for item in touched.items
    )


def stored_result(outcome: Outcome, why: str | None, pin: Pin, seq: int) -> StoredResult:
    """A result as it is stored."""
    body = result_json(outcome, why, pin)
    del body["links"]
    judgement = outcome.judgement
    place = place_key(outcome.asked.card or outcome.asked.place)
    return StoredResult(
        place=place, target=outcome.asked.id, as_of=pin.as_of, seq=seq,
        verdict=judgement.verdict, numerator=judgement.numerator,
        denominator=judgement.denominator, body=canonical(body),
    )  # fmt: skip
