"""`places` of a result, line by line for people: one for each place, then the groups. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from chitieu.errors import Language
from chitieu.scoring.sentence import REASONS
from chitieu.text import english, vietnamese

Json = Mapping[str, Any]

_WHY: Final[Mapping[str, tuple[str, str]]] = {
    **REASONS,
    "split_without_weight": (
        "số của địa bàn đã bị chia, không ai công bố tỷ lệ chia",
        "of an area that was divided, and nobody published how",
    ),
    "place_unknown": (
        "không ghi đơn vị ở phần nào của địa bàn",
        "in which of the places the unit lies is not recorded",
    ),
}


class PlaceLine(NamedTuple):
    """One place, or a group that cannot be told apart; `verdict` as in JSON, null if none."""

    codes: tuple[str, ...]
    name: str
    figures: str
    verdict: str | None
    why: str | None
    missing: int


def place_lines(by: Json, lang: Language) -> Iterator[PlaceLine]:
    """Of `places` as the API gives it."""
    names = {part["code"]: part["name"] for part in by["parts"]}
    for part in by["parts"]:
        yield _line((part["code"],), f"{part['code']} {part['name']}", part, lang)
    for group in by["together"]:
        codes = tuple(group["places"])
        nowhere = "nobody knows where" if lang == "en" else "không rõ ở đâu"
        name = " + ".join(names.get(code, code) for code in codes) or nowhere
        yield _line(codes, name, group, lang)


def _line(codes: tuple[str, ...], name: str, part: Json, lang: Language) -> PlaceLine:
    why = part["reason"]
    words = _WHY.get(why) if why is not None else None
    told = why if words is None else words[1 if lang == "en" else 0]
    return PlaceLine(codes, name, _figures(part, lang), part["verdict"], told, part["missing"] or 0)


def _figures(part: Json, lang: Language) -> str:
    """`86,51% (776/897)`; a dash where there are none. `display` is Vietnamese."""
    shown, numerator, denominator = part["display"], part["numerator"], part["denominator"]
    if lang == "en" and shown is not None:
        shown = shown.translate(str.maketrans(".,", ",.")) if shown.endswith("%") else None
    if numerator is None:
        return shown or "–"
    written = english if lang == "en" else vietnamese
    if denominator is None or (shown is not None and not shown.endswith("%")):
        return shown or written(Decimal(numerator))
    over = f"{written(Decimal(numerator))}/{written(Decimal(denominator))}"
    return over if shown is None else f"{shown} ({over})"
