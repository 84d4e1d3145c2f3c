"""The description of the API is true: each example runs, and each answer has its schema.

`CHITIEU_WRITE_DOCS=1 pytest tests/api/test_ingest_described.py tests/api/test_openapi.py` takes
examples and schemas from live answers and writes them and docs/openapi.json; without it they must
be what is committed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema
import pytest
import pytest_asyncio

from chitieu.embedded import Facts
from chitieu.errors import PROBLEMS
from chitieu.openapi_events import OPERATIONS as RECEIVED
from services.api.app import create_app
from services.api.documented import documented
from tests.api.conftest import Caller, World, filled, payment, post, score, serving
from tests.api.inferred import schema_of, shortened

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "docs" / "openapi.json"
EXAMPLES = ROOT / "services" / "api" / "examples"
WRITE = os.environ.get("CHITIEU_WRITE_DOCS") == "1"
REASON = {"reason": "Đơn vị gửi bản sửa số liệu tháng 1"}
# More answers of an operation, so that its schema knows what may be null.
MORE = {
    "province_scorecard": ["/v1/provinces/58/scorecard?as_of=2025-03-31&on=2025-03-31",
                           "/v1/provinces/22/scorecard?as_of=2025-02-10&on=2025-02-10",
                           "/v1/provinces/77/scorecard", "/v1/provinces/22/scorecard",
                           "/v1/provinces/77/scorecard?as_of=2025-03-31",
                           "/v1/provinces/79/scorecard",
                           "/v1/provinces/22/scorecard?as_of=2025-02-10&places=2026-01-01"
                           "&level=commune",
                           "/v1/provinces/01/scorecard?known_at=2020-01-01T00:00:00Z"],
    "target_result": ["/v1/targets/br-vt-2025/annex-2/I.7/province/result?as_of=2025-03-31"],
    "province_due": ["/v1/provinces/77/due?as_of=2025-03-31&days=366",
                     "/v1/provinces/22/due?as_of=2025-02-10&days=366", "/v1/provinces/22/due"],
    "provinces": ["/v1/provinces?limit=500"],
    "province": ["/v1/provinces/22", "/v1/provinces/79"],
    "metrics": ["/v1/metrics?limit=500"],
    "indicators": ["/v1/indicators?limit=500"],
    "plans": ["/v1/plans"],
    "plan": [f"/v1/plans/{name}" for name in ("quang-ninh-2025", "ninh-thuan-2025",
                                              "kien-giang-2025", "byt-1366-2025")],
    "targets": ["/v1/targets?limit=500", "/v1/targets?limit=500&plan=ninh-thuan-2025"],
    "units": ["/v1/units?limit=500"],
    "unit": ["/v1/units/77F01", "/v1/units/dvhc-77"],
    "province_completeness": ["/v1/provinces/77/completeness?as_of=2025-03-31",
                              "/v1/provinces/22/completeness?as_of=2025-12-31&on=2025-02-10",
                              "/v1/provinces/77/completeness?as_of=2025-10-31&period=2025-10",
                              "/v1/provinces/01/completeness?known_at=2020-01-01T00:00:00Z"],
    "unit_scorecard": ["/v1/units/77F01/scorecard", "/v1/units/dvhc-22/scorecard"],
    "unit_events": ["/v1/units/77F01/events?as_of=2025-03-30", "/v1/units/77F01/events",
                    "/v1/units/cq-syt-77/events"],
    "events": ["/v1/events?source=urn:his&id=p1"],
    "closings": ["/v1/provinces/77/closings?on=2025-03-31", "/v1/provinces/22/closings"],
    "closing": [f"/v1/provinces/77/closings/77.br-vt-2025.{name}"
                for name in ("2025-01-01_2025-02-28.v1", "2025-01-01_2025-02-28.v2")],
    "closing_document": [
        "/v1/provinces/77/closings/77.br-vt-2025.2025-01-01_2025-02-28.v2/document",
        "/v1/provinces/22/closings/22.quang-ninh-2025.2025-Q1.v1/document",
    ],
}  # fmt: skip


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        operation["operationId"]: (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def url(path: str, operation: dict[str, Any]) -> str:
    """The path with each parameter's example in it."""
    query = {}
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        examples = parameter.get("examples") or parameter["schema"].get("examples")
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(str(examples[0]), safe="/"))
        elif examples and parameter["in"] == "query":
            query[name] = examples[0]
    return f"{path}?{urlencode(query)}" if query else path


