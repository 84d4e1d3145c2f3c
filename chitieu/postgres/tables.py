"""Every table, as SQLAlchemy Core sees it. Migrations must equal this (a test compares them).

Three owners, three lifetimes:

* accepted for ever: `organisation`, `api_key`, `batch`, `entry`, `identity`,
  `closing_document`. Ingest and the registry write them; a 2xx means these are committed. Plain
  reports of a month may lie in a file instead: `archived_month`.
* the one log: `log`, `log_head`. The sequencer gives each committed batch its positions and known
  times; nothing else orders entries. Nobody tails `batch.id` or `xid`.
* derived: `consumer`, `partition_position`, `measurement`, `standing_change`, `place_position`,
  `result`.
  The scorer writes them; `chitieu verify` recomputes them from the log and compares exactly.
* on their way out: `result_outbox`, `dead_letter`. The scorer writes them, the relay empties them.

Known times are microseconds since 1970 (bigint), because they are compared and printed exactly.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import base as pg_base

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

TIME = sa.DateTime(timezone=True)
IDENTITY_PARTITIONS = 8


class Xid8(sa.types.UserDefinedType[int]):
    """A PostgreSQL 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


# Reflection (the drift check) has to know the type too.
pg_base.ischema_names["xid8"] = Xid8

organisation = sa.Table(
    "organisation",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="public part of the key"),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("places", pg.ARRAY(sa.Text), nullable=False, comment="role province: place keys"),
    sa.Column("units", pg.ARRAY(sa.Text), nullable=False, comment="role unit: unit codes"),
    sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("revoked_at", TIME),
    sa.CheckConstraint("role IN ('unit', 'province', 'ministry', 'admin')", name="role"),
    sa.CheckConstraint("octet_length(secret_sha256) = 32", name="secret"),
)

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("received_at", TIME, nullable=False),
    sa.CheckConstraint("n > 0", name="n"),
    sa.Index("ix_batch_xid_id", "xid", "id"),
)

