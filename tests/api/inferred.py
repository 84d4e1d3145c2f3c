"""A JSON Schema from many values, and an example cut down to be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# Objects whose names are data: a field, a column.
OPEN = frozenset({"cells", "fields", "data", "where", "concerns", "schema", "example", "body"})

# What is null in every answer that a test asks for, and is not always.
MAYBE = {
    "document": "string", "target": "string", "days": "object", "retracted_by": "object",
    "holds_now": "boolean", "days_late": "integer", "status": "string", "note": "string",
}  # fmt: skip

_MAYBE = {"type": ["string", "null"]}
# What no answer of the tests may happen to hold.
DECLARED: dict[str, dict[str, Any]] = {
    "forecast": {
        "type": ["object", "null"],
        "required": ["expected", "high", "history", "low", "method", "on", "probability"],
        "properties": {
            "expected": _MAYBE, "high": _MAYBE, "history": {"type": "integer"}, "low": _MAYBE,
            "method": {"enum": ["adoption", "pooled_ratio", "stock", "succession", "total"]},
            "on": {"type": "string"}, "probability": {"type": "string"},
        },
    },
    "what_if": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["field", "unit", "value"],
            "properties": {name: {"type": "string"} for name in ("field", "unit", "value")},
        },
    },
}  # fmt: skip


def schema_of(values: Iterable[Any]) -> dict[str, Any]:
    """What all values fulfil: types and names."""
    seen = list(values)
    kinds = sorted({_kind(v) for v in seen})
    found: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}
    objects = [v for v in seen if isinstance(v, dict)]
    if objects:
        names = sorted(set().union(*objects))
        always = sorted(n for n in names if all(n in v for v in objects))
        found["properties"] = {
            n: _schema_of_field(n, [v[n] for v in objects if n in v]) for n in names
        }
        found["required"] = always
    arrays = [v for v in seen if isinstance(v, list)]
    items = [item for v in arrays for item in v]
    if items:
        found["items"] = schema_of(items)
    return found


def _schema_of_field(name: str, values: list[Any]) -> dict[str, Any]:
    if name in OPEN and all(isinstance(value, dict | None) for value in values):
        return {"type": ["object", "null"]}
    if name in MAYBE and all(value is None for value in values):
        return {"type": sorted(["null", MAYBE[name]])}
    if name in DECLARED:
        return DECLARED[name]
    return schema_of(values)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def shortened(value: Any, most: int = 2) -> Any:
    """Lists cut to their first items, each item less."""
    match value:
        case list():
            return [shortened(item, 1) for item in value[:most]]
        case dict():
            return {name: shortened(item, most) for name, item in value.items()}
        case _:
            return value
