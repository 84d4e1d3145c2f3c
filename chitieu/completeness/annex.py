"""The list of who is missing as text and as rows, ready for a reminder's annex. Pure.

It is made from the answer of the API, so that the command line and the API print the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chitieu.periods import Period, parse_day, parse_period
from chitieu.scoring.sentence import day_en, day_vi
from chitieu.text import plural

Json = Mapping[str, Any]
COLUMNS = (
    "plan", "period", "unit", "name", "kind", "type", "district", "district_name", "metric", "item",
    "title", "periods", "groups", "due",
)  # fmt: skip
_KINDS = {
    "facility": ("cơ sở", "facility"),
    "pharmacy": ("nhà thuốc", "pharmacy"),
    "area": ("địa bàn", "area"),
    "agency": ("cơ quan", "agency"),
}
_ROMAN = ("I", "II", "III", "IV")


def annex_text(answer: Json, lang: str = "vi") -> str:
    """Each plan's list under a heading, with its total; lines end in \\n."""
    parts = ["\n".join(_annex(answer, plan, lang == "vi")) for plan in answer["plans"]]
    return "\n\n".join(parts) + "\n" if parts else ""


def annex_rows(answer: Json) -> list[list[str]]:
    """A heading and one row for each unit and thing that is missing."""
    rows: list[list[str]] = [list(COLUMNS)]
    for plan in answer["plans"]:
        for unit in plan["missing"]:
            for report in unit["reports"]:
                values = {**unit, **report, "plan": plan["plan"], "period": plan["period"]}
                rows.append([_cell(values[name]) for name in COLUMNS])
    return rows


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(value)
    return "" if value is None else str(value)


def period_words(text: str, vi: bool) -> str:
    """`2025-Q1` as officials say it: quý I năm 2025."""
    period = parse_period(text)
    assert period is not None  # it comes from an answer of ours
    spelled = str(period)
    year, _, rest = spelled.partition("-")
    if "/" in spelled or rest.count("-"):
        return _days(period, vi)
    if not rest:
        return f"năm {year}" if vi else f"the year {year}"
    if rest[0] == "H":
        words = f"6 tháng {'đầu' if rest == 'H1' else 'cuối'} năm {year}"
        return words if vi else f"the {'first' if rest == 'H1' else 'second'} half of {year}"
    if rest[0] == "Q":
        roman = _ROMAN[int(rest[1]) - 1]
        return f"quý {roman} năm {year}" if vi else f"quarter {roman} of {year}"
    return f"tháng {int(rest)} năm {year}" if vi else f"{period.first:%B} {year}"


def _days(period: Period, vi: bool) -> str:
    show = day_vi if vi else day_en
    if period.first == period.last:
        return show(period.first)
    return f"{show(period.first)} – {show(period.last)}"


def _annex(answer: Json, plan: Json, vi: bool) -> Iterator[str]:
    province, total = answer["province"], plan["total"]
    name, when = province["name"], period_words(plan["period"], vi)
    yield "DANH SÁCH ĐƠN VỊ CHƯA BÁO CÁO" if vi else "UNITS THAT HAVE NOT REPORTED"
    yield f"{'Địa bàn' if vi else 'Place'}: {name} ({province['code']})"
    yield f"{'Văn bản' if vi else 'Document'}: {plan['title' if vi else 'title_en']}"
    yield f"{'Kỳ báo cáo' if vi else 'Period'}: {when}{_due(plan, vi)}"
    known = answer["known_at"]
    yield f"Theo số liệu đã nhận đến {known}" if vi else f"By what had come at {known}"
    yield ""
    for number, unit in enumerate(plan["missing"], 1):
        yield f"{number}. {unit['name']} ({unit['unit']}{_where(unit, vi)})"
        for report in unit["reports"]:
            yield f"   - {_line(report, vi)}"
    if not plan["missing"]:
        yield "Không có đơn vị nào." if vi else "None."
    yield ""
    yield _total(total, len(plan["missing"]), vi)


def _due(plan: Json, vi: bool) -> str:
    if plan["due"] is None:
        return ""
    day = parse_day(plan["due"])
    assert day is not None
    if vi:
        return f"; hạn: hết ngày {day_vi(day)} (“{plan['due_text']}”)"
    return f"; due: {day_en(day)}, that day included (“{plan['due_text']}”)"


def _where(unit: Json, vi: bool) -> str:
    kind = _KINDS.get(unit["kind"], (unit["kind"], unit["kind"]))[0 if vi else 1]
    district = unit["district_name"] or unit["district"]
    return f"; {kind}; {district}" if district else f"; {kind}"


def _line(report: Json, vi: bool) -> str:
    words = str(report["title" if vi else "title_en"])
    if report["periods"]:
        words += ": " + ", ".join(period_words(p, vi) for p in report["periods"])
    day = parse_day(report["due"])
    assert day is not None
    return f"{words}; hạn {day_vi(day)}" if vi else f"{words}; due {day_en(day)}"


def _total(total: Json, units: int, vi: bool) -> str:
    reported: Sequence[int] = (total["on_time"] + total["late"], total["expected"])
    share = total["percent_reported"]
    if vi:
        shown = f" ({share.replace('.', ',')}%)" if share else ""
        return (
            f"Tổng cộng: đã nhận {reported[0]}/{reported[1]} báo cáo{shown}; đúng hạn "
            f"{total['on_time']}, muộn {total['late']}, thiếu {total['missing']} của {units} đơn "
            f"vị, chưa đến hạn {total['awaited']}, được miễn {total['waived']}."
        )
    shown = f" ({share}%)" if share else ""
    return (
        f"Total: {reported[0]} of {plural(reported[1], 'report')} received{shown}; in time "
        f"{total['on_time']}, late {total['late']}, missing {total['missing']} of "
        f"{plural(units, 'unit')}, not due yet {total['awaited']}, waived {total['waived']}."
    )
