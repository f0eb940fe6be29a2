"""What both parties of a tab sign off chain: calls, receipts and tallies. Amounts are USDC base units.

All three are EIP-712 types in the domain of the tab contract (name "Earnest tabs", version "1"). Only a tally
means anything on chain; a call and a receipt are evidence. See docs/tabs.md.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from oracle.domain.document import Part
from oracle.domain.fields import Amount64, HashField, Number64, TimeField
from oracle.domain.keccak import keccak
from oracle.domain.typed import Domain
from oracle.domain.types import ZERO_HASH, Address, Hash

TABS_NAME = "Earnest tabs"
TABS_VERSION = "1"

RECEIPT_TYPE = (
    "Receipt(bytes32 tab,uint64 index,bytes32 request,bytes32 response,"
    "uint64 price,uint40 time,uint16 status)"
)
TALLY_TYPE = "Tally(bytes32 tab,uint64 count,uint64 amount,bytes32 root)"
CALL_TYPE = "Call(bytes32 tab,uint64 number,bytes32 request,uint64 price,uint40 time)"

_RECEIPT_HASH = keccak(RECEIPT_TYPE.encode("ascii"))
_TALLY_HASH = keccak(TALLY_TYPE.encode("ascii"))
_CALL_HASH = keccak(CALL_TYPE.encode("ascii"))


def tabs_domain(chain_id: int, contract: Address) -> Domain:
    """The EIP-712 domain of the tab contract, under which everything on a tab is signed."""
    return Domain(chain_id, contract, TABS_NAME, TABS_VERSION)


class Call(Part):
    """A request on a tab, signed by the buyer before it is served: nobody else can spend on the tab.

    Args:
        tab: The tab's id.
        number: Chosen by the buyer, used once on a tab; the same number again is the same call again.
        request: keccak-256 of the request as `oracle.tabs.exchange` writes it.
        price: The most the buyer pays for the answer.
        time: Unix seconds by the buyer's clock.
    """

    tab: HashField
    number: Number64
    request: HashField
    price: Amount64
    time: TimeField

    def struct(self) -> bytes:
        """The encoded EIP-712 struct: its keccak-256 is the struct hash."""
        return b"".join(
            (
                _CALL_HASH,
                _word(self.tab),
                self.number.to_bytes(32, "big"),
                _word(self.request),
                self.price.to_bytes(32, "big"),
                self.time.to_bytes(32, "big"),
            )
        )


class Receipt(Part):
    """One interaction, as the provider states it and both sign it by way of the tally's root.

    Args:
        tab: The tab's id.
        index: Of the interaction on the tab, from 0, without gaps.
        request: keccak-256 of the request as `oracle.tabs.exchange` writes it.
        response: The same of the response.
        price: What is owed for it: at most the price of its call.
        time: Unix seconds by the provider's clock.
        status: HTTP status of the response.
    """

    tab: HashField
    index: Number64
    request: HashField
    response: HashField
    price: Amount64
    time: TimeField
    status: Annotated[int, Field(ge=0, lt=2**16)]

    def struct(self) -> bytes:
        """The encoded EIP-712 struct: its keccak-256 is the struct hash."""
        return b"".join(
            (
                _RECEIPT_HASH,
                _word(self.tab),
                self.index.to_bytes(32, "big"),
                _word(self.request),
                _word(self.response),
                self.price.to_bytes(32, "big"),
                self.time.to_bytes(32, "big"),
                self.status.to_bytes(32, "big"),
            )
        )

    def leaf(self) -> bytes:
        """Its leaf in the tree of receipts: keccak256(0x00 ‖ struct hash), as RFC 6962 marks leaves."""
        return keccak(b"\x00" + keccak(self.struct()))


class Tally(Part):
    """Where a tab stands after `count` interactions; cumulative, so that the newest replaces all before it.

    Args:
        tab: The tab's id.
        count: Interactions on the tab so far.
        amount: Sum of their prices.
        root: Of the tree of all receipts (`oracle.tabs.tree`); 32 zero bytes where there is none.
    """

    tab: HashField
    count: Number64
    amount: Amount64
    root: HashField

    @classmethod
    def empty(cls, tab: Hash) -> Tally:
        """A tab on which nothing has happened."""
        return cls(tab=tab, count=0, amount=0, root=ZERO_HASH)

    def struct(self) -> bytes:
        """The encoded EIP-712 struct: its keccak-256 is the struct hash."""
        return b"".join(
            (
                _TALLY_HASH,
                _word(self.tab),
                self.count.to_bytes(32, "big"),
                self.amount.to_bytes(32, "big"),
                _word(self.root),
            )
        )


def signed_message(domain: Domain, what: Call | Receipt | Tally) -> bytes:
    """What is signed, for signers that hash it themselves: 0x19 0x01, separator, struct hash (66 bytes)."""
    return b"\x19\x01" + domain.separator + keccak(what.struct())


def digest_of(domain: Domain, what: Call | Receipt | Tally) -> bytes:
    """The 32 bytes of the EIP-712 digest."""
    return keccak(signed_message(domain, what))


def _word(value: Hash) -> bytes:
    return bytes.fromhex(value[2:])
