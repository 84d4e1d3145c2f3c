"""The page that explains a result. What is public stands there for all; figures need a key.

A browser that follows a link sends no key, so the page asks for it and posts it to its own
address: the key stands in no address, cookie, store or page, and nothing on the page is a script.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from html import escape
from typing import Annotated, Final
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from chitieu.catalogue.catalogue import TargetEntry
from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.web import bearer, read_body
from services.api.catalogue.router import TargetPath
from services.api.keyring import principal_of
from services.api.ops.policy import FORM_POLICY
from services.api.pages.by_places import Lang
from services.api.pages.explained import Explained, Labels
from services.api.parameters import (
    AsOf,
    ClosingName,
    KnownAt,
    UsesOn,
    moment,
    moment_of,
    one_of,
)
from services.api.places.by_day import ByPlaces, UsesPlaces, need_places
from services.api.reading import catalogue_at
from services.api.state import Api, UsesApi
from services.api.static_files import address
from services.api.targets.router import Found, ProvinceCode, Question, explained, find, need_units

router = APIRouter(include_in_schema=False)

_BODY_MAX: Final = 4096
_PAGE: Final = (
    '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="stylesheet" href="{up}{css}"><link rel="icon" href="data:,"></head>'
    '<body><main><nav><a href="{up}">Chỉ Tiêu</a>{other}</nav>{body}</main></body></html>'
)


@dataclass(frozen=True)
class Asked:
    """The question of the address. Its closing is looked up when it is known who asks."""

    target: str
    by: ByPlaces | None
    lang: Lang
    on: dt.date | None
    as_of: str | None
    known_at: str | None
    closing: str | None
    province: str | None

    async def question(self, api: Api, principal: Principal) -> Question:
        """For who asks. Problems of the parameters, `not_found`."""
        asked = await moment(api, principal, self.as_of, self.known_at, self.closing)
        return Question(self.target, self.province, self.on, asked)

    def known(self, api: Api) -> int | None:
        """As far as it is public. Problems of the parameters."""
        if self.closing is not None and (self.as_of, self.known_at) != (None, None):
            raise Problem("closing_and_pair")
        return moment_of(api, self.as_of, self.known_at).known


async def asked_of(
    target: TargetPath, on: UsesOn, by: UsesPlaces, as_of: AsOf = None, known_at: KnownAt = None,
    closing: ClosingName = None, province: ProvinceCode = None,
    lang: Annotated[str | None, Query(description="vi (default) or en.")] = None,
) -> Asked:  # fmt: skip
    """Problem `bad_value` of another language."""
    one_of("lang", lang, ("vi", "en"))
    asked_in: Lang = "en" if lang == "en" else "vi"
    return Asked(target, by, asked_in, on, as_of, known_at, closing, province)


Asks = Annotated[Asked, Depends(asked_of)]


@router.get("/t/{target:path}/explanation")
async def explanation_page(request: Request, api: UsesApi, asks: Asks) -> Response:
    """The explanation for who may see it, else what the document says and a field for a key."""
    given = bearer(request.scope)
    if given is None:
        return await _public(request, api, asks)
    return await _told(request, api, asks, given)


@router.post("/t/{target:path}/explanation")
async def explanation_shown(request: Request, api: UsesApi, asks: Asks) -> Response:
    """The same for the key of the page's own form; what is wrong with it is said above the form."""
    body = await read_body(request.scope, request.receive, _BODY_MAX)
    given = parse_qs(body.decode("latin-1")).get("key", [""])[0].strip()
    try:
        return await _told(request, api, asks, given.encode() or None)
    except Problem as problem:
        return await _public(request, api, asks, problem)


async def _told(request: Request, api: Api, asks: Asked, key: bytes | None) -> Response:
    """The explanation. Problems `key_missing`, `key_invalid`, `not_found`."""
    principal = await principal_of(request, key)
    found = await find(api, principal, await asks.question(api, principal))
    need_units(principal, found)
    need_places(principal, asks.by)
    made = await api.evaluations.run(lambda: _both(api, found, asks.lang, asks.by))
    return _page(asks.lang, made[0].title, _choice(*made), request)


