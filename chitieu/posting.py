"""Every printed result of the plans through the real HTTP ingest, and the wait for its score."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, TypeVar

import asyncpg

from chitieu.client import Client
from chitieu.postgres.server import Progress, progress_of
from chitieu.printed_results import PrintedEvent

T = TypeVar("T")

BATCH: Final = 200
_POLL_S: Final = 0.03


class Refused(Exception):
    """An event that must be accepted was not; the text is one or two lines, vi / en."""


class NotScored(Exception):
    """The scorer makes no progress; one line, vi / en."""


async def post_printed(
    client: Client,
    events: Iterable[PrintedEvent],
    keys: Mapping[str, str],
    provinces: Mapping[str, str],
    advance: Callable[[str, int], None],
) -> int:
    """Post them, each plan's with its province's key; gives how many were new.

    `keys` are the provinces' by code, `provinces` the plans' codes. Raises Refused with the row
    and the problem for the first event that is neither accepted nor a duplicate.
    """
    new = 0
    for plan, of_plan in groupby(events, key=lambda event: event.plan):
        for batch in in_batches(list(of_plan), BATCH):
            counts = await client.post_events([e.event for e in batch], key=keys[provinces[plan]])
            for trouble in counts.troubles:
                raise _refused(batch[trouble["index"]], trouble)
            new += counts.accepted
            advance(plan, len(batch))
    return new


def in_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Slices of at most that many."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _refused(printed: PrintedEvent, trouble: Mapping[str, Any]) -> Refused:
    problem = trouble.get("problem") or {}
    said = problem.get("detail") or problem.get("title") or trouble["status"]
    faults = "; ".join(f"{e.get('pointer')}: {e.get('detail')}" for e in problem.get("errors", ()))
    code = problem.get("code", trouble["status"])
    return Refused(
        f"{printed.row}: kết quả in trong kế hoạch không được nhận"
        f" / a printed result was not accepted ({printed.event['id']})\n"
        f"{code}: {said} {faults}".rstrip()
    )


async def wait_scored(
    dsn: str, tell: Callable[[Progress], None], *, patience: float = 120.0
) -> Progress:
    """Return once everything committed is scored; NotScored after `patience` without progress."""
    connection = await asyncpg.connect(dsn)
    try:
        loop = asyncio.get_running_loop()
        moved, last = loop.time(), None
        while not (now := await progress_of(connection)).done:
            tell(now)
            if now != last:
                moved, last = loop.time(), now
            elif loop.time() - moved > patience:
                raise NotScored(
                    f"scorer đứng ở vị trí {now.scored}/{now.placed}, xem scorer.log"
                    f" / the scorer stands at position {now.scored}/{now.placed}, see scorer.log"
                )
            await asyncio.sleep(_POLL_S)
        return now
    finally:
        await connection.close()
