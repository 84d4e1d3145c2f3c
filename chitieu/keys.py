"""API keys: their shape, their secret's digest, and what a caller may do. Pure.

A key is `ct_<8-character id>_<43 characters>`. The secret has 256 random bits, so a plain SHA-256
of it is stored: there is nothing to guess that a slow hash would protect.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Role = Literal["unit", "province", "ministry", "admin"]
ROLES: Final[tuple[Role, ...]] = ("unit", "province", "ministry", "admin")

_ID_BYTES: Final = 5
_SECRET_BYTES: Final = 32
RANDOM_BYTES: Final = _ID_BYTES + _SECRET_BYTES
_LENGTH: Final = 3 + 8 + 1 + 43


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls. `places` (place keys) count for role province, `units` for role unit."""

    key_id: str
    organisation_id: int
    role: Role
    places: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()


class NewKey(NamedTuple):
    """A key as it is shown once, and what is stored of it."""

    text: str
    id: str
    secret_sha256: bytes


class PresentedKey(NamedTuple):
    """The parts of a key that somebody sent."""

    id: str
    secret: bytes


def new_key(random: bytes) -> NewKey:
    """A key from `RANDOM_BYTES` random bytes."""
    if len(random) != RANDOM_BYTES:
        raise ValueError("wrong number of random bytes")
    name = base64.b32encode(random[:_ID_BYTES]).decode().lower()
    secret = base64.urlsafe_b64encode(random[_ID_BYTES:]).rstrip(b"=")
    return NewKey(f"ct_{name}_{secret.decode()}", name, hashlib.sha256(secret).digest())


def parse_key(given: bytes) -> PresentedKey | None:
    """The parts of a key, or None when it cannot be one. Takes any bytes."""
    shaped = len(given) == _LENGTH and given[:3] == b"ct_" and given[11:12] == b"_"
    if not shaped or not given[3:11].isalnum():
        return None
    return PresentedKey(given[3:11].decode("ascii"), given[12:])


def secret_matches(secret: bytes, stored_sha256: bytes) -> bool:
    """Compare in constant time, on bytes: text with other letters than ASCII would raise."""
    return hmac.compare_digest(hashlib.sha256(secret).digest(), stored_sha256)
