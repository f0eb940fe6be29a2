"""Follows the chain: blocks, events and records into the store, and out again where a reorg orphans them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby

import structlog
from sqlalchemy import delete

from oracle.chain.errors import BlockUnknownError, DecodeError, RangeTooWideError
from oracle.chain.tab_decoder import TabOccurrence
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
from oracle.domain.types import ZERO_HASH, Address
from oracle.store import chain as store
from oracle.store import tabs as tab_store
from oracle.store.database import Database
from oracle.store.events import Happened, Saving
from oracle.store.rollback import roll_back
from oracle.store.tables import Block
from oracle.store.tabs import TabHappened

log = structlog.get_logger(__name__)

KEPT_BLOCKS = 5_000  # finalized blocks that stay: far more than any reorg, far less than a chain
DENSE_SPAN = 128  # most blocks read at once where every header is kept
PIECE = 2_000  # most events that should be in one range: one is stored while the next is read
MANY_EVENTS = 10_000  # after which what is stored is committed: few enough for memory and a short transaction
FIRST_SPAN = 64  # blocks of the first range; the next ones grow until they hold a piece
HURRY = 0.25  # seconds for which a transaction is left open for the next piece
LONGEST_WRITE = 1.0  # seconds after which it takes no more
SEARCHED = 64  # stored blocks compared at a time when looking for the last common one


@dataclass(frozen=True, slots=True)
class _Read:
    """One range as it was read: its blocks (the last one at least) and its events, in order."""

    start: int
    headers: list[store.Header]
    happened: list[Happened]
    tabs: list[TabHappened]

    @property
    def last(self) -> store.Header:
        """The last block of the range."""
        return self.headers[-1]


@dataclass(frozen=True, slots=True)
class TabSource:
    """The tab contract: since when, and how its events between two blocks, both included, are read."""

    contract: Address
    first_block: int
    events: Callable[[int, int], list[TabOccurrence]]


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
        self._smallest = smallest_span
        self._largest = largest_span
        self._doubt = doubt
        self._progressed = progressed
        self._tabs = tabs
        self._tabs_known = tabs is None
        self._span = min(FIRST_SPAN, largest_span)

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
            while (span := next_range(cursor.number, heights.latest, self._dense_span())) is not None:
                try:
                    read = self._dense(cursor, *span)
                except RangeTooWideError:
                    if self._span <= self._smallest:
                        raise
                    self._span = self._dense_span()
                    self._adapt(accepted=False)
                    continue
                self._adapt(accepted=True)
                cursor = self._store(read, heights)
        except (BrokenChainError, ImpossibleEventsError, BlockUnknownError, DecodeError) as error:
            self._doubt(error.message)
            raise
        return self._seen(cursor, heights)

    def _dense_span(self) -> int:
        return min(self._span, DENSE_SPAN)

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
        """Read up to the last finalized block: a range is stored while the next one is on its way.

        Ranges that follow each other at once share a transaction: a record is then written once for all of
        them, and the disk waited for once.
        """
        if cursor.number >= heights.finalized:
            return cursor
        with ThreadPoolExecutor(1, thread_name_prefix="watcher") as ahead:

            def after(number: int) -> Future[_Read] | None:
                # Nothing else asks the node meanwhile: storing does not.
                more = number < heights.finalized
                return ahead.submit(self._settled, number + 1, heights.finalized) if more else None

            upcoming = after(cursor.number)
            while upcoming is not None:
                read = upcoming.result()
                end = time.monotonic() + LONGEST_WRITE
                with self._storing(heights) as add:
                    stored = 0
                    while True:
                        upcoming = after(read.last.number)
                        add(read)
                        stored += len(read.happened)
                        is_full = stored >= MANY_EVENTS or time.monotonic() > end
                        if upcoming is None or is_full or not _is_near(upcoming):
                            break
                        read = upcoming.result()
                cursor = BlockId(read.last.number, read.last.hash)
                self._progressed()
        return cursor

    def _settled(self, start: int, finalized: int) -> _Read:
        """Read one range of finalized blocks, as long as the node and our memory allow."""
        while True:
            end = min(start + self._span - 1, finalized)
            last = self._chain.headers([end])[0]
            if last is None:
                raise BrokenChainError(f"the node lacks block {end}, which it calls final")
            try:
                logged = self._chain.logged(start, end)
            except RangeTooWideError:
                if self._span <= self._smallest:
                    raise
                self._adapt(accepted=False)
                continue
            tabs = self._tab_events(start, end)
            numbers = {item.block_number for item in logged} | {item.block_number for item in tabs}
            headers = self._with_logs(last, numbers)
            if not PIECE // 2 < len(logged) <= PIECE:
                self._adapt(accepted=len(logged) <= PIECE)
            return _Read(start, headers, _placed(headers, logged), _tabs_placed(headers, tabs))

    def _tab_events(self, start: int, end: int) -> list[TabOccurrence]:
        if self._tabs is None or end < self._tabs.first_block:
            return []
        return self._tabs.events(max(start, self._tabs.first_block), end)

    def _begin_tabs(self, cursor: BlockId) -> None:
        """What happened on tabs before they were followed, where jobs were: then scores begin anew."""
        if self._tabs is None:
            return
        with self._database.read() as session:
            known = tab_store.is_followed(session, self._tabs.contract)
        if not known:
            logged = self._tab_events(self._tabs.first_block, cursor.number)
            numbers = sorted({item.block_number for item in logged})
            headers = [header for header in self._chain.headers(numbers) if header is not None]
            placed = _tabs_placed(headers, logged)
            with self._database.write() as session:
                tab_store.follow(session, self._tabs.contract)
                tab_store.save_tab_events(session, placed)
        self._tabs_known = True

    def _dense(self, cursor: BlockId, start: int, end: int) -> _Read:
        """Read a range near the head, every header of it."""
        found = self._chain.headers(range(start, end + 1))
        headers = [header for header in found if header is not None]
        if len(headers) != len(found):
            raise BrokenChainError(f"the node lacks a block between {start} and {end}")
        first = BlockId(start - 1, headers[0].parent_hash)
        check_linkage(first if cursor.hash == ZERO_HASH else cursor, headers)
        logged, tabs = self._chain.logged(start, end), self._tab_events(start, end)
        _check_unchanged(headers[-1], self._chain.headers([end])[0])
        return _Read(start, headers, _placed(headers, logged), _tabs_placed(headers, tabs))

    def _adapt(self, *, accepted: bool) -> None:
        self._span = adapt_span(self._span, accepted=accepted, smallest=self._smallest, largest=self._largest)

    def _store(self, read: _Read, heights: Heights) -> BlockId:
        """Store what was read in one transaction; returns the new cursor."""
        with self._storing(heights) as add:
            add(read)
        self._progressed()
        return BlockId(read.last.number, read.last.hash)

    @contextmanager
    def _storing(self, heights: Heights) -> Iterator[Callable[[_Read], None]]:
        """A transaction that takes ranges, one after the other."""
        kept_from = heights.finalized - KEPT_BLOCKS
        with self._database.write() as session:
            saving = Saving(session, kept_from=kept_from)

            def add(read: _Read) -> None:
                store.save_blocks(session, read.headers)
                saving.add(read.happened)
                tab_store.save_tab_events(session, read.tabs)
                if read.happened:
                    log.info(
                        "read", from_block=read.start, to_block=read.last.number, events=len(read.happened)
                    )

            yield add
            saving.finish()
            session.execute(delete(Block).where(Block.block_number < kept_from))

    def _with_logs(self, last: store.Header, blocks: set[int]) -> list[store.Header]:
        """Further back only blocks with events are kept, and the last one, which is looked at once more."""
        numbers = sorted(blocks - {last.number})
        *found, after = self._chain.headers([*numbers, last.number])
        _check_unchanged(last, after)
        if None in found:
            raise BrokenChainError("the node lacks a block whose logs it returned")
        return [*(header for header in found if header is not None), last]


def _check_unchanged(last: store.Header, after: store.Header | None) -> None:
    """The logs were asked for between two looks at the same block: they belong to that chain."""
    if after is None or after.hash != last.hash:
        raise BrokenChainError(f"block {last.number} changed while its logs were read")


def _is_near(upcoming: Future[_Read]) -> bool:
    """Whether a range comes so soon that a transaction may wait for it; one that failed does not."""
    wait([upcoming], timeout=HURRY)
    return upcoming.done() and upcoming.exception() is None


def _placed(headers: list[store.Header], logged: list[Logged]) -> list[Happened]:
    """Events with their block's time. Raises BrokenChainError where a log is of another block."""
    by_number = {header.number: header for header in headers}
    happened = []
    for number, group in groupby(logged, key=lambda item: item.block_number):
        header = by_number.get(number)
        for item in group:
            if header is None or item.block_hash != header.hash:
                raise BrokenChainError(f"a log names block {number} with another hash than the block has")
            place = Place(number, item.block_hash, header.timestamp, item.log_index)
            happened.append(Happened(item.event, item.tx_hash, place))
    return happened


def _tabs_placed(headers: list[store.Header], logged: list[TabOccurrence]) -> list[TabHappened]:
    """The same for events of tabs."""
    by_number = {header.number: header for header in headers}
    happened = []
    for item in logged:
        header = by_number.get(item.block_number)
        if header is None or item.block_hash != header.hash:
            raise BrokenChainError(
                f"a log names block {item.block_number} with another hash than the block has"
            )
        happened.append(
            TabHappened(
                item.event, item.transaction_hash, item.block_number, item.log_index, header.timestamp
            )
        )
    return happened
