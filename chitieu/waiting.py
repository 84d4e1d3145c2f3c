"""Waiting for one of two things."""

from __future__ import annotations

import asyncio


async def first_of(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    """Wait until one of two things happens, or the time is up."""
    waits = {asyncio.create_task(one.wait()), asyncio.create_task(other.wait())}
    _, pending = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
