"""Histories here have few units; they are to be summed as many are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chitieu.scoring import many, world


@pytest.fixture(autouse=True, scope="module")
def _columns_decide() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many, "FEW", 0)
        patch.setattr(world, "FEW_REPORTS", -1)
        yield
