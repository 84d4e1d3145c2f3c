"""Closings from the command line, while the product runs and while it is stopped."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from chitieu.cli.app import app
from tests.cli.product import PROGRAM, ROOT, Up, command, data, environ, start, wait_gone

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
    stands_for_its_pair(folder, up, made)
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


def stands_for_its_pair(folder: Path, up: Up, made: dict[str, str]) -> None:
    """The commands give what the API gives for the pair."""
    target = "br-vt-2025/annex-2/I.7/province"
    pair = urlencode({"as_of": made["as_of"], "known_at": made["known_at"]})
    by_places = "&places=2026-01-01"
    for words, path in (
        (("scorecard", "77", "--places", "2026-01-01"),
         f"/v1/provinces/77/scorecard?{pair}{by_places}"),
        (("scorecard", "77", "--due", "300"), f"/v1/provinces/77/due?days=300&{pair}"),
        (("explain", target, "--places", "2026-01-01"),
         f"/v1/targets/{target}/explanation?{pair}{by_places}"),
        (("completeness", "77"), f"/v1/provinces/77/completeness?{pair}"),
    ):  # fmt: skip
        assert data(folder, *words, "--closing", NAME) == up.get(path), words
    printed = command(folder, "scorecard", "77", "--plan", "br-vt-2025", "--as-printed",
                      "--closing", NAME)  # fmt: skip
    assert "86,51%" in printed.stdout, printed.stderr
    unknown = command(folder, "explain", target, "--closing", "77.br-vt-2025.2025-Q1.v9")
    assert (unknown.returncode, "not_found" in unknown.stderr) == (2, True)


PAIR, DAY = ("--as-of", "2025-03-31"), ("--places", "2026-01-01")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("scorecard", "77", "--closing", "x", *PAIR), ("bỏ hai tùy chọn đó", "leave out those")),
        (("explain", "x", "--closing", "x", "--known-at", "2026-01-01T00:00:00Z"),
         ("bỏ hai tùy chọn đó", "leave out those")),
        (("completeness", "77", "--closing", "x", *PAIR),
         ("bỏ hai tùy chọn đó", "leave out those")),
        (("scorecard", "77", "--level", "commune"), ("--level cần --places", "needs --places")),
        (("scorecard", "77F01", *DAY), ("chỉ cho phiếu điểm của tỉnh", "a province's scorecard")),
        (("scorecard", "77", "--plan", "x", "--as-printed", *DAY),
         ("không đi với --as-printed", "not with --as-printed")),
        (("scorecard", "77", "--due", "3", *DAY), ("--due chỉ đi với", "--due goes with")),
        (("explain", "x", "--receipt", "x", *DAY), ("không đi với --receipt", "does not go with")),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_in_both_languages(
    words: tuple[str, ...], told: tuple[str, str]
) -> None:
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 2
    for part in told:
        assert part in run.stderr
