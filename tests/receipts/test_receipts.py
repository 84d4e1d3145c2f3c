"""Receipts: derived again elsewhere byte for byte, and every change of the file is seen."""

from __future__ import annotations

import copy
import functools
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chitieu.catalogue.catalogue import Catalogue
from chitieu.receipts.basis import basis_of
from chitieu.receipts.check import Checked, check_receipt, log_difference, read_receipt
from chitieu.receipts.receipt import Unfaithful, receipt_bytes, receipt_of
from tests.builders import (
    Scene,
    a_catalogue,
    a_plan,
    a_retraction,
    a_row,
    a_target,
    a_unit,
    base_units,
    cashless,
    places,
    posted_results,
    real_catalogue,
)
from tests.receipts.made import receipt_at, receipts_at, sealed_again

TARGET = "thu-2025/I.2"


@functools.cache
def catalogue() -> Catalogue:
    rows = [
        a_row("I.1", "cashless-payment-count-share", target=a_target()),
        a_row("I.2", "cashless-payment-count-share", 2, target=a_target(value=Decimal(60))),
    ]
    return a_catalogue(a_plan(rows))


def scene() -> Scene:
    """Corrections in chains, one taken back, one that moves a figure to another province."""
    return Scene(catalogue(), [
        a_unit("38F01", name="Bệnh viện Một"), a_unit("38F02"), a_unit("01F01", "01"),
        cashless("38F01", "2025-01", 1000, 500, id="a"),
        cashless("38F01", "2025-01", 1000, 900, id="b", corrects="a"),
        cashless("38F01", "2025-01", 1000, 990, id="b2", corrects="b"),
        a_retraction("b2", id="r"),
        cashless("38F01", "2025-02", 2000, 1500, id="c"),
        cashless("01F01", "2025-02", 7777, 1, id="d", corrects="c"),
        cashless("38F02", "2025-02", 10, 9, id="e"),
        cashless("01F01", "2025-01", 5, 5, id="f"),
    ])  # fmt: skip


@functools.cache
def made() -> dict[str, Any]:
    return receipt_at(scene(), "38", "2025-03-31", TARGET)


def check(content: bytes) -> Checked:
    return check_receipt(content, catalogue(), places())


def fault_of(content: bytes) -> tuple[str, str]:
    fault = check(content).fault
    assert fault is not None
    return fault.stage, fault.where


def test_a_receipt_is_derived_again_from_the_file_and_the_catalogue() -> None:
    checked = check(receipt_bytes(made()))
    assert checked.fault is None
    assert checked.receipt is not None
    assert checked.receipt["result"]["numerator"] == 909


def test_it_holds_what_counts_what_does_not_and_nothing_else() -> None:
    events = [e["id"] for e in made()["entries"] if e["kind"] == "event"]
    assert events == ["a", "b", "b2", "c", "d", "e"]
    assert [e["id"] for e in made()["entries"] if e["kind"] == "retraction"] == ["r"]
    units = [e["body"]["code"] for e in made()["entries"] if e["kind"] == "unit"]
    assert units == ["38F01", "38F02"]


def test_what_another_province_reported_is_withheld() -> None:
    (moved,) = [e for e in made()["entries"] if e["id"] == "d"]
    assert moved["withheld"]
    assert moved["subject"] is None
    assert moved["body"] == {"metric": "cashless-payment"}
    assert b"7777" not in receipt_bytes(made())
    assert b"01F01" not in receipt_bytes(made())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_is_detected(data: st.DataObject) -> None:
    content = bytearray(receipt_bytes(made()))
    at = data.draw(st.integers(0, len(content) - 1), "position")
    content[at] ^= data.draw(st.integers(1, 255), "bits")
    assert read_receipt(bytes(content)).fault is not None


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_byte_more_or_less_is_detected(data: st.DataObject) -> None:
    content = receipt_bytes(made())
    at = data.draw(st.integers(0, len(content)), "position")
    more = data.draw(st.binary(min_size=0, max_size=2), "inserted")
    changed = content[:at] + more + content[at + (not more) :]
    if changed != content:
        assert read_receipt(changed).fault is not None


def test_the_same_receipt_spelled_otherwise_is_refused() -> None:
    content = receipt_bytes(made())
    twice = content.replace(b'{"as_of":', b'{"as_of":"2024-12-31","as_of":', 1)
    for other in (content + b"\n", json.dumps(made(), indent=1).encode(), twice):
        assert json.loads(other) == made()
        assert fault_of(other) == ("file", "")


def test_a_seal_too_many_is_refused() -> None:
    seals = {**made()["seals"], "ministry": "0" * 64}
    assert fault_of(receipt_bytes({**made(), "seals": seals})) == ("file", "")


def test_a_changed_entry_is_named() -> None:
    receipt = copy.deepcopy(made())
    index = next(i for i, e in enumerate(receipt["entries"]) if e["id"] == "e")
    receipt["entries"][index]["body"]["groups"]["counts"]["cashless_payments"] = 10
    assert fault_of(receipt_bytes(receipt)) == ("seal", f"/entries/{index}")


