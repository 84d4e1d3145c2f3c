"""A receipt as a file: canonical JSON, sealed. Pure.

    {"format", "code", "target", "province": {"code", "name", "valid_from"}, "as_of", "known_at",
     "position", "catalogue": {"digest", "seq", "known", "defined_known"}, "places", "entries",
     "result", "explanation", "seals": {"entries", "result", "explanation", "receipt"}}

`result` and `explanation` are the answers of `/v1/targets/{id}/…` at this pair. The seals are
SHA-256, hexadecimal: of the last entry's link, the result, the explanation, and of the whole
receipt without its own seal. A seal shows that nothing was changed since; whether the entries are
the log's own is shown by the log (`chitieu verify --receipt FILE --against`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from chitieu import __version__
from chitieu.catalogue.catalogue import Catalogue
from chitieu.periods import known_text
from chitieu.places import Places
from chitieu.ports import Entry
from chitieu.receipts.basis import Basis
from chitieu.receipts.derive import NotDerivable, derive, places_digest
from chitieu.receipts.entries import FIRST_LINK, Wire, linked, to_wire
from chitieu.scoring.card import Pin, result_json
from chitieu.scoring.explanation import explanation_json
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.results import canonical

FORMAT: Final = "chitieu-receipt/1"


class Unfaithful(Exception):
    """The entries do not give the answer they are to prove: a fault of ours, never handed out."""


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def seals_of(receipt: Wire) -> dict[str, str]:
    """The seals that a receipt's own parts have; `seals` of the receipt do not count."""
    entries = receipt["entries"]
    parts = {
        "entries": entries[-1]["link"] if entries else FIRST_LINK,
        "result": digest(receipt["result"]),
        "explanation": digest(receipt["explanation"]),
    }
    body = {name: value for name, value in receipt.items() if name != "seals"}
    return parts | {"receipt": digest([body, parts])}


def receipt_of(
    outcome: Outcome, why: str | None, pin: Pin, basis: Basis, entries: Sequence[Entry]
) -> dict[str, Any]:
    """The receipt of a result. Unfaithful when the entries do not give it again."""
    registry, place = outcome.world.registry, outcome.asked.place
    catalogue, target = outcome.asked.catalogue, outcome.asked.id
    known = registry.catalogue_known
    receipt: dict[str, Any] = {
        "format": FORMAT, "code": __version__, "target": target,
        "province": {
            "code": place.code, "name": place.short_name,
            "valid_from": place.valid_from.isoformat() if place.valid_from else None,
        },
        "as_of": pin.as_of.isoformat(), "known_at": known_text(pin.known),
        "position": pin.position,
        "catalogue": {
            "digest": catalogue.digest, "seq": registry.catalogue_seq, "known": known,
            "defined_known": registry.defined_known.get(target, known),
        },
        "places": places_digest(registry.places),
        "entries": linked(to_wire(entry, basis) for entry in entries),
        "result": result_json(outcome, why, pin),
        "explanation": explanation_json(outcome, why, pin),
    }  # fmt: skip
    _prove(receipt, catalogue, registry.places)
    return receipt | {"seals": seals_of(receipt)}


def _prove(receipt: Wire, catalogue: Catalogue, places: Places) -> None:
    try:
        derived = derive(receipt, catalogue, places)
    except NotDerivable as error:
        raise Unfaithful(str(error)) from error
    for name in ("result", "explanation"):
        if canonical(getattr(derived, name)) != canonical(receipt[name]):
            raise Unfaithful(f"{receipt['target']}: another {name}")


def receipt_bytes(receipt: Wire) -> bytes:
    """The file, and the API's answer: canonical JSON, nothing before or after it."""
    return canonical(receipt).encode()
