"""How the watcher follows a chain that changes its mind: what to ask for, what fits, how far to go back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash


class BlockId(NamedTuple):
    """A block by number and hash."""

    number: int
    hash: Hash


class Linked(Protocol):
    """A block header, as far as linking goes."""

    @property
    def number(self) -> int: ...

    @property
    def hash(self) -> Hash: ...

    @property
    def parent_hash(self) -> Hash: ...


class Level(StrEnum):
    """How settled a block must be before it is acted on."""

    LATEST = "latest"
    SAFE = "safe"
    FINALIZED = "finalized"


@dataclass(frozen=True, slots=True)
class Heights:
    """Block numbers of the chain's tags, and the latest block's time in Unix seconds."""

    latest: int
    safe: int
    finalized: int
    timestamp: int

    def at(self, level: Level) -> int:
        """The highest block that counts at this level."""
        return {Level.LATEST: self.latest, Level.SAFE: self.safe, Level.FINALIZED: self.finalized}[level]


class BrokenChainError(EarnestError):
    """A node's answers do not fit together: headers that do not link, or logs of other blocks.

    Usual while a reorg is under way; the step is done again. Nothing of it is stored.
    """


def common_ancestor(stored: Iterable[BlockId], canonical: Mapping[int, Hash]) -> BlockId | None:
    """The highest stored block that the canonical chain still holds, or None where there is none.

    Args:
        stored: Blocks as stored, in any order.
        canonical: Number to hash, as the node says now; may lack numbers.
    """
    kept = [block for block in stored if canonical.get(block.number) == block.hash]
    return max(kept, default=None)


def next_range(cursor: int, head: int, span: int) -> tuple[int, int] | None:
    """The next blocks to read, both ends included; None where the cursor is at or past the head."""
    if cursor >= head:
        return None
    return cursor + 1, min(cursor + span, head)


def check_linkage(cursor: BlockId, headers: Sequence[Linked]) -> None:
    """Check that consecutive headers follow the cursor without a gap.

    Raises:
        BrokenChainError: a number is missing, or a parent hash is not the hash before it.
    """
    number, last = cursor
    for header in headers:
        if header.number != number + 1:
            raise BrokenChainError(f"block {number + 1} is missing: the node answered block {header.number}")
        if header.parent_hash != last:
            raise BrokenChainError(f"block {header.number} does not follow the stored block {number}")
        number, last = header.number, header.hash
