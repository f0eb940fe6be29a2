"""PROTOCOL.md's payout table, row by row, in numbers worked out by hand.

G = 100, B = 41, F = 7, k = 3: V = 141, so D = 29 (a fifth, rounded up). A = 10, D - A = 19, h = 10, h' = 9.
Five members, two of them silent. Z = 12: three from each silent member (12/5 rounded up), so Z' = 6.
"""

from __future__ import annotations

import pytest

from oracle.decide.payouts import (
    Payout,
    PayoutError,
    Stakes,
    agreed,
    conceded_in_open,
    may_dispute,
    moved,
    overturned,
    ruled,
    stands,
    upheld,
)
from oracle.domain.types import Basis, Outcome, Party

PASS, FAIL, LAPSE = Outcome.PASS, Outcome.FAIL, Outcome.LAPSE
VERDICT, NO_SHOW, SILENCE = Basis.VERDICT, Basis.NO_SHOW, Basis.SILENCE
BUYER, PROVIDER = Party.BUYER, Party.PROVIDER

JOB = Stakes(gated=100, bond=41, fee=7, threshold=3, arbiter_cost=10, silence=12, members=5, silent=2)


def test_the_deposit_is_a_fifth_rounded_up_and_at_least_the_arbiter_s_cost() -> None:
    assert JOB.deposit == 29
    assert Stakes(gated=100, bond=40, fee=0, threshold=1).deposit == 28
    assert Stakes(gated=100, bond=41, fee=0, threshold=1, arbiter_cost=50).deposit == 50


@pytest.mark.parametrize(
    ("row", "provisional", "basis", "expected"),
    [
        ("Pass", PASS, VERDICT, Payout(0, 141, 7)),
        ("Fail", FAIL, VERDICT, Payout(141, 0, 7)),
        ("no-show Fail", FAIL, NO_SHOW, Payout(141, 0, 7)),
        ("Lapse, attested", LAPSE, VERDICT, Payout(100, 41, 7)),
        ("Lapse by silence", LAPSE, SILENCE, Payout(107, 41 + 6, 0, slash_each=3, slashed=2)),
    ],
)
def test_undisputed(row: str, provisional: Outcome, basis: Basis, expected: Payout) -> None:
    assert stands(JOB, provisional, basis) == expected, row


@pytest.mark.parametrize(
    ("row", "provisional", "basis", "disputant", "expected"),
    [
        ("Pass", PASS, VERDICT, BUYER, Payout(29, 141, 7)),
        ("Fail", FAIL, VERDICT, PROVIDER, Payout(141, 29, 7)),
        ("no-show Fail", FAIL, NO_SHOW, PROVIDER, Payout(141, 29, 7)),
        ("attested Lapse, buyer", LAPSE, VERDICT, BUYER, Payout(129, 41, 7)),
        ("attested Lapse, provider", LAPSE, VERDICT, PROVIDER, Payout(100, 70, 7)),
        ("silence, buyer", LAPSE, SILENCE, BUYER, Payout(107 + 29, 47, 0, slash_each=3, slashed=2)),
        ("silence, provider", LAPSE, SILENCE, PROVIDER, Payout(107, 47 + 29, 0, slash_each=3, slashed=2)),
    ],
)
def test_arbiter_silent(
    row: str, provisional: Outcome, basis: Basis, disputant: Party, expected: Payout
) -> None:
    assert stands(JOB, provisional, basis, disputant) == expected, row


@pytest.mark.parametrize(
    ("row", "provisional", "basis", "disputant", "expected"),
    [
        ("Pass upheld", PASS, VERDICT, BUYER, Payout(0, 141 + 10, 7 + 9, 10)),
        ("Fail upheld", FAIL, VERDICT, PROVIDER, Payout(141 + 10, 0, 7 + 9, 10)),
        ("no-show Fail upheld", FAIL, NO_SHOW, PROVIDER, Payout(141 + 10, 0, 7 + 9, 10)),
        ("attested Lapse, provider disputed", LAPSE, VERDICT, PROVIDER, Payout(100 + 10, 41, 7 + 9, 10)),
        ("attested Lapse, buyer disputed", LAPSE, VERDICT, BUYER, Payout(100, 41 + 10, 7 + 9, 10)),
        ("silence, provider disputed", LAPSE, SILENCE, PROVIDER, Payout(107 + 19, 47, 0, 10, 3, 2)),
        ("silence, buyer disputed", LAPSE, SILENCE, BUYER, Payout(107, 47 + 19, 0, 10, 3, 2)),
    ],
)
def test_upheld(row: str, provisional: Outcome, basis: Basis, disputant: Party, expected: Payout) -> None:
    assert upheld(JOB, provisional, basis, disputant) == expected, row
    assert ruled(JOB, provisional, basis, disputant, provisional) == expected, row


