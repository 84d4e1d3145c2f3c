"""Events into their stored form: both ways alike, schemas and examples true, modes decoded."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chitieu.catalogue.model import Metric
from chitieu.cloudevents import read_events
from chitieu.errors import PROBLEMS, Fault, Problem
from chitieu.event_values import instant
from chitieu.events import EventReader, ValidEvent, identity_key, type_of
from chitieu.keys import RANDOM_BYTES, new_key, parse_key, secret_matches
from chitieu.metric_schema import example, json_schema
from chitieu.periods import parse_instant
from chitieu.ports import Entry
from chitieu.reports import reports_of
from tests.builders import real_catalogue
from tests.ingest.conftest import NOW, event

METRICS = list(real_catalogue().metrics.values())


def reader() -> EventReader:
    catalogue = real_catalogue()
    return EventReader(catalogue.metrics, catalogue.indicators, catalogue.targets)


def read(raw: Any) -> ValidEvent:
    found = reader().read(raw, NOW)
    assert isinstance(found, ValidEvent), found
    return found


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_example_of_a_metric_is_accepted_and_fits_its_schema(metric: Metric) -> None:
    schema, data = json_schema(metric), example(metric)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(data)
    found = read(event("x", data, type=type_of(metric.name)))
    entry = Entry("event", found.body, 1, found.source, found.event_id, found.type, found.subject,
                  found.time, seq=1, known=1)  # fmt: skip
    reports = reports_of(entry)
    assert reports
    assert {report.metric for report in reports} == {metric.name}
    body = json.loads(found.body)
    assert json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")) == found.body
    for name in ("unknown", "patient"):
        assert not Draft202012Validator(schema).is_valid({**data, name: 1})


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_what_is_cut_from_an_example_is_refused_by_schema_and_reader(metric: Metric) -> None:
    data = example(metric)
    validator = Draft202012Validator(json_schema(metric))
    for name in data:
        less = {key: value for key, value in data.items() if key != name}
        found = reader().read(event("x", less, type=type_of(metric.name)), NOW)
        assert validator.is_valid(less) is isinstance(found, ValidEvent), (name, found)


@given(
    st.permutations(
        ["payments", "cashless_payments", "revenue_vnd", "cashless_revenue_vnd", "period"]
    ),
    st.tuples(*[st.integers(0, 10**12)] * 4),
    st.booleans(),
)
def test_the_short_way_and_the_long_way_write_the_same(
    order: list[str], figures: tuple[int, ...], with_revenue: bool
) -> None:
    values: dict[str, Any] = dict(zip(order, figures, strict=False))
    whole, part = sorted(figures[:2])[::-1]
    all_, of_it = sorted(figures[2:])[::-1]
    values = {"payments": whole, "cashless_payments": part, "period": "2025-02"}
    if with_revenue:
        values |= {"revenue_vnd": all_, "cashless_revenue_vnd": of_it}
    short = read(event("x", {name: values[name] for name in order if name in values}))
    decimals = {n: Decimal(f"{v}.0") if isinstance(v, int) else v for n, v in values.items()}
    long = read(event("x", decimals))
    assert short == long
    assert (
        short.key
        == hashlib.sha256(b"his/vung-tau\0x").digest()[:16]
        == identity_key("his/vung-tau", "x")
    )


def test_texts_are_stored_in_nfc() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Bệnh viện") for form in ("NFC", "NFD"))
    assert composed != decomposed
    data = {"period": "2025-03", "payments": 2, "cashless_payments": 1}
    one = read(
        event(composed, {**data, "note": composed}, source=composed, corrects=composed + "0")
    )
    two = read(
        event(
            decomposed, {**data, "note": decomposed}, source=decomposed, corrects=decomposed + "0"
        )
    )
    assert one == two
    assert json.loads(one.body)["note"] == composed


@given(
    st.integers(dt.date(1902, 1, 1).toordinal(), dt.date(2198, 1, 1).toordinal()),
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 9),
)
def test_instants_are_read_as_the_core_reads_them(
    day: int, hours: int, minutes: int, digits: int
) -> None:
    """Impossible hours and offsets too: both refuse the same."""
    fraction = f".{'123456789'[:digits]}" if digits else ""
    date = dt.date.fromordinal(day).isoformat()
    for text in (
        f"{date}T{hours:02}:{minutes:02}:07{fraction}Z",
        f"{date}T12:{minutes:02}:{hours:02}{fraction}+07:00",
        f"{date}T12:30:07{fraction}-{hours:02}:{minutes:02}",
        f"{date}T12:30:07{fraction}+{hours:02}:{minutes:02}",
    ):
        assert instant(text) == parse_instant(text)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"77F01", "77F01"),
        (b"%37%37F01", "77F01"),
        (b'"77F01"', "77F01"),
        (b'"7\\7F01"', "77F01"),
        (b"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        (b"%e1%bb%87", "ệ"),
        (b"a%2525", "a%25"),
        (b"%22a%22", '"a"'),
        (b"", ""),
    ],
)
def test_binary_headers_are_unquoted_then_decoded_once(header: bytes, subject: str) -> None:
    raw = read_events("binary", [(b"ce-subject", header), (b"x-other", b"%zz")], b"{}")
    assert raw.events == [{"subject": subject, "data": {}}]


def test_structured_mode_agrees_with_the_sdk() -> None:
    sent = event("sdk", recordedtime="2025-04-01T00:00:00Z")
    body = json.dumps(sent).encode()
    theirs = from_structured_event(
        HTTPMessage({"content-type": "application/cloudevents+json"}, body)
    )
    (ours,) = read_events("structured", (), body).events
    assert ours["data"] == theirs.get_data()
    assert ours["id"] == theirs.get_id()
    assert ours["subject"] == theirs.get_subject()


def test_problems_have_both_languages_and_say_only_what_they_are_given() -> None:
    for kind in PROBLEMS.values():
        assert 400 <= kind.status <= 599
        assert all((kind.title_vi, kind.title_en, kind.detail_vi, kind.detail_en))
        fields = [
            {piece.split("}")[0] for piece in text.split("{")[1:]}
            for text in (kind.detail_vi, kind.detail_en)
        ]
        assert {f.removesuffix("_vi") for f in fields[0]} == {
            f.removesuffix("_en") for f in fields[1]
        }
    many = Problem("missing", faults=[Fault(f"/{n}", "missing") for n in range(100)])
    assert len(many.body("vi")["errors"]) == 20


def test_keys_are_parsed_from_any_bytes() -> None:
    key = new_key(bytes(range(RANDOM_BYTES)))
    found = parse_key(key.text.encode())
    assert found is not None
    assert found.id == key.id
    assert secret_matches(found.secret, key.secret_sha256)
    assert not secret_matches(found.secret[:-1] + b"\xff", key.secret_sha256)
    for wrong in (b"", b"ct_", b"\xff" * 55, key.text.encode() + b"x", key.text.upper().encode()):
        assert parse_key(wrong) is None
    odd = b"ct_" + b"\xe1\xbb\x87abcde" + b"_" + b"a" * 43
    assert len(odd) == 55
    assert parse_key(odd) is None


def test_ways_of_spelling_a_period_are_one_meaning() -> None:
    data = {"payments": 2, "cashless_payments": 1}
    spellings = (
        ("2025-03", "2025-03-01/2025-03-31"),
        ("2025-Q1", "2025-01-01/2025-03-31"),
        ("2024", "2024-01-01/2024-12-31"),
        ("2025-03-05", "2025-03-05/2025-03-05"),
    )
    for pair in spellings:
        one, two = (read(event("x", {**data, "period": period})) for period in pair)
        assert one == two
    meanings = {read(event("x", {**data, "period": pair[0]})).meaning for pair in spellings}
    assert len(meanings) == len(spellings)
    assert all(a != b for a, b in itertools.pairwise(sorted(meanings)))
