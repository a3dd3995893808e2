"""Headers of deliveries: under which header each column of the contract stood."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("headers", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("delivery", "headers")
