"""Partitions together write what one scorer writes: nothing twice, nothing missing. No broker."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chitieu.kafka.log import Piece, piece_of
from chitieu.kafka.messages import Headers, Message, NotOurs, message_of, passed_message, received
from chitieu.kafka.names import partitioner
from chitieu.kafka.routing import Chains, Homes, Route
from chitieu.memory import MemoryLog
from chitieu.periods import to_microseconds
from chitieu.ports import Entry, NewEntry
from chitieu.registry import Registry
from chitieu.scoring.engine import Effects, Engine, identity_of, node_of
from chitieu.standing import Identity, Node
from tests.builders import NOON, places
from tests.kafka.histories import a_history, a_registry


@dataclass
class Written:
    """A message at its place in a partition."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def placed(entries: Sequence[NewEntry]) -> list[Entry]:
    log = MemoryLog()
    log.append(entries, to_microseconds(NOON))
    return log.entries()


def nodes_of(entries: Iterable[Entry]) -> dict[Identity, Node]:
    return {identity_of(e): node_of(e) for e in entries if e.kind == "event"}


def sent(entries: Sequence[Entry], count: int, batch: int) -> list[list[Message]]:
    """What a relay writes to each partition."""
    chains, homes = Chains(), Homes(places())
    route, nodes = Route(homes, chains, partitioner(count), count), nodes_of(entries)
    written: list[list[Message]] = [[] for _ in range(count)]
    before = 0
    for at in range(0, len(entries), batch):
        piece = entries[at : at + batch]
        chains.give({name: nodes[name] for name in chains.lacks(piece) if name in nodes})
        after = [before] * count
        for entry in piece:
            key, partitions = route.of(entry)
            for partition in partitions:
                written[partition].append(message_of(entry, 1, after[partition], key))
                after[partition] = entry.seq
        before = piece[-1].seq
        for partition, seq in enumerate(after):
            if seq < before:
                written[partition].append(passed_message(1, before, piece[-1].known, seq))
    return written


def scored(entries: Sequence[Entry], messages: Sequence[Message], number: int, count: int) -> Any:
    """What one partition writes, knowing its messages and where to look up what they name."""
    homes, nodes = Homes(places()), nodes_of(entries)
    part = partitioner(count)
    engine = Engine(
        Registry(places()), nodes.get, lambda unit: part(homes.of(unit)) == number, number == 0
    )
    records = [Written(n, m.key, m.value, m.headers) for n, m in enumerate(messages)]
    piece = piece_of(records, Piece(1, 0, 0, 0))
    assert not piece.dead
    assert piece.seq == entries[-1].seq
    for entry in piece.entries:
        homes.learn(entry)
    return engine.apply(piece.entries)


def facts(effects: Iterable[Effects]) -> tuple[list[Any], list[Any], set[Any]]:
    """Rows as they are stored; a place's position may come from two partitions."""
    reports, standing, positions = [], [], set()
    for one in effects:
        reports += [(r.seq, r.group, r.unit, r.fields) for r in one.reports]
        standing += [
            (s.change.seq, s.at_seq, s.at_known, s.change.stands, s.change.why)
            for s in one.standing
        ]
        positions |= set(one.positions)
    return sorted(reports, key=str), sorted(standing), positions


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.sampled_from([1, 2, 3, 12]), batch=st.integers(1, 80))
def test_all_partitions_together_write_what_one_scorer_writes(
    seed: int, count: int, batch: int
) -> None:
    entries = placed([*a_registry(), *a_history(seed, 60)])
    alone = Engine(Registry(places()), nodes_of(entries).get).apply(entries)
    written = sent(entries, count, batch)
    parts = [scored(entries, written[number], number, count) for number in range(count)]
    assert facts(parts) == facts([alone])


def test_histories_do_reach_over_partitions() -> None:
    """Else the test above shows nothing."""
    entries = placed([*a_registry(), *a_history(1, 200)])
    written = sent(entries, 12, 50)
    names = [[dict(m.headers).get("ce_id") for m in part] for part in written]
    reports = {e.event_id for e in entries if e.kind == "event"}
    elsewhere = [n for n in reports if 1 < sum(n.encode() in part for part in names if n) < 12]
    everywhere = [n for n in reports if n and all(n.encode() in part for part in names)]
    assert len(elsewhere) > 10
    assert len(everywhere) > 10
    assert sum(1 for part in names if len(set(part)) > 40) >= 4


@pytest.mark.parametrize("seed", range(5))
def test_an_entry_comes_back_as_it_was(seed: int) -> None:
    for entry in placed([*a_registry(), *a_history(seed, 80)]):
        message = message_of(entry, 3, 7, "38")
        back = received(message.headers, message.value)
        assert (back.epoch, back.after, back.entry) == (3, 7, entry)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_whatever_is_sent_again_or_too_early_is_taken_up_once_and_in_order(
    seed: int, data: st.DataObject
) -> None:
    """A relay that fails sends again from where it had committed; some had been lost before."""
    entries = placed([*a_registry()[:5], *a_history(seed, 25)])
    whole = sent(entries, 1, 10)[0]
    chance = random.Random(seed)
    arrived: list[Message] = []
    at = 0
    while at < len(whole):
        ends = min(len(whole), at + data.draw(st.integers(1, 12)))
        attempt = [m for m in whole[at:ends] if chance.random() < 0.7]
        arrived += attempt
        if len(attempt) == ends - at:
            at = ends
        elif chance.random() < 0.5:
            arrived += whole[at:ends]
            at = ends
    records = [Written(n, m.key, m.value, m.headers) for n, m in enumerate(arrived)]
    piece, taken = Piece(1, 0, 0, 0), []
    while piece.next_offset < len(records):
        piece = piece_of(records[piece.next_offset :], piece, data.draw(st.integers(1, 9)))
        taken += piece.entries
    assert taken == entries


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ([], b"{}"),
        ([("chitieu-position", b"1:x"), ("chitieu-known", b"2025-01-01T00:00:00+00:00")], b"{}"),
        ([("chitieu-position", b"\xff")], b"{}"),
        ([("chitieu-position", b"1:1"), ("chitieu-known", b"2025-01-01T00:00:00")], b"{}"),
        ([("chitieu-position", b"1:1"), ("chitieu-known", b"2025-01-01T00:00:00+00:00"),
          ("chitieu-after", b"0"), ("ce_type", b"com.example.hello")], b"{}"),
        ([("chitieu-position", b"1:1"), ("chitieu-known", b"2025-01-01T00:00:00+00:00"),
          ("chitieu-after", b"0"), ("ce_type", b"vn.chitieu.log.weight.v1")], b"{}"),
        ([("chitieu-position", b"1:1"), ("chitieu-known", b"2025-01-01T00:00:00+00:00"),
          ("chitieu-after", b"0"), ("ce_type", b"vn.chitieu.emr.v1")], b"{}"),
    ],
)  # fmt: skip
def test_what_the_relay_did_not_write_is_not_taken_up(headers: Headers, value: bytes) -> None:
    with pytest.raises(NotOurs):
        received(headers, value)
    piece = piece_of([Written(4, None, value, headers)], Piece(1, 9, 9, 4))
    assert (piece.seq, piece.next_offset, len(piece.dead)) == (9, 5, 1)
