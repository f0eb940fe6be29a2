"""Holds: what a database that came from a backup must not sign.

Its signing journal may lack what the keys signed after the backup was made, and a second, different
attestation costs the stake. All of those signatures were for deliveries anchored before the copy first woke.
So until the operator says otherwise, nothing new is signed for a delivery from before then; what the journal
holds may be signed again, and later deliveries are signed for as ever.
"""

from __future__ import annotations

import time

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from oracle.store.tables import HoldRow

MARGIN = 3_600  # seconds: clocks differ, and a reorg may give a delivery a later block


def add_hold(session: Session, backup_at: float | None) -> None:
    """Mark a database as come from a backup made at a time (Unix seconds), None where that is not known."""
    session.execute(insert(HoldRow).values(backup_at=backup_at))


def has_new_hold(session: Session) -> bool:
    """Whether there is a hold that has not begun to count."""
    return session.scalar(select(HoldRow.id).where(HoldRow.noticed_at.is_(None)).limit(1)) is not None


def notice_holds(session: Session) -> int:
    """At the start: holds seen for the first time begin to count from now. Returns how many there were."""
    result = session.execute(
        update(HoldRow)
        .where(HoldRow.noticed_at.is_(None))
        .values(noticed_at=time.time())
        .returning(HoldRow.id)
    )
    return len(result.all())


def held_until(session: Session) -> float | None:
    """Deliveries anchored before this chain time (Unix seconds) are not signed for anew; None: no hold."""
    noticed = session.scalar(select(func.max(HoldRow.noticed_at)).where(HoldRow.released_at.is_(None)))
    return None if noticed is None else noticed + MARGIN


def release_holds(session: Session) -> int:
    """The operator knows that nothing is missing from the journal. Returns how many holds ended."""
    result = session.execute(
        update(HoldRow)
        .where(HoldRow.released_at.is_(None))
        .values(released_at=time.time())
        .returning(HoldRow.id)
    )
    return len(result.all())
