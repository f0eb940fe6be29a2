"""Figures over the whole store, for people and for metrics. Each is one indexed or grouped query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oracle.decide.due import EvaluationState
from oracle.domain.types import Hash, State
from oracle.store import chain, jobs
from oracle.store.tables import (
    AttestationRow,
    Block,
    EvaluationRow,
    JournalRow,
    LaneRow,
    OutboxRow,
    PeerIncidentRow,
)

_MOST_LOOKED_AT = 500  # unfinished evaluations; SQLite takes no more names in one question than 32,766


@dataclass(frozen=True, slots=True)
class Overview:
    """The store in figures. Times are Unix seconds; counts are by the word of what is counted.

    `outbox` counts what is neither final nor dropped. `oldest_waiting` is when the oldest delivery of an open
    job was anchored whose evaluation is not done; `oldest_unsent` and `oldest_unmined` are when the oldest
    live outbox entries without and with a nonce were queued; None where there is none.
    """

    block: int | None
    block_hash: Hash | None
    block_time: int | None
    jobs: Mapping[str, int]
    evaluations: Mapping[str, int]
    outbox: Mapping[str, int]
    signed: int
    attestations: int
    incidents: Mapping[str, int]
    oldest_waiting: int | None
    oldest_unsent: float | None
    oldest_unmined: float | None
    nonces: Mapping[str, int]


def overview(session: Session) -> Overview:
    """The store in figures."""
    cursor = chain.cursor(session)
    block = None if cursor is None else session.get(Block, cursor.number)
    states = session.execute(select(EvaluationRow.state, func.count()).group_by(EvaluationRow.state)).all()
    evaluations = {str(state): count for state, count in states}
    live = (OutboxRow.until_block.is_(None), OutboxRow.dropped.is_(None))
    queued, unsent = session.execute(
        select(func.count(), func.min(OutboxRow.created_at)).where(*live, OutboxRow.nonce.is_(None))
    ).one()
    pending, unmined = session.execute(
        select(func.count(), func.min(OutboxRow.created_at)).where(*live, OutboxRow.nonce.is_not(None))
    ).one()
    kinds = session.execute(
        select(PeerIncidentRow.kind, func.sum(PeerIncidentRow.times)).group_by(PeerIncidentRow.kind)
    )
    return Overview(
        block=None if cursor is None else cursor.number,
        block_hash=None if cursor is None else cursor.hash,
        block_time=None if block is None else block.timestamp,
        jobs={state.word: count for state, count in sorted(jobs.count_by_state(session).items())},
        evaluations=evaluations,
        outbox={"queued": queued, "pending": pending},
        signed=session.scalar(select(func.count()).select_from(JournalRow)) or 0,
        attestations=session.scalar(select(func.count()).select_from(AttestationRow)) or 0,
        incidents={str(kind): int(count) for kind, count in kinds},
        oldest_waiting=_oldest_waiting(session),
        oldest_unsent=unsent,
        oldest_unmined=unmined,
        nonces={row.sender: row.next_nonce for row in session.scalars(select(LaneRow))},
    )


def _oldest_waiting(session: Session) -> int | None:
    # Not by the row's own time: that begins anew with each try.
    unfinished = session.scalars(
        select(EvaluationRow.job)
        .where(EvaluationRow.state != EvaluationState.DONE.value)
        .order_by(EvaluationRow.updated_at)
        .limit(_MOST_LOOKED_AT)
    )
    records = [stored.record for stored in jobs.get_jobs(session, list(unfinished)).values()]
    return min(
        (one.delivered_at for one in records if one.state is State.OPEN and one.delivered_at), default=None
    )
