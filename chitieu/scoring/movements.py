"""What moved between two known times, and what moved it. Pure.

From one to the other in steps: the catalogue, the units, waivers, conditions, the reports, the
day up to which reports are due. Only what a step moves is told by it, so the parts of all steps add
up to the difference exactly, and each part has one cause: an entry of the log placed between the
two, or the passing of time. What a result prints as null counts as 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from chitieu.places import Place
from chitieu.scoring.asked import Asked, asked_of
from chitieu.scoring.card import Evaluated, actual_text, day, exact, scope_json
from chitieu.scoring.figures import Counted
from chitieu.scoring.outcome import Outcome, judged
from chitieu.scoring.parts import (
    ZERO,
    Cause,
    CauseKind,
    Change,
    Part,
    Span,
    changes_between,
    kind_of,
    only_in,
    part_of,
    report_parts,
    shown,
)
from chitieu.scoring.sentence import display
from chitieu.scoring.world import World
from chitieu.text import decimal_text
from chitieu.units import Unit
from chitieu.waivers import Waiver, Withdrawal

StepKind = Literal["catalogue", "unit", "waiver", "condition", "report", "time"]


@dataclass(frozen=True)
class Movement:
    """A result that moved; an outcome is None where the target was not there, or is no longer."""

    before: Outcome | None
    after: Outcome | None
    why_before: str | None
    why_after: str | None
    parts: tuple[Part, ...]

    @property
    def target(self) -> str:
        return one_of(self.after, self.before).asked.id


@dataclass(frozen=True)
class Step:
    """A world in which one more kind of thing is as it is at the end."""

    kind: StepKind
    world: World
    place: Place

    def asked(self, name: str) -> Asked:
        """A target that stands in both worlds, asked of this one."""
        return self._asked[name]

    @cached_property
    def _asked(self) -> dict[str, Asked]:
        return {asked.id: asked for asked in asked_of(self.world.registry, self.place)}


def one_of(first: Outcome | None, second: Outcome | None) -> Outcome:
    """The first that is there."""
    found = first if first is not None else second
    assert found is not None  # a target that is in neither has no movement
    return found


def state_json(outcome: Outcome, why: str | None) -> dict[str, Any]:
    """What of a result can move: its fields, named as in the result. Texts and forecasts do not."""
    asked, judgement = outcome.asked, outcome.judgement
    scope = scope_json(outcome)
    return {
        "verdict": judgement.verdict, "reason": judgement.reason, "basis": judgement.basis,
        "status": judgement.status.fields["state"] if judgement.status else None,
        "numerator": exact(judgement.numerator), "denominator": exact(judgement.denominator),
        "actual": actual_text(outcome), "display": display(outcome),
        "comparator": asked.target.comparator,
        "value": None if asked.target.value is None else decimal_text(asked.target.value),
        "due": day(asked.target.due), "force": asked.target.force, "tier": asked.target.tier,
        "binding": why is None, "binding_why": why,
        "window": {
            "from": judgement.window.first.isoformat(), "to": judgement.window.last.isoformat(),
        },
        "evaluated_on": outcome.evaluated_on.isoformat(), "final": outcome.final,
        "met_on": day(outcome.met_on), "days_late": outcome.days_late,
        "lapses": judgement.lapses, "holds_now": judgement.holds_now,
        "scope": {name: scope[name] for name in scope if not name.startswith("label")},
    }  # fmt: skip


def movements(
    before: Evaluated, after: Evaluated, only: Iterable[str] | None = None
) -> tuple[Movement, ...]:
    """Each result that moved, by target id; `only` names the targets that are wanted.

    Both are of one place and one `as_of`; each pin says what was known.
    """
    assert (before.place.key, before.pin.as_of) == (after.place.key, after.pin.as_of)
    return _Between(before, after).movements(None if only is None else frozenset(only))


class _Between:
    """Two evaluations of a place and the steps between them."""

    def __init__(self, before: Evaluated, after: Evaluated) -> None:
        self._before, self._after = before, after
        self._span = Span(before.pin.known, after.pin.known)
        self._old = {outcome.asked.id: outcome for outcome in before.outcomes}
        self._new = {outcome.asked.id: outcome for outcome in after.outcomes}
        self._parts: dict[str, tuple[Part, ...]] = {}

    def movements(self, only: frozenset[str] | None) -> tuple[Movement, ...]:
        found = []
        for name in sorted(self._old.keys() | self._new.keys()):
            if (only is None or name in only) and self._moved(name):
                found.append(Movement(
                    self._old.get(name), self._new.get(name),
                    self._before.why.get(name), self._after.why.get(name), self._parts_of(name),
                ))  # fmt: skip
        return tuple(found)

    def _state(self, name: str, *, new: bool) -> dict[str, Any] | None:
        outcome = (self._new if new else self._old).get(name)
        why = (self._after if new else self._before).why.get(name)
        return None if outcome is None else state_json(outcome, why)

    def _moved(self, name: str) -> bool:
        return self._state(name, new=False) != self._state(name, new=True)

    def _parts_of(self, name: str) -> tuple[Part, ...]:
        """At least one, each with a cause."""
        parts = self._own_parts(name)
        return parts or self._binding_parts(name) or (self._anything(name),)

    def _own_parts(self, name: str) -> tuple[Part, ...]:
        """What moved the result itself; none where only its relation to others did."""
        if name not in self._parts:
            self._parts[name] = tuple(self._walk(name)) or self._other_days(name)
        return self._parts[name]

    def _walk(self, name: str) -> Iterator[Part]:
        """The parts of each step, in the steps' order."""
        was, new = self._old.get(name), self._new.get(name)
        if new is None:
            yield part_of(None, self._catalogue_cause(name), shown(was), ())
            return
        for step in self._steps:
            last = step is self._steps[-1]
            now = new if last else judged(step.world, step.asked(name), new.as_of)
            if was is None:
                yield part_of(None, self._catalogue_cause(name), (), shown(now))
            else:
                yield from self._step(step.kind, was, now)
            was = now

    def _step(self, kind: StepKind, was: Outcome, now: Outcome) -> Iterable[Part]:
        gone, come = only_in(shown(was), shown(now)), only_in(shown(now), shown(was))
        if not (gone or come) and _signature(was) == _signature(now):
            return []
        match kind:
            case "report":

                def judge(world: World, asked: Asked) -> Outcome:
                    return judged(world, asked, now.as_of)

                found = report_parts(was, now, self._span, judge)
                return found or self._of_units("unit", was, now, gone, come)
            case "unit" | "waiver":
                return self._of_units(kind, was, now, gone, come)
            case "catalogue":
                cause = self._catalogue_cause(now.asked.id)
            case "condition":
                cause = Cause("condition", max(self._conditions(now.asked.id)))
            case _:
                cause = Cause("time", None)
        return [part_of(None, cause, gone, come)]

    def _of_units(
        self, kind: Literal["unit", "waiver"], was: Outcome, now: Outcome,
        gone: Sequence[Counted], come: Sequence[Counted],
    ) -> list[Part]:  # fmt: skip
        """By units that opened, closed, moved, changed or were freed; another's by the newest."""
        changed = self._changed_units if kind == "unit" else self._changed_waivers
        both = was.asked.speakers(was.evaluated_on) | now.asked.speakers(now.evaluated_on)
        concerned = {code: changed[code] for code in sorted(changed) if code in both} or changed
        if not (gone or come):
            # A unit with several codes is one.
            units = {known: code for code, known in concerned.items()}
            return [Part(code, Cause(kind, known), ZERO, ZERO) for known, code in units.items()]
        newest = max(concerned.values())
        found: dict[tuple[str, int], tuple[list[Counted], list[Counted]]] = {}
        for side, items in enumerate((gone, come)):
            for item in items:
                key = (item.unit, changed.get(item.unit, newest))
                found.setdefault(key, ([], []))[side].append(item)
        return [
            part_of(code, Cause(kind, known), *sides)
            for (code, known), sides in sorted(found.items())
        ]

    def _other_days(self, name: str) -> tuple[Part, ...]:
        """Where only what is said of other days moved (since when it is met): all that could."""
        old, new = self._old.get(name), self._new.get(name)
        if old is None or new is None or state_json(old, None) == state_json(new, None):
            return ()
        found: list[tuple[CauseKind, int]] = [
            *(("catalogue", known) for known in self._defined(name)),
            *(("condition", known) for known in self._conditions(name)),
            *((_alone(c), c.known) for c in changes_between(old.world, new, self._span)),
            *(("waiver", known) for known in self._changed_waivers.values()),
            *(("unit", known) for known in self._changed_units.values()),
        ]
        causes = [Cause(kind, known) for kind, known in dict.fromkeys(found)]
        return tuple(Part(None, cause, ZERO, ZERO) for cause in causes or [Cause("time", None)])

    def _binding_parts(self, name: str) -> tuple[Part, ...]:
        """Where only its relation to others moved: what moved those that came into force or out."""
        found: dict[Cause, None] = {}
        for other in self._related(name):
            old, new = self._old.get(other), self._new.get(other)
            if old and new and _stand(old) == _stand(new):
                continue
            for part in self._own_parts(other):
                found[part.cause._replace(target=other)] = None
        return tuple(Part(None, cause, ZERO, ZERO) for cause in found)

    def _related(self, name: str) -> list[str]:
        """Other targets that can bind in its place, or it in theirs."""
        both = [*self._old.values(), *self._new.values()]
        joined = {n for o in both if o.asked.id == name for n in o.asked.joined}
        indicators = {o.asked.entry.indicator for o in both if o.asked.id in joined}
        near = {o.asked.id for o in both if o.asked.entry.indicator in indicators}
        near |= {n for o in both if o.asked.id in near for n in o.asked.joined}
        return sorted((near | joined) - {name})

    def _anything(self, name: str) -> Part:
        """A scope may hold another's since units changed: the newest of what the register tells."""
        told: list[tuple[CauseKind, Iterable[int]]] = [
            ("unit", self._changed_units.values()), ("catalogue", self._defined(name)),
            ("condition", self._conditions(name)), ("waiver", self._changed_waivers.values()),
        ]  # fmt: skip
        for kind, known in told:
            if newest := max(known, default=None):
                return Part(None, Cause(kind, newest), ZERO, ZERO)
        return Part(None, Cause("time", None), ZERO, ZERO)

    def _catalogue_cause(self, name: str) -> Cause:
        known = self._defined(name)
        return Cause("catalogue", known[0]) if known else self._anything(name).cause

    def _defined(self, name: str) -> list[int]:
        """Known times of the catalogue version that defined it, else of the newest one."""
        registry = self._after.world.registry
        known = [registry.defined_known.get(name), registry.catalogue_known]
        return [k for k in known if k is not None and self._span.holds(k)][:1]

    def _conditions(self, name: str) -> list[int]:
        """Known times of records about the target, else about any."""
        conditions = self._after.world.registry.conditions
        every = {key: c.known for key, c in conditions.items() if self._span.holds(c.known)}
        return [every[name]] if name in every else list(every.values())

    @cached_property
    def _steps(self) -> list[Step]:
        """The worlds that follow the first; the last is the one at the end."""
        first, last = self._before.world, self._after.world
        registry, two, known = first.registry, last.registry, self._before.pin.known
        kinds: list[tuple[StepKind, World]] = []
        if self._span.holds(two.catalogue_known):
            registry = replace(
                registry, catalogue=two.catalogue, catalogue_seq=two.catalogue_seq,
                catalogue_known=two.catalogue_known, defined_known=two.defined_known,
            )  # fmt: skip
            kinds.append(("catalogue", World(registry, first.reports, known)))
        if self._changed_units:
            registry = replace(registry, units=two.units)
            kinds.append(("unit", World(registry, first.reports, known)))
        if self._changed_waivers:
            registry = replace(registry, waivers=two.waivers)
            kinds.append(("waiver", World(registry, first.reports, known)))
        if any(self._span.holds(c.known) for c in two.conditions.values()):
            kinds.append(("condition", World(two, first.reports, known)))
        kinds.append(("report", World(two, last.reports, known)))
        if first.known_day != last.known_day:
            kinds.append(("time", last))
        return [Step(kind, world, self._after.place) for kind, world in kinds]

    @cached_property
    def _concerned(self) -> dict[str, Unit]:
        """Units that concern a target here at either end, by every code that they bore."""
        last, found = self._after.world.registry, dict[str, Unit]()
        for evaluated in (self._before, self._after):
            places = {o.asked.place.key: o.asked.place for o in evaluated.outcomes}
            for place in {**places, evaluated.place.key: evaluated.place}.values():
                for unit in evaluated.world.registry.units_ever_in(place):
                    now = last.unit_of(unit.code) or unit
                    found |= dict.fromkeys(now.codes, now)
        return found

    @cached_property
    def _changed_units(self) -> dict[str, int]:
        """Their codes → known time of their newest attributes since."""
        found = {}
        for code, unit in self._concerned.items():
            known = [v.known for v in unit.versions if self._span.holds(v.known)]
            if known:
                found[code] = max(known)
        return found

    @cached_property
    def _changed_waivers(self) -> dict[str, int]:
        """Their codes → known time of the newest waiver that was granted or withdrawn since."""
        waivers, found = self._after.world.registry.waivers, dict[str, int]()
        every: list[Waiver | Withdrawal] = [*waivers.granted.values(), *waivers.withdrawn.values()]
        for said in every:
            unit = self._concerned.get(said.unit)
            for code in unit.codes if unit and self._span.holds(said.known) else ():
                found[code] = max(said.known, found.get(code, 0))
        return found


def _signature(outcome: Outcome) -> dict[str, Any]:
    """The state without what looks at other days."""
    return state_json(outcome, None) | {"met_on": None, "days_late": None}


def _stand(outcome: Outcome) -> tuple[bool, Any, Any]:
    """What of another result decides which binds."""
    return (outcome.in_force, outcome.asked.in_force_from, outcome.asked.target)


def _alone(change: Change) -> CauseKind:
    return kind_of([change])
