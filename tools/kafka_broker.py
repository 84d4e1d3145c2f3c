"""One real Apache Kafka on this machine, from Maven artifacts, for tests and `make up KAFKA=1`.

    python -m tools.kafka_broker FOLDER -- COMMAND…

starts it in FOLDER, sets CHITIEU_KAFKA_BOOTSTRAP, runs the command, stops it and gives its exit
code. `--fetch` alone fetches the jars. Needs Java 17 or newer and, the first time, mvn.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import signal
import socket
import string
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from chitieu.processes import child_preexec, die_with_parent, locked, open_lock
from tools.kafka_jars import KafkaError, Say, fetch, missing

ROOT: Final = Path(__file__).resolve().parents[1]
TEMPLATE: Final = ROOT / "deploy" / "kafka" / "server.properties"

_HEAP: Final = ("-Xms128m", "-Xmx512m")
_READY_S: Final = 60.0
_END_S: Final = 15.0
_TRIES: Final = 3


class Broker:
    """A single node with its data in a folder; main thread only, for it dies with its starter."""

    def __init__(
        self, folder: Path, *, users: Mapping[str, str] | None = None, say: Say = print
    ) -> None:
        """With `users` (name → password) a second listener asks for SASL/PLAIN.

        Whoever comes by the first listener may do everything; these users may do nothing until
        an ACL allows it.
        """
        self._folder = folder.resolve()
        self._users = dict(users or {})
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: tuple[int, int, int] | None = None
        self._lock: int | None = None
        self._said_before = 0

    @property
    def bootstrap(self) -> str:
        """Where clients connect; the same for the life of this object."""
        return f"127.0.0.1:{self._known_ports()[0]}"

    @property
    def sasl_bootstrap(self) -> str:
        """Where `users` connect."""
        return f"127.0.0.1:{self._known_ports()[2]}"

    @property
    def pid(self) -> int | None:
        """Its process while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def log(self) -> Path:
        """What the broker says."""
        return self._folder / "kafka.log"

    def start(self) -> str:
        """Start it and wait until it answers; gives `bootstrap`. KafkaError."""
        for _ in range(_TRIES):
            self.launch()
            try:
                return self.wait()
            except KafkaError:
                self.kill()
                if not self._port_was_taken():
                    raise
                self._ports = None
        raise KafkaError(f"no free port in {_TRIES} tries: see {self.log}")

    def launch(self) -> None:
        """Start it without waiting. KafkaError."""
        if (lack := missing()) is not None:
            raise KafkaError(lack)
        library = fetch(self._say)
        self._own()
        if self._ports is None:
            self._ports = _free_ports()
        properties = self._folder / "server.properties"
        properties.write_text(self._properties(), "utf-8")
        if not (self._folder / "data" / "meta.properties").exists():
            _format(library, properties)
        command = [
            "java", *_HEAP, "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true", "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp", f"{library}/*", "kafka.Kafka", str(properties),
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self._said_before = log.tell()
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                # Not SIGTERM: a broker that is paused would never hear it.
                preexec_fn=child_preexec(signal.SIGKILL),
            )  # fmt: skip

    def wait(self, seconds: float = _READY_S) -> str:
        """Wait until it answers; gives `bootstrap`. KafkaError."""
        port = self._known_ports()[0]
        end = time.monotonic() + seconds
        while not answers("127.0.0.1", port):
            if self._process is None or (code := self._process.poll()) is not None:
                raise KafkaError(f"Kafka ended (code {code}): {self._last_words()}")
            if time.monotonic() > end:
                raise KafkaError(f"Kafka is not ready after {seconds:.0f} s: see {self.log}")
            time.sleep(0.05)
        return self.bootstrap

    def stop(self) -> None:
        """Let it end well, within 15 s, else make it; nothing when it does not run."""
        if self._process is not None:
            self.resume()
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
            self.kill()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it answer nothing while its connections stay open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def restart(self) -> str:
        """Stop if it runs, start on the same ports with the same data. KafkaError."""
        self.stop()
        self.launch()
        return self.wait()

    def __enter__(self) -> Broker:
        """Start."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _own(self) -> None:
        """Take the folder, which only its owner may enter, for the life of this object."""
        if self._lock is not None:
            return
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open_lock(self._folder / "broker.lock")
        if not locked(lock, fcntl.LOCK_EX):
            os.close(lock)
            raise KafkaError(f"a broker runs in {self._folder} already")
        self._lock = lock

    def _known_ports(self) -> tuple[int, int, int]:
        if self._ports is None:
            raise KafkaError("the broker was not started")
        return self._ports

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _properties(self) -> str:
        port, controller, sasl = self._known_ports()
        text = string.Template(TEMPLATE.read_text("utf-8")).substitute(
            port=port,
            controller_port=controller,
            data=self._folder / "data",
            sasl_listener=f",SASL_PLAINTEXT://127.0.0.1:{sasl}" if self._users else "",
        )
        if not self._users:
            return text
        users = " ".join(f'user_{name}="{password}"' for name, password in self._users.items())
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        return text + (
            "\nsasl.enabled.mechanisms=PLAIN\n"
            f"listener.name.sasl_plaintext.plain.sasl.jaas.config={module} required {users};\n"
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
            "super.users=User:ANONYMOUS\n"
        )

    def _said(self) -> str:
        """What its log holds of this start."""
        with self.log.open("rb") as log:
            log.seek(self._said_before)
            return log.read().decode("utf-8", "replace")

    def _last_words(self) -> str:
        said = [x for x in self._said().splitlines() if "ERROR" in x or "Exception" in x]
        return f"{said[-1].strip()} ({self.log})" if said else f"see {self.log}"

    def _port_was_taken(self) -> bool:
        return "Address already in use" in self._said()


def answers(host: str, port: int, timeout: float = 1.0) -> bool:
    """Whether a Kafka broker answers there: the one question that every version understands."""
    question = struct.pack(">hhih", 18, 0, 1, -1)  # ApiVersions, version 0, no client id
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(struct.pack(">i", len(question)) + question)
            head = connection.recv(10, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(head) == 10 and struct.unpack(">iih", head)[1:] == (1, 0)


def main(arguments: Sequence[str]) -> int:
    """Run a command beside a broker; gives its exit code."""
    if list(arguments) == ["--fetch"]:
        if (lack := missing()) is not None:
            raise KafkaError(lack)
        fetch()
        return 0
    if len(arguments) < 3 or arguments[1] != "--":
        print(__doc__, file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _told)
    if os.environ.get("CHITIEU_DIE_WITH_PARENT"):
        die_with_parent(signal.SIGTERM)
    broker = Broker(Path(arguments[0]))
    try:
        bootstrap = broker.start()
        print(f"Kafka {bootstrap}", flush=True)
        return _beside(arguments[2:], os.environ | {"CHITIEU_KAFKA_BOOTSTRAP": bootstrap})
    except _Told:
        return 130
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        broker.stop()


class _Told(BaseException):
    """We were told to stop."""


def _told(*_: object) -> None:
    raise _Told


def _beside(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run it in a session of its own; when we are told to stop, it is told once, and awaited."""
    process = subprocess.Popen(command, env=environ, preexec_fn=child_preexec())
    try:
        return process.wait()
    except _Told:
        process.send_signal(signal.SIGTERM)
        return process.wait()


def _format(library: Path, properties: Path) -> None:
    """Make the data folder. KafkaError."""
    # Kafka takes no id that begins with "-".
    cluster = "k" + base64.urlsafe_b64encode(secrets.token_bytes(16)).decode()[1:22]
    run = subprocess.run(
        ["java", *_HEAP, "-XX:TieredStopAtLevel=1", "-cp", f"{library}/*",
         "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode != 0:
        raise KafkaError(f"kafka-storage format: {(run.stderr or run.stdout).strip()[-500:]}")


def _free_ports() -> tuple[int, int, int]:
    """Ports that were free a moment ago: for clients, the controller, SASL."""
    with _bound() as first, _bound() as second, _bound() as third:
        return first, second, third


@contextmanager
def _bound() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KafkaError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
