"""Who gets what when a period of a tab is over: the table of contracts/tabs/libraries/TabPayouts.sol.

Pure arithmetic in USDC base units. What is payable comes out of the tab's balance and is not in a split. For
every split: buyer + provider + evaluators + arbiter = verdict fee + deposit, and the fee for readiness where
`with_fee`.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.types import Outcome


@dataclass(frozen=True, slots=True)
class PeriodCase:
    """What a period's split depends on.

    Args:
        bond: B.
        verdict_fee: For this period's verdict.
        fee: For readiness, over the whole tab.
        deposit: D; zero where nobody disputed.
        arbiter_cost: A.
        silence: Z.
        threshold: k.
        members: n, who may sign for the tab.
        provisional: The provisional outcome.
        payable: What is provisionally payable.
        by_silence: Whether it rests on the silence of the committee.
        buyer_disputes: Whether the disputant is the buyer.
    """

    bond: int
    verdict_fee: int
    fee: int
    deposit: int
    arbiter_cost: int
    silence: int
    threshold: int
    members: int
    provisional: Outcome
    payable: int
    by_silence: bool
    buyer_disputes: bool


@dataclass(frozen=True, slots=True)
class PeriodSplit:
    """Who gets what. `slash_each` is taken from each signer or silent member and goes whole to one party.

    `with_fee`: the fee for readiness is in the split, coverage is given back, and so the tab ends.
    """

    buyer: int
    provider: int
    evaluators: int
    arbiter: int
    slash_each: int
    slashed_to_provider: bool
    with_fee: bool


def stands(case: PeriodCase) -> PeriodSplit:
    """Nobody ruled: settled after the challenge, or the arbiter was silent."""
    buyer, provider, evaluators = _plain(case)
    if case.buyer_disputes:
        buyer += case.deposit
    else:
        provider += case.deposit
    return _split(case, buyer, provider, evaluators, 0)


def upheld(case: PeriodCase) -> PeriodSplit:
    """The arbiter ruled what was provisional."""
    buyer, provider, evaluators = _plain(case)
    rest = case.deposit - case.arbiter_cost
    to_party = rest if case.by_silence else rest - rest // 2
    evaluators += rest - to_party
    if case.buyer_disputes:
        provider += to_party
    else:
        buyer += to_party
    return _split(case, buyer, provider, evaluators, case.arbiter_cost)


def overturned(case: PeriodCase, outcome: Outcome, payable: int) -> PeriodSplit:
    """The arbiter ruled something else."""
    moved = moves(case, outcome, payable)
    favoured = case.deposit - case.arbiter_cost
    for_provider = position(outcome, payable, case.bond) > position(case.provisional, case.payable, case.bond)
    buyer = 0
    if case.by_silence:
        each = _ceil(max(case.silence, moved), case.members)
        buyer = case.verdict_fee + case.fee
    else:
        each = _ceil(moved, case.threshold)
        favoured += case.verdict_fee + case.fee
    provider = favoured if for_provider else 0
    buyer += 0 if for_provider else favoured
    return PeriodSplit(buyer, provider, 0, case.arbiter_cost, each, for_provider, with_fee=True)


def agreed(case: PeriodCase) -> PeriodSplit:
    """The parties ended the tab themselves; the arbiter of a pending dispute keeps its cost."""
    buyer, provider, evaluators = _plain(case)
    rest = case.deposit - case.arbiter_cost if case.deposit else 0
    if case.buyer_disputes:
        buyer += rest
    else:
        provider += rest
    return _split(case, buyer, provider, evaluators, case.arbiter_cost if case.deposit else 0)


def moves(case: PeriodCase, outcome: Outcome, payable: int) -> int:
    """M: the difference in payable, with the bond where exactly one of the two outcomes is Fail."""
    one_fails = (outcome is Outcome.FAIL) != (case.provisional is Outcome.FAIL)
    return abs(payable - case.payable) + (case.bond if one_fails else 0)


def position(outcome: Outcome, payable: int, bond: int) -> int:
    """What an outcome leaves the provider with, twice; of two that leave the same, Fail is the worse one.

    So any two between which a ruling can differ favour one side, also where there is no bond.
    """
    return 2 * payable if outcome is Outcome.FAIL else 2 * (payable + bond) + 1


def _plain(case: PeriodCase) -> tuple[int, int, int]:
    if case.by_silence:
        return case.verdict_fee + case.fee, 0, 0
    return 0, 0, case.verdict_fee


def _split(case: PeriodCase, buyer: int, provider: int, evaluators: int, arbiter: int) -> PeriodSplit:
    each = _ceil(case.silence, case.members) if case.by_silence else 0
    return PeriodSplit(buyer, provider, evaluators, arbiter, each, case.by_silence, case.by_silence)


def _ceil(amount: int, parts: int) -> int:
    return -(-amount // parts)
