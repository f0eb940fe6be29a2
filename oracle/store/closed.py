"""Closed jobs and settled periods of tabs as evidence for trust scores, read from what is stored of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import orjson
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Hash, Outcome, State
from oracle.score.coverage import Running
from oracle.score.evidence import Evidence, Kind, contest_of, finding_of, outlay_of
from oracle.store import closed_periods, codec
from oracle.store.tables import EventRow, JobRow, JobVersion

_AT_ONCE = 400  # keys in one query; SQLite's older limit for parameters is 999


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed job, or a period: its evidence, in which `outlay` is what it alone cost the buyer."""

    evidence: Evidence
    provider: Address
    agent_id: int


def closed_after(
    session: Session, block: int, *, up_to: int, limit: int, roots: Collection[Hash]
) -> tuple[list[Closed], int]:
    """Jobs and periods that ended in blocks after `block`, in the order of the chain, whole blocks only.

    Args:
        limit: About so many jobs.

    Returns:
        Them, and the block up to which these are all.
    """
    query = (
        select(EventRow.block_number)
        .where(EventRow.name == "JobClosed", EventRow.block_number > block, EventRow.block_number <= up_to)
        .order_by(EventRow.block_number)
        .offset(limit)
        .limit(1)
    )
    beyond = session.scalar(query)
    last = up_to if beyond is None else max(block + 1, beyond - 1)
    places = _places(
        session,
        select(EventRow.subject, EventRow.block_number, EventRow.log_index).where(
            EventRow.name == "JobClosed", EventRow.block_number > block, EventRow.block_number <= last
        ),
    )
    # A block in which something happened: its header is kept.
    end = up_to if beyond is None else max((place[0] for place in places.values()), default=last)
    periods = [Closed(*one) for one in closed_periods.ended_between(session, block, end, roots=roots)]
    return _ordered([*_closed(session, places, roots), *periods]), end


def closed_by(
    session: Session,
    *,
    provider: Address | None,
    buyers: Collection[Address],
    up_to: int,
    roots: Collection[Hash],
) -> list[Closed]:
    """Jobs and periods of a provider, or of any of these buyers, that ended up to a block, in order."""
    parties: list[Select[Hash]] = []
    if provider is not None:
        parties.append(select(JobRow.job).where(JobRow.provider == provider))
    parties += [select(JobRow.job).where(JobRow.buyer.in_(some)) for some in _pieces(sorted(buyers))]
    found: dict[Hash, tuple[int, int]] = {}
    for jobs in parties:
        query = select(EventRow.subject, EventRow.block_number, EventRow.log_index).where(
            EventRow.name == "JobClosed", EventRow.block_number <= up_to, EventRow.subject.in_(jobs)
        )
        found |= _places(session, query)
    periods = closed_periods.ended_of(session, provider=provider, buyers=buyers, up_to=up_to, roots=roots)
    return _ordered([*_closed(session, found, roots), *(Closed(*one) for one in periods)])


def _ordered(found: list[Closed]) -> list[Closed]:
    return sorted(found, key=lambda one: (one.evidence.block, one.evidence.log_index))


def evidence_of(
    session: Session, provider: Address, *, up_to: int, roots: Collection[Hash], agent_id: int | None = None
) -> list[Evidence]:
    """All evidence about an agent up to a block, from the jobs themselves: slow, and needs nothing prepared.

    Args:
        agent_id: Only jobs that name this ERC-8004 id.
    """
    mine = closed_by(session, provider=provider, buyers=(), up_to=up_to, roots=roots)
    buyers = {one.evidence.counterparty for one in mine}
    spent: dict[Address, int] = {}
    told: list[Evidence] = []
    for one in closed_by(session, provider=None, buyers=buyers, up_to=up_to, roots=roots):
        buyer = one.evidence.counterparty
        spent[buyer] = spent.get(buyer, 0) + one.evidence.outlay
        if one.provider == provider and agent_id in (None, one.agent_id):
            told.append(replace(one.evidence, outlay=spent[buyer]))
    return told


def _places(session: Session, query: Select[str | None, int, int]) -> dict[Hash, tuple[int, int]]:
    return {
        subject: (block, index) for subject, block, index in session.execute(query) if subject is not None
    }


def _closed(session: Session, places: dict[Hash, tuple[int, int]], roots: Collection[Hash]) -> list[Closed]:
    made: list[Closed] = []
    for jobs in _pieces(sorted(places, key=places.__getitem__)):
        before = _provisional(session, jobs)
        rows = {
            job: (agreement, record)
            for job, agreement, record in session.execute(
                select(JobRow.job, JobRow.agreement, JobVersion.record)
                .join(
                    JobVersion,
                    and_(
                        JobVersion.job == JobRow.job,
                        JobVersion.until_block.is_(None),
                        JobVersion.state == State.CLOSED.value,
                    ),
                )
                .where(JobRow.job.in_(jobs))
            )
        }
        for job in jobs:
            agreement, record = rows[job]
            made.append(
                _one(job, places[job], codec.AGREEMENTS.value(agreement), record, before.get(job), roots)
            )
    return made


def _one(
    job: Hash,
    place: tuple[int, int],
    agreement: Agreement,
    record_text: str,
    before: Outcome | None,
    roots: Collection[Hash],
) -> Closed:
    record = codec.JOB_RECORDS.value(record_text)
    terms, provisional = agreement.terms, before or Outcome.NONE
    evidence = Evidence(
        kind=Kind.JOB,
        subject=job,
        period=0,
        block=place[0],
        log_index=place[1],
        at=record.closed_at,
        counterparty=terms.buyer,
        own=terms.buyer == terms.provider,
        committee=terms.committee,
        finding=finding_of(record, provisional),
        contest=contest_of(agreement, record, provisional),
        value=terms.gated,
        bond=terms.bond,
        secured=terms.challenge > 0,
        outlay=outlay_of(agreement, record, counted_fee=terms.committee in roots),
    )
    return Closed(evidence, terms.provider, agreement.opening.agent_id)


def _provisional(session: Session, jobs: Sequence[Hash]) -> dict[Hash, Outcome]:
    """What verdict or lapse had said of each, before it was closed."""
    query = select(EventRow.subject, EventRow.body).where(
        EventRow.subject.in_(jobs), or_(EventRow.name == "Judged", EventRow.name == "Lapsed")
    )
    return {
        subject: Outcome(orjson.loads(body)["outcome"])
        for subject, body in session.execute(query)
        if subject is not None
    }


def _pieces(items: Sequence[Hash]) -> Iterable[Sequence[Hash]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def running_of(
    session: Session, provider: Address, *, up_to: int, agent_id: int | None = None
) -> list[Running]:
    """A provider's jobs and tabs that were opened up to a block and not closed by then."""
    query = (
        select(JobRow.agreement)
        .join(JobVersion, and_(JobVersion.job == JobRow.job, JobVersion.until_block.is_(None)))
        .where(
            JobRow.provider == provider,
            JobRow.block_number <= up_to,
            # A closed job's current version began where it was closed: in that block its last event is.
            or_(JobVersion.state != State.CLOSED.value, JobVersion.block_number > up_to),
        )
    )
    agreements = [codec.AGREEMENTS.value(text) for text in session.scalars(query)]
    tabs = closed_periods.running_tabs(session, provider, up_to=up_to, agent_id=agent_id)
    return tabs + [
        Running(
            price=one.price,
            up_front=one.opening.up_front,
            bond=one.terms.bond,
            secured=one.terms.challenge > 0,
        )
        for one in agreements
        if agent_id in (None, one.opening.agent_id)
    ]
