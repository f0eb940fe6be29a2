"""Before a signature: do enough nodes hold the delivery that it is about, in that very block?"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from oracle.chain.client import or_raise
from oracle.chain.decoder import TOPICS, decode_logs
from oracle.chain.errors import BlockUnknownError, ChainError
from oracle.chain.pool import Poll, Pool
from oracle.chain.quantities import block_of, log_of
from oracle.chain.rpc import Rpc
from oracle.decide.jobs import JobRecord
from oracle.domain.events import Delivered
from oracle.domain.types import Address, Hash

log = structlog.get_logger(__name__)

_REMEMBERED_SECONDS = 1.0  # several keys sign for a delivery in one turn

IsAnchored = Callable[[Hash, JobRecord], bool]
"""Whether a job's delivery is agreed on well enough to sign for it."""


class AnchorCheck:
    """Asks every endpoint for the anchor block and for the delivery in it.

    With one endpoint, or where one is enough, nothing is asked: the watcher read the block from it. That is
    weaker: one node that lies can then have a delivery attested that the chain does not hold.

    Args:
        escrow: Whose event it is.
        agree: Endpoints that must hold the block and the delivery.
    """

    def __init__(self, pool: Pool, escrow: Address, *, agree: int) -> None:
        self._pool = pool
        self._escrow = escrow
        self._agree = agree
        self._agreed: dict[tuple[Hash, Hash], float] = {}
        self._said: dict[Hash, Poll] = {}

    def __call__(self, job: Hash, record: JobRecord) -> bool:
        """Whether enough agree; says who does not, where not."""
        if self._agree <= 1:
            return True
        deliverable, anchor = record.deliverable, record.anchor_hash
        if deliverable is None or anchor is None:
            return False
        now = time.monotonic()
        self._agreed = {key: until for key, until in self._agreed.items() if until > now}
        if (job, anchor) in self._agreed:
            return True
        poll = self._pool.poll(
            lambda rpc: self._holds(rpc, job, deliverable, record.anchor_block, anchor), enough=self._agree
        )
        if len(poll.yes) < self._agree:
            self._say(job, record, poll)
            return False
        self._said.pop(job, None)
        if poll.no:
            log.warning("anchor_contradicted", job=job, block=record.anchor_block, contradict=poll.no)
        self._agreed[job, anchor] = now + _REMEMBERED_SECONDS
        return True

    def _say(self, job: Hash, record: JobRecord, poll: Poll) -> None:
        """Once for each way in which they do not agree: it is asked again every turn."""
        if self._said.get(job) == poll:
            return
        self._said[job] = poll
        log.warning(
            "anchor_not_agreed",
            job=job,
            block=record.anchor_block,
            agree=poll.yes,
            contradict=poll.no,
            silent=poll.silent,
            needed=self._agree,
        )

    def _holds(self, rpc: Rpc, job: Hash, deliverable: Hash, number: int, anchor: Hash) -> bool:
        query = {"address": self._escrow, "blockHash": anchor, "topics": [TOPICS["Delivered"], job]}
        header, logs = rpc.batch([("eth_getBlockByNumber", [hex(number), False]), ("eth_getLogs", [query])])
        if header is None:
            raise BlockUnknownError(f"{rpc.url_shown} has no block {number}")
        if block_of(or_raise(header)).hash != anchor:
            return False
        items = or_raise(logs)
        if not isinstance(items, list):
            return False
        try:
            events = decode_logs(map(log_of, items), self._escrow)
        except ChainError:
            return False  # malformed: it does not say what must be said
        return any(item.block_hash == anchor and item.event == Delivered(job, deliverable) for item in events)
