"""How a command reaches the product, whether `make up` runs or not.

While the folder is served, commands speak to its HTTP API and its PostgreSQL. While it is not, the
embedded PostgreSQL is started for the length of the command, and the same api app runs in process.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Final, TypeVar

import asyncpg
import httpx

from chitieu.asgi import lifespan
from chitieu.bootstrap import (
    BadCatalogue,
    NewerRelease,
    prepare_registry,
    prepare_schema,
    product_catalogue,
    product_provinces,
)
from chitieu.catalogue.catalogue import Catalogue
from chitieu.cli.terminal import Failed, speak, warn
from chitieu.client import ApiProblem, Client, Unreachable
from chitieu.cluster import EmbeddedError
from chitieu.data_folder import Credentials, DataFolder
from chitieu.embedded import connect_facts, running
from chitieu.periods import civil_day
from chitieu.places import Places
from chitieu.postgres.base_registry import Brought
from chitieu.postgres.first_keys import WantedKey, first_keys, forget_key, make_keys
from chitieu.postgres.server import UnfitServer, make_database
from chitieu.settings import BadSetting, Settings

T = TypeVar("T")

DATABASE: Final = "chitieu"
_IN_PROCESS: Final = "http://in-process"


Ask = Callable[[Client], Awaitable[T]]
"""What a command wants to know of the API."""


def settings_of(port: int = 8080) -> Settings:
    """The environment's settings; Failed for a bad one."""
    try:
        return Settings.from_environment(port=port)
    except BadSetting as error:
        raise Failed(str(error)) from error


def ask(settings: Settings, work: Ask[T], *, scored: bool = False) -> T:
    """Let `work` ask the API, served or not. Failed for what it refuses.

    `scored`: where nothing is served, what is in the log is scored before and after.
    """

    async def asked(dsn: str | None) -> T:
        if dsn is not None:
            await prepare_new(settings, dsn)
        here = dsn if scored and settings.database_url is None else None
        await _score(here)
        async with api(settings, dsn) as client:
            done = await work(client)
        await _score(here)
        return done

    try:
        if DataFolder(settings.data_dir).served_at() is not None:
            return asyncio.run(asked(None))
        with database(settings) as dsn:
            return asyncio.run(asked(dsn))
    except ApiProblem as error:
        raise Failed(f"{error.code or error.status}: {error}") from error
    except Unreachable as error:
        raise Failed(str(error)) from error


@contextmanager
def database(settings: Settings, *, make: bool = False) -> Iterator[str]:
    """The address of the database, served for the length of the block if nobody serves it.

    Main thread only. Failed, with exit code 2, where there is none, unless `make`.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    folder = settings.data_dir
    try:
        if (facts := connect_facts(folder)) is not None:
            yield facts.dsn(DATABASE)
            return
        if not make and not (folder / "data").is_dir():
            raise Failed(
                f"{folder} chưa có dữ liệu: hãy chạy `make up` trước"
                f" / {folder} holds no data yet: run `make up` first"
            )
        with running(folder, progress=_waiting) as facts:
            asyncio.run(make_database(facts.dsn(), DATABASE))
            yield facts.dsn(DATABASE)
    except EmbeddedError as error:
        raise Failed(str(error)) from error


def _waiting(seconds: float, what: str) -> None:
    warn(f"chờ PostgreSQL {seconds:.0f} s: {what}", f"PostgreSQL, {seconds:.0f} s: {what}")


async def prepare_new(settings: Settings, dsn: str) -> Brought:
    """Bring a database to this release, as `up` would. Failed."""
    try:
        await prepare_schema(dsn)
        base = product_catalogue(settings.catalogue)
        return await prepare_registry(dsn, base, dt.datetime.now(dt.UTC))
    except (UnfitServer, NewerRelease, BadCatalogue, OSError, asyncpg.PostgresError) as error:
        raise Failed(str(error)) from error


async def _score(dsn: str | None) -> None:
    """Bring the results of a database that nobody serves up to its log."""
    if dsn is None:
        return
    from services.scorer.worker import Scorer

    now = dt.datetime.now(dt.UTC)
    async with connected(dsn) as connection:
        scorer = Scorer(connection, product_provinces())
        await scorer.start(civil_day(now))
        while await scorer.step(now):
            pass


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def api(settings: Settings, dsn: str | None = None) -> AsyncIterator[Client]:
    """A client of the served API, or of the same app in this process on the database `dsn`."""
    folder = DataFolder(settings.data_dir)
    key = admin_key(folder)
    if (url := folder.served_at()) is not None and key is not None:
        async with Client(url, key, lang=speak.lang) as client:
            yield client
        return
    assert dsn is not None  # commands open a database where nothing is served
    # Only here: the api is a large import, and most commands do not need it.
    from services.api.app import create_app

    app = create_app(replace(settings, database_url=dsn))
    async with lifespan(app), _some_key(dsn, key) as good:
        transport = httpx.ASGITransport(app=app)
        async with Client(
            _IN_PROCESS, good, lang=speak.lang, transport=transport, try_for=5.0
        ) as client:
            yield client


def admin_key(folder: DataFolder) -> str | None:
    """The operator's key of the credentials file, if there is one."""
    try:
        held = folder.credentials()
    except ValueError:
        return None
    return held.admin if held else None


@asynccontextmanager
async def _some_key(dsn: str, held: str | None) -> AsyncIterator[str]:
    """The operator's key, else one that lives as long as the block."""
    if held is not None:
        yield held
        return
    slot = ("cli", secrets.token_hex(4))
    wanted = WantedKey(slot, "chitieu", "Quản trị hệ thống", "admin")
    async with connected(dsn) as connection:
        texts, _ = await make_keys(connection, [wanted], {}, dt.datetime.now(dt.UTC))
        try:
            yield texts[slot]
        finally:
            await forget_key(connection, texts[slot])


async def make_first_keys(
    dsn: str, catalogue: Catalogue, places: Places, folder: DataFolder
) -> tuple[Credentials, int]:
    """Keep the credentials file whole: keys that work stay, others are made. How many, too."""
    try:
        held = folder.credentials()
    except ValueError:
        held = None
    wanted = list(first_keys(catalogue, places))
    async with connected(dsn) as connection:
        slots, made = await make_keys(
            connection, wanted, held.slots() if held else {}, dt.datetime.now(dt.UTC)
        )
    credentials = Credentials.from_slots(slots)
    if credentials != held:
        folder.keep(credentials)
    return credentials, made
