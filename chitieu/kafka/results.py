"""A result as a message of the results topic: a structured CloudEvent, since it is compacted."""

from __future__ import annotations

import json
from typing import Any

from chitieu.periods import from_microseconds, known_text

TYPE = "vn.chitieu.result.v1"
SOURCE = "/chitieu/scorer"
HEADERS = [("content-type", b"application/cloudevents+json")]


def result_message(row: Any) -> tuple[bytes, bytes | None]:
    """Key and value of a row of (place, target, seq, epoch, known, as_of, body).

    A result that is no more has no body; its message is the tombstone of its key.
    """
    key = f"{row['place']}/{row['target']}"
    if row["body"] is None:
        return key.encode(), None
    position = f"{row['epoch'] or 1}:{row['seq']}"
    known = row["known"] or 0
    event = {
        "specversion": "1.0", "id": f"{key}/{position}", "source": SOURCE, "type": TYPE,
        "subject": row["target"], "time": from_microseconds(known).isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "place": row["place"], "position": position, "known_at": known_text(known),
            "as_of": row["as_of"].isoformat(), "result": json.loads(row["body"]),
        },
    }  # fmt: skip
    return key.encode(), json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
