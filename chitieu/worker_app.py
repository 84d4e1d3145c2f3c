"""A process that works by itself, as an ASGI app: `/livez`, `/readyz`, `/metrics` tell of it.

It comes back by itself from whatever went wrong: it tries again, its log and `/readyz` say what is
wrong, and nothing is skipped.
"""

from __future__ import annotations

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from chitieu.web import Receive, Scope, Send, send_bytes, send_json

RETRY_SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
# So long must it have worked for its next fault to be a first one again.
_WELL_SECONDS: Final = 30.0
# A fault that stays the same is told this often: for an hour of it, in sixty lines.
_TOLD_AGAIN_SECONDS: Final = 60.0


class WorkerApp(ABC):
    """`name` is the word for logs and measures."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stop = asyncio.Event()
        self._fault: str | None = "starting"
        self._told: tuple[str, float] = ("", 0.0)
        self._logger = logging.getLogger(f"chitieu.{name}")

    @abstractmethod
    async def work(self) -> None:
        """Connect and work until `stop`; call `well` when it goes; raise what is wrong."""

    @abstractmethod
    def report(self) -> Mapping[str, Any]:
        """How far it is: what `/readyz` shows; whole numbers are measures too."""

    def well(self) -> None:
        """It works."""
        self._fault = None

    @property
    def fault(self) -> str | None:
        """What is wrong; None when it works."""
        return self._fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the server's lifespan."""
        path = scope.get("path")
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif path == "/livez":
            await send_json(send, 200, {"status": "ok"})
        elif path == "/readyz":
            fine = self._fault is None
            body = {"status": "ok" if fine else "unavailable", "fault": self._fault}
            await send_json(send, 200 if fine else 503, {**body, **self.report()})
        elif path == "/metrics":
            await send_bytes(send, 200, CONTENT_TYPE_LATEST.encode(), self._measures(), [])
        else:
            await send_json(send, 404, {"status": "not found"})

    def _measures(self) -> bytes:
        registry = CollectorRegistry()
        numbers = {"fault": int(self._fault is not None), **self.report()}
        for key, value in numbers.items():
            if isinstance(value, int):
                name = f"chitieu_{self.name}_{key}"
                Gauge(name, f"{key} of this {self.name}", registry=registry).set(value)
        return generate_latest(registry)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        worker = asyncio.create_task(self._work())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.stop.set()
        await worker
        await send({"type": "lifespan.shutdown.complete"})

    async def _work(self) -> None:
        tries, loop = 0, asyncio.get_running_loop()
        while not self.stop.is_set():
            started = loop.time()
            try:
                await self.work()
                tries = 0
            except (Exception, asyncio.CancelledError) as error:
                if (ours := asyncio.current_task()) and ours.cancelling():
                    raise
                # Else a library let its own cancellation out; nobody told us to end.
                tries = 0 if loop.time() - started > _WELL_SECONDS else tries
                self._tell(error)
                delay = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                tries += 1
                await asyncio.wait({asyncio.create_task(self.stop.wait())}, timeout=delay)

    def _tell(self, error: BaseException) -> None:
        self._fault = self.say(error)
        now = asyncio.get_running_loop().time()
        same = self._told[0] == self._fault
        if same and now - self._told[1] < _TOLD_AGAIN_SECONDS:
            return
        self._told = (self._fault, now)
        line = {"event": f"{self.name}_fault", "fault": self._fault, **self.report()}
        # The first time with where in the code it happened, unless its line says all.
        log = self._logger.error if same or self.known(error) else self._logger.exception
        log(json.dumps(line, ensure_ascii=False, default=str))

    def say(self, error: BaseException) -> str:
        """A fault in a line."""
        return str(error) if self.known(error) else f"{type(error).__name__}: {error}"

    def known(self, error: BaseException) -> bool:
        """Whether its line says all that there is to say."""
        del error
        return False
