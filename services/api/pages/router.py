"""Plain pages in Vietnamese for a person who arrives here with a browser: public data only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from chitieu.catalogue.catalogue import Catalogue, TargetEntry
from chitieu.places import Place
from chitieu.scoring.asked import Asked, asked_of
from chitieu.scoring.card import origin_of
from services.api.ops.policy import PAGE_POLICY
from services.api.parameters import UsesOn
from services.api.reading import catalogue_at, named_place
from services.api.state import UsesApi
from services.api.static_files import address

router = APIRouter(include_in_schema=False)

_PAGE: Final = (
    '<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="stylesheet" href="{up}{css}"><link rel="icon" href="data:,"></head>'
    "<body><main><h1>{title}</h1>{body}</main></body></html>"
)


def _page(title: str, body: str, up: str = "") -> Response:
    text = _PAGE.format(title=escape(title), body=body, up=up, css=address("pages.css"))
    headers = {"content-security-policy": PAGE_POLICY, "cache-control": "no-cache"}
    return Response(text, media_type="text/html", headers=headers)


@router.get("/")
async def start(request: Request, api: UsesApi) -> Response:
    """Plans by province, and where everything else is."""
    registry, _ = await catalogue_at(api, None)
    catalogue = registry.catalogue or Catalogue()
    rows = []
    for plan in catalogue.plans.values():
        place = plan.place and api.places.bearing(plan.place, plan.place_on)
        count = sum(1 for e in catalogue.targets.values() if e.plan.name == plan.name)
        where = "Mọi tỉnh"
        if place:
            link = f"p/{place.code}?on={plan.place_on.isoformat()}"
            where = f'<a href="{escape(link)}">{escape(place.short_name)}</a>'
        rows.append(
            f'<tr><td>{where}</td><td>{escape(plan.title.vi)}</td><td class="n">{count}</td></tr>'
        )
    body = (
        "<p>Mỗi tỉnh, cơ sở và địa bàn còn cách chỉ tiêu chuyển đổi số y tế bao xa, kèm căn cứ."
        "</p><table><caption>Các kế hoạch</caption><thead><tr><th>Tỉnh</th><th>Văn bản</th>"
        f"<th>Chỉ tiêu</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
        '<p>Kết quả cần khóa truy cập: xem <a href="docs">tài liệu API</a>, '
        '<a href="openapi.json">OpenAPI</a>, <a href="asyncapi.json">AsyncAPI</a> (Kafka), '
        '<a href="v1/plans">/v1/plans</a>, '
        '<a href="v1/targets">/v1/targets</a>.</p>'
    )
    return _page("Chỉ Tiêu", body)


@router.get("/p/{code}")
async def province_page(api: UsesApi, code: Annotated[str, Path()], on: UsesOn) -> Response:
    """The targets on a province's scorecard, with what the documents themselves print."""
    place = named_place(api, code, on or api.today)
    registry, _ = await catalogue_at(api, None)
    plans: defaultdict[str, list[Asked]] = defaultdict(list)
    for asked in asked_of(registry, place):
        plans[asked.plan.name].append(asked)
    tables = [_table(found, _where(place)) for found in plans.values()]
    until = f" (đến {place.valid_to:%d/%m/%Y})" if place.valid_to else ""
    note = (
        '<p><a href="../">Các kế hoạch</a>. Phiếu điểm cần khóa truy cập: '
        f"<code>{escape(_scorecard(place))}</code></p>"
    )
    return _page(f"{place.name}{until}", note + "".join(tables), "../")


def _scorecard(place: Place) -> str:
    on = f"?on={place.valid_to.isoformat()}" if place.valid_to else ""
    return f"/v1/provinces/{place.code}/scorecard{on}"


def _where(place: Place) -> str:
    """The query that names this province, for a target that stands on several."""
    day = place.valid_to or place.valid_from
    return f"?province={place.code}" + (f"&on={day.isoformat()}" if day else "")


def _table(plan: Sequence[Asked], where: str) -> str:
    entries = sorted((asked.entry for asked in plan), key=lambda e: (e.row.order, e.id))
    rows = [_row(entry, where) for entry in entries]
    caption = escape(plan[0].plan.title.vi)
    if origin := origin_of(plan[0]):
        ended = f"{plan[0].place.valid_to:%d/%m/%Y}"
        caption += f" <small>Của {escape(origin['name'])} ({origin['code']}), đến {ended}</small>"
    return (
        f"<table><caption>{caption}</caption><thead><tr><th>Mục</th><th>Chỉ tiêu"
        "</th><th>Yêu cầu</th><th>Thời hạn</th><th>Kết quả in</th><th>Kết quả tính</th></tr>"
        "</thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _row(entry: TargetEntry, where: str) -> str:
    row, target = entry.row, entry.target
    key = entry.id.removeprefix(f"{entry.plan.name}/{row.key}").removeprefix("/")
    printed = [r.printed for r in row.results if r.target in (None, key)]
    value = target.printed if target.value is not None else "–"
    link = f"../v1/targets/{entry.id}"
    why = f"../t/{entry.id}/explanation{where if entry.plan.place is None else ''}"
    return (
        f'<tr><td><a href="{escape(link)}">{escape(row.clause)}</a></td>'
        f"<td>{escape(row.title.vi)}<br><small>{escape(target.scope.label.vi)}</small></td>"
        f"<td>{escape(value)}</td><td>{escape(target.due_text)}</td>"
        f"<td>{escape('; '.join(printed))}</td>"
        f'<td><a href="{escape(why)}">Vì sao</a></td></tr>'
    )
