"""The `data` of an event against its metric: checked, normalised, written canonically. Pure.

A metric is compiled once into a `MetricReader`. Plain reports (whole numbers, a period, nothing
else) take a short way through prepared templates; everything unusual takes the long way, which
decides every fault. Both write the same bytes for the same meaning (a test compares them).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Container, Iterable
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple

from chitieu import event_values as values
from chitieu.catalogue.model import FieldGroup, Metric, MetricField
from chitieu.errors import Fault
from chitieu.event_values import Days, pointer
from chitieu.reports import RATE, TASK

MAX_NOTE: Final = 500
MAX_ITEM: Final = 120
MAX_PRINTED: Final = 40
MAX_EVIDENCE: Final = 50
MAX_PERCENT: Final = 1_000
COMMON: Final = ("compiled", "estimate", "item", "note", "through")

_dumps = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Known(NamedTuple):
    """Names that an `item` may be."""

    indicators: Container[str] = frozenset()
    targets: Container[str] = frozenset()


class Read(NamedTuple):
    """Canonical texts of a valid `data`: itself, and the body of the entry but `recordedtime`."""

    data: str
    body: str


class _Shape(NamedTuple):
    """What a plain report with just these keys needs: whole numbers, none optional.

    `data` and `groups` are `%`-templates over the data itself, keys sorted.
    """

    figures: Callable[[Any], tuple[Any, ...]]
    limit: int
    bounds: tuple[tuple[str, str], ...]
    sums: tuple[tuple[str, tuple[str, ...]], ...]
    data: str
    groups: str


_SHAPES: Final = 500
_WHOLE: Final = {int}
_UNSEEN: Final = _Shape(lambda _: (), 0, (), (), "", "")


class MetricReader:
    """One metric, ready to read data."""

    def __init__(self, metric: Metric) -> None:
        """Compile a metric of the catalogue or a built-in one."""
        self.metric = metric
        self.days_name = "period" if metric.form == "period" else "on"
        self.fields = {field.name: field for group in metric.groups for field in group.fields}
        own = {TASK: ("evidence",), RATE: ("printed",)}.get(metric.name, ())
        state = ("state",) if metric.form == "state" else ()
        self.names = (self.days_name, *state, *self.fields, *own, *COMMON)
        self._of = values.period_days if metric.form == "period" else values.on_day
        self._bounds = [(f.name, f.at_most) for f in self.fields.values() if f.at_most]
        self._sums = [group for group in metric.groups if group.whole]
        self._is_plain = metric.form != "state" and all(
            field.type in ("count", "amount") for field in self.fields.values()
        )
        self._shapes: dict[tuple[str, ...], _Shape | None] = {}

    def short_way(self, data: dict[str, Any], time: dt.datetime) -> Read | None:
        """A plain closed report; None sends it the long way."""
        names = tuple(data)
        shape = self._shapes.get(names, _UNSEEN)
        if shape is _UNSEEN:
            shape = self._remember(names)
        spelled = data.get(self.days_name)
        if shape is None or type(spelled) is not str:
            return None
        figures = shape.figures(data)
        if {*map(type, figures)} != _WHOLE or min(figures) < 0 or max(figures) > shape.limit:
            return None
        days = self._of(spelled)
        if days is None or days.text != spelled or time < days.last_begins:
            return None
        for part, whole in shape.bounds:
            if data[part] > data[whole]:
                return None
        for whole, parts in shape.sums:
            if sum(data[part] for part in parts) != data[whole]:
                return None
        text = shape.data % data
        return Read(text, self._body(days, days.last, text, shape.groups % data))

    def read(
        self, data: dict[str, Any], time: dt.datetime, known: Known, faults: list[Fault]
    ) -> Read | None:
        """The long way. A null is as if absent; None when something was added to `faults`."""
        before = len(faults)
        given = {name: value for name, value in data.items() if value is not None}
        for name in given.keys() - set(self.names):
            faults.append(
                Fault(pointer("data", name), "unknown_field", values.hint(name, self.names))
            )
        kept: dict[str, Any] = {}
        for name in ("estimate", "compiled"):
            if name in given and values.flag(given[name], f"/data/{name}", faults):
                kept[name] = True
        days = self._days(given, kept, time, faults)
        self._texts(given, kept, known, faults)
        groups = self._groups(given, kept, faults)
        if len(faults) > before or days is None:
            return None
        text = _dumps(kept)
        covers = kept.get("through", days.last)
        return Read(text, self._body(days, covers, text, _dumps(groups), kept))

    def _days(
        self, given: dict[str, Any], kept: dict[str, Any], time: dt.datetime, faults: list[Fault]
    ) -> Days | None:
        name, is_period = self.days_name, self.metric.form == "period"
        if name not in given:
            faults.append(Fault(f"/data/{name}", "missing"))
            return None
        spelled = given[name]
        days = self._of(spelled) if type(spelled) is str else None
        if days is None:
            faults.append(Fault(f"/data/{name}", "bad_period" if is_period else "bad_day"))
            return None
        kept[name] = days.text
        estimate = kept.get("estimate", False)
        if time < days.begins:
            code = "period_not_begun" if is_period else "day_in_future"
            faults.append(Fault(f"/data/{name}", code))
        elif "through" in given:
            through = values.on_day(given["through"]) if type(given["through"]) is str else None
            if through is None:
                faults.append(Fault("/data/through", "bad_day"))
                return None
            kept["through"] = through.text
            if not days.first <= through.text <= days.last:
                faults.append(Fault("/data/through", "through_outside_period"))
            elif time < through.begins and not estimate:
                faults.append(Fault("/data/through", "through_in_future"))
        elif time < days.last_begins and not estimate:
            faults.append(Fault(f"/data/{name}", "period_open"))
        return days

    def _texts(
        self, given: dict[str, Any], kept: dict[str, Any], known: Known, faults: list[Fault]
    ) -> None:
        for name, limit in (("note", MAX_NOTE), ("printed", MAX_PRINTED)):
            if name in given and name in self.names:
                kept[name] = values.text(given[name], f"/data/{name}", limit, faults)
        item = given.get("item")
        if self.metric.name == TASK:
            allowed = item in known.targets if type(item) is str else False
            wanted = values.expected("mã một mục tiêu", "the id of a target")
        elif self.metric.name == RATE:
            allowed = type(item) is str and (item in known.indicators or item in known.targets)
            wanted = values.expected(
                "tên một chỉ số hoặc mã một mục tiêu", "an indicator or the id of a target"
            )
        elif item is not None:
            kept["item"] = values.text(item, "/data/item", MAX_ITEM, faults)
            return
        else:
            return
        if item is None:
            faults.append(Fault("/data/item", "missing"))
        elif not allowed:
            faults.append(Fault("/data/item", "unknown_item", wanted))
        kept["item"] = item

    def _groups(
        self, given: dict[str, Any], kept: dict[str, Any], faults: list[Fault]
    ) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        if self.metric.form == "state":
            found["state"] = {"state": self._state(given, kept, faults)}
        for group in self.metric.groups:
            present = [field for field in group.fields if field.name in given]
            if not present:
                continue
            absent = [n for n in _required(group) if n not in given]
            if absent:
                names = {"group": group.name, "fields": ", ".join(_required(group))}
                faults.append(Fault(f"/data/{absent[0]}", "group_incomplete", names))
            fields = found.setdefault(group.name, {})
            for field in present:
                fields[field.name] = kept[field.name] = self._figure(field, given, faults)
        if not found:
            names = {"groups": ", ".join(group.name for group in self.metric.groups)}
            faults.append(Fault("/data", "no_group", names))
        self._compare(kept, faults)
        if self.metric.name == TASK:
            found["state"]["evidence"] = _evidence(given.get("evidence", []), faults)
            if found["state"]["evidence"]:
                kept["evidence"] = found["state"]["evidence"]
        if self.metric.name == RATE and "rate" in found:
            found["rate"]["printed"] = kept.get("printed")
        return found

    def _state(self, given: dict[str, Any], kept: dict[str, Any], faults: list[Fault]) -> Any:
        if "state" not in given:
            faults.append(Fault("/data/state", "missing"))
            return None
        kept["state"] = values.choice(given["state"], "/data/state", self.metric.states, faults)
        return kept["state"]

    def _figure(self, field: MetricField, given: dict[str, Any], faults: list[Fault]) -> Any:
        value, at = given[field.name], f"/data/{field.name}"
        if field.type == "boolean":
            return values.flag(value, at, faults)
        if field.type == "decimal":
            limit = MAX_PERCENT if self.metric.name == RATE else values.MAX_DECIMAL
            return values.exact(value, at, limit, faults)
        return values.whole(value, at, _limit(field), faults)

    def _compare(self, kept: dict[str, Any], faults: list[Fault]) -> None:
        """Parts against wholes, also over groups; what is not a figure was a fault already."""
        for part, whole in self._bounds:
            one, all_ = kept.get(part), kept.get(whole)
            if one is not None and all_ is not None and _number(one) > _number(all_):
                faults.append(Fault(f"/data/{part}", "part_exceeds_whole", {"whole": whole}))
        for group in self._sums:
            names = (group.whole or "", *group.parts)
            figures = [_number(kept[name]) for name in names if kept.get(name) is not None]
            if len(figures) == len(names):
                first, *rest = figures
                if first != sum(rest):
                    said = {"whole": names[0], "parts": ", ".join(group.parts)}
                    faults.append(Fault(f"/data/{names[0]}", "parts_do_not_add_up", said))

    def _remember(self, names: tuple[str, ...]) -> _Shape | None:
        """The shape of these keys, None when they are not those of a plain report."""
        if len(self._shapes) >= _SHAPES:
            self._shapes.clear()
        self._shapes[names] = found = self._shape(names)
        return found

    def _shape(self, names: tuple[str, ...]) -> _Shape | None:
        given = set(names)
        groups = [g for g in self.metric.groups if given & {field.name for field in g.fields}]
        fields = [field for group in groups for field in group.fields]
        plain = self._is_plain and not any(group.optional for group in groups) and fields
        if not plain or given != {self.days_name, *(field.name for field in fields)}:
            return None
        day = self.days_name
        numbers = [field.name for field in fields]
        inner = (
            f'"{group.name}":{{{_template(field.name for field in group.fields)}}}'
            for group in sorted(groups, key=lambda group: group.name)
        )
        return _Shape(
            # A name twice, so that the getter gives a tuple for a single figure too.
            itemgetter(numbers[0], *numbers),
            min(_limit(field) for field in fields),
            tuple((part, whole) for part, whole in self._bounds if {part, whole} <= given),
            tuple((g.whole, g.parts) for g in groups if g.whole),
            f"{{{_template((*numbers, day), day)}}}",
            f"{{{','.join(inner)}}}",
        )

    def _body(
        self, days: Days, covers: str, data: str, groups: str, kept: dict[str, Any] | None = None
    ) -> str:
        """The entry's body up to its last key, `recordedtime`; keys sorted."""
        compiled = estimate = "false"
        item = note = "null"
        if kept:
            compiled, estimate = (_dumps(kept.get(n, False)) for n in ("compiled", "estimate"))
            item, note = (_dumps(kept.get(name)) for name in ("item", "note"))
        period = f'"{days.text}"' if self.days_name == "period" else "null"
        return (
            f'{{"compiled":{compiled},"covers":"{covers}","data":{data},"estimate":{estimate},'
            f'"first":"{days.first}","form":"{self.metric.form}","groups":{groups},"item":{item},'
            f'"last":"{days.last}","metric":"{self.metric.name}","note":{note},"period":{period},'
        )


