"""A restored database goes on in a new epoch; what was placed before keeps its position."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from chitieu.embedded import Facts
from chitieu.postgres.log import recognise_cluster
from tests.api.conftest import Caller, World, filled, payment, post, score, serving

PATHS = (
    "/v1/events?source=urn:his&id=p1&as_of=2025-03-31",
    "/v1/events?source=urn:his&id=taken-back&as_of=2025-03-31",
    "/v1/units/77F01/events?as_of=2025-03-31",
    "/v1/units/77F01?as_of=2025-03-31",
    "/v1/provinces/77/scorecard?as_of=2025-03-31",
)


@pytest.fixture(scope="module")
def restored(postgres: Facts) -> Iterator[World]:
    with filled(postgres) as made:
        yield made


async def restore(dsn: str) -> None:
    """As another cluster finds the rows of the one that was saved."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("UPDATE log_head SET system_identifier = '1'")
        assert await recognise_cluster(connection)
    finally:
        await connection.close()


async def bodies(ask: Caller, query: str) -> list[bytes]:
    answers = [await ask(f"{path}{query}") for path in PATHS]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.content for answer in answers]


async def item(ask: Caller, id_: str) -> dict[str, Any]:
    [found] = (await ask(f"/v1/events?source=urn:his&id={id_}")).json()["items"]
    return dict(found)


async def test_a_restore_changes_no_earlier_answer(restored: World) -> None:
    month = {"period": "2025-01", "time": "2025-02-02T09:00:00+07:00"}
    await post(restored, "unit", [payment("wrong", **month), payment("before", **month), {
        "specversion": "1.0", "id": "taken-back", "source": "urn:his", "subject": "77F01",
        "type": "vn.chitieu.retraction.v1", "time": "2025-02-03T09:00:00+07:00",
        "data": {"source": "urn:his", "id": "wrong", "reason": "gửi nhầm"},
    }])  # fmt: skip
    await score(restored.dsn)
    async with serving(restored) as (_, ask):
        known = (await ask(PATHS[-1])).json()["known_at"]
        before = await bodies(ask, f"&known_at={quote(known)}")
    await restore(restored.dsn)
    late = payment("late", corrects="before", period="2025-01", time="2025-02-04T09:00:00+07:00")
    await post(restored, "unit", [late])
    await score(restored.dsn)
    async with serving(restored) as (_, ask):
        assert await bodies(ask, f"&known_at={quote(known)}") == before
        old, new, wrong = [await item(ask, name) for name in ("before", "late", "wrong")]
        assert (old["position"][:2], new["position"][:2]) == ("1:", "2:")
        assert [group["by"]["position"] for group in old["groups"]] == [new["position"]]
        [taken] = [await item(ask, "taken-back")]
        assert taken["position"].startswith("1:")
        assert {group["by"]["position"] for group in wrong["groups"]} == {taken["position"]}
        versions = (await ask("/v1/units/77F01")).json()["versions"]
        assert {version["position"][:2] for version in versions} == {"1:"}
