"""`share-met`: of the binding targets that are decided, the share that is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from chitieu.catalogue.catalogue import SHARE_MET
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.schemes.counting import counted, counts
from chitieu.text import fixed


def share_met(outcomes: Sequence[Outcome], why: Mapping[str, str]) -> dict[str, Any]:
    """100 × met ÷ (met + not_met); what is unknown or does not apply is shown beside it."""
    found = counts(counted(outcomes, why))
    decided = found["met"] + found["not_met"]
    score = fixed(Decimal(100 * found["met"]) / Decimal(decided), 2) if decided else None
    return {"scheme": SHARE_MET, **found, "score": None if score is None else str(score)}
