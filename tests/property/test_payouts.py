"""What must hold for every payout: conservation to the unit, and each party's bounded downside."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oracle.decide.payouts import (
    Payout,
    Stakes,
    agreed,
    ceil_div,
    conceded_in_open,
    may_dispute,
    moved,
    ruled,
    stands,
)
from oracle.domain.types import Basis, Outcome, Party

amounts = st.integers(0, 2**64 - 1)


@st.composite
def stakes(draw: st.DrawFn) -> Stakes:
    members = draw(st.integers(1, 32))
    return Stakes(
        gated=draw(st.integers(1, 2**64 - 1)),
        bond=draw(amounts),
        fee=draw(amounts),
        threshold=draw(st.integers(members // 2 + 1, members)),
        arbiter_cost=draw(amounts),
        silence=draw(amounts),
        members=members,
        silent=draw(st.integers(0, members)),
    )


provisional = st.sampled_from(
    [
        *[(outcome, Basis.VERDICT) for outcome in Outcome if outcome],
        (Outcome.FAIL, Basis.NO_SHOW),
        (Outcome.LAPSE, Basis.SILENCE),
    ]
)
rulings = st.sampled_from([outcome for outcome in Outcome if outcome])
parties = st.sampled_from(Party)


def conserved(s: Stakes, payout: Payout, deposit: int) -> None:
    assert payout.total == s.gated + s.bond + s.fee + deposit + payout.taken
    assert min(payout.buyer, payout.provider, payout.evaluators, payout.arbiter, payout.taken) >= 0


@given(stakes(), provisional)
def test_undisputed_conserves_and_takes_no_more_than_the_price_of_silence(
    s: Stakes, case: tuple[Outcome, Basis]
) -> None:
    payout = stands(s, *case)
    conserved(s, payout, 0)
    assert payout.slash_each <= ceil_div(s.silence, s.members)


@given(stakes(), provisional, parties, rulings)
def test_disputes_conserve_and_bound_what_each_can_lose(
    s: Stakes, case: tuple[Outcome, Basis], disputant: Party, ruling: Outcome
) -> None:
    outcome, basis = case
    if not may_dispute(outcome, disputant):
        return
    conserved(s, stands(s, outcome, basis, disputant), s.deposit)
    payout = ruled(s, outcome, basis, disputant, ruling)
    conserved(s, payout, s.deposit)
    assert payout.arbiter == s.arbiter_cost  # money rule 10: alike whatever it rules
    if ruling is not outcome:
        # Money rule 5: nothing of it to one the ruling went against.
        plain = {Outcome.PASS: (0, s.value), Outcome.FAIL: (s.value, 0), Outcome.LAPSE: (s.gated, s.bond)}
        to_provider = ruling is Outcome.PASS or outcome is Outcome.FAIL
        fee_back = s.fee if basis is Basis.SILENCE else 0
        loser = payout.buyer - fee_back if to_provider else payout.provider
        assert loser == plain[ruling][0 if to_provider else 1]
    # Money rule 3: an evaluator loses at most M/k rounded up, or its part of Z; all within its reservation.
    most = max(s.value, s.silence)
    assert payout.slash_each <= ceil_div(most, s.threshold)
    if basis is Basis.VERDICT and ruling is not outcome:
        assert payout.slash_each == ceil_div(moved(s, outcome, ruling), s.threshold)


@given(stakes(), provisional, st.data())
def test_agreements_and_concessions_conserve(
    s: Stakes, case: tuple[Outcome, Basis], data: st.DataObject
) -> None:
    outcome, basis = case
    disputant = data.draw(st.sampled_from([None, *[p for p in Party if may_dispute(outcome, p)]]))
    payout = agreed(
        s,
        data.draw(st.integers(0, s.value)),
        by_silence=basis is Basis.SILENCE,
        disputant=disputant,
    )
    conserved(s, payout, s.deposit if disputant else 0)
    for party in Party:
        conserved(s, conceded_in_open(s, party), 0)


@given(stakes(), provisional, parties)
def test_disputing_oneself_costs_money_when_the_arbiter_is_right(
    s: Stakes, case: tuple[Outcome, Basis], disputant: Party
) -> None:
    outcome, basis = case
    if not may_dispute(outcome, disputant) or basis is Basis.SILENCE:
        return
    undisputed = stands(s, outcome, basis)
    disputed = ruled(s, outcome, basis, disputant, outcome)
    both = disputed.buyer + disputed.provider - s.deposit
    assert both <= undisputed.buyer + undisputed.provider
