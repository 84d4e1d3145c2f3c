"""A long history in random order, one report in twenty corrected: any answer at any pair is the
oracle's, and what was answered once is answered so for ever. `make soak` asks 100,000 times
of a million events."""

from __future__ import annotations

import pytest

from tests.travel.run import journey

EVENTS, ASKED = 1_000_000, 2_000  # five minutes of a worker


@pytest.mark.slow
@pytest.mark.timeout(1500)
async def test_any_answer_at_any_pair_is_the_oracles(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = await journey(database, seed=2026, events=EVENTS, asked=ASKED)
    with capsys.disabled():
        print(
            f"\n{told.events} events ({told.corrected} corrections), {told.asked} questions:"
            f" {told.times}"
        )
    assert told.events > 0.97 * EVENTS
    assert told.corrected >= 0.045 * EVENTS
