"""The whole system under random hands: ingest, scorer and api over PostgreSQL, and the oracle.

`System` has a method for everything that can happen to it, and `check`, which holds after each of
them: what the scorer stored is what a replay gives, what the api answers is what the oracle says,
what it answered before it answers again to the byte, a closing is made again as it was published,
and a dissolved province's results stand on its successor's scorecard as on its own.

Province 77 ends on 30 June 2025; 79 is its successor. All targets are of one plan of 77.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
from fastapi import FastAPI

from chitieu.asgi import lifespan
from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.model import Each, Metric, Row, Scope
from chitieu.periods import civil_day, from_microseconds, to_microseconds
from chitieu.postgres.base_registry import bring
from chitieu.postgres.keys import create_key, ensure_organisation
from chitieu.postgres.verify import Difference, verify
from chitieu.settings import Settings
from services.api.app import create_app
from services.ingest.app import IngestApp
from services.scorer.worker import Scorer
from tests.builders import a_plan, a_row, a_target, places, real_catalogue, text
from tests.oracle.oracle import Answer, Event, Question, answer
from tests.oracle.test_oracle import COUNTS, EMR, HOSPITALS, MORE, REVENUE
from tests.travel.ask import told

PLAN = "thu-2025"
TASK = f"{PLAN}/task"
UNITS = ("77F01", "77F02", "77F03", "77F04")
LAST_DAY = dt.date(2025, 6, 30)
START = dt.datetime(2025, 4, 15, 3, tzinfo=dt.UTC)
BATCH = "application/cloudevents-batch+json"
METRICS = ("cashless-payment", "emr", "task")
SCOPE = {"place": "77", "ends": LAST_DAY, "due": dt.date(2025, 12, 31)}
# Name, the oracle's question, indicator, what else the target says. Values change by version.
ASKED: tuple[tuple[str, Question, str, dict[str, Any]], ...] = (
    ("ratio", {"kind": "ratio"} | COUNTS, "cashless-payment-count-share", {}),
    ("half", {"kind": "ratio"} | REVENUE | {"min_reported": Fraction(1, 2)}, "half-enough", {}),
    ("total", {"kind": "total"} | COUNTS | {"numerator": "payments", "denominator": None},
     "payments", {}),
    ("share", {"kind": "share_of_units"} | EMR, "emr-hospital-share", {}),
    ("meeting", {"kind": "share_meeting"} | COUNTS | {"each": (">=", Fraction(50))}, "meeting",
     {"each": Each(comparator=">=", value=Decimal(50))}),
    ("waits", {"kind": "ratio"} | COUNTS, "cashless-payment-count-share",
     {"condition": text("khi có hướng dẫn")}),
)  # fmt: skip
VALUES = (("50", ">="), ("70", ">"))


def catalogue(version: int) -> Catalogue:
    """The plan with the values of a version; little else, so that a replay is quick."""
    real = real_catalogue()
    value, comparator = VALUES[version]
    rows: list[Row] = []
    for number, (name, _, indicator, more) in enumerate(ASKED):
        target = a_target(scope=HOSPITALS, value=Decimal(value), comparator=comparator, **more)
        rows.append(a_row(name, indicator, number, target=target))
    own = Scope(label=text("Bệnh viện 1"), units=(UNITS[0],))
    rows.append(a_row("task", "task", 99, target=a_target(value=Decimal(1), scope=own)))
    plan = a_plan(rows, name=PLAN, place="77")
    indicators = [i for i in (*real.indicators.values(), *MORE) if i.name in _indicators()]
    metrics = [real.metrics[name] for name in (*METRICS, "published-rate")]
    return Catalogue.of(_known(metrics), indicators, [plan])


def _indicators() -> set[str]:
    return {indicator for _, _, indicator, _ in ASKED} | {"task"}


def _known(metrics: list[Metric]) -> list[Metric]:
    """Without the two that every catalogue brings along."""
    return [metric for metric in metrics if metric.name not in ("task", "published-rate")]


@functools.lru_cache(maxsize=1)
def _app(dsn: str) -> FastAPI:
    """All that the api holds is made by its lifespan, anew at each restart; to make its routes
    each time, too, would be a tenth of all the work."""
    app = create_app(Settings(database_url=dsn), clock=lambda: app.state.clock(), places=places())
    return app


@dataclass
class Told:
    """What the oracle is given: everything that was accepted, in its order."""

    log: list[Event] = field(default_factory=list)
    version: int = 0
    fulfilled: dt.date | None = None


class System:
    """One running system; everything is awaited on one event loop."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.now = START
        self.told = Told()
        self.kept: dict[str, bytes] = {}
        self.closings: list[dict[str, Any]] = []
        self.posted: list[dict[str, Any]] = []
        self._stack = AsyncExitStack()
        self._number = 0
        self._settings = Settings(database_url=dsn)
        self._app = _app(dsn)
        self._app.state.clock = lambda: self.now

    # --- starting and stopping -------------------------------------------------------------------

    async def start(self) -> None:
        """Catalogue, units and keys in a fresh database, and every process."""
        self.db = await self._stack.enter_async_context(_connected(self.dsn))
        await bring(self.db, catalogue(0), self.now)
        self.keys = {
            "admin": await self._key("admin", "ops"),
            "his": await self._key("admin", "his"),
            "77": await self._key("province", "syt", ["77", "79@2025-07-01"]),
            "77b": await self._key("province", "syt", ["77", "79@2025-07-01"]),
        }
        await self._processes()
        for code in UNITS:
            await self.put_unit(code, "2020-01-01")
        await self.settle()

    async def stop(self) -> None:
        await self._running.aclose()
        await self._stack.aclose()

    async def _processes(self) -> None:
        self._running = AsyncExitStack()
        ingest = IngestApp(self._settings, places(), now=lambda: self.now)
        await ingest.startup()
        self._running.push_async_callback(ingest.shutdown)
        await self._running.enter_async_context(lifespan(self._app))
        clients = []
        for app in (ingest, self._app):
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://x")
            clients.append(await self._running.enter_async_context(client))
        self._ingest, self._api = clients
        self._scoring = AsyncExitStack()
        self._running.push_async_callback(lambda: self._scoring.aclose())
        await self.new_scorer()

    async def new_scorer(self) -> None:
        """The scorer ends, if one runs, and another takes up where it stood."""
        await self._scoring.aclose()
        connection = await self._scoring.enter_async_context(_connected(self.dsn))
        self.scorer = Scorer(connection, places())
        await self.scorer.start(civil_day(self.now))

    async def restart(self) -> None:
        """All processes end and begin again."""
        await self._running.aclose()
        await self._processes()

    async def _key(self, role: Any, organisation: str, covers: list[str] | None = None) -> str:
        sender = await ensure_organisation(self.db, organisation, organisation)
        return (await create_key(self.db, sender, role, self.now, places=covers or ())).text

    # --- asking ----------------------------------------------------------------------------------

    async def ask(self, path: str, as_: str = "admin", method: str = "GET", **given: Any) -> Any:
        """The api's answer."""
        headers = {"authorization": f"Bearer {self.keys[as_]}"}
        return await self._api.request(method, path, headers=headers, **given)

    async def wanted(self, path: str, as_: str = "admin", status: int = 200, **given: Any) -> Any:
        """Its JSON; another status is a fault."""
        answered = await self.ask(path, as_, **given)
        assert answered.status_code == status, (path, answered.text)
        return answered.json() if answered.content else None

    async def settle(self) -> None:
        """Place and score all that was committed."""
        while await self.scorer.step(self.now):
            pass

    # --- what happens ----------------------------------------------------------------------------

    def pass_time(self, **days: int) -> None:
        """The clock goes on; 1 July 2025 dissolves the province."""
        self.now += dt.timedelta(**days)

    async def post(self, event: Event, status: str = "accepted") -> None:
        """An event in the oracle's words, through the real ingest."""
        wire = self.wire(event)
        headers = {
            "authorization": f"Bearer {self.keys['his']}", "content-type": BATCH,
            "prefer": "return=representation",
        }  # fmt: skip
        answered = await self._ingest.post("/v1/events", json=[wire], headers=headers)
        body = answered.json()
        assert "results" in body, answered.text
        assert body["results"][0]["status"] == status, answered.text
        if status == "accepted":
            self.posted.append(event)
            self.told.log.append(event)
        await self.settle()

    def wire(self, event: Event) -> dict[str, Any]:
        """The CloudEvent of an oracle's event."""
        found = {
            "specversion": "1.0", "source": event["source"], "subject": event.get("unit"),
            "time": event["time"].isoformat(),
        }  # fmt: skip
        if event["kind"] == "retraction":
            del found["subject"]
            data = {"source": event["source"], "id": event["id"], "reason": "nhầm"}
            kind = "vn.chitieu.retraction.v1"
            return found | {"id": f"r-{event['id']}", "type": kind, "data": data}
        data = {k: v for fields in event["groups"].values() for k, v in fields.items()}
        for name in ("period", "item", "estimate"):
            if event.get(name):
                data[name] = event[name]
        for name in ("on", "through"):
            if event.get(name):
                data[name] = event[name].isoformat()
        more = {"corrects": event["corrects"]} if event.get("corrects") else {}
        return found | more | {
            "id": event["id"], "type": f"vn.chitieu.{event['metric']}.v1", "data": data,
        }  # fmt: skip

    async def put_unit(self, code: str, since: str, **given: Any) -> None:
        """Attributes of a unit from a day on."""
        wanted: dict[str, Any] = {
            "from": since, "name": code, "kind": "facility", "type": "hospital",
            "ownership": "public", "province": "77", "fictional": True,
        } | given  # fmt: skip
        answered = await self.ask(f"/v1/units/{code}", "admin", "PUT", json=wanted)
        assert answered.status_code in (200, 201), answered.text
        said: Event = {"kind": "unit", "code": code, "from": dt.date.fromisoformat(since),
                       "province": wanted["province"], "type": wanted["type"]}  # fmt: skip
        if wanted.get("closed"):
            said["closed"] = dt.date.fromisoformat(wanted["closed"])
        self.told.log.append(said)
        await self.settle()

    async def waive(self, code: str, first: str, last: str, metric: str | None) -> None:
        """A waiver; said twice, it is once."""
        said: Event = {
            "kind": "waiver", "unit": code, "metric": metric,
            "from": dt.date.fromisoformat(first), "to": dt.date.fromisoformat(last),
        }  # fmt: skip
        again = any(said.items() <= before.items() for before in self.told.log)
        body = {"metric": metric, "from": first, "to": last, "document": "12/QĐ-SYT",
                "reason": "Mất điện"}  # fmt: skip
        path, status = f"/v1/units/{code}/waivers", 200 if again else 201
        made = await self.wanted(path, status=status, method="POST", json=body)
        if not again:
            self.told.log.append(said | {"id": made["id"]})
        await self.settle()

    async def fulfil(self, day: str) -> None:
        """The condition of the target that waits for one; said twice in a row, it is once."""
        again = dt.date.fromisoformat(day) == self.told.fulfilled
        body = {"fulfilled_on": day, "document": "1366/BYT"}
        path = f"/v1/targets/{PLAN}/waits/condition"
        await self.wanted(path, "77", status=200 if again else 201, method="POST", json=body)
        self.told.fulfilled = dt.date.fromisoformat(day)
        await self.settle()

    async def load_catalogue(self, version: int) -> None:
        """The plan with other values."""
        await bring(self.db, catalogue(version), self.now)
        self.told.version = version
        await self.settle()

    async def close(self, period: str) -> bool:
        """Close a period; False when it is closed already or has not ended."""
        path = "/v1/provinces/77/closings?on=2025-06-30"
        answered = await self.ask(path, "77", "POST", json={"plan": PLAN, "period": period})
        if answered.status_code == 201:
            self.closings.append(answered.json())
            await self.settle()
            return True
        codes = ("already_closed", "period_not_ended", "period_outside_plan")
        assert answered.json()["code"] in codes, answered.text
        return False

    async def reopen(self, name: str) -> None:
        """By two keys; one alone does not."""
        path = f"/v1/provinces/77/closings/{name}/reopen"
        for key, status in (("77", 202), ("77", 409), ("77b", 200)):
            body = {"reason": "Đơn vị gửi bản sửa"}
            await self.wanted(path, key, status=status, method="POST", json=body)
            await self.settle()
        self.closings = [c for c in self.closings if c["id"] != name]

    async def replay(self) -> None:
        """Throw away all that is derived and make it again."""
        for table in ("measurement", "standing_change", "place_position", "result", "consumer"):
            await self.db.execute(f"DELETE FROM {table}")
        await self.new_scorer()
        await self.settle()

    async def keep(self) -> None:
        """Remember an answer at the newest instant."""
        card = await self.wanted("/v1/provinces/77/scorecard?on=2025-06-30")
        name = self.told.version, len(self.kept)
        target = f"{PLAN}/{ASKED[name[1] % len(ASKED)][0]}"
        day = card["as_of"]
        path = f"/v1/targets/{target}/explanation?as_of={day}&known_at={quote(card['known_at'])}"
        self.kept[path] = (await self.ask(path)).content

    # --- what always holds -----------------------------------------------------------------------

    async def check(self) -> None:
        """Every invariant, now."""
        await self._replayed()
        card = await self._as_the_oracle_says()
        await self._as_before()
        await self._on_the_successor(card)

    async def _replayed(self) -> None:
        """Incremental = replay, closings included."""
        report = await verify(self.db, places())
        found = report.difference
        assert found is None, _told_apart(found)
        assert report.closing_differences == (), report.closing_differences
        assert report.closings_of_other_code == ()

    async def _as_the_oracle_says(self) -> dict[str, Any]:
        card = await self.wanted("/v1/provinces/77/scorecard?on=2025-06-30")
        known = from_microseconds(_known_of(card["known_at"]))
        as_of = dt.date.fromisoformat(card["as_of"])
        found = {result["target"]: result for result in card["results"]}
        for target, question in self._questions():
            result = found[target]
            wanted = answer(question, self.told.log, as_of, civil_day(known))
            given = told(result)
            if target.endswith("/waits") and not self._in_force(as_of):
                assert (given.verdict, given.reason) == ("not_in_force", "condition"), target
                wanted = wanted._replace(verdict=given.verdict, reason=given.reason)
            assert given._replace(waived=0) == wanted._replace(waived=0), (target, as_of)
            assert result["scope"]["waived"] == wanted.waived, (target, as_of)
        return dict(card)

    def _in_force(self, as_of: dt.date) -> bool:
        return self.told.fulfilled is not None and self.told.fulfilled <= as_of

    def _questions(self) -> Iterator[tuple[str, Question]]:
        value, comparator = VALUES[self.told.version]
        required = {"value": Fraction(value), "comparator": comparator}
        for name, question, _, _ in ASKED:
            yield f"{PLAN}/{name}", question | SCOPE | required
        yield TASK, {"kind": "task", "unit": UNITS[0], "item": TASK} | SCOPE

    async def _as_before(self) -> None:
        for path, before in self.kept.items():
            assert (await self.ask(path)).content == before, path
        for closing in self.closings:
            answered = await self.ask(closing["links"]["document"])
            assert answered.headers["etag"] == f'"{closing["sha256"]}"', closing["id"]

    async def _on_the_successor(self, own: dict[str, Any]) -> None:
        if civil_day(self.now) <= LAST_DAY:
            return
        # At one instant: what concerns the dissolved province alone does not move the pin.
        known = quote(own["known_at"])
        card = await self.wanted(f"/v1/provinces/79/scorecard?known_at={known}")
        theirs = {r["target"]: r for r in card["results"] if r["origin"] is not None}
        names = ("verdict", "reason", "numerator", "denominator", "scope", "met_on")
        for result in own["results"]:
            one = theirs.get(result["target"])
            assert one is not None, result["target"]
            assert one["origin"]["code"] == "77"
            assert [one[n] for n in names] == [result[n] for n in names], result["target"]


def _told_apart(found: Difference) -> str:
    """Which members of a stored body are not what a replay gives."""
    if found.column != "body" or found.stored is None or found.recomputed is None:
        return str(found)
    one, two = json.loads(found.stored), json.loads(found.recomputed)
    moved = {name: (one[name], two.get(name)) for name in one if one[name] != two.get(name)}
    return f"{found.key}: {moved}"


def _known_of(text: str) -> int:
    return to_microseconds(dt.datetime.fromisoformat(text))


class _connected:
    """A connection for a block."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await asyncpg.connect(self._dsn)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


__all__ = ["Answer", "System"]
