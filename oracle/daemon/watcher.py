"""Follows the chain: blocks, events and records into the store, and out again where a reorg orphans them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import structlog
from sqlalchemy import delete
from sqlalchemy.orm import Session

from oracle.chain.errors import BlockUnknownError, DecodeError, RangeTooWideError
from oracle.daemon.ports import ChainPort, Logged
from oracle.decide.jobs import ImpossibleEventsError, Place
from oracle.decide.reorg import (
    BlockId,
    BrokenChainError,
    Heights,
    adapt_span,
    check_linkage,
    common_ancestor,
    next_range,
)
from oracle.domain.types import ZERO_HASH
from oracle.store import chain as store
from oracle.store.database import Database
from oracle.store.rollback import roll_back
from oracle.store.tables import Block

log = structlog.get_logger(__name__)

KEPT_BLOCKS = 5_000  # finalized blocks that stay: far more than any reorg, far less than a chain
DENSE_SPAN = 128  # most blocks read at once where every header is kept
SEARCHED = 64  # stored blocks compared at a time when looking for the last common one


class Watcher:
    """Brings the store up to the head of the chain.

    Args:
        database: Where it is kept.
        chain: The node.
        first_block: The escrow's first block.
        smallest_span: Fewest blocks asked for at once; a refusal of so few is an error.
        largest_span: Most blocks asked for at once.
        doubt: Told, with the reason, when the answers of a step did not fit together.
        progressed: Called after each range: the first step may take hours.
    """

    def __init__(
        self,
        database: Database,
        chain: ChainPort,
        *,
        first_block: int,
        smallest_span: int = 1,
        largest_span: int = 10_000,
        doubt: Callable[[str], None] = lambda _reason: None,
        progressed: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._chain = chain
        self._first = first_block
        self._smallest = smallest_span
        self._largest = largest_span
        self._doubt = doubt
        self._progressed = progressed
        self._span = min(1_000, largest_span)

    def step(self) -> Heights:
        """Read what is new. Returns heights no higher than what is stored, so that decisions see one state.

        Raises:
            BrokenChainError: the node's answers do not fit together; the next step begins anew.
            ImpossibleEventsError: its logs cannot be right.
            RpcError: no usable answer.
        """
        heights = self._chain.heights()
        try:
            cursor = self._undo_orphans(heights)
            while (span := next_range(cursor.number, heights.latest, self._span)) is not None:
                cursor = self._read(cursor, *span, heights)
                self._progressed()
        except (BrokenChainError, ImpossibleEventsError, BlockUnknownError, DecodeError) as error:
            self._doubt(error.message)
            raise
        return self._seen(cursor, heights)

    def _seen(self, cursor: BlockId, heights: Heights) -> Heights:
        with self._database.read() as session:
            row = session.get(Block, cursor.number)
            timestamp = 0 if row is None else row.timestamp
        return Heights(
            latest=cursor.number,
            safe=min(heights.safe, cursor.number),
            finalized=min(heights.finalized, cursor.number),
            timestamp=timestamp,
        )

    def _undo_orphans(self, heights: Heights) -> BlockId:
        """Roll back to the last stored block that the chain still holds, and return it."""
        with self._database.read() as session:
            cursor = store.cursor(session)
            if cursor is None:
                return BlockId(self._first - 1, ZERO_HASH)
            top = min(cursor.number, heights.latest)
            stored = store.recent_blocks(session, below=top + 1, limit=SEARCHED)
        ancestor = self._ancestor(stored)
        if stored and ancestor == stored[0]:
            # Nothing contradicts what is stored: the node is ahead of it, level with it, or lags behind.
            return cursor
        while ancestor is None and stored:
            with self._database.read() as session:
                stored = store.recent_blocks(session, below=stored[-1].number, limit=SEARCHED)
            ancestor = self._ancestor(stored)
        kept = ancestor or BlockId(self._first - 1, ZERO_HASH)
        with self._database.write() as session:
            roll_back(session, kept.number)
        log.warning("reorg", orphaned=cursor.number - kept.number, back_to=kept.number)
        return kept

    def _ancestor(self, stored: list[BlockId]) -> BlockId | None:
        headers = self._chain.headers([block.number for block in stored]) if stored else []
        return common_ancestor(stored, {h.number: h.hash for h in headers if h is not None})

    def _read(self, cursor: BlockId, start: int, end: int, heights: Heights) -> BlockId:
        """Read one range and store it in one transaction; returns the new cursor."""
        dense = start > heights.finalized
        end = min(end, start + DENSE_SPAN - 1) if dense else min(end, heights.finalized)
        before = self._chain.headers(range(start, end + 1) if dense else [end])
        headers = [header for header in before if header is not None]
        if len(headers) != len(before):
            raise BrokenChainError(f"the node lacks a block between {start} and {end}")
        if dense:
            first = BlockId(start - 1, headers[0].parent_hash)
            check_linkage(first if cursor.hash == ZERO_HASH else cursor, headers)
        try:
            logged = self._chain.logged(start, end)
        except RangeTooWideError:
            if self._span <= self._smallest:
                raise
            self._span = adapt_span(
                self._span, accepted=False, smallest=self._smallest, largest=self._largest
            )
            return cursor
        if not dense:
            headers = self._with_logs(headers, logged)
        happened = _placed(headers, logged)
        # The logs were asked for between two looks at the same block: they belong to that chain.
        after = self._chain.headers([end])[0]
        if after is None or after.hash != headers[-1].hash:
            raise BrokenChainError(f"block {end} changed while its logs were read")
        with self._database.write() as session:
            store.save_blocks(session, headers)
            store.save_events(session, happened)
            _prune(session, heights)
        self._span = adapt_span(self._span, accepted=True, smallest=self._smallest, largest=self._largest)
        if happened:
            log.info("read", from_block=start, to_block=end, events=len(happened))
        return BlockId(headers[-1].number, headers[-1].hash)

    def _with_logs(self, last: list[store.Header], logged: list[Logged]) -> list[store.Header]:
        """Further back only blocks with events are kept, and the last of the range."""
        numbers = sorted({item.block_number for item in logged} - {last[-1].number})
        found = self._chain.headers(numbers) if numbers else []
        if None in found:
            raise BrokenChainError("the node lacks a block whose logs it returned")
        return [header for header in found if header is not None] + last


def _placed(headers: list[store.Header], logged: list[Logged]) -> list[store.Happened]:
    """Events with their block's time. Raises BrokenChainError where a log is of another block."""
    by_number = {header.number: header for header in headers}
    happened = []
    for number, group in groupby(logged, key=lambda item: item.block_number):
        header = by_number.get(number)
        for item in group:
            if header is None or item.block_hash != header.hash:
                raise BrokenChainError(f"a log names block {number} with another hash than the block has")
            place = Place(number, item.block_hash, header.timestamp, item.log_index)
            happened.append(store.Happened(item.event, item.tx_hash, place))
    return happened


def _prune(session: Session, heights: Heights) -> None:
    session.execute(delete(Block).where(Block.block_number < heights.finalized - KEPT_BLOCKS))
