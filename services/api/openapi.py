"""The OpenAPI document: what FastAPI derives, with our schemas, problems and descriptions.

What ingest answers stands in it too, from the data of `chitieu.openapi_events`.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from chitieu.openapi_events import OPERATIONS, TAG, event_schemas
from services.api.documented import (
    PROBLEM_SCHEMA,
    REQUEST_SCHEMAS,
    documented,
    received,
    schema_name,
)

_TAGS: Final = (
    ("scorecards", "Where a province or a unit stands."),
    ("results", "One target: its result, history, units, explanation."),
    ("catalogue", "What is asked, with its citation. Public."),
    ("places", "Provinces of every era. Public."),
    ("units", "Reporting units and their history."),
    (TAG, "Reports: how they are sent, and what became of each."),
    ("closings", "Periods as they were published."),
    ("keys", "Who may do what."),
    ("operators", "Health, measures."),
)
_DESCRIPTION: Final = (
    "How far each province, facility and district is from the digital-health targets of its plan, "
    "with proof. Every answer names its pair (`as_of`, `known_at`) and can be asked for again."
)


def schema(app: FastAPI) -> dict[str, Any]:
    """Made once an app."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version="3.1.0",
            description=_DESCRIPTION,
            routes=app.routes,
            tags=[{"name": name, "description": words} for name, words in _TAGS],
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas |= {"Problem": PROBLEM_SCHEMA, **REQUEST_SCHEMAS}
        schemas |= event_schemas(documented("metric_schemas")["schema"])
        for one in OPERATIONS:
            made["paths"].setdefault(one.path, {})[one.method] = received(one)
        for operations in made["paths"].values():
            for operation in operations.values():
                _complete(operation, schemas)
        app.openapi_schema = made
    return app.openapi_schema


def _complete(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Take out the framework's own 422, and give each success its schema."""
    name = operation["operationId"]
    refused = operation["responses"].get("422", {}).get("content", {})
    said = refused.get("application/json", {}).get("schema", {})
    if said.get("$ref", "").endswith("HTTPValidationError"):
        del refused["application/json"]
        if not refused:
            del operation["responses"]["422"]
    reference = f"#/components/schemas/{schema_name(name)}"
    for response in operation["responses"].values():
        held = response.get("content", {}).get("application/json", {})
        if held.get("schema", {}).get("$ref") == reference:
            schemas[schema_name(name)] = {"title": schema_name(name), **documented(name)["schema"]}
