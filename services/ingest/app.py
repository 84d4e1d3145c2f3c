"""The ASGI app of ingest: routes, keys, limits, life. No framework stands on this path."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg

from chitieu.catalogue.location import default_root
from chitieu.catalogue.places_files import load_provinces
from chitieu.cloudevents import (
    ACCEPT_POST,
    MAX_BODY_BYTES,
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    MAX_EVENTS,
)
from chitieu.errors import Language, Problem
from chitieu.keys import Principal
from chitieu.places import Places
from chitieu.postgres.intake import Coalescer
from chitieu.postgres.keys import KeyRing
from chitieu.postgres.pool import TROUBLE, nothing_to_reset, open_pool
from chitieu.postgres.server import UnfitServer, refuse_unfit
from chitieu.settings import Settings
from chitieu.web import (
    JSON,
    Disconnected,
    Receive,
    Scope,
    Send,
    bearer,
    language,
    request_id,
    send_bytes,
    to_json,
)
from services.ingest.answers import Answer, problem_answer
from services.ingest.directory import Directory
from services.ingest.placer import Placer
from services.ingest.receive import SECONDS_TO_RETRY, Intake

_logger = logging.getLogger("chitieu.ingest")

_CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="chitieu"')
_BAD_KEY: Final = (b"www-authenticate", b'Bearer realm="chitieu", error="invalid_token"')
_ALIVE: Final = Answer(200, JSON, to_json({"status": "ok"}))
_NOT_READY: Final = Answer(503, JSON, to_json({"status": "unavailable"}), [(b"retry-after", b"1")])
_LIMITS: Final = Answer(
    200,
    JSON,
    to_json(
        {
            "max_batch_events": MAX_EVENTS,
            "max_body_bytes": MAX_BODY_BYTES,
            "max_event_bytes": MAX_EVENT_BYTES,
            "max_depth": MAX_DEPTH,
        }
    ),
)
_METHODS: Final = {
    "/v1/events": ("OPTIONS", "POST"),
    "/v1/limits": ("GET", "HEAD"),
    "/livez": ("GET", "HEAD"),
    "/readyz": ("GET", "HEAD"),
}


class IngestApp:
    """Call it as an ASGI app. `startup` and `shutdown` may be called instead of its lifespan."""

    def __init__(
        self,
        settings: Settings,
        places: Places | None = None,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        clock: Callable[[], float] = time.monotonic,
        most_requests: int = 512,
        pool_size: int = 6,
    ) -> None:
        """`most_requests` at a time are let in; more are told to come again."""
        self._dsn = settings.database_dsn
        self._places = places or load_provinces(default_root() / "places")
        self._now, self._clock = now, clock
        self._most_requests, self._pool_size = most_requests, pool_size
        self._requests = 0
        self._process, self._numbers = secrets.token_hex(6), itertools.count(1)
        self._ready = False
        self._pool: asyncpg.Pool | None = None

    async def startup(self) -> None:
        """Connect, refuse a server that could lose what it committed, read keys and units."""
        self._pool = await open_pool(
            self._dsn, "chitieu-ingest", size=self._pool_size, reset=nothing_to_reset
        )
        async with self._pool.acquire() as connection:
            await refuse_unfit(connection)
        self._keys = KeyRing(self._pool, self._clock)
        self._directory = Directory(self._pool, self._dsn, self._places, self._clock)
        await self._directory.start()
        self._coalescer = Coalescer(self._pool, self._now)
        self._coalescer.start()
        batches = asyncio.Semaphore(max(1, self._pool_size - 2))
        self._placer = Placer(self._dsn, self._now)
        self._placer.start()
        self._intake = Intake(
            self._pool, self._directory, self._coalescer, batches, self._now,
            self._placer.committed,
        )  # fmt: skip
        self._ready = True

    async def shutdown(self) -> None:
        """Answer what is queued, then let go of everything."""
        was_ready, self._ready = self._ready, False
        if was_ready:
            await self._coalescer.close()
            await self._placer.close()
            await self._directory.close()
        if self._pool is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._pool.close(), 5)
            self._pool.terminate()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the server's lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.startup()
        except (UnfitServer, *TROUBLE) as error:
            await self.shutdown()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = request_id(scope, f"{self._process}-{next(self._numbers):x}")
        speech = language(scope)
        self._requests += 1
        try:
            answer = await self._answer(scope, receive, speech)
        except Disconnected:
            return
        except Problem as problem:
            if problem.__cause__ is not None:
                _logger.warning("%s: %s", name, type(problem.__cause__).__name__)
            answer = problem_answer(problem, speech)
        except Exception:
            _logger.exception("%s: unexpected", name)
            answer = problem_answer(Problem("internal_error"), speech)
        finally:
            self._requests -= 1
        headers = [(b"x-request-id", name.encode()), *answer.headers]
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send_bytes(send, answer.status, answer.content_type, body, headers)

    async def _answer(self, scope: Scope, receive: Receive, speech: Language) -> Answer:
        path, method = scope["path"], scope["method"]
        allowed = _METHODS.get(path)
        if allowed is None:
            raise Problem("not_found")
        if method not in allowed:
            names = ", ".join(allowed)
            raise Problem("method_not_allowed", {"allowed": names},
                          headers=[(b"allow", names.encode())])  # fmt: skip
        if path == "/v1/events":
            if method == "OPTIONS":
                allow = (b"allow", ", ".join(allowed).encode())
                return Answer(200, JSON, b"{}", [allow, ACCEPT_POST])
            if self._requests > self._most_requests or not self._ready:
                raise Problem("overloaded", retry_after=SECONDS_TO_RETRY)
            principal = await self._authenticate(scope)
            return await self._intake.post(scope, receive, principal, speech)
        if path == "/v1/limits":
            await self._authenticate(scope)
            return _LIMITS
        if path == "/readyz" and not await self._is_ready():
            return _NOT_READY
        return _ALIVE

    async def _authenticate(self, scope: Scope) -> Principal:
        given = bearer(scope)
        if given is None:
            raise Problem("key_missing", headers=[_CHALLENGE])
        try:
            principal = await self._keys.principal(given)
        except TROUBLE as error:
            raise Problem("unavailable", retry_after=SECONDS_TO_RETRY) from error
        if principal is None:
            raise Problem("key_invalid", headers=[_BAD_KEY])
        return principal

    async def _is_ready(self) -> bool:
        """Ready means that a commit could be answered: the schema is there and writable."""
        if not self._ready or self._pool is None:
            return False
        try:
            async with self._pool.acquire(timeout=1) as connection:
                found: Any = await connection.fetchval(
                    "SELECT NOT pg_is_in_recovery() FROM log_head", timeout=1
                )
        except TROUBLE:
            return False
        return bool(found)


def create_app(settings: Settings, **options: Any) -> IngestApp:
    """The app of one process; its lifespan connects to the database of the settings."""
    return IngestApp(settings, **options)
