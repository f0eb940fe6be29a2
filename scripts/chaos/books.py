"""What an evaluator's database says when all is over."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from oracle.domain import typed
from oracle.domain.terms import Attestation
from oracle.domain.types import Address, Hash, Outcome
from oracle.store.tables import (
    AttestationRow,
    EquivocationRow,
    EvaluationRow,
    JournalRow,
    LaneRow,
    OutboxRow,
    TransactionRow,
)
from scripts.chaos.site import Site
from scripts.chaos.transactions import Signed, recovered


@dataclass
class Books:
    """The rows that matter.

    Args:
        evaluations: Outcome of each evaluation that is done, by job and deliverable.
        signed: Attestations and the journal's entries.
        journal: Key and attestation of each entry of the journal.
        transactions: Hashes of all that was ever signed for the chain.
        unfinished: Outbox rows that are neither final nor dropped, in words.
        contradicted: Keys that a stored proof of equivocation is about.
    """

    index: int
    evaluations: dict[tuple[Hash, Hash | None], Outcome] = field(default_factory=dict)
    signed: list[Signed] = field(default_factory=list)
    journal: set[tuple[Address, Attestation]] = field(default_factory=set)
    transactions: set[Hash] = field(default_factory=set)
    unfinished: list[str] = field(default_factory=list)
    next_nonce: int | None = None
    contradicted: set[Address] = field(default_factory=set)


def unfinished(session: Session) -> list[str]:
    """Outbox rows that have not ended."""
    rows = session.scalars(
        select(OutboxRow).where(OutboxRow.until_block.is_(None), OutboxRow.dropped.is_(None))
    )
    return [
        f"outbox row {row.id} to {row.purpose} {str(row.subject)[:10]} (nonce {row.nonce}): {row.error}"
        for row in rows
    ]


def read_books(site: Site, domain: typed.Domain) -> Books:
    """Read one evaluator's database."""
    database = site.database()
    books = Books(site.index)
    with database.read() as session:
        for done in session.scalars(select(EvaluationRow).where(EvaluationRow.state == "done")):
            books.evaluations[done.job, done.deliverable] = Outcome(done.outcome)
        for row in session.scalars(select(AttestationRow)):
            attestation = _attestation(row)
            signature = bytes.fromhex(row.r[2:] + row.vs[2:])
            signed = recovered(domain, attestation, signature, f"the database of evaluator {site.index}")
            books.signed += [] if signed is None else [signed]
        for entry in session.scalars(select(JournalRow)):
            where = f"the journal of evaluator {site.index}"
            books.signed.append(Signed(entry.signer, _attestation(entry), where))
            books.journal.add((entry.signer, _attestation(entry)))
        books.transactions = set(session.scalars(select(TransactionRow.tx_hash)))
        books.unfinished = unfinished(session)
        books.next_nonce = session.scalar(select(LaneRow.next_nonce).where(LaneRow.sender == site.sender))
        proofs = select(AttestationRow.signer).join(
            EquivocationRow, EquivocationRow.attestation_a == AttestationRow.id
        )
        books.contradicted = set(session.scalars(proofs))
    database.close()
    return books


def _attestation(row: AttestationRow | JournalRow) -> Attestation:
    return Attestation(
        subject=row.subject,
        deliverable=row.deliverable,
        outcome=Outcome(row.outcome),
        evidence=row.evidence,
        payable=int(row.payable),
    )
