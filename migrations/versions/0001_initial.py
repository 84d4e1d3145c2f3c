"""The first schema: what was accepted, the one log, what the scorer derives."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = """
CREATE TABLE batch (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    n INTEGER NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_batch PRIMARY KEY (id),
    CONSTRAINT ck_batch_n CHECK (n > 0)
);
CREATE INDEX ix_batch_xid_id ON batch (xid, id);
CREATE TABLE consumer (
    name TEXT NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT pk_consumer PRIMARY KEY (name)
);
COMMENT ON COLUMN consumer."seq" IS 'all effects up to here are written';
CREATE TABLE entry (
    batch_id BIGINT NOT NULL,
    idx INTEGER NOT NULL,
    kind TEXT NOT NULL,
    organisation_id INTEGER,
    source TEXT,
    event_id TEXT,
    type TEXT,
    subject TEXT,
    time TIMESTAMP WITH TIME ZONE,
    corrects TEXT,
    body TEXT NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (batch_id, idx),
    CONSTRAINT ck_entry_kind CHECK (kind IN ('event', 'retraction', 'unit', 'catalogue', 'condition', 'waiver', 'closing')),
    CONSTRAINT ck_entry_event CHECK (kind NOT IN ('event', 'retraction') OR (organisation_id IS NOT NULL AND source IS NOT NULL AND event_id IS NOT NULL AND type IS NOT NULL AND time IS NOT NULL AND octet_length(source) BETWEEN 1 AND 256 AND octet_length(event_id) BETWEEN 1 AND 256 AND isfinite(time)))
);
CREATE INDEX ix_entry_corrects ON entry (corrects) WHERE corrects IS NOT NULL;
CREATE INDEX ix_entry_kind ON entry (kind) WHERE kind NOT IN ('event');
CREATE INDEX ix_entry_subject_type ON entry (subject, type);
COMMENT ON COLUMN entry."organisation_id" IS 'the sender; null for the system itself';
COMMENT ON COLUMN entry."body" IS 'canonical JSON';
CREATE TABLE identity (
    organisation_id INTEGER NOT NULL,
    key BYTEA NOT NULL,
    meaning BYTEA NOT NULL,
    batch_id BIGINT NOT NULL,
    idx INTEGER NOT NULL,
    CONSTRAINT pk_identity PRIMARY KEY (organisation_id, key),
    CONSTRAINT ck_identity_lengths CHECK (octet_length(key) = 16 AND octet_length(meaning) = 16)
)
 PARTITION BY HASH (key);
