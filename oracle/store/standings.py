"""Agents with what they stand at: score, coverage, freshness and price, one row each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, case, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Hash
from oracle.store import codec
from oracle.store.among import among
from oracle.store.rows import insert_rows
from oracle.store.scores import roots_hash
from oracle.store.tables import JobRow, StandingProgressRow, StandingRow, TabRow

DAY = 86_400
_LARGEST = 2**63 - 1
KEPT = 1_000  # blocks of progress kept, so that a rollback finds one below it


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent as it stood at a block. Amounts in USDC base units, scores in thousandths, times Unix seconds.

    Args:
        block: Where it was computed; nothing has happened to the agent since.
        day: Days since 1970 at that block: a score is one of a day.
        score: None: unknown.
        last_pass: Time of the last Pass that counted.
        price: Of the job opened last.
    """

    agent: Address
    block: int
    day: int
    jobs: int
    first_block: int
    score: int | None
    lower: int
    upper: int
    running: int
    exposure: int
    cap: int
    last_pass: int | None
    price: int


@dataclass(frozen=True, slots=True)
class AgentFilter:
    """Which agents; None: any. `passed_since` in Unix seconds, amounts in USDC base units."""

    pact: Hash | None = None
    committee: Hash | None = None
    min_score: int | None = None
    min_cap: int | None = None
    passed_since: int | None = None
    max_price: int | None = None
    between: tuple[Address, Address] | None = None
    """The first and last address."""


class Order(StrEnum):
    """What comes first: the lowest address or price, or the most of something; the unknown last."""

    AGENT = "agent"
    SCORE = "score"
    CAP = "cap"
    FRESH = "fresh"
    PRICE = "price"


def rank_of(found: Standing, order: Order) -> int:
    """What an agent is put in order by, the larger the later; 0 by address alone."""
    match order:
        case Order.SCORE:
            return -(-1 if found.score is None else found.score)
        case Order.CAP:
            return -found.cap
        case Order.FRESH:
            return -(found.last_pass or 0)
        case Order.PRICE:
            return found.price if found.jobs else _LARGEST  # who had tabs alone named none
        case _:
            return 0


def list_standings(
    session: Session,
    wanted: AgentFilter,
    *,
    limit: int,
    order: Order = Order.AGENT,
    after: tuple[int, Address] | None = None,
) -> list[Standing]:
    """Agents in an order, those of one rank by address.

    Args:
        after: Only those after this rank (of `rank_of`) and address.
    """
    row = StandingRow
    query = select(row).where(*_conditions(wanted)).limit(limit)
    ranks: dict[Order, ColumnElement[int]] = {
        Order.SCORE: -func.coalesce(row.score, -1),
        Order.CAP: -row.cap,
        Order.FRESH: -func.coalesce(row.last_pass, 0),
        Order.PRICE: case((row.jobs == 0, _LARGEST), else_=row.price),
    }
    rank = ranks.get(order)
    query = query.order_by(row.provider) if rank is None else query.order_by(rank, row.provider)
    if after is not None:
        last, agent = after
        beyond: ColumnElement[bool] = row.provider > agent
        query = query.where(beyond if rank is None else (rank > last) | ((rank == last) & beyond))
    return [_standing(found) for found in session.scalars(query)]


def get_standings(session: Session, agents: Collection[Address]) -> dict[Address, Standing]:
    """What is kept of these agents."""
    query = select(StandingRow).where(among(session, StandingRow.provider, agents))
    return {row.provider: _standing(row) for row in session.scalars(query)}


def _conditions(wanted: AgentFilter) -> list[ColumnElement[bool]]:
    row = StandingRow
    conditions: list[ColumnElement[bool]] = []
    work: list[ColumnElement[bool]] = []
    if wanted.min_score is not None:
        conditions.append(row.score >= wanted.min_score)
    if wanted.min_cap is not None:
        conditions.append(row.cap >= wanted.min_cap)
    if wanted.passed_since is not None:
        conditions.append(row.last_pass >= wanted.passed_since)
    if wanted.max_price is not None:
        conditions.append((row.price <= wanted.max_price) & (row.jobs > 0))
    if wanted.between is not None:
        first, last = wanted.between
        conditions.append((row.provider >= first) & (row.provider <= last))
    for table in (JobRow, TabRow):
        worked = [
            column == value
            for column, value in ((table.pact, wanted.pact), (table.committee, wanted.committee))
            if value is not None
        ]
        if worked:
            work.append(exists().where(table.provider == row.provider, *worked))
    if work:
        conditions.append(or_(*work))
    return conditions


