"""What became of a report."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Caller, World, payment, post, score
from tests.conftest import nothing_placed


async def one(ask: Caller, id_: str, query: str = "") -> dict[str, Any]:
    answer = await ask(f"/v1/events?source=urn:his&id={id_}{query}", "unit")
    assert answer.status_code == 200, answer.text
    [item] = answer.json()["items"]
    return dict(item)


async def test_a_report_that_counts(ask: Caller) -> None:
    item = await one(ask, "p2", "&as_of=2025-03-31")
    assert (item["status"], item["counts"], item["corrects"]) == ("scored", True, "p1")
    assert item["received_at"] == "2026-01-05T05:00:00Z"
    [group] = item["groups"]
    assert group["why"] is None
    assert group["counted_in"]


async def test_a_report_that_was_corrected(ask: Caller) -> None:
    item, later = await one(ask, "p1"), await one(ask, "p2")
    [group] = item["groups"]
    assert (item["counts"], group["why"]) == (False, "corrected")
    assert group["by"]["position"] == later["position"]


async def test_what_corrects_a_report_is_named_with_its_reason(ask: Caller, world: World) -> None:
    month = {"period": "2025-12", "time": "2026-01-02T09:00:00+07:00"}
    later = {"period": "2025-12", "time": "2026-01-03T09:00:00+07:00"}
    await post(world, "unit", [
        payment("h1", **month), payment("h2", corrects="h1", note="gõ nhầm", **later),
        payment("h3", corrects="h1", **(later | {"time": "2026-01-01T09:00:00+07:00"})),
    ])  # fmt: skip
    await score(world.dsn)
    path = "/v1/units/77F01/events?metric=cashless-payment&period=2025-12"
    first, second, third = (await ask(path, "unit")).json()["items"]
    assert [e["id"] for e in (first, second, third)] == ["h1", "h2", "h3"]
    assert (second["note"], second["corrected_by"], second["retracted_by"]) == ("gõ nhầm", [], None)
    assert [(c["id"], c["note"], c["applies"]) for c in first["corrected_by"]] == [
        ("h2", "gõ nhầm", True), ("h3", None, False),
    ]  # fmt: skip
    assert first["corrected_by"][0]["position"] == second["position"]
    assert first["corrected_by"][0]["known"] == second["known"]
    # Before it was known nothing corrected it.
    early = await one(ask, "h1", f"&known_at={quote(first['known'])}")
    assert (early["corrected_by"], early["counts"]) == ([], True)


async def test_a_report_that_a_later_one_of_its_key_replaced(ask: Caller) -> None:
    [group] = (await one(ask, "p3"))["groups"]
    assert (group["why"], group["by"]) == ("superseded", {"source": "urn:his", "id": "p4"})


async def test_a_report_of_a_day_to_come(ask: Caller) -> None:
    [group] = (await one(ask, "p2", "&as_of=2025-03-30"))["groups"]
    assert group["why"] == "not_yet_covered"


async def test_before_it_is_placed_and_scored(ask: Caller, world: World) -> None:
    month = {"period": "2025-09", "time": "2025-10-02T09:00:00+07:00"}
    async with nothing_placed(world.dsn):
        await post(world, "unit", [payment("fresh", **month)])
        item = await one(ask, "fresh")
        assert (item["status"], item["position"], item["counts"]) == ("accepted", None, None)
    await post(world, "unit", [payment("next", **month)])
    item = await one(ask, "fresh")
    assert (item["status"], item["counts"]) == ("placed", None)
    assert item["position"]
    await score(world.dsn)
    assert (await one(ask, "fresh"))["status"] == "scored"


async def test_a_retraction_and_what_it_names(ask: Caller, world: World) -> None:
    month = {"period": "2025-10", "time": "2025-11-02T09:00:00+07:00"}
    retraction = {
        "specversion": "1.0", "id": "r1", "source": "urn:his", "time": "2025-11-03T09:00:00+07:00",
        "type": "vn.chitieu.retraction.v1",
        "data": {"source": "urn:his", "id": "gone", "reason": "nhầm"},
    }  # fmt: skip
    await post(world, "unit", [payment("gone", **month), retraction])
    await score(world.dsn)
    [group] = (await one(ask, "gone"))["groups"]
    item = await one(ask, "r1")
    assert group["why"] == "retracted"
    assert group["by"]["position"] == item["position"]
    gone = await one(ask, "gone")
    assert gone["retracted_by"]["position"] == item["position"]
    assert (gone["retracted_by"]["note"], item["note"]) == ("nhầm", "nhầm")


async def test_reports_of_a_unit(ask: Caller) -> None:
    path = "/v1/units/77F01/events?as_of=2025-03-31"
    march = (await ask(f"{path}&period=2025-03-01/2025-03-31", "unit")).json()["items"]
    assert [e["id"] for e in march] == ["p1", "p2"]
    february = (await ask(f"{path}&period=2025-02&metric=cashless-payment", "unit")).json()
    assert [e["id"] for e in february["items"]] == ["p3", "p4"]
    assert (await ask(f"{path}&metric=emr", "unit")).json()["items"] == []


async def test_pages_of_reports_are_the_list(ask: Caller) -> None:
    whole = (await ask("/v1/units/77F01/events?as_of=2025-03-31", "unit")).json()["items"]
    seen, cursor = [], ""
    while True:
        link = f"/v1/units/77F01/events?as_of=2025-03-31&limit=2{cursor}"
        page = (await ask(link, "unit")).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == whole


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/events", "bad_value"), ("/v1/events?source=a", "bad_value"),
        ("/v1/events?source=a&id=", "bad_value"), ("/v1/events?source=a&id=b%00", "bad_value"),
        ("/v1/events?source=a&id=" + "x" * 257, "bad_value"),
        ("/v1/units/77F01/events?metric=x", "bad_value"),
        ("/v1/units/77F01/events?period=2025-13", "bad_value"),
    ],
)  # fmt: skip
async def test_bad_questions(ask: Caller, path: str, code: str) -> None:
    answer = await ask(path, "unit")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
