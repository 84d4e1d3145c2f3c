"""Closings from the command line, while the product runs and while it is stopped."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

from tests.cli.product import PROGRAM, ROOT, command, data, environ, start, wait_gone

NAME = "77.br-vt-2025.2025-Q1.v1"


def test_closed_while_it_runs_reopened_while_it_is_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    up = start(folder).wait_ready()
    made = data(folder, "closings", "close", "77", "--plan", "br-vt-2025", "--period", "2025-Q1",
                "--as-province")  # fmt: skip
    assert (made["id"], made["state"]) == (NAME, "open")
    again = command(folder, "closings", "close", "77", "--plan", "br-vt-2025", "--period",
                    "2025-Q1")  # fmt: skip
    assert again.returncode == 2
    assert "already_closed" in again.stderr
    shown = command(folder, "--lang", "en", "closings", "show", "77", NAME)
    assert shown.returncode == 0, shown.stderr
    assert NAME in shown.stdout
    assert made["sha256"] in shown.stdout
    assert up.end() == 0
    assert wait_gone(folder) == []

    assert [c["id"] for c in data(folder, "closings", "list", "77", "--on", "2025-03-31")] == [NAME]
    published = subprocess.run(
        [*PROGRAM, "closings", "show", "77", NAME, "--document"], cwd=ROOT, env=environ(folder),
        capture_output=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert hashlib.sha256(published).hexdigest() == made["sha256"]
    reopen = ("closings", "reopen", "77", NAME, "--reason", "Đơn vị gửi bản sửa")
    first, same = command(folder, *reopen), command(folder, *reopen)
    assert first.returncode == 0, first.stderr
    assert (same.returncode, "second_key_needed" in same.stderr) == (2, True)
    key = tmp_path / "key"
    key.write_text(json.loads((folder / "dev-credentials.json").read_text())["provinces"]["77"])
    second = data(folder, *reopen, "--key-file", str(key))
    assert second["state"] == "withdrawn"
    anew = data(folder, "closings", "close", "77", "--plan", "br-vt-2025", "--period", "2025-Q1")
    assert (anew["version"], anew["previous"]) == (2, NAME)
    told = data(folder, "verify")
    assert (told["closings"], told["difference"]) == (2, None)
    assert wait_gone(folder) == []
