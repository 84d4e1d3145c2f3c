"""What fell since a position is found by that position, not by reading all that ever fell."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_standing_change_at_seq ON standing_change (at_seq)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_standing_change_at_seq")
