"""A position for what a request has just committed, so that the next question can find it."""

from __future__ import annotations

import logging

from chitieu.postgres.log import place
from chitieu.postgres.pool import TROUBLE
from services.api.state import Api

_logger = logging.getLogger("chitieu.api")


async def place_committed(api: Api) -> None:
    """Place it; a fault is only logged, since another sequencer will do it."""
    try:
        async with api.pool.acquire() as connection:
            await place(connection, api.now)
    except TROUBLE as error:
        _logger.warning("not placed: %s", type(error).__name__)
