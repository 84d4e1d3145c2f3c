"""The edge's clock. The core gets its instants as arguments."""

from __future__ import annotations

import datetime as dt


def clock() -> dt.datetime:
    """Now."""
    return dt.datetime.now(dt.UTC)
