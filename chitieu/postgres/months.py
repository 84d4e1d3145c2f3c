"""The partitions of `entry` and `measurement`, a month each: made ahead, looked after.

Whoever migrates or places makes those of the running month and the next ones, long before anything
is written there. A row that finds none (a clock that is years ahead) goes to the default partition
and is not lost; `strays` tells of it, and making its month moves it to its place.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import Any, Final, NamedTuple

from chitieu.months import Month, month_of
from chitieu.postgres.pool import TROUBLE

MONTHS_AHEAD: Final = 3
_RETRY: Final = dt.timedelta(minutes=1)
_LOCK: Final = "SELECT pg_advisory_xact_lock(4294967288)"
_PARTITIONS: Final = (
    "SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i"
    " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass"
)
_STRAYS: Final = (
    "SELECT 'entry' AS name FROM (SELECT FROM entry_default LIMIT 1) e"
    " UNION ALL SELECT 'measurement' FROM (SELECT FROM measurement_default LIMIT 1) m"
)
_logger = logging.getLogger("chitieu.months")


class Kept(NamedTuple):
    """A table that is kept by months, and the column by which."""

    table: str
    column: str

    def partition(self, month: Month) -> str:
        """The name of a month's partition."""
        return f"{self.table}_{month.year:04}_{month.number:02}"

    def begins(self, month: Month) -> int:
        """The first value of a month; the month before ends there."""
        return month.first_id if self.table == "entry" else month.begins


KEPT: Final = (Kept("entry", "batch_id"), Kept("measurement", "known"))


async def make_months(connection: Any, now: dt.datetime, ahead: int = MONTHS_AHEAD) -> list[str]:
    """Make what is missing for the month of `now` and those ahead; the names of what was made.

    One transaction of its own a partition. A row of that month in the default partition moves.
    """
    made = []
    for kept in KEPT:
        _, names = await bounds_of(connection, kept.table)
        for month in (month_of(now).plus(number) for number in range(ahead + 1)):
            name = kept.partition(month)
            if name not in names and await _make(connection, kept, month):
                made.append(name)
    return made


async def _make(connection: Any, kept: Kept, month: Month) -> bool:
    """Make a month's partition; False when another did, or when it is among the earlier."""
    name, default = kept.partition(month), f"{kept.table}_default"
    async with connection.transaction():
        await connection.execute(_LOCK)
        earlier, names = await bounds_of(connection, kept.table)
        begins, ends = max(kept.begins(month), earlier), kept.begins(month.plus(1))
        if name in names or begins >= ends:
            return False
        await connection.execute("SET LOCAL lock_timeout = '100ms'")
        # Attaching takes this lock at its end; what came into the default meanwhile would bar it.
        await connection.execute(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE")
        await connection.execute(f"CREATE TABLE {name} (LIKE {kept.table} INCLUDING ALL)")
        await connection.execute(
            f"WITH gone AS (DELETE FROM {default} WHERE {kept.column} >= {begins}"  # noqa: S608 - ours
            f" AND {kept.column} < {ends} RETURNING *) INSERT INTO {name} SELECT * FROM gone"
        )
        await connection.execute(attach(kept.table, name, begins, ends))
    return True


def attach(table: str, name: str, begins: int, ends: int) -> str:
    """The statement that makes a table the partition of these values."""
    return f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({begins}) TO ({ends})"


async def bounds_of(connection: Any, table: str) -> tuple[int, dict[str, tuple[int, int]]]:
    """Where the earliest partition ends; and of each month's, by name, where it begins and ends."""
    rows = await connection.fetch(_PARTITIONS, table)
    found = {row["name"]: _range(row["bound"]) for row in rows if row["bound"] != "DEFAULT"}
    return found.pop(f"{table}_before")[1], found


def _range(bound: str) -> tuple[int, int]:
    first, last = re.findall(r"\('?(\d+|MINVALUE)'?\)", bound)
    return 0 if first == "MINVALUE" else int(first), int(last)


async def strays(connection: Any) -> list[str]:
    """The tables of which something lies in no month; none as long as clocks are right."""
    return [row["name"] for row in await connection.fetch(_STRAYS)]


class Ahead:
    """Remembers for a process that its months are made, so that asking costs nothing."""

    def __init__(self) -> None:
        self._month: Month | None = None
        self._not_before: dt.datetime | None = None

    async def make(self, connection: Any, now: dt.datetime) -> None:
        """Make them when a month has begun, and say if there are strays.

        There is time for many tries, so trouble is logged and tried again later.
        """
        if self._month == month_of(now) or (self._not_before and now < self._not_before):
            return
        try:
            made = await make_months(connection, now)
            astray = await strays(connection)
        except TROUBLE as error:
            _logger.warning("months not made: %s", type(error).__name__)
            self._not_before = now + _RETRY
            return
        self._month = month_of(now)
        if made:
            _logger.info("months made: %s", ", ".join(made))
        if astray:
            _logger.error("rows in no month, is a clock wrong? chitieu doctor: %s", astray)
