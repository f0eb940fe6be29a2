"""Changes that were told or are to be, and how far the chain was made into them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from oracle.domain.types import ZERO_HASH, Address, Hash
from oracle.store import chain as chain_store
from oracle.store.bodies import FULL_BODY
from oracle.store.standings import Standing, get_standings
from oracle.store.tables import (
    AnnouncedRow,
    Block,
    ChangeRow,
    EventRow,
    FeedRow,
    JobRow,
    StandingRow,
    TabEventRow,
    TabRow,
)


@dataclass(frozen=True, slots=True)
class Reached:
    """The block up to which events were made into changes; `begun` is where that began."""

    begun: int
    height: int
    height_hash: Hash


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change as it is kept."""

    id: int
    name: str
    kind: str
    agent: Address | None
    subject: Hash | None
    height: int
    height_hash: Hash
    orphaned: bool
    body: str


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event of a job or, with `of_tab`, of a tab, with its block's hash and time."""

    block: int
    block_hash: Hash
    time: int
    log_index: int
    tx_hash: Hash
    name: str
    subject: Hash
    of_tab: bool
    agent: Address
    body: str


@dataclass(frozen=True, slots=True)
class Announced:
    """What was told of an agent last. `*_wrong`: the id of the change that told it, where it was orphaned."""

    score: int | None
    cap: int
    exposure: int
    score_change: int | None
    coverage_change: int | None
    score_wrong: str | None
    coverage_wrong: str | None


def begin(session: Session) -> None:
    """Have changes made from the newest block on; nothing where that has begun. Nothing older is told."""
    if session.get(FeedRow, 1) is None:
        head = chain_store.cursor(session)
        at = (-1, ZERO_HASH) if head is None else (head.number, head.hash)
        session.add(FeedRow(id=1, begun=at[0], height=at[0], height_hash=at[1]))
        session.flush()


def reached(session: Session) -> Reached | None:
    """How far it went; None where nobody ever listened."""
    row = session.get(FeedRow, 1)
    return None if row is None else Reached(row.begun, row.height, row.height_hash)


def set_reached(session: Session, height: int, height_hash: Hash) -> None:
    """Say how far it went."""
    session.execute(update(FeedRow).values(height=height, height_hash=height_hash))


def add_change(
    session: Session,
    *,
    name: str,
    kind: str,
    agent: Address | None,
    subject: Hash | None,
    height: int,
    height_hash: Hash,
    body: str,
) -> int | None:
    """Keep a change. Its number; None where it is kept already."""
    if session.scalar(select(ChangeRow.id).where(ChangeRow.name == name)) is not None:
        return None
    row = ChangeRow(
        name=name,
        kind=kind,
        agent=agent,
        subject=subject,
        height=height,
        height_hash=height_hash,
        orphaned=False,
        body=body,
        noticed_at=time.time(),
    )
    session.add(row)
    session.flush()
    return row.id


def is_orphaned(session: Session, name: str) -> bool:
    """Whether a change is kept whose block was orphaned since."""
    return bool(session.scalar(select(ChangeRow.orphaned).where(ChangeRow.name == name)))


def has_event(session: Session, subject: Hash, height: int) -> bool:
    """Whether a block of this height has an event of a job or tab."""
    of_jobs = select(EventRow.block_number).where(
        EventRow.subject == subject, EventRow.block_number == height
    )
    of_tabs = select(TabEventRow.block_number).where(
        TabEventRow.tab == subject, TabEventRow.block_number == height
    )
    return any(session.scalar(query.limit(1)) is not None for query in (of_jobs, of_tabs))


def changes_after(session: Session, number: int, *, limit: int = 1_000) -> list[StoredChange]:
    """Changes in the order in which they were noticed, those after this number (0: all that are kept)."""
    query = select(ChangeRow).where(ChangeRow.id > number).order_by(ChangeRow.id).limit(limit)
    return [_change(row) for row in session.scalars(query)]


def get_changes(session: Session, numbers: Sequence[int]) -> dict[int, StoredChange]:
    """Changes by number."""
    rows = session.scalars(select(ChangeRow).where(ChangeRow.id.in_(numbers)))
    return {row.id: _change(row) for row in rows}


def highest_changes(session: Session, *, below: tuple[int, int], limit: int) -> list[StoredChange]:
    """Changes of blocks that hold as far as is known, the highest first, below this height and number."""
    query = (
        select(ChangeRow)
        .where(
            tuple_(ChangeRow.height, ChangeRow.id) < tuple_(*below),
            ChangeRow.height >= 0,
            ChangeRow.orphaned.is_(False),
        )
        .order_by(ChangeRow.height.desc(), ChangeRow.id.desc())
        .limit(limit)
    )
    return [_change(row) for row in session.scalars(query)]


def mark_orphaned(session: Session, number: int) -> None:
    """Say that the block a change followed from is gone."""
    session.execute(update(ChangeRow).where(ChangeRow.id == number).values(orphaned=True))


