"""Children that do not outlive their parent, and a name under which PostgreSQL agrees to run.

Linux is what this is for. On macOS there is neither a death signal nor a user namespace: a child
whose parent is killed with SIGKILL lives on there, and root cannot run the embedded PostgreSQL.
"""

import ctypes
import errno
import fcntl
import os
import pwd
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

_LINUX: Final = sys.platform == "linux"
# Looked up before any fork: a child between fork and exec must not load libraries.
_LIBC: Final = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG: Final = 1
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_CLONE_NEWUSER: Final = 0x10000000
_CAP_DAC_OVERRIDE: Final = 1
_CAP_VERSION_3: Final = 0x20080522
# Effective, permitted and inheritable: the low words, then the high ones.
_CAP_HEADER: Final = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
_CAP_DATA: Final = (ctypes.c_uint32 * 6)(*[1 << _CAP_DAC_OVERRIDE] * 3, 0, 0, 0)


class NamespaceRefused(Exception):
    """The system gives this user no user namespace; the text is its reason."""


def die_with_parent(signum: int = signal.SIGTERM, parent: int | None = None) -> bool:
    """Let the kernel send `signum` to this process when its parent ends, however it ends.

    "Parent" is the *thread* that started this process. Pass the parent's pid where it is known:
    if it is no longer the parent, it died before this call, and `signum` is sent at once.
    setuid, and exec of a set-uid program, clear the request, so make it after those. False where
    there is no such request (macOS): orphans are possible there. Raises OSError.
    """
    if not _LINUX:
        return False
    if _LIBC.prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0) != 0:
        raise _last_error()
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signum)
    return True


def child_preexec(
    signum: int = signal.SIGTERM, *, namespace: int | None = None
) -> Callable[[], None]:
    """Make a `preexec_fn` for `subprocess.Popen`: own session, and `signum` when we end.

    Its own session keeps the terminal's Ctrl-C from the child. Signals that we ignore or block
    are as at birth in it. `namespace` is what `ordinary_identity` gives. Call this, and Popen,
    in the main thread: the child dies with the thread that starts it. Raises RuntimeError in
    any other thread; an error in the child is subprocess.SubprocessError from Popen.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("child processes must be started from the main thread")
    parent = os.getpid()
    keep_access = os.geteuid() == 0

    def prepare() -> None:
        os.setsid()
        # `make up &` in a script ignores SIGINT in all its children; the death signal must work.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGCHLD):
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if namespace is not None:
            if _LIBC.setns(namespace, _CLONE_NEWUSER) != 0:
                raise _last_error()
            if keep_access:
                _keep_file_access()
        # Last, because the kernel clears the request whenever a process changes who it is.
        die_with_parent(signum, parent)

    return prepare


@contextmanager
def ordinary_identity() -> Iterator[int | None]:
    """Give a user namespace in which this user is an ordinary one with a name; None if it is so.

    PostgreSQL refuses uid 0, initdb also a uid without a name. In the namespace the same user
    only *looks* otherwise: files keep their owner, no folder changes its mode. The value is a
    descriptor for `child_preexec`, valid inside the block. Raises NamespaceRefused.
    """
    if not _needs_namespace():
        yield None
        return
    if not _LINUX:
        raise NamespaceRefused(os.strerror(errno.ENOSYS))
    try:
        namespace = _new_namespace()
    except OSError as error:
        raise NamespaceRefused(error.strerror or str(error)) from error
    try:
        yield namespace
    finally:
        os.close(namespace)


def processes_in(folder: Path, program: str) -> list[int] | None:
    """List the processes of `program` that work in `folder`, as PostgreSQL does in its data.

    Compares the folder itself, not its name, so that pids used again and renamed folders do not
    mislead. Sees what this user may see. None where there is no /proc: then nobody knows.
    """
    try:
        entries = os.listdir("/proc")
    except FileNotFoundError:
        return None
    try:
        wanted = folder.stat()
    except FileNotFoundError:
        return []
    found: list[int] = []
    for entry in filter(str.isdecimal, entries):
        try:
            there = os.stat(f"/proc/{entry}/cwd")
            if (there.st_dev, there.st_ino) != (wanted.st_dev, wanted.st_ino):
                continue
            if Path("/proc", entry, "comm").read_text("utf-8", "replace").strip() == program:
                found.append(int(entry))
        except OSError:  # gone meanwhile, a kernel thread, or somebody else's
            continue
    return found


def open_lock(path: Path) -> int:
    """Open a file to lock, made for its owner only; OSError if it is another user's."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def locked(descriptor: int, how: int) -> bool:
    """Try for a kernel lock, `fcntl.LOCK_SH` or `LOCK_EX`, without waiting.

    It holds until the last copy of the descriptor is closed, in children too, so it cannot go
    stale. A change from one kind to the other that fails loses the lock.
    """
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def id_map(own: int, shown: int, extents: Iterable[tuple[int, int]]) -> str:
    """Write the uid_map or gid_map in which `own` and `shown` change places and others stay.

    `extents` are the (first, count) ranges that the present namespace knows; a line may not
    reach over the edge of one.
    """
    swap = {own: shown, shown: own}
    lines: list[str] = []
    for first, count in extents:
        end = first + count
        edges = {edge for id_ in swap for edge in (id_, id_ + 1) if first < edge < end}
        for start, stop in pairwise(sorted({first, end, *edges})):
            lines.append(f"{swap.get(start, start)} {start} {stop - start}\n")
    return "".join(lines)


