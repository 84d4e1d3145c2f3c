"""Predicates over unit attributes."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.predicates import ATTRIBUTES, compile_predicate, holds, validate

HOSPITAL = {
    "kind": "facility",
    "type": "hospital",
    "ownership": "public",
    "level": "provincial",
    "class": "I",
    "province": "77",
    "district": "747",
    "commune": None,
    "services": ["telemedicine", "dialysis"],
}


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ({"type": "hospital"}, True),
        ({"type": ["polyclinic", "hospital"]}, True),
        ({"type": "polyclinic"}, False),
        ({"type": "hospital", "ownership": "private"}, False),
        ({"commune": "26578"}, False),
        ({"not": {"commune": "26578"}}, True),
        ({"services": "dialysis"}, True),
        ({"services": ["surgery", "dialysis"]}, True),
        ({"services": "surgery"}, False),
        ({"all": [{"type": "hospital"}, {"class": ["special", "I"]}]}, True),
        ({"any": [{"class": "II"}, {"level": "provincial"}]}, True),
        ({"any": [{"class": "II"}, {"level": "district"}]}, False),
        ({"kind": "facility", "not": {"ownership": "private"}}, True),
        ({"all": [{"any": [{"not": {"type": "hospital"}}]}]}, False),
    ],
)
def test_a_predicate_holds_or_not(predicate: dict[str, Any], expected: bool) -> None:
    assert validate(predicate) == ()
    assert holds(predicate, HOSPITAL) is expected
    assert compile_predicate(predicate)(HOSPITAL) is expected


def test_a_unit_without_attributes_meets_no_wish_and_every_refusal() -> None:
    assert not holds({"services": "dialysis"}, {})
    assert not holds({"ownership": "public"}, {})
    assert holds({"not": {"ownership": "public"}}, {})


@pytest.mark.parametrize(
    ("predicate", "code", "path"),
    [
        ({}, "predicate_shape", ()),
        ("hospital", "predicate_shape", ()),
        ({"all": {}}, "predicate_shape", ("all",)),
        ({"any": []}, "predicate_shape", ("any",)),
        ({"not": []}, "predicate_shape", ("not",)),
        ({"all": [{"owner": "x"}]}, "predicate_attribute", ("all", 0, "owner")),
        ({"type": ["hospital", 5]}, "predicate_value", ("type", 1)),
        ({"province": 77}, "predicate_value", ("province",)),
        ({"ownership": None}, "predicate_value", ("ownership",)),
    ],
)
def test_a_wrong_predicate_is_told_where(predicate: Any, code: str, path: tuple[Any, ...]) -> None:
    (fault,) = validate(predicate)
    assert (fault.code, fault.path) == (code, path)
    with pytest.raises(ValueError, match=code):
        compile_predicate(predicate)


def test_depth_is_bounded() -> None:
    deep: dict[str, Any] = {"kind": "facility"}
    for _ in range(100):
        deep = {"not": deep}
    assert [fault.code for fault in validate(deep)] == ["predicate_shape"]


def _closed(attribute: str) -> Collection[str]:
    values = ATTRIBUTES[attribute]
    assert not isinstance(values, re.Pattern)
    return values


ATOMS = st.sampled_from(
    [
        {name: value}
        for name in ("kind", "type", "ownership", "level", "class")
        for value in _closed(name)
    ]
)


@given(ATOMS, ATOMS)
def test_the_connectives_obey_de_morgan(one: dict[str, Any], other: dict[str, Any]) -> None:
    both = {"all": [one, other]}
    either = {"any": [{"not": one}, {"not": other}]}
    assert holds({"not": both}, HOSPITAL) == holds(either, HOSPITAL)
