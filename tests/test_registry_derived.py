"""A registry made from an earlier one says what one made from the beginning does."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import asdict

import pytest

from chitieu import registry as module
from chitieu.places import Place
from chitieu.ports import Entry
from chitieu.registry import Registry
from tests.builders import a_unit, places

DAYS = [dt.date(2025, month, 10) for month in (1, 5, 7, 12)]
PROVINCES = ["38", "77", "79", "91", "89", "01"]


def entries(seed: int, renames: bool) -> list[Entry]:
    """Units that open, move, close and, if so wished, get other codes."""
    chance = random.Random(seed)
    found = []
    for number in range(120):
        code = f"F{chance.randint(1, 40):02}"
        given: dict[str, str] = {}
        if renames and chance.random() < 0.1:
            given["succeeds"] = f"F{chance.randint(1, 40):02}"
        closed = chance.choice([None, None, "2025-06-30", "2026-02-01"])
        since = chance.choice(["2020-01-01", "2025-03-01", "2025-07-01", "2026-01-01"])
        kind = chance.choice(["facility", "area"])
        new = a_unit(code, chance.choice(PROVINCES), since, closed=closed, kind=kind, **given)
        found.append(Entry(**asdict(new), seq=number + 1, known=number + 1))
    return found


def told(registry: Registry, place: Place) -> object:
    """Everything that is kept about a province."""
    return (
        registry.units_ever_in(place), registry.changing_in(place), registry.renamed,
        [registry.units_in(place, day) for day in DAYS],
        [registry.areas(place, "hospital", day) for day in DAYS],
        [registry.era(place, day) for day in DAYS], dict(registry.reporting),
    )  # fmt: skip


def everywhere() -> list[Place]:
    found = {places().bearing(code, day) for code in PROVINCES for day in DAYS}
    return [place for place in found if place is not None]


def differences(seed: int, renames: bool) -> int:
    """How often a derived registry says something else than one made anew."""
    all_entries, chance = entries(seed, renames), random.Random(seed)
    later, at, wrong = Registry(places()), 0, 0
    while at < len(all_entries):
        step = chance.randint(1, 6)
        later = later.with_entries(all_entries[at : at + step])
        at += step
        anew = Registry(places()).with_entries(all_entries[:at])
        for place in chance.sample(everywhere(), 4):
            wrong += told(later, place) != told(anew, place)
    return wrong


@pytest.mark.parametrize("renames", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_handed_on_is_what_is_found_anew(seed: int, renames: bool) -> None:
    assert differences(seed, renames) == 0


def test_the_comparison_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_near", lambda one: ())
    assert any(differences(seed, False) for seed in range(6))


def test_most_is_handed_on() -> None:
    made = entries(1, False)
    before = Registry(places()).with_entries(made[:100])
    place = places().bearing("38", DAYS[0])
    assert place is not None
    told(before, place)
    far = Entry(**asdict(a_unit("G01", "01")), seq=101, known=101)
    after = before.with_entries([far])
    assert after.units_in(place, DAYS[0]) is before.units_in(place, DAYS[0])
    near = Entry(**asdict(a_unit("G02", "38")), seq=102, known=102)
    assert "G02" in [unit.code for unit in after.with_entries([near]).units_in(place, DAYS[0])]
