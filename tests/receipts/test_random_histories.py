"""Whatever arrived in whatever order, a receipt of it gives the same result again."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

from hypothesis import given

from chitieu.ports import Entry, NewEntry
from chitieu.receipts.basis import basis_of
from chitieu.receipts.check import check_receipt
from chitieu.receipts.receipt import receipt_bytes, receipt_of
from chitieu.scoring.card import Pin, evaluate_place
from tests.builders import places
from tests.oracle.histories import entries
from tests.oracle.oracle import Event
from tests.oracle.test_oracle import asked, bounded, moments, world
from tests.receipts.made import entries_of


@bounded(60)
@given(moments())
def test_a_receipt_of_any_history_is_derived_again(
    moment: tuple[list[Event], list[int], dt.date],
) -> None:
    log, known, as_of = moment
    _, registry = asked(False)
    assert registry.catalogue is not None
    catalogue = NewEntry("catalogue", registry.catalogue.to_json().decode())
    placed: list[Entry] = [Entry(**asdict(catalogue), seq=1, known=1), *entries(log, known)]
    made = world(registry, placed[1:])
    place = places().bearing("38", as_of)
    assert place is not None
    evaluated = evaluate_place(made, place, Pin(as_of, made.known, f"1:{len(placed)}"))
    for outcome in evaluated.outcomes[::7]:
        basis, why = basis_of(outcome), evaluated.why.get(outcome.asked.id)
        receipt = receipt_of(outcome, why, evaluated.pin, basis, entries_of(placed, basis))
        checked = check_receipt(receipt_bytes(receipt), registry.catalogue, places())
        assert checked.fault is None, checked.fault
