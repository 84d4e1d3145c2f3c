"""What the core needs from outside. Adapters: `chitieu.memory`, `chitieu.postgres`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

EntryKind = Literal["event", "retraction", "unit", "catalogue", "condition", "waiver", "closing"]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something to be placed in the log. Event attributes are None for the other kinds."""

    kind: EntryKind
    body: str
    organisation: int | None = None
    source: str | None = None
    event_id: str | None = None
    type: str | None = None
    subject: str | None = None
    time: dt.datetime | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class Entry(NewEntry):
    """A placed entry: `seq` is gapless, `known` (µs since 1970) strictly increases with it."""

    seq: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The newest position. No entry placed later is known at or before `known`."""

    epoch: int
    seq: int
    known: int


class EventLog(Protocol):
    """The one log. Reading never blocks writers; what was read once is read the same for ever."""

    async def head(self) -> Head:
        """The newest position that may be read."""
        ...

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """At most `limit` entries with seq > `after`, in order, without a gap."""
        ...

    async def wait(self, after: int, timeout_seconds: float) -> None:
        """Return when an entry beyond `after` may exist, or after the timeout; never raises."""
        ...
