"""What `data` of each metric looks like, as JSON Schema 2020-12 and as an example. Pure.

The schema says what JSON Schema can say; sums, parts and days are checked by `chitieu.event_data`.
"""

from __future__ import annotations

from typing import Any, Final

from chitieu import event_values as values
from chitieu.catalogue.model import FieldGroup, Metric, MetricField
from chitieu.event_data import MAX_EVIDENCE, MAX_ITEM, MAX_NOTE, MAX_PERCENT, MAX_PRINTED
from chitieu.reports import RATE, TASK

_PERIOD: Final = r"^\d{4}(-H[12]|-Q[1-4]|-\d{2}(-\d{2})?)?$|^\d{4}-\d{2}-\d{2}/\d{4}-\d{2}-\d{2}$"
_DECIMAL: Final = r"^(0|[1-9]\d{0,11})(\.\d{1,12}0*)?$"
_DAY: Final = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}


def json_schema(metric: Metric) -> dict[str, Any]:
    """The schema of a metric's `data`."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    if metric.form == "period":
        properties["period"] = {
            "type": "string",
            "pattern": _PERIOD,
            "description": "2025, 2025-H1, 2025-Q1, 2025-03, 2025-03-31, 2025-01-01/2025-05-31",
        }
        required.append("period")
    else:
        properties["on"] = _DAY
        required.append("on")
    if metric.form == "state":
        properties["state"] = {"type": "string", "enum": list(metric.states)}
        required.append("state")
    for group in metric.groups:
        properties |= {field.name: _or_null(_field(metric, field)) for field in group.fields}
    properties |= _own(metric) | _common(metric)
    if metric.name in (TASK, RATE):
        required.append("item")
    found: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:chitieu:metric:{metric.name}:v1",
        "title": metric.title.en,
        "description": metric.counts.en,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    if metric.form != "state":
        found["anyOf"] = [{"required": _required(group)} for group in metric.groups]
    whole = {name: others for group in metric.groups for name, others in _together(group)}
    return found | ({"dependentRequired": whole} if whole else {})


def example(metric: Metric) -> dict[str, Any]:
    """A realistic `data` that is accepted, given a `time` after March 2025."""
    found: dict[str, Any] = {}
    if metric.form == "period":
        found["period"] = "2025-Q1" if metric.cadence in ("quarter", "none") else "2025-03"
        if metric.cadence in ("half", "year"):
            found["period"] = "2024"
    else:
        found["on"] = "2025-03-31"
    if metric.form == "state":
        found["state"] = metric.states[-2] if len(metric.states) > 2 else metric.states[0]
    if metric.name == TASK:
        found["state"] = "done"
        found["item"] = "br-vt-2025/annex-2/I.7/province"
        found["evidence"] = [{"number": "252/SYT-KHTC", "issued": "2025-01-17"}]
        return found
    if metric.name == RATE:
        item = "online-payment-dossier-share"
        return found | {"item": item, "percent": "98.6", "printed": "98,6%"}
    figures: dict[str, int] = {}
    for group in metric.groups:
        _fill(group, figures)
    booleans = {f.name for group in metric.groups for f in group.fields if f.type == "boolean"}
    return found | {name: True if name in booleans else n for name, n in figures.items()}


def _fill(group: FieldGroup, figures: dict[str, int]) -> None:
    """Parts of four fifths of their whole; parts of a sum share it."""
    for field in group.fields:
        scale = 123_456_000 if field.type == "amount" else 2_310
        most = figures.get(field.at_most or "", scale)
        figures[field.name] = most * 4 // 5 if field.at_most else scale
    if group.whole:
        left = figures[group.whole]
        for name in group.parts[1:]:
            figures[name] = left // 10
        figures[group.parts[0]] = left - sum(figures[name] for name in group.parts[1:])


def _field(metric: Metric, field: MetricField) -> dict[str, Any]:
    if field.type == "boolean":
        return {"type": "boolean", "title": field.title.vi, "description": field.title.en}
    said = {"title": field.title.vi, "description": field.title.en}
    if field.type == "decimal":
        limit = MAX_PERCENT if metric.name == RATE else values.MAX_DECIMAL
        number = {"type": "number", "minimum": 0, "maximum": limit}
        return said | {"anyOf": [{"type": "string", "pattern": _DECIMAL}, number]}
    limit = values.MAX_AMOUNT if field.type == "amount" else values.MAX_COUNT
    return said | {"type": "integer", "minimum": 0, "maximum": limit}


def _own(metric: Metric) -> dict[str, Any]:
    if metric.name == RATE:
        return {"printed": _or_null({"type": "string", "minLength": 1, "maxLength": MAX_PRINTED})}
    if metric.name != TASK:
        return {}
    proof = {
        "type": "object",
        "properties": {
            "number": {"type": "string", "minLength": 1, "maxLength": MAX_ITEM},
            "issued": _or_null(_DAY),
        },
        "required": ["number"],
        "additionalProperties": False,
    }
    return {"evidence": _or_null({"type": "array", "items": proof, "maxItems": MAX_EVIDENCE})}


def _common(metric: Metric) -> dict[str, Any]:
    item = {"type": "string", "minLength": 1, "maxLength": MAX_ITEM}
    if metric.name == TASK:
        item = {"type": "string", "description": "the id of a target"}
    elif metric.name == RATE:
        item = {"type": "string", "description": "an indicator, or the id of a target"}
    return {
        "item": item if metric.name in (TASK, RATE) else _or_null(item),
        "compiled": _or_null({"type": "boolean"}),
        "estimate": _or_null({"type": "boolean"}),
        "through": _or_null(_DAY),
        "note": _or_null({"type": "string", "minLength": 1, "maxLength": MAX_NOTE}),
    }


def _required(group: FieldGroup) -> list[str]:
    return [field.name for field in group.fields if field.name not in group.optional]


def _together(group: FieldGroup) -> list[tuple[str, list[str]]]:
    """A field of a group asks for all required ones of it."""
    required = _required(group)
    pairs = [(f.name, [name for name in required if name != f.name]) for f in group.fields]
    return [(name, others) for name, others in pairs if others]


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A null is as if absent."""
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
