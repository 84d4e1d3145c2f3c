"""What a failed test leaves running must not fail the next one."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.cli.product import STARTED


@pytest.fixture(autouse=True, scope="module")
def nothing_keeps_running() -> Iterator[None]:
    yield
    for one in STARTED:
        if one.process.returncode is None:
            one.end(signal.SIGKILL)
    STARTED.clear()
