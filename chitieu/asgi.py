"""Two ASGI apps behind one port, and an app's lifespan as a context manager. No framework."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# Reports are written by ingest; everything else, reading them too, is the api's.
_INGEST: Final = {"/v1/events": frozenset({"POST", "OPTIONS"}), "/v1/limits": None}


class LifespanFailed(Exception):
    """An app could not start; the text is its reason."""


class OnePort:
    """`ingest` and `api` as one app, for the machine that runs both in one process."""

    def __init__(self, ingest: App, api: App, started: Callable[[], None]) -> None:
        """Both get their own lifespan; `started` is called when they have begun."""
        self._ingest, self._api, self._started = ingest, api, started

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or live through the server's lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        app = self._ingest if _is_ingest(scope) else self._api
        await app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            await receive()
            try:
                for app in (self._ingest, self._api):
                    await stack.enter_async_context(lifespan(app))
            except LifespanFailed as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            self._started()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def _is_ingest(scope: MutableMapping[str, Any]) -> bool:
    if scope["type"] != "http" or scope["path"] not in _INGEST:
        return False
    methods = _INGEST[scope["path"]]
    return methods is None or scope["method"] in methods


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[None]:
    """Start an app, and shut it down after the block. Raises LifespanFailed."""
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}

    async def live() -> None:
        try:
            await app(scope, to_app.get, from_app.put)
        except Exception as error:
            await from_app.put({"type": "raised", "message": f"{type(error).__name__}: {error}"})
        else:
            await from_app.put({"type": "returned"})

    task = asyncio.create_task(live())
    try:
        await to_app.put({"type": "lifespan.startup"})
        answer = await from_app.get()
        # By the specification an app that raises here only says that it has no lifespan; ours
        # have one, so it is a failure.
        if answer["type"] in ("lifespan.startup.failed", "raised"):
            raise LifespanFailed(answer.get("message", ""))
        yield
        if not task.done():
            await to_app.put({"type": "lifespan.shutdown"})
            await from_app.get()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
