"""The engine and the evaluator against a naive second reading of the contract, exactly."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chitieu.catalogue.model import Each, Indicator, Row, Scope
from chitieu.ports import Entry, NewEntry
from chitieu.registry import Registry
from chitieu.scoring.asked import Asked, asked_of
from chitieu.scoring.engine import Engine, node_of
from chitieu.scoring.judge import judge
from chitieu.scoring.judgement import Judgement
from chitieu.scoring.outcome import Outcome, evaluate
from chitieu.scoring.world import Reports, World
from tests.builders import a_catalogue, a_plan, a_row, a_target, places, text
from tests.oracle.histories import AS_OF, TASK_ITEM, clocks, entries, known_day, logs
from tests.oracle.oracle import Answer, Event, Question, answer, met_since

HOSPITALS = Scope(label=text("Bệnh viện"), where={"kind": "facility", "type": "hospital"})
JUNE, DECEMBER = dt.date(2025, 6, 30), dt.date(2025, 12, 31)
EASY = ((">=", "50"), (">", "50"), ("<=", "50"), ("<", "75"), (">=", "66.67"), (">=", "100"))
EQUAL = (("=", "50"), ("=", "100"))
ASKED_SINCE = (("ratio", "<="), ("total", ">"), ("share_of_units", ">"), ("share_meeting", "<="))
COUNTS = {
    "metric": "cashless-payment", "form": "period", "group": "counts", "report_within": 10,
    "numerator": "cashless_payments", "denominator": "payments",
    "window_from": dt.date(2025, 1, 1), "min_reported": Fraction(4, 5),
}  # fmt: skip
REVENUE = COUNTS | {
    "group": "revenue", "numerator": "cashless_revenue_vnd", "denominator": "revenue_vnd",
}  # fmt: skip
EMR = {
    "metric": "emr", "form": "state", "group": "state", "achieved": ("live",),
    "window_from": dt.date(2025, 1, 1),
}  # fmt: skip


def indicator(name: str, formula: str, **given: Any) -> Indicator:
    values: dict[str, Any] = {
        "version": 1, "kind": "indicator", "name": name, "title": text("Thử"), "formula": formula,
        "measure": text("phần trăm"), "of": text("lượt"), "concerns": {"kind": "facility"},
        "min_reported_why": text("thử"),
    }  # fmt: skip
    return Indicator(**values | given)


MORE = (
    indicator("half-enough", "ratio", metric="cashless-payment", numerator="cashless_revenue_vnd",
              denominator="revenue_vnd", min_reported=Decimal("0.5")),
    indicator("payments", "total", metric="cashless-payment", numerator="payments"),
    indicator("meeting", "share_meeting", inner="cashless-payment-count-share"),
)  # fmt: skip


def asked_for(comparators: Sequence[tuple[str, str]]) -> list[tuple[Question, Row]]:
    """Questions of every kind, each with the row of the catalogue that asks the same."""
    found: list[tuple[Question, Row]] = []

    def ask(name: str, kind: str, more: Question, due: dt.date, **given: Any) -> None:
        for comparator, value in comparators:
            wanted = {"comparator": comparator, "value": Decimal(value), "due": due}
            number = len(found)
            target = a_target(scope=HOSPITALS, **wanted, **given)
            row = a_row(f"q{number}", name, number, target=target)
            question = {"kind": kind, "comparator": comparator, "due": due}
            found.append((more | question | {"value": Fraction(value)}, row))

    ask("cashless-payment-count-share", "ratio", COUNTS, DECEMBER)
    ask("half-enough", "ratio", REVENUE | {"min_reported": Fraction(1, 2)}, JUNE)
    ask("payments", "total", COUNTS | {"numerator": "payments", "denominator": None}, DECEMBER)
    ask("emr-hospital-share", "share_of_units", EMR, DECEMBER)
    each = Each(comparator=">=", value=Decimal(50))
    ask("meeting", "share_meeting", COUNTS | {"each": (">=", Fraction(50))}, JUNE, each=each)
    return found


@functools.cache
def asked(equal: bool) -> tuple[list[tuple[Question, str]], Registry]:
    """Questions with the ids of their targets, and a registry that knows the catalogue."""
    made = asked_for(EQUAL if equal else EASY)
    scope = Scope(label=text("Bệnh viện 1"), units=("38F01",))
    task = a_row("task", "task", 999, target=a_target(value=Decimal(1), scope=scope))
    catalogue = a_catalogue(a_plan([*(row for _, row in made), task]), more=MORE)
    first = NewEntry("catalogue", catalogue.to_json().decode())
    registry = Registry(places()).with_entries([Entry(**asdict(first), seq=1, known=1)])
    questions = [(question, f"thu-2025/{row.key}") for question, row in made]
    due = {"kind": "task", "unit": "38F01", "item": TASK_ITEM, "due": DECEMBER}
    return [*questions, (due, TASK_ITEM)], registry


def world(registry: Registry, given: Sequence[Entry]) -> World:
    nodes = {n.identity: n for n in (node_of(e) for e in given if e.kind == "event")}
    engine = Engine(registry, nodes.get)
    effects = engine.apply(given)
    reports = Reports.of(effects.reports)
    for made in effects.standing:
        reports.settle(made.change, made.at_seq, made.at_known)
    return World(engine.registry, reports, effects.known)


def targets(made: World, as_of: dt.date) -> dict[str, Asked]:
    place = places().bearing("38", as_of)
    assert place is not None
    return {one.id: one for one in asked_of(made.registry, place)}


def exactly(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def given_by(judgement: Judgement) -> Answer:
    figures = judgement.figures
    return Answer(
        judgement.verdict, judgement.reason, exactly(judgement.numerator),
        exactly(judgement.denominator), figures.expected, figures.received,
        figures.units_waived,
    )  # fmt: skip


def compare(log: list[Event], known: list[int], as_of: dt.date, equal: bool = False) -> None:
    questions, registry = asked(equal)
    made = world(registry, entries(log, known))
    found = targets(made, as_of)
    for question, name in questions:
        wanted = answer(question, log, as_of, known_day(known[-1]))
        one = found[name]
        judgement = judge(made, one, min(as_of, one.judged_on))
        assert given_by(judgement) == wanted, (name, question)


@st.composite
def moments(draw: st.DrawFn, most: int = 14) -> tuple[list[Event], list[int], dt.date]:
    """A log, cut at a position, with the known times of its entries, and a day to ask about."""
    log = draw(logs(most))
    log = log[: draw(st.sampled_from([len(log), len(log), max(1, 2 * len(log) // 3)]))]
    return log, draw(clocks(len(log))), draw(st.sampled_from(AS_OF))


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        phases=(Phase.explicit, Phase.generate),  # to shrink would take minutes: add it by hand
    )  # fmt: skip


@bounded(300)
@given(moments())
def test_the_evaluator_gives_what_the_contract_says(
    moment: tuple[list[Event], list[int], dt.date],
) -> None:
    compare(*moment)


@bounded(80)
@given(moments())
def test_exactly_so_much_is_judged_as_the_contract_says(
    moment: tuple[list[Event], list[int], dt.date],
) -> None:
    compare(*moment, equal=True)


@bounded(60)
@given(moments(), st.sampled_from([dt.date(2025, 3, 31), dt.date(2025, 4, 30)]))
def test_met_on_is_the_first_day_of_the_unbroken_stretch(
    moment: tuple[list[Event], list[int], dt.date], due: dt.date
) -> None:
    log, known, as_of = moment
    as_of = min(as_of, dt.date(2025, 6, 30))
    questions, registry = asked(False)
    made = world(registry, entries(log, known))
    found = targets(made, as_of)
    for question, name in questions:
        if (question["kind"], question.get("comparator")) in ASKED_SINCE:
            one = found[name]
            target = one.target.model_copy(update={"due": due})
            entry = replace(one.entry, target=target)
            outcome = evaluate(made, Asked(made.registry, entry, one.place), as_of)
            wanted = met_since(question | {"due": due}, log, as_of, known_day(known[-1]))
            assert (outcome.met_on, outcome.days_late) == wanted, (name, question)


def everything(outcome: Outcome) -> Any:
    """All of a result that may not depend on the order of arrival."""
    judgement = outcome.judgement
    counted = [
        (c.unit, c.report.source, c.report.event_id, c.numerator, c.denominator)
        for c in judgement.figures.counted if c.report
    ]  # fmt: skip
    return (
        given_by(judgement), judgement.basis, judgement.actual, judgement.bounds, outcome.met_on,
        outcome.days_late, outcome.outlook, sorted(counted),
        sorted(judgement.figures.missing),
    )  # fmt: skip


@bounded(80)
@given(moments(10), st.data())
def test_the_order_of_arrival_decides_nothing(
    moment: tuple[list[Event], list[int], dt.date], data: st.DataObject
) -> None:
    log, known, as_of = moment
    other = data.draw(st.permutations(log))
    questions, registry = asked(False)
    one, two = (world(registry, entries(each, known)) for each in (log, other))
    first, second = targets(one, as_of), targets(two, as_of)
    for _, name in questions:
        a, b = evaluate(one, first[name], as_of), evaluate(two, second[name], as_of)
        assert everything(a) == everything(b), name
