"""EIP-712 typed data as wallets take it (`eth_signTypedData_v4`), from the contract's own type strings.

A wallet shows its user every field of it; a bare digest it would not sign. Source: EIP-712.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oracle.domain.terms import Agreement
from oracle.domain.typed import AGREEMENT_TYPE, RECEIVE_TYPE, Domain
from oracle.domain.types import Address, Hash

_STRUCT = re.compile(r"([A-Z]\w*)\(([^)]*)\)", re.ASCII)
_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)


def typed_data(domain: Domain, type_string: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """What a wallet is handed.

    Args:
        domain: What the signature is bound to.
        type_string: As `oracle.domain.typed` has it: the primary type first.
        message: Its fields; whole numbers as decimal strings: JavaScript's are too small.
    """
    structs = {
        name: [
            {"name": field, "type": kind} for kind, field in (part.split(" ") for part in inside.split(","))
        ]
        for name, inside in _STRUCT.findall(type_string)
    }
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN_FIELDS],
            **structs,
        },
        "primaryType": next(iter(structs)),
        "domain": {
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chain_id,
            "verifyingContract": domain.contract,
        },
        "message": dict(message),
    }


def payment(
    usdc: Domain, payer: Address, to: Address, value: int, before: int, nonce: Hash
) -> dict[str, Any]:
    """A payment of USDC that only `to` can draw (EIP-3009 `ReceiveWithAuthorization`).

    Args:
        usdc: The token's domain.
        payer: Whose wallet pays.
        to: The escrow.
        value: Base units.
        before: Unix seconds; it is void from then on.
        nonce: The typed hash of what is paid for.
    """
    return typed_data(
        usdc,
        RECEIVE_TYPE,
        {
            "from": payer,
            "to": to,
            "value": str(value),
            "validAfter": "0",
            "validBefore": str(before),
            "nonce": nonce,
        },
    )


def acceptance(domain: Domain, agreement: Agreement) -> dict[str, Any]:
    """An agreement, as the provider signs it; also the buyer, where it pays from free collateral."""
    terms, opening = agreement.terms, agreement.opening
    return typed_data(
        domain,
        AGREEMENT_TYPE,
        {
            "terms": {
                "buyer": terms.buyer,
                "provider": terms.provider,
                "committee": terms.committee,
                "gated": str(terms.gated),
                "bond": str(terms.bond),
                "fee": str(terms.fee),
                "judgeBy": str(terms.judge_by),
                "challenge": str(terms.challenge),
                "ruling": str(terms.ruling),
            },
            "opening": {
                "pact": opening.pact,
                "offchain": opening.offchain,
                "agentId": str(opening.agent_id),
                "upFront": str(opening.up_front),
                "openBy": str(opening.open_by),
                "deliverBy": str(opening.deliver_by),
                "salt": str(opening.salt),
            },
        },
    )
