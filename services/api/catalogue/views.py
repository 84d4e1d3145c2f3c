"""Catalogue entries as JSON. Pure."""

from __future__ import annotations

from typing import Any

from chitieu.catalogue.catalogue import Catalogue, TargetEntry
from chitieu.catalogue.model import Indicator, Metric, Model, Plan, Row, Target
from chitieu.completeness.calendar import calendar_json
from chitieu.events import type_of
from chitieu.metric_schema import example, json_schema
from chitieu.registry import Registry
from chitieu.text import decimal_text


def _dump(model: Model, *without: str) -> dict[str, Any]:
    """Every field, null where there is none. Decimals come out as strings."""
    return model.model_dump(mode="json", by_alias=True, exclude=set(without))


def metric_json(metric: Metric) -> dict[str, Any]:
    """A metric with the type of its events, the schema of their data, and an example of it."""
    return _dump(metric, "version", "kind") | {
        "event_type": type_of(metric.name),
        "schema": json_schema(metric),
        "example": example(metric),
    }


def indicator_json(indicator: Indicator) -> dict[str, Any]:
    """An indicator."""
    return _dump(indicator, "version", "kind")


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan, and how many rows it has."""
    body = _dump(plan, "version", "kind", "rows", "acknowledged")
    body["row_count"] = len(plan.rows)
    body["calendar"] = calendar_json(plan)
    return body


def whole_plan_json(catalogue: Catalogue, name: str) -> dict[str, Any]:
    """A plan with its rows in the document's order, and the contradictions found in it."""
    plan = catalogue.plans[name]
    rows = [
        _row(row) | {
            "id": f"{plan.name}/{row.key}",
            "targets": [
                f"{plan.name}/{row.key}/{key}" if key else f"{plan.name}/{row.key}"
                for key in ([""] if row.target else []) + list(row.targets)
            ],
        }
        for row in sorted(plan.rows, key=lambda row: row.order)
    ]  # fmt: skip
    found = [one.to_wire() for one in catalogue.contradictions if one.plan == name]
    return plan_json(plan) | {"rows": rows, "contradictions": found}


def _row(row: Row) -> dict[str, Any]:
    return _dump(row, "target", "targets")


def target_json(entry: TargetEntry, registry: Registry) -> dict[str, Any]:
    """A target with everything that its row prints."""
    plan, row, target = entry.plan, entry.row, entry.target
    catalogue = registry.catalogue
    indicator = catalogue.indicators.get(entry.indicator) if catalogue else None
    printed = _row(row)
    return {
        "id": entry.id,
        "plan": plan.name,
        "province": plan.place,
        "row": f"{plan.name}/{row.key}",
        "section": row.section,
        "order": row.order,
        "clause": row.clause,
        "sha256": row.sha256,
        "title": row.title.vi,
        "title_en": row.title.en,
        "indicator": entry.indicator or None,
        "kind": indicator.formula if indicator else None,
        "measure": indicator.measure.model_dump() if indicator else None,
        **_target(target),
        "joined": list(registry.joined.get(entry.id, (entry.id,))),
        "responsible": printed["responsible"],
        "coordinating": printed["coordinating"],
        "note": row.note,
        "cells": dict(row.cells),
        "budget_million_vnd": printed["budget_million_vnd"],
        "year": row.year,
        "results": _results(entry, printed),
        "citation": {
            "document": plan.document,
            "number": plan.number,
            "issued": plan.issued,
            "clause": row.clause,
            "lines": list(target.lines or row.lines),
        },
        "assumed": [*_dump(target)["assumed"], *printed["assumed"]],
        "findings": [*_dump(target)["findings"], *printed["findings"]],
        "links": {"result": f"/v1/targets/{entry.id}/result"},
    }


def _target(target: Target) -> dict[str, Any]:
    body = _dump(target, "assumed", "findings", "lines")
    body["value"] = None if target.value is None else decimal_text(target.value)
    return body


def _results(entry: TargetEntry, printed: dict[str, Any]) -> list[dict[str, Any]]:
    """Printed results of this target, or of its whole row."""
    key = entry.id.removeprefix(f"{entry.plan.name}/{entry.row.key}").removeprefix("/")
    return [r for r in printed["results"] if r["target"] in (None, key)]
