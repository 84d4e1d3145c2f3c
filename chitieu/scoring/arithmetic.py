"""The arithmetic of a result, line by line: each unit's sum, the total, the comparison. Pure.

The figures are those of the judgement; nothing is computed anew except the sums that are shown, so
a line that does not add up to the total would be a fault of the judgement and is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from chitieu.scoring.card import exact
from chitieu.scoring.figures import Counted
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.sentence import REASONS, STATES, display, is_percent
from chitieu.text import english, vietnamese

# More addends than this are not written out one by one.
_ADDENDS: Final = 12
_SIGNS: Final = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "=": "="}
_SHARES: Final = ("share_of_units", "share_meeting", "milestone", "duty")
_VERDICTS: Final = {
    "met": ("đạt", "met"),
    "not_met": ("chưa đạt", "not met"),
    "unknown": ("chưa kết luận được", "undecided"),
    "not_applicable": ("không áp dụng", "not applicable"),
    "not_in_force": ("chưa có hiệu lực", "not in force"),
}


def unit_name(outcome: Outcome, code: str) -> str | None:
    """A unit's name on the day evaluated on; None for one that is not registered."""
    unit = outcome.asked.registry.units.get(code)
    return unit.on(outcome.evaluated_on)["name"] if unit else None


def arithmetic_json(outcome: Outcome) -> dict[str, Any]:
    """`units`, `total` and `comparison`, each with its figures and its `text` in both languages."""
    by_unit: dict[str, list[Counted]] = {}
    for item in outcome.judgement.figures.counted:
        by_unit.setdefault(item.unit, []).append(item)
    shown = outcome.judgement.numerator is not None
    return {
        "units": [_unit(outcome, code, items) for code, items in by_unit.items()] if shown else [],
        "total": _total(outcome) if shown else None,
        "comparison": _comparison(outcome),
    }


def _whole(items: Sequence[Counted]) -> Decimal | None:
    wholes = [item.denominator for item in items if item.denominator is not None]
    return sum(wholes, Decimal(0)) if wholes else None


def _sum_text(values: Sequence[Decimal], vi: bool) -> str:
    """`1.840 + 1.700 = 3.540`; one value, or very many, alone."""
    written = vietnamese if vi else english
    total = written(sum(values, Decimal(0)))
    if not 1 < len(values) <= _ADDENDS:
        return total
    return f"{' + '.join(written(value) for value in values)} = {total}"


def _unit(outcome: Outcome, code: str, items: Sequence[Counted]) -> dict[str, Any]:
    name = unit_name(outcome, code)
    part, whole = sum((i.numerator for i in items), Decimal(0)), _whole(items)
    reports = sum(1 for item in items if item.report)
    texts = {}
    for lang in ("vi", "en"):
        vi = lang == "vi"
        if outcome.asked.indicator.formula in _SHARES:
            text = _state_text(part, reports, vi)
        else:
            text = _sum_text([i.numerator for i in items], vi)
            wholes = [i.denominator for i in items if i.denominator is not None]
            if wholes:
                text += f" {'trên' if vi else 'of'} {_sum_text(wholes, vi)}"
        texts[lang] = f"{name or code}: {text}"
    return {
        "unit": code, "name": name, "reports": reports, "numerator": exact(part),
        "denominator": exact(whole), "text": texts,
    }  # fmt: skip


def _state_text(part: Decimal, reports: int, vi: bool) -> str:
    if not reports:
        return "chưa báo cáo, tính 0 trên 1" if vi else "silent, counts 0 of 1"
    if part:
        return "đạt, tính 1 trên 1" if vi else "achieved, counts 1 of 1"
    return "chưa đạt, tính 0 trên 1" if vi else "not achieved, counts 0 of 1"


def _total(outcome: Outcome) -> dict[str, Any]:
    part, whole = outcome.judgement.numerator, outcome.judgement.denominator
    assert part is not None  # asked only where there are figures
    of_vi = of_en = ""
    if whole is not None:
        of_vi, of_en = f" trên {vietnamese(whole)}", f" of {english(whole)}"
    return {
        "numerator": exact(part), "denominator": exact(whole),
        "text": {
            "vi": f"Cộng: {vietnamese(part)}{of_vi}", "en": f"Total: {english(part)}{of_en}",
        },
    }  # fmt: skip


def _comparison(outcome: Outcome) -> dict[str, Any]:
    """What was reached against what is required, and what follows."""
    judgement = outcome.judgement
    comparator, value = outcome.asked.required
    sets_none = outcome.asked.target.value is None
    verdict_vi, verdict_en = _VERDICTS[judgement.verdict]
    if judgement.reason is not None:
        reason = REASONS[judgement.reason]
        verdict_vi, verdict_en = f"{verdict_vi}, vì {reason[0]}", f"{verdict_en}: {reason[1]}"
    bound_vi, bound_en = _bounds(outcome)
    vi = f"{_left(outcome, True)}{bound_vi}: {verdict_vi}"
    en = f"{_left(outcome, False)}{bound_en}: {verdict_en}"
    return {
        "actual": None if judgement.actual is None else str(judgement.actual),
        "comparator": None if sets_none else comparator,
        "value": None if sets_none else str(value),
        "text": {"vi": vi, "en": en},
    }  # fmt: skip


def _left(outcome: Outcome, vi: bool) -> str:
    """`776 ÷ 897 = 86,51%, yêu cầu ≥ 85%`."""
    judgement, asked = outcome.judgement, outcome.asked
    if asked.indicator.formula == "task" and judgement.status is not None:
        return STATES[judgement.status.fields["state"]][0 if vi else 1]
    written = vietnamese if vi else english
    if judgement.actual is None:
        found = "chưa có số liệu" if vi else "no figure"
    else:
        found = _shown(outcome, vi)
        if judgement.numerator is not None and judgement.denominator is not None:
            found = f"{written(judgement.numerator)} ÷ {written(judgement.denominator)} = {found}"
    if asked.target.value is None:
        return found
    comparator, value = asked.required
    measure = asked.indicator.measure
    unit = "%" if is_percent(outcome) else f" {measure.vi if vi else measure.en}"
    sign = _SIGNS[comparator or ">="]
    return f"{found}, {'yêu cầu' if vi else 'required'} {sign} {written(value)}{unit}"


def _shown(outcome: Outcome, vi: bool) -> str:
    text = display(outcome) or ""
    if vi:
        return text
    if is_percent(outcome):
        return text.replace(".", " ").replace(",", ".").replace(" ", ",")
    assert outcome.judgement.actual is not None
    return f"{english(outcome.judgement.actual)} {outcome.asked.indicator.measure.en}"


def _bounds(outcome: Outcome) -> tuple[str, str]:
    bounds = outcome.judgement.bounds
    if bounds is None or bounds[0] == bounds[1]:
        return "", ""
    low, high = bounds
    return (
        f" (từ {vietnamese(low, 2)}% đến {vietnamese(high, 2)}% tùy đơn vị chưa báo cáo)",
        f" (between {english(low, 2)}% and {english(high, 2)}% as the silent units may be)",
    )
