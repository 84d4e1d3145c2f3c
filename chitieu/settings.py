"""What the environment sets. Read once, at the edge; nothing else reads `CHITIEU_…` variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

Language = Literal["vi", "en"]

_PORT_MAX: Final = 65_535
_SCHEMES: Final = ("postgres", "postgresql", "postgresql+asyncpg")


class Variable(NamedTuple):
    """One variable, as README.md lists it."""

    name: str
    default: str
    says: str


VARIABLES: Final = (
    Variable("CHITIEU_PORT", "8080", "port of the service; 0 takes a free one"),
    Variable("CHITIEU_HOST", "127.0.0.1", "address that it listens on"),
    Variable("CHITIEU_DATA_DIR", ".chitieu", "folder of the data, the logs and the keys"),
    Variable("CHITIEU_DATABASE_URL", "", "a PostgreSQL ≥ 18; unset: the embedded one"),
    Variable("CHITIEU_CATALOGUE", "", "more catalogue folders, laid over the product's own"),
    Variable("CHITIEU_INGEST_URL", "", "where `chitieu api` forwards reports to; unset: nowhere"),
    Variable("CHITIEU_KAFKA_BOOTSTRAP", "", "unset: no Kafka (the only choice so far)"),
    Variable("CHITIEU_LANG", "vi", "language of the commands: vi or en"),
)


class BadSetting(ValueError):
    """A variable has a value that we cannot work with; the text is one line, vi / en."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process is to run."""

    port: int = 8080
    host: str = "127.0.0.1"
    data_dir: Path = Path(".chitieu")
    database_url: str | None = None
    catalogue: tuple[Path, ...] = ()
    ingest_url: str | None = None
    lang: Language = "vi"

    @property
    def database_dsn(self) -> str:
        """The database for a process that does not bring its own; BadSetting when unset."""
        if self.database_url is None:
            raise BadSetting(
                "CHITIEU_DATABASE_URL: chưa đặt, và không có PostgreSQL nhúng nào đang chạy"
                " / is not set, and no embedded PostgreSQL runs"
            )
        return self.database_url

    @staticmethod
    def from_environment(environ: Mapping[str, str] | None = None, *, port: int = 8080) -> Settings:
        """Read the variables; `port` is the default. An empty one is as unset. BadSetting."""
        given = {
            variable.name: text
            for variable in VARIABLES
            if (text := (os.environ if environ is None else environ).get(variable.name, "").strip())
        }
        if "CHITIEU_KAFKA_BOOTSTRAP" in given:
            raise BadSetting(
                "CHITIEU_KAFKA_BOOTSTRAP: bản này chưa có Kafka, hãy bỏ biến này"
                " / this release has no Kafka yet, unset it"
            )
        return Settings(
            port=_port(given.get("CHITIEU_PORT"), port),
            host=given.get("CHITIEU_HOST", "127.0.0.1"),
            data_dir=Path(given.get("CHITIEU_DATA_DIR", ".chitieu")),
            database_url=_database(given.get("CHITIEU_DATABASE_URL")),
            catalogue=_folders(given.get("CHITIEU_CATALOGUE")),
            ingest_url=_http(given.get("CHITIEU_INGEST_URL")),
            lang=_lang(given.get("CHITIEU_LANG", "vi")),
        )


def _port(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or int(text) > _PORT_MAX:
        raise BadSetting(
            f"CHITIEU_PORT: {text!r} không phải một cổng từ 0 đến {_PORT_MAX}"
            f" / {text!r} is not a port from 0 to {_PORT_MAX}"
        )
    return int(text)


def _database(text: str | None) -> str | None:
    """The URL as asyncpg reads it. The password may stand in PGPASSWORD instead."""
    if text is None:
        return None
    scheme, separator, rest = text.partition("://")
    # The value is not repeated: it may hold a password.
    if scheme not in _SCHEMES or not separator or not rest:
        raise BadSetting(
            "CHITIEU_DATABASE_URL: phải có dạng postgresql://người_dùng@máy:cổng/cơ_sở_dữ_liệu"
            " / must look like postgresql://user@host:port/database"
        )
    return f"postgresql://{rest}"


def _folders(text: str | None) -> tuple[Path, ...]:
    folders = tuple(Path(part) for part in (text or "").split(os.pathsep) if part)
    for folder in folders:
        if not folder.is_dir():
            raise BadSetting(
                f"CHITIEU_CATALOGUE: {folder} không phải thư mục / {folder} is not a folder"
            )
    return folders


def _http(text: str | None) -> str | None:
    if text is None:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetting(
            f"CHITIEU_INGEST_URL: {text!r} không phải địa chỉ http"
            f" / {text!r} is not an http address"
        )
    return text.rstrip("/")


def _lang(text: str) -> Language:
    if text == "vi":
        return "vi"
    if text == "en":
        return "en"
    raise BadSetting(f"CHITIEU_LANG: {text!r}: chỉ có vi hoặc en / only vi or en")
