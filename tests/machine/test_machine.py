"""Everything that can happen, in any order: incremental = replay = oracle after every step."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chitieu.embedded import Facts
from chitieu.periods import Period, civil_day
from chitieu.places import Place
from chitieu.postgres import closings_check, intake, scoring_store
from chitieu.registry import Registry
from chitieu.scoring import asked, judge, selection
from chitieu.scoring.asked import Asked
from chitieu.scoring.membership import ALWAYS
from chitieu.scoring.world import Reports
from chitieu.standing import Standing
from tests.conftest import fresh_database
from tests.machine.system import LAST_DAY, TASK, UNITS, System
from tests.oracle.oracle import Event, days_of

# `make soak` asks for more. In parts, each with a seed of its own, so that workers share them.
IN_A_PART = 50
EXAMPLES = int(os.environ.get("CHITIEU_MACHINE_EXAMPLES", "100"))
STEPS = int(os.environ.get("CHITIEU_MACHINE_STEPS", "30"))
MONTHS = tuple(f"2025-{month:02}" for month in range(1, 13))
PERIODS = (*MONTHS, "2025-Q1", "2025-H1")
STATES = {
    "emr": ("not_started", "pilot", "live", "suspended"),
    "task": ("not_started", "in_progress", "done", "waiting"),
}


class Everything(RuleBasedStateMachine):
    """Hypothesis chooses what happens; `System` knows what must hold."""

    postgres: ClassVar[Facts]
    runner: ClassVar[asyncio.Runner]

    def _do(self, made: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(made)

    @initialize()
    def begin(self) -> None:
        self.database = fresh_database(self.postgres, f"machine_{os.getpid()}")
        self.system = System(self._do(self.database.__aenter__()))
        self._do(self.system.start())
        self.number = 0

    def teardown(self) -> None:
        if hasattr(self, "system"):
            self._do(self.system.stop())
            self._do(self.database.__aexit__(None, None, None))

    # --- reports ---------------------------------------------------------------------------------

    @property
    def today(self) -> dt.date:
        return civil_day(self.system.now)

    def _event(self, unit: str, **given: Any) -> Event:
        self.number += 1
        return {
            "kind": "event", "sender": 2, "source": "urn:his", "id": f"e{self.number}",
            "unit": unit, "time": self.system.now, "corrects": None,
        } | given  # fmt: skip

    def _payments(self, unit: str, period: str, whole: int, part: int, **given: Any) -> Event:
        """A month, or what there is of it."""
        groups = {
            "counts": {"payments": whole, "cashless_payments": min(part, whole)},
            "revenue": {"revenue_vnd": 10 * whole, "cashless_revenue_vnd": 10 * min(part, whole)},
        }  # fmt: skip
        first, last = days_of(period)
        if last >= self.today:
            given["through"] = max(first, self.today - dt.timedelta(days=1))
        return self._event(unit, metric="cashless-payment", period=period, groups=groups, **given)

    def _begun(self, periods: Sequence[str], nth: int) -> str:
        """One of those that have begun; there is always one."""
        begun = [period for period in periods if days_of(period)[0] < self.today]
        return begun[nth % len(begun)]

    units = st.sampled_from(UNITS)
    counts = st.integers(0, 9)
    nths = st.integers(0, len(PERIODS) - 1)

    @rule(unit=units, nth=nths, whole=counts, part=counts)
    def post(self, unit: str, nth: int, whole: int, part: int) -> None:
        """In time or late, as the period falls."""
        period = self._begun(PERIODS, nth)
        self._do(self.system.post(self._payments(unit, period, whole, part)))

    @rule(unit=units, nth=nths, whole=counts, part=counts)
    def estimate(self, unit: str, nth: int, whole: int, part: int) -> None:
        event = self._payments(unit, self._begun(MONTHS, nth), whole, part, estimate=True)
        event.pop("through", None)
        self._do(self.system.post(event))

    @rule(
        unit=units, metric=st.sampled_from(["emr", "task"]), state=st.integers(0, 3),
        ago=st.integers(0, 90),
    )  # fmt: skip
    def state(self, unit: str, metric: str, state: int, ago: int) -> None:
        on = max(dt.date(2025, 1, 1), self.today - dt.timedelta(days=ago))
        given: dict[str, Any] = {"metric": metric, "on": on}
        if metric == "task":
            unit, given["item"] = UNITS[0], TASK
        given["groups"] = {"state": {"state": STATES[metric][state]}}
        self._do(self.system.post(self._event(unit, **given)))

    @precondition(lambda self: self.system.posted)
    @rule(data=st.data())
    def duplicate(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.system.posted))
        if event["kind"] == "event":
            self._do(self.system.post(event, "duplicate"))
            self._do(self.system.post(event | {"time": event["time"] - MINUTE}, "conflict"))

    @precondition(lambda self: self.system.posted)
    @rule(data=st.data(), whole=counts, part=counts)
    def correct(self, data: st.DataObject, whole: int, part: int) -> None:
        event = data.draw(st.sampled_from(self.system.posted))
        if event["kind"] != "event" or event["metric"] != "cashless-payment":
            return
        unit = data.draw(st.sampled_from([event["unit"], *UNITS]))
        self.system.pass_time(minutes=1)
        made = self._payments(unit, event["period"], whole, part, corrects=event["id"])
        self._do(self.system.post(made))

    @rule(number=st.integers(1, 40))
    def retract(self, number: int) -> None:
        """What came, or what is yet to come."""
        made = {"kind": "retraction", "sender": 2, "source": "urn:his", "id": f"e{number}",
                "time": self.system.now}  # fmt: skip
        if not any(e["kind"] == "retraction" and e["id"] == made["id"] for e in self.system.posted):
            self._do(self.system.post(made))

    # --- the register, the catalogue, conditions, waivers ----------------------------------------

    @rule(
        unit=units, since=st.integers(0, 120), where=st.sampled_from(["77", "77", "79", "38"]),
        kind=st.sampled_from(["hospital", "hospital", "polyclinic"]), closed=st.booleans(),
    )  # fmt: skip
    def move_a_unit(self, unit: str, since: int, where: str, kind: str, closed: bool) -> None:
        """To another province or type, or closed."""
        day = self.today - dt.timedelta(days=since)
        province = "79" if where == "77" and day > LAST_DAY else where
        given = {"province": province, "type": kind}
        if closed:
            given["closed"] = day.isoformat()
        self._do(self.system.put_unit(unit, day.isoformat(), **given))

    @rule(version=st.integers(0, 1))
    def load_a_catalogue(self, version: int) -> None:
        self._do(self.system.load_catalogue(version))

    @rule(ago=st.integers(0, 60))
    def fulfil_a_condition(self, ago: int) -> None:
        day = max(dt.date(2025, 1, 2), self.today - dt.timedelta(days=ago))
        self._do(self.system.fulfil(day.isoformat()))

    @rule(
        unit=units, month=st.integers(0, 11), long=st.sampled_from([27, 58, 364]),
        metric=st.sampled_from([None, "cashless-payment", "emr"]),
    )  # fmt: skip
    def waive(self, unit: str, month: int, long: int, metric: str | None) -> None:
        first = days_of(MONTHS[month])[0]
        last = first + dt.timedelta(days=long)
        self._do(self.system.waive(unit, first.isoformat(), last.isoformat(), metric))

    # --- time, closings, crashes -----------------------------------------------------------------

    @rule(days=st.sampled_from([1, 9, 40]))
    def time_passes(self, days: int) -> None:
        self.system.pass_time(days=days)
        self._do(self.system.settle())

    @precondition(lambda self: self.today <= LAST_DAY)
    @rule()
    def merge_places(self) -> None:
        """1 July 2025: the province is dissolved."""
        self.system.pass_time(days=(LAST_DAY - self.today).days + 1)
        self._do(self.system.settle())

    @rule(period=st.sampled_from(["2025-Q1", "2025-Q2", "2025-01", "2025-02"]))
    def close(self, period: str) -> None:
        self._do(self.system.close(period))

    @precondition(lambda self: self.system.closings)
    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        self._do(self.system.reopen(data.draw(st.sampled_from(self.system.closings))["id"]))

    @rule()
    def replay(self) -> None:
        """Everything derived is thrown away and made again from the log."""
        self._do(self.system.replay())

    @rule(unit=units, period=st.sampled_from(MONTHS[:4]), whole=counts)
    def crash(self, unit: str, period: str, whole: int) -> None:
        """The scorer dies before its commit, and another takes up its work."""
        self._do(crash(self.system, self._payments(unit, period, whole, whole)))

    @rule()
    def restart(self) -> None:
        self._do(self.system.restart())

    @rule()
    def keep_an_answer(self) -> None:
        self._do(self.system.keep())

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "system"):
            self._do(self.system.check())


MINUTE = dt.timedelta(minutes=1)


async def crash(system: System, event: Event) -> None:
    """An event is accepted, and the scorer dies with it in hand."""
    real = scoring_store.write

    async def dies(*_: Any) -> None:
        raise ConnectionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring_store, "write", dies)
        with pytest.raises(ConnectionError):
            await system.post(event)
    assert scoring_store.write is real
    await system.new_scorer()
    await system.settle()


@contextmanager
def machine(postgres: Facts) -> Iterator[type[Everything]]:
    with asyncio.Runner() as runner:
        # What was imported need not be looked through again and again: a twentieth of all work.
        gc.collect()
        gc.freeze()
        Everything.postgres, Everything.runner = postgres, runner
        yield Everything


@pytest.mark.slow
@pytest.mark.timeout(50 * STEPS)
@pytest.mark.parametrize("part", range(-(-EXAMPLES // IN_A_PART)))
def test_incremental_is_replay_is_the_oracle_whatever_happens(part: int, postgres: Facts) -> None:
    with machine(postgres) as everything:
        run_state_machine_as_test(
            seed(part)(everything),
            settings=settings(
                max_examples=min(EXAMPLES, IN_A_PART), stateful_step_count=STEPS, deadline=None,
                database=None, phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip


# --- each invariant can fail ---------------------------------------------------------------------


def event(number: int, unit: str, period: str, whole: int, part: int, **given: Any) -> Event:
    """Payments of a month that has ended."""
    groups = {
        "counts": {"payments": whole, "cashless_payments": part},
        "revenue": {"revenue_vnd": 10 * whole, "cashless_revenue_vnd": 10 * part},
    }
    return {
        "kind": "event", "sender": 2, "source": "urn:his", "id": f"e{number}", "unit": unit,
        "metric": "cashless-payment", "period": period, "groups": groups, "corrects": None,
    } | given  # fmt: skip


async def everything_once(system: System) -> None:
    """One of each thing that can happen, every invariant checked after each."""
    at = {"time": system.now}
    february = event(1, UNITS[0], "2025-02", 8, 6, **at)
    await system.post(february)
    for number, unit in enumerate(UNITS[1:], 2):
        await system.post(event(number, unit, "2025-02", 4, 1, **at))
    state = {"metric": "emr", "on": dt.date(2025, 2, 1), "groups": {"state": {"state": "live"}}}
    emr = {k: v for k, v in event(10, UNITS[1], "", 0, 0, **at).items() if k != "period"}
    await system.post(emr | state)
    await system.check()
    await system.keep()
    await system.post(february, "duplicate")
    system.pass_time(minutes=1)
    at = {"time": system.now}
    await system.post(event(5, UNITS[0], "2025-02", 9, 2, corrects="e1", **at))
    await system.check()
    await system.post({"kind": "retraction", "sender": 2, "source": "urn:his", "id": "e2"} | at)
    await system.check()
    await system.close("2025-Q1")
    await system.post(event(6, UNITS[2], "2025-03", 4, 4, estimate=True, **at))
    # It covers fewer days than the estimate of its key, so the estimate counts.
    twenty = {"through": dt.date(2025, 3, 20)}
    await system.post(event(8, UNITS[2], "2025-03", 7, 1, **at, **twenty))
    await system.check()
    await system.waive(UNITS[3], "2025-01-01", "2025-03-31", None)
    await system.check()
    await system.put_unit(UNITS[2], "2025-03-01", type="polyclinic")
    await system.check()
    await system.fulfil("2025-02-10")
    await system.load_catalogue(1)
    await system.check()
    await crash(system, event(7, UNITS[1], "2025-01", 3, 3, **at))
    await system.check()
    for closing in list(system.closings):
        await system.reopen(closing["id"])
    assert await system.close("2025-Q1")
    # Now it was never there; what was closed before keeps its reports.
    await system.put_unit(UNITS[0], "2020-01-01", province="38")
    await system.check()
    system.pass_time(days=90)
    await system.settle()
    await system.replay()
    await system.restart()
    await system.check()


def _only_own(registry: Registry, place: Place) -> list[Asked]:
    """A scorecard without what dissolved provinces left."""
    return [one for one in _real_asked_of(registry, place) if one.card is None]


_real_asked_of = asked._asked_of


def forgets(target: Any, name: str, instead: Any) -> Callable[[Any], None]:
    """A guard replaced by what has none."""
    return lambda patch: patch.setattr(target, name, instead)


async def _writes_no_results(connection: Any, changed: Any, gone: Any) -> None:
    """As the scorer would, were results not part of its transaction."""


GUARDS: dict[str, Callable[[Any], None]] = {
    "a corrected event falls": forgets(Standing, "_reason", lambda *_: None),
    "the last of a key counts": forgets(selection, "_current", lambda reports, on: (
        [r for r in reports if r.covers <= on], [])),
    "no day counts twice": forgets(Period, "meets", lambda *_: False),
    "an earlier position sees no later report": forgets(
        Reports, "at", lambda self, _: Reports(self._rows)),
    "a waiver frees": forgets(Registry, "freed", lambda *_: ()),
    "a condition is waited for": forgets(Asked, "waits", lambda *_: False),
    "a unit counts as it was": forgets(Asked, "days", lambda *_: ALWAYS),
    "silence is not zero": forgets(judge, "_enough", lambda *_: True),
    "results are written with their position": forgets(
        scoring_store, "write_results", _writes_no_results),
    "an origin stands on its successor": forgets(asked, "_asked_of", _only_own),
    "a closing is made again as it was published": forgets(
        closings_check, "document_bytes", lambda *_: b"{}"),
    "the same event counts once": forgets(intake, "DUPLICATE", intake.ACCEPTED),
}  # fmt: skip


@pytest.mark.slow
async def test_one_of_each_thing_holds_every_invariant(
    postgres: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So few closings need no more; what is not held any more must be made again rightly.
    monkeypatch.setattr(closings_check, "REGISTRIES_MAX", 1)
    await _once(postgres)


@pytest.mark.slow
@pytest.mark.parametrize("guard", GUARDS)
async def test_without_its_guard_an_invariant_fails(
    guard: str, postgres: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    GUARDS[guard](monkeypatch)
    with pytest.raises(AssertionError):
        await _once(postgres)


async def _once(postgres: Facts) -> None:
    async with fresh_database(postgres) as dsn:
        system = System(dsn)
        await system.start()
        try:
            await everything_once(system)
        finally:
            await system.stop()
