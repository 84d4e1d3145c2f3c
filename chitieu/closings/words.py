"""Titles of a closing's document and of its columns, in both languages. Pure data."""

from __future__ import annotations

from typing import Final

from chitieu.periods import Period
from chitieu.scoring.sentence import day_en, day_vi

COLUMNS: Final = {
    "in_period": {"vi": "Thực hiện trong kỳ", "en": "In the period"},
    "cumulative": {"vi": "Lũy kế từ đầu năm", "en": "Since 1 January"},
    "last_year": {"vi": "Cùng kỳ năm trước", "en": "Same period a year before"},
    "of_actuals": {"vi": "Thực hiện", "en": "Reported as done"},
    "of_estimates": {"vi": "Ước thực hiện", "en": "Estimated"},
    "value": {"vi": "Chỉ tiêu", "en": "Target"},
    "verdict": {"vi": "Đánh giá", "en": "Verdict"},
    "gap": {"vi": "Còn thiếu", "en": "Gap"},
    "responsible": {"vi": "Đơn vị chủ trì", "en": "Responsible"},
    "citation": {"vi": "Căn cứ", "en": "Clause"},
}
REASONS: Final = {
    "state": {
        "vi": "tình trạng đến một ngày, không cộng theo kỳ",
        "en": "a state on a day, not summed over a period",
    },
    "place_not_yet": {
        "vi": "địa bàn chưa có vào kỳ ấy năm trước",
        "en": "the place did not exist in that period a year before",
    },
    "no_calendar": {
        "vi": "văn bản không định ngày báo cáo kỳ này",
        "en": "the document names no report day for this period",
    },
}
_ROMAN: Final = {"1": "I", "2": "II", "3": "III", "4": "IV"}


def period_words(period: Period) -> dict[str, str]:
    """`quý I/2025`, `the first quarter of 2025`."""
    year, _, part = str(period).partition("-")
    if not part and str(period) == year:
        return {"vi": f"năm {year}", "en": year}
    if part in ("Q1", "Q2", "Q3", "Q4"):
        return {"vi": f"quý {_ROMAN[part[1]]}/{year}", "en": f"quarter {part[1]} of {year}"}
    if part in ("H1", "H2"):
        half = "đầu" if part == "H1" else "cuối"
        return {"vi": f"6 tháng {half} năm {year}", "en": f"half {part[1]} of {year}"}
    if len(part) == 2:
        return {"vi": f"tháng {int(part)}/{year}", "en": f"{period.first:%B} {year}"}
    return {
        "vi": f"từ ngày {day_vi(period.first)} đến ngày {day_vi(period.last)}",
        "en": f"{day_en(period.first)} to {day_en(period.last)}",
    }


def title(period: Period, plan: dict[str, str]) -> dict[str, str]:
    """Of the document; `plan` is the plan's title."""
    words = period_words(period)
    return {
        "vi": f"Kết quả thực hiện chỉ tiêu {words['vi']}: {plan['vi']}",
        "en": f"Results against targets, {words['en']}: {plan['en']}",
    }
