"""The processes of one machine: started, watched, started again, stopped together.

Everything here runs in the main thread: a child dies with the thread that started it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chitieu.processes import child_preexec

Say = Callable[[str, str], None]
"""Told a line for people, Vietnamese and English."""

_LOG_BYTES: Final = 16 << 20
_QUICK_S: Final = 20.0
_QUICK_DEATHS: Final = 5
_BACKOFF_S: Final = (0.0, 0.2, 1.0, 3.0, 5.0)


class GaveUp(Exception):
    """A process keeps dying."""

    def __init__(self, name: str, code: int, log: Path) -> None:
        """`code` is its last exit code, negative for a signal."""
        self.name, self.code, self.log = name, code, log
        super().__init__(
            f"{name} liên tục dừng (mã {code}), xem {log}"
            f" / {name} keeps ending (code {code}), see {log}"
        )


@dataclass
class Child:
    """A process of ours and how to start it again."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    pass_fds: tuple[int, ...] = ()
    told: bytes | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    again_at: float | None = None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def start(self) -> None:
        """Start it, its output appended to its log. It is killed when we end, however we end."""
        how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > _LOG_BYTES:
                self.log.rename(self.log.with_name(f"{self.log.name}.1"))
        log = os.open(self.log, how, 0o600)
        try:
            self.process = subprocess.Popen(
                list(self.command),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(self.environ),
                pass_fds=self.pass_fds,
                # Nothing that it holds is lost by this, and the port is free at once.
                preexec_fn=child_preexec(signal.SIGKILL),
            )
        finally:
            os.close(log)
        self.started, self.again_at = self.clock(), None
        if self.told is not None:
            self._write(self.told)

    def tell(self, line: str) -> None:
        """Write a line to its standard input and close it; again each time it starts again.

        What must not be seen among the processes of the machine goes this way.
        """
        self.told = f"{line}\n".encode()
        if self.process is not None:
            self._write(self.told)

    def _write(self, line: bytes) -> None:
        pipe = self.process.stdin if self.process is not None else None
        if pipe is not None:
            # One that has ended already is started again by `tick`, and told again.
            with suppress(BrokenPipeError):
                pipe.write(line)
                pipe.flush()
            with suppress(BrokenPipeError):
                pipe.close()

    def tick(self, say: Say) -> None:
        """Start it again if it has ended; GaveUp when that happens again and again."""
        if self.again_at is not None:
            if self.clock() >= self.again_at:
                self.start()
            return
        code = None if self.process is None else self.process.poll()
        if code is None:
            return
        quick = self.clock() - self.started < _QUICK_S
        self.quick_deaths = self.quick_deaths + 1 if quick else 1
        if self.quick_deaths > _QUICK_DEATHS:
            raise GaveUp(self.name, code, self.log)
        say(
            f"{self.name} đã dừng (mã {code}), đang chạy lại",
            f"{self.name} ended (code {code}), starting it again",
        )
        self.again_at = self.clock() + _BACKOFF_S[self.quick_deaths - 1]


def stop_all(children: Sequence[Child], limit: float) -> None:
    """Ask all to end, and kill what has not within `limit` seconds."""
    running = [c.process for c in children if c.process is not None and c.process.poll() is None]
    for process in running:
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + limit
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for child in children:
        child.process = None
