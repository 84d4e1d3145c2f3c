"""The demo's plan: fictional and marked so everywhere, over the product's own indicators. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any, Final

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.model import Plan
from chitieu.demo.registry import Shape

_SET_BY: Final = "Sở Y tế (hư cấu)"
# Row, indicator, value, title vi and en, whom it is about, and what each unit must reach.
_ROWS: Final = (
    ("1", "cashless-payment-count-share", "65", "Lượt thanh toán không dùng tiền mặt",
     "Cashless payments", None),
    ("2", "cashless-revenue-share", "70", "Tiền thu không dùng tiền mặt",
     "Revenue paid without cash", None),
    ("3", "facilities-meeting-cashless-revenue", "90", "Cơ sở công lập thu từ 60% không tiền mặt",
     "Public facilities with at least 60% without cash", "60"),
    ("4", "emr-hospital-share", "80", "Bệnh viện có bệnh án điện tử",
     "Hospitals with electronic records", None),
    ("5", "vneid-health-book-deployment-share", "75", "Cơ sở triển khai Sổ sức khỏe điện tử",
     "Facilities with the health book", None),
    ("6", "pharmacy-prescription-link-share", "60", "Nhà thuốc liên thông đơn thuốc",
     "Pharmacies linked to prescriptions", None),
)  # fmt: skip


def plan_name(shape: Shape) -> str:
    """One plan a year."""
    return f"demo-{shape.province}-{shape.last.year}"


def demo_catalogue(shape: Shape) -> Catalogue:
    """The plan as a catalogue to be laid over the product's."""
    year = shape.last.year
    data: dict[str, Any] = {
        "version": 1,
        "kind": "plan",
        "name": plan_name(shape),
        "document": "demo",
        "title": {
            "vi": f"Kế hoạch HƯ CẤU để chạy thử, năm {year}",
            "en": f"FICTIONAL plan for trying things out, {year}",
        },
        "number": None,
        "issued": str(year),
        "issuer": _SET_BY,
        "issuer_unit": None,
        "place": shape.province,
        "place_on": dt.date(year, 1, 1),
        "year": year,
        "in_force_from": dt.date(year, 1, 1),
        "last_day": dt.date(year, 12, 31),
        "rows": [_row(year, number, *row) for number, row in enumerate(_ROWS, start=1)],
    }
    return Catalogue.of(plans=[Plan.model_validate(data)])


def _row(
    year: int, order: int, key: str, indicator: str, value: str, vi: str, en: str, each: str | None
) -> dict[str, Any]:
    return {
        "key": key,
        "order": order,
        "section": "Chỉ tiêu hư cấu",
        "clause": f"Hư cấu, mục {key}",
        "lines": (order, order),
        "sha256": hashlib.sha256(vi.encode()).hexdigest(),
        "title": {"vi": vi, "en": en},
        "indicator": indicator,
        "target": {
            "tier": "province",
            "set_by": _SET_BY,
            "value": value,
            "comparator": ">=",
            "printed": f"{value}%",
            "each": {"comparator": ">=", "value": each} if each else None,
            "due": dt.date(year, 12, 31),
            "due_text": f"năm {year}",
            "due_precision": "year",
            "scope": {"label": {"vi": "toàn tỉnh (hư cấu)", "en": "the province (fictional)"}},
        },
    }
