"""The reader of tabs: what broke off half-way is not read twice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from oracle.chain.errors import BlockUnknownError
from oracle.chain.tab_decoder import TabOccurrence
from oracle.chain.tabs import HandedOver, Tabs
from oracle.daemon.tab_reader import TabReader, handed_on_chain
from oracle.decide.reorg import Level
from oracle.decide.tabs import ImpossibleTabEventError
from oracle.domain.tab_events import TabEvent
from tests.unit.tabs.test_tab_steps import BUYER, HASH, OTHER, TAB, opened, presented

TIME = 1_000


class Chain:
    """So many final blocks; `logs` has (block, event), `handovers` what was named."""

    def __init__(self) -> None:
        self.rpc, self.height = self, 1
        self.logs: list[tuple[int, TabEvent]] = []
        self.handovers: list[HandedOver] = []

    def heads(self) -> SimpleNamespace:
        latest = SimpleNamespace(number=self.height, timestamp=TIME + self.height)
        return SimpleNamespace(latest=latest, safe=self.height, finalized=self.height)

    def blocks(self, numbers: list[int]) -> list[SimpleNamespace]:
        return [SimpleNamespace(number=number, timestamp=TIME + number) for number in numbers]

    def events(self, start: int, end: int) -> list[TabOccurrence]:
        return [
            TabOccurrence(event, block, HASH, HASH, 0) for block, event in self.logs if start <= block <= end
        ]

    def handed(self, start: int, end: int, *, tab: str | None = None) -> list[HandedOver]:
        return [
            each for each in self.handovers if start <= each.block_number <= end and tab in (None, each.tab)
        ]

    def block_number(self) -> int:
        return self.height


def test_a_range_that_cannot_be_read_whole__changes_nothing() -> None:
    chain = Chain()
    reader = TabReader(cast("Tabs", chain), first_block=1, level=Level.FINALIZED)
    chain.logs = [(1, opened()), (3, presented(tab=OTHER))]  # of a tab that was never opened
    chain.handovers = [HandedOver(TAB, BUYER, HASH, 2, HASH, 0)]
    reader.look()
    chain.height = 10
    for _ in range(2):
        with pytest.raises(ImpossibleTabEventError):
            reader.look()
    chain.logs.pop()  # another node, or this one mended
    seen = reader.look()
    assert len(seen.ledger.tabs[TAB].handed) == 1
    assert seen.settled == TIME + 10
    assert len(reader.look().ledger.tabs[TAB].handed) == 1


def test_a_block_the_node_lacks__is_said_to_be() -> None:
    chain = Chain()
    chain.logs = [(1, opened())]
    chain.blocks = lambda _numbers: [None]  # type: ignore[method-assign, assignment, list-item]
    with pytest.raises(BlockUnknownError, match="block 1"):
        TabReader(cast("Tabs", chain), first_block=1, level=Level.FINALIZED).look()


def test_what_was_handed_over_for_one_tab__with_the_times_of_its_blocks() -> None:
    chain = Chain()
    chain.height = 3
    chain.handovers = [
        HandedOver(TAB, BUYER, HASH, 1, HASH, 4),
        HandedOver(OTHER, BUYER, HASH, 2, HASH, 0),
        HandedOver(TAB, OTHER[:42], HASH, 3, HASH, 1),
    ]
    found = handed_on_chain(cast("Tabs", chain), TAB, first_block=1)
    assert [(each.by, each.at.block, each.at.time, each.at.log_index) for each in found] == [
        (BUYER, 1, TIME + 1, 4),
        (OTHER[:42], 3, TIME + 3, 1),
    ]
    assert handed_on_chain(cast("Tabs", chain), TAB, first_block=4) == ()
