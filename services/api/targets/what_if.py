"""`what_if=UNIT:field=value`: read strictly, about units that the caller may see, kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Depends, Query

from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.what_if import Impossible, Supposed, suppose
from services.api.access import sees_unit
from services.api.parameters import bad_value
from services.api.reading import current_registry
from services.api.state import Api

MOST = 20
IMPOSSIBLE: Final = (
    "what_if_unit", "what_if_field", "what_if_value", "what_if_incomplete", "what_if_contradicts",
)  # fmt: skip

Words = Annotated[
    list[str] | None,
    Query(
        description="`UNIT:field=value`, repeatable, at most 20: the result as if the unit's "
        "newest counting figures were so. The value replaces the field in the newest report of "
        "the unit that counts for the target (of pooled figures the newest period's; of a state "
        "`UNIT:state=live`); a unit without one is given a report of the last ended period, and "
        "then needs every field that the target uses. Only units that the key may see. The answer "
        "names what was supposed in `what_if`, has no ETag and is not to be stored."
    ),
]


async def what_if(what_if: Words = None) -> list[Supposed]:
    """Problem `bad_value` for what is not `UNIT:field=value`."""
    found = []
    for word in what_if or ():
        unit, colon, rest = word.partition(":")
        field, equals, value = rest.partition("=")
        if not (unit and colon and field and equals and value) or len(word) > 200:
            raise _bad()
        found.append(Supposed(unit, field, value))
    if len(found) > MOST:
        raise _bad()
    return found


def _bad() -> Problem:
    return bad_value(
        "what_if",
        f"MÃ_ĐƠN_VỊ:trường=giá_trị, ví dụ 77F01:cashless_payments=900, nhiều nhất {MOST} lần",
        f"UNIT:field=value, such as 77F01:cashless_payments=900, at most {MOST} times",
    )


UsesWhatIf = Annotated[list[Supposed], Depends(what_if)]


async def supposed(
    api: Api, principal: Principal, outcome: Outcome, wishes: Sequence[Supposed]
) -> Outcome:
    """The outcome as if. A unit that may not be seen answers as one that does not exist."""
    now = await current_registry(api)
    for number, wish in enumerate(wishes, start=1):
        unit = now.units.get(wish.unit)
        if unit is None or not sees_unit(now, principal, unit):
            raise Problem("what_if_unit", {"number": number})
    try:
        return await api.evaluations.run(lambda: suppose(outcome, wishes))
    except Impossible as refused:
        allowed = ", ".join(refused.allowed)
        raise Problem(refused.code, {"number": refused.number, "allowed": allowed}) from None
