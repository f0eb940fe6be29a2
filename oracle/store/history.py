"""Everything that was ever stored about one job, in the order in which it came to be. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from oracle.decide.due import Purpose
from oracle.decide.jobs import EvaluatorRecord, JobEvent, JobRecord, Place
from oracle.domain.terms import Attestation
from oracle.domain.types import Address, Hash, Outcome
from oracle.signing.journal import JournalEntry
from oracle.store import codec
from oracle.store.bodies import FULL_BODY
from oracle.store.tables import (
    Block,
    EvaluatorVersion,
    EventRow,
    JobVersion,
    JournalRow,
    OutboxRow,
    ReceiptRow,
    TransactionRow,
)

_EVENTS = {kind.__name__: TypeAdapter(kind) for kind in get_args(JobEvent)}


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """One signed transaction of an outbox entry. `block` is where it was mined, None where it was not."""

    tx_hash: Hash
    nonce: int
    raw: bytes
    noop: bool
    max_fee: int
    priority_fee: int
    signed_at: float
    sent_at: float | None
    underpriced: bool
    abandoned: bool
    block: int | None
    ok: bool | None


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One outbox row and what was signed for it, oldest first. `standing` as `oracle tx` shows it."""

    id: int
    sender: Address
    purpose: Purpose
    job: Hash | None
    target: Address
    data: bytes
    nonce: int | None
    tries: int
    created_at: float
    final_in: int | None
    dropped: str | None
    error: str | None
    transactions: tuple[SignedTransaction, ...]

    @property
    def standing(self) -> str:
        """Queued, pending, mined, final or dropped."""
        if self.dropped is not None:
            return "dropped"
        if self.final_in is not None:
            return "final"
        if any(one.block is not None and not one.abandoned for one in self.transactions):
            return "mined"
        return "queued" if self.nonce is None else "pending"


def job_events(session: Session, job: Hash) -> list[tuple[JobEvent, Place]]:
    """The job's events, in the order of the chain."""
    query = (
        select(EventRow.name, FULL_BODY, EventRow.log_index, Block)
        .join(Block, Block.block_number == EventRow.block_number)
        .where(EventRow.subject == job, EventRow.name.in_(_EVENTS))
        .order_by(EventRow.block_number, EventRow.log_index)
    )
    return [
        (
            _EVENTS[name].validate_json(body),
            Place(block.block_number, block.hash, block.timestamp, log_index),
        )
        for name, body, log_index, block in session.execute(query)
    ]


def job_versions(session: Session, job: Hash) -> list[JobRecord]:
    """The job's record after each of its events, as it was stored."""
    query = (
        select(JobVersion.record)
        .where(JobVersion.job == job)
        .order_by(JobVersion.block_number, JobVersion.log_index, JobVersion.id)
    )
    return [codec.JOB_RECORDS.value(text) for text in session.scalars(query)]


def evaluator_rolls(session: Session, committee: Hash) -> list[dict[int, EvaluatorRecord]]:
    """The committee's evaluators after each change, the newest first."""
    rows = session.scalars(
        select(EvaluatorVersion)
        .where(EvaluatorVersion.committee == committee)
        .order_by(EvaluatorVersion.block_number, EvaluatorVersion.log_index, EvaluatorVersion.id)
    )
    rolls: list[dict[int, EvaluatorRecord]] = [{}]
    for row in rows:
        rolls.append(rolls[-1] | {row.evaluator: codec.EVALUATOR_RECORDS.value(row.record)})
    return rolls[::-1]


def journal_of(session: Session, job: Hash) -> list[JournalEntry]:
    """What keys of this store signed, or were about to, for a job."""
    rows = session.scalars(
        select(JournalRow).where(JournalRow.subject == job).order_by(JournalRow.written_at)
    )
    return [
        JournalEntry(
            row.signer,
            row.domain,
            Attestation(row.subject, row.deliverable, Outcome(row.outcome), row.evidence, int(row.payable)),
            row.digest,
        )
        for row in rows
    ]


def outbox_entries(
    session: Session,
    *,
    job: Hash | None = None,
    entry: int | None = None,
    tx_hash: Hash | None = None,
    live: bool = False,
    limit: int = 100,
) -> list[OutboxEntry]:
    """Outbox rows, the newest first; those of a job, one by its number or by one of its transactions.

    Args:
        live: Only those that are neither final nor dropped.
    """
    query = select(OutboxRow).order_by(OutboxRow.id.desc()).limit(limit)
    if job is not None:
        query = query.where(OutboxRow.subject == job)
    if entry is not None:
        query = query.where(OutboxRow.id == entry)
    if tx_hash is not None:
        query = query.where(
            OutboxRow.id.in_(select(TransactionRow.entry).where(TransactionRow.tx_hash == tx_hash))
        )
    if live:
        query = query.where(OutboxRow.until_block.is_(None), OutboxRow.dropped.is_(None))
    rows = list(session.scalars(query))
    signed: dict[int, list[SignedTransaction]] = {}
    transactions = (
        select(TransactionRow, ReceiptRow)
        .outerjoin(ReceiptRow, ReceiptRow.tx_hash == TransactionRow.tx_hash)
        .where(TransactionRow.entry.in_([row.id for row in rows]))
        .order_by(TransactionRow.entry, TransactionRow.sequence)
    )
    for one, receipt in session.execute(transactions):
        signed.setdefault(one.entry, []).append(_signed(one, receipt))
    return [
        OutboxEntry(
            id=row.id,
            sender=row.sender,
            purpose=Purpose(row.purpose),
            job=row.subject,
            target=row.target,
            data=bytes.fromhex(row.data[2:]),
            nonce=row.nonce,
            tries=row.tries,
            created_at=row.created_at,
            final_in=row.until_block,
            dropped=row.dropped,
            error=row.error,
            transactions=tuple(signed.get(row.id, ())),
        )
        for row in rows
    ]


def _signed(row: TransactionRow, receipt: ReceiptRow | None) -> SignedTransaction:
    return SignedTransaction(
        tx_hash=row.tx_hash,
        nonce=row.nonce,
        raw=bytes.fromhex(row.raw[2:]),
        noop=row.noop,
        max_fee=row.max_fee,
        priority_fee=row.priority_fee,
        signed_at=row.signed_at,
        sent_at=row.sent_at,
        underpriced=row.underpriced,
        abandoned=row.abandoned,
        block=None if receipt is None else receipt.block_number,
        ok=None if receipt is None else receipt.ok,
    )
