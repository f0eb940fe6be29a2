"""What evaluators exchange, as it is stored: commitments, contradictions, nonces, and peers' faults."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from oracle.domain.types import ZERO_HASH, Address, Hash, State
from oracle.store import work
from oracle.store.among import among
from oracle.store.rows import insert_rows, table_of
from oracle.store.tables import (
    AttestationRow,
    CommitmentRow,
    EquivocationRow,
    JobVersion,
    PeerIncidentRow,
    PeerNonceRow,
)
from oracle.store.work import StoredAttestation

# As the partial index says it: with a bound value the index would not be used.
_CURRENT = text("job_versions.until_block IS NULL AND job_versions.state <> 4")
MAX_DETAIL = 500  # characters kept of what a peer did


@dataclass(frozen=True, slots=True)
class StoredCommitment:
    """What an evaluator bound itself to. `signature` is 65 bytes over `commitment_digest`."""

    subject: Hash
    deliverable: Hash
    committee: Hash
    evaluator: int
    signer: Address
    commitment: Hash
    signature: str


@dataclass(frozen=True, slots=True)
class Equivocation:
    """A proof: two attestations of one evaluator for one delivery, of different outcome or payable."""

    committee: Hash
    evaluator: int
    seen_at: int
    a: StoredAttestation
    b: StoredAttestation


@dataclass(frozen=True, slots=True)
class Incident:
    """What a peer did, or failed to do. Times are our own clock's, Unix seconds."""

    committee: Hash
    evaluator: int
    kind: str
    subject: Hash
    detail: str
    times: int
    first_at: float
    last_at: float


def add_commitments(session: Session, wanted: Sequence[StoredCommitment]) -> None:
    """Store commitments. The table takes one of a key for a delivery: the first.

    Raises:
        IntegrityError: where another process was first.
    """
    now = time.time()
    insert_rows(
        session,
        CommitmentRow,
        [
            {
                "subject": item.subject,
                "deliverable": item.deliverable,
                "committee": item.committee,
                "evaluator": item.evaluator,
                "signer": item.signer,
                "commitment": item.commitment,
                "signature": item.signature,
                "stored_at": now,
            }
            for item in wanted
        ],
    )


def commitments_of(session: Session, subjects: Collection[Hash]) -> list[StoredCommitment]:
    """Every commitment about these subjects."""
    if not subjects:
        return []
    query = select(*table_of(CommitmentRow).c).where(among(session, CommitmentRow.subject, subjects))
    return [_commitment(row) for row in session.execute(query)]


def subjects_under_way(
    session: Session, committee: Hash, signers: Collection[Address], *, since_block: int
) -> dict[Hash, int]:
    """Jobs that one of `signers` attested and that are open, or were judged in or after `since_block`.

    Returns:
        For each, oldest first, how many attestations about it are stored.
    """
    query = (
        select(JobVersion.job, func.count(AttestationRow.id))
        .join(AttestationRow, AttestationRow.subject == JobVersion.job)
        .where(
            JobVersion.committee == committee,
            _CURRENT,
            or_(JobVersion.state == State.OPEN.value, JobVersion.block_number >= since_block),
        )
        .group_by(JobVersion.job)
        .having(func.max(case((AttestationRow.signer.in_(signers), 1), else_=0)) == 1)
        .order_by(func.min(JobVersion.id))
    )
    return {str(job): int(count) for job, count in session.execute(query)}


def uncommitted(session: Session, committee: Hash, signers: Collection[Address]) -> list[StoredAttestation]:
    """Attestations of open jobs by our own keys for which there is no commitment yet."""
    query = (
        select(AttestationRow)
        .join(JobVersion, JobVersion.job == AttestationRow.subject)
        .where(
            JobVersion.committee == committee,
            _CURRENT,
            JobVersion.state == State.OPEN.value,
            AttestationRow.committee == committee,
            AttestationRow.signer.in_(signers),
            AttestationRow.salt.is_(None),
        )
        .order_by(AttestationRow.id)
    )
    return [work.stored_attestation(row) for row in session.scalars(query)]


def set_salts(session: Session, salts: Mapping[int, Hash]) -> set[int]:
    """Keep the salts of commitments to attestations of our own, by the attestations' ids.

    Returns:
        Those that had none before; the others keep theirs.
    """
    free = select(AttestationRow.id).where(AttestationRow.id.in_(salts), AttestationRow.salt.is_(None))
    found = set(session.scalars(free.with_for_update()))
    table = table_of(AttestationRow)
    if found:
        session.connection().execute(
            update(table).where(table.c.id == bindparam("of")).values(salt=bindparam("kept")),
            [{"of": number, "kept": salts[number]} for number in sorted(found)],
        )
    return found


