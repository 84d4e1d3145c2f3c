"""The entries of the log that a receipt carries."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from chitieu.ports import Entry
from chitieu.postgres.archived import gone
from chitieu.postgres.log import SELECT_ENTRIES, from_row, read_at
from chitieu.receipts.basis import OTHER_KINDS, Basis
from chitieu.scoring.engine import identity_of, named_by, node_of
from chitieu.standing import Identity

_OTHERS = SELECT_ENTRIES + " WHERE e.kind = ANY($1::text[]) AND l.first_seq + e.idx <= $2"
_CORRECTIONS = (
    SELECT_ENTRIES + " JOIN unnest($1::int[], $2::text[], $3::text[]) AS w(o, s, i)"
    " ON e.organisation_id = w.o AND e.source = w.s AND e.corrects = w.i"
    " WHERE e.kind = 'event' AND l.first_seq + e.idx <= $4"
)
_RETRACTIONS = (
    SELECT_ENTRIES + " WHERE e.kind = 'retraction' AND e.organisation_id = ANY($1::int[])"
    " AND l.first_seq + e.idx <= $2"
)


async def read_basis(connection: Any, basis: Basis, until: int) -> list[Entry]:
    """All entries at or before a position that a result rests on, in the log's order.

    Reports, unit versions, what else speaks of its targets and units, and every amendment that
    decides which of the reports stand, whoever it is about. EntriesArchived when the text of one
    lies in a file.
    """
    found = {entry.seq: entry for entry in await read_at(connection, list(basis.seqs))}
    if absent := set(basis.seqs) - found.keys():
        raise await gone(connection, min(absent))
    for row in await connection.fetch(_OTHERS, list(OTHER_KINDS), until):
        entry = from_row(row)
        if basis.concerns(entry):
            found[entry.seq] = entry
    seen: set[Identity] = set()
    while named := _events(found.values(), seen):
        seen |= named.keys()
        for entry in await _amendments(connection, named, until):
            about = named_by(entry)
            # A correction to another metric has no effect on what it names.
            if about in named and (
                entry.kind == "retraction" or node_of(entry).metric == named[about]
            ):
                found[entry.seq] = entry
    return [found[seq] for seq in sorted(found)]


def _events(entries: Iterable[Entry], seen: Collection[Identity]) -> dict[Identity, str]:
    """The events not seen yet, with their metrics."""
    events = [entry for entry in entries if entry.kind == "event"]
    return {i: node_of(e).metric for e in events if (i := identity_of(e)) not in seen}


async def _amendments(connection: Any, named: Collection[Identity], until: int) -> list[Entry]:
    """Corrections that name one of these events, and all retractions of their senders."""
    corrections = await connection.fetch(
        _CORRECTIONS, [one.organisation for one in named], [one.source for one in named],
        [one.event_id for one in named], until,
    )  # fmt: skip
    senders = sorted({one.organisation for one in named})
    retractions = await connection.fetch(_RETRACTIONS, senders, until)
    return [from_row(row) for row in (*corrections, *retractions)]
