"""Agents' standings, so that they can be listed by score, coverage, freshness and price"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import oracle.store.columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "standings",
        sa.Column("provider", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
        sa.Column("first_block", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("lower", sa.Integer(), nullable=False),
        sa.Column("upper", sa.Integer(), nullable=False),
        sa.Column("running", sa.BigInteger(), nullable=False),
        sa.Column("exposure", sa.BigInteger(), nullable=False),
        sa.Column("cap", sa.BigInteger(), nullable=False),
        sa.Column("last_pass", sa.BigInteger(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_standings")),
    )
    with op.batch_alter_table("standings", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_standings_block_number"), ["block_number"])
        batch_op.create_index(op.f("ix_standings_day"), ["day"])
        batch_op.create_index(op.f("ix_standings_score"), ["score"])
    op.create_table(
        "standing_progress",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("roots", oracle.store.columns.HexBytes(), nullable=False),
        sa.PrimaryKeyConstraint("block_number", name=op.f("pk_standing_progress")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("standing_progress")
    op.drop_table("standings")
