"""Why a result is what it is: every report that counts, every one that does not, the clause."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from chitieu import __version__
from chitieu.periods import known_text
from chitieu.reports import Report
from chitieu.scoring.arithmetic import arithmetic_json, unit_name
from chitieu.scoring.binding_words import binding_words
from chitieu.scoring.card import Pin, assumed_of, citation_of, exact, result_json
from chitieu.scoring.figures import Counted
from chitieu.scoring.gap import gap_of_units_json
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.reasons import reason_words
from chitieu.scoring.relevant import fallen_reports
from chitieu.scoring.selection import LeftOut
from chitieu.text import plural
from chitieu.waivers import Waiver


def _report(unit: str, report: Report | None) -> dict[str, Any]:
    if report is None:
        return {
            "unit": unit, "period": None, "source": None, "id": None, "time": None, "known": None,
            "fields": {},
        }  # fmt: skip
    return {
        "unit": unit,
        "period": report.days_text,
        "source": report.source,
        "id": report.event_id,
        "time": report.time.isoformat().replace("+00:00", "Z"),
        "known": known_text(report.known),
        "fields": dict(report.fields),
    }


def _counted(item: Counted) -> dict[str, Any]:
    return _report(item.unit, item.report) | {
        "numerator": exact(item.numerator),
        "denominator": exact(item.denominator),
    }


def _left_out(outcome: Outcome) -> list[dict[str, Any]]:
    """What does not count, each report once for each reason, fallen ones included."""
    items: list[tuple[Report, str]] = [
        (item.report, item.why) for item in outcome.judgement.figures.left_out
    ]
    fallen = fallen_reports(outcome.world, outcome.asked, outcome.evaluated_on)
    items += [(item.report, item.why) for item in fallen]
    seen: set[tuple[int, str, str]] = set()
    out = []
    for report, why in sorted(items, key=lambda i: (i[0].unit, i[0].first, i[0].seq, i[1])):
        if (report.seq, report.group, why) not in seen:
            seen.add((report.seq, report.group, why))
            words = {"reason": why, "reason_words": reason_words(why)}
            out.append(_report(report.unit, report) | words)
    return out


def _waived(outcome: Outcome) -> list[dict[str, Any]]:
    """The waivers that made something unexpected, each once, with the periods they free."""
    freed: defaultdict[Waiver, set[str]] = defaultdict(set)
    for item in outcome.judgement.figures.waived:
        for waiver in item.waivers:
            freed[waiver] |= {item.period} - {""}
    ordered = sorted(freed.items(), key=lambda pair: (pair[0].unit, pair[0].days, pair[0].id))
    return [waiver_json(waiver) | {"periods": sorted(periods)} for waiver, periods in ordered]


def waiver_json(waiver: Waiver) -> dict[str, Any]:
    """A waiver: who is freed of what and when, by whom it was recorded and when."""
    return {
        "id": waiver.id,
        "unit": waiver.unit,
        "metric": waiver.metric,
        "from": waiver.days.first.isoformat(),
        "to": waiver.days.last.isoformat(),
        "document": waiver.document,
        "reason": waiver.reason,
        "by": waiver.by,
        "known": known_text(waiver.known),
    }


def _rule(outcome: Outcome, why: str | None) -> dict[str, Any]:
    """The rule that was applied, with its numbers put in."""
    asked, judgement, target = outcome.asked, outcome.judgement, outcome.asked.target
    indicator = asked.measured_by
    return {
        "kind": asked.indicator.formula,
        "indicator": asked.entry.indicator,
        "metric": indicator.metric,
        "numerator": indicator.numerator,
        "denominator": indicator.denominator,
        "achieved": (
            {"states": list(indicator.achieved.states), "flags": list(indicator.achieved.flags)}
            if indicator.achieved else None
        ),
        "each": (
            {"comparator": target.each.comparator, "value": str(target.each.value)}
            if target.each else None
        ),
        "window": {
            "kind": asked.window_kind,
            "from": judgement.window.first.isoformat(),
            "to": judgement.window.last.isoformat(),
        },
        "comparator": target.comparator,
        "value": None if target.value is None else str(target.value),
        "min_reported": str(indicator.min_reported),
        "evaluated_on": outcome.evaluated_on.isoformat(),
        "binding": why is None,
        "binding_why": why,
        "binding_words": binding_words(asked, why),
    }  # fmt: skip


def _sum(values: list[Decimal | None]) -> Decimal:
    return sum((v for v in values if v is not None), Decimal(0))


def _words(outcome: Outcome, result: dict[str, Any]) -> dict[str, str]:
    """The arithmetic in words."""
    judgement = outcome.judgement
    figures = judgement.figures
    counts, lacks = len([c for c in figures.counted if c.report]), len(figures.missing)
    vi = [result["sentence"], f"Tính {counts} báo cáo, thiếu {lacks}."]
    told = f"{plural(counts, 'report')} {'counts' if counts == 1 else 'count'}"
    en = [result["sentence_en"], f"{told}, {lacks} {'is' if lacks == 1 else 'are'} missing."]
    if judgement.numerator is not None and judgement.denominator is not None:
        total = f"{_sum([c.numerator for c in figures.counted])}"
        whole = f"{_sum([c.denominator for c in figures.counted])}"
        vi.append(f"Tử số {total}, mẫu số {whole}, tỷ lệ {result['display']}.")
        en.append(f"Numerator {total}, denominator {whole}, share {result['actual']} %.")
    if judgement.basis == "printed" and judgement.rate is not None:
        printed = judgement.rate.fields.get("printed") or judgement.rate.fields["percent"]
        vi.append(f"Số liệu công bố “{printed}” không kèm tử số và mẫu số.")
        en.append(f"The published figure “{printed}” comes without its fraction.")
    return {"vi": " ".join(vi), "en": " ".join(en)}


def explanation_json(outcome: Outcome, why: str | None, pin: Pin) -> dict[str, Any]:
    """The explanation of one result at a pair."""
    result = result_json(outcome, why, pin)
    figures = outcome.judgement.figures
    catalogue = outcome.asked.catalogue
    return {
        "target": outcome.asked.id,
        "province": {
            "code": outcome.asked.place.code, "name": outcome.asked.place.short_name,
        },
        "title": outcome.asked.row.title.vi, "title_en": outcome.asked.row.title.en,
        "as_of": pin.as_of.isoformat(),
        "known_at": known_text(pin.known),
        "position": pin.position,
        "verdict": result["verdict"],
        "reason": result["reason"],
        "numerator": result["numerator"],
        "denominator": result["denominator"],
        "actual": result["actual"],
        "counted": [_counted(item) for item in figures.counted],
        "left_out": _left_out(outcome),
        "missing": [
            {"unit": m.unit, "name": unit_name(outcome, m.unit), "period": m.period or None}
            for m in figures.missing
        ],
        "arithmetic": arithmetic_json(outcome),
        "places": None,
        "waived": _waived(outcome),
        "gap": gap_of_units_json(outcome),
        "rule": _rule(outcome, why),
        "citation": citation_of(outcome.asked),
        "condition": result["condition"],
        "assumed": assumed_of(outcome.asked),
        "findings": result["findings"],
        "words": _words(outcome, result),
        "catalogue": catalogue.digest,
        "code": __version__,
    }  # fmt: skip


__all__ = ["LeftOut", "explanation_json"]
