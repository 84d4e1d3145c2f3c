"""What OpenAPI says of receiving reports. Data only.

Ingest answers these operations, the api's document describes them, and neither service imports the
other. Problems are named by code: their texts stand in `chitieu.error_texts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from chitieu.cloudevents import (
    ACCEPT_POST,
    BATCHED,
    MAX_BODY_BYTES,
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    MAX_EVENTS,
    PLAIN,
    STRUCTURED,
)
from chitieu.event_values import MAX_IDENTITY_BYTES
from chitieu.events import MAX_REASON, MAX_SUBJECT, RETRACTION
from chitieu.openapi_sent import BINARY_HEADERS, SENT

Schema = dict[str, Any]

TAG: Final = "events"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is told in full: its examples, by name, were taken from a live server."""

    status: int
    description: str
    schema: Schema
    examples: tuple[str, ...]
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. Where it has no `answered`, its success is documented as the api's own are."""

    id: str
    path: str
    method: str
    summary: str
    description: str
    success: int
    codes: tuple[str, ...] = ()
    key: bool = True
    answered: tuple[Answered, ...] = ()
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    headers: Mapping[int, Schema] = field(default_factory=dict)


def _header(description: str, example: str) -> Schema:
    return {"description": description, "schema": {"type": "string"}, "example": example}


_RETRY: Final = {
    "Retry-After": {
        "description": "Seconds after which to send the same again.",
        "schema": {"type": "integer"},
        "example": 1,
    }
}
_ACCEPT: Final = {
    "Accept-Post": _header("What may be sent.", ACCEPT_POST[1].decode()),
}
_CHALLENGE: Final = {"WWW-Authenticate": _header("RFC 6750.", 'Bearer realm="chitieu"')}
_APPLIED: Final = {
    "Preference-Applied": _header("When it was asked for.", "return=representation"),
}
_CE: Final = {
    "ce-specversion": "Binary mode: always 1.0.",
    "ce-type": "Binary mode: which metric.",
    "ce-source": "Binary mode: the sending system.",
    "ce-id": "Binary mode: the event's id within its source.",
    "ce-subject": "Binary mode: code of the unit.",
    "ce-time": "Binary mode: when the report was made, with offset.",
}


def _query(name: str, description: str) -> Schema:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", "enum": ["true", "false"], "default": "false"},
    }


def _ce(name: str, description: str, *examples: str) -> Schema:
    schema: Schema = {"type": "string"}
    if examples:
        schema["examples"] = list(examples)
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _outcome(status: int, description: str) -> Answered:
    names = tuple(sent.name for sent in SENT if sent.told and sent.status == status)
    return Answered(status, description, {"$ref": "#/components/schemas/EventOutcome"}, names)


def _shown(content_type: str) -> Schema:
    return {
        sent.name: {"summary": sent.summary, "value": sent.body}
        for sent in SENT
        if sent.content_type == content_type
    }


