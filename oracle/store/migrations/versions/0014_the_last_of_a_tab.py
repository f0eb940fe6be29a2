"""What happened to a tab last is found without looking through all that happened to it"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("tab_events", schema=None) as batch_op:
        batch_op.create_index("ix_tab_events_place", ["tab", "block_number", "log_index"])


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("tab_events", schema=None) as batch_op:
        batch_op.drop_index("ix_tab_events_place")
