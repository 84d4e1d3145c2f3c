"""The declared topics against a real broker: made once, compared, and bad news in plain words."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from chitieu.kafka import cluster
from chitieu.kafka.cluster import KafkaFault
from chitieu.kafka.connection import client_options
from chitieu.kafka.declared import Key, declaration, declared
from chitieu.kafka.names import DEAD_LETTER, LOG, RESULTS
from chitieu.kafka.topics import Difference, Finding, check, create
from chitieu.settings import KafkaSettings
from tests.cli.product import command
from tests.kafka_fixtures import USERS, Address

KEYS = ["log", "results", "dead_letter"]


@pytest.fixture
def settings(kafka: str, kafka_prefix: str) -> KafkaSettings:
    return KafkaSettings(kafka, kafka_prefix)


@pytest.fixture
def stranger(kafka_address: Address, kafka_prefix: str) -> KafkaSettings:
    if kafka_address.sasl is None:
        pytest.skip("the broker of CHITIEU_KAFKA_BOOTSTRAP has no listener for strangers")
    return KafkaSettings(
        kafka_address.sasl, kafka_prefix, "SASL_PLAINTEXT",
        username="stranger", password=USERS["stranger"],
    )  # fmt: skip


@asynccontextmanager
async def admin_of(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_options(kafka))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def make(kafka: KafkaSettings, key: Key, partitions: int, **config: str) -> None:
    topic = declared(kafka.prefix)[key].with_replication(1)
    given = {**topic.config, **{name.replace("_", "."): v for name, v in config.items()}}
    async with admin_of(kafka) as admin:
        answer = await admin.create_topics([NewTopic(topic.name, partitions, 1, None, given)])
        assert [error[1] for error in answer.topic_errors] == [0]


def states(findings: tuple[Finding, ...]) -> list[str]:
    assert [finding.topic.key for finding in findings] == KEYS
    return [finding.state for finding in findings]


async def fault_of(kafka: KafkaSettings) -> KafkaFault:
    with pytest.raises(KafkaFault) as caught:
        await check(kafka, replication=1)
    assert " / " in str(caught.value)
    assert "\n" not in str(caught.value)
    assert kafka.password is None or kafka.password not in str(caught.value)
    return caught.value


def test_the_declaration_names_what_the_code_asks_for() -> None:
    topics = declared("test.")
    assert {key: topic.name for key, topic in topics.items()} == {
        "log": f"test.{LOG}",
        "results": f"test.{RESULTS}",
        "dead_letter": f"test.{DEAD_LETTER}",
    }
    assert {topic.replication for topic in topics.values()} == {3}
    assert topics["log"].config["unclean.leader.election.enable"] == "false"
    assert topics["results"].config["cleanup.policy"] == "compact"
    room = {key: int(topic.config["max.message.bytes"]) for key, topic in topics.items()}
    assert room["dead_letter"] > room["log"]


@pytest.mark.parametrize(("copies", "insync"), [(1, "1"), (2, "1"), (3, "2"), (5, "2")])
def test_fewer_copies_ask_for_fewer_in_step(copies: int, insync: str) -> None:
    topic = declared()["log"].with_replication(copies)
    assert (topic.replication, topic.config["min.insync.replicas"]) == (copies, insync)


@pytest.mark.kafka
async def test_what_is_missing_is_made_once(settings: KafkaSettings) -> None:
    assert states(await check(settings, replication=1)) == ["missing"] * 3
    assert states(await create(settings, replication=1)) == ["created"] * 3
    assert states(await create(settings, replication=1)) == ["as_declared"] * 3
    assert states(await check(settings, replication=1)) == ["as_declared"] * 3
    told = yaml.safe_load(declaration().read_text("utf-8"))
    async with admin_of(settings) as admin:
        for key, each in told["topics"].items():
            name = settings.prefix + each["name"]
            (found,) = await admin.describe_topics([name])
            assert len(found["partitions"]) == each["partitions"], key
            resource = ConfigResource(ConfigResourceType.TOPIC, name)
            (answer,) = await admin.describe_configs([resource])
            has = {entry[0]: entry[1] for entry in answer.resources[0][4]}
            for config, value in each["config"].items():
                assert has[config] == str(value), (key, config)


@pytest.mark.kafka
async def test_looking_makes_nothing(settings: KafkaSettings) -> None:
    await check(settings)
    async with admin_of(settings) as admin:
        assert not [name for name in await admin.list_topics() if settings.prefix in name]


@pytest.mark.kafka
@pytest.mark.parametrize("partitions", [2, 13])
async def test_another_number_of_partitions_is_told_and_left_alone(
    settings: KafkaSettings, partitions: int
) -> None:
    await make(settings, "log", partitions)
    for findings in (await create(settings, replication=1), await check(settings, replication=1)):
        log = findings[0]
        assert log.differences == (Difference("partitions", "12", str(partitions)),)
        assert (log.state, log.fine, log.usable) == ("differs", False, False)
        assert f"partitions {partitions}, declared 12" in log.words()[1]
        assert all(other.fine for other in findings[1:])


@pytest.mark.kafka
async def test_another_setting_is_told_and_the_topic_can_be_used(settings: KafkaSettings) -> None:
    await make(settings, "results", 12, cleanup_policy="delete")
    results = (await create(settings, replication=1))[1]
    assert results.differences == (Difference("cleanup.policy", "compact", "delete"),)
    assert (results.state, results.fine, results.usable) == ("differs", False, True)


@pytest.mark.kafka
async def test_fewer_copies_than_declared_are_told(settings: KafkaSettings) -> None:
    await create(settings, replication=1)
    for finding in await check(settings):
        assert [each.what for each in finding.differences] == ["replication", "min.insync.replicas"]
        assert finding.usable


@pytest.mark.kafka
async def test_more_copies_than_brokers_cannot_be_made(settings: KafkaSettings) -> None:
    with pytest.raises(KafkaFault, match="use --replication") as caught:
        await create(settings, replication=32)
    assert caught.value.why == "too_few_brokers"


async def test_a_name_that_resolves_to_nothing_is_told() -> None:
    fault = await fault_of(KafkaSettings("nowhere.invalid:9092"))
    assert fault.why == "unresolved"
    assert "nowhere.invalid" in str(fault)


async def test_a_closed_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    fault = await fault_of(KafkaSettings(f"nowhere.invalid:1,127.0.0.1:{port}"))
    assert fault.why == "unreachable"
    assert f"127.0.0.1:{port} (Connection refused)" in str(fault)


async def test_what_listens_and_never_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cluster.PATIENCE_S == 10
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fault = await fault_of(KafkaSettings(f"127.0.0.1:{silent.getsockname()[1]}"))
    assert fault.why == "silent"


@pytest.mark.kafka
async def test_one_broker_of_the_list_is_enough(settings: KafkaSettings) -> None:
    two = replace(settings, bootstrap=f"127.0.0.1:1,{settings.bootstrap}")
    assert states(await check(two)) == ["missing"] * 3


@pytest.mark.kafka
async def test_brokers_that_send_us_astray_are_told(settings: KafkaSettings) -> None:
    """A proxy that changes the port under which the broker says it is to be found."""
    port = int(settings.bootstrap.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed = probe.getsockname()[1]

    async def pipe(reader: Any, writer: Any, astray: bool) -> None:
        while data := await reader.read(65536):
            old, new = struct.pack(">i", port), struct.pack(">i", closed)
            writer.write(data.replace(old, new) if astray else data)
        writer.close()

    async def serve(reader: Any, writer: Any) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, inner_writer, False), pipe(inner_reader, writer, True))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
        where = proxy.sockets[0].getsockname()[1]
        fault = await fault_of(replace(settings, bootstrap=f"127.0.0.1:{where}"))
    assert fault.why == "unreachable"
    assert f"127.0.0.1:{closed}" in str(fault)
    assert "advertised.listeners" in str(fault)


@pytest.mark.kafka
async def test_a_wrong_password_is_told(stranger: KafkaSettings) -> None:
    fault = await fault_of(replace(stranger, password="not-this-one"))
    assert fault.why == "unauthenticated"
    assert "stranger" in str(fault)


@pytest.mark.kafka
async def test_a_mechanism_that_the_broker_does_not_know_is_told(stranger: KafkaSettings) -> None:
    fault = await fault_of(replace(stranger, sasl_mechanism="SCRAM-SHA-256"))
    assert fault.why == "unauthenticated"
    assert "_SASL_MECHANISM" in str(fault)


@pytest.mark.kafka
async def test_the_wrong_protocol_is_told(stranger: KafkaSettings, kafka: str) -> None:
    for mistaken in (
        KafkaSettings(stranger.bootstrap),
        replace(stranger, bootstrap=kafka),
        KafkaSettings(kafka, security_protocol="SSL"),
    ):
        fault = await fault_of(mistaken)
        assert "CHITIEU_KAFKA_SECURITY_PROTOCOL" in str(fault), mistaken


@pytest.mark.kafka
async def test_who_may_do_nothing_is_told(stranger: KafkaSettings, settings: KafkaSettings) -> None:
    assert states(await check(stranger)) == ["unauthorised"] * 3
    await create(settings, replication=1)
    for findings in (await check(stranger), await create(stranger, replication=1)):
        assert states(findings) == ["unauthorised"] * 3
        assert not any(finding.usable for finding in findings)
        assert all("not authorised" in finding.words()[1] for finding in findings)


@pytest.mark.kafka
def test_the_commands_say_it_in_lines_and_exit_codes(
    kafka: str, kafka_prefix: str, tmp_path: Path
) -> None:
    more = {"CHITIEU_KAFKA_BOOTSTRAP": kafka, "CHITIEU_KAFKA_PREFIX": kafka_prefix}
    run = command(tmp_path, "--lang", "en", "topics", "check", more=more)
    assert (run.returncode, run.stderr) == (1, "")
    assert run.stdout.splitlines() == [
        f"{topic.name}: missing, run `chitieu topics create`"
        for topic in declared(kafka_prefix).values()
    ]
    run = command(tmp_path, "topics", "create", "--replication", "1", "--json", more=more)
    assert (run.returncode, run.stderr) == (0, "")
    assert [each["state"] for each in json.loads(run.stdout)] == ["created"] * 3
    run = command(tmp_path, "topics", "check", "--replication", "1", more=more)
    assert (run.returncode, run.stderr) == (0, "")
    doctor = command(tmp_path, "doctor", "--json", more=more)
    checks = [each for each in json.loads(doctor.stdout) if each["name"] == "kafka"]
    assert [each["ok"] for each in checks] == [True] * 3


@pytest.mark.parametrize("bootstrap", ["", "nowhere.invalid:1"])
def test_a_command_without_kafka_is_refused_in_one_line(tmp_path: Path, bootstrap: str) -> None:
    more = {"CHITIEU_KAFKA_BOOTSTRAP": bootstrap}
    run = command(tmp_path, "topics", "check", more=more)
    assert (run.returncode, run.stdout) == (2, "")
    assert len(run.stderr.splitlines()) == 1
    assert "CHITIEU_KAFKA_BOOTSTRAP" in run.stderr


def test_the_doctor_says_that_kafka_is_away(tmp_path: Path) -> None:
    run = command(
        tmp_path, "doctor", "--json", more={"CHITIEU_KAFKA_BOOTSTRAP": "nowhere.invalid:1"}
    )
    (found,) = [each for each in json.loads(run.stdout) if each["name"] == "kafka"]
    assert run.returncode == 1
    assert found["ok"] is False
    assert "nowhere.invalid" in found["found"]