@pytest.fixture(scope="module")
def world(postgres: Facts) -> Iterator[World]:
    """One that no other test has written to: lists are shown as they are."""
    with filled(postgres) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(world: World) -> AsyncIterator[tuple[Any, Caller]]:
    async with serving(world) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def closings(served: tuple[Any, Caller], world: World) -> None:
    """One that is open, one withdrawn, and its next version, which somebody asks to reopen."""
    _, ask = served
    base = "/v1/provinces/77/closings"
    part = {"plan": "br-vt-2025", "period": "2025-01-01/2025-02-28"}
    withdrawn = f"{base}/77.br-vt-2025.2025-01-01_2025-02-28.v1/reopen"
    steps = (
        (base, "77", {"plan": "br-vt-2025", "period": "2025-Q1"}),
        ("/v1/provinces/22/closings", "22", {"plan": "quang-ninh-2025", "period": "2025-Q1"}),
        (base, "77", part), (withdrawn, "77", REASON), (withdrawn, "77b", REASON),
        (base, "77", part), (withdrawn.replace(".v1", ".v2"), "77", REASON),
    )  # fmt: skip
    for number, (path, key, body) in enumerate(steps):
        await score(world.dsn)
        made = await ask(path, key, "POST", json=body)
        assert made.is_success, made.text
        if number == 4:
            january = {"period": "2025-01", "time": "2025-02-02T09:00:00+07:00"}
            await post(world, "unit", [payment("between-versions", payments=80, **january)])
    await score(world.dsn)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = create_app(World("postgresql://x/x", {}).settings()).openapi()
    return made


OPERATIONS = operations(create_app(World("postgresql://x/x", {}).settings()).openapi())
# Ingest's are tried in tests/api/test_ingest_described.py.
INGEST = {operation.id for operation in RECEIVED}
JSON_READS = [
    name for name, (_, method, operation) in OPERATIONS.items()
    if method == "get" and name not in ("measures", "livez", "readyz", *INGEST)
]  # fmt: skip


async def live(ask: Caller, name: str) -> list[Any]:
    """Answers of an operation: of its own example first, then of others, and of their results."""
    path, _, operation = OPERATIONS[name]
    links = [url(path, operation), *MORE.get(name, ())]
    if name.startswith("target_"):
        for card in ("77/scorecard?as_of=2025-03-31", "22/scorecard?as_of=2025-02-10"):
            results = (await ask(f"/v1/provinces/{card}")).json()["results"]
            links += [r["links"][name.removeprefix("target_")] for r in results[::4]]
    if name == "target":
        items = (await ask("/v1/targets?limit=500")).json()["items"]
        links += [f"/v1/targets/{item['id']}" for item in items[::10]]
    if name == "changes":
        first, second = [
            (await ask(f"/v1/events?source=urn:his&id={one}")).json()["items"][0]["known"]
            for one in ("p1", "p2")
        ]
        span = f"from_known_at={quote(first)}&to_known_at={quote(second)}"
        links = [f"/v1/changes?province=77&as_of=2025-12-31&{span}", *links]
    found = []
    for link in links:
        answer = await ask(link)
        assert answer.status_code == 200, (link, answer.text)
        found.append(answer.json())
    return found


@pytest.mark.parametrize("name", JSON_READS)
async def test_answers_have_their_schema(ask: Caller, name: str) -> None:
    answers = await live(ask, name)
    if WRITE:
        EXAMPLES.mkdir(exist_ok=True)
        kept = {"example": shortened(answers[0]), "schema": schema_of(answers)}
        text = json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True)
        (EXAMPLES / f"{name}.json").write_text(text + "\n", "utf-8")
        return
    held = documented(name)
    checker = jsonschema.Draft202012Validator(held["schema"])
    for answer in (held["example"], *answers):
        checker.validate(answer)
    # A name that no schema has is one that the description keeps quiet about.
    assert _names(answers) <= _names([held["schema"]]) | _open_names(answers)


