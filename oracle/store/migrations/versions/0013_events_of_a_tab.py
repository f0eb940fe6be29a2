"""Events of one tab by their name are found without looking through those of all tabs"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("tab_events", schema=None) as batch_op:
        batch_op.drop_index("ix_tab_events_tab")
        batch_op.create_index("ix_tab_events_tab", ["tab", "name", "block_number", "log_index"])


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("tab_events", schema=None) as batch_op:
        batch_op.drop_index("ix_tab_events_tab")
        batch_op.create_index("ix_tab_events_tab", ["tab"])