entry = sa.Table(
    "entry",
    metadata,
    sa.Column("batch_id", sa.BigInteger, primary_key=True),
    sa.Column("idx", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("organisation_id", sa.Integer, comment="the sender; null for the system itself"),
    sa.Column("source", sa.Text),
    sa.Column("event_id", sa.Text),
    sa.Column("type", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("time", TIME),
    sa.Column("corrects", sa.Text),
    sa.Column("body", sa.Text, nullable=False, comment="canonical JSON"),
    sa.CheckConstraint(
        "kind IN ('event', 'retraction', 'unit', 'catalogue', 'condition', 'waiver', 'closing')",
        name="kind",
    ),
    sa.CheckConstraint(
        "kind NOT IN ('event', 'retraction') OR (organisation_id IS NOT NULL AND source IS NOT NULL"
        " AND event_id IS NOT NULL AND type IS NOT NULL AND time IS NOT NULL"
        " AND octet_length(source) BETWEEN 1 AND 256 AND octet_length(event_id) BETWEEN 1 AND 256"
        " AND isfinite(time))",
        name="event",
    ),
    sa.Index("ix_entry_kind", "kind", postgresql_where=sa.text("kind NOT IN ('event')")),
    sa.Index("ix_entry_subject_type", "subject", "type"),
    sa.Index("ix_entry_corrects", "corrects", postgresql_where=sa.text("corrects IS NOT NULL")),
    postgresql_partition_by="RANGE (batch_id)",
    comment="in a partition a month, by the batch's id",
)

identity = sa.Table(
    "identity",
    metadata,
    sa.Column("organisation_id", sa.Integer, primary_key=True),
    sa.Column(
        "key", sa.LargeBinary, primary_key=True, comment="first 16 bytes of SHA-256(source NUL id)"
    ),
    sa.Column("meaning", sa.LargeBinary, nullable=False, comment="first 16 bytes of its SHA-256"),
    sa.Column("batch_id", sa.BigInteger, nullable=False),
    sa.Column("idx", sa.Integer, nullable=False),
    sa.CheckConstraint("octet_length(key) = 16 AND octet_length(meaning) = 16", name="lengths"),
    postgresql_partition_by="HASH (key)",
)

archived_month = sa.Table(
    "archived_month",
    metadata,
    sa.Column("month", sa.Text, primary_key=True, comment="as 2026-11"),
    sa.Column("sha256", sa.LargeBinary, nullable=False, comment="of the file"),
    sa.Column("entries", sa.BigInteger, nullable=False, comment="in the file"),
    sa.Column("dropped_at", TIME, nullable=False),
    sa.CheckConstraint("octet_length(sha256) = 32", name="sha256"),
    comment="months whose plain reports lie in a file, no longer in entry",
)

closing_document = sa.Table(
    "closing_document",
    metadata,
    sa.Column("sha256", sa.LargeBinary, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False, comment="the bytes as published"),
    sa.CheckConstraint("sha256 = sha256(content)", name="hash"),
    comment="what was published at a closing; its entry names it by its hash",
)

log = sa.Table(
    "log",
    metadata,
    sa.Column("first_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("batch_id", sa.BigInteger, nullable=False, unique=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False, comment="in which it was placed"),
    sa.Column("first_known", sa.BigInteger, nullable=False, unique=True),
    comment="entry i of the batch has position first_seq + i and known time first_known + i",
)

log_head = sa.Table(
    "log_head",
    metadata,
    sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("known", sa.BigInteger, nullable=False, comment="no later entry is known earlier"),
    sa.Column("last_xid", Xid8, nullable=False),
    sa.Column("last_batch", sa.BigInteger, nullable=False),
    sa.Column("system_identifier", sa.Text, nullable=False, comment="of the cluster that wrote it"),
    sa.CheckConstraint("single", name="single"),
)

consumer = sa.Table(
    "consumer",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="all effects up to here are written"),
)

partition_position = sa.Table(
    "partition_position",
    metadata,
    sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column(
        "seq", sa.BigInteger, nullable=False,
        comment="all effects of the partition up to here are written",
    ),
    sa.Column("next_offset", sa.BigInteger, nullable=False, comment="of the message to read next"),
    sa.Column(
        "results_seq", sa.BigInteger, nullable=False,
        comment="results of its places are evaluated up to here",
    ),
    sa.Column(
        "results_release", sa.Text, nullable=False, comment="the release that evaluated them"
    ),
    comment="scoring through Kafka, a row a partition; empty without it",
)  # fmt: skip

result_outbox = sa.Table(
    "result_outbox",
    metadata,
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="the position at which it last moved"),
    comment="results that moved since they were last sent out",
)

dead_letter = sa.Table(
    "dead_letter",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", TIME, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("partition", sa.Integer, comment="null: it never reached the topic"),
    sa.Column("offset", sa.BigInteger),
    sa.Column("key", sa.LargeBinary),
    sa.Column("value", sa.LargeBinary),
    sa.Column(
        "headers", pg.JSONB, nullable=False, comment="pairs of name and hexadecimal value"
    ),
    sa.Column(
        "sent", sa.Boolean, nullable=False, server_default=sa.false(),
        comment="to the dead-letter topic",
    ),
    sa.Column("replayed_at", TIME),
    sa.Index("ix_dead_letter_id", "id", postgresql_where=sa.text("NOT sent")),
    comment="messages that nobody can use, kept as they were",
)  # fmt: skip

measurement = sa.Table(
    "measurement",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("group", sa.Text, primary_key=True),
    sa.Column("known", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False, comment="empty when none"),
    sa.Column("first", sa.Date, nullable=False),
    sa.Column("last", sa.Date, nullable=False),
    sa.Column("covers", sa.Date, nullable=False, comment="last day covered"),
    sa.Column("estimate", sa.Boolean, nullable=False),
    sa.Column("compiled", sa.Boolean, nullable=False),
    sa.Column("time", TIME, nullable=False),
    sa.Column("organisation_id", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("fields", sa.Text, nullable=False, comment="canonical JSON of the group's fields"),
    sa.CheckConstraint("first <= last AND first <= covers", name="days"),
    sa.Index("ix_measurement_unit_metric", "unit", "metric", "seq"),
    sa.Index("ix_measurement_item", "item", "metric", postgresql_where=sa.text("item <> ''")),
    postgresql_partition_by="RANGE (known)",
    comment="every report, one row a field group; which of them count is decided by the core."
    " In a partition a month, by known time",
)

standing_change = sa.Table(
    "standing_change",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, comment="the event that stands or falls"),
    sa.Column("at_seq", sa.BigInteger, primary_key=True, comment="the entry that made it so"),
    sa.Column("at_known", sa.BigInteger, nullable=False),
    sa.Column("stands", sa.Boolean, nullable=False),
    sa.Column("why", sa.Text, nullable=False, comment="corrected, retracted, restored"),
    sa.Index("ix_standing_change_at_seq", "at_seq"),
)

place_position = sa.Table(
    "place_position",
    metadata,
    sa.Column("place", sa.Text, primary_key=True, comment="place key; * for catalogue versions"),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    comment="positions that concern a place: what its answers are pinned to",
)

result = sa.Table(
    "result",
    metadata,
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="the position it was computed at"),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("numerator", sa.Numeric),
    sa.Column("denominator", sa.Numeric),
    sa.Column("body", sa.Text, nullable=False, comment="the result as the API prints it"),
    sa.CheckConstraint(
        "numerator NOT IN ('NaN', 'Infinity', '-Infinity')"
        " AND denominator NOT IN ('NaN', 'Infinity', '-Infinity')",
        name="finite",
    ),
)
