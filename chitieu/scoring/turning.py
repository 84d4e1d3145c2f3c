"""The entry at which a contribution came or went, found by looking between two worlds. Pure.

Only for what no report of the unit itself explains. Bisection: of n entries about log2(n) worlds
are judged, and all contributions that turned at one entry are found together.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Hashable, Sequence
from typing import Final, TypeVar

from chitieu.scoring.asked import Asked
from chitieu.scoring.figures import Counted
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.relevant import fallen_reports, relevant_reports
from chitieu.scoring.world import World

K = TypeVar("K", bound=Hashable)
# Entries that are looked for; what turns at more of them is told by the last one found.
MOST: Final = 8


class Turning:
    """Worlds between two known times, at each report that can speak to one target."""

    def __init__(
        self, after: Outcome, since: int,
        judge: Callable[[World, Asked], Outcome], shown: Callable[[Outcome], Sequence[Counted]],
    ) -> None:  # fmt: skip
        self._after, self._judge, self._shown = after, judge, shown
        world, asked, on = after.world, after.asked, after.evaluated_on
        found: dict[int, int] = {}
        for report in relevant_reports(world, asked, on):
            found[report.seq] = report.known
            restored = world.reports.restored(report)
            if restored is not None:
                found[restored.at_seq] = restored.at_known
        for fallen in fallen_reports(world, asked, on):
            found[fallen.report.seq] = fallen.report.known
            found[fallen.at_seq] = fallen.at_known
        # Index 0 is before all of them; index i the position of the i-th.
        turns = sorted((seq, known) for seq, known in found.items() if known > since)
        self._turns = [(turns[0][0] - 1, since), *turns] if turns else []
        self._seen: dict[int, frozenset[Hashable]] = {}

    def causes(
        self, wanted: Sequence[tuple[bool, K]], key_of: Callable[[Counted], K]
    ) -> list[int | None]:
        """Of each (came or went, contribution) the known time of its entry; None: not found."""
        found: dict[int, int | None] = {}
        for _ in range(MOST):
            left = [i for i in range(len(wanted)) if i not in found]
            if not left:
                break
            at = self._turn(wanted[left[0]], key_of)
            if at is None:
                found[left[0]] = None
                continue
            was, now = self._keys(at - 1, key_of), self._keys(at, key_of)
            for i in left:
                came, key = wanted[i]
                if (key in was, key in now) == (not came, came):
                    found[i] = self._turns[at][1]
        last = next((known for known in reversed(found.values()) if known is not None), None)
        return [found.get(i, last) for i in range(len(wanted))]

    def _turn(self, one: tuple[bool, K], key_of: Callable[[Counted], K]) -> int | None:
        """The index of an entry before which it is not so, and after which it is."""
        came, key = one
        high = len(self._turns) - 1
        if high < 1 or (key in self._keys(0, key_of)) == came:
            return None
        if (key in self._keys(high, key_of)) != came:
            return None
        return bisect.bisect_left(
            range(high + 1), True, lo=1, key=lambda i: (key in self._keys(i, key_of)) == came
        )

    def _keys(self, index: int, key_of: Callable[[Counted], K]) -> frozenset[Hashable]:
        if index not in self._seen:
            world = self._after.world
            then = World(world.registry, world.reports.at(self._turns[index][0]), world.known)
            outcome = self._judge(then, self._after.asked)
            self._seen[index] = frozenset(map(key_of, self._shown(outcome)))
        return self._seen[index]
