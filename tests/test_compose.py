"""docker-compose.yml and deploy/Dockerfile, as far as they can be checked without a daemon."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OTHERS = {"postgres", "kafka"}
OURS = {name: service for name, service in SERVICES.items() if name not in OTHERS}
ONCE = {"migrate", "topics"}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def compose_config(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    if (program := shutil.which("docker-compose")) is None:
        reason = "docker-compose is missing: docker-compose.yml was not read by it"
        if os.environ.get("CHITIEU_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return subprocess.run(
        [program, *options, "config"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment,
        capture_output=True,
        text=True,
    )


def test_compose_reads_the_file_without_a_word() -> None:
    run = compose_config("--profile", "kafka", CHITIEU_DB_PASSWORD="p@ss/$word")
    assert (run.returncode, run.stderr) == (0, "")
    assert set(yaml.safe_load(run.stdout)["services"]) == set(SERVICES)


def test_compose_refuses_to_start_without_a_password() -> None:
    run = compose_config()
    assert run.returncode != 0
    assert "set CHITIEU_DB_PASSWORD" in run.stderr


def test_no_secret_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            if "PASSWORD" in name:
                assert value.startswith("${CHITIEU_DB_PASSWORD:?"), name
            else:
                assert not re.search(r"://[^/@]*:[^/@]*@", value), name


def test_each_process_runs_its_own_command() -> None:
    assert {name: service["command"] for name, service in OURS.items()} == {
        name: [name] for name in ("migrate", "ingest", "scorer", "api", "relay")
    } | {"topics": ["topics", "create", "--replication", "1"]}


def test_only_the_api_is_published() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["${CHITIEU_PORT:-8080}:8080"]}


def test_nothing_runs_as_root_or_with_privileges() -> None:
    assert SERVICES["postgres"]["user"] == "postgres"
    assert SERVICES["kafka"]["user"] == "appuser"
    users = re.findall(r"^USER +(\S+)", DOCKERFILE, re.MULTILINE)
    assert users
    assert users[-1].split(":")[0] not in {"root", "0"}
    for service in SERVICES.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in service
        assert not any("docker.sock" in volume for volume in service.get("volumes", []))
    assert not any("user" in service for service in OURS.values())


def test_processes_start_in_order_and_come_back() -> None:
    def waits_for(name: str) -> dict[str, str]:
        return {on: how["condition"] for on, how in SERVICES[name].get("depends_on", {}).items()}

    assert waits_for("migrate") == {"postgres": "service_healthy"}
    for name in ("ingest", "scorer", "api"):
        assert waits_for(name)["migrate"] == "service_completed_successfully"
    assert waits_for("api")["ingest"] == "service_healthy"
    assert waits_for("topics") == {"kafka": "service_healthy"}
    assert waits_for("relay")["migrate"] == waits_for("relay")["topics"]
    assert waits_for("relay")["topics"] == "service_completed_successfully"
    for name, service in SERVICES.items():
        assert service["restart"] == ("on-failure" if name in ONCE else "unless-stopped")
        assert name in ONCE or "healthcheck" in service


def test_kafka_is_there_only_when_it_is_asked_for() -> None:
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}
    asked = {"kafka", "topics", "relay"}
    assert {name for name, needed in profiles.items() if needed == ["kafka"]} == asked
    assert not any(needed for name, needed in profiles.items() if name not in asked)
    for name, service in OURS.items():
        default = "kafka:9092" if name in asked else ""
        told = service["environment"]["CHITIEU_KAFKA_BOOTSTRAP"]
        assert told == f"${{CHITIEU_KAFKA_BOOTSTRAP:-{default}}}"


def test_the_broker_is_the_one_that_the_tests_run() -> None:
    pom = (ROOT / "deploy" / "kafka" / "pom.xml").read_text(encoding="utf-8")
    version = re.search(r"kafka_2\.13</artifactId>\s*<version>([^<]+)<", pom)
    assert version is not None
    kafka = SERVICES["kafka"]
    assert kafka["image"] == f"apache/kafka:{version[1]}"
    assert kafka["volumes"] == [f"kafka-data:{kafka['environment']['KAFKA_LOG_DIRS']}"]
    assert kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://kafka:9092"


def test_the_api_forwards_reports_to_ingest() -> None:
    port = SERVICES["ingest"]["environment"]["CHITIEU_PORT"]
    assert SERVICES["api"]["environment"]["CHITIEU_INGEST_URL"] == f"http://ingest:{port}"


def test_the_database_is_durable() -> None:
    postgres = SERVICES["postgres"]
    assert postgres["image"] == "postgres:18"
    assert postgres["volumes"] == ["postgres-data:/var/lib/postgresql"]
    assert "fsync=on" in postgres["command"]
    assert "synchronous_commit=on" in postgres["command"]
    assert "--data-checksums" in postgres["environment"]["POSTGRES_INITDB_ARGS"]


def test_the_image_installs_only_what_is_hashed() -> None:
    installs = re.findall(r"pip install (.*?)(?:\n|$)", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)


def test_the_image_copies_what_exists_and_the_context_holds_it() -> None:
    copied = {name for name, _ in re.findall(r"^COPY (\S+) (\S+)$", DOCKERFILE, re.MULTILINE)}
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied == {line[1:] for line in ignore if line.startswith("!")}
    assert [name for name in sorted(copied) if not (ROOT / name).exists()] == []
