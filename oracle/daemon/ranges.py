"""Reads ranges of blocks with their logs, each checked in itself; those of history ahead of storing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Self

from oracle.chain.errors import RangeTooWideError
from oracle.chain.tab_decoder import TabOccurrence
from oracle.daemon.ports import ChainPort, LoggedRange
from oracle.decide.jobs import Place
from oracle.decide.reorg import BlockId, BrokenChainError, check_linkage, next_range
from oracle.decide.span import Span
from oracle.domain.types import ZERO_HASH, Address
from oracle.store.chain import Header
from oracle.store.events import Happened, Piece, piece_of
from oracle.store.tabs import TabHappened

DENSE_SPAN = 128  # most blocks read at once where every header is kept
PIECE = 2_000  # most events that should be in one range: some are read while one is stored
AT_ONCE = 256  # events that are made of logs, and rows of events, at a time: as many as the cache holds
FIRST_SPAN = 64  # blocks of the first range; the next ones grow until they hold a piece
AHEAD = 3  # ranges read at once: the node answers some while we look at another


@dataclass(frozen=True, slots=True)
class Read:
    """One range as it was read: its blocks (the last one at least) and its events, in order.

    Those of jobs, `found` of them, can be gone through once. They are made of their logs only then, a piece
    after the other: each is stored while it is in the processor's cache, and by one thread, which need not
    wait for its turn with others. A log that is no event raises DecodeError there, one of another block
    BrokenChainError.
    """

    start: int
    headers: list[Header]
    jobs: Iterator[Piece]
    found: int
    tabs: list[TabHappened]

    @property
    def last(self) -> Header:
        """The last block of the range."""
        return self.headers[-1]

    @property
    def count(self) -> int:
        """How many events it holds, of jobs and of tabs."""
        return self.found + len(self.tabs)


@dataclass(frozen=True, slots=True)
class TabSource:
    """The tab contract: since when, and how its events between two blocks, both included, are read."""

    contract: Address
    first_block: int
    events: Callable[[int, int], list[TabOccurrence]]


class Ranges:
    """Reads ranges that are as wide as the node and our memory allow. Safe to use from several threads.

    Args:
        chain: The node.
        tabs: The tab contract, where there is one that is followed too.
        smallest: Fewest blocks asked for at once; a refusal of so few is an error.
        largest: Most blocks asked for at once.
    """

    def __init__(self, chain: ChainPort, tabs: TabSource | None, *, smallest: int, largest: int) -> None:
        self._chain = chain
        self._tabs = tabs
        self._span = Span(min(FIRST_SPAN, largest), smallest, largest, PIECE)
        self._lock = threading.Lock()

    @property
    def width(self) -> int:
        """Blocks to ask for next."""
        return self._span.blocks

    def settled(self, start: int, end: int) -> Read:
        """Read finalized blocks: of those from `start` to `end`, as many as the node answers at once.

        Raises:
            BrokenChainError: the node's answers do not fit together.
            RangeTooWideError: it refuses even the fewest blocks.
            RpcError: no usable answer.
        """
        while True:
            last = self._chain.headers([end])[0]
            if last is None:
                raise BrokenChainError(f"the node lacks block {end}, which it calls final")
            try:
                logged, tabs = self._chain.logged(start, end), self.tab_events(start, end)
            except RangeTooWideError:
                if not self._refused(end - start + 1):
                    raise
                end = min(end - 1, start + self.width - 1)
                continue
            self._answered(end - start + 1, logged.count + len(tabs))
            headers = self._with_logs(last, logged.blocks | {item.block_number for item in tabs})
            return _read(start, headers, logged, tabs)

    def dense(self, cursor: BlockId, head: int) -> Read | None:
        """Read the next range near the head, every header of it; None where the cursor is there.

        Raises:
            BrokenChainError: the node's answers do not fit together, or do not follow the cursor.
            RangeTooWideError: it refuses even the fewest blocks.
            RpcError: no usable answer.
        """
        while (span := next_range(cursor.number, head, min(self.width, DENSE_SPAN))) is not None:
            start, end = span
            try:
                read = self._linked(cursor, start, end)
            except RangeTooWideError:
                if not self._refused(end - start + 1):
                    raise
                continue
            self._answered(end - start + 1, read.count)
            return read
        return None

    def tab_events(self, start: int, end: int) -> list[TabOccurrence]:
        """Events of tabs between two blocks, both included, as far as tabs are followed."""
        if self._tabs is None or end < self._tabs.first_block:
            return []
        return self._tabs.events(max(start, self._tabs.first_block), end)

    def _linked(self, cursor: BlockId, start: int, end: int) -> Read:
        found = self._chain.headers(range(start, end + 1))
        headers = [header for header in found if header is not None]
        if len(headers) != len(found):
            raise BrokenChainError(f"the node lacks a block between {start} and {end}")
        first = BlockId(start - 1, headers[0].parent_hash)
        check_linkage(first if cursor.hash == ZERO_HASH else cursor, headers)
        logged, tabs = self._chain.logged(start, end), self.tab_events(start, end)
        _check_unchanged(headers[-1], self._chain.headers([end])[0])
        return _read(start, headers, logged, tabs)

    def _with_logs(self, last: Header, blocks: Set[int]) -> list[Header]:
        """Further back only blocks with events are kept, and the last one, which is looked at once more."""
        numbers = sorted(blocks - {last.number})
        *found, after = self._chain.headers([*numbers, last.number])
        _check_unchanged(last, after)
        if None in found:
            raise BrokenChainError("the node lacks a block whose logs it returned")
        return [*(header for header in found if header is not None), last]

    def _answered(self, asked: int, found: int) -> None:
        with self._lock:
            self._span.answered(asked, found)

    def _refused(self, asked: int) -> bool:
        with self._lock:
            return self._span.refused(asked)


class Ahead:
    """Ranges of finalized blocks, handed over in order: the next ones are read while one is stored.

    No more than `AHEAD` are on their way or wait. Use it as a context manager: on leaving, what is on its way
    is waited for and dropped.

    Args:
        ranges: How one is read.
        start: First block.
        finalized: Last block.
    """

    def __init__(self, ranges: Ranges, start: int, finalized: int) -> None:
        self._ranges = ranges
        self._next = start
        self._finalized = finalized
        self._threads = ThreadPoolExecutor(AHEAD, thread_name_prefix="watcher")
        self._coming: deque[tuple[int, Future[Read]]] = deque()

    def __enter__(self) -> Self:
        self._ask()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)

    def take(self) -> Read | None:
        """The next range; None after the last one.

        Raises:
            See `Ranges.settled`: what came before may be kept.
        """
        if not self._coming:
            return None
        end, future = self._coming.popleft()
        read = future.result()
        if read.last.number != end:  # the node took fewer blocks: those after them were not asked for
            while self._coming:
                self._coming.pop()[1].cancel()
            self._next = read.last.number + 1
        self._ask()
        return read

    def is_near(self, seconds: float) -> bool:
        """Whether there is a next range, and it comes within so many seconds; one that failed does not."""
        if not self._coming:
            return False
        future = self._coming[0][1]
        wait([future], timeout=seconds)
        return future.done() and future.exception() is None

    def _ask(self) -> None:
        while len(self._coming) < AHEAD and self._next <= self._finalized:
            end = min(self._next + self._ranges.width - 1, self._finalized)
            self._coming.append((end, self._threads.submit(self._ranges.settled, self._next, end)))
            self._next = end + 1


_NO_BLOCK = (None, 0)
# What a named tuple's own call does, in a third of the time: this runs for every event there ever was.
_place, _happened = partial(tuple.__new__, Place), partial(tuple.__new__, Happened)


def _check_unchanged(last: Header, after: Header | None) -> None:
    """The logs were asked for between two looks at the same block: they belong to that chain."""
    if after is None or after.hash != last.hash:
        raise BrokenChainError(f"block {last.number} changed while its logs were read")


def _read(start: int, headers: list[Header], logged: LoggedRange, tabs: list[TabOccurrence]) -> Read:
    placed = _placed(headers, logged)
    pieces = (piece_of(islice(placed, AT_ONCE)) for _ in range(0, logged.count, AT_ONCE))
    return Read(start, headers, pieces, logged.count, placed_tabs(headers, tabs))


def _placed(headers: list[Header], logged: LoggedRange) -> Iterator[Happened]:
    """Events with their block's time. Raises BrokenChainError where a log is of another block."""
    by_number = {header.number: (header.hash, header.timestamp) for header in headers}
    for event, number, block_hash, tx_hash, log_index in logged.events:
        hash_, timestamp = by_number.get(number, _NO_BLOCK)
        if block_hash != hash_:
            raise BrokenChainError(f"a log names block {number} with another hash than the block has")
        yield _happened((event, tx_hash, _place((number, block_hash, timestamp, log_index))))


def placed_tabs(headers: list[Header], logged: list[TabOccurrence]) -> list[TabHappened]:
    """Events of tabs with their block's time. Raises BrokenChainError where a log is of another block."""
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
