"""What storage costs, by months: `python -m benchmarks.storage [--events 1000000] [--months 12]`.

On one embedded PostgreSQL with `fsync` on, in one run: two databases with the same rows, one with
the tables of the release before (`flat`), one in months. Writing is the service's own code and
alternates between the two, so that the ratio does not depend on who else uses the machine. The rows
of the bulk are made by SQL, their months lie in the future of this machine's clock, and no scorer
ran: `measurement` and `place_position` are filled as it would fill them, for one province.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from alembic import command

from benchmarks.ingest import SETTINGS
from chitieu.archive.folder import checked
from chitieu.embedded import EmbeddedPostgres
from chitieu.events import ValidEvent, identity_key
from chitieu.months import Month, month_of
from chitieu.postgres.archive_check import check_archive
from chitieu.postgres.archiving import drop_month, restore_month, size_of, write_month
from chitieu.postgres.facts import grow, load_reports
from chitieu.postgres.intake import Item, accept
from chitieu.postgres.log import read_entries
from chitieu.postgres.migrate import config, migrate, with_connection
from chitieu.postgres.months import make_months
from chitieu.scoring.world import Reports

BATCH = 1_000
UNITS = 2_000
# Whole and part of both groups: %1$s, %2$s, %3$s, %4$s.
BODY = (
    '{"compiled":false,"covers":"2025-03-31","data":{"cashless_payments":%2$s,'
    '"cashless_revenue_vnd":%4$s,"payments":%1$s,"period":"2025-03","revenue_vnd":%3$s},'
    '"estimate":false,"first":"2025-03-01","form":"total","groups":{"counts":'
    '{"cashless_payments":%2$s,"payments":%1$s},"revenue":{"cashless_revenue_vnd":%4$s,'
    '"revenue_vnd":%3$s}},"item":null,"last":"2025-03-31","metric":"cashless-payment",'
    '"note":null,"period":"2025-03","recordedtime":null}'
)
# <n>: events, <seq>: first position, <batch>: first id, <known>: first known time, <size>: events
# a batch.
FILL = (
    "CREATE TEMP TABLE g AS SELECT *, r / 2 + r % 7 AS part, r * 98765 AS revenue,"
    f" r * 45678 AS cashless, '38F' || lpad((r % {UNITS})::text, 4, '0') AS unit FROM (SELECT i,"
    " <seq> + i AS seq, <batch> + i / <size> AS batch, (i % <size>)::int AS idx,"
    " md5((<seq> + i)::text) AS event_id, 10 + (hashint8(<seq> + i)::bigint & 1048575) AS r"
    " FROM generate_series(0::bigint, <n> - 1) AS i) x",
    "INSERT INTO batch (id, n, received_at) OVERRIDING SYSTEM VALUE SELECT batch, count(*),"
    " to_timestamp(<known> / 1000000.0) FROM g GROUP BY batch",
    "INSERT INTO log SELECT min(seq), batch, count(*), 1, <known> + min(i) FROM g GROUP BY batch",
    "INSERT INTO identity SELECT 1, substring(sha256(convert_to('urn:his', 'UTF8') ||"
    " '\\x00'::bytea || convert_to(event_id, 'UTF8')) for 16), substring(sha256(event_id::bytea)"
    " for 16), batch, idx FROM g",
    "INSERT INTO entry SELECT batch, idx, 'event', 1, 'urn:his', event_id,"
    " 'vn.chitieu.cashless-payment.v1', unit, '2025-04-02T02:00:00Z', NULL,"
    f" format('{BODY}', r, part, revenue, cashless) FROM g ORDER BY batch, idx",
    "INSERT INTO measurement SELECT seq, x.name, <known> + i, unit, 'cashless-payment', '',"
    " '2025-03-01', '2025-03-31', '2025-03-31', false, false, '2025-04-02T02:00:00Z', 1,"
    " 'urn:his', event_id, format(x.fields, r, part, revenue, cashless) FROM g, (VALUES ('counts',"
    " '{\"cashless_payments\":%2$s,\"payments\":%1$s}'), ('revenue',"
    " '{\"cashless_revenue_vnd\":%4$s,\"revenue_vnd\":%3$s}')) AS x(name, fields) ORDER BY seq",
    "INSERT INTO place_position SELECT '38', seq FROM g",
    "DROP TABLE g",
)  # fmt: skip
TABLES = ("entry", "identity", "batch", "log", "measurement", "place_position")


@contextmanager
def timed(into: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    into.append(time.perf_counter() - began)


def say(what: str, *found: str) -> None:
    print(f"| {what} | " + " | ".join(found) + " |", flush=True)


async def fill(connection: Any, events: int, seq: int, batch: int, known: int, size: int) -> None:
    """Accepted, placed and scored events, by SQL."""
    given = {"<n>": events, "<seq>": seq, "<batch>": batch, "<known>": known, "<size>": size}
    for statement in FILL:
        for name, value in given.items():
            statement = statement.replace(name, f"{value}::bigint")
        await connection.execute(statement)
    await connection.execute(
        f"UPDATE log_head SET seq = {seq + events - 1}, known = {known + events}"
    )
    await connection.execute(
        "INSERT INTO consumer VALUES ('scorer', $1) ON CONFLICT (name) DO UPDATE SET seq = $1",
        seq + events - 1,
    )


async def sizes(connection: Any, events: int) -> dict[str, float]:
    """Bytes an event of each table, indexes and all."""
    found = {}
    for table in TABLES:
        size = await connection.fetchval(
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree($1)"
            if table in ("entry", "identity", "measurement") else
            "SELECT pg_total_relation_size($1)", table,
        )  # fmt: skip
        if not size:  # flat
            size = await connection.fetchval("SELECT pg_total_relation_size($1)", table)
        found[table] = int(size) / events
    return found


def items(count: int, now: dt.datetime) -> list[Item]:
    body = re.sub(r"%\d\$s", "1841", BODY)
    found = []
    for number in range(count):
        name = secrets.token_hex(16)
        found.append(Item(1, ValidEvent(
            "event", "his/benchmark", name, "vn.chitieu.cashless-payment.v1",
            f"38F{number % UNITS:04}", now, None, body, identity_key("his/benchmark", name),
            secrets.token_bytes(16),
        )))  # fmt: skip
    return found


async def writing(both: dict[str, Any], now: dt.datetime) -> None:
    """The same batches into both, one after the other, who begins changing each time."""
    for size, rounds in ((1_000, 150), (20, 600), (1, 1_500)):
        taken: dict[str, list[float]] = {name: [] for name in both}
        for number in range(rounds):
            batch = items(size, now)
            for name in sorted(both, reverse=bool(number % 2)):
                with timed(taken[name]):
                    await accept(both[name], batch, now)
        middle = {name: statistics.median(times) for name, times in taken.items()}
        say(
            f"accept {size:,} events a transaction",
            *(f"{size / middle[name]:,.0f}/s" for name in ("flat", "months")),
            f"{middle['flat'] / middle['months']:.2f}",
        )


async def repeated(times: int, work: Callable[[int], Awaitable[object]]) -> float:
    taken: list[float] = []
    for number in range(times):
        with timed(taken):
            await work(number)
    return statistics.median(taken)


async def reading(both: dict[str, Any], first: int, events: int) -> None:
    units = [f"38F{number:04}" for number in range(0, UNITS, 10)]
    asked: dict[str, tuple[int, Callable[[Any, int], Awaitable[object]]]] = {
        "read 2,000 entries of the log": (
            60, lambda c, n: read_entries(c, first + n * 997 * 16 % (events - 2_000), 2_000)
        ),
        "read 1 entry of the log": (
            300, lambda c, n: read_entries(c, first + n * 99_991 % events, 1)
        ),
        f"all reports of {len(units)} of {UNITS:,} units": (
            9, lambda c, n: load_reports(c, units, first + events)
        ),
        "all reports of one unit": (200, lambda c, n: load_reports(c, [f"38F{n:04}"], 10**12)),
        "what came about 200 units in 100 positions": (
            200, lambda c, n: grow(c, Reports(), units, (first + n * 97, first + n * 97 + 100))
        ),
    }  # fmt: skip
    for what, (times, work) in asked.items():
        middle = {
            name: await repeated(times, partial(work, connection))
            for name, connection in both.items()
        }
        say(
            what, *(f"{middle[name] * 1e3:,.2f} ms" for name in ("flat", "months")),
            f"{middle['flat'] / middle['months']:.2f}",
        )  # fmt: skip


async def archiving(connection: Any, month: Month, after: dt.datetime, folder: Path) -> None:
    partition = f"entry_{month.year}_{month.number:02}"
    count = await size_of(connection, month, after)
    size = await connection.fetchval("SELECT pg_total_relation_size($1)", partition)
    taken: list[float] = []
    with timed(taken):
        kept, _ = await write_month(connection, month, folder)
    with timed(taken):
        checked(kept.path)
    with timed(taken):
        await check_archive(connection, kept.path)
    with timed(taken):
        await drop_month(connection, kept.path, after)
    left = await connection.fetchval("SELECT pg_total_relation_size($1)", partition)
    with timed(taken):
        await restore_month(connection, kept.path)
    print(f"\nA month of {count:,} entries, archived:\n\n| | seconds | entries/s |\n|---|---|---|")
    for what, seconds in zip(
        ("write and read again", "verify the file alone", "verify against the database",
         "drop", "restore"), taken, strict=True,
    ):  # fmt: skip
        say(what, f"{seconds:.1f}", f"{count / seconds:,.0f}")
    print(
        f"\nIts entries: {size / count:,.0f} bytes each in the database,"
        f" {kept.size / count:,.0f} in the file; {left / 1024:,.0f} KiB stay when dropped."
    )


async def measure(dsn: Callable[[str], str], events: int, months: int, folder: Path) -> None:
    admin = await asyncpg.connect(dsn("postgres"))
    both: dict[str, Any] = {}
    now: dt.datetime = await admin.fetchval("SELECT now()")
    for name in ("flat", "months"):
        await admin.execute(f"CREATE DATABASE {name}")
        await migrate(dsn(name))
        both[name] = await asyncpg.connect(dsn(name))
        await both[name].execute("INSERT INTO organisation (code, name) VALUES ('a', 'a')")
    await admin.close()

    def down(connection: Any) -> None:
        made = config()
        made.attributes["connection"] = connection
        command.downgrade(made, "0004")

    await with_connection(dsn("flat"), down)
    first, each = month_of(now).plus(1), events // months
    await make_months(both["months"], now, months + 1)
    for number in range(months):
        month, seq = first.plus(number), 1 + number * each
        await fill(both["months"], each, seq, month.first_id, month.begins, BATCH)
        await fill(both["flat"], each, seq, 1 + number * each, 10**15 + seq, BATCH)
    for connection in both.values():
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    print(f"{each * months:,} events in {months} months, batches of {BATCH:,}.\n")
    print("| bytes an event, indexes included | flat | months | |\n|---|---|---|---|")
    found = {name: await sizes(connection, each * months) for name, connection in both.items()}
    for table in TABLES:
        say(table, f"{found['flat'][table]:.0f}", f"{found['months'][table]:.0f}", "")
    say("all", *(f"{sum(found[name].values()):.0f}" for name in ("flat", "months")), "")
    print("\n| | flat | months | months/flat in speed |\n|---|---|---|---|")
    await reading(both, 1, each * months)
    await writing(both, now)
    after = dt.datetime(first.plus(1).year, first.plus(1).number, 3, tzinfo=dt.UTC)
    await archiving(both["months"], first, after, folder)
    await both["flat"].close()
    taken: list[float] = []
    with timed(taken):
        await migrate(dsn("flat"))
    rate = each * months / taken[0]
    print(f"\nMigrating the flat tables to months: {taken[0]:.1f} s ({rate:,.0f} events/s).")
    await both["months"].close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=12)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", settings=SETTINGS)
        facts = server.start()
        try:
            uvloop.run(measure(facts.dsn, given.events, given.months, Path(folder) / "archive"))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
