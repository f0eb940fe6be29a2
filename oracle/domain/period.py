"""A tab's period as it is presented on chain, and the hash that attestations name as deliverable."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from oracle.domain.amounts import AmountText
from oracle.domain.canonical import HashHex, keccak_hex
from oracle.domain.document import Part


class Period(Part):
    """What was presented, and what was settled before it.

    Args:
        tab: The tab's id.
        number: Of the period, from 1.
        count, amount, root: Of the tally: interactions and base units since opening, root of all receipts.
        settled_count, settled_amount: Of these, what earlier periods settled.
    """

    tab: HashHex
    number: Annotated[int, Field(ge=1, lt=2**64)]
    count: Annotated[int, Field(ge=0, lt=2**64)]
    amount: AmountText
    root: HashHex
    settled_count: Annotated[int, Field(ge=0, lt=2**64)] = 0
    settled_amount: AmountText = "0"

    @property
    def presented(self) -> int:
        """What is asked for this period, in base units."""
        return int(self.amount) - int(self.settled_amount)

    def deliverable(self) -> str:
        """keccak256(abi.encode(bytes32 tab, uint64 period, uint64 count, uint64 amount, bytes32 root))."""
        numbers = (self.number, self.count, int(self.amount))
        words = b"".join(number.to_bytes(32, "big") for number in numbers)
        return keccak_hex(bytes.fromhex(self.tab[2:]) + words + bytes.fromhex(self.root[2:]))
