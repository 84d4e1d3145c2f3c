"""One run: post the file to a stand while something is done to it, and say what it took."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from benchmarks.scale.events import AS_OF, PROVINCES
from benchmarks.scale.stand import Stand
from chitieu.kafka.connection import client_options
from chitieu.kafka.names import LOG, SCORERS, named
from chitieu.settings import KafkaSettings

# Of a result, what tells when it was known and where: that differs between runs by nature.
_OF_THE_RUN: Final = ("changed_at", "links")
_CLIENTS: Final = 4
_KILL_EVERY_S: Final = 4.0
# `up` gives up a process that dies again and again within 20 s of its start.
_OLD_ENOUGH_S: Final = 21.0
_AWAY_S: Final = 60.0
_REBALANCE_EVERY_S: Final = 2.0

Trouble = Callable[[Stand, random.Random], Awaitable[None]]


@dataclass
class Told:
    """What a run took, and what came out."""

    name: str
    seconds: float = 0.0
    ingest_seconds: float = 0.0
    most_behind: int = 0
    cpu: dict[str, float] = field(default_factory=dict)
    accepted: int = 0
    duplicates: int = 0
    results: int = 0
    digest: str = ""
    cards: dict[str, Any] = field(default_factory=dict)
    repeated: int = 0
    troubles: int = 0

    @property
    def busy(self) -> float:
        """Processors kept busy, on average, without the client."""
        return sum(self.cpu.values()) / self.seconds if self.seconds else 0.0


async def run(
    name: str,
    stand: Stand,
    file: Path,
    trouble: Trouble | None,
    seed: int,
    say: Callable[[str], None],
) -> Told:
    """Post every line, wait until all is scored, fetch every scorecard."""
    told, chance = Told(name), random.Random(seed)
    connection = await asyncpg.connect(stand.dsn)
    before = stand.cpu()
    started = time.monotonic()
    meddling = asyncio.create_task(_meddle(stand, trouble, chance, told))
    asking = asyncio.create_task(_ask_again(stand, chance, told)) if trouble else None
    posting = asyncio.create_task(_post_all(stand, file, told))
    try:
        posted = False
        while True:
            stand.tick()
            placed, scored, done = await stand.progress(connection)
            told.most_behind = max(told.most_behind, placed - scored)
            say(f"{name}: {placed:,} placed, {scored:,} scored")
            if posting.done() and not posted:
                await posting
                told.ingest_seconds, posted = time.monotonic() - started, True
                if trouble is not broker_away:
                    meddling.cancel()
            if posted and done and meddling.done():
                break
            await asyncio.sleep(0.5)
    finally:
        for task in (meddling, posting, asking):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
    told.seconds = time.monotonic() - started
    after = stand.cpu()
    # What a killed process had used is its starter's from then on.
    told.cpu = {
        name: round(max(0.0, used - before.get(name, 0.0)), 1) for name, used in after.items()
    }
    await _cards(stand, told)
    await connection.close()
    return told


async def _post_all(stand: Stand, file: Path, told: Told) -> None:
    """Several clients share the lines; whoever is not answered sends the same again."""
    lines = _lines(file)

    async def client(number: int) -> None:
        headers = {
            "authorization": f"Bearer {stand.key}",
            "content-type": "application/cloudevents-batch+json",
        }
        async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=60) as http:
            for line in lines:
                answer = await _post(http, stand.urls, number, line)
                told.accepted += answer["accepted"]
                told.duplicates += answer["duplicate"]

    await asyncio.gather(*(client(number) for number in range(_CLIENTS)))


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        yield from lines


async def _post(http: httpx.AsyncClient, urls: list[str], number: int, line: bytes) -> Any:
    turn = number
    while True:
        with suppress(httpx.TransportError):
            answer = await http.post(f"{urls[turn % len(urls)]}/v1/events", content=line)
            if answer.status_code == 202:
                return answer.json()
            assert answer.status_code >= 500, answer.text[:1000]
        turn += 1
        await asyncio.sleep(0.2)


async def _meddle(stand: Stand, trouble: Trouble | None, chance: random.Random, told: Told) -> None:
    while trouble is not None:
        await trouble(stand, chance)
        told.troubles += 1
        if trouble is broker_away:
            return


async def kill_one(stand: Stand, chance: random.Random) -> None:
    """A random process, as `kill -9` does it; not one that has only just begun."""
    await asyncio.sleep(_KILL_EVERY_S)
    running = {name: pid for name, pid in stand.processes().items() if name != "up"}
    old = [pid for pid in running.values() if _age(pid) > _OLD_ENOUGH_S]
    if old:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(old), 9)


async def broker_away(stand: Stand, chance: random.Random) -> None:
    """The broker is stopped for a minute, once."""
    assert stand.broker is not None
    await asyncio.sleep(5)
    stand.broker.stop()
    await asyncio.sleep(_AWAY_S)
    stand.broker.restart()


async def rebalance(stand: Stand, chance: random.Random) -> None:
    """A member that does nothing joins the group, or leaves it."""
    assert stand.broker is not None
    kafka = KafkaSettings(stand.broker.bootstrap, f"{stand.folder.name}.")
    idle = AIOKafkaConsumer(
        named(kafka, LOG), **client_options(kafka), group_id=named(kafka, SCORERS),
        enable_auto_commit=False, auto_offset_reset="latest",
        partition_assignment_strategy=[StickyPartitionAssignor],
    )  # fmt: skip
    try:
        with suppress(KafkaError):
            await idle.start()
        await asyncio.sleep(_REBALANCE_EVERY_S)
    finally:
        await idle.stop()
    await asyncio.sleep(_REBALANCE_EVERY_S)


async def _ask_again(stand: Stand, chance: random.Random, told: Told) -> None:
    """What was answered at a known time is answered so again, whatever goes on meanwhile."""
    held: dict[str, bytes] = {}
    headers = {"authorization": f"Bearer {stand.key}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=60) as http:
        while True:
            await asyncio.sleep(1.0)
            with suppress(httpx.TransportError):
                if len(held) < 20:
                    path = f"/v1/provinces/{chance.choice(PROVINCES)}/scorecard?as_of={AS_OF}"
                    answer = await http.get(stand.urls[0] + path)
                    if answer.status_code != 200:
                        continue
                    known = answer.json()["known_at"].replace("+", "%2B")
                    path = f"{path}&known_at={known}"
                else:
                    path = chance.choice(list(held))
                answer = await http.get(stand.urls[0] + path)
                if answer.status_code == 200:
                    assert held.setdefault(path, answer.content) == answer.content, path
                    told.repeated += 1


async def _cards(stand: Stand, told: Told) -> None:
    """`results` and `summary` of every province, without what belongs to the run."""
    headers = {"authorization": f"Bearer {stand.key}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=300) as http:
        for province in PROVINCES:
            path = f"/v1/provinces/{province}/scorecard?as_of={AS_OF}&on={AS_OF}"
            answer = await http.get(stand.urls[0] + path)
            assert answer.status_code == 200, answer.text[:1000]
            card = answer.json()
            for result in card["results"]:
                for name in _OF_THE_RUN:
                    del result[name]
            told.results += len(card["results"])
            told.cards[province] = {"summary": card["summary"], "results": card["results"]}
    text = json.dumps(told.cards, ensure_ascii=False, sort_keys=True)
    told.digest = hashlib.sha256(text.encode()).hexdigest()


def _age(pid: int) -> float:
    """Seconds since a process began."""
    try:
        begun = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19])
    except OSError:
        return 0.0
    up = float(Path("/proc/uptime").read_text().split()[0])
    return up - begun / os.sysconf("SC_CLK_TCK")
