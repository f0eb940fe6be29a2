"""Lists over the store, a page at a time: each page begins after a key that the last one ended with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select, text, tuple_, union_all
from sqlalchemy.orm import Session

from oracle.decide.jobs import EvaluatorRecord, JobRecord
from oracle.domain.committee import Committee
from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Hash, State
from oracle.store import codec
from oracle.store.among import among
from oracle.store.bodies import FULL_BODY
from oracle.store.tables import (
    CommitteeRow,
    EvaluatorVersion,
    EventRow,
    JobRow,
    JobVersion,
    TabEventRow,
    TabRow,
)

FREQUENT = ("JobOpened", "Delivered", "Judged", "JobClosed", "FeesEarned")
"""Events every job has; the others have an index of their own."""

_RARE = text("name NOT IN ('JobOpened', 'Delivered', 'Judged', 'JobClosed', 'FeesEarned')")
"""The condition of that index, in its words, so that the database finds it."""

_PLACE = EventRow.block_number, EventRow.log_index
_NEWEST_FIRST = EventRow.block_number.desc(), EventRow.log_index.desc()
_LISTED = select(*_PLACE, EventRow.tx_hash, EventRow.name, EventRow.subject, FULL_BODY)
"""Events, in the order of `ListedEvent`."""


@dataclass(frozen=True, slots=True)
class ListedJob:
    """A job with the block it was opened in."""

    job: Hash
    block: int
    agreement: Agreement
    record: JobRecord


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event; `body` is its arguments as JSON text."""

    block: int
    log_index: int
    tx_hash: Hash
    name: str
    subject: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Slashing:
    """A slashing with its place; `body` is its arguments as JSON text."""

    committee: Hash
    block: int
    log_index: int
    body: str


@dataclass(frozen=True, slots=True)
class Seat:
    """An evaluator's place in a committee that it joined, with its record now."""

    committee: Hash
    index: int
    terms: Committee
    record: EvaluatorRecord


@dataclass(frozen=True, slots=True)
class Counted:
    """A pact with how many jobs and tabs it had, and the block of the first."""

    pact: Hash
    jobs: int
    tabs: int
    first_block: int


def list_jobs(
    session: Session,
    *,
    limit: int,
    before: tuple[int, Hash] | None = None,
    parties: Mapping[str, str] | None = None,
    state: State | None = None,
) -> list[ListedJob]:
    """Jobs, the last opened first.

    Args:
        before: Only those opened before this block and id.
        parties: Values of the columns buyer, provider, committee and pact.
        state: Only those in this state.
    """
    query = (
        select(JobRow.job, JobRow.block_number, JobRow.agreement, JobVersion.record)
        .join(JobVersion, and_(JobVersion.job == JobRow.job, JobVersion.until_block.is_(None)))
        .order_by(JobRow.block_number.desc(), JobRow.job.desc())
        .limit(limit)
    )
    query = query.where(*_of_parties(parties or {}))
    if state is not None:
        query = query.where(JobVersion.state == state.value)
    if before is not None:
        block, job = before
        query = query.where(
            (JobRow.block_number < block) | ((JobRow.block_number == block) & (JobRow.job < job))
        )
    return [
        ListedJob(job, block, codec.AGREEMENTS.value(agreement), codec.JOB_RECORDS.value(record))
        for job, block, agreement, record in session.execute(query)
    ]


def get_job(session: Session, job: Hash) -> ListedJob | None:
    """One job; None where it was never opened, as far as was read."""
    row = session.execute(
        select(JobRow.job, JobRow.block_number, JobRow.agreement, JobVersion.record)
        .join(JobVersion, and_(JobVersion.job == JobRow.job, JobVersion.until_block.is_(None)))
        .where(JobRow.job == job)
    ).one_or_none()
    if row is None:
        return None
    return ListedJob(row[0], row[1], codec.AGREEMENTS.value(row[2]), codec.JOB_RECORDS.value(row[3]))


def list_events(
    session: Session,
    *,
    limit: int,
    before: tuple[int, int] | None = None,
    name: str | None = None,
    subject: str | None = None,
    provider: Address | None = None,
) -> list[ListedEvent]:
    """Events, the newest first.

    Args:
        before: Only those before this block and log index.
        provider: Only those of this provider's jobs.
    """
    query = select(*_PLACE).order_by(*_NEWEST_FIRST).limit(limit)
    if name is not None:
        query = query.where(EventRow.name == name)
        if name not in FREQUENT and subject is None and provider is None:
            query = query.where(_RARE)
    if subject is not None:
        query = query.where(EventRow.subject == subject)
    if provider is not None:
        query = query.where(EventRow.subject.in_(select(JobRow.job).where(JobRow.provider == provider)))
    if before is not None:
        query = query.where(tuple_(*_PLACE) < tuple_(*before))
    # What they say is read of the page alone: SQLite would put it together for all there are, and sort them.
    page = _LISTED.where(tuple_(*_PLACE).in_(query.correlate(None))).order_by(*_NEWEST_FIRST)
    return [ListedEvent(*row) for row in session.execute(page)]


