"""Making the declared topics, and comparing what is there with the declaration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chitieu.kafka.cluster import (
    EXISTS,
    MISSING,
    PATIENCE_S,
    UNAUTHORISED,
    Cluster,
    Found,
    reached,
)
from chitieu.kafka.declared import Topic, declared
from chitieu.settings import KafkaSettings
from chitieu.text import plural

State = Literal["created", "as_declared", "missing", "differs", "unauthorised"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as declared: `partitions`, `replication`, or a setting of Kafka."""

    what: str
    declared: str
    found: str | None
    """None: we may not see it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One topic of the cluster against its declaration."""

    topic: Topic
    state: State
    differences: tuple[Difference, ...] = ()

    @property
    def fine(self) -> bool:
        """Everything is as declared."""
        return self.state in ("created", "as_declared")

    @property
    def usable(self) -> bool:
        """It is there for us with the declared number of partitions; the rest may differ."""
        there = self.state not in ("missing", "unauthorised")
        return there and all(each.what != "partitions" for each in self.differences)

    @property
    def barring(self) -> Finding:
        """Of what differs only that for which it cannot be used."""
        kept = tuple(each for each in self.differences if each.what == "partitions")
        return Finding(self.topic, self.state, kept)

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "topic": self.topic.name, "declared_as": self.topic.key, "state": self.state,
            "partitions": self.topic.partitions, "replication": self.topic.replication,
            "config": dict(self.topic.config),
            "differences": [
                {"what": each.what, "declared": each.declared, "found": each.found}
                for each in self.differences
            ],
        }  # fmt: skip

    def words(self) -> tuple[str, str]:
        """What is so, in a line: vi, en."""
        name, one = self.topic.name, self.topic
        if self.state == "created":
            return (
                f"{name}: đã tạo, {one.partitions} phân vùng, {one.replication} bản sao",
                f"{name}: created, {plural(one.partitions, 'partition')},"
                f" {plural(one.replication, 'copy', 'copies')}",
            )
        if self.state == "as_declared":
            return f"{name}: đúng như khai báo", f"{name}: as declared"
        if self.state == "missing":
            return (
                f"{name}: chưa có, hãy chạy `chitieu topics create`",
                f"{name}: missing, run `chitieu topics create`",
            )
        if self.state == "unauthorised":
            return (
                f"{name}: không có quyền: cấp cho người dùng của CHITIEU_KAFKA_USERNAME",
                f"{name}: not authorised: grant it to the user of CHITIEU_KAFKA_USERNAME",
            )
        vi = "; ".join(
            f"{d.what} {'không được xem' if d.found is None else d.found}, khai báo {d.declared}"
            for d in self.differences
        )
        en = "; ".join(
            f"{d.what} {'may not be seen' if d.found is None else d.found}, declared {d.declared}"
            for d in self.differences
        )
        return f"{name}: khác khai báo: {vi}", f"{name}: differs: {en}"


class UnfitTopics(Exception):
    """A topic is missing, is not for us, or has not the declared partitions; the text is a line."""


async def check(kafka: KafkaSettings, *, replication: int | None = None) -> tuple[Finding, ...]:
    """Compare every declared topic with the cluster; changes nothing. KafkaFault.

    `replication` stands for the declared number of copies.
    """
    async with reached(kafka) as cluster:
        return await _compare(cluster, _wanted(kafka, replication))


async def refuse_unfit(kafka: KafkaSettings) -> None:
    """UnfitTopics unless every topic can be used; KafkaFault when nobody can tell."""
    wrong = [finding.barring for finding in await check(kafka) if not finding.usable]
    if wrong:
        raise UnfitTopics("; ".join(" / ".join(finding.words()) for finding in wrong))


async def create(kafka: KafkaSettings, *, replication: int | None = None) -> tuple[Finding, ...]:
    """Make the topics that are missing; what is there is compared, never changed. KafkaFault."""
    wanted = _wanted(kafka, replication)
    async with reached(kafka) as cluster:
        before = await cluster.topics(topic.name for topic in wanted)
        made: dict[str, int] = {}
        for topic in wanted:
            if before[topic.name].error == MISSING:
                made[topic.name] = await cluster.create(
                    topic.name, topic.partitions, topic.replication, topic.config
                )
        fresh = {name for name, code in made.items() if code == 0}
        await _until_known(cluster, [name for name in made if made[name] in (0, EXISTS)])
        refused = {name for name, code in made.items() if code in UNAUTHORISED}
        return tuple(
            Finding(each.topic, "unauthorised")
            if each.topic.name in refused
            else Finding(each.topic, "created")
            if each.topic.name in fresh and each.fine
            else each
            for each in await _compare(cluster, wanted)
        )


def _wanted(kafka: KafkaSettings, replication: int | None) -> tuple[Topic, ...]:
    topics = declared(kafka.prefix).values()
    return tuple(t if replication is None else t.with_replication(replication) for t in topics)


async def _until_known(cluster: Cluster, names: list[str]) -> None:
    """Wait until every partition has a leader; what is not so in time, the comparison tells."""
    deadline = time.monotonic() + PATIENCE_S
    while names and time.monotonic() < deadline:
        found = await cluster.topics(names)
        if all(each.has_leaders for each in found.values()):
            return
        await asyncio.sleep(0.05)


async def _compare(cluster: Cluster, wanted: tuple[Topic, ...]) -> tuple[Finding, ...]:
    found = await cluster.topics(topic.name for topic in wanted)
    there = [name for name, each in found.items() if each.error == 0]
    configs = await cluster.configs(there) if there else {}
    return tuple(_finding(t, found[t.name], configs.get(t.name)) for t in wanted)


def _finding(topic: Topic, found: Found, config: Mapping[str, str] | None) -> Finding:
    if found.error == MISSING:
        return Finding(topic, "missing")
    if found.error:
        return Finding(topic, "unauthorised")
    pairs = [
        ("partitions", str(topic.partitions), str(found.partitions)),
        ("replication", str(topic.replication), str(found.replication)),
        *((name, text, None if config is None else config.get(name)) for name, text
          in topic.config.items()),
    ]  # fmt: skip
    differences = tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])
    return Finding(topic, "differs" if differences else "as_declared", differences)
