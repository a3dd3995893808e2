"""Alembic's environment: runs the migrations on the connection that `attain.control.database` hands it."""

from __future__ import annotations

from alembic import context

from attain.control.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
