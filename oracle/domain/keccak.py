"""keccak-256, by the faster of the libraries that eth-hash knows: everything is named by it.

`eth_hash.auto` prefers pycryptodome where it is installed, and it always is: ten times the time.
"""

from __future__ import annotations

from sha3 import keccak_256


def keccak(data: bytes) -> bytes:
    """The 32 bytes of keccak-256."""
    return bytes(keccak_256(data).digest())
