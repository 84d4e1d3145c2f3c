"""What was accepted, and the measurements, in a partition a month.

Nothing is copied: the tables that were become the partition of all that is earlier, with their rows
and indexes. A batch's id begins with its month from now on, so months are ranges of ids, known for
ever; a process of the release before, which still gives plain ids, writes into the earlier ones.
Measurements go by known time, which therefore joins their key: one index is built anew.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"

ENTRY_INDEXES = {
    "ix_entry_corrects": "(corrects) WHERE corrects IS NOT NULL",
    "ix_entry_kind": "(kind) WHERE kind NOT IN ('event')",
    "ix_entry_subject_type": "(subject, type)",
}
MEASUREMENT_INDEXES = {
    "ix_measurement_item": "(item, metric) WHERE item <> ''",
    "ix_measurement_unit_metric": "(unit, metric, seq)",
}
# The first instant, in microseconds, and the first batch id of the running month in Vietnam. What
# is known already may reach beyond the clock, and after a downgrade ids may; both stay where they are.
BOUNDS = """
SELECT greatest(
    (extract(epoch FROM date_trunc('month', now() AT TIME ZONE 'Asia/Ho_Chi_Minh')
        AT TIME ZONE 'Asia/Ho_Chi_Minh') * 1000000)::bigint,
    (SELECT known + 1 FROM log_head)) AS known,
    greatest(
    to_char(now() AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYYMM')::bigint * 10000000000,
    (SELECT max(id) + 1 FROM batch)) AS batch
"""
ARCHIVE = """
CREATE TABLE archived_month (
    month TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    entries BIGINT NOT NULL,
    dropped_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_archived_month PRIMARY KEY (month),
    CONSTRAINT ck_archived_month_sha256 CHECK (octet_length(sha256) = 32)
);
COMMENT ON TABLE archived_month IS 'months whose plain reports lie in a file, no longer in entry';
COMMENT ON COLUMN archived_month."month" IS 'as 2026-11';
COMMENT ON COLUMN archived_month."sha256" IS 'of the file';
COMMENT ON COLUMN archived_month."entries" IS 'in the file'
"""


def partitioned(
    table: str, column: str, key: str, old_key: str, indexes: dict[str, str], bound: int
) -> None:
    """Put an empty partitioned table before `table`, which becomes its earliest partition."""
    before = f"{table}_before"
    op.execute(f"ALTER TABLE {table} RENAME TO {before}")
    op.execute(f"ALTER TABLE {before} RENAME CONSTRAINT pk_{table} TO pk_{before}")
    for name in indexes:
        op.execute(f"ALTER INDEX {name} RENAME TO {name}_before")
    if key != old_key:
        op.execute(
            f"ALTER TABLE {before} DROP CONSTRAINT pk_{before},"
            f" ADD CONSTRAINT pk_{before} PRIMARY KEY ({key})"
        )
    op.execute(
        f"CREATE TABLE {table} (LIKE {before} INCLUDING ALL EXCLUDING INDEXES)"
        f" PARTITION BY RANGE ({column})"
    )
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({key})")
    for name, definition in indexes.items():
        op.execute(f"CREATE INDEX {name} ON {table} {definition}")
    op.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {before} FOR VALUES FROM (MINVALUE) TO ({bound})"
    )
    op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")


def whole(table: str, key: str, indexes: dict[str, str]) -> None:
    """Gather all partitions in one table again."""
    op.execute(f"CREATE TABLE {table}_whole (LIKE {table} INCLUDING ALL EXCLUDING INDEXES)")
    op.execute(f"INSERT INTO {table}_whole SELECT * FROM {table}")  # noqa: S608 - ours
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE {table}_whole RENAME TO {table}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({key})")
    for name, definition in indexes.items():
        op.execute(f"CREATE INDEX {name} ON {table} {definition}")


def upgrade() -> None:
    known, batch = op.get_bind().execute(text(BOUNDS)).one()
    partitioned("entry", "batch_id", "batch_id, idx", "batch_id, idx", ENTRY_INDEXES, batch)
    partitioned(
        "measurement", "known", 'seq, "group", known', 'seq, "group"', MEASUREMENT_INDEXES, known
    )
    for table, words in (
        ("entry", "in a partition a month, by the batch''s id"),
        ("measurement", "every report, one row a field group; which of them count is decided by"
         " the core. In a partition a month, by known time"),
    ):  # fmt: skip
        op.execute(f"COMMENT ON TABLE {table} IS '{words}'")
    for statement in ARCHIVE.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().execute(text("SELECT count(*) FROM archived_month")).scalar():
        raise RuntimeError("archived months must be restored first: chitieu archive restore")
    op.execute("DROP TABLE archived_month")
    whole("entry", "batch_id, idx", ENTRY_INDEXES)
    whole("measurement", 'seq, "group"', MEASUREMENT_INDEXES)
