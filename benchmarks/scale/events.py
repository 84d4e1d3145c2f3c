"""The file of events: seeded, in random order, with duplicates and corrections. One body a line.

Every unit reports each day, and each month how many of its visitors used the health book. A line is
the body of one `POST /v1/events`.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any, NamedTuple

from chitieu.catalogue.model import UnitRecord
from chitieu.demo.registry import Shape, units_of

PROVINCES = ("22", "51", "58", "77", "91", "38", "01", "79", "48", "31", "92", "75")
FIRST_DAY = dt.date(2024, 1, 1)
LAST_DAY = dt.date(2025, 6, 30)
AS_OF = "2025-06-30"
IN_A_LINE = 1_000
DUPLICATES, CORRECTIONS = 0.02, 0.05


class Written(NamedTuple):
    """What the file holds."""

    lines: int
    events: int
    duplicates: int
    corrections: int


def registry(seed: int, units: int) -> list[UnitRecord]:
    """Fictional units, the same number in each province."""
    each = units // len(PROVINCES)
    return [
        unit
        for province in PROVINCES
        for unit in units_of(Shape(seed, each, 18, LAST_DAY, province), FIRST_DAY, [])
    ]


def write(path: Path, seed: int, count: int, units: list[UnitRecord]) -> Written:
    """`count` events, duplicates among them; the same seed gives the same file."""
    chance = random.Random(seed)
    codes = [unit.code for unit in units]
    originals = round(count * (1 - DUPLICATES - CORRECTIONS))
    corrected = round(count * CORRECTIONS)
    events = [_report(chance, codes, number) for number in range(originals)]
    events += [
        _correction(chance, events[chance.randrange(originals)], number)
        for number in range(corrected)
    ]
    repeated = count - len(events)
    events += [events[chance.randrange(originals + corrected)] for _ in range(repeated)]
    chance.shuffle(events)
    lines = 0
    with path.open("w", encoding="utf-8") as file:
        for at in range(0, len(events), IN_A_LINE):
            batch = events[at : at + IN_A_LINE]
            file.write(json.dumps(batch, ensure_ascii=False, separators=(",", ":")) + "\n")
            lines += 1
    return Written(lines, len(events), repeated, corrected)


def _report(chance: random.Random, codes: list[str], number: int) -> dict[str, Any]:
    unit = codes[number % len(codes)]
    turn = number // len(codes)
    days = (LAST_DAY - FIRST_DAY).days + 1
    day = FIRST_DAY + dt.timedelta(days=turn % days)
    if turn % 30 == 29:
        visitors = chance.randint(200, 4000)
        data: dict[str, Any] = {
            "period": day.isoformat()[:7], "visitors": visitors,
            "visitors_using": chance.randint(0, visitors),
        }  # fmt: skip
        metric, made = "vneid-health-book", _after_month(day)
    else:
        payments, amount = chance.randint(5, 300), chance.randint(10**6, 10**9)
        data = {
            "period": day.isoformat(), "payments": payments,
            "cashless_payments": chance.randint(0, payments),
            "revenue_vnd": amount, "cashless_revenue_vnd": chance.randint(0, amount),
        }  # fmt: skip
        metric, made = "cashless-payment", day + dt.timedelta(days=1)
    return {
        "specversion": "1.0", "id": f"r{number}", "source": "urn:scale",
        "type": f"vn.chitieu.{metric}.v1", "subject": unit,
        "time": f"{made}T{turn % 24:02}:{number % 60:02}:00+07:00", "data": data,
    }  # fmt: skip


def _correction(chance: random.Random, event: dict[str, Any], number: int) -> dict[str, Any]:
    data = dict(event["data"])
    part, whole = (
        ("cashless_payments", "payments") if "payments" in data else ("visitors_using", "visitors")
    )
    data[part] = chance.randint(0, data[whole])
    later = dt.datetime.fromisoformat(event["time"]) + dt.timedelta(days=2, seconds=number % 86400)
    return event | {
        "id": f"c{number}", "time": later.isoformat(), "corrects": event["id"], "data": data,
    }  # fmt: skip


def _after_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
