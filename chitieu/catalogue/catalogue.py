"""The catalogue as one frozen value: what the log carries and the scorer reads. Pure.

Its canonical JSON is exact (a catalogue read back equals the one written) and independent of how
files are laid out: comments, quoting and the order of keys change nothing. The order of rows and of
a row's targets does count: it is the document's. A default of `model` is part of the format, since
values equal to their default are left out: fields may be added, defaults never change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chitieu.catalogue.model import (
    FieldGroup,
    Indicator,
    Metric,
    MetricField,
    Model,
    Plan,
    Row,
    Target,
    Text,
    UnitRecord,
)
from chitieu.catalogue.scheme_model import Scheme

if TYPE_CHECKING:
    from chitieu.catalogue.semantic import Contradiction

M = TypeVar("M", bound=Model)

FORMAT: Final = 1

TASK: Final = Metric(
    version=1,
    kind="metric",
    name="task",
    title=Text(vi="Trạng thái nhiệm vụ", en="State of a task"),
    counts=Text(
        vi="Trạng thái của một nhiệm vụ (item là mã mục tiêu) kể từ một ngày; evidence là các văn "
        "bản chứng minh: số và ngày ban hành.",
        en="The state of one task (item is the target's id) from a day on; evidence lists the "
        "documents that prove it: number and day of issue.",
    ),
    form="state",
    cadence="none",
    states=("not_started", "in_progress", "waiting", "done", "cancelled"),
)
"""Data besides `state` and `on`: `item` (required), `evidence` [{`number`, `issued`}]."""

PUBLISHED_RATE: Final = Metric(
    version=1,
    kind="metric",
    name="published-rate",
    title=Text(vi="Tỷ lệ đã công bố", en="Published percentage"),
    counts=Text(
        vi="Một phần trăm được công bố mà không có tử số và mẫu số (item là chỉ số hoặc mục tiêu).",
        en="A percentage known without its fraction (item is an indicator or a target).",
    ),
    form="period",
    cadence="none",
    groups=(
        FieldGroup(
            name="rate",
            fields=(
                MetricField(
                    name="percent",
                    type="decimal",
                    title=Text(vi="Phần trăm", en="Percentage"),
                    measure=Text(vi="phần trăm", en="percent"),
                ),
            ),
        ),
    ),
)
"""Data besides `period` and `percent`: `item` (required), `printed` (the words as published)."""

BUILT_IN: Final[Mapping[str, Metric]] = {metric.name: metric for metric in (TASK, PUBLISHED_RATE)}
SHARE_MET: Final = "share-met"
"""The summary scheme that needs no data; no scheme of the catalogue may be called so."""
# `vn.chitieu.retraction.v1` is a type of event, so no metric may be called so either.
RESERVED_METRICS: Final = frozenset({*BUILT_IN, "retraction"})


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """A target with where it stands. `id` is plan name, row key and, if it has one, its own key."""

    id: str
    plan: Plan
    row: Row
    target: Target
    indicator: str


@dataclass(frozen=True)
class Catalogue:
    """All that the catalogue's files say, by name. `units`: a code's records, oldest day first."""

    metrics: Mapping[str, Metric] = field(default_factory=lambda: dict(BUILT_IN))
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=dict)
    units: Mapping[str, tuple[UnitRecord, ...]] = field(default_factory=dict)
    schemes: Mapping[str, Scheme] = field(default_factory=dict)

    @staticmethod
    def of(
        metrics: Iterable[Metric] = (),
        indicators: Iterable[Indicator] = (),
        plans: Iterable[Plan] = (),
        units: Iterable[UnitRecord] = (),
        schemes: Iterable[Scheme] = (),
    ) -> Catalogue:
        """A catalogue of these entries and the built-in metrics; of equal names the last counts."""
        codes: dict[str, list[UnitRecord]] = {}
        for unit in units:
            codes.setdefault(unit.code, []).append(unit)
        return Catalogue(
            _by_name((*metrics, *BUILT_IN.values())),
            _by_name(indicators),
            _by_name(plans),
            {
                code: tuple(sorted(records, key=lambda record: record.from_))
                for code, records in sorted(codes.items())
            },
            _by_name(schemes),
        )

    def merged_with(self, other: Catalogue) -> Catalogue:
        """This catalogue with another laid over it, as a user's own folder is.

        A metric, indicator, plan or scheme of a name that is here replaces it whole, and so does a
        unit's code with all its records. What only one of them has stays.
        """
        return Catalogue(
            _merged(self.metrics, other.metrics),
            _merged(self.indicators, other.indicators),
            _merged(self.plans, other.plans),
            _merged(self.units, other.units),
            _merged(self.schemes, other.schemes),
        )

    @cached_property
    def targets(self) -> Mapping[str, TargetEntry]:
        """Every target by id: plans by name, rows and targets in the document's order."""
        return {entry.id: entry for plan in self.plans.values() for entry in targets_of(plan)}

    @cached_property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """What the documents say against themselves and each other, computed once."""
        # Here, because the rules take a catalogue.
        from chitieu.catalogue.semantic import find

        return find(self)

    @cached_property
    def contradictions_of(self) -> Mapping[str, tuple[Contradiction, ...]]:
        """Target id → the contradictions that touch it."""
        touching: dict[str, list[Contradiction]] = {}
        for one in self.contradictions:
            for target in one.targets:
                touching.setdefault(target, []).append(one)
        return {target: tuple(found) for target, found in touching.items()}

    @cached_property
    def digest(self) -> str:
        """`sha256:…` of the canonical JSON: the name under which answers cite this catalogue."""
        return f"sha256:{hashlib.sha256(self.to_json()).hexdigest()}"

    def to_json(self) -> bytes:
        """Canonical JSON, UTF-8: sorted keys, no blanks, without defaults and built-in metrics."""
        own = (metric for metric in self.metrics.values() if metric.name not in BUILT_IN)
        body = {
            "format": FORMAT,
            "metrics": [_dumped(metric) for metric in own],
            "indicators": [_dumped(indicator) for indicator in self.indicators.values()],
            "plans": [_dumped_plan(plan) for plan in self.plans.values()],
            "units": [_dumped(unit) for records in self.units.values() for unit in records],
        }
        if self.schemes:  # a catalogue from before there were any keeps its digest
            body["schemes"] = [_dumped(scheme) for scheme in self.schemes.values()]
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode()

    @staticmethod
    def from_json(body: str | bytes) -> Catalogue:
        """What `to_json` wrote, exactly; also after a store has changed spacing or key order.

        ValueError when it is not the JSON of a catalogue. Cross checks are not repeated.
        """
        data = json.loads(body)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError("not the JSON of a catalogue, or of a newer format")
        try:
            return Catalogue.of(
                (_loaded(Metric, item) for item in data["metrics"]),
                (_loaded(Indicator, item) for item in data["indicators"]),
                (_loaded_plan(item) for item in data["plans"]),
                (_loaded(UnitRecord, item) for item in data["units"]),
                (_loaded(Scheme, item) for item in data.get("schemes", ())),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the JSON of a catalogue: {error!r}") from error


def targets_of(plan: Plan) -> Iterable[TargetEntry]:
    """A plan's targets in the document's order; a row's single target has the row's id."""
    for row in sorted(plan.rows, key=lambda row: row.order):
        row_id = f"{plan.name}/{row.key}"
        if row.target is not None:
            yield TargetEntry(row_id, plan, row, row.target, row.indicator or "")
        for key, target in row.targets.items():
            yield TargetEntry(f"{row_id}/{key}", plan, row, target, row.indicator or "")


def _by_name(entries: Iterable[Any]) -> dict[str, Any]:
    named = {entry.name: entry for entry in entries}
    return dict(sorted(named.items()))


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted({**first, **second}.items()))


def _dumped(entry: Model) -> dict[str, Any]:
    return entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _dumped_plan(plan: Plan) -> dict[str, Any]:
    # A row's targets become a list: sorting keys, or a jsonb column, would lose their order.
    body = _dumped(plan)
    for row in body["rows"]:
        if "targets" in row:
            row["targets"] = [{"key": key, **target} for key, target in row["targets"].items()]
    return body


def _loaded(model: type[M], data: dict[str, Any]) -> M:
    return model.model_validate_json(json.dumps(data), strict=True)


def _loaded_plan(data: dict[str, Any]) -> Plan:
    rows = [
        row | {"targets": {target["key"]: _without_key(target) for target in row["targets"]}}
        if "targets" in row
        else row
        for row in data["rows"]
    ]
    return _loaded(Plan, data | {"rows": rows})


def _without_key(target: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in target.items() if name != "key"}
