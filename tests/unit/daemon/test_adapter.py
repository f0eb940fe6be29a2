"""Gas limits: estimated once for each kind of call, then only tried."""

from __future__ import annotations

from typing import Any

from oracle.chain.errors import RevertedError
from oracle.chain.escrow import Escrow
from oracle.chain.rpc import Rpc
from oracle.chain.transactions import gas_limit
from oracle.daemon.adapter import NodeChain
from tests.unit.chain.fake_node import FakeNode, NodeError, rpc_for

ESCROW = "0x" + "e5" * 20
SENDER = "0x" + "5e" * 20


class Gas:
    """A node on which each call needs the gas that its last byte says, in thousands; 0 reverts."""

    def __init__(self) -> None:
        self.node = FakeNode(self.answer)
        rpc: Rpc = rpc_for(self.node)
        self.chain = NodeChain(Escrow(rpc, ESCROW, 1))

    def answer(self, method: str, params: list[Any]) -> Any:
        call = params[0]
        needs = int(call["data"][-2:], 16) * 1_000
        if needs == 0 or (method == "eth_call" and int(call["gas"], 16) < needs):
            raise NodeError("execution reverted", 3)
        return hex(needs) if method == "eth_estimateGas" else "0x"

    def asked(self) -> list[str]:
        methods = [method for method, _ in self.node.calls]
        self.node.calls.clear()
        return methods

    def limits(self, *needs: int, data: str = "aabbccdd") -> list[Any]:
        return self.chain.estimates(SENDER, [(ESCROW, bytes.fromhex(data) + bytes([n])) for n in needs])


def test_one_of_a_kind_is_estimated_and_the_others_are_tried_within_what_it_needs() -> None:
    gas = Gas()
    assert gas.limits(50, 40, 30) == [gas_limit(50_000)] * 3
    assert gas.asked() == ["eth_estimateGas", "eth_call", "eth_call"]
    assert gas.limits(50) == [gas_limit(50_000)]
    assert gas.asked() == ["eth_call"]


def test_a_call_that_needs_more_is_estimated_and_the_next_is_tried_with_that() -> None:
    gas = Gas()
    assert gas.limits(50, 52) == [gas_limit(50_000)] * 2, "a little more fits into the limit"
    gas.asked()
    assert gas.limits(50, 60) == [gas_limit(50_000), gas_limit(60_000)]
    assert gas.asked() == ["eth_call", "eth_call", "eth_estimateGas"]
    assert gas.limits(60) == [gas_limit(60_000)]
    assert gas.asked() == ["eth_call"]


def test_a_call_that_reverts_says_why_and_teaches_nothing() -> None:
    gas = Gas()
    first, second = gas.limits(0, 70)
    assert isinstance(first, RevertedError)
    assert second == gas_limit(70_000)
    (third,) = gas.limits(0)
    assert isinstance(third, RevertedError)


def test_other_functions_and_other_lengths_are_other_kinds() -> None:
    gas = Gas()
    gas.limits(50)
    gas.asked()
    gas.limits(50, data="aabbccee")
    gas.limits(50, data="aabbccdd00")
    assert gas.asked() == ["eth_estimateGas", "eth_estimateGas"]


def test_nothing_to_estimate_asks_nothing() -> None:
    gas = Gas()
    assert gas.chain.estimates(SENDER, []) == []
    assert gas.asked() == []
