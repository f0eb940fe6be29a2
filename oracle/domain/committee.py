"""Committees: what is fixed about one, and what the contract says of one now.

Amounts are USDC base units, times in seconds. An evaluator is named by its index in `evaluators`.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.types import Address, Hash, Standing

MAX_EVALUATORS = 32
MAX_STAKE = 2**48 - 1  # base units; what the contract packs
MAX_SILENCE = 2**40 - 1  # base units
MAX_FEE_RATE = 2**16 - 1
MAX_VERDICT = 2**24 - 1  # seconds: the longest time from delivery to verdict that may be asked for
CENT = 10_000  # base units: a lowest flat fee is a whole number of these,
MAX_CENTS = 2**24 - 1  # and fewer than so many
WHOLE = 1_000_000  # base units: a highest value is a whole number of these,
MAX_WHOLE = 2**32 - 1  # and fewer than so many
UNBOUNDED = 2**64 - 1  # as a lowest flat fee: takes no jobs; as a highest value: no limit
RATE_UNIT = 1_000_000  # a fee rate is in millionths of the value at stake for each day
DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Committee:
    """Everything that is fixed about a committee (Solidity `Committee`).

    Its id says some of this in full and hashes all of it, the chain id and the contract.
    """

    evaluators: tuple[Address, ...]
    threshold: int
    stake: int
    methodology: Hash
    arbiter: Address
    arbiter_cost: int
    fee_flat: int
    fee_rate: int
    max_value: int
    min_verdict: int
    min_ruling: int
    max_challenge: int
    silence: int
    salt: int = 0


@dataclass(frozen=True, slots=True)
class CommitteeView:
    """Terms and running figures of a committee that change or that openings depend on."""

    threshold: int
    evaluators: int
    epoch: int
    active: int
    stake: int
    silence: int
    reserved: int
    free: int
    arbiter: Address
    arbiter_cost: int
    methodology: Hash
    fee_flat: int
    fee_rate: int
    max_value: int
    min_verdict: int
    min_ruling: int
    max_challenge: int


@dataclass(frozen=True, slots=True)
class EvaluatorView:
    """One evaluator of a committee, as the contract answers."""

    account: Address
    key: Address
    standing: Standing
    expelled: bool
    stake: int
    owed: int
    liable: int
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class KeyView:
    """Which evaluator a key speaks, or once spoke, for. `retired_at` is 0 while it is current."""

    index: int
    known: bool
    retired_at: int


def lowest_fee(*, fee_flat: int, fee_rate: int, value: int, opened_at: int, judge_by: int) -> int:
    """The least fee a committee accepts: flat, and `fee_rate` millionths of the value a day up to `judge_by`.

    The part per value and day is rounded up to a base unit.
    """
    lasting = max(0, judge_by - opened_at)
    return fee_flat + -(-value * fee_rate * lasting // (RATE_UNIT * DAY))


def reserved_share(*, value: int, silence: int, threshold: int) -> int:
    """What one job reserves of each member's stake: the larger of V and Z, divided by k, rounded up."""
    return -(-max(value, silence) // threshold)
