"""What the environment sets. Read once, at the edge; nothing else reads `CHITIEU_…` variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar, get_args
from urllib.parse import urlsplit

Language = Literal["vi", "en"]
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
T = TypeVar("T")

_PORT_MAX: Final = 65_535
_SCHEMES: Final = ("postgres", "postgresql", "postgresql+asyncpg")
# What a Kafka topic may be called; the longest of ours has room behind it.
_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
_BROKER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


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
    Variable("CHITIEU_KAFKA_BOOTSTRAP", "", "brokers, host:port,host:port; unset: no Kafka"),
    Variable("CHITIEU_KAFKA_PREFIX", "", "stands before the name of each topic and group"),
    Variable("CHITIEU_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", "or SSL, SASL_PLAINTEXT, SASL_SSL"),
    Variable("CHITIEU_KAFKA_SASL_MECHANISM", "PLAIN", "or SCRAM-SHA-256, SCRAM-SHA-512"),
    Variable("CHITIEU_KAFKA_USERNAME", "", "with SASL: who we are"),
    Variable("CHITIEU_KAFKA_PASSWORD", "", "with SASL: never shown, never logged"),
    Variable("CHITIEU_KAFKA_CA_FILE", "", "with SSL: certificates to trust; unset: the system's"),
    Variable("CHITIEU_LANG", "vi", "language of the commands: vi or en"),
)


class BadSetting(ValueError):
    """A variable has a value that we cannot work with; the text is one line, vi / en."""


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How to reach Kafka; `prefix` stands before the name of each topic and group."""

    bootstrap: str
    prefix: str = ""
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "PLAIN"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process is to run."""

    port: int = 8080
    host: str = "127.0.0.1"
    data_dir: Path = Path(".chitieu")
    database_url: str | None = None
    catalogue: tuple[Path, ...] = ()
    ingest_url: str | None = None
    kafka: KafkaSettings | None = None
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
        return Settings(
            port=_port(given.get("CHITIEU_PORT"), port),
            host=given.get("CHITIEU_HOST", "127.0.0.1"),
            data_dir=Path(given.get("CHITIEU_DATA_DIR", ".chitieu")),
            database_url=_database(given.get("CHITIEU_DATABASE_URL")),
            catalogue=_folders(given.get("CHITIEU_CATALOGUE")),
            ingest_url=_http(given.get("CHITIEU_INGEST_URL")),
            kafka=_kafka(given),
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


def _kafka(given: Mapping[str, str]) -> KafkaSettings | None:
    """All of it, or nothing where there is no bootstrap."""
    if (bootstrap := given.get("CHITIEU_KAFKA_BOOTSTRAP")) is None:
        return None
    protocol: SecurityProtocol = _one_of(
        given, "CHITIEU_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", get_args(SecurityProtocol)
    )
    username, password = given.get("CHITIEU_KAFKA_USERNAME"), given.get("CHITIEU_KAFKA_PASSWORD")
    for name, value in (
        ("CHITIEU_KAFKA_USERNAME", username),
        ("CHITIEU_KAFKA_PASSWORD", password),
    ):
        if protocol.startswith("SASL") != (value is not None):
            raise BadSetting(
                f"{name}: cần với SASL_PLAINTEXT hoặc SASL_SSL, và chỉ khi đó"
                " / is needed with SASL_PLAINTEXT or SASL_SSL, and only then"
            )
    return KafkaSettings(
        bootstrap=_brokers(bootstrap),
        prefix=_prefix(given.get("CHITIEU_KAFKA_PREFIX", "")),
        security_protocol=protocol,
        sasl_mechanism=_one_of(
            given, "CHITIEU_KAFKA_SASL_MECHANISM", "PLAIN", get_args(SaslMechanism)
        ),
        username=username,
        password=password,
        ca_file=_ca_file(given.get("CHITIEU_KAFKA_CA_FILE"), protocol),
    )


def _brokers(text: str) -> str:
    """The list without its spaces."""
    brokers = [part.strip() for part in text.split(",")]
    for number, broker in enumerate(brokers, 1):
        if (found := _BROKER.fullmatch(broker)) is None or not 0 < int(found[2]) <= _PORT_MAX:
            # The value is not repeated: somebody may have put a password into it.
            raise BadSetting(
                f"CHITIEU_KAFKA_BOOTSTRAP: địa chỉ thứ {number} không có dạng máy:cổng"
                f" / address {number} does not look like host:port"
            )
    return ",".join(brokers)


def _prefix(text: str) -> str:
    if text and not _PREFIX.fullmatch(text):
        raise BadSetting(
            f"CHITIEU_KAFKA_PREFIX: {text!r}: chỉ có chữ cái ASCII, chữ số và . _ -, tối đa 100"
            f" / {text!r}: only ASCII letters, digits and . _ -, at most 100"
        )
    return text


def _ca_file(text: str | None, protocol: str) -> Path | None:
    if text is None:
        return None
    if not protocol.endswith("SSL") or not (path := Path(text)).is_file():
        raise BadSetting(
            f"CHITIEU_KAFKA_CA_FILE: {text!r} phải là một tệp, và chỉ dùng với SSL, SASL_SSL"
            f" / {text!r} must be a file, and is only for SSL, SASL_SSL"
        )
    return path


def _one_of(given: Mapping[str, str], name: str, default: T, allowed: tuple[T, ...]) -> T:
    text = given.get(name)
    if text is None:
        return default
    for value in allowed:
        if value == text:
            return value
    choice = ", ".join(map(str, allowed))
    raise BadSetting(f"{name}: {text!r}: chỉ có {choice} / only {choice}")


def _lang(text: str) -> Language:
    if text == "vi":
        return "vi"
    if text == "en":
        return "en"
    raise BadSetting(f"CHITIEU_LANG: {text!r}: chỉ có vi hoặc en / only vi or en")
