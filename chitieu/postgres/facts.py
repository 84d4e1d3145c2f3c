"""What the scorer derived, read back as the core's values: reports that stand, positions."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from chitieu.places import place_of
from chitieu.ports import Entry
from chitieu.postgres.log import read_registry_until
from chitieu.registry import Registry
from chitieu.reports import Report
from chitieu.scoring.blocks import Block, Stored
from chitieu.scoring.engine import BY_ITEM, EVERYWHERE, Touched
from chitieu.scoring.world import Reports
from chitieu.standing import Change

# Measurements lie in months of their known times, which grow with positions: told both bounds of a
# span as values, PostgreSQL plans for the months that it touches and opens no other.
_KNOWN = """(SELECT first_known + ({seq} - first_seq) AS known FROM log
    WHERE first_seq <= {seq} ORDER BY first_seq DESC LIMIT 1)"""
_BOUNDS = f"""
SELECT coalesce({_KNOWN.format(seq="$1::bigint")}, 0) AS low,
    coalesce({_KNOWN.format(seq="$2::bigint")}, 0) AS high
"""
_WITHIN = "seq > $1 AND seq <= $2 AND known > $5 AND known <= $6"
# Where units are given their index is the way in: a planner that takes any span of positions for a
# short one would read all of a month instead.
_OF_ONE = _WITHIN.replace("seq", "seq + 0")
# Of some units everything, or of some positions what concerns them. Each way is spelled out as
# look-ups by index: a planner without statistics reads the whole table once for every province.
_OF_UNITS = f"""
SELECT m.* FROM unnest($3::text[]) AS u CROSS JOIN LATERAL (
    SELECT * FROM measurement WHERE unit = u AND {_OF_ONE} OFFSET 0
) m WHERE $4::text[] IS NULL
"""  # noqa: S608 - constants only
_OF_METRICS = f"""
SELECT m.* FROM unnest($3::text[]) AS u CROSS JOIN unnest($4::text[]) AS k CROSS JOIN LATERAL (
    SELECT * FROM measurement WHERE unit = u AND metric = k AND {_OF_ONE} OFFSET 0
) m
"""  # noqa: S608 - constants only
_BETWEEN = f"""
SELECT * FROM (SELECT * FROM measurement WHERE {_WITHIN} OFFSET 0) m
WHERE unit = ANY($3::text[]) AND ($4::text[] IS NULL OR metric = ANY($4))
"""  # noqa: S608 - constants only
_CAME = f"SELECT DISTINCT metric, item FROM ({_BETWEEN}) r"  # noqa: S608 - constants only
# Many rows come as columns: each is made a report only when somebody looks at it. Days are counted
# as `date.toordinal` does.
_BLOCKS = """
SELECT metric, "group", array_agg(unit) AS unit, array_agg(item) AS item, array_agg(seq) AS seq,
    array_agg(known) AS known, array_agg(first - date '0001-01-01' + 1) AS first,
    array_agg(last - date '0001-01-01' + 1) AS last,
    array_agg(covers - date '0001-01-01' + 1) AS covers, array_agg(estimate) AS estimate,
    array_agg(compiled) AS compiled,
    array_agg((extract(epoch FROM time) * 1000000)::bigint) AS time,
    array_agg(organisation_id) AS organisation, array_agg(source) AS source,
    array_agg(event_id) AS event_id, array_agg(fields) AS fields