def events_after(
    session: Session, of_jobs: Sequence[str], of_tabs: Sequence[str], *, after: int, limit: int
) -> tuple[list[FeedEvent], int | None]:
    """Events of jobs and tabs by these names in blocks after this one, whole blocks, in the chain's order.

    Args:
        limit: About so many; a block with more is whole all the same.

    Returns:
        The events, and the block up to which these are all; None where there are no more.
    """
    ends = [
        _end(session, EventRow.block_number, EventRow.name.in_(of_jobs), after=after, limit=limit),
        _end(session, TabEventRow.block_number, TabEventRow.name.in_(of_tabs), after=after, limit=limit),
    ]
    last = min((end for end in ends if end is not None), default=None)
    jobs = (
        select(EventRow, FULL_BODY, Block.hash, Block.timestamp, JobRow.provider)
        .join(Block, Block.block_number == EventRow.block_number)
        .join(JobRow, JobRow.job == EventRow.subject)
        .where(EventRow.name.in_(of_jobs), EventRow.block_number > after)
    )
    tabs = (
        select(TabEventRow, TabEventRow.body, Block.hash, Block.timestamp, TabRow.provider)
        .join(Block, Block.block_number == TabEventRow.block_number)
        .join(TabRow, TabRow.tab == TabEventRow.tab)
        .where(TabEventRow.name.in_(of_tabs), TabEventRow.block_number > after)
    )
    if last is not None:
        jobs = jobs.where(EventRow.block_number <= last)
        tabs = tabs.where(TabEventRow.block_number <= last)
    found = [
        _feed_event(row, row.subject or ZERO_HASH, body, block_hash, when, provider)
        for row, body, block_hash, when, provider in session.execute(jobs)
    ] + [
        _feed_event(row, row.tab, body, block_hash, when, provider)
        for row, body, block_hash, when, provider in session.execute(tabs)
    ]
    return sorted(found, key=lambda event: (event.block, event.log_index)), last


def _end(
    session: Session,
    block: InstrumentedAttribute[int],
    wanted: ColumnElement[bool],
    *,
    after: int,
    limit: int,
) -> int | None:
    """The block up to which about so many rows go; None where there are no more."""
    blocks = select(block).where(wanted, block > after).order_by(block).limit(1)
    first, beyond = session.scalar(blocks), session.scalar(blocks.offset(limit))
    return None if first is None or beyond is None else max(first, beyond - 1)


def _feed_event(
    row: EventRow | TabEventRow, subject: Hash, body: str, block_hash: Hash, time: int, provider: Address
) -> FeedEvent:
    return FeedEvent(
        block=row.block_number,
        block_hash=block_hash,
        time=time,
        log_index=row.log_index,
        tx_hash=row.tx_hash,
        name=row.name,
        subject=subject,
        of_tab=isinstance(row, TabEventRow),
        agent=provider,
        body=body,
    )


def differing(session: Session, *, since: int | None, limit: int) -> list[tuple[Standing, Announced | None]]:
    """Agents that stand otherwise than was told last, or of which what was told last is gone.

    Args:
        since: Only those whose standing was computed at this block or later; None: all, which reads all.
    """
    row, told = StandingRow, AnnouncedRow
    score, coverage = aliased(ChangeRow), aliased(ChangeRow)
    other: list[ColumnElement[bool]] = [
        told.provider.is_(None),
        row.score.is_distinct_from(told.score),
        row.cap != told.cap,
        row.exposure != told.exposure,
        score.orphaned.is_(True),
        coverage.orphaned.is_(True),
    ]
    query = (
        select(row.provider, told, score.name, score.orphaned, coverage.name, coverage.orphaned)
        .outerjoin(told, told.provider == row.provider)
        .outerjoin(score, score.id == told.score_change)
        .outerjoin(coverage, coverage.id == told.coverage_change)
        .where(or_(*other))
        .order_by(row.provider)
        .limit(limit)
    )
    if since is not None:
        query = query.where(row.block_number >= since)
    found = list(session.execute(query))
    standing = get_standings(session, [agent for agent, *_ in found])
    return [
        (standing[agent], _announced(last, s_name if s_gone else None, c_name if c_gone else None))
        for agent, last, s_name, s_gone, c_name, c_gone in found
    ]


def vanished(session: Session, *, limit: int) -> list[tuple[Address, Announced]]:
    """Agents of which something was told and who, on this branch, never had a job or tab."""
    told = AnnouncedRow
    score, coverage = aliased(ChangeRow), aliased(ChangeRow)
    query = (
        select(told, score.name, coverage.name)
        .outerjoin(score, score.id == told.score_change)
        .outerjoin(coverage, coverage.id == told.coverage_change)
        .where(
            or_(told.score.is_not(None), told.cap != 0, told.exposure != 0),
            ~exists().where(JobRow.provider == told.provider),
            ~exists().where(TabRow.provider == told.provider),
        )
        .limit(limit)
    )
    found: list[tuple[Address, Announced]] = []
    for row, s_name, c_name in session.execute(query):
        last = _announced(row, s_name, c_name)
        if last is not None:
            found.append((row.provider, last))
    return found


def set_announced(session: Session, agent: Address, last: Announced) -> None:
    """Keep what was told of an agent last."""
    row = session.get(AnnouncedRow, agent)
    if row is None:
        row = AnnouncedRow(provider=agent)
        session.add(row)
    row.score, row.cap, row.exposure = last.score, last.cap, last.exposure
    row.score_change, row.coverage_change = last.score_change, last.coverage_change


def _announced(row: AnnouncedRow | None, score: str | None, coverage: str | None) -> Announced | None:
    if row is None:
        return None
    return Announced(row.score, row.cap, row.exposure, row.score_change, row.coverage_change, score, coverage)


def _change(row: ChangeRow) -> StoredChange:
    return StoredChange(
        id=row.id,
        name=row.name,
        kind=row.kind,
        agent=row.agent,
        subject=row.subject,
        height=row.height,
        height_hash=row.height_hash,
        orphaned=row.orphaned,
        body=row.body,
    )
