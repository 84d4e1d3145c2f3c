"""Recompute everything from the log and compare exactly with what is stored.

The replay uses the same pure core as the scorer but nothing that the scorer stored, and evaluates
every result from the beginning. The first cell that differs is named; the order of comparison is
measurement, standing, positions, results, closings.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chitieu.periods import civil_day, from_microseconds
from chitieu.places import Place, Places, place_key, place_of
from chitieu.ports import Entry
from chitieu.postgres.closings_check import Checked, check_closings
from chitieu.postgres.facts import REPORT_COLUMNS, evaluated, report_to_row, scored
from chitieu.postgres.log import read_entries
from chitieu.registry import Registry
from chitieu.scoring.binding import binding_why
from chitieu.scoring.card import Pin, evaluate_place
from chitieu.scoring.engine import (
    EVERYWHERE,
    Effects,
    Engine,
    known_places,
    node_of,
    pinned_known,
)
from chitieu.scoring.results import stored_result
from chitieu.scoring.world import Reports, World
from chitieu.standing import Identity, Node

READ_AT_ONCE = 5000
_LOOKS, _LOOK_AGAIN_S = 40, 0.25
Row = tuple[Any, ...]
Read = Callable[[Any, int, int], Awaitable[list[Entry]]]


@dataclass(frozen=True)
class Difference:
    """A cell that is not what the log says. `stored` or `recomputed` None: the row is missing."""

    table: str
    key: str
    column: str
    stored: str | None
    recomputed: str | None


@dataclass(frozen=True)
class Report:
    """What was checked."""

    position: int
    entries: int
    rows: int
    results: int
    difference: Difference | None
    closings: int = 0
    closings_of_other_code: tuple[str, ...] = ()
    closing_differences: tuple[Difference, ...] = ()


def first_difference(
    table: str, columns: Sequence[str], key: int, stored: Iterable[Row], expected: Iterable[Row]
) -> Difference | None:
    """The first cell, in key order, in which two tables differ; the first `key` columns are it."""
    left = {row[:key]: row for row in stored}
    right = {row[:key]: row for row in expected}
    for name in sorted(left.keys() | right.keys(), key=lambda k: tuple(map(str, k))):
        one, two = left.get(name), right.get(name)
        label = "/".join(str(part) for part in name)
        if one is None or two is None:
            return Difference(
                table, label, columns[0], str(one) if one else None, str(two) if two else None
            )
        for column, a, b in zip(columns, one, two, strict=True):
            if a != b:
                return Difference(table, label, column, str(a), str(b))
    return None


async def verify(
    connection: Any,
    places: Places,
    progress: Callable[[int, int], None] | None = None,
    read: Read = read_entries,
) -> Report:
    """Compare the derived tables with the log up to the scored position, in one snapshot.

    `read` reads the log; EntriesArchived from one that cannot read all of it. StillEvaluating when
    results do not come up to the scored position within ten seconds.
    """
    await _until_evaluated(connection)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        position = await scored(connection)
        engine, effects = await _replay(connection, places, position, progress, read)
        rows = len(effects.reports) + len(effects.standing) + len(effects.positions)
        difference = await _facts(connection, effects)
        count, found = 0, difference
        if difference is None:
            count, found = await _results(connection, engine, effects)
        closed = await check_closings(connection, places, effects)
        wrong = _of_closings(closed)
        return Report(
            position, effects.seq, rows, count, found or next(iter(wrong), None),
            closed.closings, closed.other_code, wrong,
        )  # fmt: skip


class StillEvaluating(Exception):
    """Results are behind what is scored; the text is one line."""


async def _until_evaluated(connection: Any) -> None:
    """Stored results are those of the scored position: beyond it or behind it is no difference."""
    looks = 0
    while (done := await evaluated(connection)) < (position := await scored(connection)):
        looks += 1
        if looks > _LOOKS:
            break
        await asyncio.sleep(_LOOK_AGAIN_S)
    else:
        return
    raise StillEvaluating(
        f"kết quả mới đánh giá đến vị trí {done} của {position}: để tiến trình tính làm xong rồi"
        f" kiểm tra lại / results are evaluated up to position {done} of {position}: let the scorer"
        " finish, then verify again"
    )


def _of_closings(checked: Checked) -> tuple[Difference, ...]:
    """Every closing whose bytes are not those of the log, as cells."""
    return tuple(
        Difference("closing_document", fault.closing, "sha256", fault.stored, fault.recomputed)
        for fault in checked.faults
    )


async def _replay(
    connection: Any,
    places: Places,
    position: int,
    progress: Callable[[int, int], None] | None,
    read: Read,
) -> tuple[Engine, Effects]:
    """The whole log through the engine, holding all event identities in memory."""
    nodes: dict[Identity, Node] = {}
    engine = Engine(Registry(places), nodes.get)
    total = Effects()
    while total.seq < position:
        limit = min(READ_AT_ONCE, position - total.seq)
        entries: list[Entry] = await read(connection, total.seq, limit)
        for entry in entries:
            if entry.kind == "event":
                node = node_of(entry)
                nodes[node.identity] = node
        made = engine.apply(entries)
        total.reports += made.reports
        total.standing += made.standing
        total.positions += made.positions
        total.known_of |= made.known_of
        total.seq, total.known = made.seq, made.known
        if progress:
            progress(total.seq, position)
    return engine, total


async def _facts(connection: Any, effects: Effects) -> Difference | None:
    """Up to where every partition has passed: single ones may have written more."""
    stored = await connection.fetch(
        'SELECT seq, "group", known, unit, metric, item, first, last, covers, estimate, compiled,'
        " time, organisation_id, source, event_id, fields FROM measurement WHERE seq <= $1",
        effects.seq,
    )
    expected = (report_to_row(report) for report in effects.reports)
    found = first_difference("measurement", REPORT_COLUMNS, 2, map(tuple, stored), expected)
    if found:
        return found
    columns = ("seq", "at_seq", "at_known", "stands", "why")
    stored = await connection.fetch(
        "SELECT seq, at_seq, at_known, stands, why FROM standing_change WHERE at_seq <= $1",
        effects.seq,
    )
    changes = (
        (s.change.seq, s.at_seq, s.at_known, s.change.stands, s.change.why)
        for s in effects.standing
    )
    found = first_difference("standing_change", columns, 2, map(tuple, stored), changes)
    if found:
        return found
    stored = await connection.fetch(
        "SELECT place, seq FROM place_position WHERE seq <= $1", effects.seq
    )
    return first_difference(
        "place_position", ("place", "seq"), 2, map(tuple, stored), effects.positions
    )


def replayed_world(engine: Engine, effects: Effects, place: Place) -> World:
    """A place's world at the end of a replay."""
    units = {code for unit in engine.registry.units_ever_in(place) for code in unit.codes}
    reports = Reports.of(report for report in effects.reports if report.unit in units)
    for made in effects.standing:
        reports.settle(made.change, made.at_seq, made.at_known)
    return World(engine.registry, reports, pinned_known(effects.known_of, place_key(place)))