def use_nonce(session: Session, signer: Address, nonce: str, *, now: float, expires_at: float) -> bool:
    """Take a request's nonce. False where it was taken before. Those of the past are forgotten.

    Args:
        now: The chain's time, as all times of requests are.
        expires_at: From when on a request of this time is refused for its age.
    """
    session.execute(delete(PeerNonceRow).where(PeerNonceRow.expires_at < now))
    if session.get(PeerNonceRow, (signer, nonce)) is not None:
        return False
    session.add(PeerNonceRow(signer=signer, nonce=nonce, expires_at=expires_at))
    session.flush()
    return True


def note_incident(
    session: Session, committee: Hash, evaluator: int, kind: str, detail: str, subject: Hash = ZERO_HASH
) -> bool:
    """Record what a peer did; the same again is counted. Whether it is the first of its kind and subject."""
    row = session.get(PeerIncidentRow, (committee, evaluator, kind, subject))
    now = time.time()
    if row is not None:
        row.times += 1
        row.last_at = now
        row.detail = detail[:MAX_DETAIL]
        return False
    session.add(
        PeerIncidentRow(
            committee=committee,
            evaluator=evaluator,
            kind=kind,
            subject=subject,
            detail=detail[:MAX_DETAIL],
            times=1,
            first_at=now,
            last_at=now,
        )
    )
    session.flush()
    return True


def incidents(session: Session, *, limit: int) -> list[Incident]:
    """What peers did, newest first."""
    query = select(PeerIncidentRow).order_by(PeerIncidentRow.last_at.desc()).limit(limit)
    return [
        Incident(
            committee=row.committee,
            evaluator=row.evaluator,
            kind=row.kind,
            subject=row.subject,
            detail=row.detail,
            times=row.times,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in session.scalars(query)
    ]


def equivocations(session: Session, subjects: Collection[Hash] | None = None) -> list[Equivocation]:
    """Proofs of equivocation on these subjects; on all where None."""
    query = select(EquivocationRow).order_by(EquivocationRow.seen_at, EquivocationRow.subject)
    if subjects is not None:
        query = query.where(among(session, EquivocationRow.subject, subjects))
    rows = list(session.scalars(query))
    if not rows:
        return []
    named = [row.attestation_a for row in rows] + [row.attestation_b for row in rows]
    attestations = {
        row.id: work.stored_attestation(row)
        for row in session.scalars(select(AttestationRow).where(AttestationRow.id.in_(named)))
    }
    return [
        Equivocation(
            committee=row.committee,
            evaluator=row.evaluator,
            seen_at=row.seen_at,
            a=attestations[row.attestation_a],
            b=attestations[row.attestation_b],
        )
        for row in rows
    ]


def dissents(session: Session, *, limit: int) -> list[tuple[StoredAttestation, StoredAttestation]]:
    """Attestations that differ in outcome from one of another evaluator for the same delivery, newest first.

    Each pair is (the newer one, one it differs from).
    """
    first, second = AttestationRow, AttestationRow.__table__.alias("other")
    query = (
        select(first.id, second.c.id)
        .join(
            second,
            (second.c.subject == first.subject)
            & (second.c.deliverable == first.deliverable)
            & (second.c.committee == first.committee)
            & (second.c.evaluator != first.evaluator)
            & (second.c.outcome != first.outcome)
            & (second.c.id < first.id),
        )
        .order_by(first.id.desc())
        .limit(limit)
    )
    pairs = [(int(newer), int(older)) for newer, older in session.execute(query)]
    ids = {item for pair in pairs for item in pair}
    found = {
        row.id: work.stored_attestation(row)
        for row in session.scalars(select(AttestationRow).where(AttestationRow.id.in_(ids)))
    }
    return [(found[newer], found[older]) for newer, older in pairs]


def _commitment(row: Row[Any]) -> StoredCommitment:
    return StoredCommitment(
        subject=row.subject,
        deliverable=row.deliverable,
        committee=row.committee,
        evaluator=row.evaluator,
        signer=row.signer,
        commitment=row.commitment,
        signature=row.signature,
    )
