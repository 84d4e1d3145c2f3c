"""One partition of the log topic, behind the `EventLog` port; with one partition it is the log.

The relay sends at least once and, after a fault, again from where it had committed. So a message
may come again, which is passed over; and one may come before those that it follows (they failed and
are sent again after it), which is passed over too, because it comes again behind them. Nothing is
ever taken up that does not follow what was taken up before, so nothing can be missed unnoticed:
`is_gap` tells when what is missing will not come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from chitieu.kafka.messages import Headers, NotOurs, Received, received
from chitieu.ports import Entry, Head

POLL_MS = 500


class Record(Protocol):
    """What aiokafka gives; read only."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


@dataclass(frozen=True, slots=True)
class Dead:
    """A record of the topic that is no message of ours."""

    record: Record
    reason: str


@dataclass
class Piece:
    """What some records bring to whoever has taken up everything to where they began."""

    epoch: int
    seq: int
    known: int
    next_offset: int
    entries: list[Entry] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    passed_over: int = 0
    """Messages that follow something that has not come."""


def piece_of(records: Iterable[Record], start: Piece, limit: int = 1 << 62) -> Piece:
    """At most `limit` entries of records in the partition's order, behind `start`."""
    piece = Piece(start.epoch, start.seq, start.known, start.next_offset)
    for record in records:
        if len(piece.entries) >= limit:
            break
        piece.next_offset = record.offset + 1
        try:
            message = received(record.headers, record.value)
        except NotOurs as error:
            piece.dead.append(Dead(record, str(error)))
            continue
        if message.seq <= piece.seq:
            continue
        if message.after > piece.seq:
            piece.passed_over += 1
            continue
        _take_up(piece, message)
    return piece


def _take_up(piece: Piece, message: Received) -> None:
    piece.epoch, piece.seq, piece.known = message.epoch, message.seq, message.known
    if message.entry is not None:
        piece.entries.append(message.entry)


class PartitionLog:
    """The `EventLog` port over one assigned partition. `consumer` is an AIOKafkaConsumer.

    What it gives are the entries that the partition holds: all of a topic with one partition.
    """

    def __init__(self, consumer: Any, partition: Any, at: Piece | None = None) -> None:
        """`partition` is a TopicPartition; `at` is where to go on, else before everything."""
        self._consumer, self.partition = consumer, partition
        self.at = at or Piece(1, 0, 0, 0)
        self._records: list[Record] = []
        self._given = self.at.seq

    def feed(self, records: Sequence[Record]) -> None:
        """Records that were fetched by whoever polls for several partitions."""
        self._records += records

    @property
    def waiting(self) -> int:
        """Records that were fetched and not taken."""
        return len(self._records)

    def take(self, limit: int) -> Piece:
        """The next piece of what was fetched; `at` moves with `taken`, when its effects stand."""
        return piece_of(self._records, self.at, limit)

    def taken(self, piece: Piece) -> None:
        """What a piece brought is safe: go on behind it."""
        self._records = [r for r in self._records if r.offset >= piece.next_offset]
        self.at = Piece(piece.epoch, piece.seq, piece.known, piece.next_offset)

    def go(self, at: Piece) -> None:
        """Go on from elsewhere."""
        self.at, self._records, self._given = at, [], at.seq
        self._consumer.seek(self.partition, at.next_offset)

    async def seek_again(self) -> None:
        """Kafka does not know where we are, or has nothing there: then from its oldest message.

        Each message says what it follows, so if anything in between is lost it is found out.
        """
        at, first = self.at, await self.first_offset()
        if not first <= at.next_offset <= await self.end_offset():
            at = Piece(at.epoch, at.seq, at.known, first)
        self.go(at)

    async def first_offset(self) -> int:
        """Of the oldest message that the topic still has."""
        found: dict[Any, int] = await self._consumer.beginning_offsets([self.partition])
        return found[self.partition]

    async def end_offset(self) -> int:
        """Of the message that will be written next."""
        found: dict[Any, int] = await self._consumer.end_offsets([self.partition])
        return found[self.partition]

    async def is_gap(self, sent: int) -> bool:
        """Whether something up to `sent` is missing for good.

        `sent` is a position that the relay committed: everything up to it was in the topic then.
        """
        if self.at.seq >= sent or self._records:
            return False
        return await self.end_offset() <= self.at.next_offset

    # --- the port ------------------------------------------------------------------------------

    async def head(self) -> Head:
        """The last message of the partition."""
        end = await self.end_offset()
        if end == await self.first_offset():
            return Head(self.at.epoch, self.at.seq, self.at.known)
        self._consumer.seek(self.partition, end - 1)
        found: list[Record] = []
        while not found:
            found = await self._fetch()
        self.go(self.at)
        last = received(found[-1].headers, found[-1].value)
        return Head(last.epoch, last.seq, last.known)

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """See `EventLog.read`; backwards it begins again with the oldest message."""
        if not self._given <= after <= self.at.seq:
            self.go(Piece(self.at.epoch, after, 0, await self.first_offset()))
        entries: list[Entry] = []
        while len(entries) < limit:
            if not self._records:
                if await self.end_offset() <= self.at.next_offset:
                    break
                self.feed(await self._fetch())
            piece = self.take(limit - len(entries))
            self.taken(piece)
            entries += piece.entries
        self._given = entries[-1].seq if entries else after
        return entries

    async def wait(self, after: int, timeout_seconds: float) -> None:
        """Return when the partition holds something behind what was read, or after the timeout."""
        ends = asyncio.get_running_loop().time() + timeout_seconds
        while asyncio.get_running_loop().time() < ends:
            if after < self.at.seq or await self.end_offset() > self.at.next_offset:
                return
            await asyncio.sleep(min(0.05, timeout_seconds))

    async def _fetch(self) -> list[Record]:
        try:
            found = await self._consumer.getmany(self.partition, timeout_ms=POLL_MS)
        except (OffsetOutOfRangeError, NoOffsetForPartitionError):
            await self.seek_again()
            return []
        return list(found.get(self.partition, ()))
