"""The file alone: it comes back as it went in, and one changed byte is found where it is."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from chitieu.archive.file import Damaged, Line, Summary, Writer, read
from chitieu.archive.folder import checked, files_of, keep, unfinished
from tests.archive.made import some_lines

SENDERS = {1: "bv-1"}


def written(lines: list[Line]) -> tuple[bytes, Summary]:
    out = io.BytesIO()
    writer = Writer(out, "2027-02")
    for line in lines:
        writer.add(line)
    summary = writer.close(SENDERS)
    return out.getvalue(), summary


def zipped(text: bytes) -> io.BytesIO:
    return io.BytesIO(gzip.compress(text))


def a_file(folder: Path) -> Path:
    with unfinished(folder, "2027-02") as out:
        writer = Writer(out, "2027-02")
        for line in some_lines():
            writer.add(line)
        writer.close(SENDERS)
        return keep(out, folder, "2027-02").path


def test_what_was_written_is_read_and_the_same_entries_give_the_same_bytes() -> None:
    lines = some_lines()
    content, summary = written(lines)
    assert [*read(io.BytesIO(content))] == [*lines, summary]
    assert summary.ranges == ((100, 120), (126, 144))
    assert (summary.entries, summary.batches, summary.month) == (40, 14, "2027-02")
    assert written(lines)[0] == content


def test_each_line_is_json_and_times_are_exact() -> None:
    rows = [json.loads(row) for row in gzip.decompress(written(some_lines())[0]).splitlines()]
    assert rows[0]["format"] == "chitieu-archive/1"
    assert {type(row["time"]) for row in rows[1:-1]} == {int, type(None)}
    assert rows[-1]["senders"] == {"1": "bv-1"}


def test_one_changed_byte_is_found_in_its_line() -> None:
    """Every byte of a small file, packed again so that only our own proof can find it."""
    text = gzip.decompress(written(some_lines(6))[0])
    for at in range(len(text)):
        changed = text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]
        with pytest.raises(Damaged) as told:
            list(read(zipped(changed)))
        line = text[:at].count(b"\n") + 1
        if line > 1 and text[at : at + 1] != b"\n":
            assert f"line {line} " in told.value.en, (at, told.value.en)


def test_a_changed_byte_of_the_packed_file_is_found(tmp_path: Path) -> None:
    path = a_file(tmp_path)
    content = path.read_bytes()
    for at in range(0, len(content), 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        with pytest.raises(Damaged, match=path.name):
            checked(path)
    path.write_bytes(content)
    assert checked(path)[1].entries == 40


@pytest.mark.parametrize("cut", [1, 9, 200])
def test_a_file_that_was_cut_off_is_damaged(cut: int) -> None:
    content, _ = written(some_lines())
    with pytest.raises(Damaged):
        list(read(io.BytesIO(content[:-cut])))


def test_lines_left_out_swapped_or_added_are_found() -> None:
    rows = gzip.decompress(written(some_lines())[0]).splitlines(keepends=True)
    for changed in (
        [*rows[:5], *rows[6:]],
        [*rows[:5], rows[6], rows[5], *rows[7:]],
        [*rows[:-1], rows[-2], rows[-1]],
        [*rows, rows[-1]],
        rows[:-1],
    ):
        with pytest.raises(Damaged):
            list(read(zipped(b"".join(changed))))


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", gzip.compress(b"", mtime=0), gzip.compress(b"{}\n", mtime=0),
                gzip.compress(b'{"format":"x","month":"2027-02"}\n', mtime=0)],
)  # fmt: skip
def test_what_is_no_archive_says_so(content: bytes) -> None:
    with pytest.raises(Damaged):
        list(read(io.BytesIO(content)))


def test_entries_out_of_order_are_not_written() -> None:
    lines = some_lines()
    for wrong in ([lines[1], lines[0]], [lines[0], lines[2]], [lines[1]]):
        with pytest.raises(ValueError, match="out of order"):
            written(wrong)


def test_a_file_of_another_name_is_not_taken_for_it(tmp_path: Path) -> None:
    path = a_file(tmp_path)
    assert files_of(tmp_path) == {checked(path)[0].sha256: path}
    other = path.rename(path.with_name(f"2027-02.{'0' * 64}.jsonl.gz"))
    with pytest.raises(Damaged, match="not its name's"):
        checked(other)
    assert checked(other.rename(tmp_path / "copy.gz"))[1].month == "2027-02"


def test_writing_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def breaks_off() -> None:
        with unfinished(tmp_path, "2027-02") as out:
            Writer(out, "2027-02").add(some_lines()[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breaks_off()
    assert list(tmp_path.iterdir()) == []
