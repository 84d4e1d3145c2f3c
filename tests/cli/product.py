"""The product as its users run it: `chitieu up` as a process, commands beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "chitieu.cli")
PLANS = {
    "77": ("br-vt-2025", "2025-03-31"),
    "22": ("quang-ninh-2025", "2025-02-10"),
    "58": ("ninh-thuan-2025", "2025-06-30"),
    "91": ("kien-giang-2025", "2025-06-30"),
    "51": ("quang-ngai-2023", "2023-12-31"),
}
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def environ(folder: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CHITIEU_", "PG"))}
    return kept | {"CHITIEU_DATA_DIR": str(folder), "CHITIEU_PORT": "0"} | more


def command(
    folder: Path, *arguments: str, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=ROOT, env=environ(folder, **(more or {})),
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def data(folder: Path, *arguments: str) -> Any:
    run = command(folder, *arguments, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@dataclass
class Up:
    """One `chitieu up`."""

    process: subprocess.Popen[str]
    folder: Path
    began: float
    lines: list[str] = field(default_factory=list)
    took: float = 0.0
    errors: str = ""

    @property
    def url(self) -> str:
        return self.lines[-1].removeprefix("ready ")

    @property
    def keys(self) -> Any:
        return json.loads((self.folder / "dev-credentials.json").read_text())

    def wait_ready(self) -> Up:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("ready "):
                self.took = time.monotonic() - self.began
                return self
        self.process.kill()
        raise AssertionError(f"ended: {self.lines}\n{self._close()}")

    def _close(self) -> str:
        said = ""
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                said = stream.read()
                stream.close()
        return said

    def get(self, path: str, key: str | None = None) -> Any:
        headers = {"authorization": f"Bearer {key or self.keys['admin']}"}
        request = urllib.request.Request(self.url + path, headers=headers)
        with _OPENER.open(request, timeout=30) as answer:
            return json.load(answer)

    def post(self, events: Sequence[Mapping[str, Any]], key: str) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.url + "/v1/events",
            data=json.dumps(events).encode(),
            headers={
                "authorization": f"Bearer {key}",
                "content-type": "application/cloudevents-batch+json",
            },
        )
        with _OPENER.open(request, timeout=30) as answer:
            return answer.status, json.load(answer)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(15)
        self.errors = self._close()
        return code


def start(folder: Path, **more: str) -> Up:
    began = time.monotonic()
    process = subprocess.Popen(
        [*PROGRAM, "up"], cwd=ROOT, env=environ(folder, **more), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
        # Killed in the middle of a letter, its last bytes are no text.
        text=True, errors="replace",
    )  # fmt: skip
    one = Up(process, folder, began)
    STARTED.append(one)
    return one


STARTED: list[Up] = []


def processes_of(folder: Path) -> list[str]:
    """Command lines of everything that works in a folder, or was told its name."""
    found = []
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        try:
            line = Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" ").decode()
            around = Path("/proc", entry, "environ").read_bytes().decode(errors="replace")
            where = str(Path("/proc", entry, "cwd").resolve())
        except OSError:  # gone meanwhile, or somebody else's
            continue
        named = f"CHITIEU_DATA_DIR={folder}\0" in around
        if line and (str(folder) in line or named or where.startswith(str(folder))):
            found.append(f"{entry} {line}")
    return found


def wait_gone(folder: Path, limit: float = 10.0) -> list[str]:
    """What is still there after the limit."""
    deadline = time.monotonic() + limit
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def timeless(card: Any) -> Any:
    """A scorecard's results without when they became so."""
    return [
        {name: value for name, value in result.items() if name not in ("changed_at", "links")}
        for result in card["results"]
    ]


def sql(folder: Path, statement: str) -> str:
    program = (
        "import asyncio, asyncpg, sys\n"
        "from pathlib import Path\n"
        "from chitieu.embedded import connect_facts\n"
        "async def main():\n"
        "    facts = connect_facts(Path(sys.argv[1]))\n"
        "    connection = await asyncpg.connect(facts.dsn('chitieu'))\n"
        "    print(await connection.execute(sys.argv[2]))\n"
        "    await connection.close()\n"
        "asyncio.run(main())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(folder), statement],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return run.stdout.strip()


def crowd() -> float:
    """How many others each processor works for: the five seconds are of a machine of our own."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def path_of(code: str) -> str:
    plan, day = PLANS[code]
    return f"/v1/provinces/{code}/scorecard?plan={plan}&as_of={day}&on={day}"
