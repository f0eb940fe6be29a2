"""What the contract stores of a job."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.keccak import keccak
from oracle.domain.types import Address, Basis, Hash, Outcome, State

MARK_BITS = 184
"""What a job's slot keeps of a delivery; the `Delivered` event carries its whole hash."""


@dataclass(frozen=True, slots=True)
class JobView:
    """The contract's `jobState`. Fields that the state does not keep are zero. Times are Unix seconds."""

    state: State
    delivered: bool
    epoch: int
    members: int
    opened_at: int
    provider: Address
    deliver_by: int
    mark: Hash
    outcome: Outcome
    basis: Basis
    signers: int
    deadline: int
    sought: Outcome
    buyer_disputes: bool
    attested: int


def mark_of(deliverable: Hash) -> Hash:
    """What `JobView.mark` shows for a delivery: the upper 184 bits of its keccak-256, the rest zero."""
    hashed = keccak(bytes.fromhex(deliverable[2:]))
    return "0x" + hashed[: MARK_BITS // 8].hex().ljust(64, "0")
