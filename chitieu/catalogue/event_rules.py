"""Rules for the data of a posted event against its metric. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from chitieu.catalogue.catalogue import PUBLISHED_RATE, TASK
from chitieu.catalogue.faults import Both, Flaw, Here, described, shown
from chitieu.catalogue.formula_rules import Known, fields_of
from chitieu.catalogue.model import FieldGroup, Metric, MetricField, PostedEvent
from chitieu.periods import Period, parse_day, parse_period

_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")
_COMMON: Final = ("item", "compiled", "estimate", "through", "note")
_BY_FORM: Final = {"period": ("period",), "state": ("state", "on"), "snapshot": ("on",)}
_OWN: Final = {TASK.name: ("evidence",), PUBLISHED_RATE.name: ("printed",)}

_TEXT: Final = Both("văn bản", "text")
_DAY: Final = Both("ngày ISO", "an ISO day")
_FLAG: Final = Both("true hoặc false", "true or false")
_COUNT: Final = Both("số nguyên không âm", "a whole number of 0 or more")
_NUMBER: Final = Both("số không âm", "a number of 0 or more")


def event_flaws(event: PostedEvent, as_of: dt.date, known: Known, here: Here) -> Iterator[Flaw]:
    """Flaws of an event that a result printed for `as_of` posts."""
    metrics = known.catalogue.metrics
    metric = metrics.get(event.metric)
    if metric is None:
        if known.missing("metric", event.metric, ()):
            yield here.at("metric").flaw("unknown_metric", known=metrics, found=event.metric)
        return
    data, place = event.data, here.at("data")
    allowed = (*_BY_FORM[metric.form], *fields_of(metric), *_COMMON, *_OWN.get(metric.name, ()))
    for key in data:
        if key not in allowed:
            yield place.at(key).flaw(
                "data_unknown_key", known=allowed, at_key=True, metric=metric.name, found=key
            )
    yield from _form_flaws(metric, data, place)
    yield from _item_flaws(metric, data, known, place)
    yield from _common_flaws(data, place)
    yield from _day_flaws(metric, data, as_of, place)
    yield from _group_flaws(metric, data, place)


def _form_flaws(metric: Metric, data: Mapping[str, Any], here: Here) -> Iterator[Flaw]:
    for key in _BY_FORM[metric.form]:
        value = data.get(key)
        if key not in data:
            yield here.flaw("data_missing", metric=metric.name, found=key, why="")
        elif key == "period" and not _is_period(value):
            expected = Both("kỳ viết trong dấu nháy, “2025-Q1”", "a quoted period, “2025-Q1”")
            yield _value(here, key, expected, value)
        elif key == "on" and not _is_day(value):
            yield _value(here, key, _DAY, value)
        elif key == "state" and value not in metric.states:
            yield here.at(key).flaw(
                "data_state", known=metric.states, metric=metric.name, found=shown(value)
            )


def _item_flaws(
    metric: Metric, data: Mapping[str, Any], known: Known, here: Here
) -> Iterator[Flaw]:
    item = data.get("item")
    if item is None:
        if metric.name in _OWN:
            yield here.flaw("data_missing", metric=metric.name, found="item", why="")
        return
    if not isinstance(item, str):
        yield _value(here, "item", _TEXT, item)
    if metric.name not in _OWN or not isinstance(item, str):
        return
    names = dict.fromkeys(known.catalogue.targets)
    offers = Both("", "")
    if metric.name == PUBLISHED_RATE.name:
        names |= dict.fromkeys(known.catalogue.indicators)
        offers = Both(" hay chỉ số", " or indicator")
    unread = ("plan", item.partition("/")[0]), ("indicator", item)
    if item not in names and not known.unread.intersection(unread):
        yield here.at("item").flaw("unknown_item", known=names, found=item, or_indicator=offers)


def _common_flaws(data: Mapping[str, Any], here: Here) -> Iterator[Flaw]:
    for key in ("compiled", "estimate"):
        if not isinstance(data.get(key, False), bool):
            yield _value(here, key, _FLAG, data[key])
    for key in ("note", "printed"):
        if not isinstance(data.get(key, ""), str):
            yield _value(here, key, _TEXT, data[key])
    for index, proof in enumerate(_list(data.get("evidence"))):
        number, issued = proof.get("number"), proof.get("issued")
        if not isinstance(number, str) or not number.strip():
            yield _value(here.at("evidence", index), "number", _TEXT, number)
        if issued is not None and not _is_day(issued):
            yield _value(here.at("evidence", index), "issued", _DAY, issued)


def _day_flaws(
    metric: Metric, data: Mapping[str, Any], as_of: dt.date, here: Here
) -> Iterator[Flaw]:
    """The figures reach no further than the day for which the result is printed."""
    period = _covered(metric, data)
    through = data.get("through")
    if through is not None:
        day = parse_day(through) if isinstance(through, str) else None
        if day is None or period is None or not period.first <= day <= period.last:
            expected = Both("một ngày trong kỳ", "a day of the period")
            yield _value(here, "through", expected, through)
            return
        period = Period(period.first, day)
    if period and period.last > as_of and data.get("estimate") is not True:
        yield here.flaw("data_after_result", found=str(period.last), as_of=str(as_of))


def _covered(metric: Metric, data: Mapping[str, Any]) -> Period | None:
    value = data.get("period" if metric.form == "period" else "on")
    if not isinstance(value, str):
        return None
    if metric.form == "period":
        return parse_period(value)
    day = parse_day(value)
    return Period(day, day) if day else None


def _group_flaws(metric: Metric, data: Mapping[str, Any], here: Here) -> Iterator[Flaw]:
    fields = fields_of(metric)
    numbers: dict[str, Decimal] = {}
    for name, field in fields.items():
        if name not in data:
            continue
        if not _fits(field, data[name]):
            expected = {"boolean": _FLAG, "decimal": _NUMBER}.get(field.type, _COUNT)
            yield _value(here, name, expected, data[name])
        elif field.type != "boolean":
            numbers[name] = Decimal(data[name])
    given = [group for group in metric.groups if any(f.name in data for f in group.fields)]
    required = [group for group in metric.groups if _required(group)]
    if required and not given:
        why = Both(" (cần ít nhất một nhóm)", " (at least one group is needed)")
        first = _required(required[0])[0]
        yield here.flaw("data_missing", metric=metric.name, found=first, why=why)
    for group in given:
        why = Both(f" (nhóm {group.name})", f" (group {group.name})")
        for name in _required(group):
            if name not in data:
                yield here.flaw("data_missing", metric=metric.name, found=name, why=why)
        yield from _sum_flaws(group, numbers, here)
    for name, field in fields.items():
        limit = field.at_most
        if limit and name in numbers and limit in numbers and numbers[name] > numbers[limit]:
            yield here.at(name).flaw(
                "part_larger",
                part=name,
                found=str(numbers[name]),
                whole=limit,
                limit=str(numbers[limit]),
            )


def _sum_flaws(group: FieldGroup, numbers: Mapping[str, Decimal], here: Here) -> Iterator[Flaw]:
    parts = [numbers[name] for name in group.parts if name in numbers]
    if not group.whole or group.whole not in numbers or len(parts) != len(group.parts):
        return
    if sum(parts) != numbers[group.whole]:
        yield here.at(group.whole).flaw(
            "sum_differs",
            parts=" + ".join(group.parts),
            found=str(sum(parts)),
            whole=group.whole,
            limit=str(numbers[group.whole]),
        )


def _required(group: FieldGroup) -> list[str]:
    return [field.name for field in group.fields if field.name not in group.optional]


def _fits(field: MetricField, value: object) -> bool:
    if field.type == "boolean":
        return isinstance(value, bool)
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if field.type == "decimal":
        return whole or (isinstance(value, str) and _DECIMAL.fullmatch(value) is not None)
    return whole


def _is_period(value: object) -> bool:
    return isinstance(value, str) and parse_period(value) is not None


def _is_day(value: object) -> bool:
    return isinstance(value, str) and parse_day(value) is not None


def _list(value: object) -> list[Mapping[str, Any]]:
    return (
        [item if isinstance(item, dict) else {} for item in value]
        if isinstance(value, list)
        else []
    )


def _value(here: Here, key: str, expected: Both, found: object) -> Flaw:
    return here.at(key).flaw("data_value", key=key, expected=expected, found=described(found))
