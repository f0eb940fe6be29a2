"""Evaluations as far as they are, and attestations as they were signed or received."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from oracle.decide.due import Evaluated, EvaluationState
from oracle.domain.terms import Attestation, Attested
from oracle.domain.types import Address, Hash, Outcome
from oracle.store.among import among
from oracle.store.rows import Row as Values
from oracle.store.rows import insert_rows, table_of
from oracle.store.tables import AttestationRow, EquivocationRow, EvaluationRow, TabRow

# Read as rows, not as objects: making and tracking an object costs many times what reading its row does.
_EVALUATIONS = select(*table_of(EvaluationRow).c)
_EVALUATED = select(table_of(EvaluationRow).c.job)
_ATTESTATIONS = select(*table_of(AttestationRow).c)
_SAID = select(
    *(
        table_of(AttestationRow).c[name]
        for name in ("subject", "deliverable", "committee", "evaluator", "digest", "outcome", "payable")
    )
)


@dataclass(frozen=True, slots=True)
class StoredEvaluation:
    """An evaluation as far as it is. `tries` counts starts; `reason` says how it ended, or why it waits."""

    job: Hash
    deliverable: Hash
    anchor_hash: Hash
    state: EvaluationState
    tries: int
    retry_at: float
    outcome: Outcome
    evidence: Hash | None
    reason: str

    def as_evaluated(self) -> Evaluated:
        """What decisions need of it."""
        return Evaluated(self.state, self.anchor_hash, self.outcome, self.retry_at)


@dataclass(frozen=True, slots=True)
class StoredAttestation:
    """A checked attestation of one evaluator of a committee.

    `seen_at`: the chain's time when it was stored. `opens`: it is what its evaluator had committed to, or one
    of our own. `salt` opens the commitment. `id` is set once it is stored.
    """

    committee: Hash
    evaluator: int
    signer: Address
    attestation: Attestation
    attested: Attested
    digest: Hash
    seen_at: int = 0
    opens: bool = True
    salt: Hash | None = None
    id: int = 0


def get_evaluation(session: Session, job: Hash, deliverable: Hash) -> StoredEvaluation | None:
    """The evaluation of a deliverable, or None where none was begun."""
    row = session.get(EvaluationRow, (job, deliverable))
    return None if row is None else _evaluation(row)


def evaluations_of(session: Session, jobs: Collection[Hash]) -> dict[tuple[Hash, Hash], StoredEvaluation]:
    """Evaluations of these jobs by (job, deliverable)."""
    if not jobs:
        return {}
    rows = session.execute(_EVALUATIONS.where(among(session, EvaluationRow.job, jobs)))
    return {(row.job, row.deliverable): _evaluation(row) for row in rows}


def moved_on(session: Session, running: Collection[Hash], unbegun: Collection[Hash]) -> set[Hash]:
    """Jobs whose evaluation is in another state than it was: running, or not begun."""
    moved: set[Hash] = set()
    # Two questions, each answered with what has moved only: most of hundreds that run do so for a while.
    if running:
        query = _EVALUATED.where(
            among(session, EvaluationRow.job, running), EvaluationRow.state != EvaluationState.RUNNING.value
        )
        moved.update(session.scalars(query))
    if unbegun:
        moved.update(session.scalars(_EVALUATED.where(among(session, EvaluationRow.job, unbegun))))
    return moved


def begin_evaluations(
    session: Session, wanted: Sequence[tuple[Hash, Hash, Hash]]
) -> dict[tuple[Hash, Hash], int]:
    """Mark evaluations as running, and count the try; one of another anchor begins anew.

    Args:
        wanted: Job, deliverable and hash of the anchor block of each; a job is named once.

    Returns:
        How often each was begun, this time included, by (job, deliverable).
    """
    rows = session.scalars(select(EvaluationRow).where(EvaluationRow.job.in_([job for job, _, _ in wanted])))
    known = {(row.job, row.deliverable): row for row in rows}
    tries: dict[tuple[Hash, Hash], int] = {}
    fresh: list[Values] = []
    for job, deliverable, anchor_hash in wanted:
        row = known.get((job, deliverable))
        before = row.tries if row is not None and row.anchor_hash == anchor_hash else 0
        tries[job, deliverable] = before + 1
        state: Values = {
            "anchor_hash": anchor_hash,
            "state": EvaluationState.RUNNING.value,
            "tries": before + 1,
            "retry_at": 0.0,
            "outcome": 0,
            "evidence": None,
            "reason": "",
            "updated_at": time.time(),
        }
        if row is None:
            fresh.append({"job": job, "deliverable": deliverable, **state})
        else:
            for name, value in state.items():
                setattr(row, name, value)
    session.flush()
    insert_rows(session, EvaluationRow, fresh)
    return tries


@dataclass(frozen=True, slots=True)
class Finished:
    """What an evaluation came to. `evidence` is the record's hash; the record is stored before."""

    job: Hash
    deliverable: Hash
    anchor_hash: Hash
    outcome: Outcome
    evidence: Hash
    reason: str