COMMENT ON COLUMN identity."key" IS 'first 16 bytes of SHA-256(source NUL id)';
COMMENT ON COLUMN identity."meaning" IS 'first 16 bytes of its SHA-256';
CREATE TABLE log (
    first_seq BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    n INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    first_known BIGINT NOT NULL,
    CONSTRAINT pk_log PRIMARY KEY (first_seq),
    CONSTRAINT uq_log_batch_id UNIQUE (batch_id),
    CONSTRAINT uq_log_first_known UNIQUE (first_known)
);
COMMENT ON TABLE log IS 'entry i of the batch has position first_seq + i and known time first_known + i';
COMMENT ON COLUMN log."epoch" IS 'in which it was placed';
CREATE TABLE log_head (
    single BOOLEAN DEFAULT true NOT NULL,
    epoch INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    known BIGINT NOT NULL,
    last_xid xid8 NOT NULL,
    last_batch BIGINT NOT NULL,
    system_identifier TEXT NOT NULL,
    CONSTRAINT pk_log_head PRIMARY KEY (single),
    CONSTRAINT ck_log_head_single CHECK (single)
);
COMMENT ON COLUMN log_head."known" IS 'no later entry is known earlier';
COMMENT ON COLUMN log_head."system_identifier" IS 'of the cluster that wrote it';
CREATE TABLE measurement (
    seq BIGINT NOT NULL,
    "group" TEXT NOT NULL,
    known BIGINT NOT NULL,
    unit TEXT NOT NULL,
    metric TEXT NOT NULL,
    item TEXT NOT NULL,
    first DATE NOT NULL,
    last DATE NOT NULL,
    covers DATE NOT NULL,
    estimate BOOLEAN NOT NULL,
    compiled BOOLEAN NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    event_id TEXT NOT NULL,
    fields TEXT NOT NULL,
    CONSTRAINT pk_measurement PRIMARY KEY (seq, "group"),
    CONSTRAINT ck_measurement_days CHECK (first <= last AND first <= covers)
);
CREATE INDEX ix_measurement_item ON measurement (item, metric) WHERE item <> '';
CREATE INDEX ix_measurement_unit_metric ON measurement (unit, metric, seq);
COMMENT ON TABLE measurement IS 'every report, one row a field group; which of them count is decided by the core';
COMMENT ON COLUMN measurement."item" IS 'empty when none';
COMMENT ON COLUMN measurement."covers" IS 'last day covered';
COMMENT ON COLUMN measurement."fields" IS 'canonical JSON of the group''s fields';
CREATE TABLE organisation (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_organisation PRIMARY KEY (id),
    CONSTRAINT uq_organisation_code UNIQUE (code)
);
CREATE TABLE place_position (
    place TEXT NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT pk_place_position PRIMARY KEY (place, seq)
);
COMMENT ON TABLE place_position IS 'positions that concern a place: what its answers are pinned to';
COMMENT ON COLUMN place_position."place" IS 'place key; * for catalogue versions';
CREATE TABLE result (
    place TEXT NOT NULL,
    target TEXT NOT NULL,
    as_of DATE NOT NULL,
    seq BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    numerator NUMERIC,
    denominator NUMERIC,
    body TEXT NOT NULL,
    CONSTRAINT pk_result PRIMARY KEY (place, target),
    CONSTRAINT ck_result_finite CHECK (numerator NOT IN ('NaN', 'Infinity', '-Infinity') AND denominator NOT IN ('NaN', 'Infinity', '-Infinity'))
);
COMMENT ON COLUMN result."seq" IS 'the position it was computed at';
COMMENT ON COLUMN result."body" IS 'the result as the API prints it';
CREATE TABLE standing_change (
    seq BIGINT NOT NULL,
    at_seq BIGINT NOT NULL,
    at_known BIGINT NOT NULL,
    stands BOOLEAN NOT NULL,
    why TEXT NOT NULL,
    CONSTRAINT pk_standing_change PRIMARY KEY (seq, at_seq)
);
COMMENT ON COLUMN standing_change."seq" IS 'the event that stands or falls';
COMMENT ON COLUMN standing_change."at_seq" IS 'the entry that made it so';
COMMENT ON COLUMN standing_change."why" IS 'corrected, retracted, restored';
CREATE TABLE api_key (
    id TEXT NOT NULL,
    organisation_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    places TEXT[] NOT NULL,
    units TEXT[] NOT NULL,
    secret_sha256 BYTEA NOT NULL,
    label TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_key PRIMARY KEY (id),
    CONSTRAINT ck_api_key_role CHECK (role IN ('unit', 'province', 'ministry', 'admin')),
    CONSTRAINT ck_api_key_secret CHECK (octet_length(secret_sha256) = 32),
    CONSTRAINT fk_api_key_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id)
);
COMMENT ON COLUMN api_key."id" IS 'public part of the key';
COMMENT ON COLUMN api_key."places" IS 'role province: place keys';
COMMENT ON COLUMN api_key."units" IS 'role unit: unit codes';

"""

TABLES = (
    "result", "place_position", "standing_change", "measurement", "consumer", "log_head", "log",
    "identity", "entry", "batch", "api_key", "organisation",
)  # fmt: skip


def upgrade() -> None:
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for number in range(8):
        op.execute(
            f"CREATE TABLE identity_{number} PARTITION OF identity"
            f" FOR VALUES WITH (MODULUS 8, REMAINDER {number})"
        )
    op.execute(
        "INSERT INTO log_head (epoch, seq, known, last_xid, last_batch, system_identifier)"
        " SELECT 1, 0, 0, '0', 0, system_identifier::text FROM pg_control_system()"
    )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
