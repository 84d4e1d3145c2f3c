"""docker-compose.yml as local processes: each service's own command and environment.

Only what a container engine gives is made up: names of services become ports on 127.0.0.1,
PostgreSQL is the embedded one, and Kafka the one of the tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml
from aiokafka import AIOKafkaConsumer

from chitieu.cluster import free_port
from chitieu.embedded import EmbeddedPostgres
from chitieu.kafka.connection import client_options
from chitieu.settings import KafkaSettings
from tests.cli.product import PROGRAM, ROOT

FILE = (ROOT / "docker-compose.yml").read_text("utf-8")
PASSWORD = "p@ss/ word"
RESULT = "/v1/targets/br-vt-2025/annex-2/I.7/province/result?as_of=2025-06-30"
OTHERS = ("postgres", "kafka")
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotUp(AssertionError):
    """A service did not become what the file says it must."""


@dataclass
class Composed:
    """The services of a file, started in its order."""

    services: dict[str, Any]
    folder: Path
    postgres_port: int
    given: Mapping[str, str] = field(default_factory=dict)
    ports: dict[tuple[str, str], int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def port(self, service: str, port: str) -> int:
        if (service, port) == ("postgres", "5432"):
            return self.postgres_port
        return self.ports.setdefault((service, port), free_port())

    def environment(self, name: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CHITIEU_", "PG"))}
        said = {"CHITIEU_DB_PASSWORD": PASSWORD} | dict(self.given)
        given = {
            key: re.sub(
                r"\$\{(\w+):([?-])([^}]*)\}",
                lambda m: said.get(m[1]) or (m[3] if m[2] == "-" else ""),
                str(value),
            )
            for key, value in self.services[name]["environment"].items()
        }
        for key, value in given.items():
            if key == "CHITIEU_PORT":
                given[key] = str(self.port(name, value))
            elif "://" in value:
                given[key] = re.sub(r"(?<=[@/])([a-z]+):([0-9]+)", self._address, value)
            elif key == "CHITIEU_KAFKA_BOOTSTRAP":
                given[key] = re.sub(r"^([a-z]+):([0-9]+)$", self._address, value)
        return kept | given

    def _address(self, match: re.Match[str]) -> str:
        service, port = match.groups()
        if service not in self.services:
            return match[0]  # no such host
        return f"127.0.0.1:{self.port(service, port)}"

    def start(self, name: str) -> None:
        if name in self.running or name in OTHERS:
            return
        service = self.services[name]
        for needed, how in service["depends_on"].items():
            self.start(needed)
            self._wait(needed, how["condition"])
        with (self.folder / f"{name}.log").open("w") as log:
            self.running[name] = subprocess.Popen(
                [*PROGRAM, *service["command"]], cwd=self.folder, env=self.environment(name),
                stdout=log, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip

    def _wait(self, name: str, condition: str) -> None:
        if name in OTHERS:
            return
        if condition == "service_completed_successfully":
            if self.running[name].wait(60) != 0:
                raise NotUp(f"{name}: {self.log(name)}")
            return
        assert condition == "service_healthy"
        self.wait_healthy(name)

    def wait_healthy(self, name: str) -> None:
        kind, program, *arguments = self.services[name]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.running[name].poll() is not None:
                raise NotUp(f"{name}: {self.log(name)}")
            check = subprocess.run(
                [sys.executable, *arguments], env=self.environment(name), capture_output=True
            )
            if check.returncode == 0:
                return
            time.sleep(0.1)
        raise NotUp(f"{name} is not healthy: {self.log(name)}")

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8")[-2000:]

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _role(dsn: str) -> None:
    """What the image of PostgreSQL makes of POSTGRES_USER, POSTGRES_DB and POSTGRES_PASSWORD."""
    connection = await asyncpg.connect(dsn)
    quoted = PASSWORD.replace("'", "''")
    await connection.execute(f"CREATE ROLE chitieu SUPERUSER LOGIN PASSWORD '{quoted}'")
    await connection.execute("CREATE DATABASE chitieu OWNER chitieu")
    await connection.close()


@pytest.fixture
async def postgres(tmp_path: Path) -> Any:
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        facts = server.restart()
        await _role(facts.dsn())
        yield facts.port


@contextmanager
def composed(
    text: str, folder: Path, port: int, kafka: str | None = None, **given: str
) -> Iterator[Composed]:
    """All services up and healthy, as `docker compose up --wait` leaves them. Raises NotUp.

    `kafka`: where the broker of the profile is that is asked for.
    """
    profiles = set() if kafka is None else {"kafka"}
    services = {
        name: service
        for name, service in yaml.safe_load(text)["services"].items()
        if profiles >= set(service.get("profiles", ()))
    }
    one = Composed(services, folder, port, given)
    if kafka is not None:
        one.ports["kafka", "9092"] = int(kafka.rsplit(":", 1)[1])
    with ExitStack() as stack:
        stack.callback(one.stop)
        for name in services:
            one.start(name)
        for name, service in services.items():
            if name not in OTHERS and "healthcheck" in service:
                one.wait_healthy(name)
        yield one


def main_job(one: Composed) -> Any:
    """A report through the published port, and its score read back there."""
    arguments = ("keys", "create", "--role", "province", "--organisation", "cq-syt-77")
    made = subprocess.run(
        [*PROGRAM, *arguments, "--province", "77", "--json"], cwd=one.folder,
        env=one.environment("migrate"), capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode != 0:
        raise NotUp(made.stderr)
    key = json.loads(made.stdout)["key"]
    published = one.services["api"]["ports"][0].split(":")[-1]
    base = f"http://127.0.0.1:{one.port('api', published)}"
    headers = {"authorization": f"Bearer {key}"}
    event = {
        "specversion": "1.0", "type": "vn.chitieu.online-payment.v1", "source": "urn:test",
        "id": "1", "subject": "cq-syt-77", "time": "2025-06-30T17:00:00+07:00",
        "data": {"period": "2025-H1", "dossiers": 1000, "dossiers_paid_online": 950},
    }  # fmt: skip
    try:
        sent = urllib.request.Request(
            f"{base}/v1/events", data=json.dumps(event).encode(),
            headers={**headers, "content-type": "application/cloudevents+json"},
        )  # fmt: skip
        with _OPENER.open(sent, timeout=10) as answer:
            assert answer.status == 202
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            asked = urllib.request.Request(base + RESULT, headers=headers)
            with _OPENER.open(asked, timeout=10) as answer:
                result = json.load(answer)
            if result["numerator"] is not None:
                return result
            time.sleep(0.1)
    except urllib.error.HTTPError as error:
        raise NotUp(f"{error.code}: {error.read().decode()}") from error
    raise NotUp("the report is not scored")


async def test_the_main_job_passes_through_the_services_of_the_file(
    postgres: int, tmp_path: Path
) -> None:
    with composed(FILE, tmp_path, postgres) as one:
        result = main_job(one)
        assert (result["numerator"], result["denominator"]) == (950, 1000)
        assert result["verdict"] == "met"


@pytest.mark.kafka
async def test_the_main_job_passes_through_kafka_too(
    postgres: int, tmp_path: Path, kafka: str, kafka_prefix: str
) -> None:
    given = {"CHITIEU_KAFKA_BOOTSTRAP": "kafka:9092", "CHITIEU_KAFKA_PREFIX": kafka_prefix}
    with composed(FILE, tmp_path, postgres, kafka, **given) as one:
        result = main_job(one)
        assert (result["numerator"], result["verdict"]) == (950, "met")
        options = client_options(KafkaSettings(kafka))
        topic = f"{kafka_prefix}chitieu.results.v1"
        consumer = AIOKafkaConsumer(topic, **options, auto_offset_reset="earliest")
        async with consumer, asyncio.timeout(30):
            while True:
                message = await consumer.getone()
                sent = json.loads(message.value)["data"]["result"]
                if sent["target"] in RESULT and sent["numerator"] is not None:
                    break
        assert (sent["numerator"], sent["denominator"]) == (950, 1000)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("http://ingest:8081", "http://intake:8081"),
        ("command: [scorer]", "command: [scores]"),
        ("@postgres:5432/chitieu", "@postgres:5432/chitieu2"),
        ("  PGPASSWORD:", "  PGPASSWORT:"),
    ],
)
async def test_one_other_name_in_the_file_and_it_does_not_pass(
    postgres: int, tmp_path: Path, name: str, other: str
) -> None:
    assert FILE.count(name) == 1
    with pytest.raises(NotUp), composed(FILE.replace(name, other), tmp_path, postgres) as one:
        main_job(one)
