"""Health, measures, pages, documentation, errors of the frame, forwarding."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.ingest.app import IngestApp
from tests.api.conftest import BATCH, Caller, World, payment, score, serving
from tests.builders import NOON, places


async def test_ready_and_how_far_the_scorer_is(ask: Caller, world: World) -> None:
    await score(world.dsn)
    assert (await ask("/livez", None)).json() == {"status": "ok"}
    assert (await ask("/readyz", None)).json() == {"status": "ok", "warnings": []}
    checks = (await ask("/readyz?verbose=1", None)).json()["checks"]
    assert (checks["database"], checks["schema"], checks["lag"]) == ("ok", "ok", 0)
    assert checks["kafka"] is None


async def test_a_database_of_another_release_is_not_ready(ask: Caller, app: Any) -> None:
    async with app.state.api.pool.acquire() as connection:
        was = await connection.fetchval("SELECT version_num FROM alembic_version")
        await connection.execute("UPDATE alembic_version SET version_num = 'x'")
        try:
            answer = await ask("/readyz", None)
        finally:
            await connection.execute("UPDATE alembic_version SET version_num = $1", was)
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "warnings": []})


async def test_measures(ask: Caller) -> None:
    await ask("/v1/provinces/77/scorecard")
    text = (await ask("/metrics", None)).text
    assert 'chitieu_api_requests_total{operation="province_scorecard",status="200"}' in text
    assert "chitieu_scorer_lag_entries" in text
    assert "77" not in re.sub(r"[0-9.e+-]+$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/nowhere", "GET", 404, "not_found"),
        ("/v1/provinces/", "GET", 404, "not_found"),
        ("/v1/targets/", "GET", 404, "not_found"),
        ("/v1/targets/nothing/result", "GET", 404, "not_found"),
        ("/v1/provinces", "DELETE", 405, "method_not_allowed"),
        ("/v1/units/77F01", "POST", 405, "method_not_allowed"),
        ("/static/../app.py", "GET", 404, "not_found"),
        ("/static/%2e%2e%2fapp.py", "GET", 404, "not_found"),
        ("/" + "x" * 9000, "GET", 404, "not_found"),
        ("/v1/events", "POST", 405, "method_not_allowed"),
    ],
)
async def test_errors_of_the_frame(
    ask: Caller, path: str, method: str, status: int, code: str
) -> None:
    answer = await ask(path, "admin", method)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "xxxx" not in answer.text
    if status == 405:
        assert answer.headers["allow"]


async def test_our_own_fault_says_nothing(
    ask: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("services.api.places.router.named_place", broken)
    answer = await ask("/v1/provinces/77", None, headers={"x-request-id": "abc"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] == "abc"
    assert '"request_id": "abc"' in caplog.text


async def test_a_database_that_is_gone_is_503(world: World) -> None:
    async with serving(world) as (app, ask):
        app.state.api.pool.terminate()
        answer = await ask("/v1/plans", None)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert (await ask("/readyz", None)).status_code == 503
        assert (await ask("/livez", None)).status_code == 200


async def test_pages_load_nothing_from_elsewhere(ask: Caller) -> None:
    for path in ("/", "/docs", "/p/77?on=2025-03-31", "/p/22"):
        answer = await ask(path, None)
        assert answer.status_code == 200
        assert not re.search(r"(src|href)=[\"'](?:https?:)?//", answer.text)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        for name in re.findall(r'(?:src|href)="(?:\.\./)?(static/[^"]+)"', answer.text):
            assert (await ask(f"/{name}", None)).status_code == 200, name
    page = (await ask("/p/77?on=2025-03-31", None)).text
    assert "Bà Rịa – Vũng Tàu" in page
    assert "86,51%" not in page  # no results without a key
    link = re.search(r'href="(p/77[^"]*)"', (await ask("/", None)).text)
    assert link
    assert (await ask(f"/{link[1]}".replace("&amp;", "&"), None)).status_code == 200


async def test_what_pages_load_is_kept_for_ever_and_never_stale(ask: Caller) -> None:
    page = (await ask("/p/22", None)).text
    link = re.search(r'href="\.\./(static/pages\.css)(\?v=[0-9a-f]{16})"', page)
    assert link
    named = await ask(f"/{link[1]}{link[2]}", None)
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    for other in ("", "?v=0123456789abcdef"):
        answer = await ask(f"/{link[1]}{other}", None)
        assert (answer.status_code, answer.content) == (200, named.content)
        assert answer.headers["cache-control"] == "public, no-cache"
    have = {"if-none-match": named.headers["etag"]}
    assert (await ask(f"/{link[1]}", None, headers=have)).status_code == 304


async def test_the_start_page_leads_to_every_description(ask: Caller) -> None:
    page = (await ask("/", None)).text
    for name in ("docs", "openapi.json", "asyncapi.json", "v1/plans", "v1/targets"):
        assert f'href="{name}"' in page
        assert (await ask(f"/{name}", None)).status_code == 200


async def forwarding(world: World, transport: Any) -> AsyncIterator[Caller]:
    async with serving(world, ingest_url="http://ingest:1") as (app, ask):
        await app.state.api.ingest.aclose()
        app.state.api.ingest = httpx.AsyncClient(base_url="http://ingest", transport=transport)
        yield ask


async def test_reports_are_forwarded_to_ingest(world: World) -> None:
    ingest = IngestApp(world.settings(), places(), now=lambda: NOON)
    await ingest.startup()
    async for ask in forwarding(world, httpx.ASGITransport(app=ingest)):
        month = {"period": "2025-11", "time": "2025-12-02T09:00:00+07:00"}
        sent = [payment("forwarded", **month)]
        headers = {"content-type": BATCH, "prefer": "return=representation"}
        answer = await ask("/v1/events?dry_run=true", "unit", "POST", json=sent, headers=headers)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
        refused = await ask("/v1/events", None, "POST", json=sent, headers=headers)
        assert refused.json()["code"] == "key_missing"
        assert (await ask("/v1/limits", "unit")).json()["max_batch_events"] == 5000
        assert (await ask("/v1/events", None, "OPTIONS")).headers["accept-post"]
        assert (await ask("/v1/events?source=urn:his&id=p1", "unit")).json()["items"]
    await ingest.shutdown()


async def test_ingest_that_is_down_is_503(world: World) -> None:
    def down(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down")

    async for ask in forwarding(world, httpx.MockTransport(down)):
        answer = await ask("/v1/events", "unit", "POST", json=[], headers={"content-type": BATCH})
        assert (answer.status_code, answer.json()["code"]) == (503, "ingest_unavailable")
        assert answer.headers["retry-after"] == "2"