def _names(values: list[Any]) -> set[str]:
    found: set[str] = set()
    for value in values:
        if isinstance(value, dict):
            found |= set(value) | _names(list(value.values()))
        elif isinstance(value, list):
            found |= _names(value)
    return found


def _open_names(values: list[Any]) -> set[str]:
    from tests.api.inferred import OPEN

    found: set[str] = set()
    for value in values:
        if isinstance(value, dict):
            for name, item in value.items():
                is_open = name in OPEN and isinstance(item, dict)
                found |= _names([item]) if is_open else _open_names([item])
        elif isinstance(value, list):
            found |= _open_names(value)
    return found


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {*JSON_READS, *INGEST}))
async def test_examples_of_the_others_run(ask: Caller, world: World, name: str) -> None:
    await score(world.dsn)
    path, method, operation = OPERATIONS[name]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    given = {"json": body["example"]} if body else {}
    answer = await ask(url(path, operation), "admin", method.upper(), **given)
    assert str(answer.status_code) in operation["responses"], answer.text
    assert answer.status_code < 300 or name == "revoke_key", answer.text
    if WRITE and answer.status_code in (201, 202):
        kept = {"example": answer.json(), "schema": schema_of([answer.json()])}
        if name in ("close_period", "reopen_closing"):
            kept["schema"] = json.loads((EXAMPLES / "closing.json").read_text("utf-8"))["schema"]
        if name == "create_key":
            kept["example"] |= {"id": "abcdefgh", "key": "ct_abcdefgh_" + "x" * 43}
        if name == "put_unit":
            for maybe in ("type", "ownership", "level", "class", "district", "commune", "closed",
                          "note"):  # fmt: skip
                kept["schema"]["properties"][maybe] = {"type": ["string", "null"]}
        text = json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True)
        (EXAMPLES / f"{name}.json").write_text(text + "\n", "utf-8")
    elif answer.status_code in (200, 201, 202) and documented(name).get("example"):
        jsonschema.validate(answer.json(), documented(name)["schema"])


def test_committed_is_generated(document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if WRITE:
        # The routes read the examples when they are imported, so a fresh process writes.
        program = (
            "import json, sys; from services.api.app import create_app;"
            "from chitieu.settings import Settings;"
            "made = create_app(Settings(database_url='postgresql://x/x')).openapi();"
            "text = json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True);"
            "open(sys.argv[1], 'w', encoding='utf-8').write(text + '\\n')"
        )
        subprocess.run([sys.executable, "-c", program, str(COMMITTED)], check=True, cwd=ROOT)
        return
    assert COMMITTED.read_text("utf-8") == text, "CHITIEU_WRITE_DOCS=1 writes it anew"


def test_the_description_is_whole(document: dict[str, Any]) -> None:
    names = [o["operationId"] for m in document["paths"].values() for o in m.values()]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in document["tags"]}
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    for name, (path, _, operation) in operations(document).items():
        assert set(operation["tags"]) <= tags, name
        assert operation["summary"], name
        for status, response in operation["responses"].items():
            for kind, content in response.get("content", {}).items():
                assert content.get("example") or content.get("examples"), (name, status, kind)
        if path.startswith("/v1") and "401" in operation["responses"]:
            assert operation["security"] == [{"key": []}], name


def test_every_problem_shown_exists(document: dict[str, Any]) -> None:
    shown: defaultdict[str, set[int]] = defaultdict(set)
    for _, _, operation in operations(document).values():
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/problem+json", {})
            for code, example in content.get("examples", {}).items():
                shown[code].add(int(status))
                assert example["value"]["code"] == code
                assert "{" not in example["value"]["detail"]
    assert all(shown[code] == {PROBLEMS[code].status} for code in shown)
