"""How fast ingest is over real HTTP: `python -m benchmarks.ingest [--seconds 5]`.

A server process on an embedded PostgreSQL with `fsync` on; batches of 1,000 from 4 connections,
single events from 64; every event new, with an arbitrary id. In the same run, as the yardstick,
asyncpg's COPY of the same rows into a table with the same columns and a unique index, 1,000 rows a
commit, with no validation, no deduplication and no HTTP. The load comes from this machine too, so
it takes its share of the cores.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from chitieu.catalogue.load import load
from chitieu.catalogue.location import default_root
from chitieu.embedded import EmbeddedPostgres
from chitieu.postgres.base_registry import bring
from chitieu.postgres.keys import create_key, ensure_organisation
from chitieu.postgres.migrate import migrate

BATCH = 1_000
START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
SETTINGS = {"max_wal_size": "16GB", "shared_buffers": "1GB"}


def event(units: list[str], number: int) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": secrets.token_hex(16),
        "source": "his/benchmark",
        "type": "vn.chitieu.cashless-payment.v1",
        "subject": units[number % len(units)],
        "time": f"2026-01-02T{number % 24:02}:{number // 24 % 60:02}"
        f":{number // 1440 % 60:02}+07:00",
        "data": {
            "period": f"2025-{number % 12 + 1:02}",
            "payments": 2311 + number,
            "cashless_payments": 1840,
            "revenue_vnd": 123_456_789_012,
            "cashless_revenue_vnd": 3_456_789_012 + number,
        },
    }


def request(key: str, content_type: str, body: bytes) -> bytes:
    head = (
        "POST /v1/events HTTP/1.1\r\nhost: localhost\r\n"
        f"authorization: Bearer {key}\r\ncontent-type: {content_type}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes
) -> tuple[int, bytes]:
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return int(head[9:12]), await reader.readexactly(length)


async def load_http(
    port: int, connections: int, seconds: float, make: Callable[[int], bytes]
) -> tuple[int, list[float]]:
    """Requests answered with 202 in the time, and how long each took. Bodies are made before."""
    taken: list[float] = []
    prepared = [make(number) for number in range(connections * 2)]
    following = iter(prepared)
    end = time.perf_counter() + seconds

    async def one(number: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        done = 0
        sent = next(following)
        while (began := time.perf_counter()) < end:
            status, body = await ask(reader, writer, sent)
            taken.append(time.perf_counter() - began)
            if status != 202:
                raise SystemExit(f"{status}: {body[:500]!r}")
            done += 1
            sent = make(number * 1_000_000 + done)
        writer.close()
        return done

    answered = await asyncio.gather(*(one(number) for number in range(connections)))
    return sum(answered), taken


def batches(key: str, units: list[str], seconds: float) -> Callable[[int], bytes]:
    """Requests of 1,000 events; ids are put in at the last moment, which is cheap."""
    text = json.dumps([event(units, n) for n in range(BATCH)]).encode()
    parts = text.split(b'"id": "')
    tails = [part[32:] for part in parts[1:]]

    def make(_: int) -> bytes:
        ids = secrets.token_hex(16 * BATCH).encode()
        body = parts[0] + b"".join(
            b'"id": "' + ids[i * 32 : i * 32 + 32] + tail for i, tail in enumerate(tails)
        )
        return request(key, "application/cloudevents-batch+json", body)

    return make


def singles(key: str, units: list[str]) -> Callable[[int], bytes]:
    whole = request(
        key, "application/cloudevents+json", json.dumps(event(units, 7)).encode()
    ).split(b'"id": "')
    tail = whole[1][32:]
    return lambda _: whole[0] + b'"id": "' + secrets.token_hex(16).encode() + tail


async def copy(dsn: str, units: list[str], seconds: float) -> float:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "CREATE TABLE copied (LIKE entry INCLUDING ALL);"
        "CREATE UNIQUE INDEX ON copied (organisation_id, source, event_id)"
    )
    body = await connection.fetchval("SELECT body FROM entry WHERE kind = 'event' LIMIT 1")
    done, spent = 0, 0.0
    while spent < seconds:
        records = [
            (done + 1, i, "event", 1, "his/benchmark", secrets.token_hex(16),
             "vn.chitieu.cashless-payment.v1", units[i % len(units)], START, None, body)
            for i in range(BATCH)
        ]  # fmt: skip
        began = time.perf_counter()
        await connection.copy_records_to_table("copied", records=records)
        spent += time.perf_counter() - began
        done += 1
    await connection.close()
    return done * BATCH / spent


async def prepare(dsn: str) -> tuple[str, list[str]]:
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        catalogue = load([default_root()]).catalogue
        await bring(connection, catalogue, START)
        sender = await ensure_organisation(connection, "benchmark", "benchmark")
        key = await create_key(connection, sender, "admin", START)
    finally:
        await connection.close()
    return key.text, sorted(catalogue.units)


async def ready(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise SystemExit("ingest did not start")


def shown(taken: list[float]) -> str:
    cuts = statistics.quantiles(taken, n=100)
    return f"p50 {cuts[49] * 1e3:.1f} ms, p99 {cuts[98] * 1e3:.1f} ms"


async def measure(dsn: str, port: int, key: str, units: list[str], seconds: float) -> None:
    measured: Awaitable[None] = ready(port)
    await measured
    for _ in range(2):  # the first round warms up
        done, taken = await load_http(port, 4, seconds, batches(key, units, seconds))
        batch_rate = done * BATCH / seconds
        print(f"batches of 1,000, 4 connections: {batch_rate:,.0f} events/s, {shown(taken)}")
        done, taken = await load_http(port, 64, seconds, singles(key, units))
        print(f"single events, 64 connections:   {done / seconds:,.0f} requests/s, {shown(taken)}")
    copied = await copy(dsn, units, seconds)
    print(f"asyncpg COPY, unique index:      {copied:,.0f} rows/s")
    print(f"batches / COPY: {batch_rate / copied:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds: float = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", settings=SETTINGS)
        facts = server.start()
        try:
            dsn = facts.dsn()
            key, units = asyncio.run(prepare(dsn))
            port = 18_081
            environ = os.environ | {"CHITIEU_DATABASE_URL": dsn, "CHITIEU_PORT": str(port)}
            process = subprocess.Popen([sys.executable, "-m", "services.ingest"], env=environ)
            try:
                asyncio.run(measure(dsn, port, key, units, seconds))
            finally:
                process.terminate()
                process.wait(20)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
