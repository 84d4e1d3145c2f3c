"""What the description says of ingest is true of ingest and api on one port.

It stands before test_openapi.py, which writes the document from what is written here.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import jsonschema
import pytest
import pytest_asyncio

from chitieu.asgi import OnePort, lifespan
from chitieu.cloudevents import BATCHED, PLAIN, STRUCTURED
from chitieu.embedded import Facts
from chitieu.events import RETRACTION
from chitieu.openapi_events import OPERATIONS, data_name
from chitieu.openapi_sent import BINARY_HEADERS, SENT, Sent
from chitieu.postgres.base_registry import bring
from services.api.app import create_app
from services.api.documented import documented
from services.ingest.app import IngestApp
from tests.api.conftest import Caller, World, make_keys, score, soon
from tests.api.inferred import schema_of
from tests.api.test_openapi import EXAMPLES, WRITE
from tests.builders import NOON, places, real_catalogue
from tests.conftest import fresh_database

DOCUMENT: dict[str, Any] = create_app(World("postgresql://x/x", {}).settings()).openapi()
POST = DOCUMENT["paths"]["/v1/events"]["post"]
PROBLEM = "application/problem+json"
# Nothing that is sent brings these about.
OURS = {
    "body_incomplete", "over_quota", "internal_error", "overloaded", "unavailable",
    "outcome_unknown", "ingest_unavailable",
}  # fmt: skip
EVENT = SENT[0].body


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ask(postgres: Facts) -> AsyncIterator[Caller]:
    """Ingest and api on one port, on a database to which nothing was reported yet."""
    async with fresh_database(postgres) as dsn:
        connection = await asyncpg.connect(dsn)
        await bring(connection, real_catalogue(), NOON)
        world = World(dsn, await make_keys(connection))
        await connection.close()
        await score(dsn)
        ingest = IngestApp(world.settings(), places(), now=lambda: NOON)
        api = create_app(world.settings(), clock=soon, places=places())
        app = OnePort(ingest, api, lambda: None)
        transport = httpx.ASGITransport(app=app)
        async with (
            lifespan(app),
            httpx.AsyncClient(transport=transport, base_url="http://both") as client,
        ):
            yield Caller(client, world.keys)


def keep(name: str, what: dict[str, Any]) -> None:
    text = json.dumps(what, ensure_ascii=False, indent=1, sort_keys=True)
    (EXAMPLES / f"{name}.json").write_text(text + "\n", "utf-8")


def checker(name: str) -> Any:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(schema)


async def send(ask: Caller, sent: Sent, query: str = "") -> httpx.Response:
    content = json.dumps(sent.body, ensure_ascii=False).encode()
    headers = {"content-type": sent.content_type, **sent.headers}
    return await ask(f"/v1/events{query}", sent.sender, "POST", content=content, headers=headers)


async def try_the_parameters(ask: Caller) -> None:
    """Nothing is written: it is still new to the requests that follow."""
    dry = await send(ask, SENT[0], "?dry_run=true")
    assert (dry.status_code, dry.json()["accepted"]) == (202, 1)
    [mixed] = [sent for sent in SENT if sent.name == "mixed"]
    whole = await send(ask, mixed, "?atomic=true")
    assert (whole.status_code, whole.json()["accepted"]) == (422, 0)


async def test_each_request_shown_is_answered_as_shown(ask: Caller) -> None:
    await try_the_parameters(ask)
    told: dict[str, Any] = {}
    for sent in SENT:
        answer = await send(ask, sent)
        assert answer.status_code == sent.status, (sent.name, answer.text)
        kind = answer.headers["content-type"]
        described = POST["responses"][str(sent.status)]["content"][kind]
        checker(described["schema"]["$ref"].rpartition("/")[2]).validate(answer.json())
        if sent.told:
            told[sent.name] = answer.json()
            shown = {"value": answer.json()}
            assert WRITE or described["examples"][sent.name] == shown
        if "prefer" in sent.headers:
            assert answer.headers["preference-applied"] == "return=representation"
    assert set(told) == {sent.name for sent in SENT if sent.told}
    if WRITE:
        keep("post_events", {"answers": told})
    answer = await ask(f"/v1/events?source={EVENT['source']}&id={EVENT['id']}")
    assert [item["data"] for item in answer.json()["items"]] == [EVENT["data"]]


def test_requests_fit_their_schema() -> None:
    event = checker("CloudEvent")
    for sent in SENT:
        if sent.content_type == PLAIN:
            continue
        for one in sent.body if sent.content_type == BATCHED else [sent.body]:
            event.validate(one)
    for wrong in (
        EVENT | {"data": {"period": "2025-03"}}, EVENT | {"data": {"payments": 1}},
        EVENT | {"specversion": "0.3"}, EVENT | {"subject": None} | {"type": "x"},
        {name: value for name, value in EVENT.items() if name != "subject"},
        {name: value for name, value in EVENT.items() if name != "time"},
        EVENT | {"type": RETRACTION}, EVENT | {"Extension": "x"}, EVENT | {"extension": {}},
    ):  # fmt: skip
        assert not event.is_valid(wrong), wrong
    # A metric of a server's own catalogue.
    assert event.is_valid(EVENT | {"type": "vn.chitieu.own-metric.v1", "data": {"period": "x"}})


def test_the_headers_of_the_binary_request_are_described() -> None:
    described = {p["name"]: p["schema"].get("examples") for p in POST["parameters"]}
    for name, value in BINARY_HEADERS.items():
        assert described[name] == [value]


REFUSED: dict[str, tuple[Any, dict[str, str], str]] = {
    "bad_parameter": (EVENT, {}, "?dry=true"),
    "bad_header": (EVENT["data"], {"content-type": PLAIN, **BINARY_HEADERS, "ce-id": "%zz"}, ""),
    "body_empty": (b"", {}, ""),
    "not_utf8": (b"\xff", {}, ""),
    "not_json": (b'{"id": NaN}', {}, ""),
    "duplicate_key": (b'{"id": "1", "id": "2"}', {}, ""),
    "too_deep": (b'{"data":' + b"[" * 40 + b"]" * 40 + b"}", {}, ""),
    "object_expected": ([EVENT], {}, ""),
    "array_expected": (EVENT, {"content-type": BATCHED}, ""),
    "key_missing": (EVENT, {"authorization": ""}, ""),
    "key_invalid": (EVENT, {"authorization": "Bearer ct_x"}, ""),
    "body_too_large": (b'"' + b"x" * (5 << 20) + b'"', {}, ""),
    "batch_too_large": ([{}] * 5_001, {"content-type": BATCHED}, ""),
    "unsupported_media_type": (EVENT, {"content-type": "text/plain"}, ""),
    "content_encoding_unsupported": (EVENT, {"content-encoding": "gzip"}, ""),
}


@pytest.mark.parametrize("code", REFUSED)
async def test_each_refusal_is_as_shown(ask: Caller, code: str) -> None:
    body, given, query = REFUSED[code]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": STRUCTURED} | given
    as_ = None if "authorization" in given else "admin"
    answer = await ask(f"/v1/events{query}", as_, "POST", content=content, headers=headers)
    described = POST["responses"][str(answer.status_code)]
    assert answer.headers["content-type"] == PROBLEM, answer.text
    assert answer.json() == described["content"][PROBLEM]["examples"][code]["value"]
    for name in described.get("headers", {}):
        assert name.lower() in answer.headers


def test_every_refusal_is_tried() -> None:
    shown = {
        code for response in POST["responses"].values()
        for code in response["content"].get(PROBLEM, {"examples": {}})["examples"]
    }  # fmt: skip
    assert shown == OURS | set(REFUSED) | {"subject_not_allowed"}


async def test_what_needs_no_body(ask: Caller) -> None:
    answer = await ask("/v1/events", None, "OPTIONS")
    described = DOCUMENT["paths"]["/v1/events"]["options"]["responses"]["200"]
    assert answer.status_code == 200
    for name, header in described["headers"].items():
        assert answer.headers[name.lower()] == header["example"]
    limits = await ask("/v1/limits")
    assert limits.status_code == 200
    if WRITE:
        keep("options_events", {"answers": {"empty": answer.json()}})
        keep("limits", {"example": limits.json(), "schema": schema_of([limits.json()])})
        return
    assert described["content"]["application/json"]["examples"]["empty"]["value"] == answer.json()
    assert limits.json() == documented("limits")["example"]
    checker("Limits").validate(limits.json())
    assert (await ask("/v1/limits", None)).status_code == 401


async def test_the_schema_of_every_metric_stands_in_the_description(ask: Caller) -> None:
    answer = await ask("/v1/metrics?limit=500")
    live = {item["event_type"]: item["schema"] for item in answer.json()["items"]}
    assert len(live) == len({data_name(event_type) for event_type in live}) > 70
    if WRITE:
        keep("metric_schemas", {"schema": live})
        return
    schemas = DOCUMENT["components"]["schemas"]
    linked = {
        one["if"]["properties"]["type"]["const"]: one["then"]["properties"]["data"]["$ref"]
        for one in schemas["CloudEvent"]["allOf"]
    }
    assert linked.keys() == {*live, RETRACTION}
    for event_type, schema in live.items():
        assert schemas[linked[event_type].rpartition("/")[2]] == schema


async def test_the_served_document_is_this_one(ask: Caller) -> None:
    answer = await ask("/openapi.json", None)
    assert answer.json() == json.loads(json.dumps(DOCUMENT))
    assert {operation.id for operation in OPERATIONS} == {"post_events", "options_events", "limits"}
