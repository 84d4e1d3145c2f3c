"""What a PostgreSQL server must be before anything is promised on it, and how far behind we are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from chitieu.postgres.facts import SCORED

_OLDEST: Final = 180_000


class UnfitServer(Exception):
    """The server is too old, or does not keep what it has committed; one line, vi / en."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Version and durability of a server."""

    version: int
    shown: str
    fsync: bool
    synchronous_commit: str
    full_page_writes: bool

    def fault(self) -> str | None:
        """Why it is not fit, or None."""
        if self.version < _OLDEST:
            return (
                f"PostgreSQL {self.shown} quá cũ, cần bản 18 trở lên"
                f" / PostgreSQL {self.shown} is too old, 18 or newer is needed"
            )
        off = [
            name
            for name, on in (
                ("fsync", self.fsync),
                ("full_page_writes", self.full_page_writes),
                ("synchronous_commit", self.synchronous_commit != "off"),
            )
            if not on
        ]
        if off:
            names = ", ".join(off)
            return (
                f"PostgreSQL đang tắt {names}: dữ liệu đã nhận có thể mất, hãy bật lại"
                f" / PostgreSQL has {names} off: accepted data could be lost, turn it on"
            )
        return None


async def facts_of(connection: Any) -> ServerFacts:
    """Ask a server."""
    row = await connection.fetchrow(
        "SELECT current_setting('server_version_num')::int AS version,"
        " current_setting('server_version') AS shown, current_setting('fsync') AS fsync,"
        " current_setting('synchronous_commit') AS synchronous_commit,"
        " current_setting('full_page_writes') AS full_page_writes"
    )
    return ServerFacts(
        row["version"], row["shown"], row["fsync"] == "on", row["synchronous_commit"],
        row["full_page_writes"] == "on",
    )  # fmt: skip


async def refuse_unfit(connection: Any) -> None:
    """Raise UnfitServer unless a 2xx means durable there."""
    if (fault := (await facts_of(connection)).fault()) is not None:
        raise UnfitServer(fault)


async def make_database(dsn: str, name: str) -> None:
    """Make a database of that plain name if there is none; `dsn` is of another one."""
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the log and the scorer are; `behind` is what is committed and not scored."""

    placed: int
    scored: int
    waiting_batches: int

    @property
    def behind(self) -> int:
        """Placed entries that are not scored; 0 says nothing of batches that wait."""
        return self.placed - self.scored

    @property
    def done(self) -> bool:
        """Everything committed is scored."""
        return self.waiting_batches == 0 and self.behind <= 0


async def progress_of(connection: Any) -> Progress:
    """Ask how far everything is."""
    row = await connection.fetchrow(
        f"SELECT h.seq, {SCORED} AS scored,"  # noqa: S608 - a constant
        " (SELECT count(*) FROM batch b WHERE (b.xid, b.id) > (h.last_xid, h.last_batch)) AS waits"
        " FROM log_head h"
    )
    return Progress(row["seq"], row["scored"], row["waits"])
