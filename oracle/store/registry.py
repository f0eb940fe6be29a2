"""What is said of agents in ERC-8004's reputation registry: decided, queued, read back."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from oracle.domain.types import Address, Hash
from oracle.score.evidence import Finding
from oracle.store.among import among
from oracle.store.closed import Closed, closed_after
from oracle.store.rows import insert_rows
from oracle.store.tables import Block, OutboxRow, RegistryPostRow, ScoreEvidenceRow

_AT_ONCE = 1_000  # jobs in one query

WAITING, QUEUED, POSTED, REFUSED = "waiting", "queued", "posted", "refused"


@dataclass(frozen=True, slots=True)
class Post:
    """One feedback: what it says, and how far it is. Times in Unix seconds.

    Args:
        state: `waiting` to be queued, `queued` in the outbox, `posted` and read back, or `refused` for good.
        reason: Why it is not posted yet, or never will be.
        summary: What `getSummary` said of it afterwards: count and value.
    """

    subject: Hash
    agent_id: int
    provider: Address
    start: int
    end: int
    passes: int
    failures: int
    value: int
    digest: Hash
    body: str
    state: str
    reason: str | None
    tries: int
    retry_at: float
    summary: tuple[int, int] | None


def add(session: Session, posts: Sequence[Post]) -> int:
    """Keep those that are not kept yet. How many those were."""
    known = set(
        session.scalars(
            select(RegistryPostRow.subject).where(
                among(session, RegistryPostRow.subject, [post.subject for post in posts])
            )
        )
    )
    fresh = [post for post in posts if post.subject not in known]
    insert_rows(
        session,
        RegistryPostRow,
        [
            {
                "subject": post.subject, "agent_id": str(post.agent_id), "provider": post.provider,
                "period_start": post.start, "period_end": post.end, "passes": post.passes,
                "failures": post.failures, "value": post.value, "digest": post.digest, "body": post.body,
                "state": post.state, "reason": post.reason, "tries": post.tries, "retry_at": post.retry_at,
                "summary_count": None, "summary_value": None, "updated_at": time.time(),
            }
            for post in fresh
        ],
    )  # fmt: skip
    return len(fresh)


def in_state(session: Session, state: str, *, due: float, limit: int) -> list[Post]:
    """Posts in a state whose turn it is, the longest waiting first."""
    row = RegistryPostRow
    query = select(row).where(row.state == state, row.retry_at <= due).order_by(row.retry_at).limit(limit)
    return [_post(found) for found in session.scalars(query)]


def of_agent(session: Session, provider: Address, *, limit: int) -> list[Post]:
    """Posts about a provider, the last period first."""
    row = RegistryPostRow
    query = (
        select(row)
        .where(row.provider == provider)
        .order_by(row.period_start.desc(), row.agent_id)
        .limit(limit)
    )
    return [_post(found) for found in session.scalars(query)]


def listed(
    session: Session,
    *,
    states: Collection[str],
    provider: Address | None = None,
    agent_id: int | None = None,
    limit: int,
) -> list[Post]:
    """Posts in any of these states, the last period first."""
    row = RegistryPostRow
    query = select(row).where(row.state.in_(states))
    if provider is not None:
        query = query.where(row.provider == provider)
    if agent_id is not None:
        query = query.where(row.agent_id == str(agent_id))
    query = query.order_by(row.period_start.desc(), row.provider, row.agent_id).limit(limit)
    return [_post(found) for found in session.scalars(query)]


def by_digest(session: Session, digest: Hash) -> Post | None:
    """The post whose document has this hash."""
    row = session.scalars(select(RegistryPostRow).where(RegistryPostRow.digest == digest).limit(1)).first()
    return None if row is None else _post(row)


def subjects_in(session: Session, state: str, subjects: Collection[Hash]) -> set[Hash]:
    """Those of the subjects whose post is in a state."""
    query = select(RegistryPostRow.subject).where(
        among(session, RegistryPostRow.subject, subjects), RegistryPostRow.state == state
    )
    return set(session.scalars(query))


def move(session: Session, subject: Hash, state: str, *, reason: str | None = None) -> None:
    """Put a post into a state."""
    _change(session, subject, state=state, reason=reason)


def again(session: Session, subject: Hash, reason: str, *, retry_at: float) -> None:
    """Have a post tried again, later."""
    tries = RegistryPostRow.tries + 1
    _change(session, subject, state=WAITING, reason=reason, retry_at=retry_at, tries=tries)


def confirmed(session: Session, subject: Hash, count: int, value: int) -> None:
    """A post was read back."""
    _change(session, subject, state=POSTED, reason=None, summary_count=count, summary_value=value)


def _change(session: Session, subject: Hash, **values: object) -> None:
    session.execute(
        update(RegistryPostRow)
        .where(RegistryPostRow.subject == subject)
        .values(updated_at=time.time(), **values)
    )


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a post's newest transaction. `ended`: final or dropped; `error`: why it did not work.

    `succeeded`: how many of its transactions are final and did not fail.
    """

    ended: bool
    dropped: bool
    error: str | None
    tries: int
    succeeded: int


