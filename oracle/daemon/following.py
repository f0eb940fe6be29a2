"""Policies on live history: read from the store and carried along with the chain. Idempotent."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sqlalchemy.orm import Session

from oracle.domain.types import Hash
from oracle.policy.document import Policy
from oracle.policy.run import Run, carried
from oracle.store import policies as policy_store
from oracle.store.moment import at_block, newest_event
from oracle.store.tasks import tasks_of

_DAY = 86_400


def run_policies(
    session: Session, policies: Sequence[Policy], roots: frozenset[Hash], *, block: int | None = None
) -> Run:
    """Carry policies through everything stored, up to the newest block or another.

    Raises:
        UnknownBlockError: nothing was read yet, or the block is not known.
    """
    at = at_block(session, block)
    tasks = tasks_of(session, roots=roots, up_to=at.block)
    reviewed = {policy.name: policy_store.reviews_of(session, policy.name) for policy in policies}
    return carried(policies, roots, tasks, reviewed, at)


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
        seen = (newest_event(session), at.time // _DAY, policy_store.count_reviews(session))
        with self._lock:
            if self._run is None or seen != self._seen:
                self._run, self._seen = run_policies(session, self.policies, self._roots), seen
            return self._run