def finish_evaluations(session: Session, finished: Sequence[Finished]) -> None:
    """Store what evaluations came to.

    Where two workers evaluated the same, what was stored first stands: it may be signed already. What was
    evaluated against a block that was orphaned meanwhile counts for nothing.
    """
    if not finished:
        return
    table = table_of(EvaluationRow)
    session.connection().execute(
        update(table)
        .where(
            table.c.job == bindparam("of_job"),
            table.c.deliverable == bindparam("of_deliverable"),
            table.c.anchor_hash == bindparam("of_anchor"),
            table.c.state != EvaluationState.DONE.value,
        )
        .values(
            state=EvaluationState.DONE.value,
            outcome=bindparam("came_to"),
            evidence=bindparam("record"),
            reason=bindparam("why"),
            updated_at=time.time(),
        ),
        [
            {
                "of_job": one.job,
                "of_deliverable": one.deliverable,
                "of_anchor": one.anchor_hash,
                "came_to": int(one.outcome),
                "record": one.evidence,
                "why": one.reason,
            }
            for one in finished
        ],
    )


def postpone_evaluation(
    session: Session, job: Hash, deliverable: Hash, anchor_hash: Hash, retry_at: float, reason: str
) -> None:
    """Store that an evaluation could not run, and when it is tried again."""
    _change(
        session,
        job,
        deliverable,
        anchor_hash,
        state=EvaluationState.WAITING.value,
        retry_at=retry_at,
        reason=reason,
    )


def hasten_evaluation(session: Session, job: Hash, deliverable: Hash) -> None:
    """What an evaluation waited for is there: it is due at once. One that does not wait is left alone."""
    session.execute(
        update(EvaluationRow)
        .where(
            EvaluationRow.job == job,
            EvaluationRow.deliverable == deliverable,
            EvaluationRow.state == EvaluationState.WAITING.value,
        )
        .values(retry_at=0.0)
    )


def running_evaluations(session: Session, before: float) -> list[StoredEvaluation]:
    """Evaluations of jobs marked as running since before a time (Unix seconds).

    Those of tabs are not in runs of their own: the desk for tabs begins what was cut off again itself.
    """
    query = select(EvaluationRow).where(
        EvaluationRow.state == EvaluationState.RUNNING.value,
        EvaluationRow.updated_at <= before,
        EvaluationRow.job.not_in(select(TabRow.tab)),
    )
    return [_evaluation(row) for row in session.scalars(query)]


def release_evaluations(session: Session, lost: Sequence[StoredEvaluation]) -> int:
    """Evaluations that no process works on any more are due at once. Returns how many."""
    for one in lost:
        _change(
            session,
            one.job,
            one.deliverable,
            one.anchor_hash,
            state=EvaluationState.WAITING.value,
            retry_at=0.0,
            reason="the process ended meanwhile",
        )
    return len(lost)


def save_attestations(session: Session, wanted: Sequence[StoredAttestation]) -> int:
    """Store attestations; those that are stored already change nothing. Returns how many are new.

    One that contradicts another of the same evaluator is stored too, and with it that they are a proof.
    """
    if not wanted:
        return 0
    known: dict[_Place, dict[Hash, tuple[Outcome, int]]] = {}
    subjects = {item.attestation.subject for item in wanted}
    rows = session.execute(_SAID.where(among(session, AttestationRow.subject, subjects)))
    for subject, deliverable, committee, evaluator, digest, outcome, payable in rows:
        place = subject, deliverable, committee, evaluator
        known.setdefault(place, {})[digest] = (Outcome(outcome), int(payable))
    fresh: list[StoredAttestation] = []
    contradicting: list[StoredAttestation] = []
    for item in wanted:
        before = known.setdefault(_place(item), {})
        if item.digest in before:
            continue
        if any(said != _said(item) for said in before.values()):
            contradicting.append(item)
        before[item.digest] = _said(item)
        fresh.append(item)
    now = time.time()
    insert_rows(session, AttestationRow, [_attestation_row(item, now) for item in fresh])
    for item in contradicting:
        _note_contradiction(session, item)
    return len(fresh)


