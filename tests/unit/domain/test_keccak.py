"""The hash everything is named by."""

from __future__ import annotations

import pytest
from eth_hash.backends import pycryptodome

from oracle.domain.keccak import keccak


@pytest.mark.parametrize("size", [0, 1, 31, 32, 135, 136, 137, 1_000])
def test_it_is_what_another_library_makes_of_the_same_bytes(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assert keccak(data) == pycryptodome.keccak256(data)


def test_it_is_keccak_256_and_not_sha3_256() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
