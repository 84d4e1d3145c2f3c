"""Random histories between two known times: what moved is told whole, exactly, with its cause."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.model import Each, Scope
from chitieu.ports import Entry, NewEntry
from chitieu.registry import Registry
from chitieu.scoring.card import Evaluated, Pin, evaluate_place, result_json
from chitieu.scoring.engine import Engine, node_of
from chitieu.scoring.movements import Movement, movements
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.world import Reports, World
from tests.builders import a_catalogue, a_condition, a_plan, a_row, a_target, a_unit, places, text
from tests.oracle.histories import AS_OF, clocks, entries, logs
from tests.oracle.test_oracle import HOSPITALS, MORE, bounded

AREA = "dvhc-38"
HIDDEN = ("changed_at", "outlook", "gap", "findings", "sentence", "sentence_en", "links",
          "condition")  # fmt: skip


@functools.cache
def catalogue(value: int) -> Catalogue:
    """Every kind of target; one waits for a condition, one is maintained, one asks for all."""
    wanted = {"value": Decimal(value)}
    everyone = Scope(label=text("Toàn tỉnh"))
    each = Each(comparator=">=", value=Decimal(50))
    one = Scope(label=text("Bệnh viện 1"), units=("38F01",))
    made = [
        ("cashless-payment-count-share", a_target(scope=HOSPITALS, **wanted)),
        ("cashless-payment-count-share", a_target(scope=everyone, **wanted)),
        ("cashless-payment-count-share", a_target(scope=HOSPITALS, maintain=True, **wanted)),
        ("half-enough", a_target(scope=HOSPITALS, comparator="<", **wanted)),
        ("payments", a_target(scope=HOSPITALS, comparator="<=", **wanted)),
        ("emr-hospital-share", a_target(scope=HOSPITALS, **wanted)),
        ("emr-hospital-share", a_target(scope=HOSPITALS, condition=text("khi có hướng dẫn"),
                                        value=Decimal(90))),
        ("meeting", a_target(scope=HOSPITALS, each=each, **wanted)),
    ]  # fmt: skip
    rows = [
        a_row(f"q{number}", name, number, target=target)
        for number, (name, target) in enumerate(made)
    ]
    task = a_row("task", "task", 999, target=a_target(value=Decimal(1), scope=one))
    return a_catalogue(a_plan([*rows, task]), more=MORE)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Entry], dt.date]:
    """A log with all that can change an answer, and a day to ask about."""
    log = draw(logs(10))
    if draw(st.booleans()):
        for item in log:
            if item.get("unit", item.get("code")) == "38F02" and item.get("metric") != "task":
                item["unit" if "unit" in item else "code"] = AREA
    said: list[NewEntry] = [_as_area(entry) for entry in entries(log, list(range(len(log))))]
    for value in draw(st.lists(st.sampled_from([50, 60, 75]), max_size=1)):
        at = draw(st.integers(0, len(said)))
        said.insert(at, NewEntry("catalogue", catalogue(value).to_json().decode()))
    for day in draw(st.lists(st.sampled_from(["2025-02-01", "2025-06-15"]), max_size=1)):
        said.insert(draw(st.integers(0, len(said))), a_condition("thu-2025/q6", day))
    for code in draw(st.lists(st.sampled_from(["38F01", "38F03"]), max_size=2)):
        moved = a_unit(code, since="2025-03-10", type=draw(st.sampled_from(["hospital", "clinic"])))
        said.insert(draw(st.integers(0, len(said))), moved)
    said.insert(0, NewEntry("catalogue", catalogue(50).to_json().decode()))
    known = draw(clocks(len(said)))
    names = NewEntry.__dataclass_fields__
    placed = [
        Entry(**{n: v for n, v in asdict(e).items() if n in names}, seq=i + 1, known=known[i])
        for i, e in enumerate(said)
    ]
    return placed, draw(st.sampled_from(AS_OF))


def _as_area(entry: Entry) -> Entry:
    if entry.kind != "unit" or AREA not in entry.body:
        return entry
    area = entry.body.replace('"kind": "facility"', '"kind": "area"')
    return replace(entry, body=area.replace('"type": "hospital"', '"type": "province"'))


def seen(log: Sequence[Entry], until: int, as_of: dt.date, later: int = 0) -> Evaluated:
    """The first `until` entries evaluated, `later` µs after the last of them."""
    given_ = log[:until]
    nodes = {n.identity: n for n in (node_of(e) for e in given_ if e.kind == "event")}
    engine = Engine(Registry(places()), nodes.get)
    effects = engine.apply(given_)
    reports = Reports.of(effects.reports)
    for made in effects.standing:
        reports.settle(made.change, made.at_seq, made.at_known)
    known = effects.known + later
    place = places().bearing("38", as_of)
    assert place is not None
    world = World(engine.registry, reports, known)
    return evaluate_place(world, place, Pin(as_of, known, f"1:{until}"))


def sums(found: Sequence[Movement]) -> dict[str, tuple[Decimal, Decimal]]:
    """Target → Σ parts, where it is not zero."""
    told = {
        m.target: (
            sum((p.numerator for p in m.parts), Decimal(0)),
            sum((p.denominator for p in m.parts), Decimal(0)),
        )
        for m in found
    }
    return {name: both for name, both in told.items() if any(both)}


def printed(outcome: Outcome | None) -> tuple[Decimal, Decimal]:
    """Numerator and denominator, null as 0."""
    if outcome is None:
        return Decimal(0), Decimal(0)
    judgement = outcome.judgement
    return judgement.numerator or Decimal(0), judgement.denominator or Decimal(0)


def body(evaluated: Evaluated, name: str) -> Any:
    outcome = evaluated.one(name)
    if outcome is None:
        return None
    result = result_json(outcome, evaluated.why.get(name), evaluated.pin)
    return {field: result[field] for field in result if field not in HIDDEN}


def check(before: Evaluated, after: Evaluated) -> tuple[Movement, ...]:
    """All that must hold of any two; returns what moved."""
    found = movements(before, after)
    names = [m.target for m in found]
    assert names == sorted(set(names))
    for one in found:
        was, now = printed(before.one(one.target)), printed(after.one(one.target))
        told = sums([one]).get(one.target, (Decimal(0), Decimal(0)))
        assert told == (now[0] - was[0], now[1] - was[1]), one
        assert one.parts, one.target
        for part in one.parts:
            if part.cause.kind == "time":
                assert before.world.known_day < after.world.known_day, one
            else:
                assert part.cause.known is not None
                assert before.pin.known < part.cause.known <= after.pin.known, part
    every = {o.asked.id for o in (*before.outcomes, *after.outcomes)}
    for name in every:
        same = body(before, name) == body(after, name)
        assert same == (name not in names), name
    return found


@bounded(50)
@given(histories(), st.data())
def test_parts_add_up_and_every_part_has_its_cause(
    history: tuple[list[Entry], dt.date], data: st.DataObject
) -> None:
    log, as_of = history
    cuts = sorted(data.draw(st.lists(st.integers(1, len(log)), min_size=3, max_size=3)))
    later = data.draw(st.sampled_from([0, 0, 40 * 86_400_000_000]))
    first, mid, last = (seen(log, cut, as_of) for cut in cuts)
    last = seen(log, cuts[2], as_of, later) if cuts[2] == len(log) else last
    one, two, whole = check(first, mid), check(mid, last), check(first, last)
    steps = [sums(one), sums(two)]
    for name in {*steps[0], *steps[1], *sums(whole)}:
        zero = (Decimal(0), Decimal(0))
        added = [sum(step.get(name, zero)[side] for step in steps) for side in (0, 1)]
        assert tuple(added) == sums(whole).get(name, zero), name


@bounded(12)
@given(histories())
def test_between_two_neighbours_the_cause_is_the_entry_between_them(
    history: tuple[list[Entry], dt.date],
) -> None:
    log, as_of = history
    kinds = {"event": {"event", "correction", "estimate_replaced", "retraction"},
             "retraction": {"retraction"}, "unit": {"unit"}, "catalogue": {"catalogue"},
             "condition": {"condition"}, "waiver": {"waiver"}}  # fmt: skip
    before = seen(log, 1, as_of)
    for until in range(2, len(log) + 1):
        after = seen(log, until, as_of)
        entry = log[until - 1]
        for one in check(before, after):
            for part in one.parts:
                if part.cause.kind != "time":
                    assert part.cause.known == entry.known
                    assert part.cause.kind in kinds[entry.kind], (part, entry)
        before = after
