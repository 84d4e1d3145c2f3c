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
from collections.abc import Callable
from pathlib import Path
from typing import cast

import asyncpg
import uvloop

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


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered; streams would cost more."""

    def __init__(self, make: Callable[[], bytes], end: float) -> None:
        self._make, self._end = make, end
        self._held = b""
        self._began = 0.0
        self.taken: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of a class of their own.
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        sent = self._make()
        self._began = time.perf_counter()
        if self._began >= self._end:
            self._transport.close()
            self.done.set_result(None)
            return
        self._transport.write(sent)

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.split(b"content-length: ")[1].split(b"\r\n")[0]):
            return
        self.taken.append(time.perf_counter() - self._began)
        if not self.done.done() and head[9:12] != b"202":
            self.done.set_exception(RuntimeError(self._held[:1_000].decode()))
            return
        self._held = b""
        self._ask()


async def load_http(
    port: int, connections: int, seconds: float, make: Callable[[], bytes]
) -> tuple[int, list[float]]:
    """Requests answered with 202 in the time, and how long each took."""
    loop = asyncio.get_running_loop()
    end = time.perf_counter() + seconds
    clients = [
        (await loop.create_connection(lambda: Client(make, end), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    taken = [seconds for client in clients for seconds in client.taken]
    return len(taken), taken


def batches(key: str, units: list[str]) -> Callable[[], bytes]:
    """Requests of 1,000 events; ids are put in at the last moment, which is cheap."""
    text = json.dumps([event(units, n) for n in range(BATCH)]).encode()
    parts = text.split(b'"id": "')
    tails = [part[32:] for part in parts[1:]]

    def make() -> bytes:
        ids = secrets.token_hex(16 * BATCH).encode()
        body = parts[0] + b"".join(
            b'"id": "' + ids[i * 32 : i * 32 + 32] + tail for i, tail in enumerate(tails)
        )
        return request(key, "application/cloudevents-batch+json", body)

    return make


def singles(key: str, units: list[str]) -> Callable[[], bytes]:
    whole = request(
        key, "application/cloudevents+json", json.dumps(event(units, 7)).encode()
    ).split(b'"id": "')
    tail = whole[1][32:]
    return lambda: whole[0] + b'"id": "' + secrets.token_hex(16).encode() + tail


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
    await ready(port)
    batch_rate = 0.0
    for _ in range(2):  # the first round warms up
        done, taken = await load_http(port, 4, seconds, batches(key, units))
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
                uvloop.run(measure(dsn, port, key, units, seconds))
            finally:
                process.terminate()
                process.wait(20)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
