"""Archive files in a folder, each under its month and its hash: written whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from chitieu.archive.file import Damaged, Line, Summary, read
from chitieu.months import parse_month

_NAME: Final = re.compile(r"(\d{4}-\d{2})\.([0-9a-f]{64})\.jsonl\.gz")
_AT_ONCE: Final = 1 << 20


class Kept(NamedTuple):
    """A written file."""

    path: Path
    sha256: str
    size: int


@contextmanager
def unfinished(folder: Path, month: str) -> Iterator[BinaryIO]:
    """A file to write into, beside where it will lie; gone after the block unless it was kept."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{month}.{os.getpid()}.part"
    try:
        with path.open("w+b") as out:
            yield out
    finally:
        path.unlink(missing_ok=True)


def keep(out: BinaryIO, folder: Path, month: str) -> Kept:
    """Give what was written its name, when it is safely on the disk."""
    out.flush()
    os.fsync(out.fileno())
    out.seek(0)
    sha256 = hash_of(out)
    path = folder / f"{month}.{sha256}.jsonl.gz"
    Path(out.name).replace(path)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return Kept(path, sha256, path.stat().st_size)


def hash_of(source: BinaryIO) -> str:
    """SHA-256 of all that follows."""
    state = hashlib.sha256()
    while piece := source.read(_AT_ONCE):
        state.update(piece)
    return state.hexdigest()


def checked(path: Path, progress: Callable[[int], None] | None = None) -> tuple[Kept, Summary]:
    """Read a file to its end. Damaged unless each line is as written, and all as its name says.

    `progress` is told how many entries more were read.
    """
    *_, summary = deque(lines_of(path, progress), 1)
    assert isinstance(summary, Summary)  # or `read` would have raised
    with path.open("rb") as source:
        kept = Kept(path, hash_of(source), path.stat().st_size)
    named = _NAME.fullmatch(path.name)
    if named is not None and (named[1], named[2]) != (summary.month, kept.sha256):
        raise Damaged(
            f"{path.name}: nội dung là {summary.month}, sha256 {kept.sha256}, khác tên tệp",
            f"{path.name}: its content is {summary.month}, sha256 {kept.sha256}, not its name's",
        )
    if parse_month(summary.month) is None:
        raise Damaged(f"{path.name}: không có tháng", f"{path.name}: of no month")
    return kept, summary


def lines_of(
    path: Path, progress: Callable[[int], None] | None = None
) -> Iterator[Line | Summary]:  # fmt: skip
    """As `read`, saying which file is damaged."""
    seen = 0
    try:
        with path.open("rb") as source:
            for line in read(source):
                yield line
                seen += 1
                if progress and seen % 1000 == 0:
                    progress(1000)
    except Damaged as error:
        raise Damaged(f"{path.name}: {error.vi}", f"{path.name}: {error.en}") from error
    if progress:
        progress((seen - 1) % 1000)


def files_of(folder: Path) -> dict[str, Path]:
    """The files of a folder by their hash, as their names say."""
    found = {}
    for path in sorted(folder.iterdir()):
        named = _NAME.fullmatch(path.name)
        if named is not None:
            found[named[2]] = path
    return found