_POST: Final = Operation(
    id="post_events",
    path="/v1/events",
    method="post",
    summary="Send reports",
    description=(
        "CloudEvents 1.0 over HTTP: one event, a batch, or `data` with its attributes as headers. "
        "A 2xx means committed and durable. Sent again with the same `source` and `id` an event is "
        "a `duplicate`, which is a success; with another meaning it is a `conflict`, and the first "
        "one stands. Without `Prefer: return=representation` only conflicts and rejections are "
        "listed. What `data` of each metric holds is said by the schemas named `…Data`, and by "
        "`GET /v1/metrics` for every metric of this server; `GET /v1/events?source=&id=` tells "
        f"what became of an event. At most {MAX_EVENTS:,} events and {MAX_BODY_BYTES >> 20} MiB a "
        f"request, {MAX_EVENT_BYTES >> 10} KiB an event, {MAX_DEPTH} levels of JSON."
    ),
    success=202,
    codes=(
        "bad_parameter", "bad_header", "body_empty", "not_utf8", "not_json", "duplicate_key",
        "too_deep", "object_expected", "array_expected", "body_incomplete", "body_too_large",
        "batch_too_large", "unsupported_media_type", "content_encoding_unsupported", "over_quota",
        "internal_error", "overloaded", "unavailable", "outcome_unknown", "ingest_unavailable",
    ),
    answered=(
        _outcome(202, "All accepted, or known already; an empty batch too."),
        _outcome(207, "Mixed; what was accepted is written."),
        _outcome(422, "None accepted, nothing written."),
        replace(
            _outcome(403, "None accepted: the key may write for none of these units, existing or "
                          "not. A problem with the members of an outcome."),
            schema={"$ref": "#/components/schemas/ForbiddenEvents"},
            content_type="application/problem+json",
        ),
    ),
    parameters=(
        _query("dry_run", "true: the same answer, nothing written."),
        _query("atomic", "true: all or nothing. Duplicates do not stand in the way; what would "
                         "have been accepted is refused as `batch_refused`."),
        _ce("Prefer", "The results of all events, not only of those refused.",
            "return=representation"),
        *(_ce(name, said, BINARY_HEADERS[name]) for name, said in _CE.items()),
        _ce("ce-corrects", "Binary mode: id of an event of this sender and source that this one "
                           "replaces."),
        _ce("ce-recordedtime", "Binary mode: kept and shown, decides nothing."),
    ),
    body={
        "required": True,
        "content": {
            STRUCTURED: {
                "schema": {"$ref": "#/components/schemas/CloudEvent"},
                "examples": _shown(STRUCTURED),
            },
            BATCHED: {
                "schema": {
                    "type": "array",
                    "maxItems": MAX_EVENTS,
                    "items": {"$ref": "#/components/schemas/CloudEvent"},
                },
                "examples": _shown(BATCHED),
            },
            PLAIN: {
                "schema": {
                    "type": "object",
                    "description": "`data` alone; the ce- headers say whose and which.",
                },
                "examples": _shown(PLAIN),
            },
        },
    },
    headers={
        202: _APPLIED, 207: _APPLIED, 422: _APPLIED, 401: _CHALLENGE, 415: _ACCEPT, 429: _RETRY,
        503: _RETRY,
    },
)  # fmt: skip

OPERATIONS: Final = (
    _POST,
    Operation(
        id="options_events",
        path="/v1/events",
        method="options",
        summary="What may be sent",
        description="`Accept-Post` names the content types. Needs no key.",
        success=200,
        codes=("internal_error", "ingest_unavailable"),
        key=False,
        answered=(Answered(200, "Nothing but headers.", {"type": "object"}, ("empty",)),),
        headers={200: {"Allow": _header("Methods.", "OPTIONS, POST"), **_ACCEPT}, 503: _RETRY},
    ),
    Operation(
        id="limits",
        path="/v1/limits",
        method="get",
        summary="How much may be sent at once",
        description="A sender splits by these; they may grow, not shrink.",
        success=200,
        codes=("internal_error", "unavailable", "ingest_unavailable"),
        headers={401: _CHALLENGE, 503: _RETRY},
    ),
)

# What stands in the texts of problems, where it is not the same everywhere.
VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "bad_parameter": {"allowed": "dry_run=true|false, atomic=true|false"},
    "body_too_large": {"limit": str(MAX_BODY_BYTES)},
    "batch_too_large": {"limit": str(MAX_EVENTS)},
    "too_deep": {"limit": str(MAX_DEPTH)},
    "not_json": {"line": "1", "column": "8"},
    "duplicate_key": {"line": "1", "column": "18"},
}

_ID: Final = {
    "type": "string", "minLength": 1, "maxLength": MAX_IDENTITY_BYTES,
    "description": f"At most {MAX_IDENTITY_BYTES} bytes.",
}  # fmt: skip
_INSTANT: Final = {"type": "string", "format": "date-time"}
_COUNT: Final = {"type": "integer", "minimum": 0}

