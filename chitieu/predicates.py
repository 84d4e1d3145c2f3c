"""Predicates over unit attributes: which units a target or an indicator is about. Pure.

A mapping holds when all its entries hold:

    attribute: value            the unit's attribute is that value
    attribute: [value, …]       … is one of them
    services: name or [name, …] one of the unit's services is named
    all: [predicate, …]         every one holds
    any: [predicate, …]         at least one holds
    not: predicate              it does not hold

An attribute that a unit does not have equals nothing, so `not: {ownership: private}` holds for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from chitieu.catalogue.scalars import HospitalClass, Level, Ownership, UnitKind

Attributes = Mapping[str, object]
Test = Callable[[Attributes], bool]
Step = str | int

FACILITY_TYPES: Final = (
    "hospital",
    "district_health_centre",
    "polyclinic",
    "specialised_clinic",
    "commune_station",
    "preventive_centre",
)
AREA_TYPES: Final = ("province", "district", "commune")
AGENCY_TYPES: Final = ("health_department", "state_agency", "school", "office")

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
# What an attribute may be asked for: a closed list, or the form of a code or name.
ATTRIBUTES: Final[Mapping[str, Collection[str] | re.Pattern[str]]] = {
    "kind": get_args(UnitKind),
    "type": (*FACILITY_TYPES, *AREA_TYPES, *AGENCY_TYPES),
    "ownership": get_args(Ownership),
    "level": get_args(Level),
    "class": get_args(HospitalClass),
    "province": re.compile(r"[0-9]{2}"),
    "district": _CODE,
    "commune": _CODE,
    "services": re.compile(r"[a-z][a-z0-9_]*"),
}
_DEPTH_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class PredicateFault:
    """What is wrong at `path` inside a predicate.

    `known` is what could have stood there, for a hint; empty where any code or name may.
    """

    code: Literal["predicate_shape", "predicate_attribute", "predicate_value"]
    path: tuple[Step, ...]
    found: str
    attribute: str = ""
    known: tuple[str, ...] = ()


def validate(predicate: object) -> tuple[PredicateFault, ...]:
    """Everything wrong with a predicate, in its order; empty when it may be compiled."""
    return tuple(_faults(predicate, ()))


def compile_predicate(predicate: Mapping[str, Any]) -> Test:
    """The predicate as a function of attributes; ValueError when `validate` finds a fault."""
    faults = validate(predicate)
    if faults:
        where = "/".join(str(step) for step in faults[0].path)
        raise ValueError(f"not a predicate: {faults[0].code} at {where!r}: {faults[0].found}")
    return _compiled(predicate)


def holds(predicate: Mapping[str, Any], attributes: Attributes) -> bool:
    """Whether a predicate that `validate` found sound holds for one unit.

    Compile it once where it is asked of many: that is eight times faster.
    """
    return _compiled(predicate)(attributes)


def _compiled(predicate: Mapping[str, Any]) -> Test:
    tests = [_entry(key, value) for key, value in predicate.items()]
    return tests[0] if len(tests) == 1 else _all(tests)


def _entry(key: str, value: Any) -> Test:
    match key:
        case "all":
            return _all([_compiled(part) for part in value])
        case "any":
            return _any([_compiled(part) for part in value])
        case "not":
            inner = _compiled(value)
            return lambda attributes: not inner(attributes)
        case "services":
            named = frozenset(_values(value))
            return lambda attributes: not named.isdisjoint(_services(attributes))
        case _:
            allowed = frozenset(_values(value))
            return lambda attributes: attributes.get(key) in allowed


def _all(tests: list[Test]) -> Test:
    return lambda attributes: all(test(attributes) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda attributes: any(test(attributes) for test in tests)


def _services(attributes: Attributes) -> Collection[str]:
    services = attributes.get("services")
    return services if isinstance(services, (list, tuple, set, frozenset)) else ()


def _values(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _faults(predicate: object, path: tuple[Step, ...]) -> Iterator[PredicateFault]:
    if not isinstance(predicate, Mapping) or not predicate or len(path) > _DEPTH_MAX:
        yield PredicateFault("predicate_shape", path, _shown(predicate))
        return
    for key, value in predicate.items():
        here = (*path, key)
        if key == "not":
            yield from _faults(value, here)
        elif key in ("all", "any"):
            if not isinstance(value, (list, tuple)) or not value:
                yield PredicateFault("predicate_shape", here, _shown(value))
                continue
            for index, part in enumerate(value):
                yield from _faults(part, (*here, index))
        elif key not in ATTRIBUTES:
            known = (*ATTRIBUTES, "all", "any", "not")
            yield PredicateFault("predicate_attribute", here, str(key), known=known)
        else:
            yield from _value_faults(key, value, here)


def _value_faults(
    attribute: str, value: object, path: tuple[Step, ...]
) -> Iterator[PredicateFault]:
    allowed = ATTRIBUTES[attribute]
    many = isinstance(value, (list, tuple))
    if many and not value:
        yield PredicateFault("predicate_shape", path, "[]")
    for index, one in enumerate(_values(value)):
        if isinstance(one, str) and _allows(allowed, one):
            continue
        known = () if isinstance(allowed, re.Pattern) else tuple(allowed)
        where = (*path, index) if many else path
        yield PredicateFault("predicate_value", where, _shown(one), attribute, known)


def _allows(allowed: Collection[str] | re.Pattern[str], value: str) -> bool:
    if isinstance(allowed, re.Pattern):
        return bool(allowed.fullmatch(value))
    return value in allowed


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
