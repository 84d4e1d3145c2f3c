"""The demo's reports: growth, seasons, silence, lateness, corrections, retractions. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from chitieu.catalogue.model import UnitRecord
from chitieu.demo.registry import Shape
from chitieu.periods import VIETNAM, Period, containing

Event = dict[str, Any]

_SILENT: Final = 0.03
_MISSED: Final = 0.04
_LATE: Final = 0.08
_CORRECTED: Final = 0.03
_RETRACTED: Final = 0.004
# Reports are made at the latest so many days after the last month: all lie in the past.
_GRACE: Final = 10
# Visits by month: few at Tết, many in the rainy season's end.
_SEASON: Final = (0.86, 0.72, 1.02, 1.0, 0.98, 0.97, 1.0, 1.05, 1.12, 1.14, 1.1, 1.04)
_SIZE: Final = {
    "hospital": 9_000, "district_health_centre": 4_500, "polyclinic": 1_600,
    "specialised_clinic": 500, "commune_station": 260,
}  # fmt: skip
_BOOK: Final = ("hospital", "district_health_centre")


def months_of(shape: Shape) -> list[Period]:
    """The months that are reported, oldest first."""
    found: list[Period] = []
    day = shape.last
    for _ in range(shape.months):
        month = containing("month", day)
        found.append(month)
        day = month.first - dt.timedelta(days=1)
    return found[::-1]


def reports_of(shape: Shape, units: Sequence[UnitRecord]) -> Iterator[Event]:
    """Every event, by unit and then by month; corrections and retractions after what they name."""
    months = months_of(shape)
    for unit in units:
        chance = shape.chance("reports", unit.code)
        if chance.random() < _SILENT:
            continue
        yield from _states(shape, unit, months)
        if unit.kind == "facility":
            for index, month in enumerate(months):
                if unit.from_ <= month.first and (unit.closed is None or month.last <= unit.closed):
                    yield from _month(shape, unit, month, index / max(1, len(months) - 1))


def _month(shape: Shape, unit: UnitRecord, month: Period, progress: float) -> Iterator[Event]:
    metrics = ["cashless-payment", *(["vneid-health-book"] if unit.type in _BOOK else [])]
    for metric in metrics:
        chance = shape.chance(unit.code, metric, month.first.isoformat())
        if chance.random() < _MISSED:
            continue
        late = chance.randrange(11, 60) if chance.random() < _LATE else chance.randrange(1, 9)
        made = month.last + dt.timedelta(days=late)
        if (made - shape.last).days > _GRACE:
            continue  # not written yet
        name = f"{unit.code}/{metric}/{month}"
        data = _figures(shape, unit, metric, month, progress)
        yield _event(shape, name, metric, unit.code, made, data)
        later = made + dt.timedelta(days=chance.randrange(1, 20))
        if (later - shape.last).days > _GRACE:
            continue
        if chance.random() < _CORRECTED:
            again = {key: _raised(value) for key, value in data.items()}
            again["note"] = "Sửa sau khi đối chiếu"
            yield _event(shape, f"{name}/2", metric, unit.code, later, again, corrects=name)
        elif chance.random() < _RETRACTED:
            reason = {"source": _source(shape), "id": name, "reason": "Gửi nhầm kỳ"}
            yield _event(shape, f"{name}/x", "retraction", unit.code, later, reason)


def _figures(
    shape: Shape, unit: UnitRecord, metric: str, month: Period, progress: float
) -> dict[str, Any]:
    own = shape.chance("size", unit.code)
    size = _SIZE[unit.type or ""] * math.exp(own.gauss(0, 0.35))
    bent = own.gauss(0, 0.12)
    noise = shape.chance("noise", unit.code, metric, month.first.isoformat())
    visits = max(5, round(size * _SEASON[month.first.month - 1] * noise.uniform(0.92, 1.08)))
    if metric == "vneid-health-book":
        share = _between(0.08 + 0.34 * progress + bent + noise.gauss(0, 0.03))
        visitors = max(1, round(visits * 0.8))
        return {
            "period": str(month), "visitors": visitors, "visitors_using": int(visitors * share),
        }  # fmt: skip
    share = _between(0.38 + 0.34 * progress + bent + noise.gauss(0, 0.03))
    revenue = visits * noise.randrange(180_000, 420_000)
    return {
        "period": str(month),
        "payments": visits,
        "cashless_payments": int(visits * share),
        "revenue_vnd": revenue,
        "cashless_revenue_vnd": int(revenue * _between(share + 0.06)),
    }


def _states(shape: Shape, unit: UnitRecord, months: Sequence[Period]) -> Iterator[Event]:
    """A hospital's medical records, a facility's health book, a pharmacy's link, by their days."""
    chance = shape.chance("states", unit.code)
    steps: list[tuple[str, tuple[str, ...]]] = []
    if unit.type == "hospital":
        steps.append(("emr", ("not_started", "pilot", "live")))
    if unit.kind == "facility":
        steps.append(("vneid-health-book-deployment", ("not_deployed", "deployed")))
    if unit.kind == "pharmacy":
        steps.append(("pharmacy-prescription-link", ("not_linked", "linked")))
    for metric, states in steps:
        day = max(unit.from_, months[0].first)
        for state in states:
            if day > shape.last or (unit.closed is not None and day > unit.closed):
                break
            name = f"{unit.code}/{metric}/{state}"
            data: dict[str, Any] = {"state": state, "on": day.isoformat()}
            if metric == "emr":
                data["paperless"] = state == "live" and chance.random() < 0.5
            yield _event(shape, name, metric, unit.code, day, data)
            day += dt.timedelta(days=chance.randrange(40, 420))


def _event(
    shape: Shape, name: str, metric: str, code: str, made: dt.date, data: dict[str, Any],
    *, corrects: str | None = None,
) -> Event:  # fmt: skip
    time = dt.datetime(made.year, made.month, made.day, 17, tzinfo=VIETNAM)
    event = {
        "specversion": "1.0",
        "source": _source(shape),
        "id": name,
        "type": f"vn.chitieu.{metric}.v1",
        "subject": code,
        "time": time.isoformat(),
        "data": data,
    }
    return event | ({"corrects": corrects} if corrects else {})


def _source(shape: Shape) -> str:
    # Another shape makes other reports, so it must not have the same identities.
    return f"urn:chitieu:demo:{shape.seed}-{shape.units}-{shape.months}-{shape.last:%Y-%m}"


def _raised(value: Any) -> Any:
    """A corrected figure: a twentieth more, so that parts stay within their whole."""
    return value + value // 20 if isinstance(value, int) else value


def _between(share: float) -> float:
    return min(0.99, max(0.01, share))
