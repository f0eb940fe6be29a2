"""Before a signature: do enough nodes hold what it is about, delivery or period, in that very block?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from oracle.chain.client import or_raise
from oracle.chain.decoder import TOPICS, decode_logs
from oracle.chain.errors import BlockUnknownError, ChainError
from oracle.chain.pool import Poll, Pool
from oracle.chain.quantities import RawLog, block_of, log_of
from oracle.chain.rpc import Rpc
from oracle.chain.tab_decoder import TAB_TOPICS, decode_tab_logs
from oracle.decide.jobs import JobRecord
from oracle.decide.tabs import Pending
from oracle.domain.events import Delivered
from oracle.domain.tab_events import Presented
from oracle.domain.types import Address, Hash

log = structlog.get_logger(__name__)

_REMEMBERED_SECONDS = 1.0  # several keys sign for a delivery in one turn

IsAnchored = Callable[[Hash, JobRecord], bool]
"""Whether a job's delivery is agreed on well enough to sign for it."""


class _Logged(Protocol):
    """An event and the block it stands in."""

    @property
    def block_hash(self) -> Hash:
        """Of the block."""
        ...

    @property
    def event(self) -> object:
        """What was logged."""
        ...


class _EventCheck:
    """Asks every endpoint for a block and for one event in it.

    With one endpoint, or where one is enough, nothing is asked: the block was read from it. That is weaker:
    one node that lies can then have something attested that the chain does not hold.

    Args:
        contract: Whose event it is.
        topic: Of the event; its second one is the subject.
        read: Decodes the contract's logs.
        agree: Endpoints that must hold the block and the event.
    """

    def __init__(
        self,
        pool: Pool,
        contract: Address,
        topic: Hash,
        read: Callable[[list[RawLog]], Sequence[_Logged]],
        *,
        agree: int,
    ) -> None:
        self._pool = pool
        self._contract = contract
        self._topic = topic
        self._read = read
        self._agree = agree
        self._agreed: dict[tuple[Hash, Hash], float] = {}
        self._said: dict[Hash, Poll] = {}

    def _enough_hold(self, subject: Hash, number: int, anchor: Hash, event: object) -> bool:
        """Whether enough agree; says who does not, where not."""
        if self._agree <= 1:
            return True
        now = time.monotonic()
        self._agreed = {key: until for key, until in self._agreed.items() if until > now}
        if (subject, anchor) in self._agreed:
            return True
        poll = self._pool.poll(
            lambda rpc: self._holds(rpc, subject, number, anchor, event), enough=self._agree
        )
        if len(poll.yes) < self._agree:
            self._say(subject, number, poll)
            return False
        self._said.pop(subject, None)
        if poll.no:
            log.warning("anchor_contradicted", job=subject, block=number, contradict=poll.no)
        self._agreed[subject, anchor] = now + _REMEMBERED_SECONDS
        return True

    def _say(self, subject: Hash, number: int, poll: Poll) -> None:
        """Once for each way in which they do not agree: it is asked again every turn."""
        if self._said.get(subject) == poll:
            return
        self._said[subject] = poll
        log.warning(
            "anchor_not_agreed",
            job=subject,
            block=number,
            agree=poll.yes,
            contradict=poll.no,
            silent=poll.silent,
            needed=self._agree,
        )

    def _holds(self, rpc: Rpc, subject: Hash, number: int, anchor: Hash, event: object) -> bool:
        query = {"address": self._contract, "blockHash": anchor, "topics": [self._topic, subject]}
        header, logs = rpc.batch([("eth_getBlockByNumber", [hex(number), False]), ("eth_getLogs", [query])])
        if header is None:
            raise BlockUnknownError(f"{rpc.url_shown} has no block {number}")
        if block_of(or_raise(header)).hash != anchor:
            return False
        items = or_raise(logs)
        if not isinstance(items, list):
            return False
        try:
            found = self._read([log_of(item) for item in items])
        except ChainError:
            return False  # malformed: it does not say what must be said
        return any(item.block_hash == anchor and item.event == event for item in found)


class AnchorCheck(_EventCheck):
    """Whether enough endpoints hold a job's delivery.

    Args:
        escrow: Whose event it is.
        agree: Endpoints that must hold the block and the delivery.
    """

    def __init__(self, pool: Pool, escrow: Address, *, agree: int) -> None:
        super().__init__(
            pool, escrow, TOPICS["Delivered"], lambda logs: list(decode_logs(logs, escrow)), agree=agree
        )

    def __call__(self, job: Hash, record: JobRecord) -> bool:
        """Whether enough agree; says who does not, where not."""
        deliverable, anchor = record.deliverable, record.anchor_hash
        if deliverable is None or anchor is None:
            return self._agree <= 1
        return self._enough_hold(job, record.anchor_block, anchor, Delivered(job, deliverable))


class PeriodCheck(_EventCheck):
    """Whether enough endpoints hold what was presented on a tab.

    Args:
        tabs: The tab contract.
        agree: Endpoints that must hold the block and the tally.
    """

    def __init__(self, pool: Pool, tabs: Address, *, agree: int) -> None:
        super().__init__(
            pool, tabs, TAB_TOPICS["Presented"], lambda logs: decode_tab_logs(logs, tabs), agree=agree
        )

    def __call__(self, pending: Pending) -> bool:
        """Whether enough agree; says who does not, where not."""
        period = pending.period
        presented = Presented(
            period.tab,
            period.number,
            period.count,
            int(period.amount),
            period.root,
            pending.window_ends,
            pending.last,
        )
        return self._enough_hold(period.tab, pending.at.block, pending.at.block_hash, presented)
