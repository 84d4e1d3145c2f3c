"""Receipts over HTTP: the answer is the file, and it rests on the log's own entries."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from chitieu.receipts.basis import basis_of
from chitieu.receipts.check import check_receipt
from chitieu.scoring.results import canonical
from tests.api.conftest import Caller, World
from tests.builders import places, real_catalogue
from tests.receipts.made import entries_of

I7 = "br-vt-2025/annex-2/I.7/province"
PAIR = "as_of=2025-03-31"


async def receipt(ask: Caller, target: str, query: str = PAIR, as_: str = "admin") -> Any:
    answer = await ask(f"/v1/targets/{target}/receipt?{query}", as_)
    assert answer.status_code == 200, answer.text
    checked = check_receipt(answer.content, real_catalogue(), places())
    assert checked.fault is None, checked.fault
    return checked.receipt


async def test_the_answer_is_a_receipt_of_the_answers_beside_it(ask: Caller) -> None:
    found = await receipt(ask, I7)
    pair = {"as_of": found["as_of"], "known_at": found["known_at"]}
    explanation = await ask(f"/v1/targets/{I7}/explanation", params=pair)
    assert canonical(found["explanation"]).encode() == explanation.content
    result = (await ask(f"/v1/targets/{I7}/result", params=pair)).json()
    assert found["result"] == {k: v for k, v in result.items() if k in found["result"]}
    assert found["result"]["numerator"] == 776


async def test_every_target_of_a_scorecard_has_one(ask: Caller) -> None:
    for card in ("77/scorecard?as_of=2025-03-31", "22/scorecard?as_of=2025-02-10"):
        results = (await ask(f"/v1/provinces/{card}")).json()["results"]
        for result in results[::9]:
            query = result["links"]["explanation"].partition("?")[2]
            found = await receipt(ask, result["target"], query)
            assert found["result"] == result


async def test_corrections_and_what_they_correct_are_in_it(ask: Caller) -> None:
    card = (await ask("/v1/units/77F01/scorecard?as_of=2025-03-31", "unit")).json()
    (target,) = {
        c["target"] for c in card["contributions"]
        if c["indicator"] == "cashless-payment-count-share"
    }  # fmt: skip
    found = await receipt(ask, target)
    events = [e["id"] for e in found["entries"] if e["subject"] == "77F01" and e["id"]]
    assert events[:4] == ["p1", "p2", "p3", "p4"]  # other tests add to them


async def test_the_adapter_reads_what_the_plain_statement_says(
    ask: Caller, app: Any, world: World
) -> None:
    from chitieu.postgres.log import read_entries
    from chitieu.postgres.receipts import read_basis
    from services.api.parameters import Moment
    from services.api.reading import pin

    place = places().bearing("77", app.state.api.today.replace(2025, 3, 31))
    assert place is not None
    api = app.state.api
    pinned = await pin(api, place, Moment(api.today.replace(2025, 3, 31), None))
    seen = await api.evaluations.place(place, pinned)
    connection = await asyncpg.connect(world.dsn)
    try:
        log = [e for e in await read_entries(connection, 0, 10**6) if e.seq <= pinned.seq]
        for outcome in seen.evaluated.outcomes[::5]:
            basis = basis_of(outcome)
            assert await read_basis(connection, basis, pinned.seq) == entries_of(log, basis)
    finally:
        await connection.close()


async def test_a_receipt_stays_the_same_for_ever(ask: Caller) -> None:
    found = await receipt(ask, I7)
    query = {"as_of": found["as_of"], "known_at": found["known_at"]}
    again = await ask(f"/v1/targets/{I7}/receipt", params=query)
    assert again.content == canonical(found).encode()
    tag = again.headers["etag"]
    cached = await ask(f"/v1/targets/{I7}/receipt", params=query, headers={"if-none-match": tag})
    assert cached.status_code == 304


async def test_one_that_is_too_large_is_refused_in_words(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.targets.receipts.ENTRIES_MAX", 0)
    answer = await ask(f"/v1/targets/{I7}/receipt?as_of=2025-03-30")
    assert (answer.status_code, answer.json()["code"]) == (422, "receipt_too_large")


async def test_a_unit_gets_a_receipt_of_its_own_alone(ask: Caller) -> None:
    """Where it is compared over the whole province, the register is in it: not for one unit."""
    path = f"/v1/targets/{I7}/receipt?{PAIR}"
    for name in ("unit", "other", "22"):
        assert (await ask(path, name)).status_code == 404
    own = await ask(path, "syt")
    card = (await ask("/v1/units/cq-syt-77/scorecard?as_of=2025-03-31", "syt")).json()
    shown = 0
    for result in card["results"][::4]:
        link = result["links"]["explanation"].replace("/explanation?", "/receipt?")
        answer = await ask(link, "syt")
        if answer.status_code == 200:
            shown += 1
            units = {e["body"]["code"] for e in answer.json()["entries"] if e["kind"] == "unit"}
            assert {u for u in units if not u.startswith("dvhc-")} <= {"cq-syt-77"}
    assert shown
    assert own.status_code in (200, 404)
