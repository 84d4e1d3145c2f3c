"""Positions for what was just committed, on a connection of its own, beside the answers.

The scorer places as well, but only between two evaluations. No answer waits for this, and a fault
here is only logged: what is committed is placed later, by whoever is there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg

from chitieu.periods import to_microseconds
from chitieu.postgres.log import take_turn
from chitieu.postgres.months import Ahead
from chitieu.postgres.pool import ACQUIRE_SECONDS, TROUBLE

_logger = logging.getLogger("chitieu.ingest")

# How soon to look again for what an older transaction holds up.
_HELD_UP_SECONDS: Final = 0.005
_RETRY_SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
_LAST_SECONDS: Final = 1.0


class Placer:
    """One a process. `start` returns at once; the first turn takes what was left behind."""

    def __init__(self, dsn: str, now: Callable[[], dt.datetime]) -> None:
        """`now` is the clock."""
        self._dsn, self._now = dsn, now
        self._some = asyncio.Event()
        self._ahead = Ahead()
        self._connection: Any = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Begin to place."""
        self._task = asyncio.create_task(self._run())

    def committed(self) -> None:
        """Something was, or may have been, committed."""
        self._some.set()

    async def close(self) -> None:
        """Place what was committed last, if that is possible soon, then end."""
        self._closing = True
        self._some.set()
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, _LAST_SECONDS)
        self._drop()

    async def _run(self) -> None:
        tries = 0
        while True:
            self._some.clear()
            try:
                waits = await self._place()
                tries = 0
            except Exception as error:
                unknown = not isinstance(error, TROUBLE)
                _logger.warning("not placed: %s", type(error).__name__, exc_info=unknown)
                self._drop()
                if self._closing:
                    return
                await asyncio.sleep(_RETRY_SECONDS[min(tries, len(_RETRY_SECONDS) - 1)])
                tries += 1
                continue
            # Told again meanwhile, it looks again: this turn may have read before the last commit.
            if self._closing and not self._some.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._some.wait(), _HELD_UP_SECONDS if waits else None)

    async def _place(self) -> bool:
        """Everything that can be placed now; True when an older transaction holds something up."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn, timeout=ACQUIRE_SECONDS, command_timeout=10,
                server_settings={
                    "application_name": "chitieu-placer", "statement_timeout": "5s",
                    "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s",
                },
            )  # fmt: skip
        await self._ahead.make(self._connection, self._now())
        while True:
            done = await take_turn(self._connection, to_microseconds(self._now()))
            if not (done.entries and done.waits):
                return done.waits

    def _drop(self) -> None:
        if self._connection is not None and not self._connection.is_closed():
            self._connection.terminate()
        self._connection = None
