"""Webhooks: what changed, who wants to be told, and what is to be told to whom"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import oracle.store.columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begun", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("height_hash", oracle.store.columns.HexBytes(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
    )
    op.create_table(
        "changes",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("agent", oracle.store.columns.HexBytes(), nullable=True),
        sa.Column("subject", oracle.store.columns.HexBytes(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("height_hash", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("orphaned", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("noticed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sa.UniqueConstraint("name", name=op.f("uq_changes_name")),
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_changes_height"), ["height"])
    op.create_table(
        "announced",
        sa.Column("provider", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("cap", sa.BigInteger(), nullable=False),
        sa.Column("exposure", sa.BigInteger(), nullable=False),
        sa.Column("score_change", sa.BigInteger(), nullable=True),
        sa.Column("coverage_change", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_announced")),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", sa.String(length=120), nullable=False),
        sa.Column("agents", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("stopped", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("webhook", sa.String(length=40), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.Double(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("webhook", "change", name=op.f("uq_webhook_deliveries_webhook_change")),
        sa.UniqueConstraint("message", name=op.f("uq_webhook_deliveries_message")),
    )
    with op.batch_alter_table("webhook_deliveries", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_webhook_deliveries_change"), ["change"])
        batch_op.create_index(
            "ix_webhook_deliveries_due",
            ["webhook", "retry_at"],
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        )


def downgrade() -> None:
    """Undo."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
    op.drop_table("announced")
    op.drop_table("changes")
    op.drop_table("feed")
