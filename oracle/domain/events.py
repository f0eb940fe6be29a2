"""What the escrow says happened: one class for each event of the contract, fields named as it names them.

Solidity's `from` is `sender` here and `set` is `evaluator_set`. Amounts are USDC base units, times Unix
seconds, sets of evaluators bit masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from oracle.domain.committee import Committee
from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Basis, Ending, Hash, Outcome


@dataclass(frozen=True, slots=True)
class JobOpened:
    """A job was funded. `members` may sign for it, bear its silence, share the fee if nobody signs."""

    job: Hash
    buyer: Address
    provider: Address
    agreement: Agreement
    members: int
    epoch: int


@dataclass(frozen=True, slots=True)
class UpFrontPaid:
    """The up-front part reached the provider's wallet, or (`paid` false) its free collateral."""

    job: Hash
    amount: int
    paid: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider anchored the hash of its deliverable; the block's time is the time of anchoring."""

    job: Hash
    deliverable: Hash


@dataclass(frozen=True, slots=True)
class AttestationsPosted:
    """Attestations short of a verdict were posted: their signers were not silent."""

    job: Hash
    deliverable: Hash
    outcome: Outcome
    signers: int
    evidence: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict made `outcome` provisional until `challenge_ends`."""

    job: Hash
    outcome: Outcome
    signers: int
    challenge_ends: int
    evidence: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A limit passed and made `outcome` provisional until `challenge_ends`. `silent`: members that are."""

    job: Hash
    outcome: Outcome
    basis: Basis
    silent: int
    challenge_ends: int


@dataclass(frozen=True, slots=True)
class Disputed:
    """`party` put down `deposit` and seeks `sought`; the arbiter may rule until `ruling_ends`."""

    job: Hash
    party: Address
    sought: Outcome
    deposit: int
    ruling_ends: int


@dataclass(frozen=True, slots=True)
class JobClosed:
    """A job is over. `outcome` is NONE where the parties agreed on a split.

    `paid`: bit 0, the buyer's part went to its wallet; bit 1, the provider's. Otherwise it was credited.
    """

    job: Hash
    outcome: Outcome
    how: Ending
    to_buyer: int
    to_provider: int
    to_evaluators: int
    evaluator_set: int
    paid: int


@dataclass(frozen=True, slots=True)
class ArbiterPaid:
    """The arbiter was credited its cost out of the deposit."""

    job: Hash
    arbiter: Address
    amount: int


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call of a batch failed with `reason`; the others are not affected."""

    index: int
    reason: bytes


@dataclass(frozen=True, slots=True)
class CommitteeCreated:
    """A committee came to be."""

    committee: Hash
    terms: Committee


@dataclass(frozen=True, slots=True)
class Joined:
    """Evaluator `index` put in its stake and named its key."""

    committee: Hash
    index: int
    key: Address
    stake: int


@dataclass(frozen=True, slots=True)
class ToppedUp:
    """A slashed evaluator filled its stake up again."""

    committee: Hash
    index: int
    amount: int


@dataclass(frozen=True, slots=True)
class Left:
    """Evaluator `index` gave notice; `epoch` is the last one it is liable for."""

    committee: Hash
    index: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was left of a stake became free collateral of the evaluator."""

    committee: Hash
    index: int
    amount: int


@dataclass(frozen=True, slots=True)
class KeyRotated:
    """Evaluator `index` signs with `key` from now on."""

    committee: Hash
    index: int
    key: Address
    old_key: Address


@dataclass(frozen=True, slots=True)
class Consented:
    """Evaluator `index` agrees that `book` may reserve and slash its stake within coverage."""

    committee: Hash
    index: int
    book: Address


@dataclass(frozen=True, slots=True)
class Reserved:
    """`share` of each member's stake is reserved for a subject of `book`."""

    committee: Hash
    book: Address
    subject: Hash
    share: int
    members: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Released:
    """What `book` held for `subject` is no longer reserved."""

    committee: Hash
    book: Address
    subject: Hash


@dataclass(frozen=True, slots=True)
class Slashed:
    """Each evaluator of the set `slashed` lost `each` over `subject`."""

    committee: Hash
    subject: Hash
    slashed: int
    each: int


@dataclass(frozen=True, slots=True)
class FeesEarned:
    """A set of evaluators earned `amount`, to be drawn in equal parts."""

    committee: Hash
    evaluator_set: int
    amount: int


@dataclass(frozen=True, slots=True)
class FeesDrawn:
    """Each evaluator of the set was credited `each`."""

    committee: Hash
    evaluator_set: int
    each: int


@dataclass(frozen=True, slots=True)
class Expelled:
    """Evaluator `index` contradicted itself on `subject`: it is expelled and owes `share`."""

    committee: Hash
    index: int
    subject: Hash
    share: int


@dataclass(frozen=True, slots=True)
class DebtPaid:
    """A part of what an evaluator owed over `subject` came out of its stake; `left` is still owed for it."""

    committee: Hash
    index: int
    subject: Hash
    amount: int
    left: int


@dataclass(frozen=True, slots=True)
class Deposited:
    """`amount` was added to the free collateral of `account` from outside."""

    account: Address
    amount: int
    sender: Address


@dataclass(frozen=True, slots=True)
class Claimed:
    """`amount` left the free collateral of `account` for the wallet `to`."""

    account: Address
    to: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Transferred:
    """`amount` went from the free collateral of one account to that of another."""

    sender: Address
    to: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Pledged:
    """A pledge was taken by `book` for `subject`."""

    account: Address
    book: Address
    subject: Hash
    amount: int


EscrowEvent: TypeAlias = (
    JobOpened
    | UpFrontPaid
    | Delivered
    | AttestationsPosted
    | Judged
    | Lapsed
    | Disputed
    | JobClosed
    | ArbiterPaid
    | CallFailed
    | CommitteeCreated
    | Joined
    | ToppedUp
    | Left
    | Withdrawn
    | KeyRotated
    | Consented
    | Reserved
    | Released
    | Slashed
    | FeesEarned
    | FeesDrawn
    | Expelled
    | DebtPaid
    | Deposited
    | Claimed
    | Transferred
    | Pledged
)
"""Any event of the escrow."""
