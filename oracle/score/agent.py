"""How an agent is named: its provider's address, or that and the ERC-8004 id its agreements name."""

from __future__ import annotations

from oracle.domain.types import Address, parse_address
from oracle.score.errors import ScoreError


def parse_agent(text: str) -> tuple[Address, int | None]:
    """Address and id of "0x…" or "0x…:42".

    Raises:
        HexError: the address is none.
        ScoreError: the id is not a whole number below 2^256.
    """
    address, colon, number = text.partition(":")
    if not colon:
        return parse_address(address, field="agent"), None
    if not (number.isascii() and number.isdigit() and len(number) <= 78 and int(number) < 2**256):
        raise ScoreError(
            "the id after the colon is not a whole number below 2^256",
            field="agent",
            next_step="name the agent as ADDRESS or ADDRESS:ID",
        )
    return parse_address(address, field="agent"), int(number)
