"""Months of a log to archive: entries for the file alone, and a whole system in February 2027."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from chitieu.archive.file import Line
from chitieu.months import Month
from chitieu.ports import Entry
from chitieu.postgres.archive_check import check_archive
from chitieu.postgres.archiving import drop_month, size_of, write_month
from chitieu.postgres.months import make_months
from tests.builders import a_retraction, a_unit, cashless
from tests.machine.system import UNITS, System
from tests.oracle.oracle import Event

FEBRUARY = Month(2027, 2)
IN_FEBRUARY = dt.datetime(2027, 2, 3, 3, tzinfo=dt.UTC)
TABLES = (
    "organisation", "batch", "entry", "identity", "log", "log_head", "consumer", "measurement",
    "standing_change", "place_position", "result", "closing_document", "archived_month",
)  # fmt: skip


def some_lines(count: int = 40) -> list[Line]:
    """Batches of three, with a hole in the positions where another month's batch lay."""
    found = []
    for number in range(count):
        new: Any = cashless("38F01", "2025-01", number + 1, 1, id=f"é{number}")
        if number % 10 == 7:
            new = a_retraction(f"é{number - 1}", id=f"r{number}")
        if number % 10 == 8:
            new = a_unit(f"38F{number:02}")
        seq = 100 + number + (5 if number >= 21 else 0)
        entry = Entry(
            new.kind, new.body, new.organisation, new.source, new.event_id, new.type, new.subject,
            new.time, new.corrects, seq, 10**15 + seq,
        )  # fmt: skip
        found.append(Line(entry, 1, FEBRUARY.first_id + number // 3, number % 3, 10**15))
    return found


async def fingerprints(connection: Any) -> dict[str, str]:
    """What every table holds, each row to the last character."""
    found = {}
    for table in TABLES:
        rows = await connection.fetch(f'SELECT t::text AS row FROM "{table}" t ORDER BY 1')
        found[table] = hashlib.sha256("\n".join(r["row"] for r in rows).encode()).hexdigest()
    return found


def payments(number: int, unit: str, period: str, now: dt.datetime, **given: Any) -> Event:
    whole = 10 + number
    return {
        "kind": "event", "sender": 2, "source": "urn:his", "id": f"e{number}", "unit": unit,
        "metric": "cashless-payment", "period": period, "time": now, "corrects": None,
        "groups": {
            "counts": {"payments": whole, "cashless_payments": whole - number % 7},
            "revenue": {"revenue_vnd": 10 * whole, "cashless_revenue_vnd": 5 * whole},
        },
    } | given  # fmt: skip


class Lived(System):
    """A system whose February 2027 is full of reports, corrections and retractions."""

    async def live(self, seed: int) -> None:
        chance = random.Random(seed)
        number = 0
        self.pass_time(minutes=1)
        for unit in UNITS:
            for month in (1, 2, 3, 6):
                number += 1
                await self.post(payments(number, unit, f"2025-{month:02}", self.now))
        self.pass_time(days=2)
        await self.wanted(
            "/v1/provinces/77/closings?on=2025-06-30", "77", status=201, method="POST",
            json={"plan": "thu-2025", "period": "2025-Q1"},
        )  # fmt: skip
        for _ in range(10):
            number += 1
            self.pass_time(minutes=1)
            named = f"e{chance.randint(1, number + 3)}"
            unit = chance.choice(UNITS)
            if chance.random() < 0.3:
                if not any(e["id"] == named and e["kind"] == "retraction" for e in self.posted):
                    await self.post({
                        "kind": "retraction", "sender": 2, "source": "urn:his", "id": named,
                        "time": self.now,
                    })  # fmt: skip
                continue
            await self.post(payments(
                number, unit, f"2025-{chance.randint(1, 6):02}", self.now, corrects=named
            ))  # fmt: skip
        await self.keep()
        # Another month: it stays.
        self.now = dt.datetime(2027, 3, 10, 3, tzinfo=dt.UTC)
        await self.post(payments(90, UNITS[0], "2025-04", self.now))
        await self.keep()

    async def archive(self, folder: Path, *, drop: bool = True) -> Path:
        """February as a file, and no longer here."""
        await size_of(self.db, FEBRUARY, self.now)
        kept, _ = await write_month(self.db, FEBRUARY, folder)
        await check_archive(self.db, kept.path)
        if drop:
            await drop_month(self.db, kept.path, self.now)
        return kept.path


@asynccontextmanager
async def lived(database: str, seed: int = 1) -> AsyncIterator[Lived]:
    """One that lived through February and is in March."""
    connection = await asyncpg.connect(database)
    await make_months(connection, IN_FEBRUARY)
    await connection.close()
    system = Lived(database)
    system.now = IN_FEBRUARY
    await system.start()
    try:
        await system.live(seed)
        yield system
    finally:
        await system.stop()
