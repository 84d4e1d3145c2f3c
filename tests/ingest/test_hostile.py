"""Every hostile request has its status and its code, in both languages; nothing is stored."""

from __future__ import annotations

import re
from typing import Any

import asyncpg
import httpx
import pytest

from chitieu.errors import PROBLEMS, Language
from services.ingest.app import IngestApp
from tests.ingest.conftest import BATCH, Keys, event, post_batch
from tests.ingest.hostile_requests import CASES, GROUPS, Case, as_json


async def send(app: IngestApp, keys: Keys, case: Case, speech: Language) -> httpx.Response:
    headers: list[tuple[bytes, bytes]] = [(b"accept-language", speech.encode())]
    if isinstance(case.key, bytes):
        headers.append((b"authorization", case.key))
    elif case.key is not None:
        headers.append((b"authorization", f"Bearer {getattr(keys, case.key)}".encode()))
    for name, value in case.headers.items():
        headers.append((name.encode(), value if isinstance(value, bytes) else value.encode()))
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "method": case.method, "path": "/v1/events", "headers": headers,
        "query_string": case.query.removeprefix("?").encode(),
    }  # fmt: skip
    # In two pieces, as a network would bring it.
    half = len(case.body) // 2
    pieces = iter([
        {"type": "http.request", "body": case.body[:half], "more_body": True},
        {"type": "http.request", "body": case.body[half:], "more_body": False},
    ])  # fmt: skip

    async def receive() -> dict[str, Any]:
        return next(pieces)

    async def take(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, take)
    return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=sent[1]["body"])


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    if "results" in body:
        assert (body["accepted"], body["duplicate"]) == (0, 0)
        problem: dict[str, Any] = body["results"][0]["problem"]
        return problem
    assert answer.headers["content-type"] == "application/problem+json"
    return body


async def check(app: IngestApp, keys: Keys, case: Case) -> None:
    details = {}
    speeches: tuple[Language, Language] = ("vi", "en")
    for speech in speeches:
        answer = await send(app, keys, case, speech)
        problem = problem_of(answer)
        assert (answer.status_code, problem["code"]) == (case.status, case.code), answer.text[:2000]
        assert problem["title"] == PROBLEMS[case.code].title(speech)
        assert answer.headers["content-language"] == speech
        assert "{" not in problem["detail"]
        assert re.fullmatch(r"[A-Za-z0-9._-]+", answer.headers["x-request-id"])
        if case.pointer is not None:
            assert case.pointer in [error["pointer"] for error in problem["errors"]]
        if case.status == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
        if case.status == 415:
            assert "cloudevents-batch+json" in answer.headers["accept-post"]
        details[speech] = problem["detail"]
    assert details["vi"] != details["en"]


@pytest.mark.parametrize("group", GROUPS)
async def test_a_hostile_request_is_told_what_is_wrong(
    app: IngestApp, keys: Keys, connection: asyncpg.Connection, group: str
) -> None:
    failed = {}
    for case in GROUPS[group]:
        try:
            await check(app, keys, case)
        except (AssertionError, KeyError) as error:
            failed[case.name] = str(error)[:600]
    assert failed == {}
    assert await connection.fetchval("SELECT count(*) FROM entry WHERE kind = 'event'") == 0
    assert await connection.fetchval("SELECT count(*) FROM identity") == 0


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len(CASES) >= 200
    names = [case.name for case in CASES]
    assert [name for name in names if names.count(name) > 1] == []


async def test_one_bad_event_does_not_block_the_good_ones(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    bad = [
        case
        for case in CASES
        if case.status == 422 and case.body.startswith(b'{"spec') and len(case.body) < 10_000
    ]
    bodies = b",".join(case.body for case in bad)
    good = as_json(event("good", source="among the bad"))
    answer = await client.post(
        "/v1/events", content=b"[" + bodies + b"," + good + b"]", headers={"content-type": BATCH}
    )
    assert answer.status_code == 207, answer.text[:500]
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, len(bad))
    assert await connection.fetchval("SELECT count(*) FROM identity") == 1
    codes = [result["problem"]["code"] for result in answer.json()["results"]]
    assert codes == [case.code for case in bad]


async def test_large_honest_figures_are_accepted(client: httpx.AsyncClient) -> None:
    data = {"period": "2025-03", "revenue_vnd": 123456789012, "cashless_revenue_vnd": 123456789012,
            "payments": 10**12, "cashless_payments": 0}  # fmt: skip
    answer = await post_batch(client, [event("large", data, source="large")])
    assert answer.status_code == 202, answer.text
