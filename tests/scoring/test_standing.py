"""Corrections and retractions give the same standing in whatever order they arrive."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from chitieu.standing import Identity, Node, Standing

START = dt.datetime(2025, 4, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Sent:
    """An event (`corrects` another's number or None) or, with `retracts`, a retraction."""

    number: int
    minute: int
    metric: str = "emr"
    corrects: int | None = None
    retracts: int | None = None


def identity(number: int) -> Identity:
    return Identity(1, "urn:his", f"e{number}")


def node(sent: Sent, seq: int) -> Node:
    name = f"e{sent.number}"
    return Node(
        identity(sent.number), seq, "38F01", sent.metric,
        (START + dt.timedelta(minutes=sent.minute), b"urn:his", name.encode()),
        None if sent.corrects is None else f"e{sent.corrects}",
    )  # fmt: skip


def naive(everything: list[Sent]) -> set[int]:
    """The rule of CONTRACT.md §2 read word by word, over the whole set at once."""
    events = {s.number: s for s in everything if s.retracts is None}
    retracted = {s.retracts for s in everything if s.retracts is not None}

    def corrects(later: Sent, earlier: Sent) -> bool:
        if later.corrects is None or later.corrects not in events:
            return False
        named = events[later.corrects]
        order = (later.minute, f"e{later.number}") > (named.minute, f"e{named.number}")
        if not order or named.metric != later.metric:
            return False
        return named.number == earlier.number or corrects(named, earlier)

    return {
        number for number, event in events.items()
        if number not in retracted
        and not any(
            other.number not in retracted and other.number != number and corrects(other, event)
            for other in events.values()
        )
    }  # fmt: skip


def incremental(order: list[Sent]) -> set[int]:
    """As the engine does it, one entry after another."""
    standing = Standing()
    seen: dict[int, Node] = {}
    told: dict[int, bool] = {}
    for seq, sent in enumerate(order):
        if sent.retracts is not None:
            named = identity(sent.retracts)
            if not standing.knows(named) and sent.retracts in seen:
                standing.add(seen[sent.retracts])
            changes = standing.retract(named)
        else:
            made = seen[sent.number] = node(sent, seq)
            named_id = standing.named_by(made)
            if named_id is not None and not standing.knows(named_id) and sent.corrects in seen:
                standing.add(seen[sent.corrects])
            amends = named_id is not None or standing.is_named(made.identity)
            changes = standing.add(made) if amends else []
        for change in changes:
            told[change.seq] = change.stands
    return {number for number, made in seen.items() if told.get(made.seq, True)}


@st.composite
def histories(draw: st.DrawFn) -> list[Sent]:
    count = draw(st.integers(2, 7))
    sent = []
    for number in range(count):
        names = st.none() | st.sampled_from([n for n in range(count) if n != number])
        sent.append(Sent(
            number, draw(st.integers(0, 4)), draw(st.sampled_from(["emr", "emr", "task"])),
            draw(names),
        ))  # fmt: skip
    for index, named in enumerate(draw(st.lists(st.integers(0, count - 1), max_size=3))):
        sent.append(Sent(100 + index, 9, retracts=named))
    return draw(st.permutations(sent))


@given(histories())
def test_incremental_equals_the_rule_read_at_once(history: list[Sent]) -> None:
    assert incremental(history) == naive(history)


def test_all_orders_of_a_chain_with_a_retraction_agree() -> None:
    chain = [
        Sent(0, 0), Sent(1, 1, corrects=0), Sent(2, 2, corrects=1), Sent(9, 3, retracts=2),
    ]  # fmt: skip
    for order in itertools.permutations(chain):
        assert incremental(list(order)) == {1}


def test_a_correction_sent_earlier_than_what_it_corrects_has_no_effect() -> None:
    assert incremental([Sent(0, 5), Sent(1, 1, corrects=0)]) == {0, 1}


def test_a_correction_to_another_metric_has_no_effect() -> None:
    assert incremental([Sent(0, 0), Sent(1, 1, metric="task", corrects=0)]) == {0, 1}
