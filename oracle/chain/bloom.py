"""A header's logsBloom: which logs a block may hold, and which it cannot.

Source: Ethereum Yellow Paper, section 4.4.1 (M3:2048): three bits of 2,048 for the address and each topic.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from oracle.chain.quantities import RawLog
from oracle.domain.keccak import keccak
from oracle.domain.types import Address, Hash

BITS = 2_048
TELLING = BITS // 2
"""With more bits than these set, a filter says "maybe" to so much that its maybe says nothing."""


def may_hold(bloom: int, item: Address | Hash) -> bool:
    """Whether a block with this filter may hold a log with this address or topic. False is certain."""
    bits = _bits(item)
    return bloom & bits == bits


def may_hold_log(bloom: int, log: RawLog) -> bool:
    """Whether a block with this filter may hold this log. False is certain: the log is made up."""
    return all(may_hold(bloom, item) for item in (log.address, *log.topics))


def suggests(bloom: int, address: Address, topics: Iterable[Hash]) -> bool:
    """Whether it is likely that a block holds a log of this address with one of these first topics.

    Never where the filter is so full that it would say so of anything.
    """
    if bloom.bit_count() > TELLING or not may_hold(bloom, address):
        return False
    return any(may_hold(bloom, topic) for topic in topics)


@lru_cache(maxsize=4_096)
def _bits(item: str) -> int:
    digest = keccak(bytes.fromhex(item[2:]))
    bits = 0
    for start in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[start : start + 2], "big") % BITS)
    return bits
