"""The tree of receipts against RFC 6962's own recursive definition."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from oracle.tabs.tree import EMPTY_ROOT, Frontier, Tree, TreeError, frontier_of, is_included

leaf_lists = st.integers(0, 70).map(lambda n: [keccak(bytes([i])) for i in range(n)])


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH as section 2.1 writes it."""
    if not leaves:
        return bytes(32)
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return keccak(b"\x01" + defined_root(leaves[:split]) + defined_root(leaves[split:]))


def defined_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH as section 2.1.1 writes it."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*defined_path(index, leaves[:split]), defined_root(leaves[split:])]
    return [*defined_path(index - split, leaves[split:]), defined_root(leaves[:split])]


@given(leaf_lists)
def test_the_root_is_the_defined_one_after_every_leaf(leaves: list[bytes]) -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == Tree([]).root()
    for count, leaf in enumerate(leaves, 1):
        frontier = frontier.append(leaf)
        assert frontier.root() == defined_root(leaves[:count])
    assert Tree(leaves).root() == frontier.root()
    assert Frontier.unpack(frontier.size, frontier.packed()) == frontier == frontier_of(leaves)


@given(leaf_lists.filter(bool), st.data())
def test_a_proof_shows_its_leaf_and_nothing_else(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    tree = Tree(leaves)
    proof, root, size = tree.proof(index), tree.root(), len(leaves)
    assert proof == defined_path(index, leaves)
    assert is_included(tree.leaf(index), index, size, proof, root)
    other = data.draw(st.integers(0, size + 3).filter(lambda other: other != index))
    assert not is_included(leaves[index], other, size, proof, root)
    assert not is_included(keccak(b"another"), index, size, proof, root)
    assert not is_included(leaves[index], index, size, proof, keccak(root))
    assert not is_included(leaves[index], index, size, [*proof, keccak(b"more")], root)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        broken = [*proof]
        broken[place] = keccak(broken[place])
        assert not is_included(leaves[index], index, size, broken, root)
        assert not is_included(leaves[index], index, size, proof[:-1], root)
        assert not is_included(leaves[index], index, size, [*proof[:-1], proof[-1][:31]], root)


def test_what_is_not_there_has_no_proof_and_wrong_peaks_are_refused() -> None:
    with pytest.raises(TreeError, match="no receipt 3 among 3"):
        Tree([keccak(bytes([i])) for i in range(3)]).proof(3)
    with pytest.raises(TreeError, match="2 peaks"):
        Frontier.unpack(3, bytes(32))
