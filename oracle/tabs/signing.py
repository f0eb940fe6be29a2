"""Signatures on a tab, made and checked thousands of times a second."""

from __future__ import annotations

from coincurve import PrivateKey

from oracle.domain.keccak import keccak
from oracle.domain.signatures import SignatureError, address_of, recover
from oracle.domain.tab import Call, Tally, signed_message
from oracle.domain.typed import Domain
from oracle.domain.types import Address
from oracle.signing.signer import Signer, SigningError
from oracle.tabs.errors import ForgedSignatureError


class TabSigner:
    """A key in this process's memory, made ready once. A `Signer` like the others, several times as fast.

    Raises:
        PrivateKeyError: not 32 bytes of a key.
    """

    __slots__ = ("_key", "address")

    def __init__(self, key: bytes) -> None:
        self.address: Address = address_of(key)
        self._key = PrivateKey(key)

    def __repr__(self) -> str:
        return f"TabSigner({self.address})"

    def __reduce__(self) -> str:
        raise SigningError("a signer is not copied or written down")

    def sign(self, message: bytes) -> bytes:
        """65 bytes over keccak-256 of `message`: r, low s, v as 27 or 28."""
        signature = self._key.sign_recoverable(keccak(message), hasher=None)
        return signature[:64] + bytes([27 + signature[64]])

    def close(self) -> None:
        """Nothing is open."""


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