def _evidence(value: Any, faults: list[Fault]) -> list[dict[str, Any]]:
    """The documents that prove a task's state: number, and day of issue if known."""
    if type(value) is not list:
        expected = values.expected("một mảng", "an array")
        faults.append(Fault("/data/evidence", "wrong_type", expected))
        return []
    if len(value) > MAX_EVIDENCE:
        faults.append(Fault("/data/evidence", "too_many", {"limit": MAX_EVIDENCE}))
        return []
    found = []
    for index, proof in enumerate(value):
        at = f"/data/evidence/{index}"
        if type(proof) is not dict:
            faults.append(Fault(at, "wrong_type", values.OBJECT))
            continue
        for name in proof.keys() - {"number", "issued"}:
            names = values.hint(name, ("number", "issued"))
            faults.append(Fault(pointer("data", "evidence", index, name), "unknown_field", names))
        issued = proof.get("issued")
        if issued is not None and (type(issued) is not str or values.on_day(issued) is None):
            faults.append(Fault(f"{at}/issued", "bad_day"))
        if proof.get("number") is None:
            faults.append(Fault(f"{at}/number", "missing"))
            continue
        number = values.text(proof["number"], f"{at}/number", MAX_ITEM, faults)
        found.append({"number": number, "issued": issued})
    return found


def _required(group: FieldGroup) -> list[str]:
    return [field.name for field in group.fields if field.name not in group.optional]


def _limit(field: MetricField) -> int:
    return values.MAX_AMOUNT if field.type == "amount" else values.MAX_COUNT


def _number(figure: int | str) -> Decimal:
    return Decimal(figure)


def _template(names: Iterable[str], text: str = "") -> str:
    """A `%`-template of JSON members, sorted: numbers, but for the one text."""
    return ",".join(f'"{n}":"%({n})s"' if n == text else f'"{n}":%({n})d' for n in sorted(names))
