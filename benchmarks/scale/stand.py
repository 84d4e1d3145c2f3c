"""One installation under test: `chitieu up`, and beside it more ingests and scorers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import asyncpg

from chitieu.catalogue.model import UnitRecord
from chitieu.cli.session import database
from chitieu.clock import clock
from chitieu.postgres.server import progress_of
from chitieu.postgres.unit_import import import_units
from chitieu.processes import child_preexec
from chitieu.settings import Settings
from tools.kafka_broker import Broker

_READY_S: Final = 180.0


class Stand:
    """Started by `start`; main thread only, since everything here dies with its starter."""

    def __init__(self, folder: Path, broker: Broker | None, ingests: int, scorers: int) -> None:
        """`ingests` and `scorers` count those of `up` too."""
        self.folder, self.broker = folder, broker
        self._more = ["ingest"] * (ingests - 1) + ["scorer"] * (scorers - 1)
        self._up: subprocess.Popen[bytes] | None = None
        self._beside: list[tuple[str, list[str], dict[str, str], subprocess.Popen[bytes]]] = []
        self.urls: list[str] = []
        self.dsn = ""
        self.key = ""

    async def start(self, units: list[UnitRecord]) -> None:
        """Everything runs, the units are registered, what `up` posts is scored."""
        self.folder.mkdir(parents=True)
        environ = self._environ()
        self._up = self._run(["up"], environ | {"CHITIEU_PORT": "0"}, "up")
        self.urls = [await self._ready()]
        credentials = json.loads((self.folder / "data" / "dev-credentials.json").read_text())
        self.key = credentials["admin"]
        settings = Settings(data_dir=self.folder / "data")
        with database(settings) as self.dsn:
            pass
        connection = await asyncpg.connect(self.dsn)
        await import_units(connection, units, clock())
        await connection.close()
        for number, name in enumerate(self._more):
            port = _free_port()
            command, given = [name], environ | {"CHITIEU_PORT": str(port)}
            process = self._run(command, given, f"{name}-{number + 2}")
            self._beside.append((f"{name}-{number + 2}", command, given, process))
            if name == "ingest":
                self.urls.append(f"http://127.0.0.1:{port}")

    def stop(self) -> None:
        """Everything ends."""
        for *_, process in self._beside:
            process.kill()
            process.wait()
        if self._up is not None:
            self._up.send_signal(signal.SIGTERM)
            try:
                self._up.wait(30)
            except subprocess.TimeoutExpired:
                self._up.kill()
                self._up.wait()

    def tick(self) -> None:
        """Start again what was killed beside `up`; it looks after its own."""
        for index, (name, command, environ, process) in enumerate(self._beside):
            if process.poll() is not None:
                again = self._run(command, environ, name)
                self._beside[index] = (name, command, environ, again)

    def processes(self) -> dict[str, int]:
        """Process ids by what they are, without PostgreSQL and Kafka."""
        found = {name: process.pid for name, *_, process in self._beside}
        if self._up is not None:
            found["up"] = self._up.pid
            for pid in children_of(self._up.pid):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"chitieu.cli.child" in words:
                    found[words[words.index(b"chitieu.cli.child") + 1].decode()] = pid
        return found

    def cpu(self) -> dict[str, float]:
        """Seconds of processor used so far, by what used them."""
        used = {name: _cpu(pid) for name, pid in self.processes().items()}
        used["postgres"] = sum(_cpu(pid) for pid in _postgres_of(self.folder / "data"))
        if self.broker is not None and self.broker.pid is not None:
            used["kafka"] = _cpu(self.broker.pid)
        return used

    async def progress(self, connection: Any) -> tuple[int, int, bool]:
        """Entries placed, entries scored, whether everything is scored."""
        at = await progress_of(connection)
        return at.placed, at.scored, at.done

    def _environ(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CHITIEU_")}
        kept |= {"CHITIEU_DATA_DIR": str(self.folder / "data"), "PYTHONUNBUFFERED": "1"}
        if self.broker is not None:
            kept["CHITIEU_KAFKA_BOOTSTRAP"] = self.broker.bootstrap
            kept["CHITIEU_KAFKA_PREFIX"] = f"{self.folder.name}."
        return kept

    def _run(
        self, command: list[str], environ: Mapping[str, str], name: str
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.out").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "chitieu.cli", *command], env=dict(environ),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=child_preexec(signal.SIGTERM if command == ["up"] else signal.SIGKILL),
            )  # fmt: skip

    async def _ready(self) -> str:
        deadline = time.monotonic() + _READY_S
        log = self.folder / "up.out"
        while time.monotonic() < deadline:
            for line in log.read_text("utf-8").splitlines():
                if line.startswith("ready "):
                    return line.split()[1]
            assert self._up is not None
            if self._up.poll() is not None:
                break
            await asyncio.sleep(0.1)
        raise RuntimeError(f"chitieu up is not ready, see {log}")


def children_of(parent: int) -> list[int]:
    """Processes whose parent this is."""
    found = []
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if int(_stat(int(entry))[1]) == parent:
                found.append(int(entry))
        except OSError:
            continue
    return found


def _stat(pid: int) -> list[str]:
    """The fields behind the name, which may hold blanks: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def _cpu(pid: int) -> float:
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0
    # With those of children that have ended: PostgreSQL's postmaster collects its own.
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _postgres_of(folder: Path) -> list[int]:
    try:
        postmaster = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return []
    return [postmaster, *children_of(postmaster)]


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
