"""`chitieu archive`: what it prints, how it ends, in two languages."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from chitieu.cli import archive
from chitieu.cli.app import app
from tests.archive.made import fingerprints, lived


@pytest.fixture
def filled(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that lived through February 2027, and a clock in March."""

    async def live() -> None:
        async with lived(database):
            pass

    asyncio.run(live())
    monkeypatch.setenv("CHITIEU_DATABASE_URL", database)
    monkeypatch.setattr(archive, "clock", lambda: dt.datetime(2027, 3, 10, 3, tzinfo=dt.UTC))
    return database


def told(*words: str | Path, lang: str = "en", code: int = 0) -> str:
    done = CliRunner().invoke(app, ["--lang", lang, *map(str, words)])
    assert done.exit_code == code, done.output
    return done.output


def held(dsn: str) -> dict[str, str]:
    async def ask() -> dict[str, str]:
        connection: Any = await asyncpg.connect(dsn)
        try:
            return await fingerprints(connection)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_archive_drop_verify_restore(filled: str, tmp_path: Path) -> None:
    before, folder = held(filled), tmp_path / "archives"
    made = json.loads(told("archive", "2027-02", "--to", folder, "--json"))
    path = Path(made["file"])
    assert (made["month"], made["dropped"]) == ("2027-02", False)
    assert made["entries"] == sum(last - first + 1 for first, last in made["positions"]) > 20
    assert path.name == f"2027-02.{made['sha256']}.jsonl.gz"
    assert path.stat().st_size == made["bytes"]
    assert held(filled) == before, "nothing is dropped unless --drop says so"

    assert "dropped the text" in told("archive", "2027-02", "--to", folder, "--drop")
    assert list(folder.iterdir()) == [path]
    checked = json.loads(told("archive", "verify", path, "--json"))
    assert checked["against_database"]
    assert "nguyên vẹn" in told("archive", "verify", path, "--alone", lang="vi")

    refused = told("verify", code=2)
    assert path.name in refused
    assert "--archive" in refused
    assert "equal:" in told("verify", "--archive", folder)

    assert "brought 2027-02 back" in told("archive", "restore", path)
    assert held(filled) == before
    assert "equal:" in told("verify")


def test_a_damaged_file_is_not_so(filled: str, tmp_path: Path) -> None:
    path = Path(
        json.loads(told("archive", "2027-02", "--to", tmp_path, "--drop", "--json"))["file"]
    )
    content = path.read_bytes()
    path.write_bytes(content[:99] + bytes([content[99] ^ 4]) + content[100:])
    for words in (("archive", "verify", path), ("archive", "verify", path, "--alone"),
                  ("archive", "restore", path), ("verify", "--archive", tmp_path)):  # fmt: skip
        assert path.name in told(*words, code=1)
    path.write_bytes(content)
    told("archive", "restore", path)


@pytest.mark.parametrize(
    ("words", "said_vi", "said_en"),
    [
        (("2027-13",), "không phải tháng", "no month"),
        (("2027-03",), "chưa kết thúc", "has not been over"),
        (("2020-01",), "không nằm riêng", "not kept apart"),
    ],
)
def test_what_cannot_be_archived_is_said_in_both_languages(
    filled: str, tmp_path: Path, words: tuple[str, ...], said_vi: str, said_en: str
) -> None:
    assert said_vi in told("archive", *words, "--to", tmp_path, lang="vi", code=2)
    assert said_en in told("archive", *words, "--to", tmp_path, code=2)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_and_a_file_that_is_not_there(
    filled: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    told("archive", "2027-02", "--to", tmp_path / "file", code=2)
    told("archive", "verify", tmp_path / "none.jsonl.gz", code=2)
    told("verify", "--archive", tmp_path / "none", code=2)
    told("archive", code=2)
