"""Rules for metrics and indicators. Pure.

Each rule yields flaws and none of them stops another. `Known` is what names may refer to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.faults import Both, EntryKey, Flaw, Here, Path
from chitieu.catalogue.model import FieldGroup, Indicator, Metric, MetricField
from chitieu.predicates import validate

MIN_REPORTED: Final = Decimal("0.8")

# What each formula is made of; all other of these keys are refused.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ratio": ("metric", "numerator", "denominator"),
    "total": ("metric", "numerator"),
    "share_of_units": ("metric", "achieved"),
    "milestone": ("metric", "achieved"),
    "share_meeting": ("inner",),
    "task": (),
    "duty": (),
}
_ALL_PARTS: Final = ("metric", "numerator", "denominator", "achieved", "inner")
_NUMBER: Final = Both("một số", "a number")
_FLAG: Final = Both("boolean", "a boolean")


@dataclass(frozen=True, slots=True)
class Known:
    """The catalogue and the entries whose files could not be read, so that a name that refers to
    one of those is not a second fault."""

    catalogue: Catalogue
    unread: frozenset[EntryKey]

    def missing(self, kind: str, name: str, names: Collection[str]) -> bool:
        """True when a name refers to nothing, read or unread."""
        return name not in names and (kind, name) not in self.unread


def metric_flaws(metric: Metric) -> Iterator[Flaw]:
    """Flaws of one metric."""
    here = Here(("metric", metric.name))
    if metric.form == "state" and not metric.states:
        problem = Both("không có states", "has no states")
        yield here.at("form").flaw("metric_form", form=metric.form, problem=problem)
    if metric.form != "state" and metric.states:
        problem = Both("không dùng states", "has no use for states")
        yield here.at("states").flaw("metric_form", form=metric.form, problem=problem)
    if metric.form != "state" and not metric.groups:
        problem = Both("không có groups", "has no groups")
        yield here.at("form").flaw("metric_form", form=metric.form, problem=problem)
    yield from _name_flaws(metric, here)
    fields = fields_of(metric)
    for index, group in enumerate(metric.groups):
        yield from _group_flaws(group, fields, here.at("groups", index))


def fields_of(metric: Metric) -> dict[str, MetricField]:
    """A metric's fields by name, over all groups."""
    return {field.name: field for group in metric.groups for field in group.fields}


def predicate_flaws(predicate: Mapping[str, Any] | None, here: Here) -> Iterator[Flaw]:
    """Flaws of a predicate that stands at `here`; none when there is no predicate."""
    if predicate is None:
        return
    for fault in validate(predicate):
        at_key = fault.code == "predicate_attribute"
        yield here.at(*fault.path).flaw(
            fault.code,
            known=fault.known,
            at_key=at_key,
            found=fault.found,
            attribute=fault.attribute,
        )


def indicator_flaws(indicator: Indicator, known: Known) -> Iterator[Flaw]:
    """Flaws of one indicator."""
    here = Here(("indicator", indicator.name))
    yield from _part_flaws(indicator, here)
    yield from predicate_flaws(indicator.concerns, here.at("concerns"))
    if indicator.min_reported != MIN_REPORTED and indicator.min_reported_why is None:
        yield here.at("min_reported").flaw("min_reported_why", found=str(indicator.min_reported))
    yield from _inner_flaws(indicator, known, here)
    if indicator.metric is None:
        return
    metric = known.catalogue.metrics.get(indicator.metric)
    if metric is None:
        if known.missing("metric", indicator.metric, ()):
            names = known.catalogue.metrics
            yield here.at("metric").flaw("unknown_metric", known=names, found=indicator.metric)
        return
    yield from _field_flaws(indicator, metric, here)
    yield from _achieved_flaws(indicator, metric, here.at("achieved"))
    if metric.form != "period" and indicator.window != "latest":
        yield here.at("window").flaw(
            "window_not_latest", metric=metric.name, form=metric.form, found=indicator.window
        )


def _name_flaws(metric: Metric, here: Here) -> Iterator[Flaw]:
    taken: set[str] = set()
    for index, group in enumerate(metric.groups):
        for number, field in enumerate(group.fields):
            if field.name in taken:
                place = here.at("groups", index, "fields", number, "name")
                what = Both("trường", "field")
                yield place.flaw("duplicate_field", what=what, found=field.name)
            taken.add(field.name)
    names = [group.name for group in metric.groups]
    paths = [("groups", index, "name") for index in range(len(names))]
    yield from _repeated(names, paths, Both("nhóm", "group"), here)
    states = [("states", index) for index in range(len(metric.states))]
    yield from _repeated(metric.states, states, Both("trạng thái", "state"), here)


