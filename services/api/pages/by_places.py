"""A result by the places of a day, as a table on its page. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from html import escape
from typing import Any, Literal

from chitieu.scoring.rebased_words import place_lines
from chitieu.scoring.sentence import VERDICTS

Json = Mapping[str, Any]
Lang = Literal["vi", "en"]


def places_html(by: Json, lang: Lang) -> str:
    """`places` of an explanation: each part, its verdict, whose figures it is made of."""
    en = lang == "en"
    units: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for unit in by["units"]:
        units[tuple(unit["places"])][unit["unit"]] = unit["name"] or unit["unit"]
    heads = (
        ("Place", "Result", "Verdict", "Units") if en else
        ("Địa bàn", "Kết quả", "Đánh giá", "Đơn vị")
    )  # fmt: skip
    rows = []
    for line in place_lines(by, lang):
        verdict = "–" if line.verdict is None else VERDICTS[line.verdict][en]
        why = f" <small>{escape(line.why)}</small>" if line.why else ""
        # A group holds the units of its own places too.
        names = {
            code: name for held, found in units.items() if _inside(held, line.codes)
            for code, name in found.items()
        }  # fmt: skip
        told = ", ".join(
            f"{escape(name)} <small>{escape(code)}</small>" for code, name in sorted(names.items())
        )
        cells = (escape(line.name), escape(line.figures), verdict + why, told or "–")
        rows.append("<tr>" + "".join(
            f'<td data-l="{head}">{cell}</td>' for head, cell in zip(heads, cells, strict=True)
        ) + "</tr>")  # fmt: skip
    caption = f"By the places of {by['on']}" if en else f"Theo địa giới ngày {by['on']}"
    head = "".join(f"<th>{name}</th>" for name in heads)
    return (
        f'<table class="cards"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _inside(held: tuple[str, ...], codes: tuple[str, ...]) -> bool:
    return set(held) <= set(codes) if held else not codes
