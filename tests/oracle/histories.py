"""Random histories as plain dictionaries (see `oracle`), and the same ones as entries of a log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from hypothesis import strategies as st

from chitieu.periods import to_microseconds
from chitieu.ports import Entry, NewEntry
from tests.builders import a_retraction, a_unit, a_waiver, a_withdrawal, an_event
from tests.oracle.oracle import Event, days_of

UNITS = ("38F01", "38F02", "38F03")
TASK_ITEM = "thu-2025/task"
SOURCES = ("urn:a", "urn:B", "urn:é")
PERIODS = (
    "2025-01", "2025-02", "2025-03", "2025-04", "2025-01-01/2025-01-31", "2025-Q1", "2025-Q2",
    "2025-01-01/2025-03-31", "2025-H1", "2025", "2025-01-01/2025-12-31", "2025-02-10",
    "2025-02-10/2025-02-10", "2025-01-15/2025-02-15", "2025-03-01/2025-04-30", "2024-12",
    "2024-12-15/2025-01-15", "2025-01-01/2025-05-31", "2025-11", "2025-02-01/2025-02-14",
    "2025-01-15/2025-02-14", "2025-02-15/2025-03-14", "2025-02-01/2025-02-28",
)  # fmt: skip
# Extents of one length that share days, and one extent under several keys.
RIVALS = (
    ["2025-01", "2025-01-15/2025-02-14"],
    ["2025-01", "2025-Q1"],
    ["2025-Q1", "2025-H1", "2025"],
)
DAYS = tuple(
    dt.date(2025, month, day) for month in (1, 2, 3, 4, 6, 11, 12) for day in (1, 10, 15, 28)
)
WAIVED_FROM = tuple(dt.date(2025, month, 1) for month in (1, 2, 3, 4, 6))
AS_OF = (
    dt.date(2025, 1, 15), dt.date(2025, 1, 31), dt.date(2025, 2, 10), dt.date(2025, 2, 27),
    dt.date(2025, 2, 28), dt.date(2025, 3, 31), dt.date(2025, 4, 30), dt.date(2025, 5, 31),
    dt.date(2025, 6, 30), dt.date(2025, 11, 30), dt.date(2025, 12, 31), dt.date(2026, 2, 28),
)  # fmt: skip
NOON = dt.datetime(2025, 4, 1, 5, tzinfo=dt.UTC)
EMR_STATES = ("not_started", "pilot", "live", "suspended")
TASK_STATES = ("not_started", "in_progress", "waiting", "done", "cancelled")


METRICS = {
    "sums": ["cashless-payment"],
    "states": ["emr", "task"],
    "mixed": ["cashless-payment", "cashless-payment", "emr", "task"],
}


class Mode(NamedTuple):
    """What a history is about: few units, periods and days, so that keys and days collide."""

    metrics: list[str]
    units: tuple[str, ...]
    periods: list[str]
    days: list[dt.date]
    telling: bool  # figures of which every sum tells what was added


@st.composite
def _modes(draw: st.DrawFn) -> Mode:
    return Mode(
        METRICS[draw(st.sampled_from(["sums", "sums", "states", "mixed"]))],
        UNITS[: draw(st.sampled_from([1, 1, 2, 3]))],
        draw(st.sampled_from(RIVALS) | st.lists(st.sampled_from(PERIODS), min_size=1, max_size=4)),
        draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=3)),
        draw(st.booleans()),
    )


@st.composite
def _figures(draw: st.DrawFn, number: int, mode: Mode) -> dict[str, dict[str, int]]:
    groups: dict[str, dict[str, int]] = {}
    wanted = draw(st.sampled_from(["counts", "counts", "both", "revenue"]))
    if wanted != "revenue":
        whole = 3**number if mode.telling else draw(st.sampled_from([0, 1, 2, 3, 4, 4, 8]))
        groups["counts"] = {
            "payments": whole,
            "cashless_payments": draw(st.integers(0, whole)),
        }
    if wanted != "counts":
        whole = draw(st.sampled_from([0, 2, 4, 10**15]))
        groups["revenue"] = {
            "revenue_vnd": whole,
            "cashless_revenue_vnd": draw(st.sampled_from([0, whole // 2, whole])),
        }
    return groups


@st.composite
def _event(draw: st.DrawFn, number: int, count: int, mode: Mode) -> Event:
    metric = draw(st.sampled_from(mode.metrics))
    named = st.sampled_from([f"e{n}" for n in range(count)])
    event: Event = {
        "kind": "event",
        "sender": draw(st.sampled_from([1, 1, 2])),
        "source": draw(st.sampled_from(SOURCES)),
        "id": f"e{number}",
        "metric": metric,
        "unit": "38F01" if metric == "task" else draw(st.sampled_from(mode.units)),
        "time": NOON + draw(st.integers(0, 3)) * dt.timedelta(minutes=1),
        "corrects": draw(st.none() | st.none() | named),
    }
    if metric == "task":
        event |= {"on": draw(st.sampled_from(mode.days)), "item": TASK_ITEM}
        event["groups"] = {"state": {"state": draw(st.sampled_from(TASK_STATES))}}
    elif metric == "emr":
        event["on"] = draw(st.sampled_from(mode.days))
        event["groups"] = {"state": {"state": draw(st.sampled_from(EMR_STATES))}}
    else:
        event["period"] = draw(st.sampled_from(mode.periods))
        event["groups"] = draw(_figures(number, mode))
        event["estimate"] = draw(st.booleans())
        first, last = days_of(event["period"])
        if draw(st.booleans()):
            ahead = draw(st.sampled_from([9, 30, 30, 30, (last - first).days]))
            event["through"] = min(last, first + dt.timedelta(days=ahead))
        if draw(st.sampled_from([False] * 5 + [True])):
            event["item"] = "second"
    return event


# In scope more often than not: another province, another kind of facility.
_WAYS = st.sampled_from([{}, {}, {}, {"province": "40"}, {"type": "polyclinic"}])
SOON = dt.date(2025, 3, 14)
CHANGES = [{"from": dt.date(2025, 2, 16)}, {"from": dt.date(2025, 4, 1)}]


@st.composite
def _unit(draw: st.DrawFn, code: str) -> list[Event]:
    opened = draw(st.sampled_from([dt.date(2020, 1, 1)] * 3 + [dt.date(2025, 2, 5)]))
    closed = draw(st.sampled_from([None] * 3 + [dt.date(2025, 3, 14), dt.date(2025, 6, 30)]))
    first: Event = {"kind": "unit", "code": code, "from": opened} | draw(_WAYS)
    if closed and draw(st.booleans()):
        last = {"kind": "unit", "code": code, "from": closed, "closed": closed}
        return [first, last | {k: first[k] for k in ("province", "type") if k in first}]
    if draw(st.sampled_from([False, False, True])):
        changed = draw(st.sampled_from(CHANGES)) | {"kind": "unit", "code": code}
        return [first, changed | draw(_WAYS) | {"closed": closed if closed != SOON else None}]
    return [first | {"closed": closed}]


@st.composite
def _waivers(draw: st.DrawFn, mode: Mode) -> list[Event]:
    """Few, long and short, some that meet, some taken back."""
    days = st.sampled_from([*WAIVED_FROM, *mode.days])
    found: list[Event] = []
    for number in range(draw(st.sampled_from([0, 0, 1, 1, 2, 3]))):
        first = draw(days)
        long = draw(st.sampled_from([0, 9, 27, 30, 58, 89, 364]))
        metric = draw(st.sampled_from([None, None, *mode.metrics]))
        found.append({
            "kind": "waiver", "id": f"w{number}", "unit": draw(st.sampled_from(mode.units)),
            "metric": metric, "from": first, "to": first + dt.timedelta(days=long),
        })  # fmt: skip
        if draw(st.sampled_from([True, False, False, False])):
            found.append({"kind": "withdrawal", "id": f"w{number}"})
    return found


@st.composite
def logs(draw: st.DrawFn, most: int = 14) -> list[Event]:
    """Everything that arrives, in its order of arrival."""
    count, mode = draw(st.integers(2, most)), draw(_modes())
    log: list[Event] = []
    for code in mode.units:
        log += draw(_unit(code))
    if "38F02" in mode.units and draw(st.sampled_from([False, False, True])):
        # The first unit got another code one day.
        log = [e for e in log if e["code"] != "38F02"]
        since = draw(st.sampled_from([dt.date(2025, 2, 5), SOON, dt.date(2025, 4, 1)]))
        new: Event = {"kind": "unit", "code": "38F02", "from": since, "succeeds": "38F01"}
        log.append(new | draw(_WAYS))
    events = [draw(_event(number, count, mode)) for number in range(count)]
    # A correction is of the sender and source of what it names, or has no effect; both are wanted.
    for event in events:
        named = next((e for e in events if e["id"] == event["corrects"]), None)
        if named is not None and draw(st.sampled_from([True, True, False])):
            event["sender"], event["source"] = named["sender"], named["source"]
    log += events
    log += draw(_waivers(mode))
    for event in draw(st.lists(st.sampled_from(events), max_size=3)):
        sender = draw(st.sampled_from([event["sender"]] * 4 + [3]))
        log.append({
            "kind": "retraction", "sender": sender, "source": event["source"], "id": event["id"],
        })  # fmt: skip
    return draw(st.permutations(log))


@st.composite
def clocks(draw: st.DrawFn, length: int) -> list[int]:
    """When each entry is placed: strictly later than the one before, days or microseconds."""
    at = to_microseconds(dt.datetime(2025, 1, 20, 16, 59, 59, 999_990, tzinfo=dt.UTC))
    found = []
    day = 86_400_000_000
    for step in draw(st.lists(st.sampled_from([1, 1, 7, day, 9 * day, 40 * day]), min_size=length,
                              max_size=length)):  # fmt: skip
        at += step
        found.append(at)
    return found


def known_day(known: int) -> dt.date:
    """The civil day in Vietnam of an instant in microseconds since 1970."""
    return (dt.datetime(1970, 1, 1, 7) + dt.timedelta(microseconds=known)).date()  # noqa: DTZ001


def entries(log: Sequence[Event], known: Sequence[int]) -> list[Entry]:
    """The history as the engine reads it; position 1 is taken by the catalogue."""
    return [
        Entry(**asdict(_new(item, number)), seq=number + 2, known=known[number])
        for number, item in enumerate(log)
    ]


def _waiver(item: Event) -> NewEntry:
    if item["kind"] == "withdrawal":
        return a_withdrawal(item["id"])
    return a_waiver(item["unit"], str(item["from"]), str(item["to"]), item["metric"], id=item["id"])


def _new(item: Event, number: int) -> NewEntry:
    if item["kind"] == "unit":
        closed = item.get("closed")
        attributes = ("province", "type", "succeeds")
        given = {name: item[name] for name in attributes if name in item}
        closes = str(closed) if closed else None
        return a_unit(item["code"], since=str(item["from"]), closed=closes, **given)
    if item["kind"] in ("waiver", "withdrawal"):
        return _waiver(item)
    if item["kind"] == "retraction":
        return a_retraction(
            item["id"], id=f"r{number}", source=item["source"], sender=item["sender"]
        )
    data: dict[str, Any] = {}
    for fields in item["groups"].values():
        data |= fields
    for name in ("period", "item"):
        if item.get(name):
            data[name] = item[name]
    for name in ("on", "through"):
        if item.get(name):
            data[name] = str(item[name])
    if item.get("estimate"):
        data["estimate"] = True
    return an_event(
        item["metric"], item["unit"], data, id=item["id"], source=item["source"],
        sender=item["sender"], corrects=item["corrects"],
        time=item["time"].replace(tzinfo=None).isoformat(),
    )  # fmt: skip
