"""EIP-1559 transactions: built, signed, replaced; and the plain sender that the command line uses.

The daemon has its own outbox: there a transaction is stored before it is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from eth_account import Account

from oracle.chain.client import Client, Fees
from oracle.chain.errors import AlreadyKnownError, ChainError, RevertedError, RpcUnavailableError
from oracle.chain.quantities import Receipt
from oracle.domain.signatures import address_of
from oracle.domain.types import Address, Hash, checksum

GAS_HEADROOM = 120  # percent of the estimate: state may move between estimate and inclusion
_EXTRA_GAS = 20_000
_POLL_SECONDS = 0.25


class NotMinedError(ChainError):
    """A transaction was sent and is not mined yet; it may still be."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """An EIP-1559 transaction before signing. Fees and value in wei."""

    chain_id: int
    nonce: int
    to: Address
    data: bytes
    gas: int
    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """What is broadcast, and the hash by which to ask for it."""

    raw: bytes
    hash: Hash


def sign_transaction(transaction: Transaction, private_key: bytes) -> SignedTransaction:
    """Sign; the same transaction and key always give the same bytes (RFC 6979)."""
    signed = Account.sign_transaction(
        {
            "type": 2,
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "to": checksum(transaction.to),
            "data": transaction.data,
            "gas": transaction.gas,
            "maxFeePerGas": transaction.max_fee_per_gas,
            "maxPriorityFeePerGas": transaction.max_priority_fee_per_gas,
            "value": transaction.value,
        },
        private_key,
    )
    return SignedTransaction(bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex())


def bumped(old: Fees, now: Fees, *, percent: int = 13) -> Fees:
    """Fees for a replacement: each at least `percent` above the old, and at least what the market asks now.

    geth and its kin ask for 10 % more on both fees; reth the same.
    """
    return Fees(
        max_fee_per_gas=max(_raised(old.max_fee_per_gas, percent), now.max_fee_per_gas),
        max_priority_fee_per_gas=max(
            _raised(old.max_priority_fee_per_gas, percent), now.max_priority_fee_per_gas
        ),
        base_fee=now.base_fee,
    )


def gas_limit(estimate: int) -> int:
    """The limit to set for an estimate: a fifth more, and a little for small ones."""
    return estimate * GAS_HEADROOM // 100 + _EXTRA_GAS


def send_and_wait(
    rpc: Client,
    private_key: bytes,
    to: Address,
    data: bytes,
    *,
    timeout: float = 120.0,
    on_sent: Callable[[Hash], None] | None = None,
) -> Receipt:
    """Estimate, sign, send and wait until mined.

    Args:
        rpc: The node.
        private_key: Who pays the gas; 32 bytes.
        to: The contract.
        data: Calldata.
        timeout: Seconds to wait for a receipt.
        on_sent: Told the hash once it is sent.

    Raises:
        RevertedError: it would revert, or did; nothing but gas is lost.
        SendError: the node refused it.
        NotMinedError: not mined in time.
    """
    sender = address_of(private_key)
    gas = gas_limit(rpc.estimate_gas(sender=sender, to=to, data=data))
    fees = rpc.fees()
    signed = sign_transaction(
        Transaction(
            chain_id=rpc.check_chain(),
            nonce=rpc.nonce(sender, "pending"),
            to=to,
            data=data,
            gas=gas,
            max_fee_per_gas=fees.max_fee_per_gas,
            max_priority_fee_per_gas=fees.max_priority_fee_per_gas,
        ),
        private_key,
    )
    _send(rpc, signed)
    if on_sent is not None:
        on_sent(signed.hash)
    receipt = _wait(rpc, signed.hash, timeout)
    if not receipt.ok:
        # Run it again where it failed, to learn why.
        rpc.eth_call(to, data, block=receipt.block_number, sender=sender)
        raise RevertedError(
            f"transaction {signed.hash} failed in block {receipt.block_number}",
            name=None,
            args_by_name={},
            data=b"",
        )
    return receipt


def _send(rpc: Client, signed: SignedTransaction) -> None:
    try:
        rpc.send_raw(signed.raw)
    except AlreadyKnownError:
        return
    except RpcUnavailableError:
        # No answer, so its fate is unknown: ask before calling it lost.
        if not rpc.transaction_known(signed.hash):
            raise


def _wait(rpc: Client, transaction_hash: Hash, timeout: float) -> Receipt:
    deadline = time.monotonic() + timeout
    while True:
        receipt = rpc.receipt(transaction_hash)
        if receipt is not None:
            return receipt
        if time.monotonic() > deadline:
            raise NotMinedError(
                f"transaction {transaction_hash} is not mined after {timeout:g} s",
                next_step="ask for it by its hash before you send anything again",
            )
        time.sleep(_POLL_SECONDS)


def _raised(fee: int, percent: int) -> int:
    return -(-fee * (100 + percent) // 100)
