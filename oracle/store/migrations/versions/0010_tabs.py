"""Tabs: what was agreed, everything that happened to them, and which contract is followed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import oracle.store.columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "tabs",
        sa.Column("tab", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("buyer", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("provider", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("committee", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("pact", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tab", name=op.f("pk_tabs")),
    )
    with op.batch_alter_table("tabs", schema=None) as batch_op:
        for column in ("block_number", "buyer", "committee", "provider"):
            batch_op.create_index(op.f(f"ix_tabs_{column}"), [column])
    op.create_table(
        "tab_events",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tx_hash", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("tab", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index", name=op.f("pk_tab_events")),
    )
    with op.batch_alter_table("tab_events", schema=None) as batch_op:
        batch_op.create_index("ix_tab_events_name", ["name", "block_number"])
        batch_op.create_index(op.f("ix_tab_events_tab"), ["tab"])
    op.create_table(
        "tab_source",
        sa.Column("contract", oracle.store.columns.HexBytes(), nullable=False),
        sa.PrimaryKeyConstraint("contract", name=op.f("pk_tab_source")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("tab_source")
    op.drop_table("tab_events")
    op.drop_table("tabs")
