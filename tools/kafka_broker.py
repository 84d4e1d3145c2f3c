"""One real Apache Kafka on this machine, from Maven artifacts, for tests and `make up KAFKA=1`.

    python -m tools.kafka_broker FOLDER -- COMMAND…

starts it in FOLDER, sets CHITIEU_KAFKA_BOOTSTRAP, runs the command, stops it and gives its exit
code. `--fetch` alone fetches the jars. Needs Java 17 or newer and, the first time, mvn.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import string
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from chitieu.processes import child_preexec, die_with_parent, open_lock

ROOT: Final = Path(__file__).resolve().parents[1]
POM: Final = ROOT / "deploy" / "kafka" / "pom.xml"
TEMPLATE: Final = ROOT / "deploy" / "kafka" / "server.properties"
HOME: Final = ROOT / ".kafka"

_JAVA: Final = 17
_HEAP: Final = ("-Xms128m", "-Xmx512m")
_READY_S: Final = 60.0
_END_S: Final = 15.0
_TRIES: Final = 3

Say = Callable[[str], None]


class KafkaError(Exception):
    """The broker cannot run; the text is one line, and names the log where there is one."""


def missing() -> str | None:
    """Say what this machine lacks for a broker; None when it can run one."""
    if (version := _java_version()) is None:
        return "java is missing"
    if version < _JAVA:
        return f"java {version} is too old: Apache Kafka 4 needs {_JAVA}"
    if not _fetched() and shutil.which("mvn") is None:
        return "mvn is missing"
    return None


def fetch(say: Say = print) -> Path:
    """Give the folder of the jars, fetched if they are not those of the pom. KafkaError.

    Several processes may call it at once: one fetches, the others wait.
    """
    library = HOME / "lib"
    HOME.mkdir(exist_ok=True)
    lock = open_lock(HOME / "lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _fetched():
            return library
        if shutil.which("mvn") is None:
            raise KafkaError("mvn is missing")
        fresh = HOME / "lib.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _run_maven(fresh, say)
        (fresh / "pom.xml").write_bytes(POM.read_bytes())
        shutil.rmtree(library, ignore_errors=True)
        fresh.rename(library)
        return library
    finally:
        os.close(lock)


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

    @property
    def bootstrap(self) -> str:
        """Where clients connect; the same for the life of this object."""
        return f"127.0.0.1:{self._known_ports()[0]}"

    @property
    def sasl_bootstrap(self) -> str:
        """Where `users` connect."""
        return f"127.0.0.1:{self._known_ports()[2]}"

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
        self._folder.mkdir(parents=True, exist_ok=True)
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
        if self._process is None:
            return
        self.resume()
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self.kill()

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

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()
        said = [line for line in lines if "ERROR" in line or "Exception" in line]
        return f"{said[-1].strip()} ({self.log})" if said else f"see {self.log}"

    def _port_was_taken(self) -> bool:
        return "Address already in use" in self.log.read_text("utf-8", "replace")


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


def _java_version() -> int | None:
    """The major version of `java`; None without one that runs."""
    if shutil.which("java") is None:
        return None
    run = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', run.stderr)
    return int(found[1]) if found else None


def _fetched() -> bool:
    made_from = HOME / "lib" / "pom.xml"
    return made_from.is_file() and made_from.read_bytes() == POM.read_bytes()


def _run_maven(folder: Path, say: Say) -> None:
    """Copy what the pom names into a folder. KafkaError."""
    say("Apache Kafka: fetching the jars, once (about 45 MB)")
    command = [
        "mvn", "-B", "-C", "-f", str(POM), "dependency:copy-dependencies",
        "-DincludeScope=runtime", f"-DoutputDirectory={folder}",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = _tell_progress(process.stdout, say)
    if process.returncode != 0:
        wrong = next((line for line in said if "ERROR" in line), "see `mvn`")
        raise KafkaError(f"mvn could not fetch Apache Kafka: {wrong.strip()}")


def _tell_progress(lines: IO[str], say: Say) -> list[str]:
    said, count = [], 0
    for line in lines:
        said.append(line)
        if "Downloaded" in line and ".jar" in line:
            count += 1
            if count % 20 == 0:
                say(f"      {count} jars")
    return said


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
