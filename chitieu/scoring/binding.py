"""Which of several targets for one thing binds. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from chitieu.scoring.asked import Asked

FIRMNESS = {"firm": 3, "requested": 2, "aspirational": 1, "encouraged": 0}
# How near the one who set it stands to the unit.
NEARNESS = {"department": 3, "province": 2, "ministry": 1, "national_committee": 0}
SHARES = ("ratio", "share_of_units", "share_meeting", "milestone")


class Contender(Protocol):
    """A target on a province's scorecard, and whether it is in force."""

    @property
    def asked(self) -> Asked: ...
    @property
    def in_force(self) -> bool: ...


def binding_why(outcomes: Sequence[Contender]) -> dict[str, str]:
    """Target id → id of the target that binds in its place; absent where it binds itself."""
    why: dict[str, str] = {}
    by_indicator: defaultdict[str, list[Contender]] = defaultdict(list)
    by_duty: defaultdict[tuple[str, ...], list[Contender]] = defaultdict(list)
    for outcome in outcomes:
        by_duty[outcome.asked.joined].append(outcome)
    for joined in by_duty.values():
        leader = max(joined, key=_leads)
        why |= {o.asked.id: leader.asked.id for o in joined if o is not leader}
        if leader.asked.indicator.formula not in ("task", "duty"):
            by_indicator[leader.asked.entry.indicator].append(leader)
    for group in by_indicator.values():
        for outcome in group:
            for other in group:
                if other is not outcome and _stronger(other, outcome):
                    why.setdefault(outcome.asked.id, other.asked.id)
    return {name: _last(why, name) for name in why}


def _last(why: dict[str, str], name: str) -> str:
    """The one at the end of the chain: it binds."""
    seen = {name}
    while why.get(name, name) not in seen:
        name = why[name]
        seen.add(name)
    return name


def _leads(outcome: Contender) -> tuple[bool, int, Decimal, int, int, str]:
    """Of statements of one duty: in force, the firmest, strictest, earliest due, nearest."""
    asked = outcome.asked
    comparator, value = asked.required
    strict = -value if comparator in ("<=", "<") else value
    due = -(asked.target.due.toordinal() if asked.target.due else 10**7)
    # The smaller id wins a tie: compare its characters negated.
    name = "".join(chr(0x10FFFF - ord(c)) for c in asked.id)
    firm, near = FIRMNESS[asked.target.force], NEARNESS[asked.target.tier]
    return (outcome.in_force, firm, strict, due, near, name)


def _stronger(a: Contender, b: Contender) -> bool:
    """Whether `a` binds in place of `b`: nowhere weaker, somewhere better, or equal and nearer."""
    first, second = a.asked, b.asked
    one, two = first.target, second.target
    if not (a.in_force and b.in_force) or one.value is None or two.value is None:
        return False
    if one.due is not None and one.due < second.in_force_from:
        return False
    value = _stricter(first, second)
    due = _earlier(first, second)
    scope = _wider(first, second)
    firm = FIRMNESS[one.force] - FIRMNESS[two.force]
    if firm < 0 or value is None or due is None or scope is None or one.each != two.each:
        return False
    if firm > 0 or value > 0 or due > 0 or scope > 0:
        return True
    return (NEARNESS[one.tier], second.id) > (NEARNESS[two.tier], first.id)


def _stricter(first: Asked, second: Asked) -> int | None:
    """1 when the first asks for more, 0 for the same, None for less or something else."""
    one, two = first.target, second.target
    assert one.value is not None
    assert two.value is not None
    if one.comparator == two.comparator == "=":
        return 0 if one.value == two.value else None
    up = one.comparator in (">=", ">") and two.comparator in (">=", ">")
    down = one.comparator in ("<=", "<") and two.comparator in ("<=", "<")
    if not (up or down):
        return None
    a = (one.value if up else -one.value, len(one.comparator or "") == 1)
    b = (two.value if up else -two.value, len(two.comparator or "") == 1)
    return None if a < b else int(a > b)


def _earlier(first: Asked, second: Asked) -> int | None:
    """1 when the first is due earlier, 0 on one day, None later; over a window: the same one."""
    pooled = first.indicator.formula in ("ratio", "total") and not first.is_latest
    if pooled and first.window(first.judged_on) != second.window(second.judged_on):
        return None
    a, b = first.target.due or first.plan.last_day, second.target.due or second.plan.last_day
    return None if a > b else int(a < b)


def _wider(first: Asked, second: Asked) -> int | None:
    """0 for the same scope, 1 when the first contains the second and that is enough, else None."""
    a, b = first.target.scope, second.target.scope
    same = (a.units, a.where, a.place) == (
        b.units,
        b.where,
        b.place,
    ) and first.place.key == second.place.key
    if same:
        return 0
    everything = first.indicator.formula in SHARES and first.target.value == Decimal(100)
    day = min(first.judged_on, second.judged_on)
    mine = {unit.code for unit in first.units(day)}
    theirs = {unit.code for unit in second.units(day)}
    if mine and mine == theirs:
        return 0
    return 1 if everything and theirs and mine > theirs else None
