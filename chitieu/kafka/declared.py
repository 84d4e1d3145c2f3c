"""The topics as deploy/topics.yaml declares them: names, partitions, what is kept and how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

_REPOSITORY: Final = Path(__file__).resolve().parents[2] / "deploy" / "topics.yaml"
_INSTALLED: Final = Path(__file__).resolve().parent / "topics.yaml"
_INSYNC: Final = "min.insync.replicas"

Key = Literal["log", "results", "dead_letter"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it is to be."""

    key: Key
    name: str
    """With the prefix."""
    title_vi: str
    title_en: str
    partitions: int
    replication: int
    config: Mapping[str, str]

    def with_replication(self, copies: int) -> Topic:
        """The same on fewer or more brokers: all but one of the copies must be in step."""
        insync = min(int(self.config[_INSYNC]), max(1, copies - 1))
        return Topic(
            self.key, self.name, self.title_vi, self.title_en, self.partitions, copies,
            {**self.config, _INSYNC: str(insync)},
        )  # fmt: skip


def declaration() -> Path:
    """The file: in the repository, or inside the package when installed. FileNotFoundError."""
    for path in (_REPOSITORY, _INSTALLED):
        if path.is_file():
            return path
    raise FileNotFoundError(f"no topics.yaml at {_REPOSITORY} or {_INSTALLED}")


def declared(prefix: str = "") -> dict[Key, Topic]:
    """Every topic by the key under which the code knows it."""
    told = yaml.safe_load(declaration().read_text("utf-8"))
    common = told["config"]
    return {
        key: Topic(
            key=key,
            name=prefix + each["name"],
            title_vi=each["title"]["vi"],
            title_en=each["title"]["en"],
            partitions=each["partitions"],
            replication=told["replication"],
            config={name: _as_kafka(v) for name, v in (common | each["config"]).items()},
        )
        for key, each in told["topics"].items()
    }


def _as_kafka(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
