"""Every rule the contract holds agreements and committees to, checked before anything is signed or sent.

Pure. Sources: `_admit` in contracts/parts/Jobs.sol and `createCommittee` in contracts/parts/Committees.sol;
a test compares the two on generated cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from oracle.decide.payouts import ceil_div
from oracle.domain.amounts import format_usdc
from oracle.domain.committee import (
    CENT,
    DAY,
    MAX_CENTS,
    MAX_EVALUATORS,
    MAX_FEE_RATE,
    MAX_SILENCE,
    MAX_STAKE,
    MAX_VERDICT,
    MAX_WHOLE,
    UNBOUNDED,
    WHOLE,
    Committee,
    CommitteeView,
    lowest_fee,
    reserved_share,
)
from oracle.domain.fields import show_time
from oracle.domain.terms import Agreement
from oracle.domain.types import ZERO_ADDRESS, ZERO_HASH, Address

MAX_CHALLENGE = 30 * DAY
MAX_RULING = 60 * DAY
MAX_LENGTH = 180 * DAY


@dataclass(frozen=True, slots=True)
class Constants:
    """What a deployment fixes for all jobs, in seconds.

    The last three hold everywhere. The first three differ by chain; their defaults are the least the contract
    can be deployed with.
    """

    min_challenge: int = 1
    lapse_challenge: int = 1
    min_delivery: int = 1
    max_challenge: int = MAX_CHALLENGE
    max_ruling: int = MAX_RULING
    max_length: int = MAX_LENGTH


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that is broken: the field, what is wrong, and how to mend it."""

    field: str
    message: str
    next_step: str = ""


def agreement_problems(
    agreement: Agreement,
    *,
    escrow: Address,
    now: int,
    constants: Constants | None = None,
    committee: CommitteeView | None = None,
) -> list[Problem]:
    """What the contract would refuse about an agreement at time `now`.

    Args:
        agreement: The terms.
        escrow: The contract's address: neither party may be it.
        now: Unix seconds.
        constants: Of the deployment, where known.
        committee: Its figures, where known; without them its own limits are not checked.
    """
    fixed = constants or Constants()
    problems = [*_party_problems(agreement, escrow), *_time_problems(agreement, now, fixed)]
    if committee is not None:
        problems += _committee_problems(agreement, now, fixed, committee)
    return problems