def fate(session: Session, subject: Hash) -> Fate | None:
    """What the outbox says of a post; None where it holds nothing."""
    row = session.scalars(
        select(OutboxRow).where(OutboxRow.subject == subject).order_by(OutboxRow.id.desc()).limit(1)
    ).one_or_none()
    if row is None:
        return None
    dropped = row.dropped is not None
    ended = row.until_block is not None or dropped
    good = (OutboxRow.until_block.is_not(None), OutboxRow.dropped.is_(None), OutboxRow.error.is_(None))
    count = select(func.count()).select_from(OutboxRow).where(OutboxRow.subject == subject, *good)
    return Fate(ended, dropped, row.error or row.dropped, row.tries, session.scalar(count) or 0)


def settled_time(session: Session, up_to: int) -> int | None:
    """The time of the newest stored block up to this one."""
    return session.scalar(
        select(Block.timestamp)
        .where(Block.block_number <= up_to)
        .order_by(Block.block_number.desc())
        .limit(1)
    )


def closed_between(session: Session, start: int, end: int, *, up_to: int) -> list[Closed]:
    """Jobs and periods of tabs that ended from one Unix time up to another, in blocks up to this one."""
    inside = (Block.timestamp >= start, Block.timestamp < end, Block.block_number <= up_to)
    first = session.scalar(select(func.min(Block.block_number)).where(*inside))
    last = session.scalar(select(func.max(Block.block_number)).where(*inside))
    if first is None or last is None:
        return []
    found: list[Closed] = []
    done = first - 1
    while done < last:
        some, done = closed_after(session, done, up_to=last, limit=_AT_ONCE, roots=())
        found += [one for one in some if one.evidence.finding is not Finding.NOTHING]
    return found


def identities_of(session: Session, provider: Address, *, limit: int) -> list[tuple[int, int]]:
    """ERC-8004 ids a provider's closed jobs named, with how many jobs, the most used first."""
    row, jobs = ScoreEvidenceRow, func.count()
    query = (
        select(row.agent_id, jobs)
        .where(row.provider == provider, row.agent_id != "0")
        .group_by(row.agent_id)
        .order_by(jobs.desc(), row.agent_id)
        .limit(limit)
    )
    return [(int(agent_id), count) for agent_id, count in session.execute(query)]


def _post(row: RegistryPostRow) -> Post:
    read = None if row.summary_count is None or row.summary_value is None else row.summary_count
    return Post(
        subject=row.subject,
        agent_id=int(row.agent_id),
        provider=row.provider,
        start=row.period_start,
        end=row.period_end,
        passes=row.passes,
        failures=row.failures,
        value=row.value,
        digest=row.digest,
        body=row.body,
        state=row.state,
        reason=row.reason,
        tries=row.tries,
        retry_at=row.retry_at,
        summary=None if read is None or row.summary_value is None else (read, row.summary_value),
    )
