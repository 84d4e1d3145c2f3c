"""From PostgreSQL to Kafka: the log in its order, results that moved, dead letters.

Everything is sent before it is noted as sent, so a relay that dies sends some of it again and never
skips any. Of two relays the one that notes first wins; what the other one sent is known to
consumers by its position and passed over.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from chitieu.kafka.cluster import unanswered
from chitieu.kafka.messages import Message, message_of, passed_message
from chitieu.kafka.names import LOG, named, partitioner
from chitieu.kafka.sending import put
from chitieu.periods import to_microseconds
from chitieu.places import Places
from chitieu.ports import Entry
from chitieu.postgres import partition_store as store
from chitieu.postgres.log import head_of, place, read_entries
from chitieu.postgres.routes import Routes
from chitieu.settings import KafkaSettings
from chitieu.text import plural
from services.relay.outgoing import send_dead_letters, send_results

BATCH: Final = 2000
# A broker that works answers in milliseconds; one that is away is waited for by trying again.
ANSWERS_S: Final = 20.0


class OtherPartitions(Exception):
    """The topic has not the number of partitions with which scoring began."""

    def __init__(self, topic: str, began: int, has: int) -> None:
        super().__init__(
            f"{topic}: có {has} phân vùng, nhưng đã bắt đầu tính với {began}, không đổi được khi"
            " đang chạy: để `chitieu scorer` không Kafka nhận lại nhật ký, rồi bắt đầu lại"
            f" / has {plural(has, 'partition')}, but scoring began with {began}, which cannot"
            " change meanwhile: let a scorer without Kafka take the log back, then begin again"
        )


class NoTopic(Exception):
    """The log topic is not there, or may not be seen."""

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"{topic}: không có chủ đề này, hoặc không được phép thấy: chạy `chitieu topics create`"
            " / there is no such topic, or it may not be seen: run chitieu topics create"
        )


class Left(Exception):
    """A scorer without Kafka has taken the log back."""

    def __str__(self) -> str:
        return (
            "một tiến trình tính không Kafka đã nhận lại nhật ký: đặt CHITIEU_KAFKA_BOOTSTRAP"
            " cho mọi tiến trình rồi chạy lại `chitieu relay`"
            " / a scorer without Kafka has taken the log back: set CHITIEU_KAFKA_BOOTSTRAP"
            " for every process, then run chitieu relay again"
        )


class Relay:
    """Owns one connection and one started producer. `step` sends all that can be sent now."""

    def __init__(
        self, connection: Any, producer: Any, kafka: KafkaSettings, places: Places
    ) -> None:
        self._connection, self._producer, self._kafka = connection, producer, kafka
        self._places = places
        self._topic = named(kafka, LOG)
        self._routes: Routes | None = None
        self._epoch = 0
        self.position = 0
        """Everything up to here is in the topic."""
        self.head = 0

    async def start(self, ends: dict[int, int]) -> None:
        """Take up where the position stands; `ends` are the topic's end offsets by partition.

        The first time scoring goes over to Kafka, behind what is scored.
        """
        if not ends:
            raise NoTopic(self._topic)
        rows = await store.enter(self._connection, ends)
        if len(rows) != len(ends):
            raise OtherPartitions(self._topic, len(rows), len(ends))
        self._routes = Routes(self._places, partitioner(len(ends)), len(ends))
        await self.look_again()

    async def go_back(self, seq: int) -> None:
        """Send again what follows an earlier position; scorers pass over what they have."""
        if seq < self.position:
            await store.move_relay(self._connection, self.position, seq)
            await self.look_again()

    async def look_again(self) -> None:
        """Take up where the position stands now."""
        assert self._routes is not None  # `start` made it
        sent = await store.relayed(self._connection)
        if sent is None:
            raise Left
        if sent < self._routes.seq:
            count = self._routes.route.count
            self._routes = Routes(self._places, partitioner(count), count)
        await self._routes.remember(self._connection, sent)
        self.position = sent

    async def step(self, now: dt.datetime) -> bool:
        """Send a batch of the log, then what moved; True when there was anything."""
        await place(self._connection, to_microseconds(now))
        head = await head_of(self._connection)
        self._epoch, self.head = head.epoch, head.seq
        entries = await read_entries(self._connection, self.position, BATCH)
        try:
            async with asyncio.timeout(ANSWERS_S):
                if entries:
                    await self._send(entries)
                results = await send_results(self._connection, self._producer, self._kafka, now)
                dead = await send_dead_letters(self._connection, self._producer, self._kafka)
        except TimeoutError as error:
            raise unanswered(self._kafka.bootstrap, ANSWERS_S) from error
        return bool(entries or results or dead)

    async def _send(self, entries: Sequence[Entry]) -> None:
        """All of a batch to every partition it concerns, and to the others that it does not."""
        assert self._routes is not None  # `start` made it
        routes, before, last = self._routes, self.position, entries[-1]
        await routes.find(self._connection, entries)
        after = [before] * routes.route.count
        sent: list[asyncio.Future[Any]] = []
        for entry in entries:
            key, partitions = routes.route.of(entry)
            for partition in partitions:
                message = message_of(entry, self._epoch, after[partition], key)
                sent.append(await self._put(message, partition))
                after[partition] = entry.seq
        for partition, at in enumerate(after):
            if at < last.seq:
                message = passed_message(self._epoch, last.seq, last.known, at)
                sent.append(await self._put(message, partition))
        await asyncio.gather(*sent)
        await store.move_relay(self._connection, before, last.seq)
        routes.seq = self.position = last.seq

    async def _put(self, message: Message, partition: int) -> asyncio.Future[Any]:
        return await put(
            self._producer, self._topic, message.value, message.key,
            partition=partition, headers=message.headers,
        )  # fmt: skip
