"""Sending the transactions of a deployment, from a key here or from an account of Ape's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.types import Nonce, TxParams, TxReceipt, Wei
from web3.utils import get_create_address

from oracle.domain.errors import EarnestError

RECEIPT_TIMEOUT = 180.0  # seconds; Base makes a block every 2
POLL = 0.1  # seconds between looks for a receipt


class DeploymentError(EarnestError):
    """A deployment cannot be made, or one of its transactions failed."""


class Sender(Protocol):
    """Sends creations and calls in order from one account, and waits for them together."""

    @property
    def address(self) -> ChecksumAddress:
        """The account that sends and pays."""

    def create(self, code: bytes, *, gas: int) -> ChecksumAddress:
        """Send creation code, arguments appended; returns the address that the contract will have."""

    def call(self, to: ChecksumAddress, data: bytes, *, gas: int) -> None:
        """Send a call. `gas` is its limit, in units of gas."""

    def finish(self) -> list[TxReceipt]:
        """Receipts of everything sent since the last `finish`, in order.

        Raises:
            DeploymentError: a transaction reverted, or is not mined in time.
        """


@dataclass
class KeySender:
    """Signs with a key held in this process: for local chains, where everything is sent at once.

    Nothing is waited for until `finish`, so a whole deployment fits into one block.
    """

    web3: Web3
    account: LocalAccount
    _nonce: Nonce = field(init=False)
    _fees: TxParams = field(init=False)
    _sent: list[HexBytes] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._nonce = self.web3.eth.get_transaction_count(self.account.address, "pending")
        base_fee = self.web3.eth.get_block("latest").get("baseFeePerGas", Wei(0))
        tip = self.web3.to_wei(1, "gwei")
        self._fees = {"maxFeePerGas": Wei(2 * base_fee + tip), "maxPriorityFeePerGas": tip}

    @property
    def address(self) -> ChecksumAddress:
        return self.account.address

    def create(self, code: bytes, *, gas: int) -> ChecksumAddress:
        address = get_create_address(self.account.address, self._nonce)
        self._send({"data": code, "gas": gas})
        return address

    def call(self, to: ChecksumAddress, data: bytes, *, gas: int) -> None:
        self._send({"to": to, "data": data, "gas": gas})

    def finish(self) -> list[TxReceipt]:
        sent, self._sent = self._sent, []
        receipts = [
            self.web3.eth.wait_for_transaction_receipt(sent_hash, timeout=RECEIPT_TIMEOUT, poll_latency=POLL)
            for sent_hash in sent
        ]
        for receipt in receipts:
            require_success(receipt)
        return receipts

    def _send(self, transaction: TxParams) -> None:
        full: TxParams = {
            "chainId": self.web3.eth.chain_id,
            "nonce": self._nonce,
            "value": Wei(0),
            **self._fees,
            **transaction,
        }
        signed = self.account.sign_transaction(full)  # type: ignore[arg-type]
        self._sent.append(self.web3.eth.send_raw_transaction(signed.raw_transaction))
        self._nonce = Nonce(self._nonce + 1)


def require_success(receipt: TxReceipt) -> None:
    """Raise unless the transaction succeeded.

    Raises:
        DeploymentError: it reverted; names its hash and the gas it used.
    """
    if receipt["status"] != 1:
        raise DeploymentError(
            f"transaction {receipt['transactionHash'].to_0x_hex()} reverted after {receipt['gasUsed']} gas",
            field="transaction",
            next_step="trace it with `cast run`, mend what it shows and deploy again",
        )