@pytest.mark.parametrize("part", ["result", "explanation"])
def test_a_changed_part_is_named(part: str) -> None:
    receipt = copy.deepcopy(made())
    receipt[part]["verdict"] = "not_met"
    assert fault_of(receipt_bytes(receipt)) == ("seal", f"/seals/{part}")


def test_a_forged_result_does_not_follow_from_the_entries() -> None:
    forged = copy.deepcopy(made()["result"]) | {"verdict": "not_met"}
    assert fault_of(sealed_again(made(), result=forged)) == ("result", "/result/verdict")


def test_in_one_release_nothing_may_differ() -> None:
    forged = copy.deepcopy(made()["result"]) | {"outlook": "off_track"}
    assert fault_of(sealed_again(made(), result=forged)) == ("result", "/result/outlook")


def test_other_places_are_named_and_no_verdict_on_the_receipt() -> None:
    fault = check(sealed_again(made(), places="sha256:" + "0" * 64)).fault
    assert fault is not None
    assert (fault.stage, fault.wrong_state) == ("places", True)


def test_a_forged_figure_gives_another_result() -> None:
    entries = copy.deepcopy(made()["entries"])
    (last,) = [e for e in entries if e["id"] == "e"]
    last["body"]["groups"]["counts"]["cashless_payments"] = 10
    stage, where = fault_of(sealed_again(made(), entries=entries))
    assert (stage, where) == ("result", "/result/actual")


def test_an_entry_left_out_gives_another_result() -> None:
    entries = [e for e in made()["entries"] if e["id"] != "r"]
    assert fault_of(sealed_again(made(), entries=entries))[0] == "result"


def test_entries_that_mean_nothing_are_no_proof() -> None:
    for wrong in ({"kind": "event"}, {"kind": "rumour", "body": {}}, {"kind": "unit", "body": {}}):
        assert fault_of(sealed_again(made(), entries=[{"withheld": False, "seq": 1} | wrong])) == (
            "entries", "/entries",
        )  # fmt: skip


def test_another_catalogue_is_named_and_no_verdict_on_the_receipt() -> None:
    checked = check_receipt(receipt_bytes(made()), real_catalogue(), places())
    assert checked.fault is not None
    assert (checked.fault.stage, checked.fault.wrong_state) == ("catalogue", True)
    assert catalogue().digest in checked.fault.en


def test_another_release_is_held_to_what_may_not_change() -> None:
    older = {**made(), "code": "0.0.1"}
    result = {k: v for k, v in made()["result"].items() if k != "measure"} | {"outlook": "at_risk"}
    checked = check(sealed_again(older, result=result))
    assert (checked.fault, checked.same_release) == (None, False)
    result |= {"numerator": 1}
    assert fault_of(sealed_again(older, result=result)) == ("result", "/result/numerator")


def test_a_newer_format_asks_for_a_newer_release() -> None:
    fault = check(sealed_again(made(), format="chitieu-receipt/2")).fault
    assert fault is not None
    assert (fault.stage, fault.wrong_state) == ("format", True)


def test_what_is_no_receipt_is_refused() -> None:
    for content in (b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"seals":{}}', b"[" * 100_000):
        fault = check(content).fault
        assert fault is not None
        assert (fault.stage, fault.wrong_state) == ("file", False)


def test_entries_that_do_not_give_the_answer_are_never_handed_out() -> None:
    evaluated = scene().evaluated("38", "2025-03-31")
    outcome = evaluated.one(TARGET)
    assert outcome is not None
    with pytest.raises(Unfaithful):
        receipt_of(outcome, None, evaluated.pin, basis_of(outcome), [])


def test_the_log_says_which_entry_is_not_its_own() -> None:
    entries = copy.deepcopy(made()["entries"])
    assert log_difference(made(), made()) is None
    (last,) = [e for e in entries if e["id"] == "e"]
    last["sender"] = 2
    fault = log_difference({**made(), "entries": entries}, made())
    assert fault is not None
    assert fault.where == f"/entries, seq {last['seq']}/sender"
    other_version = {**made(), "catalogue": {**made()["catalogue"], "seq": 99}}
    fault = log_difference(other_version, made())
    assert fault is not None
    assert fault.where == "/catalogue"
    for one, other in ((entries[:-1], entries), (entries, entries[:-1])):
        fault = log_difference({**made(), "entries": one}, {**made(), "entries": other})
        assert fault is not None
        assert f"seq {last['seq']}" in fault.where


def test_every_result_of_the_plans_has_a_receipt() -> None:
    real = real_catalogue()
    whole = Scene(real, [*base_units(real), *posted_results(real)])
    for code, day in (("77", "2025-03-31"), ("22", "2025-02-10"), ("91", "2025-05-31")):
        # Making one proves it, or raises.
        found = receipts_at(whole, code, day)
        assert len(found) > 5
        name, receipt = max(found.items(), key=lambda item: len(item[1]["entries"]))
        assert check_receipt(receipt_bytes(receipt), real, places()).fault is None, name
        assert json.loads(receipt_bytes(receipt)) == receipt
