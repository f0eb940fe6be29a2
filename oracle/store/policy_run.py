"""Policies on live history: read from the store, carried through, and what is new stored. Idempotent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from oracle.store.tasks import tasks_of


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
