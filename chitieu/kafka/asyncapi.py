"""asyncapi.json: the topics, who sends and reads them, and each message. Pure.

Made from deploy/topics.yaml and the JSON Schemas that HTTP uses, so that neither can go astray.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from chitieu.events import RETRACTION
from chitieu.kafka.declared import Key, Topic
from chitieu.kafka.message_schemas import HEADERS, REGISTRY, Schema, result_event
from chitieu.kafka.messages import PASSED_TYPE, Message, message_of, passed_message
from chitieu.openapi_events import data_name, event_schemas
from chitieu.openapi_sent import SENT
from chitieu.periods import to_microseconds
from chitieu.ports import Entry

_VERSION: Final = "3.1.0"
_BINDING: Final = "0.5.0"
_JSON: Final = "application/json"
_STRUCTURED: Final = "application/cloudevents+json"
_SCHEMA_FORMAT: Final = "application/schema+json;version=draft-2020-12"
_SCORERS: Final = "chitieu.scorers"
_DESCRIPTION: Final = (
    "How Chỉ Tiêu works through Apache Kafka, and what others may read of it. CloudEvents 1.0, by "
    "the Kafka binding: the log in binary content mode, results structured. Delivery is at least "
    "once: `chitieu-position` tells what was seen before. An installation may put a prefix before "
    "each address (CHITIEU_KAFKA_PREFIX). Reports are sent by HTTP only: whatever else writes to "
    "the log goes to the dead letters."
)
_ABOUT: Final[Mapping[Key, str]] = {
    "log": "Every entry in order. A report, correction or retraction goes to the partition of the "
           "province it concerns, and of what it names; what concerns all goes to all. A "
           "partition that has nothing says so.",
    "results": "For dashboards and warehouses: read it from the beginning, and keep the newest of "
               "each key. A message without a value: the target no longer stands there.",
    "dead_letter": "What could not be taken, as it was.",
}  # fmt: skip
_KNOWN: Final = to_microseconds(dt.datetime(2025, 4, 2, 2, 0, 1, 204, tzinfo=dt.UTC))


def document(
    version: str, topics: Mapping[Key, Topic], data: Mapping[str, Schema], result: Schema
) -> dict[str, Any]:
    """Make it.

    `data` are the schemas of the metrics' data by event type, `result` the one of a result as a
    scorecard shows it; links are not sent.
    """
    held = event_schemas(data)
    payloads = {name: held[data_name(name)] for name in (*sorted(data), RETRACTION)}
    messages = _messages(payloads)
    return {
        "asyncapi": _VERSION,
        "info": {"title": "Chỉ Tiêu", "version": version, "description": _DESCRIPTION},
        "defaultContentType": _JSON,
        "channels": {key: _channel(topics[key], messages[key]) for key in topics},
        "operations": _operations(messages),
        "components": {
            "messages": {name: m for each in messages.values() for name, m in each.items()},
            "schemas": {
                **HEADERS,
                **{name: _foreign(schema) for name, schema in _payload_schemas(payloads)},
                "Result": _foreign(result_event(_without_links(result))),
            },
        },
    }


def _channel(topic: Topic, messages: Iterable[str]) -> dict[str, Any]:
    config: dict[str, Any] = dict(topic.config)
    config["cleanup.policy"] = config["cleanup.policy"].split(",")
    numbers = {name: int(text) for name, text in topic.config.items() if text.isdecimal()}
    return {
        "address": topic.name,
        "title": topic.title_en,
        "summary": topic.title_vi,
        "description": _ABOUT[topic.key],
        "messages": {name: _ref("messages", name) for name in messages},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "replicas": topic.replication,
                "topicConfiguration": config | numbers,
                "bindingVersion": _BINDING,
            }
        },
    }


def _operations(messages: Mapping[Key, Mapping[str, Any]]) -> dict[str, Any]:
    """From our side: what the relay sends and the scorers read."""

    def one(action: str, key: Key, summary: str, group: str | None = None) -> dict[str, Any]:
        told: dict[str, Any] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{key}"},
            "summary": summary,
            "messages": [{"$ref": f"#/channels/{key}/messages/{name}"} for name in messages[key]],
        }
        binding: dict[str, Any] = {"bindingVersion": _BINDING}
        if group is not None:
            binding["groupId"] = {"type": "string", "const": group}
        return told | {"bindings": {"kafka": binding}}

    return {
        "sendLog": one("send", "log", "The relay sends each entry after it was placed."),
        "receiveLog": one("receive", "log", "Each scorer reads its partitions.", _SCORERS),
        "sendResults": one("send", "results", "The relay sends each result that moved."),
        "sendDeadLetters": one("send", "dead_letter", "The relay sends what could not be taken."),
    }


def _messages(payloads: Mapping[str, Schema]) -> dict[Key, dict[str, Any]]:
    log: dict[str, Any] = {}
    for kind, schema in payloads.items():
        headers = "RetractionHeaders" if kind == RETRACTION else "ReportHeaders"
        log[_name(kind)] = _message(kind, schema["title"], headers, data_name(kind), _PLACE)
    for kind, schema in REGISTRY.items():
        name = f"vn.chitieu.log.{kind}.v1"
        log[_name(name)] = _message(name, schema["title"], "RegistryHeaders", _entry_name(kind))
    log[_name(PASSED_TYPE)] = _message(
        PASSED_TYPE, "The partition has nothing up to this position", "PassedHeaders", "Passed"
    )
    for one in _examples():
        found = {name: text.decode() for name, text in one.headers}
        example = {"headers": found, "payload": json.loads(one.value)}
        log[_name(found["ce_type"])]["examples"] = [example]
    return {
        "log": log,
        "results": {
            "result": {
                "name": "vn.chitieu.result.v1",
                "title": "The newest result of a target in a place",
                "contentType": _STRUCTURED,
                "payload": _ref("schemas", "Result"),
                "bindings": _key_binding(_RESULT_KEY),
            }
        },
        "dead_letter": {
            "deadLetter": {
                "name": "deadLetter",
                "title": "A message that could not be taken, as it was",
                "contentType": "application/octet-stream",
                "headers": _ref("schemas", "DeadLetterHeaders"),
            }
        },
    }


_PLACE: Final = (
    "The province it concerns: the key of its newest territory. A copy in the partition of an "
    "event that it names has that one's."
)
_RESULT_KEY: Final = "<key of the place>/<id of the target>"


def _message(
    kind: str, title: str, headers: str, payload: str, key: str | None = None
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": kind,
        "title": title,
        "contentType": _JSON,
        "headers": _ref("schemas", headers),
        "payload": _ref("schemas", payload),
    }
    return told | ({} if key is None else {"bindings": _key_binding(key)})


def _key_binding(description: str) -> dict[str, Any]:
    key = {"type": "string", "description": description}
    return {"kafka": {"key": key, "bindingVersion": _BINDING}}


def _payload_schemas(payloads: Mapping[str, Schema]) -> Iterable[tuple[str, Schema]]:
    for kind, schema in payloads.items():
        yield data_name(kind), schema
    for kind, schema in REGISTRY.items():
        yield _entry_name(kind), schema
    yield "Passed", {"title": "Nothing", "type": "object", "maxProperties": 0}


def _foreign(schema: Schema) -> dict[str, Any]:
    """A schema of 2020-12, which is not AsyncAPI's own dialect."""
    return {"schemaFormat": _SCHEMA_FORMAT, "schema": schema}