def committee_problems(committee: Committee, escrow: Address) -> list[Problem]:
    """What the contract would refuse about a committee."""
    n, k = len(committee.evaluators), committee.threshold
    rules = [
        (1 <= n <= MAX_EVALUATORS, "evaluators", f"there are {n}; a committee has 1 to {MAX_EVALUATORS}"),
        (
            all(a < b for a, b in zip(committee.evaluators, committee.evaluators[1:], strict=False)),
            "evaluators",
            "they must stand in strictly ascending order, none twice",
        ),
        (
            not {escrow, ZERO_ADDRESS} & set(committee.evaluators),
            "evaluators",
            "the zero address and the escrow cannot be evaluators",
        ),
        (n // 2 < k <= n, "threshold", f"it is {k}; it must be more than half of {n}, and at most {n}"),
        (
            0 < committee.stake <= MAX_STAKE,
            "stake",
            f"it must be above zero, and at most {MAX_STAKE} base units",
        ),
        (
            committee.arbiter not in (ZERO_ADDRESS, escrow),
            "arbiter",
            "it must be neither zero nor the escrow",
        ),
        (
            committee.fee_flat == UNBOUNDED
            or (committee.fee_flat % CENT == 0 and committee.fee_flat // CENT < MAX_CENTS),
            "fee_flat",
            (
                f"it must be whole hundredths of a USDC ({CENT} base units), fewer than {MAX_CENTS} of them,"
                f" or {UNBOUNDED} where the committee takes no jobs"
            ),
        ),
        (committee.fee_rate <= MAX_FEE_RATE, "fee_rate", f"it must be at most {MAX_FEE_RATE}"),
        (
            committee.max_value == UNBOUNDED
            or (committee.max_value % WHOLE == 0 and 0 < committee.max_value // WHOLE < MAX_WHOLE),
            "max_value",
            (
                f"it must be whole USDC ({WHOLE} base units) above zero, fewer than {MAX_WHOLE} of them, or"
                f" {UNBOUNDED} for no limit"
            ),
        ),
        (committee.min_verdict <= MAX_VERDICT, "min_verdict", f"it must be at most {MAX_VERDICT} s"),
        (
            committee.max_challenge <= MAX_CHALLENGE,
            "max_challenge",
            f"it is {committee.max_challenge} s; at most {MAX_CHALLENGE}",
        ),
        (
            0 < committee.min_ruling <= MAX_RULING,
            "min_ruling",
            f"it is {committee.min_ruling} s; 1 to {MAX_RULING}",
        ),
        (
            committee.silence <= MAX_SILENCE
            and (k == 0 or ceil_div(committee.silence, k) <= committee.stake),
            "silence",
            f"it must be at most {MAX_SILENCE} base units, and its part by the threshold at most the stake",
        ),
    ]
    return [Problem(field, message) for holds, field, message in rules if not holds]


def _party_problems(agreement: Agreement, escrow: Address) -> Iterator[Problem]:
    terms, opening = agreement.terms, agreement.opening
    if terms.buyer in (ZERO_ADDRESS, escrow):
        yield Problem("terms.buyer", "the buyer is the zero address or the escrow")
    if terms.provider in (ZERO_ADDRESS, escrow):
        yield Problem("terms.provider", "the provider is the zero address or the escrow")
    if terms.provider == terms.buyer:
        yield Problem("terms.provider", "buyer and provider are the same account")
    if terms.gated == 0:
        yield Problem(
            "terms.gated", "the gated amount is zero", "pay a part of the price only after the verdict"
        )
    if opening.pact == ZERO_HASH:
        yield Problem("opening.pact", "no pact is named", "oracle pact hash FILE prints its hash")


def _time_problems(agreement: Agreement, now: int, fixed: Constants) -> Iterator[Problem]:
    terms, opening = agreement.terms, agreement.opening
    if now >= opening.open_by:
        yield Problem(
            "opening.open_by",
            f"it could be opened only before {show_time(opening.open_by)}; it is {show_time(now)}",
            "choose a later time; both must sign again",
        )
    if opening.deliver_by < opening.open_by + fixed.min_delivery:
        yield Problem(
            "opening.deliver_by",
            f"it must lie at least {fixed.min_delivery} s after open_by",
            "choose a later time",
        )
    if terms.judge_by <= opening.deliver_by:
        yield Problem("terms.judge_by", "it must lie after deliver_by", "choose a later time")
    if terms.judge_by > now + fixed.max_length:
        yield Problem(
            "terms.judge_by",
            f"it lies more than {fixed.max_length // DAY} days ahead",
            "choose an earlier time",
        )
    if terms.challenge != 0 and terms.challenge < fixed.min_challenge:
        yield Problem("terms.challenge", f"it must be 0, or at least {fixed.min_challenge} s here")
    if terms.challenge > fixed.max_challenge:
        yield Problem("terms.challenge", f"it is more than {fixed.max_challenge} s")
    if terms.ruling > fixed.max_ruling:
        yield Problem("terms.ruling", f"it is more than {fixed.max_ruling} s")


def _committee_problems(
    agreement: Agreement, now: int, fixed: Constants, committee: CommitteeView
) -> Iterator[Problem]:
    terms, opening = agreement.terms, agreement.opening
    if opening.deliver_by < terms.judge_by < opening.deliver_by + committee.min_verdict:
        yield Problem("terms.judge_by", f"the committee asks for {committee.min_verdict} s after deliver_by")
    if committee.max_challenge < terms.challenge <= fixed.max_challenge:
        yield Problem("terms.challenge", f"the committee accepts at most {committee.max_challenge} s")
    if terms.ruling < committee.min_ruling:
        yield Problem("terms.ruling", f"the committee's arbiter asks for at least {committee.min_ruling} s")
    if terms.value > committee.max_value:
        yield Problem(
            "terms.gated",
            f"the value at stake is {format_usdc(terms.value)}; the committee accepts at most "
            f"{format_usdc(committee.max_value)}",
            "lower price or bond, or use another committee",
        )
    lowest = lowest_fee(
        fee_flat=committee.fee_flat,
        fee_rate=committee.fee_rate,
        value=terms.value,
        opened_at=now,
        judge_by=terms.judge_by,
    )
    if terms.fee < lowest:
        yield Problem(
            "terms.fee",
            f"the fee is {format_usdc(terms.fee)}; opened now the committee asks {format_usdc(lowest)}",
            "raise the fee",
        )
    members = committee.active.bit_count()
    if members < committee.threshold:
        yield Problem(
            "terms.committee",
            f"it has {members} members at full stake and needs {committee.threshold}",
            "evaluators must join or top up first",
        )
    share = reserved_share(value=terms.value, silence=committee.silence, threshold=committee.threshold)
    if share > committee.stake - committee.reserved:
        yield Problem(
            "terms.committee",
            f"it cannot cover this job: {format_usdc(share)} of each member's stake is needed, "
            f"{format_usdc(committee.stake - committee.reserved)} is free",
            "wait until running jobs close, or use another committee",
        )
