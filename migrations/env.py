"""Alembic's entry: runs on the connection that `chitieu.postgres.migrate` hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from chitieu.postgres.migrate import compared
from chitieu.postgres.tables import metadata

connection = context.config.attributes["connection"]
# A migration that waits for a lock would make every later request wait behind it.
connection.execute(text("SET LOCAL lock_timeout = '5s'"))
context.configure(connection=connection, target_metadata=metadata, include_object=compared)
with context.begin_transaction():
    context.run_migrations()
