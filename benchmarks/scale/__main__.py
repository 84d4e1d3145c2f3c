"""The same events, the same results: `make scale`, or `python -m benchmarks.scale --events N`.

One seeded file (2 % duplicates, 5 % corrections, random order) goes through one embedded
installation, and through two ingests, Kafka with 12 partitions and one, two, four scorers; then
again while a random process is killed every few seconds, while the broker is away for a minute, and
while a member joins or leaves the group every two seconds. Every scorecard's `results` and
`summary` must be the same bytes; exit 1 when they are not. Throughput is of this machine, which
also posts: it proves equality, not speed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.scale.events import Written, registry, write
from benchmarks.scale.run import Told, Trouble, broker_away, kill_one, rebalance, run
from benchmarks.scale.stand import Stand
from tools.kafka_broker import Broker


class Way(NamedTuple):
    """One way through."""

    name: str
    kafka: bool
    ingests: int
    scorers: int
    trouble: Trouble | None = None


WAYS = (
    Way("embedded", False, 1, 1),
    Way("kafka-1", True, 2, 1),
    Way("kafka-2", True, 2, 2),
    Way("kafka-4", True, 2, 4),
    Way("killed", True, 2, 2, kill_one),
    Way("broker-away", True, 2, 2, broker_away),
    Way("rebalanced", True, 2, 2, rebalance),
)


class Progress:
    """One line that moves on a terminal, one every ten seconds elsewhere."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last > 10:
            self._last = time.monotonic()
            print(text, file=sys.stderr, flush=True)


async def one(way: Way, folder: Path, file: Path, arguments: argparse.Namespace) -> Told:
    """Through a new installation, which is gone afterwards."""
    units = registry(arguments.seed, arguments.units)
    broker = Broker(folder / f"{way.name}-kafka") if way.kafka else None
    stand = Stand(folder / way.name, broker, way.ingests, way.scorers)
    try:
        if broker is not None:
            broker.start()
        await stand.start(units)
        return await run(way.name, stand, file, way.trouble, arguments.seed, Progress())
    finally:
        stand.stop()
        if broker is not None:
            broker.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=1_200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ways", default=",".join(way.name for way in WAYS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path, help="a new folder that stays, with all logs")
    arguments = parser.parse_args()
    asked = arguments.ways.split(",")
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        file = folder / "events.ndjson"
        units = registry(arguments.seed, arguments.units)
        written = write(file, arguments.seed, arguments.events, units)
        told: list[Told] = []
        for way in (way for way in WAYS if way.name in asked):
            told.append(asyncio.run(one(way, folder, file, arguments)))
            print_way(told[-1], written, as_json=arguments.json)
    same = len({each.digest for each in told}) == 1
    if not arguments.json:
        print("every result and summary is the same" if same else first_difference(told))
    return 0 if same else 1


def print_way(told: Told, written: Written, *, as_json: bool) -> None:
    """A row of the table."""
    if as_json:
        row = {name: value for name, value in vars(told).items() if name != "cards"}
        print(json.dumps(row | {"events": written.events}), flush=True)
        return
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    used = ", ".join(f"{n} {s:.0f}" for n, s in sorted(told.cpu.items(), key=lambda p: -p[1]))
    most = max(told.cpu, key=lambda name: told.cpu[name])
    print(
        f"{told.name}: {written.events / told.seconds:,.0f} events/s to the last result"
        f" ({written.events / told.ingest_seconds:,.0f} accepted/s), at most"
        f" {told.most_behind:,} behind; {told.accepted:,} new, {told.duplicates:,} duplicates;"
        f" {told.troubles} troubles, {told.repeated} earlier answers the same\n"
        f"  processor seconds: {used}; {told.busy:.2f} processors busy besides the client,"
        f" most of it {most}\n  {told.results} results, sha256 {told.digest[:16]}",
        flush=True,
    )


def first_difference(told: list[Told]) -> str:
    """Where two runs part."""
    first = told[0]
    for other in told[1:]:
        for province, card in first.cards.items():
            for one_, two in zip(card["results"], other.cards[province]["results"], strict=False):
                for name in one_:
                    if one_[name] != two.get(name):
                        return (
                            f"{first.name} and {other.name} differ: {province}, {one_['target']},"
                            f" {name}: {one_[name]!r}, {two.get(name)!r}"
                        )
            if card != other.cards[province]:
                return f"{first.name} and {other.name} differ: {province}, summary or targets"
    return "no difference found"


if __name__ == "__main__":
    sys.exit(main())
