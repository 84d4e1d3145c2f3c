"""What becomes of good events: identity, meaning, all or nothing, rights."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import httpx
import pytest

from tests.ingest.conftest import BATCH, STRUCTURED, Keys, event, post_batch, statuses


async def count(connection: asyncpg.Connection, source: str) -> int:
    found: int = await connection.fetchval("SELECT count(*) FROM entry WHERE source = $1", source)
    return found


async def test_one_event_in_three_modes_is_one_event(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    sent = event(source="modes")
    first = await client.post("/v1/events", json=sent, headers={"content-type": STRUCTURED})
    assert (first.status_code, first.json()) == (
        202,
        {"accepted": 1, "duplicate": 0, "conflict": 0, "rejected": 0, "results": []},
    )
    batched = await post_batch(client, [sent])
    assert (batched.status_code, statuses(batched)) == (202, ["duplicate"])
    headers = {f"ce-{name}": value for name, value in sent.items() if name != "data"}
    binary = await client.post("/v1/events", json=sent["data"], headers=headers)
    assert (binary.status_code, binary.json()["duplicate"]) == (202, 1)
    assert await count(connection, "modes") == 1


SAME: list[dict[str, Any]] = [
    {"data": {"payments": 2311.0, "period": "2025-03", "cashless_payments": 1.84e3}},
    {"data": {"period": "2025-03-01/2025-03-31", "payments": 2311, "cashless_payments": 1840}},
    {"time": "2025-04-02T02:00:00Z"},
    {"time": "2025-04-02T02:00:00.000+00:00"},
    {"recordedtime": "2025-04-01T00:00:00Z"},
    {"datacontenttype": "application/json", "dataschema": "urn:x", "traceparent": "00-ab"},
    {"corrects": None, "data": {"period": "2025-03", "payments": 2311, "cashless_payments": 1840,
                                "note": None, "estimate": False, "compiled": False}},
]  # fmt: skip
OTHER: list[dict[str, Any]] = [
    {"data": {"period": "2025-03", "payments": 2312, "cashless_payments": 1840}},
    {"data": {"period": "2025-02", "payments": 2311, "cashless_payments": 1840}},
    {"data": {"period": "2025-03", "payments": 2311, "cashless_payments": 1840, "estimate": True}},
    {"data": {"period": "2025-03", "payments": 2311, "cashless_payments": 1840, "note": "x"}},
    {"subject": "77F02"},
    {"time": "2025-04-02T09:00:01+07:00"},
    {"corrects": "e0"},
]


async def test_same_meaning_is_a_duplicate_and_another_a_conflict(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    assert (await post_batch(client, [event(source="meaning")])).status_code == 202
    again = await post_batch(client, [event(source="meaning", **other) for other in SAME])
    assert (again.status_code, set(statuses(again))) == (202, {"duplicate"})
    differing = await post_batch(client, [event(source="meaning", **other) for other in OTHER])
    assert (differing.status_code, set(statuses(differing))) == (422, {"conflict"})
    problem = differing.json()["results"][0]["problem"]
    assert (problem["code"], problem["status"]) == ("conflict", 409)
    assert await count(connection, "meaning") == 1


async def test_a_batch_may_hold_an_identity_twice(client: httpx.AsyncClient) -> None:
    other = {"period": "2025-03", "payments": 5, "cashless_payments": 1}
    mixed = await post_batch(
        client,
        [event("a", source="twice"), event("a", source="twice"),
         event("a", source="twice", data=other), event("b", source="twice")],
    )  # fmt: skip
    assert mixed.status_code == 207
    assert statuses(mixed) == ["accepted", "duplicate", "conflict", "accepted"]
    body = mixed.json()
    assert [body[n] for n in ("accepted", "duplicate", "conflict", "rejected")] == [2, 1, 1, 0]
    quiet = await client.post(
        "/v1/events", json=[event("a", source="twice"), event("b", source="twice", data=other)],
        headers={"content-type": BATCH},
    )  # fmt: skip
    assert [r["index"] for r in quiet.json()["results"]] == [1]


async def test_positions_have_no_gap_when_some_of_a_batch_are_known(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    for count_ in (10, 300):  # both ways of writing
        source = f"gaps-{count_}"
        first = [event(f"{i}", source=source) for i in range(0, count_, 3)]
        assert (await post_batch(client, first)).status_code == 202
        events = [event(f"{i}", source=source) for i in range(count_)]
        assert set(statuses(await post_batch(client, events))) == {"accepted", "duplicate"}
    rows = await connection.fetch(
        "SELECT b.n, count(*) AS held, max(e.idx) AS top FROM batch b JOIN entry e"
        " ON e.batch_id = b.id GROUP BY b.id, b.n"
    )
    assert all(row["n"] == row["held"] == row["top"] + 1 for row in rows)
    lost = await connection.fetchval(
        "SELECT count(*) FROM entry e FULL JOIN identity i USING (batch_id, idx)"
        " WHERE e.kind IN ('event', 'retraction') AND (i.key IS NULL OR e.body IS NULL)"
    )
    assert lost == 0


async def test_an_empty_batch_is_accepted(client: httpx.AsyncClient) -> None:
    answer = await post_batch(client, [])
    assert (answer.status_code, answer.json()["results"]) == (202, [])


async def test_dry_run_answers_the_same_and_writes_nothing(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    events = [event("a", source="dry"), event("a", source="dry", subject="77F02"), event("b", {})]
    dry = await post_batch(client, events, "?dry_run=true")
    assert await count(connection, "dry") == 0
    wet = await post_batch(client, events, "?dry_run=false")
    assert (dry.status_code, dry.json()) == (wet.status_code, wet.json())
    assert wet.status_code == 207
    assert (await post_batch(client, events, "?dry_run=true")).json()["duplicate"] == 1


async def test_atomic_is_all_or_nothing(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    known = event("k", source="atomic")
    assert (await post_batch(client, [known], "?atomic=true")).status_code == 202
    bad = event("b", {"period": "2025-03", "payments": -1, "cashless_payments": 0}, source="atomic")
    conflict = known | {"subject": "77F02"}
    for wrong, status in ((bad, "rejected"), (conflict, "conflict")):
        answer = await post_batch(
            client, [event("n", source="atomic"), wrong, known], "?atomic=true"
        )
        assert (answer.status_code, statuses(answer)) == (422, ["rejected", status, "duplicate"])
        assert answer.json()["results"][0]["problem"]["code"] == "batch_refused"
    assert await count(connection, "atomic") == 1
    good = await post_batch(client, [event("n", source="atomic"), known], "?atomic=true")
    assert (good.status_code, statuses(good)) == (202, ["accepted", "duplicate"])


async def test_a_retracted_event_sent_again_says_so(client: httpx.AsyncClient) -> None:
    sent = event(source="retracted")
    retraction = event(
        "r1", {"source": "retracted", "id": "e1", "reason": "gửi nhầm"}, source="retracted",
        type="vn.chitieu.retraction.v1", subject=None,
    )  # fmt: skip
    assert statuses(await post_batch(client, [sent, retraction])) == ["accepted"] * 2
    again = await post_batch(client, [sent, retraction])
    first, second = again.json()["results"]
    assert (first["status"], first["retracted"]) == ("duplicate", True)
    assert (second["status"], "retracted" in second) == ("duplicate", False)


async def test_senders_do_not_touch_each_other(client: httpx.AsyncClient, keys: Keys) -> None:
    other = {"authorization": f"Bearer {keys.unit_other}"}
    assert statuses(await post_batch(client, [event(source="scope")])) == ["accepted"]
    theirs = event(
        source="scope", data={"period": "2025-03", "payments": 1, "cashless_payments": 0}
    )
    assert statuses(await post_batch(client, [theirs], **other)) == ["accepted"]
    assert statuses(await post_batch(client, [event(source="scope")])) == ["duplicate"]


@pytest.mark.parametrize(
    ("key", "subject", "allowed"),
    [
        ("unit", "77F02", True),
        ("unit", "77F03", False),
        ("unit", "99999", False),
        ("province_77", "77F03", True),
        ("province_77", "dvhc-747", True),
        ("province_77", "cq-syt-22", False),
        ("province_22", "cq-syt-22", True),
        ("province_22", "77F01", False),
        ("admin", "77F01", True),
        ("admin", "99999", False),
        ("ministry", "77F01", False),
    ],
)
async def test_who_may_write_for_whom(
    client: httpx.AsyncClient, keys: Keys, key: str, subject: str, allowed: bool
) -> None:
    answer = await post_batch(
        client, [event(source=f"rights-{key}-{subject}", subject=subject)],
        authorization=f"Bearer {getattr(keys, key)}",
    )  # fmt: skip
    if allowed:
        assert (answer.status_code, statuses(answer)) == (202, ["accepted"])
        return
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "subject_not_allowed"
    assert answer.json()["results"][0]["problem"]["code"] == "subject_not_allowed"


async def test_the_ministry_cannot_retract(client: httpx.AsyncClient, keys: Keys) -> None:
    retraction = event(
        "r",
        {"source": "x", "id": "e", "reason": "x"},
        type="vn.chitieu.retraction.v1",
        subject=None,
    )
    answer = await post_batch(client, [retraction], authorization=f"Bearer {keys.ministry}")
    assert answer.status_code == 403


async def test_the_body_is_what_the_scorer_reads(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    task = "br-vt-2025/annex-2/I.7/province"
    events = [
        event("p", {"period": "2025-Q1", "through": "2025-02-28", "payments": 3,
                    "cashless_payments": 2, "note": "số liệu tạm", "compiled": True}),
        event(
            "s",
            {"on": "2025-02-10", "state": "live", "paperless": True},
            type="vn.chitieu.emr.v1",
        ),
        event("r", {"item": task, "period": "2025-Q1", "percent": 98.60, "printed": "98,6%"},
              type="vn.chitieu.published-rate.v1"),
        event("t", {"item": task, "on": "2025-03-31", "state": "done",
                    "evidence": [{"number": "252/SYT-KHTC", "issued": "2025-01-17"}]},
              type="vn.chitieu.task.v1"),
        event("h", {"on": "2025-02-10", "people": 346973, "standardised": 278924,
                    "to_verify": 66244, "not_standardised": 1805},
              type="vn.chitieu.health-records.v1"),
    ]  # fmt: skip
    answer = await post_batch(client, [e | {"source": "bodies"} for e in events])
    assert set(statuses(answer)) == {"accepted"}, answer.text
    rows = await connection.fetch("SELECT * FROM entry WHERE source = 'bodies'")
    found = {row["event_id"]: json.loads(row["body"]) for row in rows}
    assert all(json.dumps(json.loads(r["body"]), sort_keys=True, ensure_ascii=False,
                          separators=(",", ":")) == r["body"] for r in rows)  # fmt: skip
    assert found["p"]["covers"] == "2025-02-28"
    assert (found["p"]["first"], found["p"]["last"]) == ("2025-01-01", "2025-03-31")
    assert (found["p"]["compiled"], found["p"]["estimate"], found["p"]["note"]) == (
        True,
        False,
        "số liệu tạm",
    )
    assert found["s"]["groups"] == {"state": {"state": "live", "paperless": True}}
    assert found["s"]["first"] == found["s"]["last"] == found["s"]["covers"] == "2025-02-10"
    assert found["r"]["groups"] == {"rate": {"percent": "98.6", "printed": "98,6%"}}
    assert found["r"]["item"] == task
    assert found["t"]["groups"]["state"]["evidence"][0]["number"] == "252/SYT-KHTC"
    assert found["h"]["groups"]["records"]["people"] == 346973
