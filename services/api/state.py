"""What one api process holds, and how a request gets at it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
from fastapi import Depends, Request

from chitieu.periods import civil_day, to_microseconds
from chitieu.places import Places
from chitieu.postgres.facts import Position
from chitieu.postgres.keys import KeyRing
from chitieu.scoring.movements import Movement
from chitieu.settings import Settings
from services.api.answers import Bodies
from services.api.evaluations import Evaluations
from services.api.lru import Lru
from services.api.measures import Measures
from services.api.pinned import Horizon

_POSITIONS = 4000

# What moved, kept while somebody turns the pages.
_MOVED = 4

Clock = Callable[[], dt.datetime]


def system_clock() -> dt.datetime:
    """The edge's clock; everything else is handed one."""
    return dt.datetime.now(dt.UTC)


@dataclass
class Api:
    """Made by the lifespan, gone with it. `pool` is an asyncpg pool."""

    settings: Settings
    pool: Any
    places: Places
    evaluations: Evaluations
    keyring: KeyRing
    clock: Clock
    measures: Measures
    ingest: httpx.AsyncClient | None = None
    bodies: Bodies = field(default_factory=Bodies)
    # Of instants and positions that are scored: nothing that comes later changes them.
    horizons: Lru[int, Horizon] = field(default_factory=lambda: Lru(_POSITIONS))
    positions: Lru[tuple[str, int], tuple[Position | None]] = field(
        default_factory=lambda: Lru(_POSITIONS)
    )
    moved: Lru[Hashable, Sequence[Movement]] = field(default_factory=lambda: Lru(_MOVED))

    @property
    def now(self) -> int:
        """Microseconds since 1970."""
        return to_microseconds(self.clock())

    @property
    def today(self) -> dt.date:
        """The day in Vietnam."""
        return civil_day(self.clock())


def api_of(request: Request) -> Api:
    """The process's state."""
    api: Api = request.app.state.api
    return api


async def _api(request: Request) -> Api:
    return api_of(request)


# Every dependency is a coroutine: FastAPI sends others to a thread each, at each request.
UsesApi = Annotated[Api, Depends(_api)]