def counted(session: Session, agent: Address) -> tuple[int, int, int]:
    """How many jobs an agent had, the block of its first job or tab, and its last job's price (0: none)."""
    jobs, first = session.execute(
        select(func.count(), func.min(JobRow.block_number)).where(JobRow.provider == agent)
    ).one()
    first_tab = session.scalar(select(func.min(TabRow.block_number)).where(TabRow.provider == agent))
    last = session.scalar(
        select(JobRow.agreement)
        .where(JobRow.provider == agent)
        .order_by(JobRow.block_number.desc(), JobRow.job.desc())
        .limit(1)
    )
    agreement: Agreement | None = None if last is None else codec.AGREEMENTS.value(last)
    began = min((block for block in (first, first_tab) if block is not None), default=0)
    return jobs, began, 0 if agreement is None else min(agreement.price, _LARGEST)


def save(session: Session, found: Sequence[Standing]) -> None:
    """Keep these in place of what was kept of the same agents."""
    agents = [one.agent for one in found]
    session.execute(delete(StandingRow).where(among(session, StandingRow.provider, agents)))
    insert_rows(
        session,
        StandingRow,
        [
            {
                "provider": one.agent,
                "block_number": one.block,
                "day": one.day,
                "jobs": one.jobs,
                "first_block": one.first_block,
                "score": one.score,
                "lower": one.lower,
                "upper": one.upper,
                "running": one.running,
                "exposure": min(one.exposure, _LARGEST),
                "cap": min(one.cap, _LARGEST),
                "last_pass": one.last_pass,
                "price": one.price,
            }
            for one in found
        ],
    )


def progress(session: Session, roots: Collection[Hash]) -> int | None:
    """The block up to which standings are kept with these roots; None where they are not."""
    found = session.execute(
        select(StandingProgressRow.block_number, StandingProgressRow.roots)
        .order_by(StandingProgressRow.block_number.desc())
        .limit(1)
    ).one_or_none()
    return None if found is None or found.roots != roots_hash(roots) else found.block_number


def newest_progress(session: Session) -> int | None:
    """The block up to which standings are kept, with whatever roots; None where they are not."""
    return session.scalar(select(func.max(StandingProgressRow.block_number)))


def set_progress(session: Session, roots: Collection[Hash], block: int) -> None:
    """Say that standings are kept up to a block."""
    row = StandingProgressRow
    used = roots_hash(roots)
    session.execute(
        delete(row).where(
            (row.block_number < block - KEPT) | (row.block_number >= block) | (row.roots != used)
        )
    )
    insert_rows(session, row, [{"block_number": block, "roots": used}])


def missing(session: Session) -> list[Address]:
    """Agents of which nothing is kept. Reads every agent: at a start, and after a reorg."""
    return sorted(set(everybody(session)) - set(session.scalars(select(StandingRow.provider))))


def everybody(session: Session) -> list[Address]:
    """All agents: whoever ever had a job or tab."""
    with_jobs = session.scalars(select(JobRow.provider).distinct())
    return sorted({*with_jobs, *session.scalars(select(TabRow.provider).distinct())})


def of_earlier_days(session: Session, day: int) -> list[Address]:
    """Agents whose standing is of a day before this one."""
    return list(session.scalars(select(StandingRow.provider).where(StandingRow.day < day)))


def _standing(row: StandingRow) -> Standing:
    return Standing(
        agent=row.provider,
        block=row.block_number,
        day=row.day,
        jobs=row.jobs,
        first_block=row.first_block,
        score=row.score,
        lower=row.lower,
        upper=row.upper,
        running=row.running,
        exposure=row.exposure,
        cap=row.cap,
        last_pass=row.last_pass,
        price=row.price,
    )