FROM ({rows}) r GROUP BY metric, "group"
"""
_FALLS_OF = """
SELECT * FROM standing_change WHERE seq = ANY($1::bigint[]) AND at_seq <= $2 ORDER BY at_seq, seq
"""
_CHANGES = f"""
SELECT c.*, k.known FROM standing_change c CROSS JOIN LATERAL {_KNOWN.format(seq="c.seq")} k
WHERE c.at_seq > $1 AND c.at_seq <= $2 ORDER BY c.at_seq, c.seq
"""  # noqa: S608 - constants only
_CHANGED = """
SELECT m.* FROM unnest($1::bigint[], $2::bigint[]) AS k(seq, known) CROSS JOIN LATERAL (
    SELECT seq, unit, metric FROM measurement
    WHERE seq = k.seq AND known = k.known AND known >= $3 AND known <= $4 LIMIT 1
) m
WHERE m.unit = ANY($5::text[]) AND ($6::text[] IS NULL OR m.metric = ANY($6))
"""
_SHORT = 20_000
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def report_from_row(row: Any) -> Report:
    """A row of `measurement`."""
    return Report(
        seq=row["seq"], known=row["known"], unit=row["unit"], metric=row["metric"],
        item=row["item"], group=row["group"], first=row["first"], last=row["last"],
        covers=row["covers"], estimate=row["estimate"], compiled=row["compiled"],
        time=row["time"], organisation=row["organisation_id"], source=row["source"],
        event_id=row["event_id"], fields=json.loads(row["fields"]),
    )  # fmt: skip


def report_to_row(report: Report) -> tuple[Any, ...]:
    """The record of a report, in the order of `REPORT_COLUMNS`."""
    return (
        report.seq, report.group, report.known, report.unit, report.metric, report.item,
        report.first, report.last, report.covers, report.estimate, report.compiled, report.time,
        report.organisation, report.source, report.event_id,
        _canonical(report.fields),
    )  # fmt: skip


REPORT_COLUMNS = (
    "seq", "group", "known", "unit", "metric", "item", "first", "last", "covers", "estimate",
    "compiled", "time", "organisation_id", "source", "event_id", "fields",
)  # fmt: skip


async def load_reports(
    connection: Any, units: Collection[str], seq: int, metrics: Collection[str] | None = None
) -> Reports:
    """All reports about these units up to a position, and what befell them by then."""
    reports = Reports()
    await grow(connection, reports, units, (0, seq), metrics)
    return reports


async def grow(
    connection: Any, reports: Reports, units: Collection[str], span: tuple[int, int],
    metrics: Collection[str] | None = None,
) -> int:  # fmt: skip
    """Add what was placed about these units in (after, until]; how many reports that is.

    `metrics` None: of every one.
    """
    after, until = span
    few = until - after <= _SHORT
    rows = _BETWEEN if few else _OF_UNITS if metrics is None else _OF_METRICS
    codes, named = sorted(units), None if metrics is None else sorted(metrics)
    low, high = await connection.fetchrow(_BOUNDS, after, until)
    asked = (until, codes, named, low, high)
    blocks: list[Block] = []
    count = 0
    if few and after:
        found = await connection.fetch(rows, after, *asked)
        for row in sorted(found, key=lambda row: (row["seq"], row["group"])):
            reports.add(report_from_row(row))
        count = len(found)
    else:
        for row in await connection.fetch(_BLOCKS.format(rows=rows), after, *asked):
            blocks.append(Block(Stored(**row)))
            reports.extend(blocks[-1])
            count += len(blocks[-1])
    if few or after:
        # What is held already may have fallen too: by the changes, not by all that ever came.
        fell = await _fallen_between(connection, span, codes, named)
    else:
        fell = await _fallen_of(connection, blocks, until)
    for row in fell:
        change = Change(row["seq"], row["unit"], row["metric"], row["stands"], row["why"])
        reports.settle(change, row["at_seq"], row["at_known"])
    return count


async def _fallen_of(connection: Any, blocks: Sequence[Block], until: int) -> list[dict[str, Any]]:
    """What befell these reports up to a position, with their units and metrics."""
    if not blocks:
        return []
    seqs = np.unique(np.concatenate([block.seq for block in blocks]))
    changes = await connection.fetch(_FALLS_OF, seqs.tolist(), until)
    changed = [row["seq"] for row in changes]
    about = {
        seq: {"unit": unit, "metric": block.metric}
        for block in blocks for seq, unit in block.units_of(changed)
    }  # fmt: skip
    return [{**row, **about[row["seq"]]} for row in changes]


async def _fallen_between(
    connection: Any, span: tuple[int, int], units: Sequence[str], metrics: Sequence[str] | None
) -> list[dict[str, Any]]:
    """Changes of standing in (after, until], with unit and metric of the reports they are about."""
    changes = await connection.fetch(_CHANGES, *span)
    if not changes:
        return []
    knowns = [row["known"] for row in changes]
    about = await connection.fetch(
        _CHANGED, [row["seq"] for row in changes], knowns, min(knowns), max(knowns), units, metrics
    )
    found = {row["seq"]: dict(row) for row in about}
    return [{**row, **found[row["seq"]]} for row in changes if row["seq"] in found]


async def registry_until(connection: Any, registry: Registry, seq: int) -> Registry:
    """The registry at a position, from one of an earlier position."""
    entries: Sequence[Entry] = await read_registry_until(connection, registry.seq, seq)
    return registry.with_entries(entries)


# Through Kafka, what every partition has passed; else where the one scorer stands.
SCORED = (
    "coalesce((SELECT min(seq) FROM partition_position),"
    " (SELECT seq FROM consumer WHERE name = 'scorer'), 0)"
)


async def scored(connection: Any) -> int:
    """The position up to which everything is scored."""
    value: int = await connection.fetchval(f"SELECT {SCORED}")
    return value


async def evaluated(connection: Any) -> int:
    """The position up to which stored results are evaluated, by whatever release."""
    value: int = await connection.fetchval(
        "SELECT coalesce((SELECT min(results_seq) FROM partition_position),"
        " (SELECT max(seq) FROM consumer WHERE name LIKE 'results %'), 0)"
    )
    return value


async def touched_between(
    connection: Any, registry: Registry, places: Sequence[str], after: int, until: int
) -> dict[str, Touched]:
    """What moved in (after, until] for each of these place keys, without what did not.

    Of a long span it is not asked what moved of a place: looking takes longer than evaluating all.
    """
    moved = await connection.fetch(
        "SELECT place, seq FROM place_position WHERE seq > $1 AND seq <= $2"
        " AND place = ANY($3::text[])",
        after, until, [*places, EVERYWHERE],
    )  # fmt: skip
    registered = {entry.seq for entry in await read_registry_until(connection, after, until)}
    whole = {row["place"] for row in moved if row["seq"] in registered}
    if EVERYWHERE in whole:
        return {key: Touched(all=True) for key in places}
    found: dict[str, Touched] = {}
    for key in sorted({row["place"] for row in moved}):
        place = place_of(registry.places, key)
        units = registry.units_ever_in(place) if place else ()
        codes = [code for unit in units for code in unit.codes]
        found[key] = (
            Touched(all=True) if key in whole or until - after > _SHORT
            else await _touched_by(connection, codes, after, until)
        )  # fmt: skip
    return found


async def _touched_by(connection: Any, codes: Sequence[str], after: int, until: int) -> Touched:
    """By the reports about these units, and by what befell them."""
    low, high = await connection.fetchrow(_BOUNDS, after, until)
    came = await connection.fetch(_CAME, after, until, codes, None, low, high)
    fell = await _fallen_between(connection, (after, until), codes, None)
    metrics = {row["metric"] for row in fell}
    return Touched(
        metrics={row["metric"] for row in came} | metrics,
        items={row["item"] for row in came},
        every_item=any(metric in BY_ITEM for metric in metrics),
    )


class Position(NamedTuple):
    """A placed entry: where, known when (µs since 1970), in which epoch."""

    seq: int
    known: int
    epoch: int


async def pinned(connection: Any, places: Sequence[str], until: int) -> Position | None:
    """The newest position ≤ `until` that concerns one of these place keys; None before any."""
    row = await connection.fetchrow(
        "SELECT p.seq, l.first_known + (p.seq - l.first_seq) AS known, l.epoch"
        " FROM (SELECT max(n.seq) AS seq FROM unnest($1::text[]) AS u CROSS JOIN LATERAL"
        " (SELECT seq FROM place_position WHERE place = u AND seq <= $2"
        " ORDER BY seq DESC LIMIT 1) n) p CROSS JOIN LATERAL"
        " (SELECT * FROM log WHERE first_seq <= p.seq ORDER BY first_seq DESC LIMIT 1) l",
        list(places),
        until,
    )
    return None if row is None else Position(row["seq"], row["known"], row["epoch"])


async def position_at(connection: Any, known: int) -> Position:
    """The newest position known at or before an instant; 0 before any."""
    row = await connection.fetchrow(
        "SELECT first_seq, n, epoch, first_known FROM log WHERE first_known <= $1"
        " ORDER BY first_known DESC LIMIT 1",
        known,
    )
    if row is None:
        return Position(0, 0, 1)
    ahead = min(row["n"] - 1, known - row["first_known"])
    return Position(row["first_seq"] + ahead, row["first_known"] + ahead, row["epoch"])


async def scored_at(connection: Any, known: int) -> Position | None:
    """As `position_at`, when the instant is not beyond the head and all up to it is scored."""
    row = await connection.fetchrow(
        f"SELECT l.first_seq, l.n, l.epoch, l.first_known, {SCORED} AS scored"  # noqa: S608
        " FROM log_head h, LATERAL (SELECT * FROM log WHERE first_known <= $1"
        " ORDER BY first_known DESC LIMIT 1) l WHERE h.known >= $1",
        known,
    )
    if row is None:
        return None
    ahead = min(row["n"] - 1, known - row["first_known"])
    at = Position(row["first_seq"] + ahead, row["first_known"] + ahead, row["epoch"])
    return at if row["scored"] >= at.seq else None
