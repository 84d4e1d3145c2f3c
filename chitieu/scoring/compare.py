"""Exact comparisons, gaps and figures as they are shown. Pure; no float anywhere."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext

from chitieu.catalogue.scalars import Comparator
from chitieu.text import fixed, vietnamese

# Enough for the product of two 18-digit sums and any value a plan prints.
EXACT = Context(prec=60)


def meets(actual: Decimal, comparator: Comparator | None, value: Decimal) -> bool:
    """Whether a value meets what is required. Both exact."""
    match comparator:
        case ">=":
            return actual >= value
        case ">":
            return actual > value
        case "<=":
            return actual <= value
        case "<":
            return actual < value
        case _:
            return actual == value


def share_meets(
    numerator: Decimal, denominator: Decimal, comparator: Comparator | None, percent: Decimal
) -> bool:
    """Whether numerator ÷ denominator meets a percentage, by multiplying instead of dividing."""
    with localcontext(EXACT):
        return meets(numerator * 100, comparator, percent * denominator)


def percent_of(numerator: Decimal, denominator: Decimal) -> Decimal:
    """100 × numerator ÷ denominator, to six digits half up."""
    with localcontext(EXACT):
        return fixed(numerator * 100 / denominator, 6)


def shown_percent(actual: Decimal, comparator: Comparator | None, value: Decimal | None) -> Decimal:
    """The percentage as it may be shown: two digits, and more where two would cross the target.

    What six digits cannot tell apart is moved to its own side of the target.
    """
    for digits in range(2, 7):
        shown = fixed(actual, digits)
        if value is None or meets(shown, comparator, value) == meets(actual, comparator, value):
            return shown
    assert value is not None
    return actual.quantize(Decimal("0.000001"), ROUND_CEILING if actual > value else ROUND_FLOOR)


def display_percent(actual: Decimal, comparator: Comparator | None, value: Decimal | None) -> str:
    """`86,51%`, `99,996%`: never a figure on the other side of the target."""
    shown = shown_percent(actual, comparator, value)
    return vietnamese(shown, digits_of(shown)) + "%"


def digits_of(shown: Decimal) -> int:
    """How many digits stand behind its point."""
    exponent = shown.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def count_gap(
    numerator: Decimal, denominator: Decimal, comparator: Comparator | None, percent: Decimal
) -> int | None:
    """Smallest whole number to add to the numerator, the denominator held, so that it is met.

    None where adding never helps: not within the whole, or a target that asks for less.
    """
    if share_meets(numerator, denominator, comparator, percent):
        return 0
    if comparator not in (">=", ">", "=") or denominator <= 0:
        return None
    with localcontext(EXACT):
        needed = percent * denominator / 100 - numerator
        whole = int(needed.to_integral_value(ROUND_FLOOR))
        for extra in (whole, whole + 1):
            if (
                extra > 0
                and numerator + extra <= denominator
                and share_meets(numerator + extra, denominator, comparator, percent)
            ):
                return extra
    return None


def total_gap(actual: Decimal, comparator: Comparator | None, value: Decimal) -> int | None:
    """As `count_gap`, for a total."""
    if meets(actual, comparator, value):
        return 0
    if comparator not in (">=", ">", "="):
        return None
    with localcontext(EXACT):
        whole = int((value - actual).to_integral_value(ROUND_FLOOR))
        for extra in (whole, whole + 1):
            if extra > 0 and meets(actual + extra, comparator, value):
                return extra
    return None


def bounds_decide(
    reached: Decimal, silent: int, whole: Decimal, comparator: Comparator | None, percent: Decimal
) -> bool | None:
    """The verdict of a share while `silent` units are open; None when they could turn it."""
    if comparator == "=" and silent:
        wanted = EXACT.divide(EXACT.multiply(percent, whole), Decimal(100))
        within = wanted == wanted.to_integral_value() and reached <= wanted <= reached + silent
        return None if within else False
    low = share_meets(reached, whole, comparator, percent)
    high = share_meets(reached + silent, whole, comparator, percent)
    return low if low == high else None
