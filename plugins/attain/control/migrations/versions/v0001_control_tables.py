"""The control tables: arrivals, deliveries, releases, the pointer's moves, holds and runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "arrival",
        sa.Column("arrival_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source_system", sa.String(64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("byte_size", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("rejected_path", sa.Text(), nullable=True),
        sa.Column("archive_path", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("arrival_id"),
    )
    op.create_index("ix_arrival_content_sha256", "arrival", ["content_sha256"])
    op.create_table(
        "delivery",
        sa.Column("delivery_id", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("arrival_id", sa.Integer(), nullable=False),
        sa.Column("source_system", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("feed", sa.String(64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("file_format", sa.String(16), nullable=False),
        sa.Column("encoding", sa.String(32), nullable=True),
        sa.Column("layout", sa.Text(), nullable=True),
        sa.Column("mapping_name", sa.String(64), nullable=True),
        sa.Column("mapping_sha256", sa.String(64), nullable=True),
        sa.Column("contract_sha256", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("extracted_at", sa.DateTime(), nullable=True),
        sa.Column("horizon_date", sa.Date(), nullable=True),
        sa.Column("rows_in_file", sa.BigInteger(), nullable=False),
        sa.Column("rows_loaded", sa.BigInteger(), nullable=False),
        sa.Column("rows_quarantined", sa.BigInteger(), nullable=False),
        sa.Column("rows_declared_totals", sa.BigInteger(), nullable=False),
        sa.Column("rows_not_for_feed", sa.BigInteger(), nullable=False),
        sa.Column("extra_columns", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("raw_path", sa.Text(), nullable=True),
        sa.Column("quarantine_path", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(128), nullable=True),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.arrival_id"]),
        sa.PrimaryKeyConstraint("delivery_id"),
        sa.UniqueConstraint("sequence"),
    )
    op.create_index("ix_delivery_content_sha256", "delivery", ["content_sha256"])
    op.create_index("ix_delivery_feed", "delivery", ["source", "feed", "status"])
    op.create_table(
        "release",
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("as_of_date", sa.Date(), nullable=False),
        sa.Column("code_version", sa.String(64), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
        sa.Column("receipt_sha256", sa.String(64), nullable=False),
        sa.Column("payout_totals", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("release_id"),
        sa.UniqueConstraint("fingerprint"),
    )
    op.create_table(
        "pointer_move",
        sa.Column("move_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("moved_at", sa.DateTime(), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("moved_by", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["release.release_id"]),
        sa.PrimaryKeyConstraint("move_id"),
    )
    op.create_table(
        "hold",
        sa.Column("hold_id", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("payee_id", sa.String(128), nullable=False),
        sa.Column("check_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("exposure_amount", sa.Numeric(18, 2).with_variant(sa.String(21), "sqlite"), nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hold_id"),
    )
    op.create_index("ix_hold_fingerprint", "hold", ["fingerprint"])
    op.create_table(
        "run",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("release_id", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("run_id"),
    )


def downgrade() -> None:
    for table in ("run", "hold", "pointer_move", "release", "delivery", "arrival"):
        op.drop_table(table)
