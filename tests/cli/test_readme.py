"""The first report of README.md, typed as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from chitieu.cluster import free_port
from tests.cli.product import ROOT, start, wait_gone

README = (ROOT / "README.md").read_text("utf-8")


def script_of(title: str) -> str:
    """The commands under a heading."""
    section = README.split(f"## {title}\n")[1]
    match = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert match is not None
    return match[1]


def test_a_first_report_is_scored_questioned_and_answered(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        if os.environ.get("CHITIEU_REQUIRE_ALL") == "1":
            pytest.fail("curl is missing: README.md's first report was not tried")
        pytest.skip("curl is missing")
    port = str(free_port())
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    up = start(tmp_path / ".chitieu", CHITIEU_PORT=port).wait_ready()
    try:
        told = typed(tmp_path, script_of("A first report, and its score"), port)
        assert '"accepted":1' in told
        assert '"numerator":1726' in told
        assert "90,99%" in told
        assert "urn:vidu:syt-77" in told
        answered = typed(tmp_path, script_of("A figure questioned, and answered"), port)
        assert "1.726/1.897" in answered
        assert "2025-Q2" in answered
        assert "receipt.json: đúng" in answered
    finally:
        up.end()
    assert wait_gone(tmp_path / ".chitieu") == []


def typed(folder: Path, script: str, port: str) -> str:
    """What commands print. Nobody types the next paragraph in the same instant."""
    script = script.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace("\n\n", "\nsleep 1\n")
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, capture_output=True, text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("CHITIEU_")},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_every_command_of_the_readme_exists() -> None:
    shown = subprocess.run(
        [ROOT / ".venv" / "bin" / "chitieu", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for name in set(re.findall(r"chitieu ([a-z][a-z-]*)", README)) - {"check"}:
        assert re.search(rf"^│ {name} ", shown, re.MULTILINE), name
