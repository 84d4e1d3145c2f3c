"""The whole log again, its archived months out of their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chitieu.archive.file import Line, Summary
from chitieu.archive.folder import checked, files_of, lines_of
from chitieu.ports import Entry
from chitieu.postgres.archived import EntriesArchived
from chitieu.postgres.log import read_entries


class WholeLog:
    """Reads on and on, as `read_entries`; what is not in the database comes from a folder."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds archive files under their names."""
        self._files = files_of(folder)
        self._open: dict[str, _Ahead] = {}

    async def read(self, connection: Any, after: int, limit: int) -> list[Entry]:
        """At most `limit` entries beyond `after`. EntriesArchived without its file; Damaged."""
        for ahead in self._open.values():
            if ahead.next == after + 1:
                return ahead.take(limit)
        try:
            return await read_entries(connection, after, limit)
        except EntriesArchived as gone:
            if gone.seq > after + 1:
                return await read_entries(connection, after, gone.seq - 1 - after)
            path = self._files.get(gone.sha256)
            if path is None:
                raise
            if gone.sha256 not in self._open:
                checked(path)
            self._open[gone.sha256] = ahead = _Ahead(lines_of(path))
            ahead.skip(after + 1)
            if ahead.next != after + 1:
                raise
            return ahead.take(limit)


class _Ahead:
    """Lines, one of them looked at already."""

    def __init__(self, lines: Iterator[Line | Summary]) -> None:
        self._lines = lines
        self._line = next(lines)

    @property
    def next(self) -> int | None:
        """The position of the next entry."""
        return self._line.entry.seq if isinstance(self._line, Line) else None

    def skip(self, seq: int) -> None:
        """Go on to a position, or beyond."""
        while isinstance(self._line, Line) and self._line.entry.seq < seq:
            self._line = next(self._lines)

    def take(self, limit: int) -> list[Entry]:
        """Entries that follow each other."""
        found: list[Entry] = []
        while (
            isinstance(self._line, Line)
            and len(found) < limit
            and (not found or self._line.entry.seq == found[-1].seq + 1)
        ):
            found.append(self._line.entry)
            self._line = next(self._lines)
        return found
