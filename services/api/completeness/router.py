"""Who has reported what for a plan's period: as JSON, as a reminder's annex, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from chitieu.completeness.annex import annex_rows, annex_text
from chitieu.completeness.report import completeness_json
from chitieu.errors import Language, Problem
from chitieu.periods import Period, parse_period
from chitieu.spreadsheet import csv_of
from services.api.answers import respond
from services.api.documented import answers
from services.api.keyring import Caller
from services.api.parameters import UsesMoment, UsesOn, bad_value, one_of
from services.api.reading import body_for, named_place, need_place, pin
from services.api.state import UsesApi

router = APIRouter(prefix="/v1/provinces", tags=["scorecards"])

_KINDS: Final = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
_OTHER: Final = {
    kind.partition(";")[0]: {"schema": {"type": "string"}, "example": example}
    for kind, example in (
        (_KINDS["text"], "DANH SÁCH ĐƠN VỊ CHƯA BÁO CÁO\n…"),
        (_KINDS["csv"], "plan,period,unit,name,…\r\n"),
    )
}
_ANSWERS: Final = answers(
    "province_completeness", "bad_value", "as_of_too_late", "known_at_in_future", "not_scored_yet",
    "closing_and_pair", key=True, missing=True,
)  # fmt: skip
_ANSWERS[200]["content"] |= _OTHER

Code = Annotated[str, Path(description="Province code, two digits.", examples=["77"])]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, and in which shape."""

    plan: str | None
    period: Period | None
    form: str
    lang: Language


async def wanted(
    plan: Annotated[
        str | None,
        Query(description="One plan; default all of the province.", examples=["br-vt-2025"]),
    ] = None,
    period: Annotated[
        str | None,
        Query(
            description="A period that has begun by `as_of`; default the plan's last that ended.",
            examples=["2025-Q1"],
        ),
    ] = None,
    format: Annotated[
        str | None,
        Query(description="json, text (the annex of a reminder) or csv.", examples=["json"]),
    ] = None,
    lang: Annotated[str | None, Query(description="Of the text: vi or en.")] = None,
) -> Wanted:
    """The parameters besides the pair."""
    days = None if period is None else parse_period(period)
    if period is not None and days is None:
        raise _bad_period()
    form = one_of("format", format, _KINDS) or "json"
    speech: Language = "en" if one_of("lang", lang, get_args(Language)) == "en" else "vi"
    return Wanted(plan, days, form, speech)


UsesWanted = Annotated[Wanted, Depends(wanted)]


@router.get("/{code}/completeness", summary="Who has reported what", responses=_ANSWERS)
async def province_completeness(
    request: Request, api: UsesApi, principal: Caller, code: Code, asked: UsesMoment, on: UsesOn,
    want: UsesWanted,
) -> Response:  # fmt: skip
    """In time, late, awaited, missing, waived, by unit and metric, and who is missing.

    In time is what the log held by the end of the day on which it was due.
    """
    if want.period is not None and want.period.first > asked.as_of:
        raise _bad_period()
    if principal.role == "unit":
        raise Problem("not_found")  # it would show what other units sent
    place = named_place(api, code, on or asked.as_of)
    await need_place(api, principal, place)
    pinned = await pin(api, place, asked)
    registry = await api.evaluations.registry(pinned.seq)
    plans = registry.catalogue.plans if registry.catalogue else {}
    if want.plan is not None and want.plan not in plans:
        raise bad_value("plan", "tên một kế hoạch, xem /v1/plans", "name of a plan, see /v1/plans")
    world = await api.evaluations.world(place, pinned)

    def make() -> Any:
        answer = completeness_json(world, place, pinned.pin, want.plan, want.period)
        if want.form == "text":
            return annex_text(answer, want.lang).encode()
        return csv_of(annex_rows(answer)).encode() if want.form == "csv" else answer

    body = await body_for(api, "completeness", place, pinned, want, make)
    return respond(request, body, kind=_KINDS[want.form])


def _bad_period() -> Problem:
    return bad_value(
        "period", "kỳ đã bắt đầu, ví dụ 2025, 2025-H1, 2025-Q1, 2025-03",
        "a period that has begun, such as 2025, 2025-H1, 2025-Q1, 2025-03",
    )  # fmt: skip
