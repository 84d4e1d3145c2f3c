"""Rules for the results that a document prints. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from chitieu.catalogue.catalogue import PUBLISHED_RATE, TASK
from chitieu.catalogue.event_rules import event_flaws
from chitieu.catalogue.faults import Both, Flaw, Here
from chitieu.catalogue.formula_rules import Known
from chitieu.catalogue.model import Indicator, PublishedResult, Row
from chitieu.catalogue.scalars import Rounding

_PERCENT = re.compile(r"([0-9]+(?:[.,][0-9]+)?)\s*%|%\s*([0-9]+(?:[.,][0-9]+)?)")
_BARE = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_HALF: Final = Fraction(1, 2)


def result_flaws(
    result: PublishedResult, row: Row, indicator: Indicator | None, known: Known, here: Here
) -> Iterator[Flaw]:
    """Flaws of one printed result and of the events that carry it."""
    if result.target is not None and result.target not in row.targets:
        yield here.at("target").flaw("unknown_target", known=row.targets, found=result.target)
    units = known.catalogue.units
    for path, code in _codes(result):
        if known.missing("unit", code, units):
            yield here.at(*path).flaw("unknown_unit", known=units, found=code)
    first, last = result.lines
    if not 1 <= first <= last:
        yield here.at("lines").flaw("lines_descend", found=f"[{first}, {last}]")
    yield from _rounding_flaws(result, here)
    answering = _answering(indicator, known)
    for index, event in enumerate(result.events):
        place = here.at("events", index)
        if answering and event.metric not in answering and event.metric in known.catalogue.metrics:
            yield place.at("metric").flaw(
                "event_answers_nothing",
                known=sorted(answering),
                found=event.metric,
                indicator=indicator.name if indicator else "",
            )
        yield from event_flaws(event, result.as_of, known, place)


def rounded(numerator: Fraction, denominator: Fraction, rounding: Rounding) -> Fraction | None:
    """A fraction as a percentage under a document's rounding, exactly; None over zero."""
    if denominator == 0:
        return None
    mode, _, digits = rounding.partition("/")
    scale = 10 ** int(digits)
    scaled = 100 * scale * numerator / denominator
    # Figures of a plan are not negative, so adding a half and cutting rounds half up.
    return Fraction((scaled + _HALF if mode == "half_up" else scaled).__floor__(), scale)


def printed_percent(text: str) -> Fraction | None:
    """The percentage that a text prints, comma or point before decimals; None if it prints none."""
    match = _PERCENT.search(text)
    number = (match[1] or match[2]) if match else text.strip()
    return Fraction(number.replace(",", ".")) if _BARE.fullmatch(number) else None


def _codes(result: PublishedResult) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("subject",), result.subject
    for index, event in enumerate(result.events):
        yield ("events", index, "subject"), event.subject


def _answering(indicator: Indicator | None, known: Known) -> set[str]:
    """The metrics that answer an indicator; empty when that cannot be told."""
    if indicator is None:
        return set()
    if indicator.inner is not None:
        inner = known.catalogue.indicators.get(indicator.inner)
        return {str(inner.metric), PUBLISHED_RATE.name, TASK.name} if inner else set()
    return {name for name in (indicator.metric, PUBLISHED_RATE.name, TASK.name) if name}


def _rounding_flaws(result: PublishedResult, here: Here) -> Iterator[Flaw]:
    printed = printed_percent(result.printed)
    fraction = result.numerator is not None and result.denominator is not None
    if not fraction or printed is None:
        given = [key for key in ("rounding", "agrees") if getattr(result, key) is not None]
        if given:
            problem = Both(
                f"có {given[0]} mà thiếu tử số, mẫu số hoặc phần trăm in ra",
                f"{given[0]} is given without numerator, denominator or a printed percentage",
            )
            yield here.at(given[0]).flaw("rounding_incomplete", problem=problem)
        return
    if result.rounding is None or result.agrees is None:
        problem = Both("thiếu rounding hoặc agrees", "rounding or agrees is missing")
        yield here.at("printed").flaw("rounding_incomplete", problem=problem)
        return
    assert result.numerator is not None  # told by `fraction`
    assert result.denominator is not None
    numerator, denominator = Fraction(result.numerator), Fraction(result.denominator)
    computed = rounded(numerator, denominator, result.rounding)
    if (computed == printed) != result.agrees:
        yield here.at("agrees").flaw(
            "agrees_wrong",
            found=str(result.agrees).lower(),
            fraction=f"{result.numerator}/{result.denominator}",
            rounding=result.rounding,
            computed="–" if computed is None else f"{_decimal(computed)}%",
            printed=f"{_decimal(printed)}%",
        )


def _decimal(value: Fraction) -> str:
    return f"{float(value):.4f}".rstrip("0").rstrip(".")
