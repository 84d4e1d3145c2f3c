"""The file of an archived month: gzip over JSON lines, one an entry, in the log's order. Pure.

    {"format", "month"}
    {"seq", "known", "epoch", "batch", "idx", "received", "kind", "sender", "source", "id", "type",
     "subject", "time", "corrects", "body", "check"}                                    one an entry
    {"entries", "batches", "ranges": [[first, last seq], …], "senders": {number: code}, "chain"}

`known`, `received`, `time` are µs since 1970; `body` is the entry's own text. `chain` is SHA-256
over all lines, each without its `check` or `chain`; `check` is how that hash begins after its line.
So one changed byte is found, and found in its line. The same entries give the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, NamedTuple

from chitieu.periods import from_microseconds, to_microseconds
from chitieu.ports import Entry

FORMAT: Final = "chitieu-archive/1"
_LEVEL: Final = 6
_CHECK: Final = 8


class Damaged(Exception):
    """A file that is not what was written, or does not agree with the log; vi / en."""

    def __init__(self, vi: str, en: str) -> None:
        """Each says where."""
        self.vi, self.en = vi, en
        super().__init__(f"{vi} / {en}")


class Line(NamedTuple):
    """An entry and where it lay; `received` in µs since 1970."""

    entry: Entry
    epoch: int
    batch: int
    idx: int
    received: int


class Summary(NamedTuple):
    """What the last line says. `ranges` are the positions, both ends included."""

    month: str
    entries: int
    batches: int
    ranges: tuple[tuple[int, int], ...]
    senders: Mapping[int, str]
    chain: str


def stays_behind(entry: Entry) -> bool:
    """Whether an entry stays in the database when its month is dropped.

    What others may depend on by its text does: everything but events, corrections, notes.
    """
    if entry.kind != "event" or entry.corrects is not None:
        return True
    body = json.loads(entry.body)
    return bool(body.get("note") or body["data"].get("note"))


class _Order:
    """Sees that lines follow each other as the log has them, and counts."""

    def __init__(self) -> None:
        self.entries = self.batches = 0
        self.ranges: list[tuple[int, int]] = []
        self._last: Line | None = None

    def take(self, line: Line) -> bool:
        """False when a line cannot stand after the one before."""
        last, self._last = self._last, line
        seq, first = line.entry.seq, line.idx == 0
        if last is not None and (
            seq <= last.entry.seq
            or line.entry.known <= last.entry.known
            or (not first and (line.batch, line.idx, seq)
                != (last.batch, last.idx + 1, last.entry.seq + 1))
        ):  # fmt: skip
            return False
        if last is None and not first:
            return False
        self.entries += 1
        self.batches += first
        if self.ranges and self.ranges[-1][1] == seq - 1:
            self.ranges[-1] = (self.ranges[-1][0], seq)
        else:
            self.ranges.append((seq, seq))
        return True

    def told(self, senders: Mapping[int, str]) -> dict[str, Any]:
        """The last line, without its chain."""
        return {
            "entries": self.entries, "batches": self.batches,
            "ranges": [list(one) for one in self.ranges],
            "senders": {str(number): code for number, code in sorted(senders.items())},
        }  # fmt: skip

    def summary(self, month: str, senders: Mapping[int, str], chain: str) -> Summary:
        """All that was taken."""
        return Summary(month, self.entries, self.batches, tuple(self.ranges), senders, chain)


class Writer:
    """Writes one file; `close` ends it."""

    def __init__(self, out: BinaryIO, month: str) -> None:
        """`out` is left open."""
        self._month = month
        # Neither a name nor a time: the same entries give the same bytes.
        self._zip = gzip.GzipFile("", "wb", _LEVEL, out, mtime=0)
        self._state = hashlib.sha256()
        self._order = _Order()
        self._put({"format": FORMAT, "month": month})

    def add(self, line: Line) -> None:
        """One more entry. ValueError when it cannot stand there."""
        if not self._order.take(line):
            raise ValueError(f"out of order at position {line.entry.seq}")
        self._put(_to_json(line))

    def close(self, senders: Mapping[int, str]) -> Summary:
        """End the file."""
        told = self._order.told(senders)
        self._state.update(_encoded(told))
        chain = self._state.hexdigest()
        self._zip.write(_encoded(told | {"chain": chain}) + b"\n")
        self._zip.close()
        return self._order.summary(self._month, senders, chain)

    def _put(self, line: dict[str, Any]) -> None:
        core = _encoded(line)
        self._state.update(core)
        check = self._state.copy().hexdigest()[:_CHECK].encode()
        self._zip.write(core[:-1] + b',"check":"' + check + b'"}\n')


def read(source: BinaryIO) -> Iterator[Line | Summary]:
    """Every entry, each proven when it comes, then the summary. Damaged at the first that is not.

    Whoever stops before the summary has proven nothing of what would have followed.
    """
    state, order = hashlib.sha256(), _Order()
    month: str | None = None
    before = "–"
    lines = _lines(source)
    for number, raw in enumerate(lines, 1):
        core, check = raw[: -len(_TAIL)] + b"}", raw[-len(_TAIL) :]
        if not check.startswith(b',"check":"'):
            found = _summary(number, raw, state, month, order)
            if next(lines, None) is not None:
                raise _at(number + 1, before)
            yield found
            return
        state.update(core)
        if check != b',"check":"' + state.copy().hexdigest()[:_CHECK].encode() + b'"}':
            raise _at(number, before)
        if month is None:
            month = _month_of(core)
            continue
        line = _from_json(number, before, core)
        before = str(line.entry.seq)
        if not order.take(line):
            raise _at(number, before)
        yield line
    raise Damaged(f"tệp bị cắt sau vị trí {before}", f"the file is cut off after position {before}")


_TAIL: Final = b',"check":"' + b"0" * _CHECK + b'"}'


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Lines without their ends; what cannot be decompressed ends as a damaged line."""
    number = 0
    try:
        with gzip.GzipFile(fileobj=source, mode="rb") as stream:
            for number, raw in enumerate(stream, 1):  # noqa: B007 - told below
                yield raw.rstrip(b"\n")
    except (EOFError, OSError, zlib.error) as error:
        if number == 0:
            raise _not_ours() from error
        raise Damaged(
            f"không giải nén được sau dòng {number}", f"cannot be decompressed after line {number}"
        ) from error


