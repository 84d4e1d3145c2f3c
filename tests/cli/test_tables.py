"""Scorecards and explanations as tables: whose plan it is, and the parts by the places of a day."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console, RenderableType

from chitieu.cli import tables
from chitieu.cli.by_places import parts_table
from chitieu.cli.terminal import speak
from chitieu.errors import Language
from chitieu.scoring.card import Evaluated, Pin, evaluate_place, scorecard_json
from chitieu.scoring.rebased_json import with_places
from chitieu.scoring.rebased_units import explained_places
from chitieu.scoring.where import Where
from services.api.pages.by_places import places_html
from tests.builders import (
    Scene,
    a_unit,
    cashless,
    day,
    places,
)
from tests.scoring.test_mergers import NEW, OLD, an_giang, outcome, scene


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    yield
    speak.lang = "vi"


def card_of(made: Scene, code: str, on: str = NEW) -> tuple[dict[str, Any], Evaluated]:
    world, place = made.world(), places().bearing(code, day(on))
    assert place is not None
    found = evaluate_place(world, place, Pin(day("2025-12-31"), world.known, "1:1"))
    return scorecard_json(found, world.registry), found


def by_places(made: Scene, code: str, on: str) -> dict[str, Any]:
    card, found = card_of(made, code)
    with_places(card["results"], found.outcomes, Where(places(), day(on)))
    return card


def drawn(view: RenderableType, lang: Language = "vi") -> list[str]:
    speak.lang = lang
    held = io.StringIO()
    Console(file=held, width=400).print(view)
    return held.getvalue().splitlines()


def table(card: dict[str, Any], lang: Language = "vi") -> list[str]:
    speak.lang = lang
    return drawn(tables.scorecard(card), lang)


def test_a_plan_of_a_dissolved_province_names_it() -> None:
    made = scene(a_unit("77F01", "77"), cashless("77F01", "2025-03", 100, 60, id="p"), place="77")
    own, successor = card_of(made, "77", OLD)[0], card_of(made, "79")[0]
    words: dict[Language, str] = {
        "vi": "(của 77 Bà Rịa – Vũng Tàu, đến 30/6/2025)",
        "en": "(of 77 Bà Rịa – Vũng Tàu, until 2025-06-30)",
    }
    for lang, told in words.items():
        assert told in " ".join(" ".join(table(successor, lang)).split())
        assert "2025-06-30" not in " ".join(table(own, lang))
        assert "30/6/2025" not in " ".join(table(own, lang))


def test_the_parts_stand_under_their_result() -> None:
    card = by_places(scene(*an_giang()), "91", OLD)
    lines = [" ".join(line.split()) for line in table(card)]
    first = next(i for i, line in enumerate(lines) if "I.1" in line)
    assert "(1.308/1.800)" in lines[first]
    assert lines[first + 1] == "89 An Giang 98,00% (588/600) Đạt"
    assert lines[first + 2] == "91 Kiên Giang 60,00% (720/1.200) Đạt"
    english = [" ".join(line.split()) for line in table(card, "en")]
    assert "91 Kiên Giang 60.00% (720/1,200) Met" in english


def test_what_cannot_be_divided_is_one_line_for_all_of_it() -> None:
    area = a_unit("dvhc-91-20250701", "91", "2025-07-01", kind="area", type="province")
    own = cashless("dvhc-91-20250701", "2025", 1000, 700, id="own")
    made = scene(area, own, a_unit("91F01", "91"), a_unit("89F01", "89"))
    lines = " ".join(" ".join(table(by_places(made, "91", OLD))).split())
    assert "89 An Giang – (số của địa bàn đã bị chia" in lines
    assert "An Giang + Kiên Giang 70,00% (700/1.000)" in lines


def test_a_csv_file_has_a_row_for_each_part() -> None:
    made = scene(*an_giang())
    head, *held = tables.scorecard_rows(by_places(made, "91", OLD))
    rows = [dict(zip(head, row, strict=True)) for row in held]
    assert [(r["place"], r["numerator"], r["denominator"]) for r in rows] == [
        (None, 1308, 1800), ("89", 588, 600), ("91", 720, 1200),
    ]  # fmt: skip
    assert {(r["target"], r["clause"]) for r in rows} == {(rows[0]["target"], rows[0]["clause"])}
    assert "place" not in tables.scorecard_rows(card_of(made, "91")[0])[0]


def test_an_explanation_names_the_units_of_each_part() -> None:
    found = outcome(scene(*an_giang()), "91", on=NEW)
    told = explained_places(found, Where(places(), day(OLD)))
    lines = [" ".join(line.split()) for line in drawn(parts_table(told))]
    assert "89 An Giang 98,00% (588/600) Đạt 89F01" in lines
    assert "91 Kiên Giang 60,00% (720/1.200) Đạt 91F01" in lines
    page = places_html(told, "en")
    assert "By the places of 2025-03-31" in page
    assert '<td data-l="Result">60.00% (720/1,200)</td>' in page
    assert page.index("89 An Giang") < page.index("89F01") < page.index("91 Kiên Giang")
    assert "<b>" not in places_html(told | {"units": [
        {"unit": "x", "name": "<b>", "places": ["89"]},
    ]}, "vi")  # fmt: skip
