"""Entries of the log as Kafka messages, by the CloudEvents binding (binary content mode). Pure.

The value is the event's `data` as its metric's schema has it, the attributes are headers. What
ingest derived from the data travels in `chitieu-report`, so that the entry comes back exactly as
PostgreSQL holds it. `chitieu-after` names the message before it in the partition: whoever has read
up to there has missed nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, get_args

from chitieu.periods import from_microseconds, to_microseconds
from chitieu.ports import Entry, EntryKind

Headers = Sequence[tuple[str, bytes]]

REGISTRY_TYPE: Final = re.compile(r"vn\.chitieu\.log\.([a-z]+)\.v1")
PASSED_TYPE: Final = "vn.chitieu.log.passed.v1"
SOURCE: Final = "/chitieu/log"
_EVENT_TYPE: Final = re.compile(r"vn\.chitieu\.[a-z0-9-]+\.v1")
_RETRACTION_TYPE: Final = "vn.chitieu.retraction.v1"
_DATA: Final = re.compile(r'"data": ?(?=\{)')
_NO_DATA: Final = '"data":null'
_DECODER: Final = json.JSONDecoder()
_KINDS: Final[Mapping[str, EntryKind]] = {kind: kind for kind in get_args(EntryKind)}


class NotOurs(ValueError):
    """A message that the relay did not write; the text says what is wrong with it."""


class Message(NamedTuple):
    """What is sent: `key` None for what every partition gets."""

    key: bytes | None
    headers: list[tuple[str, bytes]]
    value: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """What was read. `entry` None: the partition has nothing more up to `seq`."""

    epoch: int
    seq: int
    known: int
    after: int
    entry: Entry | None


def message_of(entry: Entry, epoch: int, after: int, key: str | None) -> Message:
    """The message of an entry; `after` is the position of the one before it in its partition."""
    position = f"{epoch}:{entry.seq}"
    headers = _placed(position, entry.known, after)
    if entry.kind in ("event", "retraction"):
        assert entry.time is not None  # a CHECK of the table and ingest both refuse it
        headers += _ce(entry.event_id or "", entry.source or "", entry.type or "", entry.time)
        headers.append(("chitieu-sender", str(entry.organisation).encode()))
        value, name, derived = _parts(entry.body)
        headers.append((name, derived.encode()))
    else:
        time = from_microseconds(entry.known)
        headers += _ce(position, SOURCE, f"vn.chitieu.log.{entry.kind}.v1", time)
        if entry.organisation is not None:
            headers.append(("chitieu-sender", str(entry.organisation).encode()))
        value = entry.body
    for name, text in (("ce_subject", entry.subject), ("ce_corrects", entry.corrects)):
        if text is not None:
            headers.append((name, text.encode()))
    if key is not None:
        headers.append(("ce_partitionkey", key.encode()))
    return Message(None if key is None else key.encode(), headers, value.encode())


def passed_message(epoch: int, seq: int, known: int, after: int) -> Message:
    """Says that a partition has nothing between `after` and `seq`."""
    position = f"{epoch}:{seq}"
    headers = _placed(position, known, after)
    headers += _ce(position, SOURCE, PASSED_TYPE, from_microseconds(known))
    return Message(None, headers, b"{}")


def received(headers: Headers, value: bytes | None) -> Received:
    """A message of the log topic; raises NotOurs."""
    try:
        found = {name: text.decode() for name, text in headers}
        body = (value or b"").decode()
    except UnicodeDecodeError as error:
        raise NotOurs("not UTF-8") from error
    epoch, _, seq = _one(found, "chitieu-position").partition(":")
    known = to_microseconds(_instant(found, "chitieu-known"))
    placed = (_number(epoch), _number(seq), known, _number(_one(found, "chitieu-after")))
    kind = _one(found, "ce_type")
    if kind == PASSED_TYPE:
        return Received(*placed, None)
    return Received(*placed, _entry(found, body, kind, placed[1], known))


def _entry(found: Mapping[str, str], body: str, type_: str, seq: int, known: int) -> Entry:
    sender = _number(found["chitieu-sender"]) if "chitieu-sender" in found else None
    registry = REGISTRY_TYPE.fullmatch(type_)
    if registry is not None:
        kind = _KINDS.get(registry[1])
        if kind is None:
            raise NotOurs(f"unknown kind of entry {type_!r}")
        return Entry(
            kind, body, sender, subject=found.get("ce_subject"), corrects=found.get("ce_corrects"),
            seq=seq, known=known,
        )  # fmt: skip
    if not _EVENT_TYPE.fullmatch(type_):
        raise NotOurs(f"unknown type {type_!r}")
    if "chitieu-report" in found:
        whole = found["chitieu-report"].replace(_NO_DATA, f'"data":{body}', 1)
    else:
        whole = _one(found, "chitieu-body")
    return Entry(
        "retraction" if type_ == _RETRACTION_TYPE else "event", whole,
        _number(_one(found, "chitieu-sender")), _one(found, "ce_source"), _one(found, "ce_id"),
        type_, found.get("ce_subject"), _instant(found, "ce_time"), found.get("ce_corrects"),
        seq, known,
    )  # fmt: skip


def _parts(body: str) -> tuple[str, str, str]:
    """The value, and the header that brings the rest: its name and its text."""
    found = _DATA.search(body)
    if found is not None:
        value = _object(body, found.end())
        rest = f"{body[: found.start()]}{_NO_DATA}{body[found.end() + len(value) :]}"
        if rest.replace(_NO_DATA, f'"data":{value}', 1) == body:
            return value, "chitieu-report", rest
    # A retraction has no data of its own inside; nor has anything written with other spacing.
    fields = json.loads(body)
    kept = {name: fields[name] for name in ("id", "reason", "source") if name in fields}
    return json.dumps(fields.get("data", kept), ensure_ascii=False), "chitieu-body", body


def _object(text: str, start: int) -> str:
    """The JSON object that begins there."""
    _, end = _DECODER.raw_decode(text, start)
    return text[start:end]


def _placed(position: str, known: int, after: int) -> list[tuple[str, bytes]]:
    return [
        ("chitieu-position", position.encode()),
        ("chitieu-known", _written(from_microseconds(known))),
        ("chitieu-after", str(after).encode()),
    ]


def _ce(id_: str, source: str, type_: str, time: dt.datetime) -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"), ("ce_id", id_.encode()), ("ce_source", source.encode()),
        ("ce_type", type_.encode()), ("ce_time", _written(time)),
        ("content-type", b"application/json"),
    ]  # fmt: skip


def _written(time: dt.datetime) -> bytes:
    return time.astimezone(dt.UTC).isoformat(timespec="microseconds").encode()


def _one(found: Mapping[str, str], name: str) -> str:
    if name not in found:
        raise NotOurs(f"no header {name}")
    return found[name]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotOurs(f"not a number: {text[:40]!r}")
    return int(text)


def _instant(found: Mapping[str, str], name: str) -> dt.datetime:
    try:
        time = dt.datetime.fromisoformat(_one(found, name))
    except ValueError as error:
        raise NotOurs(f"{name} is not an instant") from error
    if time.tzinfo is None:
        raise NotOurs(f"{name} has no offset")
    return time
