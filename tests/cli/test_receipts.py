"""`verify --receipt` as a newcomer runs it: a file and the catalogue, no system, no network."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from chitieu.receipts.receipt import receipt_bytes
from tests.builders import REPOSITORY, Scene, base_units, posted_results, real_catalogue
from tests.cli.product import command
from tests.receipts.made import receipt_at, sealed_again

TARGET = "br-vt-2025/annex-2/I.7/province"


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    catalogue = real_catalogue()
    scene = Scene(catalogue, [*base_units(catalogue), *posted_results(catalogue)])
    path = tmp_path_factory.mktemp("receipt") / "i7.json"
    path.write_bytes(receipt_bytes(receipt_at(scene, "77", "2025-03-31", TARGET)))
    return path


def verify(path: Path, *more: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    folder = path.parent / "no-such-folder"
    # No address that anything could be reached at, and no data.
    run = command(
        folder, "--lang", lang, "verify", "--receipt", str(path), *more,
        more={"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"},
    )  # fmt: skip
    assert not folder.exists()
    assert "Traceback" not in run.stderr
    return run


def test_a_good_receipt_ends_with_0_and_says_what_was_checked(receipt: Path) -> None:
    run = verify(receipt)
    assert run.returncode == 0, run.stdout + run.stderr
    for word in ("86.51%", "verified", "chain unbroken", real_catalogue().digest, "byte for byte"):
        assert word in run.stdout
    assert "KHÔNG" not in verify(receipt, lang="vi").stdout


def test_json_says_the_same(receipt: Path) -> None:
    answer = json.loads(verify(receipt, "--json").stdout)
    assert (answer["verified"], answer["fault"], answer["target"]) == (True, None, TARGET)
    assert answer["seal"] == json.loads(receipt.read_bytes())["seals"]["receipt"]


def test_a_changed_byte_ends_with_1_and_says_where(receipt: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.json"
    changed.write_bytes(receipt.read_bytes().replace(b'"cashless', b'"cashlezz').replace(
        b'"numerator":776', b'"numerator":777', 1
    ))  # fmt: skip
    run = verify(changed)
    assert run.returncode == 1
    assert "NOT SO" in run.stdout


def test_a_forged_figure_ends_with_1_and_is_named(receipt: Path, tmp_path: Path) -> None:
    held = json.loads(receipt.read_bytes())
    forged = tmp_path / "forged.json"
    forged.write_bytes(sealed_again(held, result=held["result"] | {"numerator": 896}))
    run = verify(forged, "--json")
    assert run.returncode == 1
    fault = json.loads(run.stdout)["fault"]
    assert (fault["stage"], fault["where"]) == ("result", "/result/numerator")


def test_another_catalogue_ends_with_2_and_is_named(receipt: Path) -> None:
    other = REPOSITORY / "tests" / "bad_catalogue" / "base"
    run = verify(receipt, "--catalogue", str(other))
    assert run.returncode == 2
    assert real_catalogue().digest in run.stdout
    same = verify(receipt, "--catalogue", str(REPOSITORY / "catalogue"))
    assert same.returncode == 0


@pytest.mark.parametrize("arguments", [("--against",), ("--catalogue", "catalogue")])
def test_options_of_a_receipt_need_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run = command(tmp_path, "verify", *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert "--receipt" in run.stderr


def test_no_such_file_and_no_such_folder_end_with_2(receipt: Path) -> None:
    assert verify(receipt.with_name("none.json")).returncode == 2
    assert verify(receipt, "--catalogue", str(receipt.parent / "none")).returncode == 2
    assert verify(receipt, "--against").returncode == 2
