"""The thread that writes to ERC-8004's reputation registry: with a key and a lane of its own.

Nothing a settlement needs passes through here. What fails is stored with its reason and tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from oracle.chain.errors import ChainError
from oracle.daemon.outbox import Outbox
from oracle.decide.due import Purpose
from oracle.decide.reorg import Heights
from oracle.domain.types import Address
from oracle.periodic import Periodic
from oracle.registry.aggregate import DECIMALS, TAG, Aggregate, Period, Place, aggregates, digest_of, ended
from oracle.registry.contract import Registry, give_feedback
from oracle.store import jobs as job_store
from oracle.store import outbox as outbox_store
from oracle.store import registry as store
from oracle.store.database import Database
from oracle.store.outbox import LiveEntry
from oracle.store.registry import Post

log = structlog.get_logger(__name__)

_AT_ONCE = 20  # posts in one step
_MOST_TRIES = 20  # until a transaction that cannot be sent is given up for a while
_MOST_SENT = 3  # transactions that getSummary does not count, until nothing more is paid for
_FIRST_WAIT = 60.0  # seconds after a first failure
_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True, slots=True)
class RegistryPolicy:
    """When and how feedback is given.

    Args:
        length: Seconds of a period.
        back: How many ended periods are looked at. Until one is that old, whose identity it is may change.
        uri: Where an aggregate's document is found: its hash is added. Empty: nowhere.
        poll: Seconds between two looks.
    """

    length: int = 604_800
    back: int = 4
    uri: str = ""
    poll: float = 60.0


class RegistryDesk(Periodic):
    """Writes one aggregate for each agent and ended period, and reads it back.

    Args:
        outbox: A lane of its own; its account is the `client` of the registry.
        heights: Where the chain is.
        evaluators: Keys of the evaluators held here: jobs of their committees are told.
        leads: Whether this process may act now.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        registry: Registry,
        outbox: Outbox,
        place: Place,
        policy: RegistryPolicy,
        *,
        heights: Callable[[], Heights],
        evaluators: Collection[Address],
        leads: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("registry", every=policy.poll, hindered="registry_not_reached", leads=leads)
        self._database = database
        self._registry = registry
        self._outbox = outbox
        self._place = place
        self._policy = policy
        self._heights = heights
        self._evaluators = sorted(evaluators)
        self._clock = clock
        self._done: set[Period] = set()

    def step(self) -> None:
        """Once: decide what is to be said, queue it, send it, read back what is final.

        Raises:
            EarnestError: the chain cannot be read now, or the key cannot be used.
        """
        heights = self._heights()
        with self._database.read() as session:
            now = store.settled_time(session, heights.finalized) or 0
        self._gather(heights, now)
        with self._database.read() as session:
            waiting = store.in_state(session, store.WAITING, due=self._clock(), limit=_AT_ONCE)
        for post in waiting:
            self._queue(post, now)
        self._outbox.step(heights)
        with self._database.read() as session:
            queued = store.in_state(session, store.QUEUED, due=self._clock(), limit=_AT_ONCE)
        for post in queued:
            self._follow(post)

    def _turn(self) -> None:
        self.step()

    def _gather(self, heights: Heights, now: int) -> None:
        """Decide what is to be said of periods that ended; only of what is final."""
        with self._database.read() as session:
            periods = [
                period
                for period in ended(now, length=self._policy.length, back=self._policy.back)
                if period not in self._done
            ]
            committees = job_store.committees_of_keys(session, self._evaluators)
            found = [
                self._post(one)
                for period in periods
                for one in aggregates(
                    store.closed_between(session, period.start, period.end, up_to=heights.finalized),
                    committees,
                    period,
                )
            ]
        if found:
            with self._database.write() as session:
                fresh = store.add(session, found)
            if fresh:
                log.info("feedback_decided", agents=fresh, periods=len(periods))
        self._done |= set(periods)

    def _post(self, one: Aggregate) -> Post:
        document = one.document(self._place)
        return Post(
            subject=one.subject(self._place, self._outbox.sender),
            agent_id=one.agent_id,
            provider=one.provider,
            start=one.period.start,
            end=one.period.end,
            passes=one.passes,
            failures=one.failures,
            value=one.value,
            digest=digest_of(document),
            body=document.decode(),
            state=store.WAITING,
            reason=None,
            tries=0,
            retry_at=0.0,
            summary=None,
        )

    def _queue(self, post: Post, now: int) -> None:
        """Queue a post, unless it is on the chain already, or its agent is somebody else's.

        Args:
            now: The newest final block's time, Unix seconds.
        """
        try:
            if not self._registry.is_of(post.agent_id, post.provider):
                # Else whoever fails could have it written against another's identity.
                reason = f"agent {post.agent_id} is neither owned by the provider nor names it as its wallet"
                if now < post.end + self._policy.back * (post.end - post.start):
                    # Else moving it away for the first look would keep its failures from being told.
                    self._again(post, reason)
                else:
                    self._refuse(post, reason)
                return
            if self._read_back(post):
                return
        except ChainError as error:
            self._again(post, error.message)
            return
        uri = f"{self._policy.uri.rstrip('/')}/{post.digest}" if self._policy.uri else ""
        data = give_feedback(
            post.agent_id, post.value, DECIMALS, (TAG, _tag(post)), uri=uri, digest=post.digest
        )
        call = outbox_store.Call(Purpose.FEEDBACK, post.subject, self._registry.address, data)
        with self._database.write() as session:
            outbox_store.enqueue(session, self._outbox.sender, call)
            store.move(session, post.subject, store.QUEUED)

    def _follow(self, post: Post) -> None:
        """See what became of a queued post."""
        with self._database.read() as session:
            fate = store.fate(session, post.subject)
        if fate is None or (fate.ended and fate.error is not None):
            self._again(post, "it is not in the outbox" if fate is None else fate.error or "")
        elif fate.ended:
            self._confirm(post, fate.succeeded)
        elif fate.error is not None and fate.tries >= _MOST_TRIES:
            self._again(post, fate.error)  # no longer queued, so the lane lets it go

    def _confirm(self, post: Post, succeeded: int) -> None:
        """Read a post back whose transaction is final, the last of so many that succeeded."""
        try:
            if self._read_back(post):
                return
        except ChainError as error:
            log.warning("registry_not_reached", error=type(error).__name__, reason=error.message)
            return
        if succeeded < _MOST_SENT:
            self._again(post, "its transaction is final, and getSummary does not count it")
        else:
            reason = f"{succeeded} transactions are final, and getSummary counts none; no more are sent"
            self._refuse(post, reason)

    def _read_back(self, post: Post) -> bool:
        """Whether `getSummary` counts it; then it is done."""
        told = self._registry.summary(post.agent_id, [self._outbox.sender], (TAG, _tag(post)))
        if told.count == 0:
            return False
        with self._database.write() as session:
            store.confirmed(session, post.subject, told.count, told.value)
        log.info("feedback_posted", agent=post.agent_id, count=told.count, value=told.value)
        return True

    def _again(self, post: Post, reason: str) -> None:
        wait = min(_FIRST_WAIT * 2 ** min(post.tries, 12), _LONGEST_WAIT)
        with self._database.write() as session:
            store.again(session, post.subject, reason, retry_at=self._clock() + wait)
        log.warning("feedback_not_posted", agent=post.agent_id, reason=reason, retry_in=wait)

    def _refuse(self, post: Post, reason: str) -> None:
        with self._database.write() as session:
            store.move(session, post.subject, store.REFUSED, reason=reason)
        log.warning("feedback_refused", agent=post.agent_id, provider=post.provider, reason=reason)


def wanted_posts(session: Session, entries: Sequence[LiveEntry]) -> set[int]:
    """Outbox entries whose post is still queued."""
    subjects = {entry.call.subject for entry in entries if entry.call.subject is not None}
    queued = store.subjects_in(session, store.QUEUED, subjects)
    return {
        entry.id for entry in entries if entry.call.purpose is Purpose.FILL or entry.call.subject in queued
    }


def _tag(post: Post) -> str:
    return Period(post.start, post.end).tag(post.provider)
