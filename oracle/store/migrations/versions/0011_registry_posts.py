"""What is written to ERC-8004's reputation registry"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import oracle.store.columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "registry_posts",
        sa.Column("subject", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("agent_id", sa.String(length=78), nullable=False),
        sa.Column("provider", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=False),
        sa.Column("period_end", sa.BigInteger(), nullable=False),
        sa.Column("passes", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("digest", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.Double(), nullable=False),
        sa.Column("summary_count", sa.BigInteger(), nullable=True),
        sa.Column("summary_value", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_registry_posts")),
    )
    with op.batch_alter_table("registry_posts", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_registry_posts_provider"), ["provider"])
        batch_op.create_index(op.f("ix_registry_posts_digest"), ["digest"])
        batch_op.create_index(op.f("ix_registry_posts_state"), ["state"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("registry_posts")