def _both(api: Api, found: Found, lang: Lang, by: ByPlaces | None) -> tuple[Explained, Explained]:
    """In the language that was asked for, and in the other."""
    answer, labels = explained(api, found, by), _labels(found)
    other: Lang = "vi" if lang == "en" else "en"
    return Explained(answer, lang, labels), Explained(answer, other, labels)


def _choice(first: Explained, other: Explained) -> str:
    """One page in two languages: changing between them needs no key again."""
    fields = "".join(
        f'<input type="radio" name="lang" id="lang-{each.lang}"{checked}>'
        f'<label for="lang-{each.lang}">{"English" if each.lang == "en" else "Tiếng Việt"}</label> '
        for each, checked in ((first, " checked"), (other, ""))
    )
    articles = "".join(
        f'<article lang="{each.lang}"><h1>{escape(each.title)}</h1>{each.html()}</article>'
        for each in (first, other)
    )
    return fields + articles


async def _public(
    request: Request, api: Api, asks: Asked, problem: Problem | None = None
) -> Response:
    """What the document says, which is nobody's secret. Problem `not_found`."""
    registry, _ = await catalogue_at(api, asks.known(api))
    entry = registry.catalogue.targets.get(asks.target) if registry.catalogue else None
    if entry is None:
        raise Problem("not_found")
    lang = asks.lang
    title = entry.row.title.en if lang == "en" else entry.row.title.vi
    told = "" if problem is None else _words(problem, lang)
    body = f"<h1>{escape(title)}</h1>{_document(entry, lang)}{_form(request, lang, told)}"
    answer = _page(lang, title, body, request, link=True)
    if problem is not None:
        answer.status_code = problem.status
        answer.raw_headers.extend(problem.headers)
    return answer


def _words(problem: Problem, lang: Lang) -> str:
    """What is wrong, above a form: nobody who fills it in knows of a header."""
    if problem.code == "key_missing":
        return "No access key was entered." if lang == "en" else "Chưa nhập khóa truy cập."
    return str(problem.body(lang)["detail"])


def _labels(found: Found) -> Labels:
    """What the metric's fields are called."""
    metric = found.outcome.asked.metric
    return {
        field.name: {"vi": field.title.vi, "en": field.title.en}
        for group in (metric.groups if metric else ()) for field in group.fields
    }  # fmt: skip


def _document(entry: TargetEntry, lang: Lang) -> str:
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
    return f"<dl>{told}</dl>"


def _form(request: Request, lang: Lang, told: str) -> str:
    en = lang == "en"
    ask = "Access key" if en else "Khóa truy cập"
    show = "Show the explanation" if en else "Xem giải thích"
    return (
        f'<form method="post" action="{_address(request, lang)}"><label>{ask} <input name="key"'
        f' type="password" autocomplete="off" required></label> <button>{show}</button></form>'
        f'<p class="told" role="status">{escape(told)}</p>'
    )


def _address(request: Request, lang: Lang) -> str:
    """This question in a language, as a link on this page."""
    query = {k: v for k, v in request.query_params.items() if k != "lang"} | {"lang": lang}
    return escape(f"explanation?{urlencode(query)}")


def _page(lang: Lang, title: str, body: str, request: Request, *, link: bool = False) -> Response:
    """The page; only what is public links to its other language."""
    other: Lang = "vi" if lang == "en" else "en"
    switch = "Tiếng Việt" if lang == "en" else "English"
    text = _PAGE.format(
        lang=lang, title=escape(title), up="../" * (request.scope["path"].count("/") - 1),
        css=address("pages.css"), body=body,
        other=f' · <a href="{_address(request, other)}">{switch}</a>' if link else "",
    )  # fmt: skip
    headers = {
        "content-security-policy": FORM_POLICY, "vary": "Authorization",
        "cache-control": "no-cache" if link else "private, no-store",
    }  # fmt: skip
    return Response(text, media_type="text/html", headers=headers)
