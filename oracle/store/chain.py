"""What was read from the chain: blocks, events, and the records they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oracle.decide.jobs import (
    EvaluatorEvent,
    EvaluatorRecord,
    ImpossibleEventsError,
    JobEvent,
    Place,
    apply_evaluator_event,
    apply_job_event,
)
from oracle.decide.reorg import BlockId
from oracle.domain.events import CommitteeCreated, EscrowEvent, JobOpened, Slashed
from oracle.domain.typed import opening_hash
from oracle.domain.types import Address, Hash, members_of
from oracle.store import codec
from oracle.store.database import StoreError
from oracle.store.tables import (
    Block,
    CommitteeRow,
    Deployment,
    EvaluatorVersion,
    EventRow,
    JobRow,
    JobVersion,
)


@dataclass(frozen=True, slots=True)
class Header:
    """A block as stored. `timestamp` in Unix seconds."""

    number: int
    hash: Hash
    parent_hash: Hash
    timestamp: int


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with its transaction and its place."""

    event: EscrowEvent
    tx_hash: Hash
    place: Place


def bind_deployment(session: Session, chain_id: int, escrow: Address, first_block: int) -> None:
    """Tie an empty store to one escrow on one chain, or check that it is the one.

    Raises:
        StoreError: the store follows another escrow or another chain.
    """
    row = session.scalars(select(Deployment)).one_or_none()
    if row is None:
        session.add(Deployment(chain_id=chain_id, escrow=escrow, first_block=first_block))
    elif (row.chain_id, row.escrow) != (chain_id, escrow):
        raise StoreError(
            f"the store follows escrow {row.escrow} on chain {row.chain_id}, "
            f"the configuration names {escrow} on chain {chain_id}",
            field="database.url",
            next_step="use another database, or correct the deployment",
        )


def bound_deployment(session: Session) -> tuple[int, Address] | None:
    """Chain id and escrow this store follows; None where it follows none yet."""
    row = session.scalars(select(Deployment)).one_or_none()
    return None if row is None else (row.chain_id, row.escrow)


def cursor(session: Session) -> BlockId | None:
    """The last block read; None before the first."""
    row = session.scalars(select(Block).order_by(Block.block_number.desc()).limit(1)).one_or_none()
    return None if row is None else BlockId(row.block_number, row.hash)


def now(session: Session) -> int:
    """The time of the last block read, Unix seconds; 0 before the first."""
    return session.scalar(select(Block.timestamp).order_by(Block.block_number.desc()).limit(1)) or 0


def recent_blocks(session: Session, *, below: int, limit: int) -> list[BlockId]:
    """Stored blocks numbered below `below`, highest first."""
    query = (
        select(Block.block_number, Block.hash)
        .where(Block.block_number < below)
        .order_by(Block.block_number.desc())
        .limit(limit)
    )
    return [BlockId(number, hash_) for number, hash_ in session.execute(query)]


def block_hash(session: Session, number: int) -> Hash | None:
    """The hash of a stored block; None where it is not stored."""
    return session.scalar(select(Block.hash).where(Block.block_number == number))


def save_blocks(session: Session, headers: Iterable[Header]) -> None:
    """Store headers that are not yet stored."""
    session.add_all(
        Block(
            block_number=header.number,
            hash=header.hash,
            parent_hash=header.parent_hash,
            timestamp=header.timestamp,
        )
        for header in headers
    )


def save_events(session: Session, happened: Sequence[Happened]) -> None:
    """Store events, in the order of the chain, and bring the records up to date.

    Raises:
        ImpossibleEventsError: they cannot have happened in this order; nothing may be kept.
    """
    for item in happened:
        session.add(
            EventRow(
                block_number=item.place.block_number,
                log_index=item.place.log_index,
                tx_hash=item.tx_hash,
                name=type(item.event).__name__,
                subject=codec.event_subject(item.event),
                body=codec.event_text(item.event),
            )
        )
        _project(session, item.event, item.place)


def _project(session: Session, event: EscrowEvent, place: Place) -> None:
    if isinstance(event, JobOpened):
        terms = event.agreement.terms
        session.add(
            JobRow(
                job=event.job,
                committee=terms.committee,
                buyer=terms.buyer,
                provider=terms.provider,
                pact=event.agreement.opening.pact,
                opening_hash=opening_hash(event.agreement.opening),
                agreement=codec.AGREEMENTS.text(event.agreement),
                block_number=place.block_number,
            )
        )
    if isinstance(event, get_args(JobEvent)):
        _new_job_version(session, event, place)
    elif isinstance(event, CommitteeCreated):
        session.add(
            CommitteeRow(
                committee=event.committee,
                terms=codec.COMMITTEES.text(event.terms),
                block_number=place.block_number,
            )
        )
    elif isinstance(event, get_args(EvaluatorEvent)):
        indices = members_of(event.slashed) if isinstance(event, Slashed) else [event.index]
        for index in indices:
            _new_evaluator_version(session, index, event, place)


def _new_job_version(session: Session, event: JobEvent, place: Place) -> None:
    session.flush()
    row = session.scalars(
        select(JobVersion).where(JobVersion.job == event.job, JobVersion.until_block.is_(None))
    ).one_or_none()
    before = None if row is None else codec.JOB_RECORDS.value(row.record)
    after = apply_job_event(before, event, place)
    committee = event.agreement.terms.committee if isinstance(event, JobOpened) else None
    if row is not None:
        committee = row.committee
        session.execute(
            update(JobVersion).where(JobVersion.id == row.id).values(until_block=place.block_number)
        )
    if committee is None:
        raise ImpossibleEventsError(f"job {event.job} was never opened")
    session.add(
        JobVersion(
            job=event.job,
            committee=committee,
            block_number=place.block_number,
            log_index=place.log_index,
            state=int(after.state),
            record=codec.JOB_RECORDS.text(after),
        )
    )


def _new_evaluator_version(session: Session, index: int, event: EvaluatorEvent, place: Place) -> None:
    session.flush()
    row = session.scalars(
        select(EvaluatorVersion).where(
            EvaluatorVersion.committee == event.committee,
            EvaluatorVersion.evaluator == index,
            EvaluatorVersion.until_block.is_(None),
        )
    ).one_or_none()
    before = EvaluatorRecord() if row is None else codec.EVALUATOR_RECORDS.value(row.record)
    after = apply_evaluator_event(before, event)
    if row is not None:
        session.execute(
            update(EvaluatorVersion)
            .where(EvaluatorVersion.id == row.id)
            .values(until_block=place.block_number)
        )
    session.add(
        EvaluatorVersion(
            committee=event.committee,
            evaluator=index,
            block_number=place.block_number,
            log_index=place.log_index,
            key=after.key,
            record=codec.EVALUATOR_RECORDS.text(after),
        )
    )