def _without_links(result: Schema) -> Schema:
    properties = {name: s for name, s in result["properties"].items() if name != "links"}
    return result | {
        "properties": properties,
        "required": [name for name in result["required"] if name != "links"],
    }


def _examples() -> Iterable[Message]:
    """The report and the retraction that OpenAPI shows, a unit, and progress."""
    sent = {one.name: one.body for one in SENT}
    report, retraction = sent["report"], sent["retraction"]
    derived = EXAMPLE_REPORT | {"data": report["data"]}
    yield message_of(_event(report, _written(derived), 4711), 1, 4706, "79")
    body = retraction["data"] | {"recordedtime": None}
    yield message_of(_event(retraction, _written(body), 4712, "retraction"), 1, 4711, "79")
    unit = Entry(
        "unit", _written(EXAMPLE_UNIT), 1, subject=EXAMPLE_UNIT["code"], seq=12, known=_KNOWN
    )
    yield message_of(unit, 1, 11, None)
    yield passed_message(1, 4720, _KNOWN, 4712)


def _event(sent: Mapping[str, Any], body: str, seq: int, kind: Any = "event") -> Entry:
    return Entry(
        kind, body, 5, sent["source"], sent["id"], sent["type"], sent.get("subject"),
        dt.datetime.fromisoformat(sent["time"]), seq=seq, known=_KNOWN + seq - 4711,
    )  # fmt: skip


EXAMPLE_REPORT: Final[dict[str, Any]] = {
    "metric": "cashless-payment", "form": "period", "item": None, "period": "2025-03",
    "first": "2025-03-01", "last": "2025-03-31", "covers": "2025-03-31", "estimate": False,
    "compiled": False, "note": None, "recordedtime": None,
    "groups": {
        "counts": {"payments": 2311, "cashless_payments": 1840},
        "revenue": {"revenue_vnd": 4_128_650_000, "cashless_revenue_vnd": 3_011_400_000},
        "non_insurance_revenue": {
            "non_insurance_revenue_vnd": 1_530_200_000,
            "cashless_non_insurance_revenue_vnd": 1_204_750_000,
        },
    },
}  # fmt: skip
"""What ingest derives from the report that OpenAPI shows, without its `data`."""

EXAMPLE_UNIT: Final[dict[str, Any]] = {
    "code": "77F01", "from": "2025-01-01",
    "attributes": {
        "name": "Bệnh viện hư cấu số 1", "kind": "facility", "type": "hospital",
        "ownership": "public", "level": "provincial", "class": "I", "province": "77",
        "district": None, "commune": None, "services": [], "closed": None, "succeeds": None,
        "fictional": True, "note": None,
    },
}  # fmt: skip


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _name(event_type: str) -> str:
    """`vn.chitieu.log.unit.v1` → `logUnit`, a name that a reference can carry."""
    words = event_type.removeprefix("vn.chitieu.").removesuffix(".v1")
    first, *rest = words.replace(".", "-").split("-")
    return first + "".join(word.capitalize() for word in rest)


def _entry_name(kind: str) -> str:
    return f"{kind.capitalize()}Entry"
