"""Versions, and who may end one, as the log tells it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from chitieu.closings.state import (
    REOPEN_WITHIN,
    Closing,
    Signed,
    close_entry,
    folded,
    id_of,
    reopen_entry,
    signed_by,
    versions,
)
from chitieu.errors import Problem

WEEK = REOPEN_WITHIN // dt.timedelta(microseconds=1)
FIRST = Closing(
    "38.thu-2025.2025-Q1.v1", "38", "thu-2025", "2025-Q1", 1, dt.date(2025, 3, 31), 5, "1:9", None,
    "0" * 64, 10, "sha256:0", "0.1.0", Signed("syt", "aaaaaaaa", 6),
)  # fmt: skip


def by(key: str, at: int = 10, reason: str = "nhầm") -> Signed:
    return Signed("syt", key, at, reason)


def test_one_key_alone_never_withdraws() -> None:
    asked = signed_by(FIRST, by("aaaaaaaa"))
    assert (asked.state, asked.pending) == ("open", by("aaaaaaaa"))
    with pytest.raises(Problem, match="second_key_needed"):
        signed_by(asked, by("aaaaaaaa", 11))
    assert signed_by(asked, by("bbbbbbbb", 11)).state == "withdrawn"


def test_a_request_that_nobody_joined_in_time_is_void() -> None:
    asked = signed_by(FIRST, by("aaaaaaaa", 10))
    assert signed_by(asked, by("bbbbbbbb", 10 + WEEK)).state == "withdrawn"
    late = signed_by(asked, by("bbbbbbbb", 11 + WEEK))
    assert (late.state, late.pending) == ("open", by("bbbbbbbb", 11 + WEEK))
    again = signed_by(asked, by("aaaaaaaa", 11 + WEEK))
    assert (again.state, again.pending) == ("open", by("aaaaaaaa", 11 + WEEK))


def test_what_was_withdrawn_stays_withdrawn() -> None:
    ended = signed_by(signed_by(FIRST, by("aaaaaaaa")), by("bbbbbbbb"))
    for key in ("aaaaaaaa", "bbbbbbbb", "cccccccc"):
        with pytest.raises(Problem, match="closing_withdrawn"):
            signed_by(ended, by(key))


def test_the_log_gives_back_what_was_written_into_it() -> None:
    asked = signed_by(FIRST, by("aaaaaaaa"))
    ended = signed_by(asked, by("bbbbbbbb", 12))
    second = replace(FIRST, id=id_of("38", "thu-2025", "2025-Q1", 2), version=2, previous=FIRST.id)
    entries = [
        close_entry(FIRST, 1), reopen_entry(asked, by("aaaaaaaa"), 1), close_entry(second, 1),
    ]  # fmt: skip
    assert asked.requested is not None
    entries[1:2] = [
        reopen_entry(asked, asked.requested, 1), reopen_entry(ended, by("bbbbbbbb", 12), 1),
    ]  # fmt: skip
    held = folded({}, [entry.body for entry in entries])
    assert held == {FIRST.id: ended, second.id: second}
    assert [c.version for c in versions(held, "38", "thu-2025", "2025-Q1")] == [1, 2]
    assert versions(held, "38", "thu-2025", "2025-Q2") == []
    assert {entry.subject for entry in entries} == {"38 thu-2025 2025-Q1"}
    step = folded(folded({}, [entries[0].body]), [entries[1].body])
    assert step == {FIRST.id: asked}


def test_ids_stand_in_a_path() -> None:
    assert id_of("79@2025-07-01", "p", "2025-01-01/2025-05-31", 3) == (
        "79@2025-07-01.p.2025-01-01_2025-05-31.v3"
    )
