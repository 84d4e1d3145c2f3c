"""Positions as they are told: `epoch:seq`, in the epoch in which each was placed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


async def positions_of(connection: Any, seqs: Iterable[int]) -> dict[int, str]:
    """`epoch:seq` of each placed position; a restored database goes on in a new epoch."""
    rows = await connection.fetch(
        "SELECT p.seq, l.epoch FROM unnest($1::bigint[]) AS p(seq) CROSS JOIN LATERAL"
        " (SELECT epoch FROM log WHERE first_seq <= p.seq ORDER BY first_seq DESC LIMIT 1) l",
        sorted(set(seqs)),
    )
    return {row["seq"]: f"{row['epoch']}:{row['seq']}" for row in rows}
