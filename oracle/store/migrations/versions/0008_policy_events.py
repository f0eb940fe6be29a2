"""What policies did"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import oracle.store.columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "policy_events",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("link", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("happened", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.Double(), nullable=False),
        sa.Column("told_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_policy_events")),
        sa.UniqueConstraint("event", name=op.f("uq_policy_events_event")),
    )
    with op.batch_alter_table("policy_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policy_events_policy"), ["policy"], unique=False)
        batch_op.create_index(batch_op.f("ix_policy_events_subject"), ["subject"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_table("policy_events")
