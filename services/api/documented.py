"""What OpenAPI says of answers: an example for each success, and for each problem it can have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from chitieu.errors import PROBLEMS, Problem
from chitieu.openapi_events import TAG, VALUES, Operation

_EXAMPLES = Path(__file__).resolve().parent / "examples"
_ALWAYS: Final = ("unknown_parameter", "repeated_parameter", "internal_error", "unavailable")
_KEY: Final = ("key_missing", "key_invalid")
_VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "body_too_large": {"limit": "65536"}, "too_deep": {"limit": "32"},
    "role_not_allowed": {"allowed": "province, admin"},
}  # fmt: skip
_ARCHIVE: Final = {
    "month": "2026-11", "sha256": "9f86d081" * 8,
    "position": "1:4711", "known": "2026-11-22T09:00:00.000004+07:00",
}  # fmt: skip
ARCHIVED: Final[Mapping[str, Mapping[str, str]]] = {
    "archived": _ARCHIVE,
    "event_archived": _ARCHIVE,
}


class _Sample(Mapping[str, str]):
    """Stands for the values of a problem's text in an example; `own` come first."""

    _KNOWN: Final = {
        "allowed": "as_of, known_at, on", "limit": "2026-12-31", "name": "limit",
        "expected_vi": "số nguyên từ 1 đến 500", "expected_en": "a whole number from 1 to 500",
        "hint_vi": " Có phải là as_of?", "hint_en": " Did you mean as_of?",
        "line": "1", "column": "7", "number": "1",
    }  # fmt: skip

    def __init__(self, own: Mapping[str, str]) -> None:
        self._own = own

    def __getitem__(self, key: str) -> str:
        return self._own.get(key) or self._KNOWN.get(key, "…")

    def __iter__(self) -> Iterator[str]:
        return iter(self._KNOWN)

    def __len__(self) -> int:
        return len(self._KNOWN)


@cache
def documented(operation: str) -> dict[str, Any]:
    """`example` and `schema` of an operation's success, as a test took them from live answers."""
    path = _EXAMPLES / f"{operation}.json"
    if not path.exists():
        return {"schema": {}}
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def answers(
    operation: str, *codes: str, key: bool = False, missing: bool = False, success: int = 200,
    always: Sequence[str] = _ALWAYS, values: Mapping[str, Mapping[str, str]] = _VALUES,
) -> dict[int | str, dict[str, Any]]:  # fmt: skip
    """`responses` of an operation; `values` stand in the texts of its problems, by code."""
    shown = [*always, *(_KEY if key else ()), *(("not_found",) if missing else ()), *codes]
    found: dict[int | str, dict[str, Any]] = {success: _success(operation)}
    for code in dict.fromkeys(shown):
        kind = PROBLEMS[code]
        held = found.setdefault(
            kind.status,
            {
                "description": "Problem",
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {},
                    }
                },
            },
        )
        held["content"]["application/problem+json"]["examples"][code] = {
            "summary": kind.title_en,
            "value": Problem(code, _Sample(values.get(code, {}))).body("vi"),
        }
    return found


def received(operation: Operation) -> dict[str, Any]:
    """An operation of ingest, described as ours are."""
    responses = answers(
        operation.id, *operation.codes, key=operation.key, success=operation.success, always=(),
        values=VALUES,
    )  # fmt: skip
    told = documented(operation.id).get("answers", {})
    for answered in operation.answered:
        responses[answered.status] = {
            "description": answered.description,
            "content": {
                answered.content_type: {
                    "schema": answered.schema,
                    "examples": {name: {"value": told.get(name)} for name in answered.examples},
                }
            },
        }
    for status, headers in operation.headers.items():
        responses[status] = {**responses[status], "headers": headers}
    found: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [TAG],
        "responses": {str(status): responses[status] for status in responses},
    }
    if operation.key:
        found["security"] = [{"key": []}]
    if operation.parameters:
        found["parameters"] = list(operation.parameters)
    return found if operation.body is None else found | {"requestBody": operation.body}


def _success(operation: str) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{schema_name(operation)}"}}
    if "example" in documented(operation):
        content["example"] = documented(operation)["example"]
    return {"description": "Success", "content": {"application/json": content}}


def schema_name(operation: str) -> str:
    """`province_scorecard` → `ProvinceScorecard`."""
    return "".join(word.capitalize() for word in operation.split("_"))


PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; texts come in the language asked for.",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(PROBLEMS)},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_TEXT: Final = {"type": "string"}
_DAY: Final = {"type": "string", "format": "date"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_MAYBE: Final = {"type": ["string", "null"]}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": properties,
    }


# What is sent to us; read by `json_body.Fields`, which says more of each fault than a schema can.
REQUEST_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "UnitChange": _object(
        ["from", "name", "kind", "province"],
        **{
            "from": _DAY, "name": _TEXT,
            "kind": {"type": "string", "enum": ["facility", "pharmacy", "area", "agency"]},
            "type": _MAYBE, "ownership": _MAYBE, "level": _MAYBE, "class": _MAYBE,
            "province": {"type": "string", "pattern": "^[0-9]{2}$"}, "district": _MAYBE,
            "commune": _MAYBE, "services": _TEXTS, "closed": _MAYBE, "succeeds": _MAYBE,
            "fictional": {"type": "boolean"}, "note": _MAYBE,
        },
    ),
    "Fulfilment": _object(["fulfilled_on", "document"], fulfilled_on=_DAY, document=_TEXT),
    "WaiverRequest": _object(
        ["from", "to", "document", "reason"],
        **{"metric": _MAYBE, "from": _DAY, "to": _DAY, "document": _TEXT, "reason": _TEXT},
    ),
    "WithdrawalRequest": _object(["document", "reason"], document=_TEXT, reason=_TEXT),
    "ClosingRequest": _object(["plan", "period"], plan=_TEXT, period=_TEXT),
    "Reopening": _object(["reason"], reason=_TEXT),
    "KeyRequest": _object(
        ["role", "organisation"],
        role={"type": "string", "enum": ["unit", "province", "ministry", "admin"]},
        organisation=_TEXT, name=_MAYBE, places=_TEXTS, units=_TEXTS, label=_MAYBE,
    ),
}  # fmt: skip
