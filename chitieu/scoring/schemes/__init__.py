"""Summary schemes: how the results of a scorecard become one score, by name. Pure.

A scheme is a function from outcomes to the `summary` object, which names it. `share-met` needs no
data; the others are files of the catalogue (`catalogue/schemes/`), whose `method` is a module here.
docs/summary-schemes.md says what each of them does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from chitieu.catalogue.catalogue import SHARE_MET, Catalogue
from chitieu.scoring.schemes.counting import SummaryScheme
from chitieu.scoring.schemes.points import Method, points
from chitieu.scoring.schemes.share_met import share_met

METHODS: Final[Mapping[str, Method]] = {"points": points}


def schemes_of(catalogue: Catalogue | None) -> dict[str, SummaryScheme]:
    """The schemes that a catalogue knows, by name, the default first."""
    found: dict[str, SummaryScheme] = {SHARE_MET: share_met}
    for name, scheme in (catalogue.schemes if catalogue else {}).items():
        found[name] = partial(METHODS[scheme.method], scheme)
    return found


__all__ = ["METHODS", "SummaryScheme", "schemes_of"]
