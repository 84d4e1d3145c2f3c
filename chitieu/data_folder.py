"""The folder of a running product: whose it is, where it answers, its first keys.

Beside PostgreSQL's files (`chitieu.cluster`):

    up.lock               locked by the `chitieu up` that serves the folder
    up.json               where it answers, while it does
    dev-credentials.json  the first keys; whoever may read it may do everything
    web.log, scorer.log   what the processes said
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chitieu.cluster import Watch, write_private
from chitieu.embedded import AlreadyServed
from chitieu.processes import locked, open_lock


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys of `dev-credentials.json`, the contract's shape."""

    admin: str
    ministry: str
    provinces: Mapping[str, str]
    units: Mapping[str, str]

    def to_json(self) -> str:
        """As the file holds it."""
        body = {
            "admin": self.admin,
            "ministry": self.ministry,
            "provinces": dict(sorted(self.provinces.items())),
            "units": dict(sorted(self.units.items())),
        }
        return json.dumps(body, indent=2) + "\n"

    def slots(self) -> dict[tuple[str, ...], str]:
        """Each key by where it stands in the file."""
        found: dict[tuple[str, ...], str] = {("admin",): self.admin, ("ministry",): self.ministry}
        found |= {("provinces", code): key for code, key in self.provinces.items()}
        return found | {("units", code): key for code, key in self.units.items()}

    @staticmethod
    def from_slots(slots: Mapping[tuple[str, ...], str]) -> Credentials:
        """The reverse of `slots`; KeyError when admin or ministry is missing."""
        groups: dict[str, dict[str, str]] = {"provinces": {}, "units": {}}
        for slot, key in slots.items():
            if slot[0] in groups:
                groups[slot[0]][slot[1]] = key
        return Credentials(
            slots["admin",], slots["ministry",], groups["provinces"], groups["units"]
        )

    @staticmethod
    def from_json(text: str) -> Credentials:
        """Read; ValueError when it is not such a file."""
        body = json.loads(text)
        try:
            return Credentials(
                str(body["admin"]), str(body["ministry"]),
                {str(k): str(v) for k, v in body["provinces"].items()},
                {str(k): str(v) for k, v in body["units"].items()},
            )  # fmt: skip
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a credentials file") from error


class DataFolder:
    """The files of one folder that are the product's own."""

    def __init__(self, path: Path) -> None:
        """`path` need not exist."""
        self.path = path.resolve()
        self.credentials_file = self.path / "dev-credentials.json"
        self.demo_credentials_file = self.path / "demo-credentials.json"
        self._up_file = self.path / "up.json"
        self._lock: int | None = None

    def log(self, name: str) -> Path:
        """Where a process of that name writes."""
        return self.path / f"{name}.log"

    def own(self) -> None:
        """Make the folder and become the one that serves it; AlreadyServed."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open_lock(self.path / "up.lock")
        watch = Watch(1.0)
        # A command that only asks whether the folder is served holds the lock for a moment.
        while not locked(lock, fcntl.LOCK_EX):
            if watch.over("up.lock"):
                os.close(lock)
                raise AlreadyServed(self.path)
        self._lock = lock
        self._up_file.unlink(missing_ok=True)

    def give_up(self) -> None:
        """Let another serve it; nothing happens unless it is ours."""
        if self._lock is not None:
            self._up_file.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def announce(self, url: str) -> None:
        """Say where it answers."""
        write_private(self._up_file, json.dumps({"url": url}) + "\n")

    def served_at(self) -> str | None:
        """Where the folder is served just now; None when it is not, or not yet."""
        try:
            lock = os.open(self.path / "up.lock", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            if locked(lock, fcntl.LOCK_SH):
                return None
        finally:
            os.close(lock)
        try:
            found: Any = json.loads(self._up_file.read_text("ascii"))
        except FileNotFoundError:
            return None
        return str(found["url"])

    def credentials(self) -> Credentials | None:
        """The first keys; None when there is no such file. ValueError when it is another."""
        try:
            return Credentials.from_json(self.credentials_file.read_text("utf-8"))
        except FileNotFoundError:
            return None

    def keep(self, credentials: Credentials) -> None:
        """Write the first keys, whole or not at all, for the owner only."""
        write_private(self.credentials_file, credentials.to_json())
