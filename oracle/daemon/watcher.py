"""Follows the chain: blocks, events and records into the store, and out again where a reorg orphans them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import select

from oracle.chain.errors import BlockUnknownError, DecodeError
from oracle.daemon.collector import look, postponed
from oracle.daemon.ports import ChainPort
from oracle.daemon.ranges import Ahead, Ranges, Read, TabSource, placed_tabs
from oracle.decide.jobs import ImpossibleEventsError
from oracle.decide.reorg import BlockId, BrokenChainError, Heights, common_ancestor
from oracle.domain.types import ZERO_HASH
from oracle.store import chain as store
from oracle.store import tabs as tab_store
from oracle.store.database import Database
from oracle.store.events import Saving
from oracle.store.rollback import roll_back
from oracle.store.tables import Block

log = structlog.get_logger(__name__)

KEPT_BLOCKS = 5_000  # finalized blocks that stay: far more than any reorg, far less than a chain
MANY_EVENTS = 25_000  # after which what is stored is committed: jobs that end before are never read again
LOOKED_AFTER = 10  # transactions: then garbage is looked for, which events are not; they come by the million
HURRY = 0.25  # seconds for which a transaction is left open for the next piece
LONGEST_WRITE = 1.0  # seconds after which it takes no more
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
        tabs: The tab contract, where there is one that is followed too.
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
        tabs: TabSource | None = None,
    ) -> None:
        self._database = database
        self._chain = chain
        self._first = first_block
        self._doubt = doubt
        self._progressed = progressed
        self._tabs = tabs
        self._tabs_known = tabs is None
        self._ranges = Ranges(chain, tabs, smallest=smallest_span, largest=largest_span)
        self._is_wary = False  # answers did not fit together: what does is committed, range by range
        self._tidied = 0  # up to here headers of blocks in which nothing happened are gone

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
            if not self._tabs_known:
                self._begin_tabs(cursor)
            cursor = self._read_settled(cursor, heights)
            while (read := self._ranges.dense(cursor, heights.latest)) is not None:
                cursor = self._store(read, heights)
        except (BrokenChainError, ImpossibleEventsError, BlockUnknownError, DecodeError) as error:
            self._is_wary = True
            self._doubt(error.message)
            raise
        self._is_wary = False
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
            # Nearly always the first one stands.
            stored = store.recent_blocks(session, below=top + 1, limit=1)
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

    def _read_settled(self, cursor: BlockId, heights: Heights) -> BlockId:
        """Read up to the last finalized block: a range is stored while the next ones are on their way.

        Ranges that follow each other at once share a transaction: a record is then written once for all of
        them, and the disk waited for once. What is wrong with one undoes them all; so after such an error
        each has its own, and all before the wrong one are kept.
        """
        if cursor.number >= heights.finalized:
            return cursor
        transactions = 0
        with postponed(), Ahead(self._ranges, cursor.number + 1, heights.finalized) as ahead:
            while (read := ahead.take()) is not None:
                end = time.monotonic() + LONGEST_WRITE
                with self._storing(heights, many=True) as add:
                    stored = 0
                    while read is not None:
                        add(read)
                        cursor = BlockId(read.last.number, read.last.hash)
                        stored += read.count
                        is_full = self._is_wary or stored >= MANY_EVENTS or time.monotonic() > end
                        read = None if is_full or not ahead.is_near(HURRY) else ahead.take()
                del add  # with it every record that was written: the collector would go through them
                self._progressed()
                transactions += 1
                if transactions % LOOKED_AFTER == 0:
                    look()
        return cursor

    def _begin_tabs(self, cursor: BlockId) -> None:
        """What happened on tabs before they were followed, where jobs were: then scores begin anew."""
        if self._tabs is None:
            return
        with self._database.read() as session:
            known = tab_store.is_followed(session, self._tabs.contract)
        if not known:
            logged = self._ranges.tab_events(self._tabs.first_block, cursor.number)
            numbers = sorted({item.block_number for item in logged})
            headers = [header for header in self._chain.headers(numbers) if header is not None]
            placed = placed_tabs(headers, logged)
            with self._database.write() as session:
                stored = set(session.scalars(select(Block.block_number)))
                store.save_blocks(session, [one for one in headers if one.number not in stored])
                tab_store.follow(session, self._tabs.contract)
                tab_store.save_tab_events(session, placed)
        self._tabs_known = True

    def _store(self, read: Read, heights: Heights) -> BlockId:
        """Store what was read in one transaction; returns the new cursor."""
        with self._storing(heights) as add:
            add(read)
        self._progressed()
        return BlockId(read.last.number, read.last.hash)

    @contextmanager
    def _storing(self, heights: Heights, *, many: bool = False) -> Iterator[Callable[[Read], None]]:
        """A transaction that takes ranges, one after the other."""
        kept_from = heights.finalized - KEPT_BLOCKS
        with self._database.write(many=many) as session:
            saving = Saving(session, kept_from=kept_from)

            def add(read: Read) -> None:
                store.save_blocks(session, read.headers)
                for piece in read.jobs:
                    saving.add(piece)
                tab_store.save_tab_events(session, read.tabs)
                if read.count:
                    log.info("read", from_block=read.start, to_block=read.last.number, events=read.count)

            yield add
            saving.finish()
            newest = store.cursor(session)
            end = kept_from if newest is None else min(kept_from, newest.number)  # where to read on from
            store.forget_blocks(session, self._tidied, end)
        self._tidied = max(self._tidied, end)
