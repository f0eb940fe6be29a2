"""What deployments use of Ape's accounts: whose they are, and sending with them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import ape
from eth_account import Account
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3 import Web3
from web3.types import TxReceipt

from scripts.deployment.networks import LOCAL_CHAIN
from scripts.deployment.sender import DeploymentError, KeySender, Sender, require_success

KEY_VARIABLE = "EARNEST_DEPLOYER_KEY"


def sender_for(alias: str | None, web3: Web3, chain_id: int) -> Sender:
    """Who deploys and pays: an account of Ape's; locally else the environment's key or a test account.

    Raises:
        DeploymentError: a public chain and no account, or the variable holds no key.
    """
    if alias is not None:
        account = ape.accounts.load(alias)
        if os.environ.get(f"APE_ACCOUNTS_{alias}_PASSPHRASE"):
            # Ape's own variable: whoever sets it wants no prompts.
            account.set_autosign(True)
        return ApeSender(account, web3)
    if chain_id != LOCAL_CHAIN:
        raise DeploymentError(
            "a public chain needs an account of Ape's",
            field="account",
            next_step="import one with `ape accounts import NAME` and add --account NAME",
        )
    key = os.environ.get(KEY_VARIABLE) or ape.accounts.test_accounts[0].private_key
    try:
        account = Account.from_key(key)
    except (ValueError, TypeError):
        # The library's own message may hold part of the key.
        raise DeploymentError(f"{KEY_VARIABLE} is not a private key", field=KEY_VARIABLE) from None
    return KeySender(web3, account)


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
