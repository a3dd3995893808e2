"""What deliveries mean: modes, manifests, deleted rows, the same bytes again, confirmed snapshots, released rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("arrival", sa.Column("manifest_path", sa.Text(), nullable=True))
    op.add_column("delivery", sa.Column("mode", sa.String(16), nullable=True))
    op.add_column("delivery", sa.Column("rows_deleted", sa.BigInteger(), nullable=True))
    op.add_column("delivery", sa.Column("origin_delivery_id", sa.String(40), nullable=True))
    op.add_column("delivery", sa.Column("origin_row_number", sa.BigInteger(), nullable=True))
    op.add_column("delivery", sa.Column("released_by", sa.String(128), nullable=True))
    op.create_table(
        "sighting",
        sa.Column("sighting_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.String(40), nullable=False),
        sa.Column("arrival_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("extracted_at", sa.DateTime(), nullable=True),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.arrival_id"]),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.delivery_id"]),
        sa.PrimaryKeyConstraint("sighting_id"),
    )
    op.create_index("ix_sighting_delivery_id", "sighting", ["delivery_id"])
    op.create_table(
        "vanish_confirmation",
        sa.Column("confirmation_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("arrival_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("feed", sa.String(64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(), nullable=False),
        sa.Column("confirmed_by", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.arrival_id"]),
        sa.PrimaryKeyConstraint("confirmation_id"),
    )


def downgrade() -> None:
    op.drop_table("vanish_confirmation")
    op.drop_table("sighting")
    for name in ("released_by", "origin_row_number", "origin_delivery_id", "rows_deleted", "mode"):
        op.drop_column("delivery", name)
    op.drop_column("arrival", "manifest_path")