# M / k rounded up: (141, 100, 41) / 3 = 47, 34, 14, so 141, 102 and 42 are taken.
# By silence, of each of two: max(Z, M) / 5 rounded up = 20 for M = 100 and 9 for M = 41.
@pytest.mark.parametrize(
    ("row", "provisional", "basis", "ruling", "disputants", "expected"),
    [
        ("Pass -> Fail", PASS, VERDICT, FAIL, [BUYER], Payout(141 + 141 + 7 + 19, 0, 0, 10, 47, 3)),
        ("Pass -> Lapse", PASS, VERDICT, LAPSE, [BUYER], Payout(100 + 102 + 7 + 19, 41, 0, 10, 34, 3)),
        ("Fail -> Pass", FAIL, VERDICT, PASS, [PROVIDER], Payout(0, 141 + 141 + 7 + 19, 0, 10, 47, 3)),
        ("Fail -> Lapse", FAIL, VERDICT, LAPSE, [PROVIDER], Payout(100, 41 + 42 + 7 + 19, 0, 10, 14, 3)),
        ("attested Lapse -> Pass", LAPSE, VERDICT, PASS, Party, Payout(0, 141 + 102 + 7 + 19, 0, 10, 34, 3)),
        ("attested Lapse -> Fail", LAPSE, VERDICT, FAIL, Party, Payout(141 + 42 + 7 + 19, 0, 0, 10, 14, 3)),
        ("silence -> Pass", LAPSE, SILENCE, PASS, Party, Payout(7, 141 + 19 + 40, 0, 10, 20, 2)),
        ("silence -> Fail", LAPSE, SILENCE, FAIL, Party, Payout(141 + 7 + 19 + 18, 0, 0, 10, 9, 2)),
        ("no-show Fail -> Pass", FAIL, NO_SHOW, PASS, [PROVIDER], Payout(0, 141 + 19, 7, 10)),
        ("no-show Fail -> Lapse", FAIL, NO_SHOW, LAPSE, [PROVIDER], Payout(100, 41 + 19, 7, 10)),
    ],
)
def test_overturned(
    row: str, provisional: Outcome, basis: Basis, ruling: Outcome, disputants: list[Party], expected: Payout
) -> None:
    for disputant in disputants:
        assert overturned(JOB, provisional, basis, disputant, ruling) == expected, row
        assert ruled(JOB, provisional, basis, disputant, ruling) == expected, row


def test_silence_overturned_takes_the_larger_of_price_and_moved_amount() -> None:
    dear = Stakes(100, 41, 7, threshold=3, arbiter_cost=10, silence=200, members=5, silent=2)
    assert overturned(dear, LAPSE, SILENCE, BUYER, FAIL) == Payout(141 + 7 + 19 + 80, 0, 0, 10, 40, 2)


def test_conceding_in_open_gives_the_other_everything() -> None:
    assert conceded_in_open(JOB, BUYER) == Payout(0, 141, 7)
    assert conceded_in_open(JOB, PROVIDER) == Payout(141, 0, 7)


@pytest.mark.parametrize(
    ("case", "by_silence", "disputant", "expected"),
    [
        ("Open, or Judged by verdict", False, None, Payout(60, 81, 7)),
        ("Judged by silence", True, None, Payout(60 + 7, 81 + 6, 0, 0, 3, 2)),
        ("Disputed by the buyer", False, BUYER, Payout(60 + 19, 81, 7, 10)),
        ("Disputed by the provider", False, PROVIDER, Payout(60, 81 + 19, 7, 10)),
        ("Disputed by the buyer, silence", True, BUYER, Payout(60 + 7 + 19, 81 + 6, 0, 10, 3, 2)),
    ],
)
def test_agree(case: str, by_silence: bool, disputant: Party | None, expected: Payout) -> None:
    assert agreed(JOB, 60, by_silence=by_silence, disputant=disputant) == expected, case


@pytest.mark.parametrize("to_buyer", [-1, 142])
def test_nobody_can_agree_on_more_than_there_is(to_buyer: int) -> None:
    with pytest.raises(PayoutError, match="there are 141"):
        agreed(JOB, to_buyer)


def test_only_who_an_outcome_goes_against_may_dispute_it() -> None:
    allowed = {(o, p) for o in Outcome for p in Party if may_dispute(o, p)}
    assert allowed == {(PASS, BUYER), (FAIL, PROVIDER), (LAPSE, BUYER), (LAPSE, PROVIDER)}
    with pytest.raises(PayoutError, match="the provider cannot dispute pass"):
        upheld(JOB, PASS, VERDICT, PROVIDER)


def test_cases_the_contract_cannot_reach_have_no_row() -> None:
    for provisional, basis in ((PASS, NO_SHOW), (LAPSE, NO_SHOW), (PASS, SILENCE), (Outcome.NONE, VERDICT)):
        with pytest.raises(PayoutError, match="never rests on"):
            stands(JOB, provisional, basis)
    with pytest.raises(PayoutError, match="does not overturn"):
        overturned(JOB, PASS, VERDICT, BUYER, PASS)
    with pytest.raises(PayoutError, match="does not overturn"):
        overturned(JOB, PASS, VERDICT, BUYER, Outcome.NONE)
    with pytest.raises(PayoutError, match="cannot be silent"):
        stands(Stakes(1, 1, 1, threshold=1, members=1, silent=2), LAPSE, SILENCE)
    with pytest.raises(PayoutError, match="nothing lies between"):
        moved(JOB, PASS, PASS)
