"""One raw CloudEvent against the catalogue: a `ValidEvent`, or its faults. Pure.

What is stored is decided here once: the canonical body, the identity's key, and the hash of the
meaning (type, subject, time as an instant, corrects, data after validation). Nobody parses again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Container, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from chitieu import event_values as values
from chitieu.catalogue.model import Metric
from chitieu.errors import Fault
from chitieu.event_data import Known, MetricReader
from chitieu.event_values import quote
from chitieu.text import has_forbidden_characters

PREFIX: Final = "vn.chitieu."
RETRACTION: Final = "vn.chitieu.retraction.v1"
AHEAD_MINUTES: Final = 5
MAX_SUBJECT: Final = 64
MAX_EVENT_BYTES: Final = 64 << 10
MAX_REASON: Final = 500

_AHEAD: Final = dt.timedelta(minutes=AHEAD_MINUTES)
_NAME: Final = re.compile(r"[a-z0-9]{1,64}")
_ATTRIBUTES: Final = frozenset(
    {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema",
     "data", "corrects", "recordedtime"}
)  # fmt: skip
_sha256 = hashlib.sha256
_JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.-]+\+)?json(?:\s*;\s*charset=\"?utf-8\"?)?")


class ValidEvent(NamedTuple):
    """An event as it is stored. `key` and `meaning` are the first 16 bytes of a SHA-256."""

    kind: Literal["event", "retraction"]
    source: str
    event_id: str
    type: str
    subject: str | None
    time: dt.datetime
    corrects: str | None
    body: str
    key: bytes
    meaning: bytes


class _Attributes(NamedTuple):
    """What stands around `data`, checked."""

    source: str
    event_id: str
    type: str
    subject: str | None
    time: dt.datetime
    corrects: str | None
    recorded: str | None
    data: dict[str, Any]


def type_of(metric: str) -> str:
    """The event type of a metric."""
    return f"{PREFIX}{metric}.v1"


class EventReader:
    """Reads events against one catalogue. Make one per catalogue version."""

    def __init__(
        self,
        metrics: Mapping[str, Metric],
        indicators: Container[str] = frozenset(),
        targets: Container[str] = frozenset(),
    ) -> None:
        """`metrics` holds the built-in ones too."""
        self._readers = {type_of(name): MetricReader(metric) for name, metric in metrics.items()}
        self._known = Known(indicators, targets)

    def read(self, raw: Any, received: dt.datetime) -> ValidEvent | list[Fault]:
        """The event, or at least one fault."""
        if type(raw) is not dict:
            return [Fault("", "not_an_event")]
        return self._read_usual(raw, received) or self._read_any(raw, received)

    def _read_usual(self, raw: dict[str, Any], received: dt.datetime) -> ValidEvent | None:
        """The seven attributes, plain texts, a plain report; None for anything else."""
        get = raw.get
        data, kind, source, event_id = get("data"), get("type"), get("source"), get("id")
        subject, spelled = get("subject"), get("time")
        if (
            len(raw) != 7
            or type(data) is not dict
            or not type(kind) is type(source) is type(event_id) is type(subject) is str
            or type(spelled) is not str
            or get("specversion") != "1.0"
        ):
            return None
        texts = f"{source}{event_id}{subject}"
        plain = (
            texts.isascii()
            and texts.isprintable()
            and 0 < len(source) <= values.MAX_IDENTITY_BYTES
            and 0 < len(event_id) <= values.MAX_IDENTITY_BYTES
            and 0 < len(subject) <= MAX_SUBJECT
            # A blank one is a fault, which the other way finds.
            and " " not in (source[0], event_id[0], subject[0])
        )
        reader = self._readers.get(kind)
        if not plain or reader is None:
            return None
        time, iso = values.written_instant(spelled)
        if time is None or time > received + _AHEAD:
            return None
        found = reader.short_way(data, time)
        if found is None:
            return None
        meaning = (
            f'{{"corrects":null,"data":{found.data},"subject":{quote(subject)},"time":"{iso}",'
            f'"type":"{kind}"}}'
        )
        return ValidEvent(
            "event", source, event_id, kind, subject, time, None,
            f'{found.body}"recordedtime":null}}',
            _sha256(f"{source}\0{event_id}".encode()).digest()[:16],
            _sha256(meaning.encode()).digest()[:16],
        )  # fmt: skip

    def _read_any(self, raw: dict[str, Any], received: dt.datetime) -> ValidEvent | list[Fault]:
        faults: list[Fault] = []
        around = _attributes(raw, received, self._readers, faults)
        if around is None:
            return faults
        if around.type == RETRACTION:
            return _retraction(around, faults)
        found = self._readers[around.type].read(around.data, around.time, self._known, faults)
        if found is None or faults:
            return faults
        return _made(around, found.data, f'{found.body}"recordedtime":{_text(around.recorded)}}}')


def is_too_large(raw: Any) -> bool:
    """Over the size limit, as compact JSON: only extensions and refused events can be."""
    text = json.dumps(raw, ensure_ascii=False, separators=(",", ":"), default=_written)
    return len(text.encode("utf-8", "replace")) > MAX_EVENT_BYTES


def has_extensions(raw: dict[str, Any]) -> bool:
    """True when it holds attributes that are not ours, whose size nothing else bounds."""
    return not raw.keys() <= _ATTRIBUTES


def identity_key(source: str, event_id: str) -> bytes:
    """The key of (source, id) within a sender."""
    return _sha256(f"{source}\0{event_id}".encode()).digest()[:16]


def _made(
    around: _Attributes, data: str, body: str, kind: Literal["event", "retraction"] = "event"
) -> ValidEvent:
    source, event_id, type_, subject, time, corrects, _, _ = around
    meaning = (
        f'{{"corrects":{_text(corrects)},"data":{data},"subject":{_text(subject)},'
        f'"time":"{time.isoformat()}","type":"{type_}"}}'
    )
    return ValidEvent(
        kind,
        source,
        event_id,
        type_,
        subject,
        time,
        corrects,
        body,
        identity_key(source, event_id),
        _sha256(meaning.encode()).digest()[:16],
    )


def _text(value: str | None) -> str:
    return "null" if value is None else quote(value)


def _attributes(
    raw: dict[str, Any],
    received: dt.datetime,
    types: Mapping[str, MetricReader],
    faults: list[Fault],
) -> _Attributes | None:
    """All attributes; None when one of them is at fault. A null is as if absent."""
    if raw.get("specversion") != "1.0":
        faults.append(Fault("/specversion", "bad_specversion"))
    source = values.identity(raw.get("source"), "/source", faults)
    event_id = values.identity(raw.get("id"), "/id", faults)
    kind = _type(raw.get("type"), types, faults)
    subject = _subject(raw.get("subject"), kind, faults)
    time = _time(raw.get("time"), received, faults)
    corrects = raw.get("corrects")
    if corrects is not None:
        corrects = values.identity(corrects, "/corrects", faults)
        if corrects is not None and (corrects == event_id or kind == RETRACTION):
            faults.append(Fault("/corrects", "corrects_not_allowed"))
    recorded = raw.get("recordedtime")
    if recorded is not None and (type(recorded) is not str or values.instant(recorded) is None):
        faults.append(Fault("/recordedtime", "bad_time"))
    _content(raw, faults)
    _extensions(raw, faults)
    data = raw.get("data")
    if data is None:
        faults.append(Fault("/data", "missing"))
    elif type(data) is not dict:
        faults.append(Fault("/data", "wrong_type", values.OBJECT))
    if faults or source is None or event_id is None or kind is None or time is None:
        return None
    assert type(data) is dict  # anything else is a fault above
    return _Attributes(source, event_id, kind, subject, time, corrects, recorded, data)


def _type(value: Any, types: Mapping[str, MetricReader], faults: list[Fault]) -> str | None:
    if value is None:
        faults.append(Fault("/type", "missing"))
    elif type(value) is not str:
        faults.append(Fault("/type", "wrong_type", values.TEXT))
    elif value in types or value == RETRACTION:
        return value
    else:
        faults.append(Fault("/type", "unknown_type", values.hint(value, (*types, RETRACTION))))
    return None


def _subject(value: Any, kind: str | None, faults: list[Fault]) -> str | None:
    """The unit's code; a retraction may go without, since it names an event, not a unit."""
    if value is None:
        if kind != RETRACTION:
            faults.append(Fault("/subject", "missing"))
        return None
    return values.text(value, "/subject", MAX_SUBJECT, faults, free=False)


