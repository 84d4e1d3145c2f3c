"""Histories over several provinces, with whatever a partition may get wrong about another one."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

from chitieu.ports import NewEntry
from tests.builders import (
    a_catalogue,
    a_plan,
    a_retraction,
    a_row,
    a_target,
    a_unit,
    a_waiver,
    a_withdrawal,
    cashless,
)

# 77 and 79 became one province, 22 went on, 38 too, 91 is the code of two places.
PROVINCES = ("38", "77", "79", "22", "91", "75")
UNITS = [f"{province}F{number:02}" for province in PROVINCES for number in (1, 2)]


def a_registry(units: Sequence[str] = UNITS) -> list[NewEntry]:
    plans = [
        a_plan(
            [
                a_row("I.1", "cashless-payment-count-share", 1, target=a_target()),
                a_row("I.2", "emr-hospital-share", 2, target=a_target(due=dt.date(2026, 12, 31))),
            ],
            name=f"thu-{province}", place=province,
        )
        for province in PROVINCES
    ]  # fmt: skip
    first = NewEntry("catalogue", a_catalogue(*plans).to_json().decode())
    return [first, *(a_unit(code, code[:2]) for code in units)]


def a_history(seed: int, count: int, prefix: str = "e") -> list[NewEntry]:
    """Reports, amendments before and after what they name, over provinces; units move meanwhile."""
    chance = random.Random(seed)
    made: list[NewEntry] = []
    for number in range(count):
        unit = chance.choice(UNITS)
        month, whole = chance.randint(1, 12), chance.randint(1, 500)
        corrects = f"{prefix}{chance.randint(0, count)}" if chance.random() < 0.3 else None
        made.append(cashless(
            unit, f"2025-{month:02}", whole, chance.randint(0, whole), id=f"{prefix}{number}",
            time=f"2025-12-{chance.randint(1, 28):02}T00:00:00", corrects=corrects,
        ))  # fmt: skip
        drawn = chance.random()
        if drawn < 0.12:
            made.append(
                a_retraction(f"{prefix}{chance.randint(0, count)}", id=f"{prefix}r{number}")
            )
        elif drawn < 0.16:
            made.append(a_unit(unit, chance.choice(PROVINCES), f"2025-0{chance.randint(1, 9)}-01"))
        elif drawn < 0.2:
            made.append(a_waiver(unit, "2025-01-01", "2025-03-31", id=f"{prefix}w{number}"))
            if chance.random() < 0.5:
                made.append(a_withdrawal(f"{prefix}w{number}", unit))
    chance.shuffle(made)
    return made
