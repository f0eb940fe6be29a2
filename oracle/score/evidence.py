"""One piece of evidence about an agent: what one ended job says, or one settled period of a tab.

Everything in it is on the chain. Amounts are USDC base units, times Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from oracle.decide.jobs import JobRecord
from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Ending, Hash, Outcome

CAPITAL_RATE = 50_000  # millionths a year: what money that is locked could have earned elsewhere, 5 %
_YEAR = 365 * 86_400  # seconds
_MILLION = 1_000_000


class Kind(StrEnum):
    """Where a piece of evidence comes from."""

    JOB = "job"
    TAB_PERIOD = "tab-period"


class Finding(StrEnum):
    """What it says of the agent."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    """Evaluators found the promise kept, and that stood."""
    FAIL = "fail"
    """Evaluators, a limit that passed, or the provider itself said that it was not kept."""
    LOST = "lost-dispute"
    """Not kept, and said so by the arbiter, or conceded, in a dispute."""
    NOTHING = "nothing"
    """Nobody checked, or nobody was at fault."""


class Contest(StrEnum):
    """How a dispute over the job went for the provider."""

    NONE = "none"
    WON = "won"
    LOST = "lost"
    UNDECIDED = "undecided"
    """The arbiter was silent, or the parties agreed."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence, in the form every version of the formula reads.

    Args:
        subject: The job's id; of a tab, the tab's.
        period: A tab's period; 0 for a job.
        block: Block in which it ended, and `log_index` its place there.
        at: That block's time.
        counterparty: The buyer.
        own: Whether buyer and provider are one address.
        value: What a wrong Pass would have cost the buyer: the gated amount, or a period's presented one.
        secured: Whether the verdict could be overturned: a challenge that is not zero.
        outlay: What the buyer cannot get back of all its secured jobs so far, with this one, in millionths of
            a base unit; see `outlay_of`.
    """

    kind: Kind
    subject: Hash
    period: int
    block: int
    log_index: int
    at: int
    counterparty: Address
    own: bool
    committee: Hash
    finding: Finding
    contest: Contest
    value: int
    bond: int
    secured: bool
    outlay: int


def finding_of(record: JobRecord, provisional: Outcome) -> Finding:
    """What a closed job says of its provider.

    A Pass that the buyer conceded in Open, a split and a Lapse say nothing. A split after a verdict of Fail
    says Fail: whoever could buy its failures back would have none.

    Args:
        provisional: The outcome before closing: NONE where the job was closed from Open.
    """
    if record.ending is Ending.AGREED:
        return Finding.FAIL if provisional is Outcome.FAIL else Finding.NOTHING
    if record.outcome is Outcome.FAIL:
        decided = record.ending in (Ending.RULED, Ending.CONCEDED) and record.disputant is not None
        return Finding.LOST if decided else Finding.FAIL
    if record.outcome is Outcome.PASS:
        ruled = record.ending is Ending.RULED
        return Finding.PASS if ruled or provisional is Outcome.PASS else Finding.NOTHING
    return Finding.NOTHING


def contest_of(agreement: Agreement, record: JobRecord, provisional: Outcome) -> Contest:
    """How the dispute went for the provider: whether what the one who disputed sought was granted.

    For Lapse either side may dispute; what was then ruled decides.
    """
    if record.disputant is None:
        return Contest.NONE
    if record.ending not in (Ending.RULED, Ending.CONCEDED):
        return Contest.UNDECIDED
    by_provider = record.disputant == agreement.terms.provider
    granted = record.outcome is not provisional if by_provider else record.outcome is provisional
    if provisional is Outcome.LAPSE:
        granted = record.outcome is Outcome.PASS if by_provider else record.outcome is not Outcome.FAIL
    return Contest.WON if granted else Contest.LOST


def outlay_of(agreement: Agreement, record: JobRecord, *, counted_fee: bool) -> int:
    """What a buyer spent on a closed job and cannot get back, in millionths of a base unit.

    Its money was locked from opening to closing, whoever holds it now: that costs what it could have earned,
    at `CAPITAL_RATE`. The fee counts as spent only where the committee is one the reader names: a committee
    of the buyer's own gives it back.

    Args:
        counted_fee: Whether the reader names the job's committee.
    """
    if agreement.terms.challenge == 0:
        return 0
    lasted = max(0, record.closed_at - record.opened_at)
    interest = agreement.price * CAPITAL_RATE * lasted // _YEAR
    fee = min(agreement.terms.fee, record.to_evaluators) if counted_fee else 0
    return interest + fee * _MILLION