_Place: TypeAlias = tuple[Hash, Hash, Hash, int]
"""Where an honest evaluator has one attestation: subject, deliverable, committee and evaluator."""


def _place(item: StoredAttestation) -> _Place:
    return item.attestation.subject, item.attestation.deliverable, item.committee, item.evaluator


def _said(item: StoredAttestation) -> tuple[Outcome, int]:
    return item.attestation.outcome, item.attestation.payable


def _attestation_row(item: StoredAttestation, now: float) -> Values:
    return {
        "subject": item.attestation.subject,
        "deliverable": item.attestation.deliverable,
        "committee": item.committee,
        "evaluator": item.evaluator,
        "signer": item.signer,
        "outcome": int(item.attestation.outcome),
        "payable": str(item.attestation.payable),
        "evidence": item.attestation.evidence,
        "digest": item.digest,
        "r": item.attested.r,
        "vs": item.attested.vs,
        "received_at": now,
        "seen_at": item.seen_at,
        "opens": item.opens,
        "salt": item.salt,
    }


def _note_contradiction(session: Session, b: StoredAttestation) -> None:
    """Store a proof: an attestation that was just stored, and an earlier one that it contradicts."""
    place = _place(b)
    if session.get(EquivocationRow, place) is not None:
        return
    stored = [item for item in attestations_of(session, [b.attestation.subject]) if _place(item) == place]
    new = next(item for item in stored if item.digest == b.digest)
    old = next(item for item in stored if item.id < new.id and _said(item) != _said(new))
    subject, deliverable, committee, evaluator = place
    session.add(
        EquivocationRow(
            subject=subject,
            deliverable=deliverable,
            committee=committee,
            evaluator=evaluator,
            attestation_a=old.id,
            attestation_b=new.id,
            seen_at=b.seen_at,
        )
    )
    session.flush()


def attestations_of(session: Session, jobs: Collection[Hash]) -> list[StoredAttestation]:
    """Attestations for these jobs, oldest first."""
    if not jobs:
        return []
    query = _ATTESTATIONS.where(among(session, AttestationRow.subject, jobs)).order_by(AttestationRow.id)
    return [stored_attestation(row) for row in session.execute(query)]


def stored_attestation(row: AttestationRow | Row[Any]) -> StoredAttestation:
    """An attestation from its row."""
    return StoredAttestation(
        committee=row.committee,
        evaluator=row.evaluator,
        signer=row.signer,
        attestation=Attestation(
            subject=row.subject,
            deliverable=row.deliverable,
            outcome=Outcome(row.outcome),
            evidence=row.evidence,
            payable=int(row.payable),
        ),
        attested=Attested(r=row.r, vs=row.vs, evidence=row.evidence),
        digest=row.digest,
        seen_at=row.seen_at,
        opens=row.opens,
        salt=row.salt,
        id=row.id,
    )


def _change(session: Session, job: Hash, deliverable: Hash, anchor_hash: Hash, **values: object) -> None:
    session.execute(
        update(EvaluationRow)
        .where(
            EvaluationRow.job == job,
            EvaluationRow.deliverable == deliverable,
            EvaluationRow.anchor_hash == anchor_hash,
            EvaluationRow.state != EvaluationState.DONE.value,
        )
        .values(updated_at=time.time(), **values)
    )


def _evaluation(row: EvaluationRow | Row[Any]) -> StoredEvaluation:
    return StoredEvaluation(
        job=row.job,
        deliverable=row.deliverable,
        anchor_hash=row.anchor_hash,
        state=EvaluationState(row.state),
        tries=row.tries,
        retry_at=row.retry_at,
        outcome=Outcome(row.outcome),
        evidence=row.evidence,
        reason=row.reason,
    )
