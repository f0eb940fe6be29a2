"""Sending with an account of Ape's: the only module beside scripts/deploy.py that imports Ape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ape
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3 import Web3
from web3.types import TxReceipt

from scripts.deployment.sender import DeploymentError, require_success


@dataclass
class ApeSender:
    """Sends with an account of Ape's, one transaction after the other, each estimated and confirmed."""

    account: Any
    web3: Web3
    _receipts: list[TxReceipt] = field(init=False, default_factory=list)

    @property
    def address(self) -> ChecksumAddress:
        return to_checksum_address(self.account.address)

    def create(self, code: bytes, *, gas: int) -> ChecksumAddress:  # noqa: ARG002 - Ape estimates
        receipt = self._send(data=HexBytes(code))
        created = receipt["contractAddress"]
        if created is None:
            raise DeploymentError(
                "the node's receipt of a creation names no contract", field="contractAddress"
            )
        return created

    def call(self, to: ChecksumAddress, data: bytes, *, gas: int) -> None:  # noqa: ARG002 - Ape estimates
        self._send(receiver=to, data=HexBytes(data))

    def finish(self) -> list[TxReceipt]:
        receipts, self._receipts = self._receipts, []
        return receipts

    def _send(self, **transaction: Any) -> TxReceipt:
        ecosystem = ape.networks.provider.network.ecosystem
        sent = self.account.call(ecosystem.create_transaction(sender=self.account.address, **transaction))
        receipt = self.web3.eth.get_transaction_receipt(HexBytes(sent.txn_hash))
        require_success(receipt)
        self._receipts.append(receipt)
        return receipt
