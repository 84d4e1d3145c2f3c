"""What a run of the tests does on a machine that cannot run Apache Kafka."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_without_java(workers: int, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CHITIEU_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"-n{workers}", "-p", "no:cacheprovider",
         "tests/kafka/test_broker.py", "-k", "consumed"],
        cwd=ROOT, env=kept | {"PATH": "/nothing"} | environment, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("workers", [0, 1])
def test_without_java_they_are_skipped_and_the_last_line_says_so(workers: int) -> None:
    run = run_without_java(workers)
    last = run.stdout.strip().splitlines()[-1]
    assert last == "!! 1 tests need Apache Kafka and were not run: java is missing", run.stdout
    assert run.returncode == 0


def test_where_everything_is_required_that_is_a_failure() -> None:
    run = run_without_java(0, CHITIEU_REQUIRE_ALL="1")
    assert run.returncode == 1, run.stdout
    assert "no Apache Kafka: java is missing" in run.stdout
