"""Summary schemes: exact, named, and nothing undecided hidden in them."""

from __future__ import annotations

import copy
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.load import load
from chitieu.catalogue.location import default_root
from chitieu.catalogue.model import Assumption, Row, Scope, Text
from chitieu.catalogue.scheme_model import Scheme
from chitieu.ports import NewEntry
from chitieu.scoring.card import scorecard_json
from chitieu.scoring.schemes import METHODS, schemes_of
from chitieu.scoring.schemes.share_met import share_met
from tests.builders import (
    REPOSITORY,
    Scene,
    a_catalogue,
    a_plan,
    a_row,
    a_target,
    a_unit,
    an_event,
    base_units,
    cashless,
    posted_results,
    real_catalogue,
    text,
)

SHARE = "cashless-payment-count-share"
OWN = Scope(label=text("Bệnh viện Một"), units=("38F01",))
OTHER = Scope(label=text("Bệnh viện Hai"), units=("38F02",))
PAGE = REPOSITORY / "docs" / "summary-schemes.md"


def a_scheme(**given: Any) -> Scheme:
    reason = Text(vi="vì", en="because")
    values: dict[str, Any] = {
        "version": 1, "kind": "scheme", "name": "thu", "title": text("Thử"), "method": "points",
        "each": Decimal(1), "assumed": (Assumption(about="other", reading=reason, reason=reason),),
    } | given  # fmt: skip
    return Scheme(**values)


def summed(rows: list[Row], scheme: Scheme, *entries: NewEntry) -> dict[str, Any]:
    catalogue = a_catalogue(a_plan(rows))
    catalogue = catalogue.merged_with(Catalogue.of(schemes=[scheme]))
    scene = Scene(catalogue, [a_unit("38F01"), a_unit("38F02"), *entries])
    evaluated = scene.evaluated("38", "2025-12-31")
    world = evaluated.outcomes[0].world
    chosen = schemes_of(world.registry.catalogue)[scheme.name]
    found: dict[str, Any] = scorecard_json(evaluated, world.registry, summed_up=chosen)["summary"]
    return found


def year(unit: str, payments: int, paid: int) -> NewEntry:
    return cashless(unit, "2025", payments, paid, id=f"{unit}-year")


def a_task(state: str) -> NewEntry:
    data = {"item": "thu-2025/T", "state": state, "on": "2025-06-30"}
    return an_event("task", "38F01", data, id="t")


def test_a_part_of_the_value_earns_that_part_of_the_points() -> None:
    rows = [
        a_row("A", SHARE, target=a_target(value=Decimal(90), scope=OWN)),
        a_row("B", SHARE, 2, target=a_target(value=Decimal(50), scope=OTHER)),
    ]
    found = summed(rows, a_scheme(), year("38F01", 700, 100), year("38F02", 4, 3))
    # 100/7 % of 90 % is 1000/63 %; the other one is exceeded and earns 1, not 1.5.
    assert found["parts"] == [
        {"target": "thu-2025/A", "verdict": "not_met", "points": "1", "earned": "0.16"},
        {"target": "thu-2025/B", "verdict": "met", "points": "1", "earned": "1.00"},
    ]
    assert (found["points_known"], found["points_earned"], found["score"]) == ("2", "1.16", "57.94")


def test_the_fraction_decides_not_its_six_digits() -> None:
    rows = [a_row("A", SHARE, target=a_target(scope=OWN))]
    found = summed(rows, a_scheme(each=Decimal(1_000_000)), year("38F01", 3, 1))
    assert found["points_earned"] == "666666.67"  # 33.333333 % of 50 % would be 666666.66


def test_where_less_is_better_it_is_the_other_way_round() -> None:
    target = a_target(value=Decimal(20), comparator="<=", scope=OWN)
    found = summed([a_row("A", SHARE, target=target)], a_scheme(), year("38F01", 100, 50))
    assert (found["not_met"], found["score"]) == (1, "40.00")
    found = summed([a_row("A", SHARE, target=target)], a_scheme(), year("38F01", 100, 5))
    assert (found["met"], found["score"]) == (1, "100.00")


@pytest.mark.parametrize(
    ("given", "paid"), [({"comparator": "=", "value": Decimal(60)}, 50), ({"maintain": True}, 49)]
)
def test_what_is_reached_or_not_earns_all_or_nothing(given: dict[str, Any], paid: int) -> None:
    rows = [a_row("A", SHARE, target=a_target(scope=OWN, **given))]
    found = summed(rows, a_scheme(), year("38F01", 100, paid))
    assert (found["not_met"], found["score"]) == (1, "0.00")


@pytest.mark.parametrize(("state", "score"), [("done", "100.00"), ("in_progress", "0.00")])
def test_a_task_is_done_or_not(state: str, score: str) -> None:
    rows = [a_row("T", "task", target=a_target(value=Decimal(1), scope=OWN))]
    assert summed(rows, a_scheme(), a_task(state))["score"] == score


