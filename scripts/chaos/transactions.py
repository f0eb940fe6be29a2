"""Reads raw transactions: who sent what for which job, and which attestations it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import rlp
from eth_abi.abi import decode
from eth_account import Account
from eth_hash.auto import keccak

from oracle.chain.abi import load_abi
from oracle.domain import typed
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.terms import Attestation, Terms
from oracle.domain.types import Address, Hash, Outcome

_BY_SELECTOR = {function.selector: function for function in load_abi("Escrow").functions.values()}
_WITH_TERMS = ("lapse", "settle")


@dataclass(frozen=True, slots=True)
class Signed:
    """An attestation as somebody signed it. `where` it was seen."""

    signer: Address
    attestation: Attestation
    where: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A transaction. `function` is empty for what calls nothing of the escrow's."""

    hash: Hash
    sender: Address
    nonce: int
    function: str
    job: Hash | None
    attested: tuple[Signed, ...]


def read_raw(raw: str, domain: typed.Domain) -> Seen:
    """Take a raw EIP-1559 transaction (0x-hex) apart."""
    data = bytes.fromhex(raw[2:])
    fields: Any = rlp.decode(data[1:])
    sender = str(Account.recover_transaction(raw)).lower()
    function, job, attested = read_call(bytes(fields[7]), domain)
    return Seen(
        "0x" + keccak(data).hex(), sender, int.from_bytes(fields[1], "big"), function, job, tuple(attested)
    )


def read_call(data: bytes, domain: typed.Domain) -> tuple[str, Hash | None, list[Signed]]:
    """What a call of the escrow says: function, job, attestations."""
    function = _BY_SELECTOR.get(data[:4])
    if function is None:
        return "", None, []
    values = decode(function.inputs, data[4:])
    match function.name:
        case "judge" | "attest":
            terms, opening, deliverable, outcome, _signers, attested, _others = values[0]
            job = typed.job_id_of(domain, _terms(terms), _hex(opening))
            found = [
                _signed(domain, job, _hex(deliverable), (outcome, 0, evidence, r, vs), function.name)
                for r, vs, evidence in attested
            ]
            return function.name, job, [item for item in found if item is not None]
        case "proveEquivocation":
            terms, opening, deliverable, *statements = values
            job = typed.job_id_of(domain, _terms(terms), _hex(opening))
            shown = [_signed(domain, job, _hex(deliverable), item, function.name) for item in statements]
            return function.name, job, [item for item in shown if item is not None]
        case name if name in _WITH_TERMS:
            return name, typed.job_id_of(domain, _terms(values[0]), _hex(values[1])), []
        case name:
            return name, None, []


def _signed(
    domain: typed.Domain, job: Hash, deliverable: Hash, said: tuple[int, int, bytes, bytes, bytes], where: str
) -> Signed | None:
    outcome, payable, evidence, r, vs = said
    attestation = Attestation(job, deliverable, Outcome(outcome), _hex(evidence), payable)
    return recovered(domain, attestation, r + vs, f"a transaction ({where})")


def recovered(domain: typed.Domain, attestation: Attestation, signature: bytes, where: str) -> Signed | None:
    """The attestation with whoever signed it; None where nobody did."""
    try:
        signer = recover(typed.attestation_digest(domain, attestation), signature)
    except SignatureError:
        return None
    return Signed(signer, attestation, where)


def _terms(values: tuple[Any, ...]) -> Terms:
    buyer, provider, committee, gated, bond, fee, judge_by, challenge, ruling = values
    return Terms(buyer, provider, _hex(committee), gated, bond, fee, judge_by, challenge, ruling)


def _hex(value: bytes) -> Hash:
    return "0x" + value.hex()
