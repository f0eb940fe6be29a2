"""What the contract stores of a job."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.types import Address, Basis, Hash, Outcome, State

DELIVERABLE_BITS = 184
"""Upper bits of the anchored hash that a job's slot keeps; the `Delivered` event carries all of it."""


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
    deliverable: Hash
    outcome: Outcome
    basis: Basis
    signers: int
    deadline: int
    sought: Outcome
    buyer_disputes: bool
    attested: int


def kept_part(deliverable: Hash) -> Hash:
    """The part of an anchored hash that `JobView.deliverable` shows: its upper 184 bits, the rest zero."""
    digits = DELIVERABLE_BITS // 4
    return "0x" + deliverable[2:][:digits].ljust(64, "0")
