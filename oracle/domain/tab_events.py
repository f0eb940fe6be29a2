"""What the tab contract says happened: one class for each of its events, fields in its order.

Amounts are USDC base units, times Unix seconds. `tab` is the tab's id.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.tab_terms import TabAgreement, TabEnding
from oracle.domain.types import Address, Hash, Outcome


@dataclass(frozen=True, slots=True)
class TabOpened:
    """A tab was opened. `members` may sign for it and bear its silence."""

    tab: Hash
    buyer: Address
    provider: Address
    agreement: TabAgreement
    members: int


@dataclass(frozen=True, slots=True)
class ToppedUp:
    """The balance grew."""

    tab: Hash
    amount: int
    payer: Address


@dataclass(frozen=True, slots=True)
class Presented:
    """A tally was anchored as a period, or replaced one. Nothing is drawn for it before `window_ends`."""

    tab: Hash
    period: int
    count: int
    amount: int
    root: Hash
    window_ends: int
    last: bool


@dataclass(frozen=True, slots=True)
class AttestationsPosted:
    """Attestations were posted: their signers were not silent."""

    tab: Hash
    period: int
    outcome: Outcome
    payable: int
    signers: int
    evidence: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class PeriodJudged:
    """A verdict made `payable` provisional until `challenge_ends`."""

    tab: Hash
    period: int
    outcome: Outcome
    payable: int
    signers: int
    challenge_ends: int
    evidence: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class PeriodLapsed:
    """Nobody judged the period in time: provisionally nothing is payable."""

    tab: Hash
    period: int
    silent: int
    challenge_ends: int


@dataclass(frozen=True, slots=True)
class PeriodDisputed:
    """A party put down a deposit and seeks another outcome. `subject` is what the arbiter rules on."""

    tab: Hash
    period: int
    party: Address
    sought: Outcome
    sought_payable: int
    deposit: int
    ruling_ends: int
    subject: Hash


@dataclass(frozen=True, slots=True)
class PeriodRuled:
    """The arbiter ruled, and was credited its cost."""

    tab: Hash
    period: int
    arbiter: Address
    outcome: Outcome
    payable: int
    cost: int


@dataclass(frozen=True, slots=True)
class PeriodSettled:
    """A period is over. `paid` of `payable` went to the provider out of the balance; the rest is owed."""

    tab: Hash
    period: int
    outcome: Outcome
    payable: int
    paid: int
    to_buyer: int
    to_provider: int
    to_evaluators: int
    evaluator_set: int


@dataclass(frozen=True, slots=True)
class SignersPaid:
    """Verdict fees that were kept on the tab were credited to a set of evaluators."""

    tab: Hash
    evaluator_set: int
    amount: int


@dataclass(frozen=True, slots=True)
class DebtPaid:
    """A part of what was owed went to the provider out of the balance."""

    tab: Hash
    amount: int
    left: int


@dataclass(frozen=True, slots=True)
class Defaulted:
    """What was owed came out of the buyer's collateral. A tally may be presented before `end`; 0: over."""

    tab: Hash
    buyer: Address
    amount: int
    end: int


@dataclass(frozen=True, slots=True)
class NoticeGiven:
    """A party leaves: nothing is presented from `end` on."""

    tab: Hash
    party: Address
    end: int


@dataclass(frozen=True, slots=True)
class TabClosed:
    """A tab is over; the amounts are what closing handed back."""

    tab: Hash
    how: TabEnding
    to_buyer: int
    to_provider: int
    to_members: int


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call of a batch failed; the others are not affected."""

    index: int
    reason: bytes


@dataclass(frozen=True, slots=True)
class Equivocated:
    """An evaluator contradicted itself; `paid` was handed out."""

    tab: Hash
    index: int
    shown_by: Address
    paid: int


@dataclass(frozen=True, slots=True)
class DebtHandedOut:
    """A part of what an evaluator owed for contradicting itself was handed out."""

    tab: Hash
    index: int
    amount: int


TabEvent = (
    TabOpened
    | ToppedUp
    | Presented
    | AttestationsPosted
    | PeriodJudged
    | PeriodLapsed
    | PeriodDisputed
    | PeriodRuled
    | PeriodSettled
    | SignersPaid
    | DebtPaid
    | Defaulted
    | NoticeGiven
    | TabClosed
    | CallFailed
    | Equivocated
    | DebtHandedOut
)
