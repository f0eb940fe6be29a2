"""The local chain of the tests: what it still knows after many of them."""

from __future__ import annotations

from scripts.local.anvil import account, anvil


def test_state_of_an_early_block__is_kept_however_many_follow() -> None:
    with anvil() as chain, chain.rpc() as rpc:
        for _ in range(45):
            rpc.call("anvil_mine", [hex(100)], retry=False)
        assert rpc.call("eth_getTransactionCount", [account(0).address, hex(5)]) == "0x0"
