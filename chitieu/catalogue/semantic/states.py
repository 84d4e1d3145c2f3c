"""A task reported done in one place and in progress in another. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from chitieu.catalogue.catalogue import TASK, TargetEntry
from chitieu.catalogue.model import PublishedResult, Row, Text
from chitieu.catalogue.result_rules import printed_percent
from chitieu.catalogue.semantic.contradiction import Clause, Contradiction, View

# How documents say that a thing is done, in a column of words.
_DONE_WORDS: Final = "đã hoàn thành"
_OPEN: Final = ("not_started", "in_progress", "waiting")

_STATE = Text(
    vi="Trạng thái chưa xong được dùng; chỉ báo cáo sau này mới đổi được.",
    en="The state that is not done is used, until a later report changes it.",
)
_BOTH = Text(
    vi="Tỷ lệ in được dùng cho chỉ tiêu về tỷ lệ, trạng thái được dùng cho nhiệm vụ.",
    en="The printed rate is used for the rate, the state for the task.",
)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a printed result says of a target: done or not, in which words."""

    done: bool
    result: PublishedResult
    row: Row

    @property
    def words(self) -> str:
        return self.result.words or self.result.printed

    @property
    def clause(self) -> Clause:
        return Clause(self.row.clause, self.result.lines, self.words)


def note_and_result(view: View) -> Iterator[Contradiction]:
    """Rows whose note says done while their result says that it goes on, or is not reached."""
    for row in view.plan.rows:
        if not (row.note or "").casefold().startswith(_DONE_WORDS):
            continue
        for result in row.results:
            if _states(result) & set(_OPEN):
                yield _note_differs(view, row, result)
                break


def joined_statements(view: View) -> Iterator[Contradiction]:
    """Statements of one duty of which one is reported done and one is not, on one day."""
    posted = _posted(view)
    for duty in view.duties:
        if not any(entry.id in posted for entry in duty):
            continue
        told = [(entry, said) for entry in duty for said in _said(view, entry, posted)]
        for (one, a), (two, b) in combinations(told, 2):
            if a.done != b.done and a.result.as_of == b.result.as_of:
                yield _states_differ(view, (one, a), (two, b))
                break


def _states(result: PublishedResult) -> set[str]:
    return {str(e.data.get("state")) for e in result.events if e.metric == TASK.name}


def _posted(view: View) -> Mapping[str, list[_Told]]:
    """Target id → the states that the plan's printed results post for it."""
    found: defaultdict[str, list[_Told]] = defaultdict(list)
    for row in view.plan.rows:
        for result in row.results:
            for event in result.events:
                state = event.data.get("state")
                if event.metric == TASK.name and state in ("done", *_OPEN):
                    found[str(event.data.get("item"))].append(_Told(state == "done", result, row))
    return found


def _said(view: View, entry: TargetEntry, posted: Mapping[str, list[_Told]]) -> Iterator[_Told]:
    """States posted for a target anywhere in the plan, and a printed 100 % of its own row."""
    yield from posted.get(entry.id, ())
    key = entry.id.removeprefix(f"{view.plan.name}/{entry.row.key}").removeprefix("/")
    for result in entry.row.results:
        # Everything is done; a rate below it says nothing about what is still going on.
        if result.target in (None, key) and printed_percent(result.printed) == 100:
            yield _Told(True, result, entry.row)


def _note_differs(view: View, row: Row, result: PublishedResult) -> Contradiction:
    words = result.words or result.printed
    return Contradiction(
        "two_states", view.plan.name, row.key,
        (Clause(row.clause, result.lines, words), Clause(row.clause, row.lines, row.note or "")),
        view.joined(view.of_rows([row.key])), (),
        Text(
            vi=f"Cột kết quả in “{words}”, ghi chú in “{row.note}” ({row.clause}).",
            en=f"The result column prints “{words}”, the note “{row.note}” ({row.clause}).",
        ),
        _STATE,
    )  # fmt: skip


def _states_differ(
    view: View, first: tuple[TargetEntry, _Told], second: tuple[TargetEntry, _Told]
) -> Contradiction:
    (one, a), (two, b) = first, second
    anchor = two.id.removeprefix(f"{view.plan.name}/")
    return Contradiction(
        "two_states", view.plan.name, anchor, (a.clause, b.clause),
        view.joined([one.id, two.id]), (),
        Text(
            vi=f"{a.row.clause} in “{a.words}”, {b.row.clause} in “{b.words}” cho cùng một việc.",
            en=f"{a.row.clause} prints “{a.words}”, {b.row.clause} prints “{b.words}” for one "
            "thing.",
        ),
        _BOTH,
    )  # fmt: skip
