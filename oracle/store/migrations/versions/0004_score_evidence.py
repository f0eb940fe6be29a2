"""Evidence for trust scores, made from closed jobs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import oracle.store.columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "score_evidence",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("provider", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("agent_id", sa.String(length=78), nullable=False),
        sa.Column("buyer", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("committee", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("finding", sa.String(length=16), nullable=False),
        sa.Column("contest", sa.String(length=16), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("bond", sa.BigInteger(), nullable=False),
        sa.Column("secured", sa.Boolean(), nullable=False),
        sa.Column("outlay", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index", name=op.f("pk_score_evidence")),
    )
    with op.batch_alter_table("score_evidence", schema=None) as batch_op:
        batch_op.create_index("ix_score_evidence_agent", ["provider", "block_number", "log_index"])
        batch_op.create_index("ix_score_evidence_buyer", ["buyer", "outlay"])
    op.create_table(
        "score_progress",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("roots", oracle.store.columns.HexBytes(), nullable=False),
        sa.PrimaryKeyConstraint("block_number", name=op.f("pk_score_progress")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("score_progress")
    op.drop_table("score_evidence")
