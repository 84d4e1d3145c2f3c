"""Nothing is lost or made by looking at sums by other places; on made-up places and real ones."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chitieu.catalogue.model import Scope
from chitieu.place_kinds import Kind, Level, Share
from chitieu.places import Naming, PlaceKey, PlaceRow, PlaceRows, Places, SuccessionRow
from chitieu.ports import NewEntry
from chitieu.reports import Report
from chitieu.scoring.card import Pin, evaluate_place
from chitieu.scoring.outcome import Outcome
from chitieu.scoring.rebased import rebased
from chitieu.scoring.rebased_json import places_json
from chitieu.scoring.rebased_units import explained_places
from chitieu.scoring.where import Where
from chitieu.scoring.world import World
from tests.builders import (
    Scene,
    a_catalogue,
    a_plan,
    a_row,
    a_target,
    a_unit,
    an_event,
    cashless,
    places,
    text,
)

LAST, FIRST = dt.date(2025, 6, 30), dt.date(2025, 7, 1)
AS_OF = (dt.date(2025, 5, 31), LAST, FIRST, dt.date(2025, 9, 30), dt.date(2025, 12, 31))
DAYS = (dt.date(2025, 3, 31), FIRST, dt.date(2025, 10, 1), dt.date(2026, 4, 30))
INDICATORS = (
    "cashless-payment-count-share", "emr-hospital-share", "health-records-standardised-share",
)  # fmt: skip


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        phases=(Phase.explicit, Phase.generate),
    )  # fmt: skip


# --- made-up places ------------------------------------------------------------------------------

SECOND = dt.date(2025, 10, 1)


def _row(
    level: Level, code: str, since: dt.date | None, until: dt.date | None, province: str | None
) -> PlaceRow:
    kind = Kind.PROVINCE if level is Level.PROVINCE else Kind.COMMUNE
    key = PlaceKey(level, code, since)
    return PlaceRow(key, until, Naming(since, code, code, kind), province)


@st.composite
def countries(draw: st.DrawFn) -> Places:
    """Provinces 01–04 with two communes each; some merge in July, some of those in October."""
    codes = ["01", "02", "03", "04"]
    rows: list[PlaceRow] = []
    links: list[SuccessionRow] = []
    of_era: dict[dt.date | None, dict[str, str]] = {None: {c: c for c in codes}}
    merges = {FIRST: draw(st.lists(st.sampled_from(codes), min_size=4, max_size=4)),
              SECOND: draw(st.lists(st.sampled_from(codes), min_size=4, max_size=4))}  # fmt: skip
    # Each old province goes to the province whose code stands at its place in the list.
    for begun in (FIRST, SECOND):
        into = dict(zip(codes, merges[begun], strict=True))
        before = of_era[None if begun == FIRST else FIRST]
        of_era[begun] = {c: into[before[c]] for c in codes}
    eras: list[dt.date | None] = [None, FIRST, SECOND]
    ends = {None: LAST, FIRST: SECOND - dt.timedelta(days=1), SECOND: None}
    for at, since in enumerate(eras):
        for code in sorted(set(of_era[since].values())):
            rows.append(_row(Level.PROVINCE, code, since, ends[since], None))
        for old, code in of_era[since].items():
            for part in "12":
                rows.append(_row(Level.COMMUNE, f"{old}00{part}", since, ends[since], code))
        if since is not None:
            earlier = eras[at - 1]
            for old in codes:
                a, b = of_era[earlier][old], of_era[since][old]
                links.append(SuccessionRow(
                    PlaceKey(Level.PROVINCE, a, earlier), PlaceKey(Level.PROVINCE, b, since),
                    Share.WHOLE,
                ))  # fmt: skip
                links += _communes(draw, old, earlier, since)
    return Places(PlaceRows(tuple(rows), (), tuple(dict.fromkeys(links))))


def _communes(
    draw: st.DrawFn, old: str, earlier: dt.date | None, since: dt.date
) -> list[SuccessionRow]:
    """The two communes go on, exchange, or the first is divided over both."""
    to = draw(st.sampled_from([{"1": "1", "2": "2"}, {"1": "2", "2": "1"}, {"1": "12", "2": "2"}]))
    return [
        SuccessionRow(
            PlaceKey(Level.COMMUNE, f"{old}00{a}", earlier),
            PlaceKey(Level.COMMUNE, f"{old}00{b}", since),
            Share.WHOLE if len(ends) == 1 else Share.PART,
        )
        for a, ends in to.items()
        for b in ends
    ]


def _plan() -> Any:
    scope = Scope(label=text("Tất cả"))
    rows = [
        a_row(f"I.{n}", name, n, target=a_target(scope=scope)) for n, name in enumerate(INDICATORS)
    ]
    return a_catalogue(a_plan(rows, place=None))


@st.composite
def histories(draw: st.DrawFn, codes: Sequence[str], communes: dict[str, list[str]]) -> Any:
    """Units that move, close and open, areas among them, and what they report."""
    entries: list[NewEntry] = []
    for number in range(draw(st.integers(1, 5))):
        area = draw(st.sampled_from([False, False, False, True]))
        unit = f"dvhc-{number}" if area else f"01F{number:02}"
        since = draw(st.sampled_from([dt.date(2020, 1, 1)] * 3 + [FIRST, dt.date(2025, 8, 15)]))
        moves = draw(st.sampled_from([[], [], [dt.date(2025, 4, 15)], [dt.date(2025, 11, 1)]]))
        for day in [since, *(move for move in moves if move > since)]:
            code = draw(st.sampled_from(codes))
            commune = draw(st.sampled_from([None, *communes.get(code, [])]))
            kind: dict[str, Any] = {"commune": commune}
            if area:
                kind = {"kind": "area", "type": "province"}
            entries.append(a_unit(unit, code, str(day), **kind))
        for month in draw(st.lists(st.sampled_from(range(1, 13)), unique=True, max_size=4)):
            whole = draw(st.integers(0, 500))
            paid = draw(st.integers(0, whole))
            entries.append(cashless(unit, f"2025-{month:02}", whole, paid, id=f"{unit}-{month}"))
        if draw(st.booleans()):
            state = draw(st.sampled_from(["live", "pilot"]))
            entries.append(an_event("emr", unit, {"state": state, "on": "2025-02-01"},
                                    id=f"{unit}-s"))  # fmt: skip
            people = draw(st.integers(0, 100))
            entries.append(an_event("health-records", unit, {
                "on": "2025-02-10", "people": people, "standardised": people, "to_verify": 0,
                "not_standardised": 0}, id=f"{unit}-h"))  # fmt: skip
    return entries


FIELDS = ("numerator", "denominator", "expected", "received", "silent")


def totals(found: Outcome, where: Where) -> Counter[str]:
    """Every field over all parts."""
    whole: Counter[str] = Counter()
    for part in rebased(found, where):
        figures = part.judgement.figures
        for name in FIELDS:
            whole[name] += getattr(figures, name) or 0
        whole["counted"] += len(figures.counted)
        whole["missing"] += len(figures.missing)
    return whole


def as_reported(found: Outcome) -> Counter[str]:
    figures = found.judgement.figures
    whole: Counter[str] = Counter({name: getattr(figures, name) or 0 for name in FIELDS})
    whole["counted"], whole["missing"] = len(figures.counted), len(figures.missing)
    return whole


def shown_totals(found: Outcome, where: Where) -> tuple[Decimal, Decimal]:
    """What a reader adds up: the parts that are not null, and those told together."""
    shown = places_json(found, where)
    items = [*shown["parts"], *shown["together"]]
    return (
        sum((Decimal(item["numerator"] or 0) for item in items), Decimal(0)),
        sum((Decimal(item["denominator"] or 0) for item in items), Decimal(0)),
    )


def pieces_add_up(found: Outcome, where: Where) -> None:
    """Each part is what its units add, no more and no less."""
    told = explained_places(found, where)
    groups = [((part["code"],), part) for part in told["parts"]]
    groups += [(tuple(group["places"]), group) for group in told["together"]]
    shared = {code for codes, _ in groups if len(codes) != 1 for code in codes}
    for codes, shown in groups:
        if len(codes) == 1 and codes[0] in shared:
            continue  # null: its figures stand in its group
        mine = [u for u in told["units"] if bool(u["places"]) == bool(codes)
                and set(u["places"]) <= set(codes)]  # fmt: skip
        for name in ("numerator", "denominator"):
            whole = sum((Decimal(u[name] or 0) for u in mine), Decimal(0))
            assert whole == Decimal(shown[name] or 0), (name, codes)
        for name in ("reports", "missing"):
            assert sum(u[name] for u in mine) == shown[name], (name, codes)


def check(found: Outcome, where: Where) -> None:
    assert totals(found, where) == as_reported(found)
    pieces_add_up(found, where)
    judgement = found.judgement
    assert shown_totals(found, where) == (judgement.numerator or 0, judgement.denominator or 0)
    for part in places_json(found, where)["parts"]:
        if part["denominator"] and part["actual"]:
            exact = Decimal(part["numerator"]) * 100 / Decimal(part["denominator"])
            assert abs(exact - Decimal(part["actual"])) < Decimal("0.000001")


@bounded(60)
@given(st.data())
def test_sums_over_the_places_of_any_day_are_the_results_own(data: st.DataObject) -> None:
    country = data.draw(countries())
    codes = sorted({p.code for p in country.provinces()})
    communes = {c: [f"{c}001", f"{c}002"] for c in codes}
    entries = data.draw(histories(codes, communes))
    scene = Scene(_plan(), entries)
    world = scene.world(country)
    as_of = data.draw(st.sampled_from(AS_OF))
    where = Where(
        country, data.draw(st.sampled_from(DAYS)),
        data.draw(st.sampled_from([Level.PROVINCE, Level.COMMUNE])),
    )  # fmt: skip
    for place in country.provinces():
        for found in evaluate_place(world, place, Pin(as_of, world.known, "1:1")).outcomes:
            check(found, where)


@bounded(50)
@given(st.data())
def test_each_report_is_counted_by_one_province_of_the_day(data: st.DataObject) -> None:
    """Facilities alone: what the provinces that stand count together is what was reported."""
    country = data.draw(countries())
    codes = sorted({p.code for p in country.provinces()})
    entries = [
        e for e in data.draw(histories(codes, {}))
        if not (e.subject or "").startswith("dvhc-") and '"area"' not in e.body
    ]  # fmt: skip
    world = Scene(_plan(), entries).world(country)
    as_of = data.draw(st.sampled_from(AS_OF))
    pin = Pin(as_of, world.known, "1:1")
    counted: list[str] = []
    for place in country.provinces(as_of):
        found = evaluate_place(world, place, pin).one("thu-2025/I.0")
        assert found is not None
        reports = [c.report for c in found.judgement.figures.counted if c.report]
        counted += [r.event_id for r in reports if _was_registered(world, r)]
    reported = [
        r.event_id
        for r, fallen in world.reports.every()
        if r.metric == "cashless-payment" and r.covers <= as_of and fallen is None
        if _was_registered(world, r)
    ]  # fmt: skip
    assert sorted(counted) == sorted(reported)


def _was_registered(world: World, report: Report) -> bool:
    """What a unit says of days before it opened may lie in a province that did not stand then."""
    return world.registry.units[report.unit].opened <= report.last


# --- the real ones -------------------------------------------------------------------------------


@functools.cache
def _real() -> tuple[list[str], dict[str, list[str]]]:
    old = places().provinces(LAST)
    communes = {
        p.code: [c.code for c in places().inside(p, Level.COMMUNE, LAST)][:40:4] for p in old
    }
    return [p.code for p in old], communes


@bounded(25)
@given(st.data())
def test_63_provinces_count_what_34_count(data: st.DataObject) -> None:
    """Σ over the old places = Σ over the new ones, for every field, on the real places."""
    codes, communes = _real()
    chosen = data.draw(st.lists(st.sampled_from(codes), min_size=1, max_size=4))
    entries = data.draw(histories(chosen, communes))
    world = Scene(_plan(), entries).world()
    pin = Pin(data.draw(st.sampled_from(AS_OF[2:])), world.known, "1:1")
    level = data.draw(st.sampled_from([Level.PROVINCE, Level.DISTRICT, Level.COMMUNE]))
    old, new = Where(places(), LAST, level), Where(places(), FIRST)
    held = {h for code in {*chosen} for h in _holders(code)}
    for place in held:
        for found in evaluate_place(world, place, pin).outcomes:
            check(found, old)
            check(found, new)
            assert totals(found, old) == totals(found, new)


def _holders(code: str) -> Sequence[Any]:
    place = places().bearing(code, LAST)
    assert place is not None
    after = places().bearing(code, FIRST)
    return [*places().successors_on(place, FIRST), *([after] if after else [])]


def test_every_old_provinces_part_of_the_new_one_is_its_own_result() -> None:
    """All 63, a hospital in each with sums of its own: as they were told on the last old day."""
    entries = []
    for number, place in enumerate(places().provinces(LAST), 1):
        unit = f"{place.code}F01"
        entries.append(a_unit(unit, place.code))
        for month in (1, 3, 6):
            entries.append(cashless(unit, f"2025-{month:02}", 1000 + number, number,
                                    id=f"{unit}-{month}"))  # fmt: skip
    world = Scene(_plan(), entries).world()
    seen = {}
    for place in places().provinces(FIRST):
        found = evaluate_place(world, place, Pin(FIRST, world.known, "")).one("thu-2025/I.0")
        assert found is not None
        for part in places_json(found, Where(places(), LAST))["parts"]:
            assert part["code"] not in seen
            seen[part["code"]] = (part["numerator"], part["denominator"], part["actual"])
    own = {}
    for place in places().provinces(LAST):
        found = evaluate_place(world, place, Pin(LAST, world.known, "")).one("thu-2025/I.0")
        assert found is not None
        shown = places_json(found, Where(places(), LAST))["parts"]
        own[place.code] = tuple(shown[0][k] for k in ("numerator", "denominator", "actual"))
    assert seen == own
    assert len(seen) == 63