def _time(value: Any, received: dt.datetime, faults: list[Fault]) -> dt.datetime | None:
    if value is None:
        faults.append(Fault("/time", "missing"))
        return None
    time = values.instant(value) if type(value) is str else None
    if time is None:
        faults.append(Fault("/time", "bad_time"))
    elif time > received + _AHEAD:
        faults.append(Fault("/time", "event_in_future", {"limit": AHEAD_MINUTES}))
    return time


def _content(raw: dict[str, Any], faults: list[Fault]) -> None:
    kind = raw.get("datacontenttype")
    if kind is not None and (type(kind) is not str or not _JSON_TYPE.fullmatch(kind.lower())):
        faults.append(Fault("/datacontenttype", "bad_data_content_type"))
    if raw.get("data_base64") is not None:
        faults.append(Fault("/data_base64", "bad_data_content_type"))
    schema = raw.get("dataschema")
    if schema is not None:
        values.text(schema, "/dataschema", 1_000, faults, free=False)


def _extensions(raw: dict[str, Any], faults: list[Fault]) -> None:
    """Attributes that are not ours are allowed, checked by CloudEvents' rules, and not kept."""
    for name, value in raw.items():
        if name in _ATTRIBUTES or name == "data_base64":
            continue
        if not _NAME.fullmatch(name):
            faults.append(Fault(values.pointer(name), "bad_attribute_name"))
        elif value is None or type(value) in (bool, int):
            continue
        elif type(value) is not str or has_forbidden_characters(value):
            faults.append(Fault(values.pointer(name), "bad_attribute_value"))


def _retraction(around: _Attributes, faults: list[Fault]) -> ValidEvent | list[Fault]:
    """`data` of a retraction: source and id of the event, and why."""
    given = {name: value for name, value in around.data.items() if value is not None}
    names = ("source", "id", "reason")
    for name in given.keys() - set(names):
        at = values.pointer("data", name)
        faults.append(Fault(at, "unknown_field", values.hint(name, names)))
    source = values.identity(given.get("source"), "/data/source", faults)
    event_id = values.identity(given.get("id"), "/data/id", faults)
    if "reason" not in given:
        faults.append(Fault("/data/reason", "missing"))
        return faults
    reason = values.text(given["reason"], "/data/reason", MAX_REASON, faults)
    if faults or source is None or event_id is None or reason is None:
        return faults
    inner = f'"id":{quote(event_id)},"reason":{quote(reason)}'
    data = f'{{{inner},"source":{quote(source)}}}'
    # Keys sorted: `recordedtime` stands before `source`.
    body = f'{{{inner},"recordedtime":{_text(around.recorded)},"source":{quote(source)}}}'
    return _made(around, data, body, "retraction")


def _written(value: object) -> str:
    return str(value) if isinstance(value, Decimal) and abs(value.adjusted()) < 400 else "?"
