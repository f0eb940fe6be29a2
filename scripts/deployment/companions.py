"""Put a contract beside an escrow that is there: lens, arbiters, books and their adapters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3

from scripts.deployment.record import CompanionRecord, DeploymentRecord
from scripts.deployment.sender import DeploymentError, Sender

FORGE_OUT = Path(__file__).parents[2] / ".build/forge/out"
GAS = 9_000_000  # limit; the largest takes about 7.5 million
_ALONE = frozenset({"Handover", "TabLens"})  # whose constructor does not take the escrow
# Arguments of each constructor after the escrow's address, in its order, by their names in Solidity.
COMPANIONS: dict[str, tuple[str, ...]] = {
    "Lens": (),
    "Panel": ("committee_", "cost_", "minRuling_"),
    "CourtAdapter": ("court_", "extraData_", "metaEvidence"),
    "VerdictBook": (),
    "Tabs": (),
    "Handover": (),
    "TabLens": ("tabs_",),
    "JobEvaluator": ("book_",),
    "CapturePolicy": ("book_",),
}


@dataclass(frozen=True, slots=True)
class CompiledCompanion:
    """A companion as a compiler made it. `name` is a key of `COMPANIONS`."""

    name: str
    abi: list[dict[str, Any]]
    creation_code: bytes


def companion_by_forge(name: str, folder: Path = FORGE_OUT) -> CompiledCompanion:
    """A companion from forge's output in `folder`.

    Raises:
        DeploymentError: it was not built yet.
    """
    path = folder / f"{name}.sol" / f"{name}.json"
    if not path.is_file():
        raise DeploymentError(
            f"{path.name} is not built", field="contracts", next_step="run `.tools/bin/forge build`"
        )
    artifact = json.loads(path.read_text(encoding="utf-8"))
    return CompiledCompanion(name, artifact["abi"], bytes.fromhex(artifact["bytecode"]["object"][2:]))


def deploy_companion(
    web3: Web3,
    sender: Sender,
    record: DeploymentRecord,
    companion: CompiledCompanion,
    arguments: Mapping[str, str] | None = None,
) -> DeploymentRecord:
    """Deploy a companion of the recorded escrow; returns the record with it, which is not written yet.

    Args:
        web3: reads from the chain that `sender` sends to.
        sender: pays.
        record: of the escrow.
        companion: code and interface.
        arguments: of the constructor without the escrow, by name without the trailing underscore. Numbers are
            decimal, bytes hex with 0x.

    Raises:
        DeploymentError: an argument is missing, unknown or malformed, the escrow is not where the record
            says, or the transaction failed.
    """
    beside = {} if companion.name in _ALONE else {"escrow": record.escrow.address}
    given = {**beside, **(arguments or {})}
    types = _constructor(companion, given)
    values = [_value(name, kind, given[name]) for name, kind in types.items()]
    escrow = to_checksum_address(record.escrow.address)
    if "0x" + keccak(bytes(web3.eth.get_code(escrow))).hex() != record.escrow.code_hash:
        raise DeploymentError(
            f"the code at {escrow} is not the recorded escrow's",
            field="escrow",
            next_step="check that the node is on the record's chain and in step with it; nothing was sent",
        )
    code = companion.creation_code + web3.codec.encode(list(types.values()), values)
    address = sender.create(code, gas=GAS)
    receipt = sender.finish()[-1]
    made = CompanionRecord(
        contract=companion.name,
        address=address,
        block=receipt["blockNumber"],
        transaction=receipt["transactionHash"].to_0x_hex(),
        code_hash="0x" + keccak(bytes(web3.eth.get_code(address))).hex(),
        constructor={name: given[name] for name in types},
    )
    return record.model_copy(update={"companions": (*record.companions, made)})


def _constructor(companion: CompiledCompanion, given: Mapping[str, str]) -> dict[str, str]:
    """The constructor's parameters: type by name without the trailing underscore."""
    inputs: list[dict[str, Any]] = next(
        (entry["inputs"] for entry in companion.abi if entry["type"] == "constructor"), []
    )
    names = tuple(entry["name"] for entry in inputs)
    first = () if companion.name in _ALONE else ("escrow_",)
    expected = (*first, *COMPANIONS[companion.name])
    if names != expected:
        raise DeploymentError(
            f"{companion.name}'s constructor takes ({', '.join(names)}), not ({', '.join(expected)})",
            field="constructor",
            next_step=f"bring scripts/deployment/companions.py in line with {companion.name}.sol",
        )
    types = {entry["name"].rstrip("_"): entry["type"] for entry in inputs}
    if given.keys() != types.keys():
        wrong = sorted(given.keys() ^ types.keys())
        raise DeploymentError(
            f"{companion.name} takes {', '.join(types)}; missing or unknown: {', '.join(wrong)}",
            field=wrong[0],
        )
    return types


def _value(name: str, kind: str, text: str) -> Any:
    try:
        return _READERS.get(kind, str)(text)
    except ValueError:
        raise DeploymentError(f"{name} is not {_DESCRIPTIONS[kind]}: {text!r}", field=name) from None


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError(text)
    return to_checksum_address(text)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) >= 1 << 256:
        raise ValueError(text)
    return int(text)


def _bytes(text: str) -> bytes:
    if not text.startswith("0x"):
        raise ValueError(text)
    return bytes.fromhex(text[2:])


def _hash(text: str) -> bytes:
    data = _bytes(text)
    if len(data) != 32:
        raise ValueError(text)
    return data


_READERS: dict[str, Callable[[str], Any]] = {
    "address": _address,
    "uint256": _number,
    "bytes": _bytes,
    "bytes32": _hash,
}
_DESCRIPTIONS = {
    "address": "an address",
    "uint256": "a decimal number from 0 below 2^256",
    "bytes": "bytes in hex with 0x",
    "bytes32": "32 bytes in hex with 0x",
}
