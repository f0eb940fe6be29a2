"""What policies did: each event once, in a chain that shows what was taken out or changed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from oracle.domain.types import Hash
from oracle.policy.event import Happened, PolicyEvent, link
from oracle.store.among import among
from oracle.store.rows import insert_rows
from oracle.store.tables import PolicyEventRow

_TELLS = (Happened.FIRED.value, Happened.REVIEW_DUE.value, Happened.REVIEW_MISSED.value)


@dataclass(frozen=True, slots=True)
class StoredPolicyEvent:
    """An event with its place in the chain. Times are Unix seconds."""

    sequence: int
    event: Hash
    link: Hash
    document: PolicyEvent
    noted_at: float
    told_at: float | None


def add_events(session: Session, events: Iterable[PolicyEvent]) -> list[StoredPolicyEvent]:
    """Store those that are not stored yet, in order of time; returns these.

    A policy that was changed has another hash, and so has everything it says of the past again. What was
    stored under its name before is not told twice: of a changed policy only what is later is stored.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE policy_events IN EXCLUSIVE MODE"))  # the chain has one end
    wanted = {event.hash(): event for event in sorted(events, key=lambda one: one.time)}
    row = PolicyEventRow
    known = set(session.scalars(select(row.event).where(among(session, row.event, list(wanted)))))
    last = session.execute(
        select(row.sequence, row.link).order_by(row.sequence.desc()).limit(1)
    ).one_or_none()
    sequence, end = (0, None) if last is None else (last[0], last[1])
    now = time.time()
    made: list[StoredPolicyEvent] = []
    before = {
        named: _newest_of_others(session, *named)
        for named in {
            (event.policy, event.policy_hash) for hash_, event in wanted.items() if hash_ not in known
        }
    }
    for hash_, event in wanted.items():
        if hash_ in known or _is_told(event, before[event.policy, event.policy_hash]):
            continue
        sequence, end = sequence + 1, link(end, hash_)
        made.append(StoredPolicyEvent(sequence, hash_, end, event, now, None))
    insert_rows(
        session,
        PolicyEventRow,
        [
            {
                "sequence": one.sequence,
                "event": one.event,
                "link": one.link,
                "policy": one.document.policy,
                "happened": one.document.happened.value,
                "subject": one.document.subject.key,
                "time": one.document.time,
                "body": one.document.canonical().decode(),
                "noted_at": now,
                "told_at": None,
            }
            for one in made
        ],
    )
    return made


def _newest_of_others(session: Session, policy: str, policy_hash: Hash) -> int | None:
    """When the newest event was that a policy made while its content, and so its hash, was another."""
    row = PolicyEventRow
    # In canonical JSON a quote within a text is escaped: this is found nowhere but in the field itself.
    mine = row.body.contains(f'"policy_hash":"{policy_hash}"', autoescape=True)
    # A review has the clock's time, which may be ahead of the chain's.
    made = row.happened != Happened.REVIEWED.value
    return session.scalar(select(func.max(row.time)).where(row.policy == policy, made, ~mine))


def _is_told(event: PolicyEvent, before: int | None) -> bool:
    return before is not None and event.time <= before and event.happened is not Happened.REVIEWED


def list_events(
    session: Session,
    *,
    policy: str | None = None,
    subject: str | None = None,
    happened: Happened | None = None,
    after: int = 0,
    limit: int = 1_000,
) -> list[StoredPolicyEvent]:
    """Events, the oldest first."""
    row = PolicyEventRow
    query = select(row).where(row.sequence > after).order_by(row.sequence).limit(limit)
    if policy is not None:
        query = query.where(row.policy == policy)
    if subject is not None:
        query = query.where(row.subject == subject)
    if happened is not None:
        query = query.where(row.happened == happened.value)
    return [_stored(one) for one in session.scalars(query)]


def untold(session: Session, *, each: int = 100) -> list[StoredPolicyEvent]:
    """Events of which the owner has not been told, the oldest first; of each policy at most so many."""
    row = PolicyEventRow
    place = func.row_number().over(partition_by=row.policy, order_by=row.sequence).label("place")
    waiting = select(row.sequence, place).where(row.told_at.is_(None), row.happened.in_(_TELLS)).subquery()
    query = select(row).join(waiting, waiting.c.sequence == row.sequence).where(waiting.c.place <= each)
    return [_stored(one) for one in session.scalars(query.order_by(row.sequence))]


def mark_told(session: Session, sequences: Sequence[int]) -> None:
    """The owner was told."""
    row = PolicyEventRow
    session.execute(update(row).where(row.sequence.in_(sequences)).values(told_at=time.time()))


def reviews_of(session: Session, policy: str) -> list[int]:
    """When a policy was reviewed, Unix seconds."""
    row = PolicyEventRow
    query = select(row.time).where(row.policy == policy, row.happened == Happened.REVIEWED.value)
    return sorted(session.scalars(query))


def count_reviews(session: Session) -> int:
    """How many reviews were noted: all that a run of policies reads from here."""
    query = select(func.count()).where(PolicyEventRow.happened == Happened.REVIEWED.value)
    return session.scalar(query) or 0


def broken_link(session: Session) -> int | None:
    """The first place at which the chain does not hold; None where it holds.

    A body that was changed, an event that was taken out or put in: each breaks it. Whoever can write the
    whole table can make another chain: compare its end with one noted elsewhere.
    """
    end: Hash | None = None
    query = select(PolicyEventRow).order_by(PolicyEventRow.sequence).execution_options(yield_per=500)
    with closing(session.scalars(query)) as rows:
        for expected, row in enumerate(rows, 1):
            named = PolicyEvent.parse(row.body.encode()).hash()
            end = link(end, named)
            if row.sequence != expected or row.event != named or row.link != end:
                return expected
    return None


def _stored(row: PolicyEventRow) -> StoredPolicyEvent:
    return StoredPolicyEvent(
        sequence=row.sequence,
        event=row.event,
        link=row.link,
        document=PolicyEvent.parse(row.body.encode()),
        noted_at=row.noted_at,
        told_at=row.told_at,
    )
