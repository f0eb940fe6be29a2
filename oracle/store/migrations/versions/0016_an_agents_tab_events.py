"""Events of an agent's tabs, and pacts of tabs, are found in their order"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from oracle.store.columns import HexBytes

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("tab_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("provider", HexBytes(), nullable=True))
    op.execute(
        "UPDATE tab_events SET provider = (SELECT tabs.provider FROM tabs WHERE tabs.tab = tab_events.tab)"
    )
    with op.batch_alter_table("tab_events", schema=None) as batch_op:
        batch_op.create_index("ix_tab_events_provider", ["provider", "block_number", "log_index", "name"])
    with op.batch_alter_table("tabs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tabs_pact"), ["pact"])


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("tabs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tabs_pact"))
    with op.batch_alter_table("tab_events", schema=None) as batch_op:
        batch_op.drop_index("ix_tab_events_provider")
        batch_op.drop_column("provider")
