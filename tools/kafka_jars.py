"""The jars of Apache Kafka: what deploy/kafka/pom.xml pins, fetched once into `.kafka/lib`."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from chitieu.processes import open_lock

ROOT: Final = Path(__file__).resolve().parents[1]
POM: Final = ROOT / "deploy" / "kafka" / "pom.xml"
HOME: Final = ROOT / ".kafka"

_JAVA: Final = 17

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
