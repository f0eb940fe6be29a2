"""Signing, replacing and plain sending."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account

from oracle.chain import errors
from oracle.chain.rpc import Fees
from oracle.chain.transactions import (
    NotMinedError,
    Transaction,
    bumped,
    gas_limit,
    send_and_wait,
    sign_transaction,
)
from oracle.domain.signatures import address_of
from tests.unit.chain.fake_node import FakeNode, NodeError, rpc_for
from tests.unit.chain.test_rpc import BLOCK, HASH

KEY = bytes.fromhex(
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
)  # anvil's first account
TO = "0x" + "f3" * 20


def test_the_same_transaction_is_always_the_same_bytes() -> None:
    transaction = Transaction(31337, 5, TO, b"\x01\x02", 21_000, 3, 1)
    one, two = sign_transaction(transaction, KEY), sign_transaction(transaction, KEY)
    assert one == two
    assert Account.recover_transaction(one.raw).lower() == address_of(KEY)
    assert one.raw[0] == 2


@pytest.mark.parametrize("old", [Fees(1, 1, 1), Fees(10**9, 10**6, 1), Fees(7, 3, 1)])
@pytest.mark.parametrize("now", [Fees(1, 1, 1), Fees(10**10, 10**7, 5)])
def test_a_replacement_pays_enough_more_on_both_fees(old: Fees, now: Fees) -> None:
    new = bumped(old, now)
    assert new.max_fee_per_gas * 10 >= old.max_fee_per_gas * 11
    assert new.max_priority_fee_per_gas * 10 >= old.max_priority_fee_per_gas * 11
    assert new.max_fee_per_gas >= now.max_fee_per_gas
    assert new.base_fee == now.base_fee


def test_the_gas_limit_leaves_room() -> None:
    assert gas_limit(100_000) == 140_000


class Chain:
    """A node that mines what it is sent, or does what a test says instead."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.sent: list[str] = []

    def __call__(self, method: str, params: list[Any]) -> Any:
        if method == "eth_sendRawTransaction":
            self.sent.append(params[0])
        answer = self.answers.get(method)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        if method == "eth_sendRawTransaction":
            return HASH
        if method == "eth_getTransactionReceipt":
            return receipt(params[0], ok=True)
        return {
            "eth_chainId": "0x7a69",
            "eth_estimateGas": "0x5208",
            "eth_getBlockByNumber": BLOCK,
            "eth_maxPriorityFeePerGas": "0x1",
            "eth_getTransactionCount": "0x3",
            "eth_call": "0x",
        }[method]


def receipt(transaction: str, *, ok: bool) -> dict[str, Any]:
    return {
        "transactionHash": transaction,
        "blockNumber": "0x7",
        "blockHash": HASH,
        "status": "0x1" if ok else "0x0",
        "gasUsed": "0x5208",
        "effectiveGasPrice": "0x1",
        "contractAddress": None,
        "logs": [],
    }


def test_sent_once_and_waited_for() -> None:
    chain = Chain()
    told: list[str] = []
    found = send_and_wait(rpc_for(FakeNode(chain)), KEY, TO, b"", on_sent=told.append)
    assert found.ok
    assert told == [found.transaction_hash]
    assert len(chain.sent) == 1


def test_what_would_revert_is_not_sent() -> None:
    chain = Chain(eth_estimateGas=NodeError("execution reverted", 3, "0x"))
    with pytest.raises(errors.RevertedError):
        send_and_wait(rpc_for(FakeNode(chain)), KEY, TO, b"")
    assert chain.sent == []


def test_already_known_is_as_good_as_sent() -> None:
    chain = Chain(eth_sendRawTransaction=NodeError("already known"))
    assert send_and_wait(rpc_for(FakeNode(chain)), KEY, TO, b"").ok


def test_a_refusal_is_passed_on() -> None:
    chain = Chain(eth_sendRawTransaction=NodeError("insufficient funds for gas * price + value"))
    with pytest.raises(errors.InsufficientFundsError) as caught:
        send_and_wait(rpc_for(FakeNode(chain)), KEY, TO, b"")
    assert caught.value.next_step == "send the account ETH for gas"


def test_a_failed_transaction_says_so_even_where_the_reason_is_gone() -> None:
    def answer(method: str, params: list[Any]) -> Any:
        if method == "eth_getTransactionReceipt":
            return receipt(params[0], ok=False)
        return Chain()(method, params)

    with pytest.raises(errors.RevertedError, match="failed in block 7"):
        send_and_wait(rpc_for(FakeNode(answer)), KEY, TO, b"")


def test_not_mined_in_time_says_to_ask_before_sending_again() -> None:
    def answer(method: str, params: list[Any]) -> Any:
        return None if method == "eth_getTransactionReceipt" else Chain()(method, params)

    with pytest.raises(NotMinedError, match="is not mined after 0 s") as caught:
        send_and_wait(rpc_for(FakeNode(answer)), KEY, TO, b"", timeout=0)
    assert "before you send anything again" in (caught.value.next_step or "")
