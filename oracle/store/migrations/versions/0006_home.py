"""Where the database lives"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "home",
        sa.Column("place", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_home")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("home")
