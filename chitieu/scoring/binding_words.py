"""Why a target binds, or which one binds in its place, in words. Pure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from chitieu.catalogue.catalogue import TargetEntry
from chitieu.catalogue.model import Target
from chitieu.scoring.asked import Asked
from chitieu.scoring.binding import FIRMNESS, NEARNESS
from chitieu.text import decimal_text

Words = dict[str, str]


def binding_words(asked: Asked, why: str | None) -> Words:
    """One sentence in both languages; `why` is the id of the target that binds instead."""
    if why is None:
        return {
            "vi": "Chỉ tiêu này ràng buộc: không chỉ tiêu nào khác đang hiệu lực cho cùng chỉ số "
            "và cùng phạm vi chặt hơn, sớm hơn hay do cấp gần đơn vị hơn giao.",
            "en": "This target binds: no other one in force for the same indicator and scope is "
            "stricter, due earlier or set nearer to the unit.",
        }
    if why in asked.joined:
        return {
            "vi": f"Văn bản giao cùng một việc nhiều lần; {why} đứng ra tính, việc này chỉ tính "
            "một lần.",
            "en": f"The same duty is stated more than once; {why} stands for it and it counts "
            "once.",
        }
    other = asked.catalogue.targets.get(why)
    vi, en = _better(asked, other) if other else ([], [])
    return {
        "vi": f"{why} ràng buộc thay chỉ tiêu này: {'; '.join(vi) or 'không yếu hơn ở điểm nào'}.",
        "en": f"{why} binds in place of this target: {'; '.join(en) or 'it is nowhere weaker'}.",
    }


def _better(asked: Asked, other: TargetEntry) -> tuple[list[str], list[str]]:
    """In what the other one asks for more."""
    mine, its = asked.target, other.target
    vi, en = [], []
    if FIRMNESS[its.force] > FIRMNESS[mine.force]:
        vi.append("được giao dứt khoát hơn")
        en.append("it is set more firmly")
    if mine.value is not None and its.value is not None and _stricter(its, mine):
        one, two = decimal_text(its.value), decimal_text(mine.value)
        vi.append(f"giá trị chặt hơn ({its.comparator} {one} so với {mine.comparator} {two})")
        en.append(f"its value is stricter ({its.comparator} {one} against {mine.comparator} {two})")
    if _due(its, other.plan.last_day) < _due(mine, asked.plan.last_day):
        vi.append("thời hạn sớm hơn")
        en.append("it is due earlier")
    if NEARNESS[its.tier] > NEARNESS[mine.tier]:
        vi.append(f"do cấp gần đơn vị hơn giao ({its.set_by})")
        en.append(f"it was set nearer to the unit ({its.set_by})")
    return vi, en


def _stricter(one: Target, two: Target) -> bool:
    down = one.comparator in ("<=", "<")
    a, b = one.value or Decimal(0), two.value or Decimal(0)
    strict = (len(one.comparator or ""), len(two.comparator or ""))
    return (-a if down else a) > (-b if down else b) or (a == b and strict == (1, 2))


def _due(target: Target, last_day: dt.date) -> dt.date:
    return target.due or last_day
