"""Faults of summary schemes: what is said and how to mend it, in both languages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chitieu.catalogue.wording import Wording

SCHEME_WORDING: Final[Mapping[str, Wording]] = {
    "scheme_empty": Wording(
        "thang điểm không cho chỉ tiêu nào điểm",
        "the scheme gives no target any points",
        "Ghi weights như văn bản in, hoặc each và lý do trong assumed.",
        "Give weights as the document prints them, or each with its reason in assumed.",
    ),
    "scheme_reason": Wording(
        "each là {found} mà không nêu lý do",
        "each is {found} without a reason",
        "Không văn bản nào in số này: nêu cách hiểu và lý do trong assumed.",
        "No document prints it: give reading and reason in assumed.",
    ),
    "unknown_plan": Wording(
        "không có kế hoạch “{found}”",
        "there is no plan “{found}”",
        "plan là tên tệp của kế hoạch trong catalogue/plans.",
        "plan is the name of a file in catalogue/plans.",
    ),
    "weight_plan": Wording(
        "điểm của “{found}” không thuộc kế hoạch “{plan}”",
        "the weight of “{found}” is not of the plan “{plan}”",
        "Một thang điểm trích một văn bản: plan là kế hoạch in các điểm này.",
        "A scheme cites one document: plan is the one that prints these points.",
    ),
    "duplicate_weight": Wording(
        "“{found}” đã có điểm",
        "“{found}” has its points already",
        "Mỗi chỉ tiêu một lần.",
        "Each target once.",
    ),
}
