"""What the api answers while scorers come and go it answers again, byte for byte, ever after."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from urllib.parse import quote

import pytest

from chitieu.postgres.facts import scored
from tests.api.conftest import World, make_keys, serving
from tests.builders import NOON
from tests.kafka.histories import PROVINCES, a_history, a_registry
from tests.kafka.running import MakeTopics, a_relay, a_scorer, connected
from tests.kafka.test_scoring import sent, until_scored
from tests.scorer.test_scorer import write

pytestmark = pytest.mark.kafka


async def test_an_answer_given_during_a_rebalance_is_given_again(
    database: str, topics: MakeTopics
) -> None:
    settings = await topics(partitions=6)
    chance, entries, at = random.Random(11), a_history(11, 240), 0
    held: dict[str, bytes] = {}
    horizons: list[int] = []
    async with connected(database) as writer, a_relay(database, settings) as relay:
        await write(writer, a_registry())
        world = World(database, await make_keys(writer))
        async with serving(world) as (_, ask), a_scorer(database, settings) as first:
            await sent(relay)
            await until_scored(writer, first)
            while at < len(entries):
                async with AsyncExitStack() as stack:
                    size = chance.randint(10, 50)
                    await write(writer, entries[at : at + size])
                    at += size
                    await sent(relay)
                    # The group is being rebalanced: some partitions are ahead, some wait.
                    other = await stack.enter_async_context(a_scorer(database, settings))
                    for _ in range(4):
                        await chance.choice([first, other]).step(NOON)
                        horizons.append(await scored(writer))
                        card = f"/v1/provinces/{chance.choice(PROVINCES)}/scorecard"
                        card += "?as_of=2025-12-31&on=2025-03-31"
                        newest = await ask(card)
                        assert newest.status_code == 200, newest.text
                        path = f"{card}&known_at={quote(newest.json()['known_at'])}"
                        answer = await ask(path)
                        assert held.setdefault(path, answer.content) == answer.content
                for path in chance.sample(sorted(held), min(4, len(held))):
                    assert (await ask(path)).content == held[path]
            await until_scored(writer, first)
            for path, content in held.items():
                assert (await ask(path)).content == content
    assert len(held) > 8
    assert horizons == sorted(horizons)
    assert len(set(horizons)) > 4
