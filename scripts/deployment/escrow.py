"""Put the escrow on a chain, with the real USDC under it, and say what was done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3

from scripts.deployment.networks import Chain, Periods
from scripts.deployment.record import CompilerRecord, DeploymentRecord, EscrowRecord, UsdcRecord
from scripts.deployment.sender import DeploymentError, Sender
from scripts.local.usdc import NAME, VERSION, DeployedUSDC, deploy_usdc, token_contract

FORGE_ARTIFACT = Path(__file__).parents[2] / ".build/forge/out/Escrow.sol/Escrow.json"
# Arguments of the constructor, in its order, by their names in Escrow.sol.
CONSTRUCTOR = ("usdc_", "minChallenge_", "lapseChallenge_", "minDelivery_")
# The annex answers this itself, so it is not in the escrow's own ABI.
_ANNEX_ABI = [
    {
        "type": "function",
        "name": "annex",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": "address"}],
    }
]
GAS_ESCROW = 12_000_000  # the escrow and its annex


@dataclass(frozen=True, slots=True)
class CompiledEscrow:
    """The escrow as a compiler made it."""

    abi: list[dict[str, Any]]
    creation_code: bytes
    compiler: CompilerRecord


def compiled_by_forge(path: Path = FORGE_ARTIFACT) -> CompiledEscrow:
    """The escrow from forge's output: faster than Ape, same code.

    Raises:
        DeploymentError: it was not built yet.
    """
    if not path.is_file():
        raise DeploymentError(
            f"{path.name} is not built", field="contracts", next_step="run `.tools/bin/forge build`"
        )
    artifact = json.loads(path.read_text(encoding="utf-8"))
    metadata = artifact["metadata"]
    settings = {
        key: metadata["settings"][key]
        for key in ("evmVersion", "optimizer", "remappings", "viaIR")
        if key in metadata["settings"]
    }
    return CompiledEscrow(
        abi=artifact["abi"],
        creation_code=bytes.fromhex(artifact["bytecode"]["object"][2:]),
        compiler=CompilerRecord(version=metadata["compiler"]["version"], settings=settings),
    )


def deploy(
    web3: Web3,
    sender: Sender,
    chain: Chain,
    network: str,
    escrow: CompiledEscrow,
    periods: Periods | None = None,
) -> DeploymentRecord:
    """Deploy USDC where the chain has none, then the escrow; wait for both and look at what is there.

    Args:
        web3: reads from the chain that `sender` sends to.
        sender: pays for everything.
        chain: what `known_chain` returned.
        network: the chain's name for people.
        escrow: code, interface and compiler settings.
        periods: constants of deployment other than the chain's own.

    Raises:
        DeploymentError: the constructor takes other arguments, USDC is not where it is known to be, a
            transaction failed, or no code is at the escrow's address afterwards.
    """
    types = _constructor_types(escrow.abi)
    periods = periods or chain.periods
    made: DeployedUSDC | None = None
    if chain.usdc is None:
        made = deploy_usdc(sender)
        usdc, identity = made.token, (NAME, VERSION)
    else:
        usdc = to_checksum_address(chain.usdc)
        _require_code(web3, usdc, "USDC")
        # Looked at before anything is paid for.
        identity = _identity(web3, usdc)

    values = (usdc, periods.min_challenge, periods.lapse_challenge, periods.min_delivery)
    address = sender.create(escrow.creation_code + web3.codec.encode(types, values), gas=GAS_ESCROW)
    receipts = sender.finish()
    code = _require_code(web3, address, "the escrow")
    annex = web3.eth.contract(address=address, abi=_ANNEX_ABI).functions.annex().call()
    annex_code = _require_code(web3, annex, "the escrow's annex")
    last = receipts[-1]
    return DeploymentRecord(
        chain_id=chain.chain_id,
        network=network,
        deployer=sender.address,
        escrow=EscrowRecord(
            address=address,
            block=last["blockNumber"],
            block_hash=last["blockHash"].to_0x_hex(),
            transaction=last["transactionHash"].to_0x_hex(),
            code_hash="0x" + keccak(code).hex(),
            annex=annex,
            annex_code_hash="0x" + keccak(annex_code).hex(),
            constructor={
                name.rstrip("_"): str(value) for name, value in zip(CONSTRUCTOR, values, strict=True)
            },
        ),
        usdc=UsdcRecord(
            address=usdc,
            name=identity[0],
            version=identity[1],
            deployed_here=made is not None,
            implementation=made.implementation if made else None,
            transactions=[receipt["transactionHash"].to_0x_hex() for receipt in receipts[:-1]],
        ),
        compiler=escrow.compiler,
    )


def _constructor_types(abi: list[dict[str, Any]]) -> list[str]:
    inputs: list[dict[str, Any]] = next(
        (entry["inputs"] for entry in abi if entry["type"] == "constructor"), []
    )
    names = tuple(entry["name"] for entry in inputs)
    if names != CONSTRUCTOR:
        raise DeploymentError(
            f"the escrow's constructor takes {', '.join(names) or 'nothing'}, not {', '.join(CONSTRUCTOR)}",
            field="constructor",
            next_step="bring scripts/deployment/escrow.py in line with contracts/Escrow.sol",
        )
    return [entry["type"] for entry in inputs]


def _require_code(web3: Web3, address: ChecksumAddress, what: str) -> bytes:
    code = bytes(web3.eth.get_code(address))
    if not code:
        raise DeploymentError(
            f"{what} is not at {address}: there is no code",
            field="address",
            next_step="check that the node is in step with the chain",
        )
    return code


def _identity(web3: Web3, usdc: ChecksumAddress) -> tuple[str, str]:
    """The token's name and version, which are signed over; Base Sepolia's has another name than Base's."""
    token = token_contract(web3, usdc).functions
    return token.name().call(), token.version().call()
