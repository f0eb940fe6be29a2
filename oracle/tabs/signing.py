"""Signatures on a tab, made and checked."""

from __future__ import annotations

from oracle.domain.keccak import keccak
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.tab import Call, Tally, signed_message
from oracle.domain.typed import Domain
from oracle.domain.types import Address
from oracle.signing.signer import Signer
from oracle.tabs.errors import ContractAccountError, ForgedSignatureError

_DELEGATED = b"\xef\x01\x00"  # EIP-7702: the code of an account that still owns its key
_USE_A_KEY = (
    "name a plain key, or an account under EIP-7702, as the tab's party: docs/tabs.md, Contract wallets"
)


def require_key(signer: Address, party: Address, what: str) -> None:
    """Refuse to keep a party's side of a tab with another key: nothing it signs would count.

    Args:
        what: buyer or provider.

    Raises:
        ContractAccountError: it is another one.
    """
    if signer != party:
        raise ContractAccountError(
            f"the key is {signer}'s, and the {what} of the tab is {party}: calls, receipts and tallies are"
            " signed by the party's own key; a contract (ERC-1271) has none",
            field=what,
            next_step=_USE_A_KEY,
        )


def require_plain(account: Address, code: bytes, what: str) -> None:
    """Refuse a contract as the party of a tab, whatever signatures the tab contract takes from it.

    Who may sign for a contract is what its code says at that moment. A buyer's could take back every tally
    it signed, after it was served and before it is presented; and offline nobody can check such a signature.

    Args:
        code: At the account, as the chain has it.
        what: buyer or provider.

    Raises:
        ContractAccountError: it is a contract.
    """
    if code and not code.startswith(_DELEGATED):
        raise ContractAccountError(
            f"the {what} {account} is a contract; its signatures (ERC-1271) can be taken back, so nobody"
            " takes calls, receipts and tallies under them",
            field=what,
            next_step=_USE_A_KEY,
        )


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
            next_step="sign with the plain key of the tab's party, over this tab's id, chain and contract",
        )
