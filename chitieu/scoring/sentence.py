"""One sentence an official can read out, in Vietnamese and English. Pure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from chitieu.catalogue.model import Target
from chitieu.scoring.compare import EXACT, digits_of, display_percent, shown_percent
from chitieu.scoring.outcome import Outcome
from chitieu.text import english, fixed, vietnamese

REASONS = {
    "no_report": ("chưa có báo cáo", "no report has been received"),
    "coverage": ("số báo cáo nhận được chưa đủ", "too few reports have been received"),
    "status_only": ("chỉ có tình trạng, chưa có số liệu", "only a status word is known"),
    "stale": ("số liệu công bố thuộc kỳ trước", "the published figure is of an earlier period"),
    "no_unit_registered": ("chưa có đơn vị nào được đăng ký", "no unit is registered for it"),
    "denominator_missing": ("thiếu mẫu số", "the denominator is missing"),
    "zero_denominator": ("không phát sinh", "nothing occurred to be counted"),
    "no_target": ("văn bản không giao chỉ tiêu", "the document sets no value"),
    "condition": ("điều kiện áp dụng chưa đáp ứng", "its condition is not fulfilled yet"),
    "not_yet": ("chưa đến ngày áp dụng", "it is not in force yet"),
    "repealed": ("nhiệm vụ đã bị hủy", "the task was cancelled"),
    "issuer_ended": ("cơ quan thực hiện đã kết thúc hoạt động", "the agency has ended"),
}
STATES = {
    "not_started": ("chưa thực hiện", "not started"),
    "in_progress": ("đang thực hiện", "in progress"),
    "waiting": ("đang chờ", "waiting"),
    "done": ("đã hoàn thành", "done"),
    "cancelled": ("đã hủy", "cancelled"),
}
# As a label stands alone, in a table or beside a result.
VERDICTS = {
    "met": ("Đạt", "Met"),
    "not_met": ("Chưa đạt", "Not met"),
    "unknown": ("Chưa rõ", "Unknown"),
    "not_applicable": ("Không áp dụng", "Not applicable"),
    "not_in_force": ("Chưa hiệu lực", "Not in force"),
}
_WORDS_VI = {">=": "", ">": "trên ", "<=": "không quá ", "<": "dưới ", "=": "đúng "}
_WORDS_EN = {">=": "", ">": "more than ", "<=": "at most ", "<": "less than ", "=": "exactly "}


def day_vi(day: dt.date) -> str:
    """`31/3/2025`."""
    return f"{day.day}/{day.month}/{day.year}"


def day_en(day: dt.date) -> str:
    """`31 March 2025`."""
    return f"{day.day} {day:%B} {day.year}"


def is_percent(outcome: Outcome) -> bool:
    """Whether the actual value is a percentage; a total is in its own measure."""
    return outcome.asked.indicator.formula != "total"


def display(outcome: Outcome) -> str | None:
    """The actual value as it is shown: `86,51%`, `1.204 ca`, `Đang thực hiện`."""
    judgement = outcome.judgement
    if judgement.actual is None:
        return None
    if outcome.asked.indicator.formula == "task" and judgement.status is not None:
        words = STATES[judgement.status.fields["state"]][0]
        return words[:1].upper() + words[1:]
    if is_percent(outcome):
        comparator, value = outcome.asked.required
        return display_percent(_exact(outcome), comparator, value)
    return f"{vietnamese(judgement.actual)} {outcome.asked.indicator.measure.vi}"


def _display_en(outcome: Outcome) -> str | None:
    """The same inside an English sentence: `86.51%`, `1,204 cases`."""
    actual = outcome.judgement.actual
    if actual is None:
        return None
    if not is_percent(outcome):
        return f"{english(actual)} {outcome.asked.indicator.measure.en}"
    percent = shown_percent(_exact(outcome), *outcome.asked.required)
    return f"{english(percent, digits_of(percent))}%"


def _exact(outcome: Outcome) -> Decimal:
    """The actual percentage, not rounded where its fraction is known."""
    judgement = outcome.judgement
    assert judgement.actual is not None
    if judgement.numerator is not None and judgement.denominator:
        return EXACT.divide(judgement.numerator * 100, judgement.denominator)
    return judgement.actual


def _value(target: Target, outcome: Outcome, vi: bool) -> str:
    assert target.value is not None
    words = (_WORDS_VI if vi else _WORDS_EN)[target.comparator or ">="]
    required = outcome.asked.required[1]
    figure = vietnamese(required) if vi else english(required)
    measure = outcome.asked.indicator.measure
    unit = "%" if is_percent(outcome) else f" {measure.vi if vi else measure.en}"
    return f"{words}{figure}{unit}"


def _lower(title: str) -> str:
    """The title inside a sentence: its first letter small unless it begins an abbreviation."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def sentences(outcome: Outcome) -> tuple[str, str]:
    """Vietnamese and English."""
    asked, judgement = outcome.asked, outcome.judgement
    clause = asked.row.clause
    title_vi, title_en = _lower(asked.row.title.vi), _lower(asked.row.title.en)
    vi = f"Đến hết ngày {day_vi(outcome.evaluated_on)}, {title_vi}"
    en = f"At the end of {day_en(outcome.evaluated_on)}, {title_en}"
    if asked.indicator.formula == "task" and judgement.status is not None:
        state_vi, state_en = STATES[judgement.status.fields["state"]]
        return f"{vi}: {state_vi} ({clause}).", f"{en}: {state_en} ({clause})."
    if judgement.verdict in ("met", "not_met") and judgement.actual is not None:
        found_vi, found_en = _figures(outcome)
        return f"{vi} {found_vi} ({clause}).", f"{en} {found_en} ({clause})."
    reason_vi, reason_en = REASONS[judgement.reason or "no_report"]
    shown_vi, shown_en = display(outcome), _display_en(outcome)
    so_far_vi = f", mới ghi nhận {shown_vi}" if shown_vi else ""
    so_far_en = f", so far {shown_en}" if shown_en else ""
    against_vi = against_en = ""
    if asked.target.value is not None and asked.indicator.formula not in ("task",):
        against_vi = f" (chỉ tiêu {_value(asked.target, outcome, True)})"
        against_en = f" (target {_value(asked.target, outcome, False)})"
    return (
        f"{vi}{against_vi}: chưa kết luận được{so_far_vi}, vì {reason_vi} ({clause})."
        if judgement.verdict == "unknown"
        else f"{vi}{against_vi}: không đánh giá{so_far_vi}, vì {reason_vi} ({clause}).",
        f"{en}{against_en}: undecided{so_far_en}, because {reason_en} ({clause})."
        if judgement.verdict == "unknown"
        else f"{en}{against_en}: not judged{so_far_en}, because {reason_en} ({clause}).",
    )


