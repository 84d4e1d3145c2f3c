"""From an empty database to one that can take reports: schema, log, catalogue, units.

Each step does nothing when it is done already, so any start may run all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.faults import Fault
from chitieu.catalogue.load import load
from chitieu.catalogue.location import default_root
from chitieu.catalogue.places_files import load_places, load_provinces
from chitieu.places import Places
from chitieu.postgres.base_registry import Brought, bring
from chitieu.postgres.log import recognise_cluster
from chitieu.postgres.months import make_months
from chitieu.postgres.schema_version import is_current
from chitieu.postgres.server import refuse_unfit


class BadCatalogue(Exception):
    """The catalogue has faults; nothing was changed."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """`faults` are all of them."""
        self.faults = tuple(faults)
        first = self.faults[0]
        where = f"{first.file}:{first.line}:{first.column}"
        super().__init__(
            f"{where}: {first.message.vi} ({len(self.faults)} lỗi, chitieu catalogue check)"
            f" / {where}: {first.message.en} ({len(self.faults)} faults)"
        )


def product_places() -> Places:
    """All places of the product."""
    return load_places(default_root() / "places")


def product_provinces() -> Places:
    """The provinces alone: all that scoring asks about."""
    return load_provinces(default_root() / "places")


def product_catalogue(extra: Sequence[Path] = ()) -> Catalogue:
    """The product's catalogue with folders laid over it, checked. BadCatalogue."""
    loaded = load([default_root(), *extra])
    if loaded.faults:
        raise BadCatalogue(loaded.faults)
    return loaded.catalogue


class NewerRelease(Exception):
    """The data were written by a newer release; one line, vi / en."""


async def prepare_schema(dsn: str) -> None:
    """Bring schema and log up to this release; processes may start after it.

    Raises UnfitServer, NewerRelease, and what asyncpg raises.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await refuse_unfit(connection)
        if not await is_current(connection):
            await _migrate(dsn)
        await recognise_cluster(connection)
    finally:
        await connection.close()


async def prepare_registry(dsn: str, catalogue: Catalogue, now: dt.datetime) -> Brought:
    """Put into the log what it does not say yet of the catalogue and the base units.

    First its months are made, that of `now` and those ahead.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await make_months(connection, now)
        return await bring(connection, catalogue, now)
    finally:
        await connection.close()


async def _migrate(dsn: str) -> None:
    # Only here: most starts have nothing to migrate, and this import is a slow one.
    from chitieu.postgres.migrate import NewerDatabase, migrate

    try:
        await migrate(dsn)
    except NewerDatabase as error:
        raise NewerRelease(
            f"dữ liệu do một bản mới hơn ghi (lược đồ {error}): hãy dùng bản đó"
            f" / the data were written by a newer release (schema {error}): use that one"
        ) from error
