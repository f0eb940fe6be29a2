"""The estimate of what a period is worth: unbiased, bounded, monotone, and an interval that covers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.decide.estimate import (
    EstimateError,
    FailRule,
    Sampled,
    State,
    estimate,
    fewest,
    horvitz_thompson,
    ratio,
)
from oracle.domain.types import Outcome

RULE = FailRule(share_bps=1_000, level_bps=9_500)
STATES: tuple[State, ...] = ("passed", "failed", "undecided")


@st.composite
def stratum(draw: st.DrawFn) -> Sampled:
    low = draw(st.integers(1, 1_000_000))
    prices = draw(st.lists(st.integers(low, 2 * low - 1), min_size=1, max_size=12))
    outcomes = tuple((price, draw(st.sampled_from(STATES))) for price in prices)
    more = draw(st.lists(st.integers(low, 2 * low - 1), max_size=30))
    return Sampled(len(prices) + len(more), sum(prices) + sum(more), outcomes)


STRATA = st.lists(stratum(), min_size=1, max_size=4)


def samples(prices: list[int], failed: set[int], size: int) -> Iterator[Sampled]:
    """Every sample of that size, each equally likely."""
    for chosen in combinations(range(len(prices)), size):
        states: tuple[State, ...] = tuple("failed" if i in failed else "passed" for i in chosen)
        outcomes = tuple((prices[i], state) for i, state in zip(chosen, states, strict=True))
        yield Sampled(len(prices), sum(prices), outcomes)


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("failed", [set(), {0}, {1, 4}, {0, 2, 3, 6}, set(range(7))])
def test_unequal_prices__horvitz_thompson_is_exactly_unbiased(failed: set[int], size: int) -> None:
    prices = [64, 70, 81, 99, 100, 120, 127]
    found = [horvitz_thompson(each, "failed") for each in samples(prices, failed, size)]
    assert mean(found) == sum(prices[i] for i in failed)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
@pytest.mark.parametrize("failed", [set(), {0}, {1, 4}, {0, 2, 3, 6}, set(range(8))])
def test_equal_prices__what_is_withheld_is_exactly_unbiased(failed: set[int], size: int) -> None:
    found = [ratio(each, "failed") for each in samples([90] * 8, failed, size)]
    assert mean(found) == 90 * len(failed)


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("failed", [{0}, {6}, {1, 4}, {0, 2, 3, 6}])
def test_unequal_prices__bias_of_the_ratio_is_within_hartley_and_ross(failed: set[int], size: int) -> None:
    prices = [64, 70, 81, 99, 100, 120, 127]
    every = list(samples(prices, failed, size))
    found = [ratio(each, "failed") for each in every]
    means = [Fraction(sum(price for price, _ in each.outcomes), size) for each in every]
    bias = abs(mean(found) - sum(prices[i] for i in failed))
    variance = mean([value**2 for value in found]) - mean(found) ** 2
    spread = (mean([value**2 for value in means]) - mean(means) ** 2) / mean(means) ** 2
    assert bias**2 <= variance * spread


@given(strata=STRATA, more=st.integers(-500_000, 500_000))
@settings(deadline=None)
def test_payable__never_exceeds_what_is_presented_and_sums(strata: list[Sampled], more: int) -> None:
    presented = max(0, sum(each.amount for each in strata) + more)
    found = estimate(presented, strata, RULE)
    assert 0 <= found.payable <= presented
    assert found.payable + found.withheld == presented
    assert 0 <= found.low <= found.failed <= found.high <= presented
    assert found.withheld >= found.left_out == max(0, more if presented else 0)


@given(strata=STRATA, data=st.data(), more=st.integers(-1_000, 1_000))
@settings(deadline=None, max_examples=300)
def test_one_more_failure__never_raises_payable_nor_saves_the_bond(
    strata: list[Sampled], data: st.DataObject, more: int
) -> None:
    presented = max(0, sum(each.amount for each in strata) + more)
    which = data.draw(st.integers(0, len(strata) - 1))
    place = data.draw(st.integers(0, len(strata[which].outcomes) - 1))
    outcomes = list(strata[which].outcomes)
    outcomes[place] = (outcomes[place][0], "failed")
    worse = [*strata]
    worse[which] = replace(strata[which], outcomes=tuple(outcomes))
    before, after = estimate(presented, strata, RULE), estimate(presented, worse, RULE)
    assert after.payable <= before.payable
    assert after.low >= before.low
    assert not (before.outcome is Outcome.FAIL and after.outcome is not Outcome.FAIL)


@pytest.mark.parametrize(
    ("population", "drawn", "bad"),
    [
        (60, 20, 6),
        (60, 50, 6),
        (400, 20, 2),
        (400, 100, 8),
        (400, 100, 80),
        (5_000, 100, 100),
        (5_000, 400, 25),
    ],
)
def test_interval__one_stratum__covers_at_its_level(population: int, drawn: int, bad: int) -> None:
    """Exactly, by the hypergeometric distribution: each bound holds in at least 95 of 100 draws."""
    low_holds = high_holds = Fraction(0)
    for hits in range(max(0, drawn + bad - population), min(drawn, bad) + 1):
        chance = Fraction(comb(bad, hits) * comb(population - bad, drawn - hits), comb(population, drawn))
        outcomes: tuple[tuple[int, State], ...] = ((10, "failed"),) * hits + ((10, "passed"),) * (
            drawn - hits
        )
        found = estimate(10 * population, [Sampled(population, 10 * population, outcomes)], RULE)
        low_holds += chance * (found.low <= 10 * bad)
        high_holds += chance * (found.high >= 10 * bad)
    assert low_holds >= Fraction(95, 100)
    assert high_holds >= Fraction(95, 100)


@pytest.mark.parametrize("where", ["dear", "cheap", "everywhere"])
def test_interval__several_strata__covers_at_its_level(where: str) -> None:
    """By simulation: 600 draws, so a bound that held in 95 % holds in fewer than 92.5 % once in 300 times."""
    random = np.random.default_rng(7)
    sizes, prices, draws = (800, 300, 40), (10, 80, 1_000), (10, 27, 26)
    share = {"dear": (0.0, 0.0, 0.2), "cheap": (0.4, 0.0, 0.0), "everywhere": (0.1, 0.1, 0.1)}[where]
    bad = [round(size * part) for size, part in zip(sizes, share, strict=True)]
    truth = sum(price * count for price, count in zip(prices, bad, strict=True))
    presented = sum(size * price for size, price in zip(sizes, prices, strict=True))
    held = np.zeros(2)
    for _ in range(600):
        strata = []
        for size, price, count, drawn in zip(sizes, prices, bad, draws, strict=True):
            hits = int(random.hypergeometric(count, size - count, drawn))
            outcomes: tuple[tuple[int, State], ...] = ((price, "failed"),) * hits
            outcomes += ((price, "passed"),) * (drawn - hits)
            strata.append(Sampled(size, size * price, outcomes))
        found = estimate(presented, strata, RULE)
        held += (found.low <= truth, found.high >= truth)
    assert (held / 600 >= 0.925).all()


def test_fewest__is_the_exact_bound() -> None:
    # 5 of 20 in a large population, 95 %: qbeta(0.05, 5, 16); 10 of 100, 97.5 %: qbeta(0.025, 10, 91)
    assert math.isclose(fewest(5, 20, 10**6, 9_500) / 10**6, 0.1040808, abs_tol=2e-5)
    assert math.isclose(fewest(10, 100, 10**6, 9_750) / 10**6, 0.0490047, abs_tol=2e-5)
    assert fewest(0, 20, 100, 9_500) == 0
    assert fewest(20, 20, 20, 9_500) == 20


def test_left_out__is_withheld_whole_and_can_cost_the_bond() -> None:
    good = Sampled(80, 800, ((10, "passed"),) * 20)
    found = estimate(1_000, [good], RULE)
    assert (found.left_out, found.withheld, found.payable) == (200, 200, 800)
    assert found.outcome is Outcome.FAIL  # 20 % are missing for certain, and 10 % may fail


def test_everything_drawn__there_is_no_interval() -> None:
    found = estimate(40, [Sampled(4, 40, ((10, "failed"),) + ((10, "passed"),) * 3)], RULE)
    assert (found.low, found.failed, found.high, found.effective) == (10, 10, 10, 0)


def test_undecided__releases_no_money_and_takes_no_bond() -> None:
    found = estimate(1_000, [Sampled(100, 1_000, ((10, "undecided"),) * 5 + ((10, "passed"),) * 5)], RULE)
    assert (found.payable, found.low, found.outcome) == (500, 0, Outcome.PASS)


def test_nothing_decided__is_lapse() -> None:
    found = estimate(1_000, [Sampled(100, 1_000, ((10, "undecided"),) * 10)], RULE)
    assert (found.payable, found.outcome) == (0, Outcome.LAPSE)


def test_two_of_a_hundred__is_pass_with_two_percent_withheld() -> None:
    outcomes: tuple[tuple[int, State], ...] = ((5, "failed"),) * 2 + ((5, "passed"),) * 98
    found = estimate(50_000, [Sampled(10_000, 50_000, outcomes)], RULE)
    assert (found.withheld, found.outcome) == (1_000, Outcome.PASS)


@pytest.mark.parametrize(
    "bad",
    [
        Sampled(1, 10, ((5, "passed"), (5, "passed"))),
        Sampled(2, 10, ((11, "passed"),)),
        Sampled(2, 10, ((-1, "passed"),)),
        Sampled(2, 10, ()),
    ],
)
def test_outcomes_that_do_not_fit__are_an_error(bad: Sampled) -> None:
    with pytest.raises(EstimateError):
        estimate(10, [bad], RULE)


def test_presented_below_zero__is_an_error() -> None:
    with pytest.raises(EstimateError, match="presented"):
        estimate(-1, [], RULE)
