"""Rows that ended are found by when; current ones, which is most of history, are no longer indexed there"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = ("evaluator_versions", "job_versions", "outbox")


def upgrade() -> None:
    """Apply."""
    only = sa.text("until_block IS NOT NULL")
    for table in _TABLES:
        name = f"ix_{table}_until_block"
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_index(name)
            batch_op.create_index(name, ["until_block"], sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    """Undo."""
    for table in _TABLES:
        name = f"ix_{table}_until_block"
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_index(name)
            batch_op.create_index(name, ["until_block"])
