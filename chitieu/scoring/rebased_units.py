"""What each unit adds in each place of a day: what a result's parts are made of. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from chitieu.scoring.arithmetic import unit_name
from chitieu.scoring.card import exact
from chitieu.scoring.figures import Figures
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.rebased import Piece, pieces_of
from chitieu.scoring.rebased_json import places_json
from chitieu.scoring.where import Where


def unit_places(outcome: Outcome, where: Where) -> Mapping[str, list[dict[str, Any]]]:
    """Of each unit that counts or is missing, by code, its pieces: several where it moved.

    `places`: codes of the places in one of which the figures lie; none where nobody knows.
    `reports`, `missing`: how many.
    """
    found: defaultdict[str, list[Piece]] = defaultdict(list)
    for piece in pieces_of(outcome, where):
        if piece.unit is not None and (piece.figures.counted or piece.figures.missing):
            found[piece.unit].append(piece)
    for pieces in found.values():
        pieces.sort(key=lambda piece: sorted(key.order for key in piece.held))
    shown = outcome.judgement.numerator is not None
    return {code: [_piece_json(piece, shown) for piece in found[code]] for code in sorted(found)}


def explained_places(outcome: Outcome, where: Where) -> dict[str, Any]:
    """`places` of an explanation: of the result, and by `units` what each part is made of."""
    units = [
        {"unit": code, "name": unit_name(outcome, code), **piece}
        for code, pieces in unit_places(outcome, where).items()
        for piece in pieces
    ]
    return places_json(outcome, where) | {"units": units}


def _piece_json(piece: Piece, shown: bool) -> dict[str, Any]:
    figures: Figures = piece.figures
    told = shown and bool(figures.counted)
    return {
        "places": [key.code for key in sorted(piece.held, key=lambda key: key.order)],
        "numerator": exact(figures.numerator) if told else None,
        "denominator": exact(figures.denominator) if told else None,
        "reports": sum(1 for item in figures.counted if item.report),
        "missing": len(figures.missing),
    }
