"""The scorer's process: by itself on the log in PostgreSQL, or one of a group through Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from chitieu.clock import clock
from chitieu.periods import civil_day
from chitieu.places import Places
from chitieu.postgres import partition_store
from chitieu.settings import KafkaSettings
from chitieu.worker_app import WorkerApp
from services.scorer.worker import Scorer, run


class ScorerApp(WorkerApp):
    """`dsn` is a PostgreSQL address that asyncpg reads."""

    def __init__(self, dsn: str, places: Places, kafka: KafkaSettings | None = None) -> None:
        super().__init__("scorer")
        self._dsn, self._places, self._kafka = dsn, places, kafka
        self._position: int | None = None
        self._partitions: tuple[int, ...] = ()

    def report(self) -> Mapping[str, Any]:
        """Its position; through Kafka the lowest one of all, and which partitions are ours."""
        if self._kafka is None:
            return {"position": self._position}
        return {"position": self._position, "partitions": list(self._partitions)}

    def known(self, error: BaseException) -> bool:
        """Its own words need no place in the code."""
        return type(error).__name__ in ("KafkaFault", "LogGap", "NotEntered", "UnfitTopics")

    def say(self, error: BaseException) -> str:
        """A fault in a line."""
        if self._kafka is None:
            return super().say(error)
        from chitieu.kafka.cluster import worded

        return worded(error) or super().say(error)

    async def work(self) -> None:
        """Score until told to stop."""
        connection = await asyncpg.connect(
            self._dsn, server_settings={"application_name": "chitieu-scorer"}
        )
        try:
            if self._kafka is None:
                await self._alone(connection)
            else:
                await self._in_group(connection, self._kafka)
        finally:
            await connection.close(timeout=5)

    async def _alone(self, connection: Any) -> None:
        if await partition_store.leave(connection):
            self._logger.warning(
                '{"event": "left_kafka", "vi": "từ nay tính không qua Kafka",'
                ' "en": "scoring does not go through Kafka any more"}'
            )
        scorer = Scorer(connection, self._places)
        await scorer.start(civil_day(clock()))
        self.well()
        await run(connection, scorer, self.stop, clock, self._note)

    async def _in_group(self, connection: Any, kafka: KafkaSettings) -> None:
        # Its libraries are only for those who use it.
        from chitieu.kafka.topics import refuse_unfit
        from services.scorer.group import GroupScorer, run_in_group

        await refuse_unfit(kafka)
        scorer = GroupScorer(connection, kafka, self._places)
        try:
            await scorer.start()
            await run_in_group(scorer, self.stop, clock, self._note)
        finally:
            await scorer.stop()

    def _note(self, position: int, partitions: tuple[int, ...] = ()) -> None:
        self._position, self._partitions = position, partitions
        self.well()