_OUTCOME: Final[Schema] = {
    "type": "object",
    "title": "EventOutcome",
    "required": ["accepted", "duplicate", "conflict", "rejected", "results"],
    "properties": {
        "accepted": _COUNT, "duplicate": _COUNT, "conflict": _COUNT, "rejected": _COUNT,
        "results": {
            "type": "array",
            "description": "Conflicts and rejections; all with `Prefer: return=representation`.",
            "items": {
                "type": "object",
                "required": ["index", "id", "status", "problem"],
                "additionalProperties": False,
                "properties": {
                    "index": _COUNT | {"description": "Place in the request, from 0."},
                    "id": {"type": ["string", "null"],
                           "description": "As sent; null where that is no id."},
                    "status": {"type": "string",
                               "enum": ["accepted", "duplicate", "conflict", "rejected"]},
                    "problem": {"anyOf": [{"$ref": "#/components/schemas/Problem"},
                                          {"type": "null"}]},
                    "retracted": {"const": True,
                                  "description": "A duplicate of an event that was retracted."},
                },
            },
        },
    },
}  # fmt: skip

_RETRACTION_DATA: Final[Schema] = {
    "type": "object",
    "title": "Retraction",
    "description": "Names an event of the same sender; it no longer counts, for ever.",
    "required": ["source", "id", "reason"],
    "additionalProperties": False,
    "properties": {
        "source": _ID,
        "id": _ID,
        "reason": {"type": "string", "minLength": 1, "maxLength": MAX_REASON},
    },
}


def data_name(event_type: str) -> str:
    """`vn.chitieu.e-prescribing.v1` → `EPrescribingData`, the name of its schema."""
    words = event_type.split(".")[2].split("-")
    return "".join(word.capitalize() for word in words) + "Data"


def event_schemas(data: Mapping[str, Schema]) -> dict[str, Schema]:
    """The components that the operations refer to; `data` are the metrics' schemas by type."""
    every = {**data, RETRACTION: _RETRACTION_DATA}
    return {
        "CloudEvent": _cloud_event(every),
        "EventOutcome": _OUTCOME,
        "ForbiddenEvents": {
            "title": "ForbiddenEvents",
            "allOf": [{"$ref": "#/components/schemas/Problem"},
                      {"$ref": "#/components/schemas/EventOutcome"}],
        },
        **{data_name(name): schema for name, schema in every.items()},
    }  # fmt: skip


def _cloud_event(data: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "title": "CloudEvent",
        "description": "One report. A null is as if absent; other attributes are allowed, as "
                       "CloudEvents names them, and not kept.",
        "required": ["specversion", "type", "source", "id", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "type": {"type": "string", "pattern": r"^vn\.chitieu\.[a-z0-9-]+\.v1$",
                     "description": "Which metric: `event_type` in `GET /v1/metrics`.",
                     "examples": sorted(data)},
            "source": _ID | {"description": "The sending system. With `id` and the sender it is "
                                            "the identity of the event."},
            "id": _ID,
            "subject": {"type": ["string", "null"], "minLength": 1, "maxLength": MAX_SUBJECT,
                        "description": "Code of the unit that the figures are about."},
            "time": _INSTANT | {"description": "When the report was made."},
            "corrects": {"type": ["string", "null"],
                         "description": "Id of an event of this sender and source that this one "
                                        "replaces as a whole."},
            "recordedtime": {"type": ["string", "null"], "format": "date-time",
                             "description": "Kept and shown, decides nothing."},
            "datacontenttype": {"type": ["string", "null"], "examples": [PLAIN]},
            "dataschema": {"type": ["string", "null"]},
            "data": {"type": "object",
                     "description": "Fits the schema of its type, `…Data`.",
                     "externalDocs": {"url": "/v1/metrics",
                                      "description": "Every metric, with its schema."}},
        },
        "propertyNames": {"pattern": "^([a-z0-9]{1,64}|data_base64)$"},
        "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
        # A metric that is not listed here is one of this server's own catalogue.
        "allOf": [
            {"if": {"properties": {"type": {"const": name}}, "required": ["type"]},
             "then": _then(name)}
            for name in sorted(data)
        ],
    }  # fmt: skip


def _then(event_type: str) -> Schema:
    fits = {"properties": {"data": {"$ref": f"#/components/schemas/{data_name(event_type)}"}}}
    return fits if event_type == RETRACTION else fits | {"required": ["subject"]}