async def _results(
    connection: Any, engine: Engine, effects: Effects
) -> tuple[int, Difference | None]:
    columns = ("place", "target", "verdict", "numerator", "denominator", "body")
    stored = await connection.fetch(
        "SELECT as_of, place, target, verdict, numerator, denominator, body FROM result"
        " ORDER BY place, target"
    )
    days = {row["place"]: row["as_of"] for row in stored}
    # The newest day of a place is the day all its current results were evaluated for.
    for row in stored:
        days[row["place"]] = max(days[row["place"]], row["as_of"])
    # A place without a single result is wrong too.
    newest = max(days.values(), default=civil_day(from_microseconds(effects.known)))
    for key in known_places(engine.registry):
        days.setdefault(key, newest)
    expected: list[Row] = []
    for key, as_of in sorted(days.items()):
        place = place_of(engine.registry.places, key)
        if place is not None:
            expected += _expected(engine, effects, place, as_of)
    pairs = ([tuple(row)[1:] for row in stored], expected)
    return len(stored), first_difference("result", columns, 2, *pairs)


def _expected(engine: Engine, effects: Effects, place: Place, as_of: dt.date) -> Iterator[Row]:
    world = replayed_world(engine, effects, place)
    pin = Pin(as_of, world.known, "")
    evaluated = evaluate_place(world, place, pin)
    why = binding_why(evaluated.outcomes)
    for outcome in evaluated.outcomes:
        one = stored_result(outcome, why.get(outcome.asked.id), pin, effects.seq)
        yield (one.place, one.target, one.verdict, one.numerator, one.denominator, one.body)


__all__ = ["EVERYWHERE", "Difference", "Report", "first_difference", "verify"]
