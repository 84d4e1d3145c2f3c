"""What the readers of `entry` do where a month's plain reports lie in a file.

Nothing that was derived went with them, so answers stay as they were, byte for byte. Whoever needs
the text of such a report gets `EntriesArchived`, which names the month and its file, never less
than all there is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from chitieu.months import BATCHES_A_MONTH
from chitieu.scoring.movement_json import EntryFacts
from chitieu.standing import Identity, Node

_ITS_MONTH = f"replace(a.month, '-', '')::bigint = l.batch_id / {BATCHES_A_MONTH}"
_GONE = (
    "SELECT a.month, a.sha256 FROM (SELECT * FROM log WHERE first_seq <= $1"  # noqa: S608 - ours
    " ORDER BY first_seq DESC LIMIT 1) l LEFT JOIN archived_month a ON " + _ITS_MONTH
)
_ANY = "SELECT EXISTS (SELECT FROM archived_month)"
# A report's row says all that an amendment needs to know of a plain one.
_NODES = (
    "SELECT DISTINCT ON (m.seq) m.seq, m.organisation_id, m.source, m.event_id, m.unit, m.metric,"
    " m.time FROM unnest($1::int[], $2::text[], $3::text[]) AS w(o, s, i)"
    " JOIN identity d ON d.organisation_id = w.o"
    " AND d.key = substring(sha256(convert_to(w.s, 'UTF8') || '\\x00'::bytea"
    " || convert_to(w.i, 'UTF8')) for 16)"
    " JOIN log l ON l.batch_id = d.batch_id CROSS JOIN LATERAL (SELECT * FROM measurement"
    " WHERE seq = l.first_seq + d.idx AND known = l.first_known + d.idx OFFSET 0) m"
)
_FACTS = (
    "SELECT DISTINCT ON (k.known) k.known, l.epoch, m.seq, o.code AS sender, m.source, m.event_id,"
    " m.unit FROM unnest($1::bigint[]) AS k(known)"
    " CROSS JOIN LATERAL (SELECT first_seq - first_known AS ahead, epoch FROM log"
    " WHERE first_known <= k.known ORDER BY first_known DESC LIMIT 1) l"
    " CROSS JOIN LATERAL (SELECT * FROM measurement WHERE seq = k.known + l.ahead"
    " AND known = k.known OFFSET 0) m"
    " JOIN organisation o ON o.id = m.organisation_id"
)
_REPORTS = (
    "SELECT DISTINCT ON (m.seq) m.seq, m.known, m.unit, l.epoch, b.received_at, a.month, a.sha256"
    " FROM {reports} JOIN archived_month a ON {its_month}"
    " JOIN batch b ON b.id = l.batch_id WHERE NOT EXISTS (SELECT FROM entry e"
    " WHERE e.batch_id = l.batch_id AND e.idx = m.seq - l.first_seq) ORDER BY m.seq"
)
_BY_IDENTITY = _REPORTS.format(
    its_month=_ITS_MONTH,
    reports="identity d JOIN log l ON l.batch_id = d.batch_id"
    " CROSS JOIN LATERAL (SELECT * FROM measurement WHERE seq = l.first_seq + d.idx"
    " AND known = l.first_known + d.idx AND d.key = $1 OFFSET 0) m",
)
_BY_UNIT = _REPORTS.format(
    its_month=_ITS_MONTH,
    reports="(SELECT * FROM measurement WHERE unit = $1 AND ($2::text IS NULL OR metric = $2)"
    " AND known <= $3 AND ($4::date IS NULL OR (first, last) = ($4, $5)) OFFSET 0) m"
    " CROSS JOIN LATERAL (SELECT * FROM log WHERE first_seq <= m.seq"
    " ORDER BY first_seq DESC LIMIT 1) l",
)


class EntriesMissing(Exception):
    """Entries that were placed are not there, and in no archive: nobody may go on past them."""

    def __init__(self, seq: int) -> None:
        """`seq` is the first that is missing."""
        super().__init__(
            f"nhật ký thiếu mục ở vị trí {seq} / the log has no entry at position {seq}"
        )
        self.seq = seq


class EntriesArchived(Exception):
    """The text that is asked for lies in a file; `str()` is one line, vi / en."""

    def __init__(self, month: str, sha256: str, seq: int = 0) -> None:
        """`sha256` of the file, hexadecimal; `seq` the first position that is not at hand."""
        super().__init__(
            f"tháng {month} đã lưu trữ (sha256 {sha256}): chitieu archive restore đưa về"
            f" / {month} is archived (sha256 {sha256}): chitieu archive restore brings it back"
        )
        self.month, self.sha256, self.seq = month, sha256, seq


async def gone(connection: Any, seq: int) -> EntriesMissing | EntriesArchived:
    """Why the entry of a placed position is not in its table."""
    row = await connection.fetchrow(_GONE, seq)
    if row is None or row["month"] is None:
        return EntriesMissing(seq)
    return EntriesArchived(row["month"], row["sha256"].hex(), seq)


async def any_archived(connection: Any) -> bool:
    """Whether a month is."""
    found: bool = await connection.fetchval(_ANY)
    return found


async def archived_nodes(
    connection: Any, identities: Sequence[Identity]
) -> dict[Identity, Node]:  # fmt: skip
    """Plain reports by identity, from what was derived of them; corrections never leave."""
    if not identities or not await any_archived(connection):
        return {}
    rows = await connection.fetch(
        _NODES, [one.organisation for one in identities], [one.source for one in identities],
        [one.event_id for one in identities],
    )  # fmt: skip
    nodes = [
        Node(
            Identity(row["organisation_id"], row["source"], row["event_id"]), row["seq"],
            row["unit"], row["metric"],
            (row["time"], row["source"].encode(), row["event_id"].encode()), None,
        )
        for row in rows
    ]  # fmt: skip
    return {node.identity: node for node in nodes}


async def archived_facts(connection: Any, known: Collection[int]) -> dict[int, EntryFacts]:
    """What the log says of plain reports, by known time; those with a note never leave."""
    rows = await connection.fetch(_FACTS, sorted(known))
    return {
        row["known"]: EntryFacts(
            position=f"{row['epoch']}:{row['seq']}", sender=row["sender"], source=row["source"],
            id=row["event_id"], unit=row["unit"],
        )
        for row in rows
    }  # fmt: skip


class ArchivedReport(NamedTuple):
    """A report whose text lies in a file. `known` in µs since 1970, `sha256` of the file."""

    unit: str
    position: str
    known: int
    received_at: dt.datetime
    month: str
    sha256: str


async def archived_by_key(connection: Any, key: bytes) -> list[ArchivedReport]:
    """Those of an identity's key, one a sender at most."""
    return _reports(await connection.fetch(_BY_IDENTITY, key))


async def archived_by_unit(
    connection: Any, unit: str, metric: str | None, known: int,
    days: tuple[dt.date, dt.date] | None,
) -> list[ArchivedReport]:  # fmt: skip
    """Those about a unit that were known by then; of a metric or of some days, if given."""
    if not await any_archived(connection):
        return []
    first, last = days or (None, None)
    return _reports(await connection.fetch(_BY_UNIT, unit, metric, known, first, last))


def _reports(rows: Sequence[Any]) -> list[ArchivedReport]:
    return [
        ArchivedReport(
            row["unit"], f"{row['epoch']}:{row['seq']}", row["known"], row["received_at"],
            row["month"], row["sha256"].hex(),
        )
        for row in rows
    ]  # fmt: skip
