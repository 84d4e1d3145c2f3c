"""What ends `chitieu up`, and what the next start finds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.product import (
    PLANS,
    PROGRAM,
    ROOT,
    command,
    crowd,
    data,
    environ,
    path_of,
    processes_of,
    sql,
    start,
    timeless,
    wait_gone,
)


def test_sigterm_ends_all_and_the_next_start_has_everything(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    up = start(folder).wait_ready()
    before = {code: up.get(path_of(code)) for code in PLANS}
    keys = up.keys
    began = time.monotonic()
    assert up.end() == 0
    assert time.monotonic() - began < 10
    assert up.errors == ""
    assert wait_gone(folder) == []

    plan, day = PLANS["77"]
    stopped = data(folder, "scorecard", "77", "--plan", plan, "--as-of", day, "--on", day)
    assert stopped == before["77"]
    assert wait_gone(folder) == []

    took = []
    for _ in range(3):
        again = start(folder).wait_ready()
        took.append(again.took)
        after = {code: again.get(path_of(code)) for code in PLANS}
        assert again.keys == keys
        assert again.end(signal.SIGINT) == 0
        assert after == before
    assert min(took) < 5 * crowd(), took


def test_killed_at_any_moment_it_leaves_nothing_and_ends_the_same(tmp_path: Path) -> None:
    chance = random.Random(2)
    folder, whole = tmp_path / "data", tmp_path / "whole"
    for moment in (0.3, 1.5, *(chance.uniform(2.0, 6.0) for _ in range(3))):
        one = start(folder)
        time.sleep(moment)
        one.end(signal.SIGKILL)
        assert wait_gone(folder) == [], moment
    last = start(folder).wait_ready()
    kept = {code: timeless(last.get(path_of(code))) for code in PLANS}
    assert last.end() == 0
    other = start(whole).wait_ready()
    assert kept == {code: timeless(other.get(path_of(code))) for code in PLANS}
    assert other.end() == 0


def test_it_ends_with_the_make_that_started_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    wait = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    make = subprocess.Popen(
        [sys.executable, "-c", wait, *PROGRAM, "up"], cwd=ROOT, stdout=subprocess.DEVNULL,
        env=environ(folder, CHITIEU_DIE_WITH_PARENT="1"),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not any("child scorer" in line for line in processes_of(folder)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(make.pid, signal.SIGKILL)
    make.wait()
    assert wait_gone(folder) == []


def test_newer_data_are_refused_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    one = start(folder).wait_ready()
    assert sql(folder, "UPDATE alembic_version SET version_num = '9999'") == "UPDATE 1"
    one.end()
    run = command(folder, "up")
    assert run.returncode == 2
    assert len(run.stderr.strip().splitlines()) == 1
    assert "9999" in run.stderr
    assert wait_gone(folder) == []
