"""Completeness over HTTP: shapes, rights and periods."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import pytest

from tests.api.conftest import Caller, World, payment, post, score

PATH = "/v1/provinces/77/completeness?plan=br-vt-2025&period=2025-Q1&as_of=2025-03-31"


async def test_it_is_the_same_for_everyone_and_for_ever(ask: Caller, world: World) -> None:
    await score(world.dsn)  # what other tests left unscored is no part of this one
    first = await ask(PATH)
    assert first.status_code == 200, first.text
    assert {(await ask(PATH, name)).content for name in ("77", "ministry")} == {first.content}
    fixed = f"{PATH}&known_at={quote(first.json()['known_at'])}"
    await post(world, "77", [payment("more", "77F03", time="2025-05-02T09:00:00+07:00")])
    await score(world.dsn)
    assert (await ask(fixed)).content == first.content
    [before], [after] = first.json()["plans"], (await ask(PATH)).json()["plans"]
    assert after["total"]["late"] == before["total"]["late"] + 1
    assert after["total"]["missing"] == before["total"]["missing"] - 1
    tag = (await ask(fixed)).headers["etag"]
    assert (await ask(fixed, headers={"if-none-match": tag})).status_code == 304


async def test_the_annex_is_text_and_a_table(ask: Caller) -> None:
    [plan] = (await ask(PATH)).json()["plans"]
    text = await ask(f"{PATH}&format=text", headers={"accept-language": "en"})
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text.startswith("DANH SÁCH ĐƠN VỊ CHƯA BÁO CÁO\nĐịa bàn: Bà Rịa – Vũng Tàu (77)\n")
    english = await ask(f"{PATH}&format=text&lang=en")
    assert english.text.startswith("UNITS THAT HAVE NOT REPORTED\n")
    for number, unit in enumerate(plan["missing"], 1):
        assert f"\n{number}. {unit['name']} ({unit['unit']}; " in text.text
    table = await ask(f"{PATH}&format=csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert len(rows) == sum(len(unit["reports"]) for unit in plan["missing"]) > 0
    assert {row["unit"] for row in rows} == {unit["unit"] for unit in plan["missing"]}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("period=2025-Q5", 422), ("period=quarter", 422), ("period=2025-Q2", 422),
        ("plan=nothing", 422), ("format=pdf", 422), ("lang=fr", 422), ("metric=emr", 400),
        ("period=2025-01-01/2025-03-31", 200), ("format=json&lang=en", 200),
    ],
)  # fmt: skip
async def test_questions(ask: Caller, query: str, status: int) -> None:
    answer = await ask(f"/v1/provinces/77/completeness?as_of=2025-03-31&{query}")
    assert answer.status_code == status, answer.text


async def test_without_a_plan_every_plan_answers_for_its_own_period(ask: Caller) -> None:
    answer = (await ask("/v1/provinces/22/completeness?as_of=2025-10-01&on=2025-02-10")).json()
    assert {(p["plan"], p["period"], p["due"]) for p in answer["plans"]} == {
        ("byt-1366-2025", "2025-Q3", None), ("quang-ninh-2025", "2025-Q3", "2025-09-29"),
    }  # fmt: skip


async def test_a_plans_calendar_stands_in_the_catalogue(ask: Caller) -> None:
    plan = (await ask("/v1/plans/ninh-thuan-2025", None)).json()
    assert [(e["period"], e["due"]) for e in plan["calendar"]][:2] == [
        ("2025-Q1", "2025-03-19"), ("2025-H1", "2025-06-19"),
    ]  # fmt: skip
