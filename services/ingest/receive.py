"""One `POST /v1/events`: read, judge, store, answer."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import asyncpg

from chitieu.cloudevents import MAX_BODY_BYTES, RawEvents, check_depth, mode_of, read_events
from chitieu.errors import Fault, Language, Problem, of_faults
from chitieu.events import (
    MAX_EVENT_BYTES,
    ValidEvent,
    has_extensions,
    is_too_large,
)
from chitieu.keys import Principal
from chitieu.postgres.intake import Coalescer, Item, Outcome, Overloaded, accept, look
from chitieu.postgres.pool import ACQUIRE_SECONDS, TROUBLE
from chitieu.text import nfc
from chitieu.web import Receive, Scope, header, read_body
from services.ingest.answers import (
    NOT_ALLOWED,
    Answer,
    Options,
    Verdict,
    answer_of,
    is_refusal,
    refused_as_one,
)
from services.ingest.directory import Directory

SECONDS_TO_RETRY: Final = 1
# So many events go through the coalescer; more are a transaction of their own.
_FEW: Final = 16
# Between so many events others get their turn.
_STRETCH: Final = 250
# So many attributes has an event without extensions at least; others are looked at for size.
_USUAL: Final = 7
_UNKNOWN_YET: Final = frozenset({"unknown_type", "unknown_item", "subject_not_allowed"})
_ALLOWED: Final = "dry_run=true|false, atomic=true|false"


@dataclass(frozen=True, slots=True)
class Intake:
    """All that receiving needs. `batches` bounds how many large requests are worked on at once.

    `committed` is told of each commit, or of what may have been one; it must not wait.
    """

    pool: asyncpg.Pool
    directory: Directory
    coalescer: Coalescer
    batches: asyncio.Semaphore
    now: Callable[[], dt.datetime]
    committed: Callable[[], None]

    async def post(
        self, scope: Scope, receive: Receive, principal: Principal, speech: Language
    ) -> Answer:
        """The answer to one request; Problems are the caller's to send."""
        options = read_options(scope)
        mode = mode_of(scope["headers"])
        body = await read_body(scope, receive, MAX_BODY_BYTES)
        if len(body) <= MAX_EVENT_BYTES:
            raw = read_events(mode, scope["headers"], body)
            return await self._work(raw, principal, options, speech)
        # A large body is parsed only when its turn has come: parsed, it is ten times as large.
        async with self.batches:
            raw = read_events(mode, scope["headers"], body)
            return await self._work(raw, principal, options, speech)

    async def _work(
        self, raw: RawEvents, principal: Principal, options: Options, speech: Language
    ) -> Answer:
        received = self.now()
        judged = await self._judge(raw, principal, received)
        verdicts = await self._store(judged, principal, received, options)
        return answer_of(verdicts, raw.events, options, speech)

    async def _judge(
        self, raw: RawEvents, principal: Principal, received: dt.datetime
    ) -> list[ValidEvent | list[Fault]]:
        """Each event, or its faults. What may only be unknown yet is looked at once more."""
        judged: list[ValidEvent | list[Fault]] = []
        for index, event in enumerate(raw.events):
            judged.append(self._judge_one(event, principal, received))
            if index % _STRETCH == _STRETCH - 1:
                await asyncio.sleep(0)
        again = [
            index
            for index, found in enumerate(judged)
            if isinstance(found, list) and any(fault.code in _UNKNOWN_YET for fault in found)
        ]
        if again:
            try:
                await self.directory.reread()
            except TROUBLE:
                raise Problem("unavailable", retry_after=SECONDS_TO_RETRY) from None
            for index in again:
                judged[index] = self._judge_one(raw.events[index], principal, received)
        for index, found in enumerate(judged):
            if raw.too_large or isinstance(found, list) or len(raw.events[index]) > _USUAL:
                judged[index] = _sized(raw, raw.events[index], found)
        return judged

    def _judge_one(
        self, event: Any, principal: Principal, received: dt.datetime
    ) -> ValidEvent | list[Fault]:
        found = self.directory.reader.read(event, received)
        if isinstance(found, ValidEvent):
            if self.directory.may_write(principal, found.subject):
                return found
            if found.subject is None and principal.role != "ministry":
                return found  # a retraction: it can only name events of its own sender
            return [NOT_ALLOWED]
        subject = event.get("subject") if type(event) is dict else None
        # Rights come before figures, so that nothing is told about what the key may not write.
        if type(subject) is str and not any(fault.pointer == "/subject" for fault in found):
            if not self.directory.may_write(principal, nfc(subject)):
                return [NOT_ALLOWED]
        elif subject is None and principal.role == "ministry":
            return [NOT_ALLOWED]
        return found

    async def _store(
        self,
        judged: Sequence[ValidEvent | list[Fault]],
        principal: Principal,
        received: dt.datetime,
        options: Options,
    ) -> list[Verdict]:
        sender = principal.organisation_id
        items = [Item(sender, found) for found in judged if isinstance(found, ValidEvent)]
        whole = len(items) == len(judged)
        try:
            outcomes = await self._outcomes(items, received, options, whole)
        except Overloaded:
            raise Problem("overloaded", retry_after=SECONDS_TO_RETRY) from None
        except TROUBLE as error:
            raise Problem("outcome_unknown", retry_after=SECONDS_TO_RETRY) from error
        if whole and not options.atomic:
            return list(outcomes)
        following = iter(outcomes)
        verdicts: list[Verdict] = [
            next(following) if isinstance(found, ValidEvent) else of_faults(found)
            for found in judged
        ]
        if options.atomic and any(is_refusal(verdict) for verdict in verdicts):
            return refused_as_one(verdicts)
        return verdicts

    async def _outcomes(
        self, items: list[Item], received: dt.datetime, options: Options, whole: bool
    ) -> Sequence[Outcome]:
        if not items:
            return ()
        only_look = options.dry_run or (options.atomic and not whole)
        try:
            if len(items) <= _FEW and not options.atomic and not only_look:
                return await self.coalescer.submit(items)
            async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                if only_look:
                    return await look(connection, items)
                return await accept(connection, items, received, atomic=options.atomic)
        finally:
            # A fault may have come after the commit. A turn with nothing to place costs one look.
            self.committed()


def read_options(scope: Scope) -> Options:
    """`dry_run` and `atomic`, each at most once, true or false; anything else is a Problem."""
    found: dict[str, bool] = {}
    query: bytes = scope.get("query_string", b"")
    if query:
        try:
            pairs = parse_qsl(
                query.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict"
            )
        except ValueError:
            raise Problem("bad_parameter", {"allowed": _ALLOWED}) from None
        for name, value in pairs:
            known = name in ("dry_run", "atomic") and name not in found
            if not known or value not in ("true", "false"):
                raise Problem("bad_parameter", {"allowed": _ALLOWED})
            found[name] = value == "true"
    prefer = header(scope, b"prefer")
    wants = prefer is not None and b"return=representation" in prefer.lower().replace(b" ", b"")
    return Options(found.get("dry_run", False), found.get("atomic", False), wants)


def _sized(raw: RawEvents, event: Any, found: ValidEvent | list[Fault]) -> ValidEvent | list[Fault]:
    """Depth and size. What is valid is shallow, and small unless it has extensions."""
    valid = isinstance(found, ValidEvent)
    if not valid:
        check_depth(event, raw.depth)
    large = raw.too_large
    if not large and (not valid or has_extensions(event)):
        large = is_too_large(event)
    return [Fault("", "event_too_large", {"limit": MAX_EVENT_BYTES})] if large else found
