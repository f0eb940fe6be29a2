"""PROTOCOL.md's words as enums, and the two hex forms everything is named by.

Inside the package an address is `0x` and 40 lower-case hex digits, a hash `0x` and 64 of them: one form, so
that equal things compare equal. People are shown EIP-55 checksums.
"""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import TypeAlias

from oracle.domain.errors import EarnestError
from oracle.domain.keccak import keccak

Address: TypeAlias = str
"""0x and 40 lower-case hex digits."""

Hash: TypeAlias = str
"""0x and 64 lower-case hex digits."""

ZERO_ADDRESS: Address = "0x" + "0" * 40
ZERO_HASH: Hash = "0x" + "0" * 64

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


class HexError(EarnestError):
    """A text is not an address, or not a 32-byte hash."""


class _Word(IntEnum):
    """A number of the contract with the word people use for it."""

    @property
    def word(self) -> str:
        """The name in documents, tables and JSON: lower case, words joined by hyphens."""
        return self.name.lower().replace("_", "-")

    def __str__(self) -> str:
        return self.word


class Outcome(_Word):
    """How a job ends. NONE is never a valid outcome to attest, rule or name."""

    NONE = 0
    PASS = 1
    FAIL = 2
    LAPSE = 3


class State(_Word):
    """Where a job stands. One that was never opened is NONE; a closed one stays CLOSED for ever."""

    NONE = 0
    OPEN = 1
    JUDGED = 2
    DISPUTED = 3
    CLOSED = 4


class Basis(_Word):
    """What a provisional outcome rests on."""

    VERDICT = 0
    NO_SHOW = 1
    SILENCE = 2


class Funding(_Word):
    """How a payment comes in."""

    AUTHORIZATION = 0
    ALLOWANCE = 1
    COLLATERAL = 2


class Ending(_Word):
    """What closed a job."""

    SETTLED = 0
    RULED = 1
    RULING_OVER = 2
    CONCEDED = 3
    AGREED = 4


class Standing(_Word):
    """Where an evaluator stands in its committee."""

    ABSENT = 0
    JOINED = 1
    LEAVING = 2
    WITHDRAWN = 3


class Party(StrEnum):
    """One side of a job."""

    BUYER = "buyer"
    PROVIDER = "provider"


def parse_address(text: str, *, field: str = "address") -> Address:
    """Normalise an address; a mixed-case one must carry a right EIP-55 checksum.

    Raises:
        HexError: not 0x and 40 hex digits, or mixed case with a wrong checksum (a mistyped address).
    """
    if not _ADDRESS.fullmatch(text):
        raise HexError(
            f"{field} is {text[:60]!r}, not an address (0x and 40 hex digits)",
            field=field,
            next_step="copy the whole address",
        )
    lower = text.lower()
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and checksum(lower) != text:
        raise HexError(
            f"{field} is {text}, whose checksum (EIP-55) is wrong",
            field=field,
            next_step="copy the address again; a letter or its case was changed",
        )
    return lower


def parse_hash(text: str, *, field: str = "hash") -> Hash:
    """Normalise a 32-byte hash.

    Raises:
        HexError: not 0x and 64 hex digits.
    """
    if not _HASH.fullmatch(text):
        raise HexError(
            f"{field} is {text[:80]!r}, not a hash (0x and 64 hex digits)",
            field=field,
            next_step="copy the whole hash",
        )
    return text.lower()


@lru_cache(maxsize=4096)
def checksum(address: Address) -> str:
    """The EIP-55 form of a lower-case address, for people and for libraries that insist on it."""
    digits = address[2:].lower()
    digest = keccak(digits.encode("ascii")).hex()
    return "0x" + "".join(
        character.upper() if nibble >= "8" else character
        for character, nibble in zip(digits, digest, strict=False)
    )


def members_of(bits: int) -> list[int]:
    """Indices of the set bits of an evaluator set, lowest first."""
    return [index for index in range(bits.bit_length()) if bits >> index & 1]


def bits_of(indices: list[int]) -> int:
    """An evaluator set from indices (0 to 31)."""
    bits = 0
    for index in indices:
        bits |= 1 << index
    return bits
