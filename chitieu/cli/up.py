"""`chitieu up`: everything of one machine, from nothing to `ready`, until it is told to stop.

The main thread owns the processes (they die with the thread that started them) and watches them;
what waits for a database or for HTTP runs in a thread beside it. Signals only set a flag.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

import asyncpg

from chitieu.bootstrap import BadCatalogue, NewerRelease, prepare_schema
from chitieu.cli.main_job import Interrupted, MainJob
from chitieu.cli.session import DATABASE
from chitieu.cli.terminal import DONE, NOT_SO, Failed, say, warn
from chitieu.client import ApiProblem, Unreachable
from chitieu.cluster import EmbeddedError
from chitieu.data_folder import DataFolder
from chitieu.embedded import EmbeddedPostgres
from chitieu.launch import Child, GaveUp, stop_all
from chitieu.postgres.server import UnfitServer, make_database
from chitieu.posting import NotScored, Refused
from chitieu.processes import die_with_parent
from chitieu.settings import BadSetting, KafkaSettings, Settings

T = TypeVar("T")

_TICK_S: Final = 0.05
# Together under the ten seconds in which an operator may expect us gone.
_CHILDREN_END_S: Final = 4.0
_POSTGRES_END_S: Final = 3.0
# Another command may be using the folder's PostgreSQL for a moment.
_LOCK_WAIT_S: Final = 20.0


class Stopped(Exception):
    """We were told to stop."""


def run_up(settings: Settings) -> int:
    """Serve; gives the exit code. Failed for what must be told in a line."""
    # Starting allocates much and frees nothing: looking for garbage took a third of it.
    gc.disable()
    up = Up(settings)
    try:
        up.serve()
    except (Stopped, Interrupted):
        return DONE
    except (EmbeddedError, UnfitServer, NewerRelease, BadCatalogue, BadSetting) as error:
        raise Failed(str(error)) from error
    except (Refused, NotScored, GaveUp, ApiProblem, Unreachable) as error:
        raise Failed(str(error), NOT_SO) from error
    except (OSError, asyncpg.PostgresError) as error:
        raise Failed(f"{type(error).__name__}: {error}") from error
    finally:
        up.stop()
    return DONE


class Up:
    """One run of it."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is touched yet."""
        self._settings = settings
        self._folder = DataFolder(settings.data_dir)
        self._told = threading.Event()
        self._postgres: EmbeddedPostgres | None = None
        self._children: list[Child] = []
        self._socket: socket.socket | None = None

    def serve(self) -> None:
        """Everything in order; returns when told to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._told.set())
        if os.environ.get("CHITIEU_DIE_WITH_PARENT"):
            die_with_parent(signal.SIGTERM)
        self._socket = listen(self._settings.host, self._settings.port)
        self._folder.own()
        web, *workers = self._make_children()
        # It loads its code while PostgreSQL starts, and waits to be told the address.
        self._start(web)
        dsn = self._database()
        self._beside(lambda: prepare_schema(dsn))
        if (kafka := self._settings.kafka) is not None:
            self._beside(lambda: make_topics(kafka))
        web.tell(dsn)
        for worker in workers:
            worker.tell(dsn)
            self._start(worker)
        url = url_of(self._socket)
        job = MainJob(self._settings, self._folder, dsn, url, self._told)
        self._beside(job.prepare)
        self._beside(job.wait_for_web)
        self._folder.announce(url)
        self._beside(job.post_and_show)
        gc.freeze()
        gc.enable()
        print(f"ready {url}", flush=True)
        while not self._told.wait(_TICK_S):
            self._tick()

    def stop(self) -> None:
        """End everything that runs; safe to call whenever and again."""
        stop_all(self._children, _CHILDREN_END_S)
        if self._postgres is not None:
            self._postgres.stop(fast=_POSTGRES_END_S, immediate=1.0)
        if self._socket is not None:
            self._socket.close()
        self._folder.give_up()

    def _database(self) -> str:
        """The address of the database, started if it is ours."""
        if self._settings.database_url is not None:
            return self._settings.database_url
        self._postgres = EmbeddedPostgres(self._folder.path)
        facts = self._postgres.start(lock_wait=_LOCK_WAIT_S, progress=self._progress)
        say(
            f"PostgreSQL nhúng đang chạy ở {self._folder.path}",
            f"the embedded PostgreSQL runs in {self._folder.path}",
        )
        self._beside(lambda: make_database(facts.dsn(), DATABASE))
        return facts.dsn(DATABASE)

    def _progress(self, seconds: float, what: str) -> None:
        if self._told.is_set():
            raise Stopped
        say(f"  chờ PostgreSQL {seconds:.0f} s: {what}", f"  PostgreSQL, {seconds:.0f} s: {what}")

    def _start(self, child: Child) -> None:
        child.start()
        self._children.append(child)

    def _make_children(self) -> list[Child]:
        """The web process and those that work behind it."""
        assert self._socket is not None  # `serve` made it
        folder, settings = self._folder, self._settings
        environ = {k: v for k, v in os.environ.items() if k != "CHITIEU_DIE_WITH_PARENT"} | {
            "CHITIEU_DATA_DIR": str(folder.path),
            "CHITIEU_CATALOGUE": os.pathsep.join(str(p.resolve()) for p in settings.catalogue),
            "PYTHONUNBUFFERED": "1",
        }
        # Served by `up` itself: forwarding to another ingest would be a second way in.
        environ.pop("CHITIEU_INGEST_URL", None)
        environ.pop("CHITIEU_DATABASE_URL", None)
        python, descriptor = sys.executable, self._socket.fileno()
        web = Child(
            "web", (python, "-m", "chitieu.cli.child", "web", str(descriptor)), environ,
            folder.log("web"), pass_fds=(descriptor,),
        )  # fmt: skip
        workers = ["scorer"] if settings.kafka is None else ["scorer", "relay"]
        own_port = {"CHITIEU_PORT": "0", "CHITIEU_HOST": "127.0.0.1"}
        return [web, *(
            Child(
                name, (python, "-m", "chitieu.cli.child", name), environ | own_port,
                folder.log(name),
            )
            for name in workers
        )]  # fmt: skip

    def _tick(self) -> None:
        """Start again what has ended."""
        if self._postgres is not None and (code := self._postgres.poll()) is not None:
            warn(
                f"PostgreSQL đã dừng (mã {code}), đang chạy lại",
                f"PostgreSQL ended (code {code}), starting it again",
            )
            self._postgres.restart(progress=self._progress)
        for child in self._children:
            child.tick(warn)

    def _beside(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine in a thread while we watch; Stopped as soon as we are told to."""
        outcome: Future[T] = Future()

        def run() -> None:
            try:
                outcome.set_result(asyncio.run(work()))
            except BaseException as error:
                outcome.set_exception(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(_TICK_S)
            if self._told.is_set():
                # It sees the flag between two steps; a step that hangs ends with its process.
                thread.join(1.0)
                raise Stopped
            self._tick()
        return outcome.result()


async def make_topics(kafka: KafkaSettings) -> None:
    """Make the topics that are missing, on a single broker with one copy; Failed."""
    # Only here: a slow import that few need.
    from chitieu.kafka import topics
    from chitieu.kafka.cluster import KafkaFault

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        try:
            findings = await topics.create(kafka)
        except KafkaFault as fault:
            if fault.why != "too_few_brokers":
                raise
            findings = await topics.create(kafka, replication=1)
    except KafkaFault as fault:
        raise Failed(str(fault)) from fault
    for finding in findings:
        say(*finding.words())
        if not finding.usable:
            raise Failed(" / ".join(finding.words()), NOT_SO)


def listen(host: str, port: int) -> socket.socket:
    """Take the port, or Failed. Requests that come before we are ready wait in the queue."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((host, port))
        server.listen(2048)
    except OSError as error:
        server.close()
        raise Failed(
            f"cổng {host}:{port} không dùng được ({error.strerror}): đặt CHITIEU_PORT khác"
            f" / port {host}:{port} cannot be used ({error.strerror}): set another CHITIEU_PORT"
        ) from error
    server.set_inheritable(True)
    return server


def url_of(server: socket.socket) -> str:
    """Where a client on this machine reaches us."""
    host, port = server.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
