"""The journey at any size: `python -m tests.travel --events 1000000 --questions 100000`.

On an embedded PostgreSQL of its own. Exit 1 at the first answer that is not the oracle's. Prints
what it does; with `--json` the figures alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
from pathlib import Path

import asyncpg

from chitieu.embedded import EmbeddedPostgres
from chitieu.postgres.migrate import migrate
from tests.travel.run import Journey, journey


async def _journey(arguments: argparse.Namespace) -> Journey:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        facts = server.start()
        try:
            admin = await asyncpg.connect(facts.dsn())
            await admin.execute("CREATE DATABASE travel")
            await admin.close()
            await migrate(facts.dsn("travel"))
            return await journey(
                facts.dsn("travel"), seed=arguments.seed, events=arguments.events,
                asked=arguments.questions,
                say=lambda text: print(text, file=sys.stderr, flush=True),
            )  # fmt: skip
        finally:
            server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.travel", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", file=sys.stderr, flush=True)
    try:
        told = asyncio.run(_journey(arguments))
    except AssertionError as wrong:
        print(f"not the oracle's answer: {wrong}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(told._asdict()))
    else:
        print(
            f"{told.events} events, {told.corrected} corrections; {told.asked} answers equal the"
            f" oracle's, {told.kept} kept ones their former bytes; {told.times}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
