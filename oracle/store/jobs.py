"""Reading jobs, committees and evaluators as they stand now."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from oracle.decide.jobs import EvaluatorRecord, JobRecord
from oracle.domain.committee import Committee
from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Hash, State
from oracle.store import codec
from oracle.store.among import among
from oracle.store.tables import CommitteeRow, EvaluatorVersion, EventRow, JobRow, JobVersion


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job: what both sides signed, and its record now."""

    job: Hash
    agreement: Agreement
    opening_hash: Hash
    record: JobRecord


def _current_jobs() -> Select[Hash, str, Hash, str]:
    return (
        select(JobRow.job, JobRow.agreement, JobRow.opening_hash, JobVersion.record)
        .join(JobVersion, JobVersion.job == JobRow.job)
        .where(JobVersion.until_block.is_(None))
    )


def _stored_job(row: Row[Hash, str, Hash, str]) -> StoredJob:
    job, agreement, opening, record = row
    return StoredJob(
        job=job,
        agreement=codec.AGREEMENTS.shared(agreement),
        opening_hash=opening,
        record=codec.JOB_RECORDS.shared(record),
    )


def get_job(session: Session, job: Hash) -> StoredJob | None:
    """One job; None where it was never opened, as far as was read."""
    row = session.execute(_current_jobs().where(JobRow.job == job)).one_or_none()
    return None if row is None else _stored_job(row)


def get_jobs(session: Session, jobs: Collection[Hash]) -> dict[Hash, StoredJob]:
    """Those of these jobs that were ever opened, as far as was read."""
    if not jobs:
        return {}
    rows = session.execute(_current_jobs().where(among(session, JobRow.job, jobs)))
    return {job.job: job for job in map(_stored_job, rows)}


def expelled_on(session: Session, committee: Hash) -> set[tuple[int, Hash]]:
    """(index, subject) of every proof of equivocation that the contract took about this committee."""
    query = select(EventRow.body).where(EventRow.name == "Expelled", EventRow.subject == committee)
    found = [json.loads(body) for body in session.scalars(query)]
    return {(int(event["index"]), str(event["subject"])) for event in found}


def running_jobs(
    session: Session, committees: Collection[Hash], only: Collection[Hash] | None = None
) -> list[StoredJob]:
    """Jobs of these committees that are not closed, or those of them among `only`, oldest first."""
    query = _current_jobs().order_by(JobRow.block_number, JobVersion.id)
    if only is None:
        query = query.where(
            among(session, JobVersion.committee, committees), JobVersion.state != State.CLOSED.value
        )
        return [_stored_job(row) for row in session.execute(query)]
    # By their ids alone: PostgreSQL would rather go through all that are open than look up some.
    found = map(_stored_job, session.execute(query.where(among(session, JobRow.job, only))))
    return [
        job
        for job in found
        if job.record.state is not State.CLOSED and job.agreement.terms.committee in committees
    ]


def list_jobs(
    session: Session, *, limit: int, offset: int = 0, state: State | None = None
) -> list[StoredJob]:
    """All jobs, or those in one state, newest first."""
    query = _current_jobs().order_by(JobRow.block_number.desc(), JobRow.job).limit(limit).offset(offset)
    if state is not None:
        query = query.where(JobVersion.state == state.value)
    return [_stored_job(row) for row in session.execute(query)]


def count_by_state(session: Session) -> dict[State, int]:
    """How many jobs are in each state."""
    query = (
        select(JobVersion.state, func.count())
        .where(JobVersion.until_block.is_(None))
        .group_by(JobVersion.state)
    )
    return {State(state): count for state, count in session.execute(query)}


def get_committee(session: Session, committee: Hash) -> Committee | None:
    """A committee's terms; None where it was never created, as far as was read."""
    text = session.scalar(select(CommitteeRow.terms).where(CommitteeRow.committee == committee))
    return None if text is None else codec.COMMITTEES.shared(text)


def evaluators(session: Session, committee: Hash) -> dict[int, EvaluatorRecord]:
    """Index to record of every evaluator that ever joined."""
    query = select(EvaluatorVersion.evaluator, EvaluatorVersion.record).where(
        EvaluatorVersion.committee == committee, EvaluatorVersion.until_block.is_(None)
    )
    return {index: codec.EVALUATOR_RECORDS.shared(text) for index, text in session.execute(query)}


def committees_of_keys(session: Session, keys: Collection[Address]) -> set[Hash]:
    """Committees in which one of these is the current key of an evaluator."""
    query = (
        select(EvaluatorVersion.committee)
        .where(EvaluatorVersion.until_block.is_(None), among(session, EvaluatorVersion.key, keys))
        .distinct()
    )
    return set(session.scalars(query))
