"""What OpenAPI says of answers: an example for each success, and for each problem it can have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from chitieu.errors import PROBLEMS, Problem

_EXAMPLES = Path(__file__).resolve().parent / "examples"
_ALWAYS: Final = ("unknown_parameter", "repeated_parameter", "internal_error", "unavailable")
_KEY: Final = ("key_missing", "key_invalid")


class _Sample(Mapping[str, str]):
    """Stands for the values of a problem's text in an example."""

    _KNOWN: Final = {
        "allowed": "as_of, known_at, on", "limit": "2026-12-31", "name": "limit",
        "expected_vi": "số nguyên từ 1 đến 500", "expected_en": "a whole number from 1 to 500",
        "hint_vi": " Có phải là as_of?", "hint_en": " Did you mean as_of?",
        "line": "1", "column": "7",
    }  # fmt: skip

    def __getitem__(self, key: str) -> str:
        return self._KNOWN.get(key, "…")

    def __iter__(self) -> Iterator[str]:
        return iter(self._KNOWN)

    def __len__(self) -> int:
        return len(self._KNOWN)


@cache
def example(operation: str) -> Any:
    """The success that an operation is documented with; None while there is none."""
    path = _EXAMPLES / f"{operation}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def answers(
    operation: str, *codes: str, key: bool = False, missing: bool = False, success: int = 200
) -> dict[int | str, dict[str, Any]]:
    """`responses` of an operation."""
    shown = [*_ALWAYS, *(_KEY if key else ()), *(("not_found",) if missing else ()), *codes]
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
            "value": Problem(code, _Sample()).body("vi"),
        }
    return found


def _success(operation: str) -> dict[str, Any]:
    value = example(operation)
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{schema_name(operation)}"}}
    if value is not None:
        content["example"] = value
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


def schema_of(value: Any) -> dict[str, Any]:
    """A JSON Schema that an example fulfils: names and types, nothing forbidden."""
    match value:
        case None:
            return {}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case str():
            return {"type": "string"}
        case list():
            return {"type": "array", "items": _merged([schema_of(item) for item in value])}
        case dict():
            return {
                "type": "object",
                "required": sorted(value),
                "properties": {name: schema_of(item) for name, item in sorted(value.items())},
            }
        case _:
            raise TypeError(f"not JSON: {type(value).__name__}")


def _merged(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    different = [s for i, s in enumerate(schemas) if s not in schemas[:i]]
    return different[0] if len(different) == 1 else {}
