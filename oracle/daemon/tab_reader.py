"""Reads the tab contract's logs into a ledger of all tabs, as far as the chain is settled."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.chain import tabs as chain_tabs
from oracle.chain.errors import BlockUnknownError
from oracle.chain.tab_decoder import TabOccurrence
from oracle.chain.tabs import Tabs
from oracle.decide.reorg import Heights, Level
from oracle.decide.tabs import HandedOver, Ledger, When
from oracle.domain.tab_events import TabOpened
from oracle.domain.tab_terms import tab_opening_hash
from oracle.domain.types import Hash


@dataclass(frozen=True, slots=True)
class Seen:
    """All tabs as of a block. `settled`: its time; `now`: the latest block's."""

    ledger: Ledger
    now: int
    settled: int


@dataclass(frozen=True, slots=True)
class OpeningFacts:
    """Of what only opening needed: its hash, for later calls, and the pact."""

    opening_hash: Hash
    pact: Hash


class TabReader:
    """Keeps what is final, and reads what is not anew each time: a reorg needs no undoing.

    Args:
        first_block: The contract's.
        level: How settled a block must be to count.
    """

    def __init__(self, tabs: Tabs, *, first_block: int, level: Level) -> None:
        self._tabs = tabs
        self._level = level
        self._final = Ledger()
        self._next = first_block
        self.openings: dict[Hash, OpeningFacts] = {}
        """By tab. They are what the id is the hash of, so a reorg cannot make them wrong."""

    def look(self) -> Seen:
        """Read what is new.

        Raises:
            RpcError, BlockUnknownError: no usable answer.
            DecodeError, ImpossibleTabEventError: the node's logs cannot be right.
        """
        heads = self._tabs.rpc.heads()
        heights = Heights(heads.latest.number, heads.safe, heads.finalized, heads.latest.timestamp)
        if heights.finalized >= self._next:
            final = Ledger(dict(self._final.tabs))  # a range that breaks off half-way is read again, whole
            self._read(final, self._next, heights.finalized)
            self._final, self._next = final, heights.finalized + 1
        ledger = Ledger(dict(self._final.tabs))
        last = heights.at(self._level)
        self._read(ledger, self._next, last)
        return Seen(ledger, heights.timestamp, _times(self._tabs, [last])[last])

    def _read(self, ledger: Ledger, start: int, end: int) -> None:
        logs: list[TabOccurrence | chain_tabs.HandedOver] = [
            *self._tabs.events(start, end),
            *self._tabs.handed(start, end),
        ]
        logs.sort(key=lambda each: (each.block_number, each.log_index))
        times = _times(self._tabs, sorted({each.block_number for each in logs}))
        for each in logs:
            at = When(each.block_number, each.block_hash, times[each.block_number], each.log_index)
            if isinstance(each, chain_tabs.HandedOver):
                ledger.handed(each.tab, each.by, each.document, at)
                continue
            if isinstance(each.event, TabOpened):
                opening = each.event.agreement.opening
                self.openings[each.event.tab] = OpeningFacts(tab_opening_hash(opening), opening.pact)
            ledger.apply(each.event, at)


def handed_on_chain(tabs: Tabs, tab: Hash, *, first_block: int) -> tuple[HandedOver, ...]:
    """Every document that anybody named for a tab's evaluators, in order.

    Raises:
        RpcError, BlockUnknownError, DecodeError: no usable answer.
    """
    logs = tabs.handed(first_block, tabs.rpc.block_number(), tab=tab)
    times = _times(tabs, sorted({each.block_number for each in logs}))
    return tuple(
        HandedOver(
            each.by,
            each.document,
            When(each.block_number, each.block_hash, times[each.block_number], each.log_index),
        )
        for each in logs
    )


def _times(tabs: Tabs, numbers: list[int]) -> dict[int, int]:
    """Unix seconds of blocks, by number."""
    blocks = tabs.rpc.blocks(numbers) if numbers else []
    times = {block.number: block.timestamp for block in blocks if block is not None}
    if missing := [number for number in numbers if number not in times]:
        raise BlockUnknownError(f"the node lacks block {missing[0]}, of which it spoke")
    return times
