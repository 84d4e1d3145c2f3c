"""Receipts made from a scene, without a database."""

from __future__ import annotations

from typing import Any

from chitieu.ports import Entry
from chitieu.receipts.basis import OTHER_KINDS, Basis, basis_of
from chitieu.receipts.entries import linked
from chitieu.receipts.receipt import receipt_bytes, receipt_of, seals_of
from chitieu.scoring.engine import identity_of, named_by, node_of
from tests.builders import Scene


def entries_of(log: list[Entry], basis: Basis) -> list[Entry]:
    """What the adapter reads from PostgreSQL, said plainly."""
    kept = {
        e.seq: e for e in log
        if e.seq in basis.seqs or (e.kind in OTHER_KINDS and basis.concerns(e))
    }  # fmt: skip
    while True:
        named = {identity_of(e): node_of(e).metric for e in kept.values() if e.kind == "event"}
        more = {
            e.seq: e for e in log
            if e.seq not in kept and (about := named_by(e)) in named
            and (e.kind == "retraction" or (about and node_of(e).metric == named[about]))
        }  # fmt: skip
        if not more:
            return [kept[seq] for seq in sorted(kept)]
        kept |= more


def receipts_at(scene: Scene, code: str, as_of: str, on: str | None = None) -> dict[str, Any]:
    """The receipt of every target of a province, by target."""
    evaluated, log = scene.evaluated(code, as_of, on), scene.log.entries()
    made = {}
    for outcome in evaluated.outcomes:
        name, basis = outcome.asked.id, basis_of(outcome)
        why = evaluated.why.get(name)
        made[name] = receipt_of(outcome, why, evaluated.pin, basis, entries_of(log, basis))
    return made


def receipt_at(scene: Scene, code: str, as_of: str, target: str) -> dict[str, Any]:
    evaluated, log = scene.evaluated(code, as_of), scene.log.entries()
    outcome = evaluated.one(target)
    assert outcome is not None
    basis = basis_of(outcome)
    entries = entries_of(log, basis)
    return receipt_of(outcome, evaluated.why.get(target), evaluated.pin, basis, entries)


def sealed_again(receipt: dict[str, Any], **changed: Any) -> bytes:
    """What a forger who knows the format hands out: changed, linked and sealed anew."""
    body = {**receipt, **changed}
    body["entries"] = linked(body["entries"])
    body["seals"] = seals_of(body)
    return receipt_bytes(body)
