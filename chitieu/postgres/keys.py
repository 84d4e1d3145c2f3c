"""API keys and organisations in PostgreSQL, and a cache of keys that forgets within two seconds."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import asyncpg

from chitieu.keys import RANDOM_BYTES, ROLES, NewKey, Principal, Role, new_key, parse_key
from chitieu.keys import secret_matches as matches
from chitieu.postgres.pool import ACQUIRE_SECONDS

MAX_AGE_SECONDS: Final = 2.0
_CACHED: Final = 10_000
# Compared when there is no such key, so that a wrong id takes as long as a wrong secret.
_NOBODY: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A stored key, without its secret."""

    id: str
    organisation: str
    role: Role
    places: tuple[str, ...]
    units: tuple[str, ...]
    label: str
    created_at: dt.datetime
    revoked_at: dt.datetime | None


class _Held(NamedTuple):
    at: float
    secret_sha256: bytes
    principal: Principal | None


async def ensure_organisation(connection: Any, code: str, name: str) -> int:
    """The id of an organisation, made when there is none of that code."""
    found: int = await connection.fetchval(
        "WITH made AS (INSERT INTO organisation (code, name) VALUES ($1, $2)"
        " ON CONFLICT (code) DO UPDATE SET name = organisation.name RETURNING id)"
        " SELECT id FROM made",
        code,
        name,
    )
    return found


async def create_key(
    connection: Any,
    organisation_id: int,
    role: Role,
    created_at: dt.datetime,
    *,
    label: str = "",
    places: Iterable[str] = (),
    units: Iterable[str] = (),
) -> NewKey:
    """Make a key and store its digest. Its text is returned here and never again."""
    if role not in ROLES:
        raise ValueError("no such role")
    key = new_key(secrets.token_bytes(RANDOM_BYTES))
    await connection.execute(
        "INSERT INTO api_key (id, organisation_id, role, places, units, secret_sha256, label,"
        " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        key.id, organisation_id, role, sorted(set(places)), sorted(set(units)), key.secret_sha256,
        label, created_at,
    )  # fmt: skip
    return key


async def revoke_key(connection: Any, key_id: str, revoked_at: dt.datetime) -> bool:
    """Revoke a key; False when there is none of that id or it is revoked already."""
    done = await connection.execute(
        "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        key_id,
        revoked_at,
    )
    return bool(done == "UPDATE 1")


async def list_keys(connection: Any) -> Sequence[KeyRecord]:
    """All keys, oldest first."""
    rows = await connection.fetch(
        "SELECT k.id, o.code AS organisation, k.role, k.places, k.units, k.label, k.created_at,"
        " k.revoked_at FROM api_key k JOIN organisation o ON o.id = k.organisation_id"
        " ORDER BY k.created_at, k.id"
    )
    return [
        KeyRecord(
            row["id"], row["organisation"], row["role"], tuple(row["places"]),
            tuple(row["units"]), row["label"], row["created_at"], row["revoked_at"],
        )
        for row in rows
    ]  # fmt: skip


class KeyRing:
    """Who a presented key is. What was read is believed for `MAX_AGE_SECONDS`, not longer."""

    def __init__(self, pool: asyncpg.Pool, clock: Callable[[], float]) -> None:
        """`clock` is monotonic seconds."""
        self._pool = pool
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._asked: dict[str, asyncio.Future[_Held]] = {}

    async def principal(self, given: bytes) -> Principal | None:
        """The caller, or None for any key that is not valid. Raises what the database raises."""
        presented = parse_key(given)
        if presented is None:
            return None
        held = self._held.get(presented.id)
        if held is None or self._clock() - held.at > MAX_AGE_SECONDS:
            held = await self._ask(presented.id)
        right = matches(presented.secret, held.secret_sha256)
        return held.principal if right else None

    async def _ask(self, key_id: str) -> _Held:
        """Many requests with one key ask once."""
        running = self._asked.get(key_id)
        if running is not None:
            return await asyncio.shield(running)
        asked = asyncio.ensure_future(self._read(key_id))
        self._asked[key_id] = asked
        try:
            return await asyncio.shield(asked)
        finally:
            self._asked.pop(key_id, None)

    async def _read(self, key_id: str) -> _Held:
        # The age counts from before the question: a revocation during it is not missed.
        at = self._clock()
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            row = await connection.fetchrow(
                "SELECT organisation_id, role, places, units, secret_sha256 FROM api_key"
                " WHERE id = $1 AND revoked_at IS NULL",
                key_id,
            )
        if row is None:
            self._held.pop(key_id, None)
            return _Held(at, _NOBODY, None)
        held = _Held(
            at,
            row["secret_sha256"],
            Principal(
                key_id, row["organisation_id"], row["role"], frozenset(row["places"]),
                frozenset(row["units"]),
            ),
        )  # fmt: skip
        if len(self._held) >= _CACHED:
            self._held.clear()
        self._held[key_id] = held
        return held
