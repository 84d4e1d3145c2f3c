"""Closings in PostgreSQL: what was said of a place under its lock, and the published bytes."""

from __future__ import annotations

import hashlib
from typing import Any

from chitieu.closings.state import Closing, folded

# Two who close or reopen at once are queued by the lock, and the second sees the first.
_LOCK = "SELECT pg_advisory_xact_lock(20250702, hashtext($1))"
_SAID = (
    "SELECT e.body FROM entry e JOIN batch b ON b.id = e.batch_id"
    " WHERE e.kind = 'closing' AND e.kind NOT IN ('event') AND split_part(e.subject, ' ', 1) = $1"
    " ORDER BY b.xid, b.id, e.idx"
)


async def lock_closings(connection: Any, place: str) -> None:
    """Wait until nobody else closes or reopens for a place key; until the transaction ends."""
    await connection.execute(_LOCK, place)


async def said_closings(connection: Any, place: str) -> dict[str, Closing]:
    """All closings of a place key that are committed, placed in the log or not, by id."""
    return folded({}, [row["body"] for row in await connection.fetch(_SAID, place)])


async def keep_document(connection: Any, content: bytes) -> None:
    """Store bytes under their hash, inside the caller's transaction."""
    await connection.execute(
        "INSERT INTO closing_document (sha256, content) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        hashlib.sha256(content).digest(),
        content,
    )


async def stored_document(connection: Any, sha256: str) -> bytes | None:
    """The bytes of a hash (hexadecimal)."""
    content: bytes | None = await connection.fetchval(
        "SELECT content FROM closing_document WHERE sha256 = $1", bytes.fromhex(sha256)
    )
    return content
