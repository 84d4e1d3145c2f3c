"""What falls due and what-if over HTTP: who sees what, what is kept, what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import jsonschema
import pytest

from chitieu.outlook.forecast import Flow, Required, pooled_ratio, succession
from chitieu.scoring.outlook import Ahead, forecast_json
from tests.api.conftest import Caller
from tests.api.inferred import DECLARED

DAY = dt.date(2025, 12, 31)
OVER_80 = Required(">=", 80.0)
AT = "as_of=2025-03-31"
CARD = f"/v1/provinces/77/scorecard?{AT}"
DUE = f"/v1/provinces/77/due?{AT}"


async def online_payment(ask: Caller) -> dict[str, Any]:
    """The result that rests on the health department's own figures."""
    results = (await ask(CARD)).json()["results"]
    found: dict[str, Any] = next(
        r for r in results if r["target"] == "br-vt-2025/annex-2/I.7/province"
    )
    return found


async def test_due_lists_what_the_scorecard_says_by_who_is_responsible(ask: Caller) -> None:
    card = (await ask(CARD)).json()["results"]
    found = (await ask(f"{DUE}&days=280")).json()
    assert (found["days"], found["until"]) == (280, "2026-01-05")
    told = {t["target"]: t for party in found["responsible"] for t in party["targets"]}
    open_ = {
        r["target"]: r for r in card
        if r["due"] and AT[6:] <= r["due"] <= found["until"] and r["verdict"] != "not_in_force"
    }  # fmt: skip
    assert told.keys() == open_.keys()
    assert told
    for name, target in told.items():
        for field in ("verdict", "gap", "outlook", "due", "links", "binding"):
            assert target[field] == open_[name][field], (name, field)
    labels = [(p["label"] or "", p["unit"] or "") for p in found["responsible"]]
    assert labels == sorted(labels)


@pytest.mark.parametrize("days", ["0", "367", "-1", "x", "٣", "1e1"])
async def test_days_are_read_strictly(ask: Caller, days: str) -> None:
    answer = await ask(f"/v1/provinces/77/due?days={days}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_value")


async def test_due_is_seen_by_who_sees_the_scorecard_and_is_the_same_for_all(ask: Caller) -> None:
    bodies = {as_: (await ask(DUE, as_)).content for as_ in ("admin", "77", "unit")}
    assert len(set(bodies.values())) == 1
    assert (await ask(DUE, "22")).status_code == 404
    assert (await ask(DUE, None)).status_code == 401


async def test_a_result_as_if_is_marked_and_kept_nowhere(ask: Caller) -> None:
    link = (await online_payment(ask))["links"]["result"]
    before = await ask(link)
    assert before.json()["what_if"] == []
    as_if = f"{link}&what_if=cq-syt-77:dossiers_paid_online=1"
    answer = await ask(as_if, headers={"if-none-match": "*"})
    assert answer.status_code == 200, answer.text
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["what_if"] == [{"unit": "cq-syt-77", "field": "dossiers_paid_online", "value": "1"}]
    assert (body["numerator"], body["verdict"]) == (1, "not_met")
    after = await ask(link)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])


@pytest.mark.parametrize(
    ("what_if", "code"),
    [
        ("cq-syt-77", "bad_value"),
        ("cq-syt-77:x", "bad_value"),
        ("cq-syt-77:dossiers=", "bad_value"),
        ("nowhere:dossiers=1", "what_if_unit"),
        ("77F01:dossiers=1", "what_if_unit"),
        ("cq-syt-77:nothing=1", "what_if_field"),
        ("cq-syt-77:dossiers_paid_online=x", "what_if_value"),
    ],
)
async def test_what_cannot_be_supposed_is_refused(ask: Caller, what_if: str, code: str) -> None:
    link = (await online_payment(ask))["links"]["result"]
    answer = await ask(f"{link}&what_if={what_if}")
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert "{" not in answer.json()["detail"]


async def test_a_unit_that_may_not_be_seen_is_refused_as_one_that_is_not(ask: Caller) -> None:
    link = (await online_payment(ask))["links"]["result"]
    mine = await ask(f"{link}&what_if=cq-syt-77:dossiers_paid_online=1", "syt")
    foreign = await ask(f"{link}&what_if=cq-syt-77:dossiers_paid_online=1", "unit")
    invented = await ask(f"{link}&what_if=no-such:dossiers_paid_online=1", "unit")
    assert mine.status_code == 200
    assert (foreign.status_code, foreign.content) == (422, invented.content)


async def test_what_if_repeats_and_other_parameters_do_not(ask: Caller) -> None:
    link = (await online_payment(ask))["links"]["result"]
    twice = "&what_if=cq-syt-77:dossiers_paid_online=1" * 2
    assert (await ask(f"{link}{twice}")).json()["code"] == "what_if_contradicts"
    assert (await ask(f"{link}&{AT}")).json()["code"] == "repeated_parameter"
    many = "&what_if=cq-syt-77:dossiers_paid_online=1" * 21
    assert (await ask(f"{link}{many}")).json()["code"] == "bad_value"


async def test_no_unit_is_named_in_a_gap_on_a_scorecard(ask: Caller) -> None:
    for card in (CARD, "/v1/provinces/22/scorecard?as_of=2025-02-10"):
        for result in (await ask(card)).json()["results"]:
            if result["gap"] is not None:
                assert result["gap"].keys() == {
                    "points", "count", "of", "of_en", "text", "text_en", "per_week", "weeks_left",
                }  # fmt: skip


def test_the_declared_schema_of_a_forecast_is_what_is_answered() -> None:
    ahead = Ahead("on_track", pooled_ratio(Flow([8.0] * 3, [9.0] * 3, (24, 27), 9), OVER_80), DAY)
    kept = Ahead("at_risk", succession(4, 3), DAY)
    for each in (ahead, kept, Ahead("insufficient_history", None, DAY)):
        jsonschema.validate(forecast_json(each), DECLARED["forecast"])
    found = forecast_json(ahead)
    assert found is not None
    assert sorted(found) == DECLARED["forecast"]["required"]
