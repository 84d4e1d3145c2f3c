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


def first_report() -> str:
    section = README.split("## A first report, and its score")[1]
    match = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert match is not None
    return match[1]


def test_the_first_report_of_the_readme_is_accepted_and_scored(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        if os.environ.get("CHITIEU_REQUIRE_ALL") == "1":
            pytest.fail("curl is missing: README.md's first report was not tried")
        pytest.skip("curl is missing")
    port = str(free_port())
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    up = start(tmp_path / ".chitieu", CHITIEU_PORT=port).wait_ready()
    try:
        script = first_report().replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        assert script != first_report()
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path,
            capture_output=True, text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("CHITIEU_")},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        assert '"accepted":1' in run.stdout
        assert '"numerator":1726' in run.stdout
        assert "90,99%" in run.stdout
        assert "urn:vidu:syt-77" in run.stdout
    finally:
        up.end()
    assert wait_gone(tmp_path / ".chitieu") == []


def test_every_command_of_the_readme_exists() -> None:
    shown = subprocess.run(
        [ROOT / ".venv" / "bin" / "chitieu", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for name in set(re.findall(r"chitieu ([a-z]+)", README)) - {"check"}:
        assert re.search(rf"^│ {name} ", shown, re.MULTILINE), name