def _summary(number: int, raw: bytes, state: Any, month: str | None, order: _Order) -> Summary:
    if month is None:
        raise _not_ours()
    near = str(order.ranges[-1][1] if order.ranges else "–")
    try:
        told = json.loads(raw)
        chain = told.pop("chain")
        senders = {int(key): str(code) for key, code in told["senders"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _at(number, near) from error
    state.update(_encoded(told))
    if told != order.told(senders) or chain != state.hexdigest():
        raise _at(number, near)
    return order.summary(month, senders, chain)


def _month_of(core: bytes) -> str:
    """What the first line says."""
    try:
        found = json.loads(core)
        if found["format"] == FORMAT:
            return str(found["month"])
    except (ValueError, KeyError, TypeError) as error:
        raise _not_ours() from error
    raise _not_ours()


def _at(number: int, before: str) -> Damaged:
    return Damaged(
        f"tệp hỏng ở dòng {number} (gần vị trí {before})",
        f"damaged at line {number} (near position {before})",
    )


def _not_ours() -> Damaged:
    return Damaged(f"không phải tệp {FORMAT}", f"not a file of {FORMAT}")


def _encoded(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _to_json(line: Line) -> dict[str, Any]:
    entry = line.entry
    return {
        "seq": entry.seq, "known": entry.known, "epoch": line.epoch, "batch": line.batch,
        "idx": line.idx, "received": line.received, "kind": entry.kind,
        "sender": entry.organisation, "source": entry.source, "id": entry.event_id,
        "type": entry.type, "subject": entry.subject,
        "time": None if entry.time is None else to_microseconds(entry.time),
        "corrects": entry.corrects, "body": entry.body,
    }  # fmt: skip


def _from_json(number: int, before: str, core: bytes) -> Line:
    try:
        found = json.loads(core)
        time = found["time"]
        entry = Entry(
            kind=found["kind"], body=found["body"], organisation=found["sender"],
            source=found["source"], event_id=found["id"], type=found["type"],
            subject=found["subject"], time=None if time is None else from_microseconds(time),
            corrects=found["corrects"], seq=found["seq"], known=found["known"],
        )  # fmt: skip
        return Line(entry, found["epoch"], found["batch"], found["idx"], found["received"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise _at(number, before) from error
