"""What was published at a closing, as bytes under their hash."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE closing_document (
            sha256 BYTEA NOT NULL,
            content BYTEA NOT NULL,
            CONSTRAINT pk_closing_document PRIMARY KEY (sha256),
            CONSTRAINT ck_closing_document_hash CHECK (sha256 = sha256(content))
        )
    """)
    op.execute(
        "COMMENT ON TABLE closing_document IS"
        " 'what was published at a closing; its entry names it by its hash'"
    )
    op.execute("COMMENT ON COLUMN closing_document.content IS 'the bytes as published'")


def downgrade() -> None:
    op.execute("DROP TABLE closing_document")