def _figures(outcome: Outcome) -> tuple[str, str]:
    """`đạt 86,51% (776/897), vượt 1,51 điểm phần trăm so với chỉ tiêu 85%`."""
    judgement, target = outcome.judgement, outcome.asked.target
    assert judgement.actual is not None
    assert target.value is not None
    fraction_vi = fraction_en = ""
    if judgement.numerator is not None and judgement.denominator is not None:
        fraction_vi = f" ({vietnamese(judgement.numerator)}/{vietnamese(judgement.denominator)})"
        fraction_en = f" ({english(judgement.numerator)}/{english(judgement.denominator)})"
    actual = judgement.actual
    required = outcome.asked.required[1]
    difference = fixed(abs(EXACT.subtract(actual, required)), 2)
    above = actual >= required
    points_vi = "điểm phần trăm " if is_percent(outcome) else ""
    points_en = "percentage points " if is_percent(outcome) else ""
    value_vi, value_en = _value(target, outcome, True), _value(target, outcome, False)
    if difference == 0:
        against_vi, against_en = f"so với chỉ tiêu {value_vi}", f"against the target {value_en}"
    else:
        against_vi = (
            f"{'vượt' if above else 'thấp hơn'} {vietnamese(difference)} {points_vi}"
            f"so với chỉ tiêu {value_vi}"
        )
        against_en = (
            f"{english(difference)} {points_en}{'above' if above else 'below'}"
            f" the target {value_en}"
        )
    if not judgement.met and outcome.met_on:
        against_vi += f", đạt muộn ngày {day_vi(outcome.met_on)}"
        against_en += f", reached late on {day_en(outcome.met_on)}"
    if outcome.judgement.lapses:
        against_vi += f", không duy trì được ở kỳ {', '.join(outcome.judgement.lapses)}"
        against_en += f", not kept up in {', '.join(outcome.judgement.lapses)}"
    return (
        f"đạt {display(outcome)}{fraction_vi}, {against_vi}",
        f"reached {_display_en(outcome)}{fraction_en}, {against_en}",
    )
