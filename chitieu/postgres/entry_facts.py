"""What the log says of an entry besides its figures: who placed it, as what, why."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from chitieu.postgres.archived import archived_facts
from chitieu.scoring.movement_json import EntryFacts

# A catalogue version's body is close to a megabyte: only its digest is read.
_FACTS = """
SELECT k.known, l.epoch, l.first_seq + e.idx AS seq, e.kind, o.code AS sender, e.source,
    e.event_id, e.subject,
    CASE WHEN e.kind <> 'catalogue' THEN e.body END AS body,
    CASE WHEN e.kind = 'catalogue' THEN e.body::json ->> 'digest' END AS digest
FROM unnest($1::bigint[]) AS k(known)
CROSS JOIN LATERAL (
    SELECT first_seq, first_known, batch_id, epoch FROM log
    WHERE first_known <= k.known ORDER BY first_known DESC LIMIT 1
) l
JOIN entry e ON e.batch_id = l.batch_id AND e.idx = k.known - l.first_known
LEFT JOIN organisation o ON o.id = e.organisation_id
"""


async def load_entry_facts(connection: Any, known: Collection[int]) -> dict[int, EntryFacts]:
    """Of the entries placed at these known times (µs since 1970), by known time."""
    rows = await connection.fetch(_FACTS, sorted(known))
    found = {row["known"]: _facts(row) for row in rows}
    absent = set(known) - found.keys()
    return found | (await archived_facts(connection, absent) if absent else {})


def _facts(row: Any) -> EntryFacts:
    body = json.loads(row["body"]) if row["body"] else {}
    return EntryFacts(
        position=f"{row['epoch']}:{row['seq']}",
        sender=row["sender"],
        source=row["source"],
        id=row["event_id"],
        unit=row["subject"] if row["kind"] in ("event", "unit", "waiver") else None,
        note=note_of(body),
        document=body.get("document"),
        catalogue=row["digest"],
    )


def note_of(body: dict[str, Any]) -> str | None:
    """Why, in the sender's words: an event's or a unit's `note`, a retraction's `reason`."""
    for inner in (body.get("data"), body.get("attributes")):
        if isinstance(inner, dict) and inner.get("note"):
            return str(inner["note"])
    return body.get("reason") or body.get("note")
