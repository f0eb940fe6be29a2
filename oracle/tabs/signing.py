"""Signatures on a tab, made and checked."""

from __future__ import annotations

from oracle.domain.keccak import keccak
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.tab import Call, Tally, signed_message
from oracle.domain.typed import Domain
from oracle.domain.types import Address
from oracle.signing.signer import Signer
from oracle.tabs.errors import ForgedSignatureError


def sign(signer: Signer, domain: Domain, what: Call | Tally) -> bytes:
    """A party's 65 bytes under a call or a tally."""
    return signer.sign(signed_message(domain, what))


def check(domain: Domain, what: Call | Tally, signature: bytes, party: Address, *, field: str) -> None:
    """Refuse a signature that is not the party's.

    Raises:
        ForgedSignatureError: it is malformed, or recovers to another account.
    """
    name = type(what).__name__.lower()
    try:
        signer = recover("0x" + keccak(signed_message(domain, what)).hex(), signature)
    except SignatureError as error:
        raise ForgedSignatureError(
            f"the signature under the {name} is malformed: {error.message}", field=field
        ) from error
    if signer != party:
        raise ForgedSignatureError(
            f"the signature under the {name} is by {signer}, not by {party}",
            field=field,
            next_step="sign with the key of the tab's party, over this tab's id, chain and contract",
        )
