"""What asyncapi.json says of headers and of the registry's entries, as JSON Schema. Data only."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_MAYBE: Final[Schema] = {"type": ["string", "null"]}
_DAY: Final[Schema] = {"type": "string", "format": "date"}
_INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
_NUMBER: Final[Schema] = {"type": "string", "pattern": "^(0|[1-9][0-9]{0,17})$"}

_PLACED: Final[Schema] = {
    "chitieu-position": {
        "type": "string", "pattern": "^[1-9][0-9]*:[1-9][0-9]*$",
        "description": "epoch:seq, the place in the one log. Never twice, without a gap.",
    },
    "chitieu-known": _INSTANT | {
        "description": "When the log placed it, to the microsecond; increases with the position.",
    },
    "chitieu-after": _NUMBER | {
        "description": "seq of the message before it in this partition; 0 before the first. "
                       "Whoever has read up to there has missed nothing.",
    },
}  # fmt: skip
_ENVELOPE: Final[Schema] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": _TEXT,
    "ce_source": _TEXT,
    "ce_type": _TEXT,
    "ce_time": _INSTANT,
    "content-type": {"const": "application/json"},
}
_OPTIONAL: Final[Schema] = {
    "ce_subject": _TEXT | {"description": "Code of the unit; what a registry entry is about."},
    "ce_partitionkey": _TEXT | {
        "description": "The key; absent from what is sent to every partition.",
    },
    "chitieu-sender": _NUMBER | {"description": "Id of the organisation that sent it."},
}  # fmt: skip
_CORRECTS: Final[Schema] = {
    "ce_corrects": _TEXT | {
        "description": "Id of the event of this sender and source that this one replaces.",
    },
}  # fmt: skip
_JSON_TEXT: Final[Schema] = {"type": "string", "contentMediaType": "application/json"}


def _headers(title: str, own: Schema, *required: str) -> Schema:
    properties = _ENVELOPE | _PLACED | _OPTIONAL | own
    return {
        "title": title,
        "type": "object",
        "required": [*_ENVELOPE, *_PLACED, *required],
        "properties": properties,
    }


HEADERS: Final[dict[str, Schema]] = {
    "ReportHeaders": _headers(
        "Headers of a report",
        _CORRECTS | {
            "chitieu-report": _JSON_TEXT | {
                "description": "What ingest derived from the data: metric, form, item, period, "
                               "first, last, covers, estimate, compiled, groups, note; `data` is "
                               "null and stands in the value.",
            },
            "chitieu-body": _JSON_TEXT | {
                "description": "In its place where what was stored is spelled otherwise: all of "
                               "it, with `data`.",
            },
        },
        "ce_subject", "chitieu-sender", "ce_partitionkey",
    ) | {"oneOf": [{"required": ["chitieu-report"]}, {"required": ["chitieu-body"]}]},
    "RetractionHeaders": _headers(
        "Headers of a retraction",
        _CORRECTS | {"chitieu-body": _JSON_TEXT | {"description": "The retraction as stored."}},
        "chitieu-sender", "chitieu-body",
    ),
    "RegistryHeaders": _headers("Headers of an entry of the registry", {}),
    "PassedHeaders": _headers("Headers of a partition's progress", {}),
    "DeadLetterHeaders": {
        "title": "Headers of a dead letter",
        "description": "Those that it came with, and these.",
        "type": "object",
        "required": ["chitieu-reason", "chitieu-topic", "chitieu-replay"],
        "properties": {
            "chitieu-reason": _TEXT | {"description": "Why it could not be taken."},
            "chitieu-topic": _TEXT | {"description": "Where it stood, or was to stand."},
            "chitieu-partition": _NUMBER,
            "chitieu-offset": _NUMBER,
            "chitieu-replay": _TEXT | {"description": "The command that sends it again."},
        },
    },
}  # fmt: skip


def _object(title: str, properties: Schema, optional: Schema | None = None) -> Schema:
    return {
        "title": title,
        "type": "object",
        "required": list(properties),
        "properties": properties | (optional or {}),
    }


_WAIVER: Final[Schema] = {
    "action": {"enum": ["grant", "withdraw"]}, "id": _TEXT, "unit": _TEXT, "document": _TEXT,
    "reason": _TEXT,
}  # fmt: skip

REGISTRY: Final[dict[str, Schema]] = {
    "unit": _object(
        "A unit's attributes from a day on",
        {
            "code": _TEXT,
            "from": _DAY,
            "attributes": {
                "type": "object",
                "required": ["name", "kind", "province"],
                "properties": {
                    "name": _TEXT,
                    "kind": {"enum": ["facility", "pharmacy", "area", "agency"]},
                    "type": _MAYBE, "ownership": _MAYBE, "level": _MAYBE, "class": _MAYBE,
                    "province": {"type": "string", "pattern": "^[0-9]{2}$"},
                    "district": _MAYBE, "commune": _MAYBE,
                    "services": {"type": "array", "items": {"type": "string"}},
                    "closed": _MAYBE, "succeeds": _MAYBE,
                    "fictional": {"type": "boolean"}, "note": _MAYBE,
                },
            },
        },
    ),
    "catalogue": {
        "title": "A whole version of the catalogue",
        "description": "Metrics, indicators, plans with their targets and citations.",
        "type": "object",
        "required": ["metrics", "indicators", "plans"],
    },
    "condition": _object(
        "A target's condition was fulfilled, or is not",
        {"target": _TEXT, "fulfilled_on": {"anyOf": [_DAY, {"type": "null"}]}, "document": _TEXT},
    ),
    "waiver": _object(
        "A unit owes no report, or owes it again",
        _WAIVER,
        {"metric": _MAYBE, "from": _DAY, "to": _DAY},
    ),
    "closing": _object(
        "A reporting period was frozen, or opened again",
        {"action": {"enum": ["close", "ask_reopen", "reopen"]}, "id": _TEXT, "place": _TEXT},
        {"plan": _TEXT, "period": _TEXT, "as_of": _DAY, "position": _TEXT, "sha256": _TEXT},
    ),
}  # fmt: skip


def result_event(result: Schema) -> Schema:
    """A message of the results topic around the schema of a result."""
    data = _object(
        "One result",
        {
            "place": _TEXT | {"description": "The place by its key: code, or code and first day."},
            "position": _PLACED["chitieu-position"],
            "known_at": _INSTANT,
            "as_of": _DAY,
            "result": result,
        },
    )
    return _object(
        "The newest result of a target in a place",
        {
            "specversion": {"const": "1.0"},
            "id": _TEXT,
            "source": _TEXT,
            "type": {"const": "vn.chitieu.result.v1"},
            "subject": _TEXT | {"description": "Id of the target."},
            "time": _INSTANT,
            "datacontenttype": {"const": "application/json"},
            "data": data,
        },
    )
