"""Requests to ingest that the documentation shows. Data only.

The tests send each to a live server, in this order, and keep what it answers; `status` is what it
must be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from chitieu.cloudevents import BATCHED, PLAIN, STRUCTURED

Sender = Literal["admin", "unit"]

_SOURCE: Final = "urn:vidu:his:77F01"


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. `told`: the answer stands in the documentation too."""

    name: str
    summary: str
    content_type: str
    body: Any
    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    sender: Sender = "admin"
    told: bool = True


def _event(
    name: str, metric: str, subject: str, time: str, data: Mapping[str, Any], **more: str
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": f"vn.chitieu.{metric}.v1",
        "source": _SOURCE,
        "id": name,
        "subject": subject,
        "time": f"{time}+07:00",
        **more,
        "data": dict(data),
    }


_MARCH: Final = {
    "period": "2025-03", "payments": 2311, "cashless_payments": 1840,
    "revenue_vnd": 4_128_650_000, "cashless_revenue_vnd": 3_011_400_000,
    "non_insurance_revenue_vnd": 1_530_200_000,
    "cashless_non_insurance_revenue_vnd": 1_204_750_000,
}  # fmt: skip
_REPORT: Final = _event(
    "thanh-toan/2025-03", "cashless-payment", "77F01", "2025-04-02T09:00:00", _MARCH
)
_BINARY: Final = _event(
    "so-suc-khoe/2025-03", "vneid-health-book", "77F01", "2025-04-03T08:30:00",
    {"period": "2025-03", "visitors": 1200, "visitors_using": 960},
)  # fmt: skip
_RETRACTION: Final = {
    "specversion": "1.0",
    "type": "vn.chitieu.retraction.v1",
    "source": _SOURCE,
    "id": "rut/so-suc-khoe/2025-03",
    "time": "2025-04-04T10:00:00+07:00",
    "data": {"source": _SOURCE, "id": "so-suc-khoe/2025-03", "reason": "Đếm theo lượt, không phải "
             "theo người; sẽ gửi lại."},
}  # fmt: skip
_BATCH: Final = [
    _event("thanh-toan/77F02/2025-03", "cashless-payment", "77F02", "2025-04-02T09:05:00",
           {"period": "2025-03", "payments": 1180, "cashless_payments": 731}),
    _event("ho-so-suc-khoe/2025-03-31", "health-records", "dvhc-77", "2025-04-01T16:20:00",
           {"on": "2025-03-31", "people": 346973, "standardised": 278924, "to_verify": 66244,
            "not_standardised": 1805}),
    _event("nhiem-vu/2025-03-31", "task", "cq-syt-77", "2025-03-31T17:00:00",
           {"item": "br-vt-2025/annex-2/I.7/province", "state": "in_progress", "on": "2025-03-31",
            "evidence": [{"number": "252/SYT-KHTC", "issued": "2025-01-17"}]}),
]  # fmt: skip
_MIXED: Final = [
    _REPORT,
    _REPORT | {"data": _MARCH | {"cashless_payments": 1900}},
    _event("thanh-toan/77F04/2025-03", "cashless-payment", "77F04", "2025-04-02T09:10:00",
           {"period": "2025-03", "payments": 640, "cashless_payments": 655}),
    _event("thanh-toan/77F05/2025-03", "cashless-payment", "77F05", "2025-04-02T09:10:00",
           {"period": "2025-03", "payments": 512, "cashless_payments": 430}),
    _event("benh-an/77F05", "erm", "77F05", "2025-04-02T09:15:00",
           {"state": "live", "on": "2025-03-01"}),
]  # fmt: skip

# The headers of the binary request; each is the example of its parameter.
BINARY_HEADERS: Final[Mapping[str, str]] = {
    f"ce-{name}": value for name, value in _BINARY.items() if name != "data"
}

SENT: Final = (
    Sent("report", "A month of payments at one facility", STRUCTURED, _REPORT),
    Sent("correction", "Corrects that month; a note says why", STRUCTURED,
         _event("thanh-toan/2025-03/sua-1", "cashless-payment", "77F01", "2025-04-05T14:00:00",
                _MARCH | {"cashless_payments": 1852,
                          "note": "Bổ sung 12 lượt thanh toán qua ví điện tử."},
                corrects="thanh-toan/2025-03"), told=False),
    Sent("state", "Electronic records went live without paper", STRUCTURED,
         _event("benh-an/2025-09-15", "emr", "77F01", "2025-09-15T16:00:00",
                {"state": "live", "on": "2025-09-15", "paperless": True}), told=False),
    Sent("partial", "The running year up to a day", STRUCTURED,
         _event("thanh-toan/2025/den-30-11", "cashless-payment", "77F01", "2025-12-01T08:00:00",
                {"period": "2025", "through": "2025-11-30", "payments": 27_940,
                 "cashless_payments": 23_105}), told=False),
    Sent("printed_rate", "A percentage known without its fraction", STRUCTURED,
         _event("ty-le/2025-Q1", "published-rate", "cq-syt-77", "2025-04-10T09:00:00",
                {"item": "online-payment-dossier-share", "period": "2025-Q1", "percent": "98.6",
                 "printed": "98,6%"}), told=False),
    Sent("binary", "The same without an envelope: attributes as ce- headers", PLAIN,
         _BINARY["data"], headers=BINARY_HEADERS, told=False),
    Sent("retraction", "Takes an event back; it is final", STRUCTURED, _RETRACTION, told=False),
    Sent("batch", "Three units in one request; with Prefer: return=representation", BATCHED,
         _BATCH, headers={"prefer": "return=representation"}),
    Sent("again", "Sent again: a duplicate, which is a success, here of a retracted event", BATCHED,
         [_BINARY], headers={"prefer": "return=representation"}),
    Sent("mixed", "One known, one in conflict, two refused, one new", BATCHED, _MIXED, status=207),
    Sent("none", "Nothing accepted: a part is larger than its whole", STRUCTURED,
         _event("thanh-toan/2025-02", "cashless-payment", "77F01", "2025-03-03T09:00:00",
                {"period": "2025-02", "payments": 2087, "cashless_payments": 2178}), status=422),
    Sent("subject_not_allowed", "Units that the key may not write for", BATCHED,
         [_event("thanh-toan/22F01/2025-03", "cashless-payment", "22F01", "2025-04-02T09:00:00",
                 {"period": "2025-03", "payments": 900, "cashless_payments": 512})],
         status=403, sender="unit"),
)  # fmt: skip
