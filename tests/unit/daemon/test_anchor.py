"""Nothing is signed on what one node alone says was presented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from eth_abi.abi import encode

from oracle.chain.errors import RpcUnavailableError
from oracle.chain.pool import Poll, Pool
from oracle.chain.rpc import Rpc
from oracle.chain.tab_decoder import TAB_TOPICS
from oracle.daemon.anchor import PeriodCheck
from oracle.decide.tabs import Ledger, Pending, When
from tests.unit.tabs.test_tab_steps import HASH, TAB, opened, presented

TABS, BLOCK = "0x" + "7a" * 20, "0x" + "b1" * 32


class Node:
    """An endpoint that has one block with one event in it."""

    url_shown = "a node"

    def __init__(
        self, *, count: int = 100, block: str = BLOCK, address: str = TABS, there: bool = True
    ) -> None:
        self._block, self._there = block, there
        data = encode(
            ["uint64", "uint64", "bytes32", "uint40", "bool"],
            [count, 1_000, bytes.fromhex(HASH[2:]), 5_000, False],
        )
        self._log = {
            "address": address,
            "topics": [TAB_TOPICS["Presented"], TAB, f"0x{1:064x}"],
            "data": "0x" + data.hex(),
            "blockNumber": "0x2",
            "blockHash": block,
            "transactionHash": "0x" + "aa" * 32,
            "transactionIndex": "0x0",
            "logIndex": "0x0",
            "removed": False,
        }

    def batch(self, requests: list[tuple[str, list[Any]]]) -> list[Any]:
        if not self._there:
            raise RpcUnavailableError("it is down")
        query = requests[1][1][0]
        header = {
            "number": "0x2", "hash": self._block, "parentHash": "0x" + "b0" * 32, "timestamp": "0x1",
            "logsBloom": "0x" + "00" * 256,
        }  # fmt: skip
        return [header, [self._log] if query["blockHash"] == self._block else []]


class Nodes:
    """A pool of such endpoints."""

    def __init__(self, *nodes: Node) -> None:
        self._nodes, self.asked = nodes, 0

    def poll(self, question: Callable[[Rpc], bool], *, enough: int) -> Poll:
        assert enough == 2
        self.asked += 1
        said: dict[bool | None, list[str]] = {True: [], False: [], None: []}
        for number, node in enumerate(self._nodes):
            try:
                said[question(cast("Rpc", node))].append(f"node-{number}")
            except RpcUnavailableError:
                said[None].append(f"node-{number}")
        return Poll(tuple(said[True]), tuple(said[False]), tuple(said[None]))


def pending() -> Pending:
    made = Ledger()
    made.apply(opened(), When(1, HASH, 1, 0))
    made.apply(presented(), When(2, BLOCK, 2, 0))
    found = made.tabs[TAB].pending
    assert found is not None
    return found


def agreed(*nodes: Node, agree: int = 2, about: Pending | None = None) -> bool:
    return PeriodCheck(cast("Pool", Nodes(*nodes)), TABS, agree=agree)(about or pending())


def test_two_of_three_hold_it__is_enough() -> None:
    assert agreed(Node(), Node(count=99), Node())


@pytest.mark.parametrize(
    "other",
    [
        Node(count=99),
        Node(block="0x" + "b2" * 32),
        Node(address="0x" + "7b" * 20),
        Node(there=False),
    ],
)
def test_one_alone_holds_it__is_not(other: Node) -> None:
    assert not agreed(Node(), other)


def test_another_end_of_the_window__is_another_tally() -> None:
    assert not agreed(Node(), Node(), about=replace(pending(), window_ends=5_001))


def test_where_one_is_enough__nobody_is_asked() -> None:
    pool = Nodes(Node(count=99))
    assert PeriodCheck(cast("Pool", pool), TABS, agree=1)(pending())
    assert pool.asked == 0
