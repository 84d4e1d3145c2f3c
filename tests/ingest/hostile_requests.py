"""The hostile corpus: requests, and the status and code that each must have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.ingest.conftest import BATCH, STRUCTURED, event

RATE = "vn.chitieu.published-rate.v1"
TASK = "vn.chitieu.task.v1"
EMR = "vn.chitieu.emr.v1"
RECORDS = "vn.chitieu.health-records.v1"
RETRACTION = "vn.chitieu.retraction.v1"
TARGET = "br-vt-2025/annex-2/I.7/province"
COUNTS = {"payments": 10, "cashless_payments": 5}
IN_MARCH = {"period": "2025-03", **COUNTS}


@dataclass(frozen=True)
class Case:
    """`key` names one of the keys; None sends no Authorization, bytes are sent as they are."""

    name: str
    status: int
    code: str
    body: bytes = b""
    headers: dict[str, str | bytes] = field(default_factory=dict)
    query: str = ""
    key: str | bytes | None = "unit"
    method: str = "POST"
    pointer: str | None = None


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def whole(
    name: str, status: int, code: str, body: bytes, kind: str = STRUCTURED, **rest: Any
) -> Case:
    """A request that is refused as a whole."""
    return Case(name, status, code, body, {"content-type": kind}, **rest)


def refused(name: str, code: str, sent: Any, pointer: str | None = None, status: int = 422) -> Case:
    """One event, in structured mode, whose item is refused."""
    return Case(name, status, code, as_json(sent), {"content-type": STRUCTURED}, pointer=pointer)


def bad_data(name: str, code: str, data: Any, at: str, kind: str | None = None) -> Case:
    given = {"type": kind} if kind else {}
    return refused(f"data {name}", code, event("h", data, **given), f"/data{at}")


def raw_data(name: str, code: str, figure: str, at: str = "/data/payments") -> Case:
    """A figure that `json.dumps` would not write."""
    text = json.dumps(event("h", {**IN_MARCH, "payments": "@"}))
    body = text.replace('"@"', figure).encode()
    return Case(f"figure {name}", 422, code, body, {"content-type": STRUCTURED}, pointer=at)


def nested(depth: int) -> bytes:
    return b'{"data":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def not_json() -> Iterator[Case]:
    good = as_json(event())
    for name, body in {
        "NaN": good.replace(b"2311", b"NaN"),
        "Infinity": good.replace(b"2311", b"Infinity"),
        "-Infinity": good.replace(b"2311", b"-Infinity"),
        "nan lower": good.replace(b"2311", b"nan"),
        "cut off": good[:-1],
        "cut in a text": good[:20],
        "trailing comma": good[:-1] + b",}",
        "trailing bytes": good + b"x",
        "two values": good + good,
        "NUL behind": good + b"\0",
        "single quotes": good.replace(b'"', b"'"),
        "comment": b"/* */" + good,
        "bare word": b"null2",
        "leading zero": good.replace(b"2311", b"02311"),
        "plus": good.replace(b"2311", b"+2311"),
        "hex": good.replace(b"2311", b"0x2311"),
        "no digits after point": good.replace(b"2311", b"2311."),
        "exponent of 20 digits": good.replace(b"2311", b"1e99999999999999999999"),
        "5,000 digits": good.replace(b"2311", b"9" * 5_000),
        "raw control character": good.replace(b"vung", b"vu\x01ng"),
        "raw newline in a text": good.replace(b"vung", b"vu\nng"),
        "lone high surrogate": good.replace(b"vung", b"\\ud800"),
        "lone low surrogate": good.replace(b"vung", b"\\udc00"),
        "bad escape": good.replace(b"vung", b"\\q"),
        "form": b"a=b&c=d",
        "XML": b"<event/>",
    }.items():
        yield whole(f"not JSON: {name}", 400, "not_json", body)
    yield whole("not UTF-8", 400, "not_utf8", good.replace(b"vung", b"\xff\xfe"))
    yield whole("overlong UTF-8", 400, "not_utf8", good.replace(b"vung", b"\xc0\xa0"))
    yield whole("CESU surrogate", 400, "not_utf8", good.replace(b"vung", b"\xed\xa0\x80"))
    yield whole("UTF-16", 400, "not_utf8", good.decode().encode("utf-16"))
    yield whole("BOM", 400, "not_utf8", b"\xef\xbb\xbf" + good)
    yield whole(
        "latin-1",
        400,
        "not_utf8",
        good.replace(b"vung", "vũng".encode("cp1258", "replace") + b"\xe3"),
    )
    twice = good[:-1] + b',"id":"other"}'
    yield whole("duplicate key", 400, "duplicate_key", twice)
    yield whole("duplicate key, escaped", 400, "duplicate_key", good[:-1] + b',"\\u0069d":"o"}')
    inner = good.replace(b'"payments": 2311', b'"payments": 2311, "payments": 2311')
    yield whole("duplicate key, equal value, in data", 400, "duplicate_key", inner)


def wrong_shape() -> Iterator[Case]:
    one = event()
    value: Any
    for kind in (STRUCTURED, BATCH):
        yield whole(f"empty body {kind}", 400, "body_empty", b"", kind)
        yield whole(f"blank body {kind}", 400, "body_empty", b" \r\n\t", kind)
    for value in ([one], "x", 1, 1.5, True, None):
        name = f"{type(value).__name__} where an object belongs"
        yield whole(name, 400, "object_expected", as_json(value))
    for value in (one, "x", 1, None, False):
        name = f"{type(value).__name__} where an array belongs"
        yield whole(name, 400, "array_expected", as_json(value), BATCH)
    for depth in (33, 100, 200, 201, 100_000):
        yield whole(f"depth {depth}", 400, "too_deep", nested(depth))
        yield whole(f"depth {depth}, array", 400, "too_deep", b"[" * depth + b"]" * depth, BATCH)
    yield whole("depth in an extension", 400, "too_deep",
                as_json(one)[:-1] + b',"ext":' + b"[" * 40 + b"]" * 40 + b"}")  # fmt: skip
    large = b" " * (4 << 20)
    yield whole("body one byte too large", 413, "body_too_large", as_json(one) + large)
    yield whole("batch too large", 413, "batch_too_large", as_json([1] * 5_001), BATCH)


def wrong_headers() -> Iterator[Case]:
    body, data = as_json(event()), as_json(IN_MARCH)
    for kind in (
        "application/json", "text/plain", "application/xml", "application/cloudevents+xml",
        "application/cloudevents", "application/cloudevents-batch", "multipart/form-data",
        "application/x-www-form-urlencoded", "application/cloudevents+json; charset=utf-16",
        "application/cloudevents+json; charset=latin1", "application/cloudevents+json; q=1", "*/*",
        "", "application/cloudevents+avro", "application/json-seq",
    ):  # fmt: skip
        yield whole(f"content type {kind!r}", 415, "unsupported_media_type", body, kind)
    yield Case("no content type", 415, "unsupported_media_type", body)
    for encoding in ("gzip", "br", "deflate", "zstd", "gzip, gzip", "x"):
        yield Case(f"encoding {encoding}", 415, "content_encoding_unsupported", body,
                   {"content-type": STRUCTURED, "content-encoding": encoding})  # fmt: skip
    ce = {"content-type": "application/json", "ce-specversion": "1.0", "ce-id": "h",
          "ce-source": "s", "ce-type": "vn.chitieu.cashless-payment.v1", "ce-subject": "77F01",
          "ce-time": "2025-04-02T09:00:00+07:00"}  # fmt: skip
    for name in ("ce-specversion", "ce-id", "ce-source", "ce-type"):
        less = {key: value for key, value in ce.items() if key != name}
        yield Case(f"binary without {name}", 415, "unsupported_media_type", data, {**less})
    values: dict[str, str | bytes] = {
        "invalid UTF-8": "%C0%A0", "cut": "a%4", "not hex": "%zz", "surrogate": "%ED%A0%80",
        "latin": b"caf\xe9", "raw UTF-8": "vũng".encode(), "lone percent": "100%",
    }  # fmt: skip
    for name, value in values.items():
        yield Case(f"binary header {name}", 400, "bad_header", data, {**ce, "ce-source": value})
    yield Case("binary ce-datacontenttype", 400, "bad_header", data,
               {**ce, "ce-datacontenttype": "application/json"})  # fmt: skip
    yield Case("binary ce-data", 400, "bad_header", data, {**ce, "ce-data": "x"})
    yield Case("binary NUL", 422, "forbidden_characters", data, {**ce, "ce-id": "a%00"},
               pointer="/id")  # fmt: skip
    yield Case("binary decoded once", 422, "forbidden_characters", data,
               {**ce, "ce-id": "%E2%80%8Ba"})  # fmt: skip
    yield Case("binary bad name", 422, "bad_attribute_name", data, {**ce, "ce-a-b": "x"})
    yield Case("binary empty body", 400, "body_empty", b"", {**ce})
    yield Case("binary array", 400, "object_expected", b"[]", {**ce})
    yield Case("binary depth", 400, "too_deep", nested(33), {**ce})
    yield Case("binary foreign", 403, "subject_not_allowed", data, {**ce, "ce-subject": "77F03"})


def wrong_requests() -> Iterator[Case]:
    body, head = as_json(event()), {"content-type": STRUCTURED}
    for query in (
        "dry_run",
        "dry_run=",
        "dry_run=1",
        "dry_run=True",
        "atomic=yes",
        "atomic=true&atomic=true",
        "dryrun=true",
        "x=1",
        "dry_run=true;atomic=true",
        "%ff=1",
        "&",
        "atomic=%FF",
        "dry_run=true&x",
    ):
        yield Case(f"query {query}", 400, "bad_parameter", body, {**head}, query=f"?{query}")
    yield Case("no key", 401, "key_missing", body, {**head}, key=None)
    for name, key in {
        "empty": b"Bearer ",
        "basic": b"Basic eDp5",
        "not one": b"Bearer x",
        "no scheme": b"ct_aaaaaaaa_" + b"a" * 43,
        "unknown": b"Bearer ct_aaaaaaaa_" + b"a" * 43,
        "non-ASCII": b"Bearer ct_\xe1\xbb\x87aaaaa_" + b"a" * 43,
        "non-ASCII secret": b"Bearer ct_aaaaaaaa_" + b"\xff" * 43,
        "long": b"Bearer " + b"a" * 5_000,
        "quote": b"Bearer ct_';--aa_" + b"a" * 43,
    }.items():
        code = "key_missing" if name in ("basic", "no scheme") else "key_invalid"
        yield Case(f"key {name}", 401, code, body, {**head}, key=key)
    yield Case("key revoked", 401, "key_invalid", body, {**head}, key="revoked")
    for method in ("PUT", "PATCH", "DELETE", "GET"):
        yield Case(f"{method}", 405, "method_not_allowed", body, {**head}, method=method)


def wrong_identities() -> Iterator[Case]:
    value: Any
    for version in (None, "0.3", "1.1", "1", 1, 1.0, ""):
        yield refused(f"specversion {version!r}", "bad_specversion",
                      event("h", specversion=version), "/specversion")  # fmt: skip
    for name in ("source", "id", "type", "subject", "time"):
        yield refused(f"without {name}", "missing", event("h", **{name: None}), f"/{name}")
    for name in ("source", "id", "subject"):
        for value, code in (
            ("", "empty"), ("  ", "empty"), (7, "wrong_type"), (True, "wrong_type"),
            ([], "wrong_type"), ({}, "wrong_type"), ("x" * 257, "too_long"),
            ("x" * 60_000, "too_long"), ("a\0b", "forbidden_characters"),
            ("a\nb", "forbidden_characters"), ("a\u202eb", "forbidden_characters"),
            ("a\u200bb", "forbidden_characters"), ("a\x7fb", "forbidden_characters"),
        ):  # fmt: skip
            yield refused(
                f"{name} {value!r:.20} of {len(repr(value))}",
                code,
                event("h", **{name: value}),
                f"/{name}",
            )
    yield refused("id of 257 bytes", "too_long", event("h" + "ệ" * 86), "/id")
    for kind in (
        "x",
        "vn.chitieu.cashless-payments.v1",
        "vn.chitieu.cashless-payment.v2",
        "",
        "VN.CHITIEU.EMR.V1",
        "vn.chitieu.emr.v1 ",
        "vn.chitieu.é.v1",
    ):
        yield refused(f"type {kind!r}", "unknown_type", event("h", type=kind), "/type")
    yield refused("type is a number", "wrong_type", event("h", type=1), "/type")


def wrong_attributes() -> Iterator[Case]:
    value: Any
    extension: Any
    data: Any
    item: Any
    for time in (
        "2025-04-02", "2025-04-02T09:00:00", "2025-04-02 09:00:00+07:00", "now", "infinity", "",
        "2025-04-02T24:00:00Z", "2025-04-02T23:60:00Z", "2025-04-02T23:59:60Z", "20250402T090000Z",
        "2025-02-30T00:00:00Z", "2025-13-01T00:00:00Z", "2025-W14-3T00:00:00Z", "1743559200",
        "2025-04-02T09:00:00+7:00", "2025-04-02T09:00:00+25:00", "2025-04-02T09:00+07:00",
        "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1899-12-31T00:00:00Z",
        "２０２５-04-02T09:00:00Z", "2025-04-02T09:00:00Z\n", 1743559200, True,
    ):  # fmt: skip
        yield refused(f"time {time!r}", "bad_time", event("h", time=time), "/time")
    for ahead in ("2025-04-02T03:05:01Z", "2025-04-02T10:06:00+07:00", "2026-01-01T00:00:00Z"):
        yield refused(f"time {ahead}", "event_in_future", event("h", time=ahead), "/time")
    for value, code in (
        ("", "empty"),
        (1, "wrong_type"),
        ("x" * 300, "too_long"),
        ("a\0", "forbidden_characters"),
        ("h", "corrects_not_allowed"),
    ):
        yield refused(f"corrects {value!r:.9}", code, event("h", corrects=value), "/corrects")
    yield refused("recordedtime", "bad_time", event("h", recordedtime="x"), "/recordedtime")
    yield refused(
        "attribute in capitals", "bad_attribute_name", event("h", Traceparent="x"), "/Traceparent"
    )
    yield refused("attribute with a dash", "bad_attribute_name", event("h", **{"a-b": "x"}), "/a-b")
    yield refused("attribute with markup", "bad_attribute_name", event("h", **{"<b>": 1}), "")
    yield refused("empty attribute", "bad_attribute_name", event("h", **{"": 1}), "")
    for extension in ([], {}, 1.5, "a\0"):
        yield refused(
            f"extension {extension!r}", "bad_attribute_value", event("h", ext=extension), "/ext"
        )
    yield refused("extension too large", "event_too_large", event("h", ext="x" * (64 << 10)), "")
    yield refused(
        "datacontenttype",
        "bad_data_content_type",
        event("h", datacontenttype="text/csv"),
        "/datacontenttype",
    )
    yield refused(
        "data_base64", "bad_data_content_type", event("h", data_base64="e30="), "/data_base64"
    )
    yield refused(
        "without data", "missing", {k: v for k, v in event("h").items() if k != "data"}, "/data"
    )
    for data in ("x", [], 1, True):
        yield refused(f"data {data!r}", "wrong_type", event("h", data=data), "/data")
    yield refused(
        "event too large", "event_too_large", event("h", {**IN_MARCH, "note": "x" * 70_000}), ""
    )
    for item in (1, "x", None, [], True):
        yield Case(
            f"array of {item!r}",
            422,
            "not_an_event",
            as_json([item]),
            {"content-type": BATCH},
            pointer="",
        )
    for subject in ("77F03", "99999", "cq-syt-22", "77f01", "７７F01", "77F01 ", "' OR 1=1 --"):
        yield refused(
            f"subject {subject}",
            "subject_not_allowed",
            event("h", subject=subject),
            "/subject",
            403,
        )


def wrong_periods() -> Iterator[Case]:
    for period in (
        "2025-3",
        "2025-13",
        "2025-00",
        "2025-Q5",
        "2025-Q0",
        "2025-q1",
        "2025-H3",
        "25-03",
        "2025/03",
        "2025-02-30",
        "2025-03-01/2025-02-01",
        "2025-03-01/",
        "/2025-03-01",
        "2025-03 ",
        " 2025-03",
        "",
        "Q1-2025",
        "1899",
        "2201",
        "٢٠٢٥-03",
        "2025-W10",
        "2025-03-01/2025-03-31/2025-04-01",
        202503,
        True,
        ["2025-03"],
        {"from": "2025-03-01"},
    ):
        yield bad_data(f"period {period!r}", "bad_period", {**COUNTS, "period": period}, "/period")
    yield bad_data("no period", "missing", {**COUNTS}, "/period")
    for period in ("2025-04", "2025-Q2", "2025", "2025-H1", "2025-04-01/2025-04-03"):
        yield bad_data(f"open {period}", "period_open", {**COUNTS, "period": period}, "/period")
    for period in ("2025-05", "2026", "2025-04-03", "2025-04-03/2025-04-04"):
        ahead = {**COUNTS, "period": period, "estimate": True}
        yield bad_data(f"ahead {period}", "period_not_begun", ahead, "/period")
    base = {**COUNTS, "period": "2025-04"}
    for through, code in (
        ("2025-03-31", "through_outside_period"), ("2025-05-01", "through_outside_period"),
        ("2025-04-03", "through_in_future"), ("2025-04", "bad_day"), ("x", "bad_day"),
        (20250401, "bad_day"), ("2025-04-31", "bad_day"),
    ):  # fmt: skip
        yield bad_data(f"through {through}", code, {**base, "through": through}, "/through")
    for on in ("2025-04-03", "2026-01-01"):
        yield bad_data(f"on {on}", "day_in_future", {"on": on, "state": "live"}, "/on", EMR)
    for day in ("2025-04", "2025-02-29", "", 5, "02/04/2025", "2025-4-2"):
        yield bad_data(f"on {day!r}", "bad_day", {"on": day, "state": "live"}, "/on", EMR)


def wrong_figures() -> Iterator[Case]:
    value: Any
    for value in ("10", -1, 1.5, True, False, [], {}, "", 10**12 + 1, 2**63, 10**30, "1.840", 0.1):
        yield bad_data(
            f"count {value!r:.12} of {len(repr(value))}",
            "count_expected",
            {**IN_MARCH, "payments": value},
            "/payments",
        )
    for name, figure in {
        "1e400": "1e400", "1E+400": "1E+400", "1e-400": "1e-400", "1e999999999": "1e999999999",
        "-1e999999999": "-1e999999999", "-0.5": "-0.5", "30 decimals": "1." + "0" * 29 + "1",
        "4,000 digits": "9" * 4_000,
    }.items():  # fmt: skip
        yield raw_data(name, "count_expected", figure)
    for value in (10**15 + 1, -1, "5", 0.5):
        data = {"period": "2025-03", "revenue_vnd": value, "cashless_revenue_vnd": 0}
        yield bad_data(f"amount {value!r:.12}", "count_expected", data, "/revenue_vnd")
    part = {"period": "2025-03", "payments": 5, "cashless_payments": 6}
    yield bad_data("part exceeds whole", "part_exceeds_whole", part, "/cashless_payments")
    money = {"period": "2025-03", "revenue_vnd": 5, "cashless_revenue_vnd": 1,
             "non_insurance_revenue_vnd": 6, "cashless_non_insurance_revenue_vnd": 0}  # fmt: skip
    yield bad_data("over groups", "part_exceeds_whole", money, "/non_insurance_revenue_vnd")
    yield bad_data(
        "group cut", "group_incomplete", {"period": "2025-03", "payments": 5}, "/cashless_payments"
    )
    yield bad_data(
        "group half null", "group_incomplete", {**IN_MARCH, "payments": None}, "/payments"
    )
    yield bad_data(
        "second group cut",
        "group_incomplete",
        {**IN_MARCH, "revenue_vnd": 5},
        "/cashless_revenue_vnd",
    )
    yield bad_data("no group", "no_group", {"period": "2025-03"}, "")
    yield bad_data(
        "all null",
        "no_group",
        {"period": "2025-03", "payments": None, "cashless_payments": None},
        "",
    )
    for name in (
        "payment",
        "Payments",
        "payments ",
        "__proto__",
        "patient_name",
        "percent",
        "state",
    ):
        at = f"/{name}" if name.isidentifier() else ""
        yield bad_data(f"unknown {name!r}", "unknown_field", {**IN_MARCH, name: 1}, at)
    yield bad_data("unknown hostile key", "unknown_field", {**IN_MARCH, "a\u202e<script>": 1}, "")
    people = {
        "on": "2025-02-10",
        "people": 10,
        "standardised": 5,
        "to_verify": 3,
        "not_standardised": 1,
    }
    yield bad_data("sum", "parts_do_not_add_up", people, "/people", RECORDS)


def wrong_flags_and_states() -> Iterator[Case]:
    flag: Any
    state: Any
    for flag in ("true", 1, 0, []):
        for name in ("estimate", "compiled"):
            yield bad_data(
                f"{name} {flag!r}", "boolean_expected", {**IN_MARCH, name: flag}, f"/{name}"
            )
    for state in ("Live", "deployed", "", 1, None, True, ["live"]):
        code = "missing" if state is None else "unknown_state"
        yield bad_data(
            f"state {state!r}", code, {"on": "2025-02-10", "state": state}, "/state", EMR
        )
    yield bad_data(
        "paperless",
        "boolean_expected",
        {"on": "2025-02-10", "state": "live", "paperless": "yes"},
        "/paperless",
        EMR,
    )


def wrong_texts() -> Iterator[Case]:
    for text, code in (
        ("x" * 501, "too_long"),
        ("", "empty"),
        ("   ", "empty"),
        (5, "wrong_type"),
        ([], "wrong_type"),
        ("a\0b", "forbidden_characters"),
        ("a\u2028b", "forbidden_characters"),
        ("a\u202eb", "forbidden_characters"),
        ("\ufeffa", "forbidden_characters"),
        ("\x1b[31m", "forbidden_characters"),
        ("bệnh nhân 079123456789", "looks_like_a_person"),
        ("CCCD 079 123 456 789", "looks_like_a_person"),
        ("gọi 0912 345 678", "looks_like_a_person"),
        ("gọi +84912345678", "looks_like_a_person"),
        ("thẻ DN4790123456789", "looks_like_a_person"),
    ):
        yield bad_data(f"note {text!r:.25}", code, {**IN_MARCH, "note": text}, "/note")
    for text, code in (
        ("x" * 121, "too_long"),
        ("079123456789", "looks_like_a_person"),
        (1, "wrong_type"),
        ("", "empty"),
        ("a\tb", "forbidden_characters"),
    ):
        yield bad_data(f"item {text!r:.15}", code, {**IN_MARCH, "item": text}, "/item")


def wrong_items() -> Iterator[Case]:
    percent: Any
    item: Any
    evidence: Any
    for percent in (
        "98,6",
        "-1",
        "1e2",
        "NaN",
        "Infinity",
        "",
        "1001",
        "0.1234567890123",
        True,
        [],
        "098",
        "+5",
        " 5",
    ):
        rate = {"item": TARGET, "period": "2025-Q1", "percent": percent}
        yield bad_data(f"percent {percent!r}", "decimal_expected", rate, "/percent", RATE)
    rate = {"item": TARGET, "period": "2025-Q1", "percent": "98.6"}
    yield bad_data("printed", "too_long", {**rate, "printed": "x" * 41}, "/printed", RATE)
    for item in ("nothing", "br-vt-2025", 5, "", TARGET + "/x"):
        yield bad_data(f"rate of {item!r}", "unknown_item", {**rate, "item": item}, "/item", RATE)
    yield bad_data("rate of nothing", "missing", {**rate, "item": None}, "/item", RATE)
    task = {"item": TARGET, "on": "2025-03-31", "state": "done"}
    for item in ("online-payment-dossier-share", "x", 1):
        yield bad_data(f"task {item!r}", "unknown_item", {**task, "item": item}, "/item", TASK)
    for evidence, code, at in (
        ("x", "wrong_type", "/evidence"),
        ([5], "wrong_type", "/evidence/0"),
        ([{}], "missing", "/evidence/0/number"),
        ([{"number": ""}], "empty", "/evidence/0/number"),
        ([{"number": 5}], "wrong_type", "/evidence/0/number"),
        ([{"number": "0912345678"}], "looks_like_a_person", "/evidence/0/number"),
        ([{"number": "1", "issued": "x"}], "bad_day", "/evidence/0/issued"),
        ([{"number": "1", "url": "x"}], "unknown_field", "/evidence/0/url"),
        ([{"number": "1"}] * 51, "too_many", "/evidence"),
    ):
        yield bad_data(f"evidence {evidence!r:.30}", code, {**task, "evidence": evidence}, at, TASK)
    naming = {"source": "s", "id": "e", "reason": "gửi nhầm"}
    for name in naming:
        yield bad_data(
            f"retraction without {name}", "missing", {**naming, name: None}, f"/{name}", RETRACTION
        )
        yield bad_data(
            f"retraction {name} empty", "empty", {**naming, name: ""}, f"/{name}", RETRACTION
        )
    yield bad_data(
        "retraction with more", "unknown_field", {**naming, "why": "x"}, "/why", RETRACTION
    )
    yield bad_data("retraction person", "looks_like_a_person",
                   {**naming, "reason": "của 079123456789"}, "/reason", RETRACTION)  # fmt: skip
    yield refused("retraction that corrects", "corrects_not_allowed",
                  event("h", naming, type=RETRACTION, corrects="x"), "/corrects")  # fmt: skip


GROUPS = {
    found.__name__: list(found())
    for found in (
        not_json, wrong_shape, wrong_headers, wrong_requests, wrong_identities, wrong_attributes,
        wrong_periods,
        wrong_figures, wrong_flags_and_states, wrong_texts, wrong_items,
    )
}  # fmt: skip
CASES = [case for group in GROUPS.values() for case in group]
