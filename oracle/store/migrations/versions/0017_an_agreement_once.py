"""An agreement is stored once, with its job: an opening's text no longer holds it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from oracle.store.columns import HexBytes

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_EVENTS = sa.table(
    "events", sa.column("name", sa.String()), sa.column("subject", HexBytes()), sa.column("body", sa.Text())
)
_JOBS = sa.table("jobs", sa.column("job", HexBytes()), sa.column("agreement", sa.Text()))
_AGREEMENT = sa.select(_JOBS.c.agreement).where(_JOBS.c.job == _EVENTS.c.subject).scalar_subquery()
_WITH = sa.literal('"agreement":') + _AGREEMENT
_WITHOUT = sa.literal('"agreement":null')


def upgrade() -> None:
    """Apply."""
    _replace(_WITH, _WITHOUT)


def downgrade() -> None:
    """Undo."""
    _replace(_WITHOUT, _WITH)


def _replace(old: sa.ColumnElement[str], new: sa.ColumnElement[str]) -> None:
    """In openings. One whose agreement is written otherwise than its job's stays as it is, and is read so."""
    body = sa.func.replace(_EVENTS.c.body, old, new)
    op.execute(sa.update(_EVENTS).where(_EVENTS.c.name == "JobOpened").values(body=body))