def _repeated(
    names: Iterable[str], paths: Iterable[tuple[str | int, ...]], what: Both, here: Here
) -> Iterator[Flaw]:
    taken: set[str] = set()
    for name, path in zip(names, paths, strict=True):
        if name in taken:
            yield here.at(*path).flaw("duplicate_field", what=what, found=name)
        taken.add(name)


def _group_flaws(
    group: FieldGroup, fields: Mapping[str, MetricField], here: Here
) -> Iterator[Flaw]:
    own = [field.name for field in group.fields]
    owner = Both(f"nhóm “{group.name}”", f"group “{group.name}”")
    if bool(group.whole) != bool(group.parts):
        key = "whole" if group.whole else "parts"
        yield here.at(key).flaw("whole_and_parts")
    named: list[tuple[Path, str]] = [(("whole",), group.whole)] if group.whole else []
    named += [(("parts", index), name) for index, name in enumerate(group.parts)]
    named += [(("optional", index), name) for index, name in enumerate(group.optional)]
    for path, name in named:
        if name not in own:
            yield here.at(*path).flaw("unknown_field", known=own, found=name, owner=owner)
        elif path[0] != "optional" and fields[name].type == "boolean":
            yield here.at(*path).flaw("field_type", found=name, type="boolean", expected=_NUMBER)
    for index, field in enumerate(group.fields):
        limit = field.at_most
        place = here.at("fields", index, "at_most")
        if limit is not None and (limit not in fields or limit == field.name):
            others = [name for name in fields if name != field.name]
            metric = Both("số liệu", "the metric")
            yield place.flaw("unknown_field", known=others, found=limit, owner=metric)
        elif limit is not None and fields[limit].type == "boolean":
            yield place.flaw("field_type", found=limit, type="boolean", expected=_NUMBER)


def _part_flaws(indicator: Indicator, here: Here) -> Iterator[Flaw]:
    needed = _PARTS[indicator.formula]
    for part in _ALL_PARTS:
        given = getattr(indicator, part) is not None
        if part in needed and not given:
            yield here.at("formula").flaw("formula_needs", formula=indicator.formula, key=part)
        if given and part not in needed:
            yield here.at(part).flaw(
                "formula_refuses", at_key=True, formula=indicator.formula, key=part
            )


def _field_flaws(indicator: Indicator, metric: Metric, here: Here) -> Iterator[Flaw]:
    fields = fields_of(metric)
    owner = Both(f"số liệu “{metric.name}”", f"metric “{metric.name}”")
    groups = []
    for part in ("numerator", "denominator"):
        name = getattr(indicator, part)
        if name is None:
            continue
        if name not in fields:
            yield here.at(part).flaw("unknown_field", known=fields, found=name, owner=owner)
        elif fields[name].type == "boolean":
            yield here.at(part).flaw("field_type", found=name, type="boolean", expected=_NUMBER)
        else:
            groups.append(next(g.name for g in metric.groups if fields[name] in g.fields))
    if len(set(groups)) == 2:
        yield here.at("denominator").flaw(
            "fields_apart",
            numerator=str(indicator.numerator),
            denominator=str(indicator.denominator),
        )


def _achieved_flaws(indicator: Indicator, metric: Metric, here: Here) -> Iterator[Flaw]:
    achieved = indicator.achieved
    if achieved is None:
        return
    if not achieved.states and not achieved.flags:
        key = Both("achieved.states hoặc achieved.flags", "achieved.states or achieved.flags")
        yield here.flaw("formula_needs", formula=indicator.formula, key=key)
    for index, state in enumerate(achieved.states):
        if state not in metric.states:
            yield here.at("states", index).flaw(
                "unknown_state", known=metric.states, found=state, metric=metric.name
            )
    fields = fields_of(metric)
    flags = [name for name, field in fields.items() if field.type == "boolean"]
    owner = Both(f"số liệu “{metric.name}”", f"metric “{metric.name}”")
    for index, name in enumerate(achieved.flags):
        place = here.at("flags", index)
        if name not in fields:
            yield place.flaw("unknown_field", known=flags, found=name, owner=owner)
        elif name not in flags:
            yield place.flaw("field_type", found=name, type=fields[name].type, expected=_FLAG)


def _inner_flaws(indicator: Indicator, known: Known, here: Here) -> Iterator[Flaw]:
    name = indicator.inner
    if name is None:
        return
    inner = known.catalogue.indicators.get(name)
    if inner is not None and inner.formula != "ratio":
        yield here.at("inner").flaw("inner_not_ratio", found=name, formula=inner.formula)
    if inner is None and known.missing("indicator", name, ()):
        names = known.catalogue.indicators
        yield here.at("inner").flaw("unknown_indicator", known=names, found=name)
