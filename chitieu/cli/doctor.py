"""`doctor`: what could go wrong on this machine, each with a line on how to mend it."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import stat
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from chitieu.catalogue.load import load
from chitieu.catalogue.location import default_root
from chitieu.cli.session import connected, database
from chitieu.cli.terminal import Failed
from chitieu.data_folder import DataFolder
from chitieu.postgres.months import strays
from chitieu.postgres.server import facts_of, progress_of
from chitieu.settings import Language, Settings

_DISK: Final = 2 << 30
_LAG: Final = 10_000
_PYTHON: Final = (3, 11)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: how it is, and what to do when it is not fine."""

    name: str
    fine: bool
    found: str
    fix_vi: str = ""
    fix_en: str = ""

    def line(self, lang: Language) -> str:
        """For a terminal: one line, and one more with the cure."""
        mark = "✓" if self.fine else "✗"
        fix = self.fix_vi if lang == "vi" else self.fix_en
        cure = f"\n    → {fix}" if not self.fine and fix else ""
        return f"{mark} {self.name}: {self.found}{cure}"

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name, "ok": self.fine, "found": self.found,
            "fix": None if self.fine else {"vi": self.fix_vi, "en": self.fix_en},
        }  # fmt: skip


def ready(url: str) -> list[Check]:
    """Whether a service says that it is ready; its address, or its /readyz."""
    where = url if url.rstrip("/").endswith("/readyz") else url.rstrip("/") + "/readyz"
    if not where.startswith(("http://", "https://")):
        raise Failed(f"--url {url}: không phải địa chỉ http / not an http address")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(where, timeout=3) as answer:
            found, fine = f"{where} {answer.status}", answer.status == 200
    except urllib.error.HTTPError as error:
        found, fine = f"{where} {error.code}", False
    except (OSError, ValueError) as error:
        found, fine = f"{where} {error}", False
    return [Check("readyz", fine, found, "xem nhật ký của dịch vụ", "see the service's log")]


def all_checks(settings: Settings) -> list[Check]:
    """Everything that can be looked at without changing anything."""
    folder = DataFolder(settings.data_dir)
    checks = [_python(), _disk(folder.path), _port(settings, folder), *_credentials(folder)]
    checks.append(_catalogue(settings))
    checks += _kafka(settings)
    try:
        with database(settings) as dsn:
            checks += asyncio.run(_database(dsn))
    except Failed as error:
        checks.append(Check("postgresql", False, str(error), "chạy make up", "run make up"))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        checks.append(
            Check("postgresql", False, f"{type(error).__name__}: {error}",
                  "xem CHITIEU_DATABASE_URL và nhật ký của PostgreSQL",
                  "see CHITIEU_DATABASE_URL and PostgreSQL's log")
        )  # fmt: skip
    return checks


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check(
        "python", sys.version_info[:2] >= _PYTHON, found,
        "cần Python 3.11 trở lên", "Python 3.11 or newer is needed",
    )  # fmt: skip


def _disk(path: Path) -> Check:
    there = next(p for p in (path, *path.parents) if p.exists())
    free = shutil.disk_usage(there).free
    return Check(
        "disk", free >= _DISK, f"{free / (1 << 30):.1f} GiB ({there})",
        "cần ít nhất 2 GiB trống", "at least 2 GiB must be free",
    )  # fmt: skip


def _port(settings: Settings, folder: DataFolder) -> Check:
    name = f"{settings.host}:{settings.port}"
    if (url := folder.served_at()) is not None:
        return Check("port", True, url)
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return Check("port", False, f"{name}: {error.strerror}", "đặt CHITIEU_PORT khác",
                         "set another CHITIEU_PORT")  # fmt: skip
    return Check("port", True, name)


def _credentials(folder: DataFolder) -> Iterator[Check]:
    for file in (folder.credentials_file, folder.demo_credentials_file):
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
        except FileNotFoundError:
            continue
        yield Check(
            file.name, mode & 0o077 == 0, f"{mode:04o}", f"chmod 600 {file}", f"chmod 600 {file}"
        )


def _catalogue(settings: Settings) -> Check:
    faults = load([default_root(), *settings.catalogue]).faults
    return Check(
        "catalogue", not faults, f"{len(faults)} lỗi / faults", "chitieu catalogue check",
        "chitieu catalogue check",
    )  # fmt: skip


def _kafka(settings: Settings) -> Iterator[Check]:
    """Whether its topics can be used; nothing where there is no Kafka."""
    if settings.kafka is None:
        return
    # Only here: a slow import that no other check needs.
    from chitieu.kafka import topics
    from chitieu.kafka.cluster import KafkaFault

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        findings = asyncio.run(topics.check(settings.kafka))
    except KafkaFault as fault:
        yield Check("kafka", False, str(fault), "xem CHITIEU_KAFKA_…", "see CHITIEU_KAFKA_…")
        return
    for finding in findings:
        # Fewer copies than declared is how a small cluster is meant to be.
        yield Check(
            "kafka", finding.usable, " / ".join(finding.words()),
            "chitieu topics create", "chitieu topics create",
        )  # fmt: skip


async def _database(dsn: str) -> list[Check]:
    async with connected(dsn) as connection:
        facts = await facts_of(connection)
        fault = facts.fault()
        checks = [
            Check("postgresql", fault is None, fault or facts.shown,
                  "dùng PostgreSQL 18, fsync và synchronous_commit bật",
                  "use PostgreSQL 18 with fsync and synchronous_commit on")
        ]  # fmt: skip
        # Only here: a slow import that no other command needs.
        from chitieu.postgres.migrate import drift

        differences = await drift(dsn)
        checks.append(
            Check("schema", not differences, f"{len(differences)} khác / differences",
                  "chitieu migrate", "chitieu migrate")
        )  # fmt: skip
        if differences:
            return checks
        checks.append(_months(await strays(connection)))
        progress = await progress_of(connection)
        checks.append(
            Check("scorer", progress.behind <= _LAG,
                  f"{progress.scored}/{progress.placed} (+{progress.waiting_batches})",
                  "xem scorer.log trong thư mục dữ liệu", "see scorer.log in the data folder")
        )  # fmt: skip
    return checks


def _months(astray: list[str]) -> Check:
    return Check(
        "months", not astray, ", ".join(astray) or "không có hàng lạc / no row astray",
        "chỉnh đồng hồ máy chủ; chitieu migrate chuyển các hàng về đúng tháng khi tháng đó tới gần",
        "set the server's clock right; chitieu migrate moves the rows when their month is near",
    )  # fmt: skip