def _needs_namespace() -> bool:
    uid = os.geteuid()
    if uid == 0:
        return True
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return True
    return False


def _stand_in() -> tuple[int, int]:
    """Name the uid and gid to appear as: they must be named, because initdb asks for the name."""
    for name in ("daemon", "bin", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid and entry.pw_gid:
            return entry.pw_uid, entry.pw_gid
    return 1000, 1000


def _new_namespace() -> int:
    """Open a new user namespace whose maps are written; raises OSError.

    A process of our own enters it and waits, so that the maps are written from outside, where
    root still has the right to map every id, and so that a refusal has its errno.
    """
    told, tell = os.pipe()
    held, hold = os.pipe()
    holder = os.fork()
    if holder == 0:
        try:
            os.close(hold)
            failed = _LIBC.unshare(_CLONE_NEWUSER) != 0
            os.write(tell, bytes([ctypes.get_errno() if failed else 0]))
            os.read(held, 1)  # until the parent closes its end, or dies
        finally:
            os._exit(0)
    try:
        os.close(tell)
        code = os.read(told, 1)
        if code != b"\0":
            refusal = code[0] if code else errno.ECHILD
            raise OSError(refusal, os.strerror(refusal))
        _write_maps(Path("/proc", str(holder)))
        return os.open(f"/proc/{holder}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        for descriptor in (told, held, hold):
            os.close(descriptor)
        with suppress(ChildProcessError):  # where SIGCHLD is ignored
            os.waitpid(holder, 0)


def _write_maps(process: Path) -> None:
    uid, gid = _stand_in()
    with suppress(FileNotFoundError):
        # Without this an unprivileged user may not write gid_map.
        _write_once(process / "setgroups", "deny")
    for name, own, shown in (("gid_map", os.getegid(), gid), ("uid_map", os.geteuid(), uid)):
        try:
            _write_once(process / name, id_map(own, shown, _extents(name)))
        except OSError:
            # Mapping every id takes privileges; mapping oneself does not. What is lost is the
            # way through folders that only some other user may enter.
            _write_once(process / name, f"{shown} {own} 1\n")


def _extents(name: str) -> Iterator[tuple[int, int]]:
    for line in Path("/proc/self", name).read_text("ascii").splitlines():
        first, _, count = line.split()
        yield int(first), int(count)


def _write_once(path: Path, text: str) -> None:
    # The kernel takes a map in one write or not at all.
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)


def _keep_file_access() -> None:
    """Carry over exec, of all that root may do, only the right to enter every folder.

    Root reaches its files in another user's home by this right; without it PostgreSQL could not.
    Where the kernel refuses, root's own folders work all the same, so that is no error.
    """
    if _LIBC.capset(_CAP_HEADER, _CAP_DATA) == 0:
        _LIBC.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _last_error() -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code))
