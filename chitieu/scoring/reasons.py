"""Why a report does not count, in words. Pure data; one text for every reason of `selection`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WHY: Final[Mapping[str, tuple[str, str]]] = {
    "corrected": (
        "đã được báo cáo khác của chính nơi gửi thay thế",
        "replaced by another report of the same sender",
    ),
    "retracted": ("nơi gửi đã rút lại", "its sender has retracted it"),
    "not_yet_covered": (
        "ngày cuối mà báo cáo nói đến ở sau ngày xét",
        "the last day it speaks of is after the day evaluated on",
    ),
    "superseded": (
        "có báo cáo mới hơn cho đúng kỳ này",
        "a newer report of exactly this period counts",
    ),
    "outside_window": (
        "kỳ báo cáo không nằm trọn trong khoảng thời gian được tính",
        "its days do not lie wholly inside the window",
    ),
    "overlap": (
        "trùng ngày với báo cáo đã tính, mỗi ngày chỉ tính một lần",
        "it shares days with a report that counts, and no day counts twice",
    ),
    "parts_count": (
        "các đơn vị bên trong đã báo cáo đủ nên số riêng của địa bàn không cộng thêm",
        "all units inside have reported, so the area's own figure is not added",
    ),
    "own_figure_counts": (
        "số riêng của địa bàn được dùng nên số của đơn vị bên trong không cộng thêm",
        "the area's own figure is used, so figures of units inside are not added",
    ),
    "older_state": (
        "đã có trạng thái hay số liệu của ngày sau",
        "a state or snapshot of a later day holds",
    ),
    "fraction_wins": (
        "đã có tử số và mẫu số nên tỷ lệ công bố không dùng",
        "a numerator and a denominator decide, so the published percentage is not used",
    ),
    "printed_wins": (
        "chưa đủ báo cáo để kết luận nên tỷ lệ công bố được dùng thay",
        "too little is reported to decide, so the published percentage is used instead",
    ),
    "stale": (
        "tỷ lệ công bố thuộc kỳ báo cáo trước",
        "the published percentage is of an earlier reporting period",
    ),
    "zero_denominator": (
        "mẫu số bằng 0 nên đơn vị không vào tỷ lệ",
        "its denominator is zero, so the unit leaves the share",
    ),
    "waived": (
        "đơn vị được miễn báo cáo vào ngày xét nên không vào tỷ lệ",
        "the unit is waived on the day evaluated on, so it leaves the share",
    ),
    "out_of_scope": (
        "vào ngày cuối mà báo cáo nói đến, đơn vị không thuộc phạm vi của chỉ tiêu",
        "on the last day it speaks of the unit was not in the target's scope",
    ),
}


def reason_words(why: str) -> dict[str, str]:
    """The reason in both languages."""
    vi, en = WHY[why]
    return {"vi": vi, "en": en}
