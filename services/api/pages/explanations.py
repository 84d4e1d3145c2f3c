"""The page that explains a result. What is public stands there for all; figures need a key.

A browser that follows a link sends no key, so the page asks for it and asks again with it: the key
stays in the window's memory, in no address, cookie or store.
"""

from __future__ import annotations

from html import escape
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from chitieu.catalogue.catalogue import TargetEntry
from chitieu.errors import Problem
from chitieu.scoring.explanation import explanation_json
from chitieu.web import bearer
from services.api.catalogue.router import TargetPath
from services.api.keyring import caller
from services.api.ops.policy import PAGE_POLICY
from services.api.pages.explained import Explained, Labels, Lang
from services.api.parameters import UsesOn, UsesPair, one_of
from services.api.reading import catalogue_at
from services.api.state import Api, UsesApi
from services.api.targets.router import Found, ProvinceCode, Question, find, need_units

router = APIRouter(include_in_schema=False)

_PAGE: Final = (
    '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="stylesheet" href="{up}static/pages.css"><link rel="icon" href="data:,">'
    '<script src="{up}static/explanation.js" defer></script></head>'
    '<body><main><nav><a href="{up}">Chỉ Tiêu</a> · <a href="{other}" data-again>{switch}</a></nav>'
    "<h1>{title}</h1>{body}</main></body></html>"
)


def _question(
    target: TargetPath, asked: UsesPair, on: UsesOn, province: ProvinceCode = None
) -> Question:
    return Question(target, province, on, asked)


Asks = Annotated[Question, Depends(_question)]
Language = Annotated[str | None, Query(description="vi (default) or en.", examples=["en"])]


@router.get("/t/{target:path}/explanation")
async def explanation_page(
    request: Request, api: UsesApi, asks: Asks, lang: Language = None
) -> Response:
    """The explanation for who may see it, else what the document says and a field for a key."""
    one_of("lang", lang, ("vi", "en"))
    chosen: Lang = "en" if lang == "en" else "vi"
    if bearer(request.scope) is None:
        entry = await _entry(api, asks.target, asks.asked.known)
        return _page(request, chosen, _title(entry, chosen), _public(entry, chosen))
    principal = await caller(request, None)
    found = await find(api, principal, asks)
    need_units(principal, found)

    def make() -> Explained:
        answer = explanation_json(found.outcome, found.why, found.pinned.pin)
        return Explained(answer, chosen, _labels(found))

    made = await api.evaluations.run(make)
    return _page(request, chosen, made.title, made.html())


async def _entry(api: Api, target: str, known: int | None) -> TargetEntry:
    registry, _ = await catalogue_at(api, known)
    entry = registry.catalogue.targets.get(target) if registry.catalogue else None
    if entry is None:
        raise Problem("not_found")
    return entry


def _labels(found: Found) -> Labels:
    """What the metric's fields are called."""
    metric = found.outcome.asked.metric
    return {
        field.name: {"vi": field.title.vi, "en": field.title.en}
        for group in (metric.groups if metric else ()) for field in group.fields
    }  # fmt: skip


def _title(entry: TargetEntry, lang: Lang) -> str:
    return entry.row.title.en if lang == "en" else entry.row.title.vi


def _public(entry: TargetEntry, lang: Lang) -> str:
    """What the document says, which is nobody's secret."""
    plan, row, target = entry.plan, entry.row, entry.target
    en = lang == "en"
    lines = "–".join(str(line) for line in target.lines or row.lines)
    pairs = [
        ("Document" if en else "Văn bản", plan.title.en if en else plan.title.vi),
        ("Clause" if en else "Điều khoản", f"{row.clause} ({plan.document}: {lines})"),
        ("Required" if en else "Yêu cầu", target.printed),
        ("Due" if en else "Thời hạn", target.due_text),
        ("For" if en else "Phạm vi", target.scope.label.en if en else target.scope.label.vi),
    ]
    told = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in pairs)
    ask = "Access key" if en else "Khóa truy cập"
    show = "Show the explanation" if en else "Xem giải thích"
    without = (
        "Without JavaScript: chitieu explain" if en else "Không có JavaScript: chitieu explain"
    )
    return (
        f'<dl>{told}</dl><form><label>{ask} <input id="key" type="password" autocomplete="off"'
        f' required></label> <button>{show}</button></form><p class="told" id="told" role="status">'
        f"</p><noscript><p>{without} <code>{escape(entry.id)}</code></p></noscript>"
    )


def _page(request: Request, lang: Lang, title: str, body: str) -> Response:
    up = "../" * (request.scope["path"].count("/") - 1)
    query = {k: v for k, v in request.query_params.items() if k != "lang"}
    other = "vi" if lang == "en" else "en"
    text = _PAGE.format(
        lang=lang, title=escape(title), up=up, body=body,
        other=escape(f"explanation?{urlencode(query | {'lang': other})}"),
        switch="Tiếng Việt" if lang == "en" else "English",
    )  # fmt: skip
    headers = {
        "content-security-policy": PAGE_POLICY, "vary": "Authorization",
        "cache-control": "private, no-store" if bearer(request.scope) else "no-cache",
    }  # fmt: skip
    return Response(text, media_type="text/html", headers=headers)
