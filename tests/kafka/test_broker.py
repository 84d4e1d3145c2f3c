"""The broker that the tests run: it is real, keeps its data, and never outlives who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chitieu.kafka import cluster
from chitieu.kafka.connection import client_options
from chitieu.kafka.topics import check
from chitieu.settings import KafkaSettings
from tools.kafka_broker import Broker, answers
from tools.kafka_jars import KafkaError

ROOT = Path(__file__).resolve().parents[2]


async def make_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(**client_options(KafkaSettings(bootstrap)))
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, 2, 1)])
        assert [error[1] for error in answer.topic_errors] == [0]
    finally:
        await admin.close()


async def send(bootstrap: str, topic: str, values: list[bytes]) -> None:
    options = client_options(KafkaSettings(bootstrap))
    async with AIOKafkaProducer(**options, acks="all", enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"k", headers=[("h", b"1")])


async def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    options = client_options(KafkaSettings(bootstrap))
    consumer = AIOKafkaConsumer(topic, **options, auto_offset_reset="earliest")
    async with consumer:
        return [(await consumer.getone()).value for _ in range(count)]


@pytest.mark.kafka
async def test_what_is_produced_is_consumed(kafka: str, kafka_prefix: str) -> None:
    topic = f"{kafka_prefix}smoke"
    await make_topic(kafka, topic)
    await send(kafka, topic, [b"one", b"two"])
    assert await read(kafka, topic, 2) == [b"one", b"two"]


@pytest.mark.kafka
async def test_a_broker_that_was_killed_comes_back_with_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(tmp_path / "kafka")
    try:
        bootstrap = broker.start()
        assert (tmp_path / "kafka").stat().st_mode & 0o077 == 0
        with pytest.raises(KafkaError, match="already"):
            Broker(tmp_path / "kafka").start()
        await make_topic(bootstrap, "kept")
        await send(bootstrap, "kept", [b"one"])
        broker.kill()
        assert not answers("127.0.0.1", int(bootstrap.split(":")[1]))
        assert broker.restart() == bootstrap
        await send(bootstrap, "kept", [b"two"])
        assert await read(bootstrap, "kept", 2) == [b"one", b"two"]
        broker.pause()
        monkeypatch.setattr(cluster, "PATIENCE_S", 0.3)
        with pytest.raises(cluster.KafkaFault, match="does not answer within"):
            await check(KafkaSettings(bootstrap))
        assert not answers("127.0.0.1", int(bootstrap.split(":")[1]), 0.3)
        broker.resume()
        assert answers("127.0.0.1", int(bootstrap.split(":")[1]), 10)
    finally:
        broker.stop()


def run_beside(folder: Path, program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tools.kafka_broker", str(folder), "--",
         sys.executable, "-c", program],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.kafka
def test_a_command_runs_beside_a_broker_of_its_own(tmp_path: Path) -> None:
    program = "import os, sys; print(os.environ['CHITIEU_KAFKA_BOOTSTRAP']); sys.exit(7)"
    process = run_beside(tmp_path / "kafka", program)
    out, _ = process.communicate(timeout=90)
    said = [line for line in out.splitlines() if line.startswith(("Kafka 127", "127"))]
    assert said[0] == f"Kafka {said[1]}"
    assert process.returncode == 7
    assert not answers("127.0.0.1", int(said[1].split(":")[1]))


@pytest.mark.kafka
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_starter_is_ended(tmp_path: Path, number: int) -> None:
    program = "import time; print('here', flush=True); time.sleep(600)"
    process = run_beside(tmp_path / "kafka", program)
    assert process.stdout is not None
    port = 0
    for line in process.stdout:
        if line.startswith("Kafka 127"):
            port = int(line.split(":")[1])
        if line == "here\n":
            break
    assert answers("127.0.0.1", port)
    os.kill(process.pid, number)
    process.stdout.close()
    process.wait(30)
    deadline = time.monotonic() + 5
    while answers("127.0.0.1", port):
        assert time.monotonic() < deadline, "the broker lives on"
        time.sleep(0.05)


@pytest.mark.parametrize(("asked", "through"), [("up", False), ("up KAFKA=1", True)])
def test_make_up_goes_through_a_broker_only_when_asked(asked: str, through: bool) -> None:
    told = ["make", "--dry-run", "--no-print-directory", *asked.split()]
    run = subprocess.run(told, cwd=ROOT, capture_output=True, text=True, check=True)
    last = run.stdout.strip().splitlines()[-1]
    broker = 'tools.kafka_broker "${CHITIEU_DATA_DIR:-.chitieu}/kafka" -- '
    assert (broker in last) is through
    assert last.endswith(".venv/bin/chitieu up")
