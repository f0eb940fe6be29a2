"""Evaluations as far as they are, and attestations as they were signed or received."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oracle.decide.due import Evaluated, EvaluationState
from oracle.domain.terms import Attestation, Attested
from oracle.domain.types import Address, Hash, Outcome
from oracle.store.tables import AttestationRow, EquivocationRow, EvaluationRow


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
    rows = session.scalars(select(EvaluationRow).where(EvaluationRow.job.in_(jobs)))
    return {(row.job, row.deliverable): _evaluation(row) for row in rows}


def begin_evaluation(session: Session, job: Hash, deliverable: Hash, anchor_hash: Hash) -> StoredEvaluation:
    """Mark an evaluation as running, counting the try; one of another anchor begins anew."""
    row = session.get(EvaluationRow, (job, deliverable))
    if row is None:
        row = EvaluationRow(job=job, deliverable=deliverable, anchor_hash=anchor_hash, tries=0)
        session.add(row)
    elif row.anchor_hash != anchor_hash:
        row.tries = 0
        row.anchor_hash = anchor_hash
    row.state = EvaluationState.RUNNING
    row.tries += 1
    row.retry_at = 0.0
    row.outcome = 0
    row.evidence = None
    row.reason = ""
    row.updated_at = time.time()
    session.flush()
    return _evaluation(row)


def finish_evaluation(
    session: Session,
    job: Hash,
    deliverable: Hash,
    anchor_hash: Hash,
    outcome: Outcome,
    evidence: Hash,
    reason: str,
) -> None:
    """Store what an evaluation came to. `evidence` is the record's hash; the record is stored before.

    Where two workers evaluated the same, what was stored first stands: it may be signed already. What was
    evaluated against a block that was orphaned meanwhile counts for nothing.
    """
    _change(
        session,
        job,
        deliverable,
        anchor_hash,
        state=EvaluationState.DONE.value,
        outcome=int(outcome),
        evidence=evidence,
        reason=reason,
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
    """Evaluations marked as running since before a time (Unix seconds)."""
    query = select(EvaluationRow).where(
        EvaluationRow.state == EvaluationState.RUNNING.value, EvaluationRow.updated_at <= before
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


def save_attestation(session: Session, stored: StoredAttestation) -> bool:
    """Store an attestation; the same again changes nothing. Whether it is new.

    One that contradicts another of the same evaluator is stored too, and with it that they are a proof.
    """
    same = (
        AttestationRow.subject == stored.attestation.subject,
        AttestationRow.deliverable == stored.attestation.deliverable,
        AttestationRow.committee == stored.committee,
        AttestationRow.evaluator == stored.evaluator,
    )
    known = list(session.scalars(select(AttestationRow).where(*same).order_by(AttestationRow.id)))
    if any(row.digest == stored.digest for row in known):
        return False
    added = AttestationRow(
        subject=stored.attestation.subject,
        deliverable=stored.attestation.deliverable,
        committee=stored.committee,
        evaluator=stored.evaluator,
        signer=stored.signer,
        outcome=int(stored.attestation.outcome),
        payable=str(stored.attestation.payable),
        evidence=stored.attestation.evidence,
        digest=stored.digest,
        r=stored.attested.r,
        vs=stored.attested.vs,
        received_at=time.time(),
        seen_at=stored.seen_at,
        opens=stored.opens,
        salt=stored.salt,
    )
    session.add(added)
    session.flush()
    for row in known:
        if (row.outcome, row.payable) != (added.outcome, added.payable):
            _note_contradiction(session, row, added)
            break
    return True


def _note_contradiction(session: Session, a: AttestationRow, b: AttestationRow) -> None:
    if session.get(EquivocationRow, (b.subject, b.deliverable, b.committee, b.evaluator)) is not None:
        return
    session.add(
        EquivocationRow(
            subject=b.subject,
            deliverable=b.deliverable,
            committee=b.committee,
            evaluator=b.evaluator,
            attestation_a=a.id,
            attestation_b=b.id,
            seen_at=b.seen_at,
        )
    )
    session.flush()


def attestations_of(session: Session, jobs: Collection[Hash]) -> list[StoredAttestation]:
    """Attestations for these jobs, oldest first."""
    query = select(AttestationRow).where(AttestationRow.subject.in_(jobs)).order_by(AttestationRow.id)
    return [stored_attestation(row) for row in session.scalars(query)]


def stored_attestation(row: AttestationRow) -> StoredAttestation:
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


def _evaluation(row: EvaluationRow) -> StoredEvaluation:
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
