"""The terms of one job. Amounts are USDC base units; times are Unix seconds, periods seconds."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.types import Address, Hash, Outcome


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of an agreement that every later step needs again (Solidity `Terms`)."""

    buyer: Address
    provider: Address
    committee: Hash
    gated: int
    bond: int
    fee: int
    judge_by: int
    challenge: int
    ruling: int

    @property
    def value(self) -> int:
        """Value at stake V: gated amount and bond."""
        return self.gated + self.bond


@dataclass(frozen=True, slots=True)
class Opening:
    """The part of an agreement that only opening needs; afterwards its hash stands for it."""

    pact: Hash
    offchain: Hash
    agent_id: int
    up_front: int
    open_by: int
    deliver_by: int
    salt: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """The terms of one job, signed by both sides. Its EIP-712 digest is the job's id."""

    terms: Terms
    opening: Opening

    @property
    def price(self) -> int:
        """What the buyer pays for the work: the gated amount and the up-front part."""
        return self.terms.gated + self.opening.up_front

    @property
    def pays_in(self) -> int:
        """What leaves the buyer's wallet at opening: price and fee."""
        return self.price + self.terms.fee


@dataclass(frozen=True, slots=True)
class Attestation:
    """What one evaluator signs. `payable` is 0 for jobs."""

    subject: Hash
    deliverable: Hash
    outcome: Outcome
    evidence: Hash
    payable: int = 0


@dataclass(frozen=True, slots=True)
class Attested:
    """One evaluator's signature (EIP-2098: r, and s with the parity in its top bit) and its evidence."""

    r: Hash
    vs: Hash
    evidence: Hash

    @property
    def signature(self) -> bytes:
        """The 64 bytes of the compact signature."""
        return bytes.fromhex(self.r[2:] + self.vs[2:])


@dataclass(frozen=True, slots=True)
class Verdict:
    """Attestations that agree, lowest evaluator index first (Solidity `Verdict`).

    `others` are the keys of the evaluators who did not sign, in order: a hint that saves gas, and may be
    empty.
    """

    terms: Terms
    opening_hash: Hash
    deliverable: Hash
    outcome: Outcome
    signers: int
    attested: tuple[Attested, ...]
    others: tuple[Address, ...] = ()
