"""One Apache Kafka for all that a run of the tests asks of it, started only when a test does.

With xdist the controller owns it: the workers come and go, and a broker dies with its starter.
CHITIEU_KAFKA_BOOTSTRAP names another one. It is taken out of the environment, so that nothing but
the tests that are marked `kafka` ever sees it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chitieu.settings import KafkaSettings
from tests.kafka.running import MakeTopics, make_topics
from tools.kafka_broker import Broker
from tools.kafka_jars import KafkaError, missing

USERS = {"stranger": "stranger-secret"}
"""Who may log in at the SASL listener, and is allowed nothing."""

_FOLDER = "kafka_folder"
_GIVEN = "kafka_given"
_NO_KAFKA = "no Apache Kafka: "
_STATE = pytest.StashKey["Shared"]()
_PATIENCE_S = 180.0


@dataclass(frozen=True)
class Address:
    """Where the broker of this run is."""

    bootstrap: str
    sasl: str | None
    """The listener that asks who one is; None at a broker that is not ours."""


class Shared:
    """The broker of this run, as one process of it sees it."""

    def __init__(self, config: pytest.Config) -> None:
        mine = getattr(config, "workerinput", None)
        self.works_for_another = mine is not None
        if mine is None:
            self.given = os.environ.pop("CHITIEU_KAFKA_BOOTSTRAP", "")
            self.folder = Path(tempfile.mkdtemp(prefix="chitieu-kafka-"))
        else:
            os.environ.pop("CHITIEU_KAFKA_BOOTSTRAP", None)
            self.given, self.folder = mine[_GIVEN], Path(mine[_FOLDER])
        self._broker: Broker | None = None

    def lack(self) -> str | None:
        """Why there can be no broker; None when there can."""
        return None if self.given else missing()

    def want(self) -> None:
        """A test that was collected needs it."""
        (self.folder / "wanted").touch()

    def start_if_wanted(self) -> None:
        """For the owner, in its main thread; once."""
        if self._broker is not None or self.given or not (self.folder / "wanted").exists():
            return
        self._broker = Broker(self.folder / "broker", users=USERS)
        try:
            self._broker.start()
            text = f"{self._broker.bootstrap} {self._broker.sasl_bootstrap}"
        except KafkaError as error:
            text = f"!{error}"
        fresh = self.folder / "address.new"
        fresh.write_text(text, "utf-8")
        fresh.rename(self.folder / "address")

    def address(self) -> Address:
        """For a test; waits for the owner to start it."""
        if self.given:
            return Address(self.given, None)
        if not self.works_for_another:
            self.want()
            self.start_if_wanted()
        deadline = time.monotonic() + _PATIENCE_S
        while not (file := self.folder / "address").exists():
            assert time.monotonic() < deadline, "nobody started Kafka"
            time.sleep(0.05)
        text = file.read_text("utf-8")
        assert not text.startswith("!"), text[1:]
        bootstrap, sasl = text.split()
        return Address(bootstrap, sasl)

    def end(self) -> None:
        """For the owner: nothing keeps running, nothing is left on disk."""
        if self.works_for_another:
            return
        if self._broker is not None:
            self._broker.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_STATE] = Shared(config)


@pytest.hookimpl(trylast=True)  # behind the last line of pytest's own
def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_STATE].end()
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", ()) if reporter is not None else ()
    reasons = [text for report in skipped if _NO_KAFKA in (text := str(report.longrepr))]
    if reasons:
        lack = reasons[0].split(_NO_KAFKA)[1].rstrip("')")
        line = f"!! {len(reasons)} tests need Apache Kafka and were not run: {lack}"
        reporter.write_line(line, red=True, bold=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of xdist: what a worker is told at its birth."""
    shared = node.config.stash[_STATE]
    node.workerinput |= {_FOLDER: str(shared.folder), _GIVEN: shared.given}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any) -> None:
    """Of xdist, in the controller, before any test runs."""
    node.config.stash[_STATE].start_if_wanted()


@pytest.hookimpl(trylast=True)  # after -k and -m have chosen
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needing = [item for item in items if item.get_closest_marker("kafka")]
    if not needing:
        return
    shared = config.stash[_STATE]
    if (lack := shared.lack()) is None:
        shared.want()
    elif os.environ.get("CHITIEU_REQUIRE_ALL") != "1":
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=f"{_NO_KAFKA}{lack}"))


@pytest.fixture(scope="session")
def kafka_address(request: pytest.FixtureRequest) -> Address:
    """Both listeners of the broker."""
    shared = request.config.stash[_STATE]
    # With CHITIEU_REQUIRE_ALL=1 they are not skipped but come here.
    assert (lack := shared.lack()) is None, f"{_NO_KAFKA}{lack}"
    return shared.address()


@pytest.fixture(scope="session")
def kafka(kafka_address: Address) -> str:
    """The bootstrap address of a real Apache Kafka, shared by the whole run."""
    return kafka_address.bootstrap


@pytest.fixture
def kafka_prefix() -> str:
    """What makes the names of this test's topics and groups its own."""
    return f"t{secrets.token_hex(6)}."


@pytest.fixture
def topics(kafka: str, kafka_prefix: str) -> MakeTopics:
    """Make the topics of this test."""

    async def make(*, partitions: int) -> KafkaSettings:
        settings = KafkaSettings(kafka, kafka_prefix)
        await make_topics(settings, partitions)
        return settings

    return make
