"""ERC-8004 on a local chain: registries of our own to the same interface (tests/contracts/harness)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from oracle.domain.types import Address
from scripts.deployment.companions import FORGE_OUT


@dataclass(frozen=True)
class LocalRegistries:
    """Identity and reputation registry, and the means to register."""

    web3: Web3
    identity: Address
    reputation: Address

    def register(self, owner: LocalAccount) -> int:
        """Give an account an agent id."""
        contract = self.web3.eth.contract(
            address=Web3.to_checksum_address(self.identity), abi=_artifact("IdentityHarness")["abi"]
        )
        agent_id: int = contract.functions.register().call({"from": owner.address})
        _send(self.web3, owner, contract.functions.register().build_transaction({"from": owner.address}))
        return agent_id


def deploy_registries(url: str, deployer: LocalAccount) -> LocalRegistries:
    """Deploy both. The harness must have been built by forge."""
    web3 = Web3(HTTPProvider(url))
    identity = _create(web3, deployer, "IdentityHarness")
    return LocalRegistries(web3, identity, _create(web3, deployer, "ReputationHarness", identity))


def _create(web3: Web3, deployer: LocalAccount, name: str, *arguments: Any) -> Address:
    artifact = _artifact(name)
    contract = web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"]["object"])
    listed = [Web3.to_checksum_address(one) for one in arguments]
    receipt = _send(
        web3, deployer, contract.constructor(*listed).build_transaction({"from": deployer.address})
    )
    return str(receipt["contractAddress"]).lower()


def _send(web3: Web3, by: LocalAccount, transaction: Any) -> Any:
    nonce = web3.eth.get_transaction_count(by.address)
    signed = by.sign_transaction({**transaction, "nonce": nonce})
    return web3.eth.wait_for_transaction_receipt(web3.eth.send_raw_transaction(signed.raw_transaction))


def _artifact(name: str) -> dict[str, Any]:
    path = FORGE_OUT / "RegistryHarness.sol" / f"{name}.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
