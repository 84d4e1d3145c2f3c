"""What is asked of an archived month: results as before; a text that is elsewhere is told so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chitieu.postgres.archiving import restore_month
from chitieu.postgres.keys import create_key, ensure_organisation
from tests.archive.made import Lived, lived
from tests.machine.system import UNITS

RECEIPT = "/v1/targets/thu-2025/ratio/receipt"


def plain(system: Lived) -> dict[str, Any]:
    """A report of February that nothing corrects and that corrects nothing."""
    named = {e.get("corrects") for e in system.posted} | {
        e["id"] for e in system.posted if e["kind"] == "retraction"
    }
    return next(
        e for e in system.posted
        if e["kind"] == "event" and not e["corrects"] and e["id"] not in named
    )  # fmt: skip


def path_of(event: dict[str, Any]) -> str:
    return f"/v1/events?source={event['source']}&id={event['id']}"


@pytest.mark.parametrize(("language", "word"), [("vi", "lưu trữ"), ("en", "archive")])
async def test_an_archived_event_is_told_as_archived(
    database: str, tmp_path: Path, language: str, word: str
) -> None:
    async with lived(database) as system:
        event = plain(system)
        before = await system.wanted(path_of(event))
        path = await system.archive(tmp_path)
        answered = await system._api.get(
            path_of(event),
            headers={
                "authorization": f"Bearer {system.keys['admin']}", "accept-language": language,
            },
        )  # fmt: skip
        problem = answered.json()
        assert (answered.status_code, problem["code"]) == (410, "event_archived")
        for said in (word, "2027-02", path.name.split(".")[1], before["items"][0]["position"],
                     before["items"][0]["known"], "chitieu archive restore"):  # fmt: skip
            assert said in problem["detail"]
        await restore_month(system.db, path)
        assert await system.wanted(path_of(event)) == before


async def test_what_stayed_and_what_never_was_are_told_as_ever(
    database: str, tmp_path: Path
) -> None:
    async with lived(database) as system:
        stayed = [e for e in system.posted if e["kind"] == "event" and e["corrects"]]
        march = [e for e in system.posted if e["id"] == "e90"]
        retracted = next(e for e in system.posted if e["kind"] == "retraction")
        paths = [
            *map(path_of, [*stayed, *march]),
            f"/v1/events?source=urn:his&id=r-{retracted['id']}",
            "/v1/events?source=urn:his&id=never",
        ]
        before = [(await system.ask(path)).content for path in paths]
        assert b'"items":[]' in before[-1]
        await system.archive(tmp_path)
        assert [(await system.ask(path)).content for path in paths] == before


async def test_who_may_not_see_an_event_does_not_learn_that_it_is_archived(
    database: str, tmp_path: Path
) -> None:
    async with lived(database) as system:
        event = plain(system)
        other = next(u for u in UNITS if u != event["unit"])
        given: tuple[tuple[Any, str, Any], ...] = (
            ("province", "syt-22", {"places": ["22"]}),
            ("unit", "bv-x", {"units": [other]}),
        )
        for role, organisation, covers in given:
            sender = await ensure_organisation(system.db, organisation, organisation)
            made = await create_key(system.db, sender, role, system.now, **covers)
            system.keys[organisation] = made.text
        before = [(await system.ask(path_of(event), k)).content for k in ("syt-22", "bv-x")]
        await system.archive(tmp_path)
        assert (await system.ask(path_of(event))).status_code == 410
        for caller, content in zip(("syt-22", "bv-x"), before, strict=True):
            answered = await system.ask(path_of(event), caller)
            assert (answered.status_code, answered.content) == (200, content)
        unit = f"/v1/units/{event['unit']}/events"
        assert (await system.ask(unit, "syt-22")).status_code == 404


async def test_known_at_before_an_archived_event_it_did_not_exist(
    database: str, tmp_path: Path
) -> None:
    async with lived(database) as system:
        event = plain(system)
        path = path_of(event) + "&known_at=2027-02-03T10:00:00%2B07:00"
        before = (await system.ask(path)).content
        await system.archive(tmp_path)
        answered = await system.ask(path)
        assert (answered.status_code, answered.content) == (200, before)
        assert b'"items":[]' in before


async def test_a_units_events_are_all_told_or_none(database: str, tmp_path: Path) -> None:
    async with lived(database) as system:
        event = plain(system)
        unit = f"/v1/units/{event['unit']}/events"
        april = "/v1/units/77F01/events?period=2025-04"  # of March 2027 alone
        before = (await system.ask(april)).content
        path = await system.archive(tmp_path)
        for query in ("", "?metric=cashless-payment", f"?period={event['period']}"):
            answered = await system.ask(unit + query)
            assert (answered.status_code, answered.json()["code"]) == (410, "archived"), query
        answered = await system.ask(unit + "?metric=emr")
        assert (answered.status_code, answered.json()["items"]) == (200, [])
        await restore_month(system.db, path)
        assert (await system.ask(unit)).status_code == 200
        assert (await system.ask(april)).content == before


async def test_a_receipt_that_needs_an_archived_text_is_refused(
    database: str, tmp_path: Path
) -> None:
    async with lived(database) as system:
        before = await system.ask(RECEIPT)
        assert before.status_code == 200, before.text
        path = await system.archive(tmp_path)
        await system.restart()
        answered = await system.ask(RECEIPT)
        assert (answered.status_code, answered.json()["code"]) == (410, "archived")
        assert "2027-02" in answered.json()["detail"]
        await restore_month(system.db, path)
        assert (await system.ask(RECEIPT)).content == before.content
