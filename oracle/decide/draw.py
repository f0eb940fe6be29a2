"""The draw: everything random in an evaluation, derived from one public value by labelled hashes.

The value did not exist when the delivery was fixed, and nobody in the job could choose it. Anyone who
holds the record recomputes every choice: a label and a counter go in, keccak-256 comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from oracle.domain.errors import EarnestError
from oracle.domain.keccak import keccak

T = TypeVar("T")

_DOMAIN: Final = b"earnest/draw/1"

QUICKNET_GENESIS: Final = 1_692_803_367  # Unix seconds of round 1 (drand quicknet chain info)
QUICKNET_PERIOD: Final = 3  # seconds between rounds


class DrawError(EarnestError):
    """A draw cannot be derived, or was asked for something senseless."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A tree of random values under one seed.

    Args:
        seed: 32 bytes.
    """

    seed: bytes

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise DrawError(f"a draw's seed has {len(self.seed)} bytes, not 32", field="seed")

    def bytes(self, label: str, n: int = 32) -> bytes:
        """The first `n` bytes of the stream `label`: keccak(domain, seed, length, label, counter)…"""
        name = label.encode("utf-8")
        head = _DOMAIN + self.seed + len(name).to_bytes(4, "big") + name
        blocks = (keccak(head + counter.to_bytes(8, "big")) for counter in range((n + 31) // 32))
        return b"".join(blocks)[:n]

    def integer(self, label: str, below: int) -> int:
        """A uniform integer from 0 to `below` - 1; draws that would favour low numbers are thrown away.

        Raises:
            DrawError: `below` is not between 1 and 2^64.
        """
        if not 1 <= below <= 2**64:
            raise DrawError(f"cannot draw an integer below {below}; give 1 to 2^64", field="below")
        limit = 2**128 - 2**128 % below
        attempt = 0
        while True:  # each round succeeds with probability above 1 - 2^-64
            value = int.from_bytes(self.bytes(f"{label}#{attempt}", 16), "big")
            if value < limit:
                return value % below
            attempt += 1

    def order(self, label: str, items: Sequence[T]) -> tuple[T, ...]:
        """The items in a uniformly drawn order (Fisher and Yates, from the end)."""
        drawn = list(items)
        for last in range(len(drawn) - 1, 0, -1):
            other = self.integer(f"{label}/{last}", last + 1)
            drawn[last], drawn[other] = drawn[other], drawn[last]
        return tuple(drawn)

    def nonce(self, label: str) -> str:
        """32 hex digits."""
        return self.bytes(f"nonce/{label}", 16).hex()

    def sub(self, label: str) -> Draw:
        """An independent draw for one part of the evaluation."""
        return Draw(self.bytes(f"sub/{label}"))


def quicknet_round(anchored_at: int, delay_seconds: int) -> int:
    """The first drand quicknet round made at least `delay_seconds` after the delivery was anchored.

    Args:
        anchored_at: Unix seconds of the block that holds the delivery.
        delay_seconds: the methodology's `draw.delay_seconds`.

    Raises:
        DrawError: the moment lies before the network's first round.
    """
    moment = anchored_at + delay_seconds
    if moment < QUICKNET_GENESIS:
        raise DrawError(f"drand quicknet has no round at {moment}; its first was at {QUICKNET_GENESIS}")
    # round n is made at genesis + (n - 1) * period; ceiling, so never before the moment
    return 1 + -(-(moment - QUICKNET_GENESIS) // QUICKNET_PERIOD)


def quicknet_time(round_number: int) -> int:
    """Unix seconds at which a quicknet round is made."""
    return QUICKNET_GENESIS + (round_number - 1) * QUICKNET_PERIOD


def job_seed(source: str, randomness: bytes, subject: str, deliverable: str) -> bytes:
    """The seed of one evaluation: source, public randomness, and what is judged, hashed together.

    Args:
        source: `drand-quicknet` or `block-hash`.
        randomness: 32 public random bytes.
        subject: the job id, 0x-hex.
        deliverable: the anchored hash, 0x-hex.
    """
    if len(randomness) != 32:
        raise DrawError(f"the public randomness has {len(randomness)} bytes, not 32", field="randomness")
    name = source.encode("ascii")
    parts = (name, randomness, bytes.fromhex(subject[2:]), bytes.fromhex(deliverable[2:]))
    return keccak(_DOMAIN + b"/seed" + b"".join(len(part).to_bytes(4, "big") + part for part in parts))
