"""Connections that cannot hang: every wait has a limit, and the server ends what is forgotten."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

ACQUIRE_SECONDS: Final = 2.0
_COMMAND_SECONDS: Final = 10.0

# What a broken database looks like from here. None of them says whether a commit took place.
TROUBLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


async def open_pool(
    dsn: str, name: str, *, size: int = 4, statement_seconds: int = 5, **options: Any
) -> asyncpg.Pool:
    """A pool whose sessions are called `name`; one connection is opened at once, to fail early."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=ACQUIRE_SECONDS,
        command_timeout=_COMMAND_SECONDS,
        server_settings={
            "application_name": name,
            "statement_timeout": f"{statement_seconds}s",
            "lock_timeout": "2s",
            "idle_in_transaction_session_timeout": "10s",
            "timezone": "UTC",
        },
        **options,
    )


async def nothing_to_reset(_: Any) -> None:
    """`reset` of a pool whose users change nothing of their session.

    A transaction left open is still rolled back. asyncpg's own reset is one more round trip at each
    release, a quarter of PostgreSQL's work for a small commit (75 → 55 µs, benchmarks/ingest.py).
    """
