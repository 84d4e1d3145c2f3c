"""The log in memory: for `verify`, for tests, and as the plainest statement of what a log is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from chitieu.ports import Entry, Head, NewEntry


class MemoryLog:
    """The `EventLog` port over a list. Lost with the process."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._known = 0
        self._grown = asyncio.Event()

    def append(self, entries: Sequence[NewEntry], now: int) -> None:
        """Place entries at once; `now` in microseconds, and a clock that goes back is borne."""
        for entry in entries:
            self._known = max(now, self._known + 1)
            self._entries.append(
                Entry(**asdict(entry), seq=len(self._entries) + 1, known=self._known)
            )
        self._grown.set()

    def entries(self) -> list[Entry]:
        """All of them."""
        return list(self._entries)

    async def head(self) -> Head:
        return Head(1, len(self._entries), self._known)

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        return self._entries[after : after + limit]

    async def wait(self, after: int, timeout_seconds: float) -> None:
        if len(self._entries) > after:
            return
        self._grown.clear()
        try:
            await asyncio.wait_for(self._grown.wait(), timeout_seconds)
        except TimeoutError:
            return