def list_pacts(
    session: Session, *, limit: int, after: Hash | None = None, parties: Mapping[str, str | None]
) -> list[Counted]:
    """Pacts that jobs or tabs were opened under, in the order of their hashes.

    Args:
        after: Only those after this one.
        parties: Values of the columns buyer, provider and committee; None: any.
    """
    found: dict[Hash, Counted] = {}
    # Each by itself, so that an index ends it early: what is among the first of both is among those of one.
    for table in (JobRow, TabRow):
        wanted = [getattr(table, name) == value for name, value in parties.items() if value is not None]
        query = (
            select(table.pact, func.count(), func.min(table.block_number))
            .where(*wanted, *([] if after is None else [table.pact > after]))
            .group_by(table.pact)
            .order_by(table.pact)
            .limit(limit)
        )
        for pact, count, first in session.execute(query):
            known = found.get(pact, Counted(pact, 0, 0, first))
            jobs, tabs = (count, 0) if table is JobRow else (0, count)
            found[pact] = Counted(pact, known.jobs + jobs, known.tabs + tabs, min(known.first_block, first))
    return [found[pact] for pact in sorted(found)[:limit]]


def _of_parties(parties: Mapping[str, str | None]) -> list[ColumnElement[bool]]:
    columns = {
        "buyer": JobRow.buyer,
        "provider": JobRow.provider,
        "committee": JobRow.committee,
        "pact": JobRow.pact,
    }
    return [columns[name] == value for name, value in parties.items() if value is not None]


def states_of(session: Session, provider: Address) -> dict[State, int]:
    """How many of a provider's jobs are in each state."""
    query = (
        select(JobVersion.state, func.count())
        .join(JobRow, JobRow.job == JobVersion.job)
        .where(JobRow.provider == provider, JobVersion.until_block.is_(None))
        .group_by(JobVersion.state)
    )
    return {State(state): count for state, count in session.execute(query)}


def pacts_of(session: Session, provider: Address, *, limit: int) -> list[Hash]:
    """The pacts a provider worked under, in jobs and tabs, the most used first."""
    return pacts_of_all(session, [provider]).get(provider, [])[:limit]


def count_pacts(session: Session, provider: Address, *, limit: int) -> list[tuple[Hash, int]]:
    """The pacts a provider worked under with how many jobs it had under each, the most used first."""
    query = (
        select(JobRow.pact, func.count())
        .where(JobRow.provider == provider)
        .group_by(JobRow.pact)
        .order_by(func.count().desc(), JobRow.pact)
        .limit(limit)
    )
    return [(pact, jobs) for pact, jobs in session.execute(query)]


def events_in(session: Session, block: int, name: str) -> list[ListedEvent]:
    """The events of one name in one block, in their order."""
    query = _LISTED.where(EventRow.block_number == block, EventRow.name == name).order_by(EventRow.log_index)
    return [ListedEvent(*row) for row in session.execute(query)]


def pacts_of_all(session: Session, providers: Collection[Address]) -> dict[Address, list[Hash]]:
    """The pacts each of these providers worked under, in jobs and tabs: one query for all of them.

    Those of most jobs and tabs first.
    """
    worked = union_all(
        *(
            select(table.provider, table.pact).where(table.provider.in_(providers))
            for table in (JobRow, TabRow)
        )
    ).subquery()
    query = (
        select(worked.c.provider, worked.c.pact)
        .group_by(worked.c.provider, worked.c.pact)
        .order_by(worked.c.provider, func.count().desc(), worked.c.pact)
    )
    found: dict[Address, list[Hash]] = {}
    for provider, pact in session.execute(query):
        found.setdefault(provider, []).append(pact)
    return found


def most_used_pacts(session: Session, *, limit: int) -> list[Hash]:
    """The pacts most jobs were opened under. Reads all jobs: keep the answer for a while."""
    query = select(JobRow.pact).group_by(JobRow.pact).order_by(func.count().desc(), JobRow.pact).limit(limit)
    return list(session.scalars(query))


