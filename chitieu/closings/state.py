"""A closing's life as the log tells it: closed, asked to be reopened, withdrawn. Pure.

An entry of kind `closing` has one of three bodies, by `action`: `close`, `ask_reopen`, `reopen`.
What may follow what is decided before an entry is written, under a lock; the fold only tells what
was written, so that a replay never judges again.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from chitieu.errors import Problem
from chitieu.periods import Period, known_text, parse_period
from chitieu.ports import NewEntry

REOPEN_WITHIN: Final = dt.timedelta(days=7)
"""A request to reopen that nobody has joined by then is void."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who asked: organisation, key (its public id), when (µs since 1970), and why."""

    by: str
    key: str
    at: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """A period of a plan as it was published; `known` is µs since 1970, `sha256` hexadecimal.

    `place` is a place key. `position` is that of the pair, not of the closing's own entry.
    """

    id: str
    place: str
    plan: str
    period: str
    version: int
    as_of: dt.date
    known: int
    position: str
    previous: str | None
    sha256: str
    size: int
    catalogue: str
    code: str
    closed: Signed
    requested: Signed | None = None
    withdrawn: Signed | None = None

    @property
    def state(self) -> Literal["open", "withdrawn"]:
        """`open` until two keys have withdrawn it; a request alone changes nothing."""
        return "open" if self.withdrawn is None else "withdrawn"

    @property
    def days(self) -> Period:
        """The days of the period."""
        found = parse_period(self.period)
        assert found is not None  # it was printed from one
        return found

    @property
    def subject(self) -> str:
        """What all versions share: place, plan, period."""
        return subject_of(self.place, self.plan, self.period)

    @property
    def pending(self) -> Signed | None:
        """The request that waits for a second key; null once withdrawn."""
        return self.requested if self.withdrawn is None else None

    @property
    def expires(self) -> int | None:
        """When the pending request is void."""
        if self.pending is None:
            return None
        return self.pending.at + REOPEN_WITHIN // dt.timedelta(microseconds=1)


def subject_of(place: str, plan: str, period: str) -> str:
    """The log's subject of every entry about one period of one plan."""
    return f"{place} {plan} {period}"


def id_of(place: str, plan: str, period: str, version: int) -> str:
    """`77.br-vt-2025.2025-Q1.v1`: safe in a path and a query."""
    return f"{place}.{plan}.{period.replace('/', '_')}.v{version}"


def position_of(closing: Closing) -> int:
    """The pair's position in the log."""
    return int(closing.position.partition(":")[2])


def body_of(value: Mapping[str, Any]) -> str:
    """An entry's body."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def close_entry(closing: Closing, organisation: int) -> NewEntry:
    """A new version."""
    said = asdict(closing) | {"action": "close", "as_of": closing.as_of.isoformat()}
    del said["requested"], said["withdrawn"]
    return NewEntry("closing", body_of(said), organisation, subject=closing.subject)


def reopen_entry(closing: Closing, signed: Signed, organisation: int) -> NewEntry:
    """A first key asks; or, where another one has asked, a second key withdraws."""
    action = "ask_reopen" if signed is closing.requested else "reopen"
    said = {"action": action, "id": closing.id, "place": closing.place, "signed": asdict(signed)}
    return NewEntry("closing", body_of(said), organisation, subject=closing.subject)


def signed_by(closing: Closing, signed: Signed) -> Closing:
    """What a key's word makes of it: a request, or, after another key's, its withdrawal.

    Problems `closing_withdrawn`; `second_key_needed` when the same key asks twice.
    """
    if closing.withdrawn is not None:
        raise Problem("closing_withdrawn")
    pending, expires = closing.pending, closing.expires
    if pending is None or expires is None or signed.at > expires:
        return replace(closing, requested=signed)
    if pending.key == signed.key:
        raise Problem("second_key_needed", {"limit": known_text(expires)})
    return replace(closing, withdrawn=signed)


def folded(before: Mapping[str, Closing], bodies: Iterable[str]) -> dict[str, Closing]:
    """Closings by id after these bodies, in the log's order."""
    found = dict(before)
    for text in bodies:
        said = json.loads(text)
        action = said.pop("action")
        if action == "close":
            closing = Closing(**said | {
                "as_of": dt.date.fromisoformat(said["as_of"]), "closed": Signed(**said["closed"]),
            })  # fmt: skip
        else:
            closing, signed = found[said["id"]], Signed(**said["signed"])
            if action == "ask_reopen":
                closing = replace(closing, requested=signed)
            else:
                closing = replace(closing, withdrawn=signed)
        found[closing.id] = closing
    return found


def versions(closings: Mapping[str, Closing], place: str, plan: str, period: str) -> list[Closing]:
    """All versions of one period of one plan, oldest first."""
    subject = subject_of(place, plan, period)
    found = [closing for closing in closings.values() if closing.subject == subject]
    return sorted(found, key=lambda closing: closing.version)
