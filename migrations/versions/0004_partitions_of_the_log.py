"""Scoring by partitions of the log, and what waits to be sent out."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

SCHEMA = """
CREATE TABLE partition_position (
    partition INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    results_seq BIGINT NOT NULL,
    results_release TEXT NOT NULL,
    CONSTRAINT pk_partition_position PRIMARY KEY (partition)
);
COMMENT ON TABLE partition_position IS 'scoring through Kafka, a row a partition; empty without it';
COMMENT ON COLUMN partition_position."seq" IS 'all effects of the partition up to here are written';
COMMENT ON COLUMN partition_position."next_offset" IS 'of the message to read next';
COMMENT ON COLUMN partition_position."results_seq" IS 'results of its places are evaluated up to here';
COMMENT ON COLUMN partition_position."results_release" IS 'the release that evaluated them';
CREATE TABLE result_outbox (
    place TEXT NOT NULL,
    target TEXT NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT pk_result_outbox PRIMARY KEY (place, target)
);
COMMENT ON TABLE result_outbox IS 'results that moved since they were last sent out';
COMMENT ON COLUMN result_outbox."seq" IS 'the position at which it last moved';
CREATE TABLE dead_letter (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER,
    "offset" BIGINT,
    key BYTEA,
    value BYTEA,
    headers JSONB NOT NULL,
    sent BOOLEAN DEFAULT false NOT NULL,
    replayed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_dead_letter PRIMARY KEY (id)
);
CREATE INDEX ix_dead_letter_id ON dead_letter (id) WHERE NOT sent;
COMMENT ON TABLE dead_letter IS 'messages that nobody can use, kept as they were';
COMMENT ON COLUMN dead_letter."partition" IS 'null: it never reached the topic';
COMMENT ON COLUMN dead_letter."headers" IS 'pairs of name and hexadecimal value';
COMMENT ON COLUMN dead_letter."sent" IS 'to the dead-letter topic';
"""


def upgrade() -> None:
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    for table in ("dead_letter", "result_outbox", "partition_position"):
        op.execute(f"DROP TABLE {table}")