def list_committees(
    session: Session,
    *,
    limit: int,
    after: Hash | None = None,
    evaluator: Address | None = None,
    arbiter: Address | None = None,
    methodology: Hash | None = None,
) -> list[tuple[Hash, int, Committee]]:
    """Committees with the block they were created in, in the order of their ids.

    Args:
        evaluator: Only those that this account joined.
    """
    query = select(CommitteeRow.committee, CommitteeRow.block_number, CommitteeRow.terms).order_by(
        CommitteeRow.committee
    )
    if after is not None:
        query = query.where(CommitteeRow.committee > after)
    if evaluator is not None:
        joined = {seat.committee for seat in seats_of(session, evaluator)}
        query = query.where(among(session, CommitteeRow.committee, joined))
    # Terms are kept as text, with every address and hash in one form: this narrows, what follows decides.
    for part in (arbiter, methodology):
        if part is not None:
            query = query.where(CommitteeRow.terms.contains(part, autoescape=True))
    found: list[tuple[Hash, int, Committee]] = []
    for id_, block, text_ in session.execute(query):
        terms = codec.COMMITTEES.value(text_)
        if arbiter in (None, terms.arbiter) and methodology in (None, terms.methodology):
            found.append((id_, block, terms))
        if len(found) == limit:
            break
    return found


def get_committee(session: Session, committee: Hash) -> tuple[int, Committee] | None:
    """A committee and the block it was created in; None where it never was, as far as was read."""
    row = session.execute(
        select(CommitteeRow.block_number, CommitteeRow.terms).where(CommitteeRow.committee == committee)
    ).one_or_none()
    return None if row is None else (row[0], codec.COMMITTEES.value(row[1]))


def list_evaluators(
    session: Session,
    *,
    limit: int,
    after: tuple[Hash, int] | None = None,
    committee: Hash | None = None,
    key: Address | None = None,
) -> list[tuple[Hash, int, EvaluatorRecord]]:
    """Evaluators that ever joined, by committee and index, with their record now.

    Args:
        key: Only those that sign with this key now.
    """
    query = (
        select(EvaluatorVersion.committee, EvaluatorVersion.evaluator, EvaluatorVersion.record)
        .where(EvaluatorVersion.until_block.is_(None))
        .order_by(EvaluatorVersion.committee, EvaluatorVersion.evaluator)
        .limit(limit)
    )
    wanted: list[ColumnElement[bool]] = []
    if committee is not None:
        wanted.append(EvaluatorVersion.committee == committee)
    if key is not None:
        wanted.append(EvaluatorVersion.key == key)
    if after is not None:
        past, index = after
        wanted.append(
            (EvaluatorVersion.committee > past)
            | ((EvaluatorVersion.committee == past) & (EvaluatorVersion.evaluator > index))
        )
    return [
        (id_, index, codec.EVALUATOR_RECORDS.value(record))
        for id_, index, record in session.execute(query.where(*wanted))
    ]


def slashings(session: Session, committees: Collection[Hash]) -> list[Slashing]:
    """Every slashing in these committees."""
    query = select(EventRow.subject, EventRow.block_number, EventRow.log_index, EventRow.body).where(
        EventRow.subject.in_(committees), EventRow.name == "Slashed", _RARE
    )
    return [
        Slashing(committee, block, log_index, body)
        for committee, block, log_index, body in session.execute(query)
        if committee is not None
    ]


def seats_of(session: Session, account: Address) -> list[Seat]:
    """Where an account took its seat as an evaluator, the largest stake first.

    Anybody can name any account in a committee; only the account itself can join.
    """
    query = (
        select(
            EvaluatorVersion.committee,
            EvaluatorVersion.evaluator,
            EvaluatorVersion.record,
            CommitteeRow.terms,
        )
        .join(CommitteeRow, CommitteeRow.committee == EvaluatorVersion.committee)
        # Terms are kept as text, with every address in one form: this narrows, what follows decides.
        .where(EvaluatorVersion.until_block.is_(None), CommitteeRow.terms.contains(account, autoescape=True))
    )
    found = [
        Seat(id_, index, codec.COMMITTEES.value(terms), codec.EVALUATOR_RECORDS.value(record))
        for id_, index, record, terms in session.execute(query)
    ]
    mine = [one for one in found if one.terms.evaluators[one.index] == account]
    return sorted(mine, key=lambda one: (-one.record.stake, one.committee))


def changed_since(session: Session, block: int) -> Sequence[Address]:
    """Providers to whose jobs or tabs something happened after a block."""
    query = (
        select(JobRow.provider)
        .join(JobVersion, JobVersion.job == JobRow.job)
        .where(JobVersion.block_number > block)
        .distinct()
    )
    on_tabs = (
        select(TabRow.provider)
        .join(TabEventRow, TabEventRow.tab == TabRow.tab)
        .where(TabEventRow.block_number > block)
        .distinct()
    )
    return sorted({*session.scalars(query), *session.scalars(on_tabs)})
