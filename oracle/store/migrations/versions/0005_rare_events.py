"""Events that not every job has are found by name without a scan"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_RARE = sa.text("name NOT IN ('JobOpened', 'Delivered', 'Judged', 'JobClosed', 'FeesEarned')")


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_events_rare",
            ["name", "block_number", "log_index"],
            unique=False,
            sqlite_where=_RARE,
            postgresql_where=_RARE,
        )


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_rare")
