"""A file's data as a metric, indicator, plan, scheme or list of units, or the faults of its shape.

Pydantic finds what is wrong; here it is put into words, with the place, the words that were
allowed and the one that was probably meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chitieu.catalogue.faults import Both, Fact, Fault, Path, described, shown
from chitieu.catalogue.model import Indicator, Metric, Plan, UnitList
from chitieu.catalogue.scheme_model import Scheme
from chitieu.catalogue.source import Source

Entry = Metric | Indicator | Plan | UnitList | Scheme

KINDS: Final[Mapping[str, type[Entry]]] = {
    "metric": Metric,
    "indicator": Indicator,
    "plan": Plan,
    "units": UnitList,
    "scheme": Scheme,
}

_TYPES: Final = {
    "string": Both("văn bản", "text"),
    "int": Both("số nguyên", "a whole number"),
    "bool": Both("true hoặc false", "true or false"),
    "tuple": Both("danh sách", "a list"),
    "dict": Both("các cặp khoá: giá trị", "a mapping"),
    "model": Both("các cặp khoá: giá trị", "a mapping"),
}
_FORMS: Final = {
    "^[a-z0-9]+(-": Both(
        "chữ thường và số không dấu, nối bằng “-”: emr-hospital-share",
        "lower-case letters and digits joined by “-”: emr-hospital-share",
    ),
    "^[a-z][a-z0-9_]*$": Both(
        "chữ thường, số và “_”: cashless_payments",
        "lower-case letters, digits and “_”: cashless_payments",
    ),
    "^[A-Za-z0-9][A-Za-z0-9.-]*(/": Both(
        "chữ không dấu, số, “.” và “-”, các đoạn cách bằng “/”: annex-2/I.7",
        "letters, digits, “.” and “-”, segments parted by “/”: annex-2/I.7",
    ),
    "^[A-Za-z0-9][A-Za-z0-9._-]": Both(
        "mã đơn vị: 58001, dvhc-193, cq-syt-77", "a unit's code: 58001, dvhc-193, cq-syt-77"
    ),
    "^[0-9a-f]{64}$": Both("64 chữ số 0-9 a-f", "64 digits 0-9 a-f"),
    "^[0-9]{2}$": Both("hai chữ số trong dấu nháy: \"77\"", "two digits in quotes: \"77\""),
    "^[0-9]{4}(": Both("2025, 2025-04 hoặc 2025-04-30", "2025, 2025-04 or 2025-04-30"),
}  # fmt: skip


def shape(source: Source) -> tuple[Entry | None, tuple[Fault, ...]]:
    """The entry that a file holds, or None and every fault of its shape."""
    data = source.data
    if data is None:
        return None, ()
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        code = "unknown_kind" if "kind" in data else "missing_key"
        facts: dict[str, Fact] = {"found": shown(kind), "key": "kind", "about": ""}
        facts["model"] = Both("tệp", "the file")
        return None, (source.fault(("kind",), code, facts, tuple(KINDS)),)
    try:
        # JSON mode, because strict there still reads days and decimals from text, as files write
        # them, and refuses `maintain: "yes"`.
        return KINDS[kind].model_validate_json(json.dumps(data), strict=True), ()
    except ValidationError as error:
        return None, tuple(_faults(source, KINDS[kind], error))


def _faults(source: Source, model: type[BaseModel], error: ValidationError) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        loc = detail["loc"]
        at_key = bool(loc) and loc[-1] == "[key]"
        path: Path = loc[:-1] if at_key else loc
        code, facts, known = _told(detail, path, model)
        at_key = at_key or code == "unknown_key"
        if code == "wrong_type":
            facts |= _typed(source, detail, path)
        yield source.fault(path, code, facts, known, at_key=at_key)


def _told(
    detail: ErrorDetails, path: Path, model: type[BaseModel]
) -> tuple[str, dict[str, Fact], tuple[str, ...]]:
    """The code of a pydantic error, its facts, and what could have stood there."""
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    owner = _model_at(model, path[:-1])
    key = _key_of(path)
    facts: dict[str, Fact] = {"key": key, "found": shown(given), "model": owner.__name__}
    match kind:
        case "extra_forbidden":
            return "unknown_key", facts | {"found": key}, _keys(owner)
        case "missing" if path and isinstance(path[-1], int):
            return "wrong_length", facts | _length(given, path[-1] + 1), ()
        case "missing":
            return "missing_key", facts | {"about": _about(owner, key)}, ()
        case "too_long" | "too_short":
            limit = context.get("max_length", context.get("min_length", 0))
            return "wrong_length", facts | _length(given, int(limit)), ()
        case "literal_error" if key == "version":
            return "unknown_version", facts, ()
        case "literal_error":
            return "unknown_word", facts, tuple(re.findall(r"'([^']*)'", str(context["expected"])))
        case "greater_than_equal" | "less_than_equal":
            bound = f"≥ {context['ge']}" if "ge" in context else f"≤ {context['le']}"
            return "out_of_range", facts | {"limit": bound}, ()
        case "bad_day" | "no_such_day" | "bad_decimal":
            return kind, facts, ()
        case "string_too_short" | "string_too_long" | "string_pattern_mismatch":
            owner_key = _key_of(path[:-1]) if detail["loc"][-1] == "[key]" else key
            return *_misformed(kind, context, facts | {"key": owner_key}), ()
        case _:
            return "wrong_type", facts, ()


def _misformed(
    kind: str, context: Mapping[str, Any], facts: dict[str, Fact]
) -> tuple[str, dict[str, Fact]]:
    if kind == "string_too_short" or context.get("pattern") == r"\S":
        return "blank_text", facts
    if kind == "string_too_long":
        limit = context["max_length"]
        return "bad_form", facts | {"form": Both(f"đến {limit} ký tự", f"up to {limit} characters")}
    return "bad_form", facts | {"form": _form(str(context["pattern"]))}


def _key_of(path: Path) -> str:
    """The last key of a path, passing over indices."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _typed(source: Source, detail: ErrorDetails, path: Path) -> dict[str, Fact]:
    """What was expected and found, and how to write it."""
    given = detail["input"]
    expected = _TYPES.get(detail["type"].removesuffix("_type"), detail["msg"])
    facts: dict[str, Fact] = {"expected": expected, "found": described(given)}
    advice = Both("Xem chitieu/catalogue/model.py.", "See chitieu/catalogue/model.py.")
    if detail["type"] == "string_type" and isinstance(given, (int, float)):
        written = _written(source, path) or str(given)
        advice = Both(f'Viết trong dấu nháy: "{written}".', f'Write it in quotes: "{written}".')
    elif detail["type"] == "string_type" and given is None:
        advice = Both('Viết nội dung; không có thì "".', 'Write it; "" where there is none.')
    elif detail["type"] == "bool_type":
        advice = Both("Viết true hoặc false, không dấu nháy.", "Write true or false, unquoted.")
    elif detail["type"] == "int_type":
        advice = Both("Viết số không dấu nháy.", "Write the number without quotes.")
    elif detail["type"] == "tuple_type":
        advice = Both(
            "Viết [một, hai], hoặc mỗi phần tử sau “- ”.", "Write [one, two], or “- ” each."
        )
    elif detail["type"] == "model_type" and isinstance(given, str):
        advice = Both(
            "Viết {vi: …, en: …} nếu là văn bản cho người đọc.",
            "Write {vi: …, en: …} where it is a text for people.",
        )
    return facts | {"advice": advice}  # fmt: skip


def _written(source: Source, path: Path) -> str:
    line, column = source.locate(path)
    match = re.match(r"[^\s,\]}]+", source.lines[line - 1][column - 1 :])
    return match[0] if match else ""


def _length(given: object, expected: int) -> dict[str, Fact]:
    found = len(given) if isinstance(given, (list, dict, str)) else 0
    return {"expected": expected, "found": found}


def _form(pattern: str) -> Fact:
    return next((form for start, form in _FORMS.items() if pattern.startswith(start)), pattern)


def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _about(model: type[BaseModel], key: str) -> Fact:
    for name, field in model.model_fields.items():
        if key == (field.alias or name) and field.description:
            return f" ({field.description})"
    return ""


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """The model that a path leads to, for the names of its keys."""
    for step in path:
        fields = model.model_fields.items()
        found = next((field for name, field in fields if step in (name, field.alias)), None)
        inner = _inner(found.annotation) if found else None
        # An index, or a key of a mapping, leads from a container to what it holds: the same model.
        model = inner or model
    return model


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The model inside `tuple[Row, ...]`, `dict[KeyPath, Target]` or `Each | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _inner(arg))), None)
