"""`chitieu up` from nothing to ready, and everything that may happen to it."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chitieu.completeness.annex import annex_text
from tests.cli.product import (
    PLANS,
    Up,
    command,
    data,
    path_of,
    processes_of,
    sql,
    start,
    wait_gone,
)
from tests.receipts.made import sealed_again


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture(scope="module")
def up(folder: Path) -> Iterator[Up]:
    one = start(folder).wait_ready()
    yield one
    if one.process.poll() is None:
        one.end()
    assert wait_gone(folder) == []


def test_ready_is_the_last_line_and_stands_once(up: Up) -> None:
    assert [line for line in up.lines if line.startswith("ready ")] == up.lines[-1:]
    assert up.url.startswith("http://127.0.0.1:")
    assert up.get("/readyz")


def test_each_plans_scorecard_is_printed_at_its_day(up: Up) -> None:
    text = "\n".join(up.lines)
    for code, (plan, iso) in PLANS.items():
        year, month, day = map(int, iso.split("-"))
        lines = [line for line in up.lines if f"· {plan} ·" in line]
        assert len(lines) == 1
        assert lines[0].startswith(f"{code} ")
        assert lines[0].endswith(f"{day}/{month}/{year}")
    assert "byt-1366-2025" in text
    assert "Đạt" in text
    assert "Chưa rõ" in text


def test_the_credentials_have_the_shape_of_the_contract(up: Up) -> None:
    file = up.folder / "dev-credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keys = up.keys
    assert set(keys) == {"admin", "ministry", "provinces", "units"}
    assert set(keys["provinces"]) == set(PLANS)
    assert len(keys["units"]) >= 5
    facilities = [code for code in keys["units"] if code.startswith("77F")]
    assert len(facilities) >= 2


def test_what_the_plan_prints_comes_out_as_the_department_published_it(up: Up) -> None:
    results = up.get(path_of("77"))["results"]
    column = [
        r for r in results
        if r["row"].startswith("br-vt-2025/annex-2/") and r["tier"] == "province"
    ]  # fmt: skip
    assert sum(r["verdict"] == "met" for r in column) == 14
    assert sum(r["reason"] == "status_only" for r in column) == 7
    unknown = [r["target"] for r in column if r["verdict"] == "unknown"]
    assert len(unknown) == 9
    assert {t.rsplit("/", 1)[-1] for t in unknown if "/I.2/" in t} == {"huyen", "xa"}
    quang_ninh = {r["target"]: r for r in up.get(path_of("22"))["results"]}
    people = quang_ninh["quang-ninh-2025/body/II-1.2.5"]
    assert (people["numerator"], people["denominator"]) == (1118430, 1377099)


def test_who_is_missing_is_printed_as_a_table_an_annex_and_json(up: Up) -> None:
    asked = ("completeness", "22", "--plan", "quang-ninh-2025", "--period", "2025-Q1",
             "--as-of", "2025-03-31")  # fmt: skip
    answer = data(up.folder, *asked)
    [plan] = answer["plans"]
    assert (plan["due"], plan["total"]["late"] > 0, plan["total"]["on_time"]) == (
        "2025-03-29", True, 0,
    )  # fmt: skip
    table = command(up.folder, *asked)
    assert "Tổng cộng" in table.stdout, table.stderr
    assert str(plan["total"]["missing"]) in table.stdout
    annex = command(up.folder, *asked, "--annex")
    assert annex.stdout == annex_text(answer)
    csv = command(up.folder, *asked, "--csv").stdout
    assert csv.count("\n") == 1 + sum(len(unit["reports"]) for unit in plan["missing"])
    refused = command(up.folder, "completeness", "22", "--period", "2025-Q9")
    assert (refused.returncode, "bad_value" in refused.stderr) == (2, True)


def test_the_annex_prints_back_row_by_row(up: Up) -> None:
    plain = command(up.folder, "scorecard", "77", "--plan", "br-vt-2025", "--as-printed", "--csv")
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.startswith("\ufeff")
    shown = data(up.folder, "scorecard", "77", "--plan", "br-vt-2025", "--as-printed")
    numbers = [row["number"] for row in shown["rows"]]
    assert numbers[:3] == ["I.1", "I.2", "I.3"]
    assert [c["key"] for c in shown["columns"]] == [
        "national_committee", "ministry", "province", "result",
    ]  # fmt: skip
    seventh = shown["rows"][numbers.index("I.7")]
    assert seventh["cells"]["result"] == "87%"
    assert {r["display"] for r in seventh["results"]} == {"86,51%"}


def test_a_folder_already_served_is_refused_in_one_line(up: Up) -> None:
    run = command(up.folder, "up")
    assert (run.returncode, run.stdout) == (2, "")
    assert len(run.stderr.strip().splitlines()) == 1
    assert up.get("/readyz")
    assert (up.folder / "up.json").exists()


def test_a_port_in_use_is_refused_in_one_line(up: Up, tmp_path: Path) -> None:
    port = up.url.rsplit(":", 1)[1]
    run = command(tmp_path / "other", "up", more={"CHITIEU_PORT": port})
    assert (run.returncode, run.stdout) == (2, "")
    assert len(run.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "other").exists()


def test_bad_settings_are_refused_in_one_line(tmp_path: Path) -> None:
    for name, value in (
        ("CHITIEU_PORT", "abc"),
        ("CHITIEU_PORT", "65536"),
        ("CHITIEU_KAFKA_BOOTSTRAP", "127.0.0.1"),
        ("CHITIEU_DATABASE_URL", "mysql://x"),
        ("CHITIEU_CATALOGUE", str(tmp_path / "nothing")),
    ):
        run = command(tmp_path / "data", "up", more={name: value})
        assert (run.returncode, run.stdout) == (2, ""), name
        assert len(run.stderr.strip().splitlines()) == 1, run.stderr
        assert name in run.stderr


def test_a_process_that_dies_comes_back(up: Up) -> None:
    def pid_of(name: str) -> int:
        (line,) = [x for x in processes_of(up.folder) if f"chitieu.cli.child {name}" in x]
        return int(line.split()[0])

    for name in ("web", "scorer"):
        before = pid_of(name)
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if [x for x in processes_of(up.folder) if f"chitieu.cli.child {name}" in x
                and int(x.split()[0]) != before]:  # fmt: skip
                break
            time.sleep(0.05)
        assert pid_of(name) != before
    assert up.get("/readyz")


def test_verify_names_the_first_cell_that_was_changed_by_hand(up: Up) -> None:
    assert command(up.folder, "verify").returncode == 0
    # It stands on its province's scorecard and on the successor's.
    where = "WHERE place = '77' AND target = 'br-vt-2025/annex-2/I.7/province'"
    assert sql(up.folder, f"UPDATE result SET numerator = numerator + 1 {where}") == "UPDATE 1"
    run = command(up.folder, "verify")
    assert run.returncode == 1
    assert "br-vt-2025/annex-2/I.7/province" in run.stdout
    assert "numerator" in run.stdout
    sql(up.folder, f"UPDATE result SET numerator = numerator - 1 {where}")
    assert command(up.folder, "verify").returncode == 0


def test_changes_tell_what_brought_a_figure(up: Up) -> None:
    asked = ("changes", "77", "--from", "2020-01-01T00:00:00Z", "--as-of", "2025-03-31")
    target = "br-vt-2025/annex-2/I.7/province"
    [moved] = data(up.folder, *asked, "--target", target)["items"]
    assert (moved["from"], moved["difference"]) == (None, {"numerator": 776, "denominator": 897})
    event = next(p["cause"] for p in moved["parts"] if p["cause"]["kind"] == "event")
    assert (event["source"], event["id"]) == ("urn:chitieu:plan:br-vt-2025", "annex-2/I.7#1")
    shown = command(up.folder, *asked, "--target", target).stdout
    assert "86,51% (776/897)" in shown
    assert "annex-2/I.7#1" in shown


def test_explain_traces_a_figure_to_its_line_and_its_event(up: Up) -> None:
    answer = data(up.folder, "explain", "br-vt-2025/annex-2/I.7/province", "--as-of", "2025-03-31")
    assert answer["citation"]["lines"] == [1889, 1919]
    (counted,) = answer["counted"]
    assert counted["id"] == "annex-2/I.7#1"
    assert counted["source"] == "urn:chitieu:plan:br-vt-2025"


def test_a_receipt_is_checked_with_the_system_and_without(up: Up, tmp_path: Path) -> None:
    target, file = "br-vt-2025/annex-2/I.7/province", tmp_path / "i7.json"
    asked = ("explain", target, "--as-of", "2025-03-31", "--receipt", str(file))
    run = command(up.folder, *asked)
    assert run.returncode == 0, run.stderr
    assert json.loads(file.read_bytes())["seals"]["receipt"] in run.stdout
    check = ("verify", "--receipt", str(file), "--json")
    assert data(tmp_path / "nowhere", *check[:-1])["verified"]
    assert data(up.folder, *check[:-1], "--against")["against_log"]
    receipt = json.loads(file.read_bytes())
    (event,) = [e for e in receipt["entries"] if e["id"] == "annex-2/I.7#1"]
    event["sender"] = 10**6  # decides nothing here, so only the log can tell
    file.write_bytes(sealed_again(receipt))
    assert data(tmp_path / "nowhere", *check[:-1])["verified"]
    run = command(up.folder, *check, "--against")
    assert run.returncode == 1
    assert json.loads(run.stdout)["fault"]["where"].endswith("/sender")


def test_the_demo_is_reproducible_and_has_keys_of_its_own(up: Up) -> None:
    arguments = ("demo", "--units", "60", "--months", "3", "--until", "2026-06")
    first = data(up.folder, *arguments)
    again = data(up.folder, *arguments)
    assert first["new"] == again["duplicate"] == first["events"] > 100
    assert again["new"] == 0
    file = up.folder / "demo-credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    card = data(up.folder, "scorecard", "38", "--plan", first["plan"])
    assert {r["verdict"] for r in card["results"]} & {"met", "not_met"}
    assert command(up.folder, "verify").returncode == 0
