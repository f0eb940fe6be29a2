"""Policies on live history: read from the store, carried through, and what is new stored. Idempotent."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from oracle.domain.types import Hash
from oracle.history.task import happenings
from oracle.policy.document import Policy
from oracle.policy.engine import Engine
from oracle.policy.event import PolicyEvent
from oracle.policy.review import review_events
from oracle.score.document import At
from oracle.store import policies as policy_store
from oracle.store.moment import at_block
from oracle.store.tables import Block, EventRow
from oracle.store.tasks import tasks_of

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Run:
    """Policies carried to a block, and every event they have made up to there."""

    at: At
    engine: Engine
    events: tuple[PolicyEvent, ...]


def run_policies(
    session: Session, policies: Sequence[Policy], roots: frozenset[Hash], *, block: int | None = None
) -> Run:
    """Carry policies through everything stored, up to the newest block or another.

    Raises:
        UnknownBlockError: nothing was read yet, or the block is not known.
    """
    at = at_block(session, block)
    engine = Engine(policies, roots)
    tasks = tasks_of(session, roots=roots, up_to=at.block)
    events = list(engine.run(happenings(tasks), until=at.time))
    for policy in policies:
        reviewed = policy_store.reviews_of(session, policy.name)
        events += review_events(policy, reviewed, now=at.time)
    return Run(at, engine, tuple(events))


class Following:
    """Policies carried along with the chain: anew where something has happened since, a day began, or
    somebody noted a review.

    Args:
        roots: Committees whose Passes count; see docs/trust-score.md.
    """

    def __init__(self, policies: Sequence[Policy], roots: frozenset[Hash]) -> None:
        self.policies = tuple(policies)
        self._roots = roots
        self._lock = threading.Lock()
        self._seen: tuple[object, ...] | None = None
        self._run: Run | None = None

    def now(self, session: Session) -> Run:
        """The policies as they stand.

        Raises:
            UnknownBlockError: nothing was read yet.
        """
        at = at_block(session, None)
        newest = session.execute(
            select(EventRow.block_number, EventRow.log_index, Block.hash)
            .join(Block, Block.block_number == EventRow.block_number)
            .order_by(EventRow.block_number.desc(), EventRow.log_index.desc())
            .limit(1)
        ).one_or_none()
        place = () if newest is None else tuple(newest)
        seen = (*place, at.time // _DAY, policy_store.count_reviews(session))
        with self._lock:
            if self._run is None or seen != self._seen:
                self._run, self._seen = run_policies(session, self.policies, self._roots), seen
            return self._run
