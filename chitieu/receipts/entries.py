"""Entries of the log as a receipt carries them, and back. Pure.

    {"seq", "known", "kind", "sender", "source", "id", "type", "subject", "time", "corrects",
     "body", "withheld", "link"}

`known` is µs since 1970, `time` an instant in UTC, `body` the entry's own JSON. An entry about a
unit of another province is `withheld`: of its body and subject only what decides whether another
report stands is left. `link` is SHA-256 over the link before it and the entry, so that the first
changed entry can be named.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast, get_args

from chitieu.periods import parse_instant
from chitieu.ports import Entry, EntryKind
from chitieu.receipts.basis import Basis
from chitieu.scoring.results import canonical

FIRST_LINK: Final = "0" * 64
Wire = Mapping[str, Any]


def link_of(before: str, entry: Wire) -> str:
    """The link of an entry; `entry` may carry its own already, which does not count."""
    body = {name: value for name, value in entry.items() if name != "link"}
    return hashlib.sha256(f"{before}\n{canonical(body)}".encode()).hexdigest()


def linked(entries: Iterable[Wire]) -> list[dict[str, Any]]:
    """The entries, each with its link."""
    found: list[dict[str, Any]] = []
    before = FIRST_LINK
    for entry in entries:
        before = link_of(before, entry)
        found.append({**entry, "link": before})
    return found


def broken_link(entries: Sequence[Wire]) -> Wire | None:
    """The first entry that is not what was linked; None when all are."""
    before = FIRST_LINK
    for entry in entries:
        if entry.get("link") != link_of(before, entry):
            return entry
        before = entry["link"]
    return None


def to_wire(entry: Entry, basis: Basis) -> dict[str, Any]:
    """An entry without its link."""
    body = json.loads(entry.body)
    withheld = entry.kind == "event" and not basis.shows(entry.subject)
    return {
        "seq": entry.seq, "known": entry.known, "kind": entry.kind, "sender": entry.organisation,
        "source": entry.source, "id": entry.event_id, "type": entry.type,
        "subject": None if withheld else entry.subject,
        "time": None if entry.time is None else _time_text(entry.time),
        "corrects": entry.corrects, "body": {"metric": body["metric"]} if withheld else body,
        "withheld": withheld,
    }  # fmt: skip


def from_wire(wire: Wire) -> Entry:
    """The entry again. ValueError, KeyError, TypeError for what is none."""
    if wire["kind"] not in get_args(EntryKind) or not isinstance(wire["body"], dict):
        raise ValueError("not an entry of the log")
    time = None if wire["time"] is None else parse_instant(wire["time"])
    if wire["kind"] in ("event", "retraction") and time is None:
        raise ValueError("a report without its time")
    return Entry(
        cast(EntryKind, wire["kind"]), canonical(wire["body"]), wire["sender"], wire["source"],
        wire["id"], wire["type"], wire["subject"], time, wire["corrects"], seq=wire["seq"],
        known=wire["known"],
    )  # fmt: skip


def _time_text(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
