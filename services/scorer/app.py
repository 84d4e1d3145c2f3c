"""The scorer as an ASGI app: its lifespan runs the worker, its two paths tell how it is.

It comes back by itself from a lost connection and from another scorer moving the position. A fault
that repeats is logged each time with its position, and `/readyz` says so: nothing is skipped.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import asyncpg

from chitieu.periods import civil_day
from chitieu.places import Places
from chitieu.web import send_json
from services.scorer.worker import Scorer, run

logger = logging.getLogger("chitieu.scorer")

Message = MutableMapping[str, Any]
RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)


def clock() -> dt.datetime:
    """The edge's clock."""
    return dt.datetime.now(dt.UTC)


class ScorerApp:
    """`dsn` is a PostgreSQL address that asyncpg reads."""

    def __init__(self, dsn: str, places: Places) -> None:
        self._dsn = dsn
        self._places = places
        self._stop = asyncio.Event()
        self._scorer: Scorer | None = None
        self._fault: str | None = "starting"

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"] == "/livez":
            await send_json(send, 200, {"status": "ok"})
        elif scope["type"] == "http" and scope["path"] == "/readyz":
            body = {
                "status": "ok" if self._fault is None else "unavailable",
                "fault": self._fault,
                "position": self._scorer.position if self._scorer else None,
            }
            await send_json(send, 200 if self._fault is None else 503, body)
        else:
            await send_json(send, 404, {"status": "not found"})

    async def _live(
        self,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        await receive()
        worker = asyncio.create_task(self._work())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._stop.set()
        await worker
        await send({"type": "lifespan.shutdown.complete"})

    async def _work(self) -> None:
        tries = 0
        while not self._stop.is_set():
            try:
                await self._connected()
                tries = 0
            except Exception as error:
                self._fault = f"{type(error).__name__}: {error}"
                position = self._scorer.position if self._scorer else None
                logger.exception(json.dumps({"event": "scorer_fault", "position": position}))
                delay = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                tries += 1
                await asyncio.wait({asyncio.create_task(self._stop.wait())}, timeout=delay)

    async def _connected(self) -> None:
        connection = await asyncpg.connect(
            self._dsn, server_settings={"application_name": "chitieu-scorer"}
        )
        try:
            self._scorer = Scorer(connection, self._places)
            await self._scorer.start(civil_day(clock()))
            self._fault = None
            await run(connection, self._scorer, self._stop, clock)
        finally:
            await connection.close(timeout=5)
