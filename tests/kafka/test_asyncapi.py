"""docs/asyncapi.json is valid, is what the code makes, and is true of the messages that are sent.

`CHITIEU_WRITE_DOCS=1 pytest tests/kafka/test_asyncapi.py` writes it.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from chitieu.closings.state import Closing, Signed, close_entry, reopen_entry
from chitieu.events import EventReader, ValidEvent
from chitieu.kafka.asyncapi import EXAMPLE_REPORT
from chitieu.kafka.messages import Message, message_of, passed_message
from chitieu.kafka.names import DEAD_LETTER, LOG, RESULTS, SCORERS
from chitieu.kafka.results import result_message
from chitieu.memory import MemoryLog
from chitieu.openapi_sent import SENT
from chitieu.periods import to_microseconds
from chitieu.ports import NewEntry
from chitieu.scoring.results import PlaceResults
from services.api.asyncapi import described
from tests.builders import (
    NOON,
    Scene,
    a_condition,
    base_units,
    day,
    places,
    posted_results,
    real_catalogue,
)
from tests.kafka.histories import a_history, a_registry

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "docs" / "asyncapi.json"
OFFICIAL = Path(__file__).resolve().parent / "asyncapi" / "3.1.0.schema.json"
KNOWN = to_microseconds(NOON)


def at(reference: str) -> Any:
    found: Any = described()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def schema_of(reference: dict[str, str]) -> dict[str, Any]:
    """The schema, whichever dialect it is in."""
    told: dict[str, Any] = at(reference["$ref"])
    schema: dict[str, Any] = told.get("schema", told)
    return schema


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def check(value: Any, schema: dict[str, Any]) -> None:
    formats = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=formats).validate(value)


def check_message(message: Message) -> str:
    """Against what is said of its type; gives the type."""
    headers = {name: text.decode() for name, text in message.headers}
    log = at("#/channels/log/messages").values()
    (told,) = [m for m in (at(ref["$ref"]) for ref in log) if m["name"] == headers["ce_type"]]
    check(headers, schema_of(told["headers"]))
    check(json.loads(message.value), schema_of(told["payload"]))
    named = {name for name in headers if name not in schema_of(told["headers"])["properties"]}
    assert not named, f"headers that nobody described: {named}"
    assert (message.key is not None) == ("ce_partitionkey" in headers)
    return headers["ce_type"]


def messages(entries: list[NewEntry]) -> Iterator[Message]:
    log = MemoryLog()
    log.append(entries, KNOWN)
    for entry in log.entries():
        everywhere = entry.kind not in ("event", "retraction")
        yield message_of(entry, 1, entry.seq - 1, None if everywhere else "79")


def test_it_is_what_the_code_makes() -> None:
    made = json.dumps(described(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if os.environ.get("CHITIEU_WRITE_DOCS") == "1":
        COMMITTED.write_text(made, "utf-8")
    assert COMMITTED.read_text("utf-8") == made, "run with CHITIEU_WRITE_DOCS=1"


def test_it_is_asyncapi() -> None:
    official = jsonschema.Draft7Validator(json.loads(OFFICIAL.read_text("utf-8")))
    assert [e.json_path for e in official.iter_errors(described())] == []
    for path, value in (
        ("channels/log/adress", "x"),
        ("channels/log/bindings/kafka/partitions", "12"),
        ("operations/sendLog/action", "publish"),
        ("components/messages/logUnit/headers", 7),
    ):
        spoiled: Any = copy.deepcopy(described())
        inner = spoiled
        *parts, last = path.split("/")
        for part in parts:
            inner = inner[part]
        inner[last] = value
        assert list(official.iter_errors(spoiled)), path


def test_every_reference_leads_somewhere_and_every_part_is_used() -> None:
    named = set(references(described()))
    assert all(at(reference) for reference in named)
    for kind in ("messages", "schemas"):
        for name in at(f"#/components/{kind}"):
            assert f"#/components/{kind}/{name}" in named, name


def test_every_schema_is_one() -> None:
    for told in at("#/components/schemas").values():
        jsonschema.Draft202012Validator.check_schema(told.get("schema", told))


def test_it_names_the_topics_and_the_group_that_the_code_uses() -> None:
    addresses = {key: channel["address"] for key, channel in at("#/channels").items()}
    assert addresses == {"log": LOG, "results": RESULTS, "dead_letter": DEAD_LETTER}
    group = at("#/operations/receiveLog/bindings/kafka/groupId/const")
    assert group == SCORERS
    config = at("#/channels/results/bindings/kafka/topicConfiguration")
    assert config["cleanup.policy"] == ["compact"]


def test_data_has_the_schemas_of_http() -> None:
    served = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["components"]
    shared = [name for name in at("#/components/schemas") if name.endswith("Data")]
    assert len(shared) > 40
    for name in shared:
        assert at(f"#/components/schemas/{name}")["schema"] == served["schemas"][name], name


def test_each_message_of_a_history_is_as_described() -> None:
    kinds = {check_message(m) for m in messages([*a_registry(), *a_history(3, 200)])}
    kinds |= {check_message(m) for m in messages(base_units(real_catalogue()))}
    kinds |= {check_message(m) for m in messages(posted_results(real_catalogue()))}
    kinds |= {check_message(m) for m in messages(ingested())}
    kinds |= {check_message(m) for m in messages([a_condition("x", None), *closings()])}
    kinds.add(check_message(passed_message(1, 9, KNOWN, 7)))
    for kind in ("unit", "catalogue", "condition", "waiver", "closing", "passed"):
        assert f"vn.chitieu.log.{kind}.v1" in kinds
    assert len(kinds) > 15


def ingested() -> list[NewEntry]:
    """The requests that OpenAPI shows, as ingest stores them."""
    catalogue = real_catalogue()
    reader = EventReader(catalogue.metrics, catalogue.indicators.keys(), catalogue.targets.keys())
    sent = [e for one in SENT for e in (one.body if isinstance(one.body, list) else [one.body])]
    found = [reader.read(event, NOON) for event in sent]
    return [
        NewEntry(e.kind, e.body, 5, e.source, e.event_id, e.type, e.subject, e.time, e.corrects)
        for e in found
        if isinstance(e, ValidEvent)
    ]


def closings() -> list[NewEntry]:
    signed = Signed("syt", "k1", KNOWN, "Sai số liệu")
    closing = Closing(
        "77.thu.2025-Q1.v1", "77", "thu", "2025-Q1", 1, dt.date(2025, 3, 31), KNOWN, "1:7", None,
        "0" * 64, 10, "sha256:0", "0.1.0", signed,
    )  # fmt: skip
    asked = replace(closing, requested=signed)
    return [close_entry(closing, 1), reopen_entry(asked, signed, 1)]


def test_another_message_is_not() -> None:
    told = at("#/components/messages/cashlessPayment/examples")[0]
    headers = [(name, text.encode()) for name, text in told["headers"].items()]
    good = Message(b"79", headers, json.dumps(told["payload"]).encode())
    check_message(good)
    for name in ("chitieu-position", "ce_id", "chitieu-report"):
        with pytest.raises(jsonschema.ValidationError, match=name):
            check_message(good._replace(headers=[h for h in headers if h[0] != name]))
    for value in (b'{"period":"2025-03","payments":-1,"cashless_payments":0}', b"{}", b"null"):
        with pytest.raises(jsonschema.ValidationError):
            check_message(good._replace(value=value))


def test_each_result_that_is_sent_is_as_described() -> None:
    catalogue = real_catalogue()
    world = Scene(catalogue, [*base_units(catalogue), *posted_results(catalogue)]).world()
    schema = schema_of(at("#/components/messages/result/payload"))
    count = 0
    for code, on in (("77", "2025-03-31"), ("22", "2025-02-10"), ("91", "2025-06-30")):
        place = places().bearing(code, day(on))
        assert place is not None
        for stored in PlaceResults(place).update(world, day(on), 9, None)[0]:
            row = {
                "place": stored.place, "target": stored.target, "seq": 9, "epoch": 1,
                "known": KNOWN, "as_of": stored.as_of, "body": stored.body,
            }  # fmt: skip
            key, value = result_message(row)
            assert key.decode() == f"{stored.place}/{stored.target}"
            assert value is not None
            check(json.loads(value), schema)
            count += 1
    assert count > 80


def test_its_examples_are_messages() -> None:
    shown = 0
    for name, told in at("#/components/messages").items():
        for example in told.get("examples", ()):
            headers = [(k, v.encode()) for k, v in example["headers"].items()]
            value = json.dumps(example["payload"]).encode()
            key = example["headers"].get("ce_partitionkey")
            check_message(Message(None if key is None else key.encode(), headers, value))
            assert re.fullmatch("[A-Za-z]+", name)
            shown += 1
    assert shown == 4


def test_the_example_report_is_what_ingest_makes_of_it() -> None:
    (sent,) = [one.body for one in SENT if one.name == "report"]
    made = EventReader(real_catalogue().metrics).read(sent, NOON)
    assert isinstance(made, ValidEvent)
    assert json.loads(made.body) == EXAMPLE_REPORT | {"data": sent["data"]}
