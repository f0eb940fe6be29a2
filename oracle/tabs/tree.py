"""The append-only Merkle tree of a tab's receipts: RFC 6962 section 2.1 with keccak-256. Pure functions.

An inner node is keccak256(0x01 ‖ left ‖ right), a tree of n leaves splits at the largest power of two below
n, and the root of no leaves is 32 zero bytes. Leaves are given: `Receipt.leaf` makes them, marked 0x00.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oracle.domain.errors import EarnestError
from oracle.domain.keccak import keccak

EMPTY_ROOT = bytes(32)
NODE = 32  # bytes of a hash


class TreeError(EarnestError):
    """An index lies outside a tree, or stored peaks do not fit a size."""


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return keccak(b"\x01" + left + right)


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree as far as appending needs it: the roots of its complete subtrees, the largest first.

    There are as many as `size` has ones in binary, so it stays below 2 KiB for any tree.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Frontier:
        """The tree with one more leaf; on average one hash, at most log2(size)."""
        peaks = list(self.peaks)
        merging = self.size
        while merging & 1:
            leaf = node(peaks.pop(), leaf)
            merging >>= 1
        peaks.append(leaf)
        return Frontier(self.size + 1, tuple(peaks))

    def root(self) -> bytes:
        """The root; at most log2(size) hashes."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node(peak, root)
        return root

    def packed(self) -> bytes:
        """The peaks one after the other."""
        return b"".join(self.peaks)

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> Frontier:
        """The tree from its size and `packed` peaks.

        Raises:
            TreeError: not as many peaks as the size has ones.
        """
        if len(packed) != NODE * size.bit_count():
            raise TreeError(
                f"a tree of {size} leaves has {size.bit_count()} peaks; {len(packed)} bytes are not so many",
                field="peaks",
            )
        return cls(size, tuple(packed[start : start + NODE] for start in range(0, len(packed), NODE)))


def frontier_of(leaves: Iterable[bytes]) -> Frontier:
    """The tree of these leaves."""
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier


class Tree:
    """A whole tree in memory (64 bytes a leaf), for proofs.

    Args:
        leaves: In order.
    """

    def __init__(self, leaves: Iterable[bytes]) -> None:
        level = bytearray().join(leaves)
        self.size = len(level) // NODE
        self._levels = [level]  # the complete subtrees of 2^h leaves
        while len(self._levels[-1]) >= 2 * NODE:
            below = self._levels[-1]
            level = bytearray()
            for start in range(0, len(below) - NODE, 2 * NODE):
                level += keccak(b"\x01" + below[start : start + 2 * NODE])
            self._levels.append(level)

    def root(self) -> bytes:
        """The root of all leaves."""
        return self._span(0, self.size) if self.size else EMPTY_ROOT

    def leaf(self, index: int) -> bytes:
        """One leaf."""
        return bytes(self._levels[0][NODE * index : NODE * (index + 1)])

    def proof(self, index: int) -> list[bytes]:
        """The audit path of a leaf, nearest sibling first (RFC 6962 section 2.1.1).

        Raises:
            TreeError: there is no such leaf.
        """
        if not 0 <= index < self.size:
            raise TreeError(f"there is no receipt {index} among {self.size}", field="index")
        path = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._span(middle, end))
                end = middle
            else:
                path.append(self._span(start, middle))
                start = middle
        return path[::-1]

    def _span(self, start: int, end: int) -> bytes:
        """The root of leaves `start` to `end`, which begin where a complete subtree does."""
        size = end - start
        height = size.bit_length() - 1
        if size == 1 << height:
            place = NODE * (start >> height)
            return bytes(self._levels[height][place : place + NODE])
        middle = start + _split(size)
        return node(self._span(start, middle), self._span(middle, end))


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a leaf stands at `index` in the tree of `size` leaves with this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(step) != NODE for step in (leaf, *proof)):
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node(sibling, found)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            found = node(found, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and found == root


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
