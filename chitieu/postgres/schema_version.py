"""Whether a database is at this release's schema, without loading Alembic to find out.

Alembic and SQLAlchemy's ORM take most of a second to import; nearly every start needs neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

_VERSIONS: Final = Path(__file__).resolve().parents[2] / "migrations" / "versions"


def newest_revision() -> str:
    """The newest migration of this release: files are called `<revision>_<words>.py`, in order."""
    return max(path.stem.split("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))


async def is_current(connection: Any) -> bool:
    """True when nothing is to be migrated; False also for a database of a newer release."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return False
    found = await connection.fetchval("SELECT version_num FROM alembic_version")
    return bool(found == newest_revision())