def test_what_is_undecided_is_withheld_and_shown() -> None:
    rows = [
        a_row("A", SHARE, target=a_target(scope=OWN)),
        a_row("B", SHARE, 2, target=a_target(scope=OTHER)),
        a_row("N", SHARE, 3, target=a_target(value=None, comparator=None, printed="-", scope=OWN)),
        a_row("T", "task", 4, target=a_target(value=Decimal(1), scope=OWN)),
    ]
    found = summed(rows, a_scheme(each=Decimal("2.5")), year("38F01", 4, 1), a_task("waiting"))
    assert {name: found[name] for name in found if name.startswith("points")} == {
        "points": "10", "points_known": "2.5", "points_unknown": "2.5",
        "points_not_applicable": "2.5", "points_not_in_force": "2.5", "points_earned": "1.25",
    }  # fmt: skip
    assert (found["score"], found["score_if_unknown_fail"]) == ("50.00", "25.00")
    withheld = {part["target"] for part in found["parts"] if part["earned"] is None}
    assert withheld == {"thu-2025/B", "thu-2025/N", "thu-2025/T"}


def test_nothing_decided_has_no_score() -> None:
    found = summed([a_row("A", SHARE, target=a_target(scope=OWN))], a_scheme())
    assert (found["score"], found["score_if_unknown_fail"]) == (None, "0.00")


def test_the_scheme_of_the_page_is_a_plan_with_printed_points(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    printed = yaml.safe_load(block)
    (tmp_path / f"{printed['name']}.yaml").write_text(block, "utf-8")
    scheme = load([default_root(), tmp_path]).catalogue.schemes[printed["name"]]
    rows = [
        a_row("I.1", SHARE, target=a_target(scope=OWN)),
        a_row("I.2", SHARE, 2, target=a_target(scope=OTHER)),
        a_row("I.3", "task", 3, target=a_target(value=Decimal(1), scope=OWN)),
    ]
    found = summed(rows, scheme, year("38F01", 4, 1), year("38F02", 4, 4))
    assert found["plan"] == "thu-2025"
    assert [part["points"] for part in found["parts"]] == ["5", "2.5"]
    assert (found["without_points"], found["points_earned"]) == (1, "5.00")
    assert found["score"] == "66.67"


def test_the_default_is_what_it_was() -> None:
    catalogue = real_catalogue()
    scene = Scene(catalogue, [*base_units(catalogue), *posted_results(catalogue)])
    evaluated = scene.evaluated("77", "2025-03-31")
    found = scorecard_json(evaluated, evaluated.outcomes[0].world.registry)["summary"]
    assert list(found) == [
        "scheme", "binding", "met", "not_met", "not_met_open", "unknown", "not_applicable",
        "not_in_force", "score",
    ]  # fmt: skip
    assert found == share_met(evaluated.outcomes, evaluated.why)
    wanted = f"{100 * Decimal(found['met']) / (found['met'] + found['not_met']):.2f}"
    assert (found["scheme"], found["score"]) == ("share-met", wanted)


def test_schemes_agree_on_what_they_count() -> None:
    catalogue = real_catalogue()
    scene = Scene(catalogue, [*base_units(catalogue), *posted_results(catalogue)])
    evaluated = scene.evaluated("22", "2025-02-10")
    found = [scheme(evaluated.outcomes, evaluated.why) for scheme in schemes_of(catalogue).values()]
    assert [one["scheme"] for one in found] == ["share-met", "points"]
    plain, points = found
    assert {name: points[name] for name in plain if name not in ("scheme", "score")} == {
        name: plain[name] for name in plain if name not in ("scheme", "score")
    }
    assert points["points"] == str(plain["binding"])
    assert points["assumed"]
    assert Decimal(points["score"]) >= Decimal(plain["score"])


def test_a_catalogue_from_before_there_were_schemes_is_read_and_keeps_its_digest() -> None:
    body = json.loads(real_catalogue().to_json())
    del body["schemes"]
    older = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    read = Catalogue.from_json(older)
    assert read.to_json() == older.encode()
    assert list(schemes_of(read)) == ["share-met"]
    assert Catalogue.from_json(real_catalogue().to_json()) == real_catalogue()
    assert real_catalogue().digest != read.digest


def test_the_page_tells_of_every_scheme_method_and_field() -> None:
    page = PAGE.read_text("utf-8")
    assert set(METHODS) == set(get_args(Scheme.model_fields["method"].annotation))
    for name in (*schemes_of(real_catalogue()), *METHODS):
        assert f"## `{name}`" in page
    fields = summed([a_row("A", SHARE, target=a_target(scope=OWN))], a_scheme())
    told = copy.copy(page)
    missing = [name for name in fields if f"`{name}`" not in told and name != "scheme"]
    assert missing == []
