"""Which interactions of a period are drawn, and how many."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import comb

import pytest

from oracle.decide.draw import Draw, DrawError
from oracle.decide.estimate import Estimate, FailRule, Sampled, estimate
from oracle.decide.sampling import (
    COMPLAINED,
    Rises,
    Row,
    Standing,
    Stratum,
    allocate,
    choose,
    draw_sample,
    sample_size,
)
from oracle.domain.types import Outcome

ROWS = (Row(1_000, 20, 0), Row(50_000, 100, 50), Row(None, 400, 100))
RISES = Rises(3, 20_000, 20_000, 15_000, 40_000)
KNOWN = Standing(provider_periods=9, disputes=0, pair_periods=4)


def seed(number: int) -> Draw:
    return Draw(number.to_bytes(32, "big"))


def drawn(prices: list[int], wanted: int, number: int = 1, **changes: object) -> dict[str, Stratum]:
    given = {"complained": (), "complaints_at_most": 10} | changes
    strata = draw_sample(enumerate(prices), wanted=wanted, draw=seed(number), **given)  # type: ignore[arg-type]
    return {each.name: each for each in strata}


@pytest.mark.parametrize(
    ("value", "population", "wanted"),
    [(1_000, 5_000, 20), (1_001, 5_000, 100), (50_001, 5_000, 400), (50_001, 1_000_000, 10_000), (5, 7, 7)],
)
def test_sample_size__row_of_the_value(value: int, population: int, wanted: int) -> None:
    assert sample_size(population, value, ROWS, RISES, KNOWN).wanted == wanted


@pytest.mark.parametrize(
    ("standing", "reasons", "wanted"),
    [
        (KNOWN, (), 20),
        (Standing(2, 0, 4), ("thin evidence",), 40),
        (Standing(9, 1, 4), ("recent disputes",), 40),
        (Standing(9, 0, 0), ("new pair",), 30),
        (Standing(0, 0, 0), ("thin evidence", "new pair"), 60),
        (Standing(0, 5, 0), ("thin evidence", "recent disputes", "new pair"), 80),
    ],
)
def test_sample_size__is_raised_by_what_the_chain_says(
    standing: Standing, reasons: tuple[str, ...], wanted: int
) -> None:
    size = sample_size(5_000, 900, ROWS, RISES, standing)
    assert (size.reasons, size.wanted, size.base) == (reasons, wanted, 20)


def test_sample_size__no_row_for_the_value__is_an_error() -> None:
    with pytest.raises(DrawError, match="no row"):
        sample_size(10, 2_000, ROWS[:1], RISES, KNOWN)


def test_choose__every_subset_is_equally_likely() -> None:
    """Chi square over all subsets of 3 of 6, from 4,000 seeds: above 43.8 once in a thousand (19 degrees)."""
    seen = Counter(choose(seed(number), "s", 6, 3) for number in range(4_000))
    expected = 4_000 / comb(6, 3)
    assert set(seen) == set(combinations(range(6), 3))
    assert sum((count - expected) ** 2 / expected for count in seen.values()) < 43.8


@pytest.mark.parametrize("number", [-1, 7])
def test_choose__more_than_there_are__is_an_error(number: int) -> None:
    with pytest.raises(DrawError, match="of 6"):
        choose(seed(1), "s", 6, number)


def test_draw_sample__another_seed_draws_others_and_the_same_the_same() -> None:
    prices = [5] * 1_000
    assert drawn(prices, 20) == drawn(prices, 20)
    assert drawn(prices, 20) != drawn(prices, 20, number=2)


def test_draw_sample__dear_interactions_are_drawn_at_a_higher_rate() -> None:
    strata = drawn([10] * 900 + [1_000] * 100, 50)
    cheap, dear = strata["price-04"], strata["price-10"]
    assert (cheap.population, cheap.amount, dear.population, dear.amount) == (900, 9_000, 100, 100_000)
    assert (len(cheap.drawn), len(dear.drawn)) == (5, 46)
    assert all(index < 900 for index in cheap.drawn)
    assert all(index >= 900 for index in dear.drawn)


def test_draw_sample__complained_of__is_drawn_up_to_the_limit() -> None:
    prices = [5] * 100
    name = f"{COMPLAINED}-03"
    assert drawn(prices, 10, complained=[3, 50, 99, 7_000])[name].drawn == (3, 50, 99)
    many = drawn(prices, 10, complained=range(60), complaints_at_most=12)[name]
    assert (many.population, len(many.drawn), many.amount) == (60, 12, 300)


def test_draw_sample__complaints_of_other_prices_are_strata_of_their_own() -> None:
    strata = drawn([100] * 1_000 + [5_000_000, 0, 0], 10, complained=range(1_003), complaints_at_most=100)
    assert {name: (each.population, len(each.drawn)) for name, each in strata.items()} == {
        f"{COMPLAINED}-00": (2, 0),
        f"{COMPLAINED}-07": (1_000, 99),
        f"{COMPLAINED}-23": (1, 1),
    }


def test_draw_sample__free_ones_complained_of_take_what_is_left() -> None:
    strata = drawn([100] * 7 + [0] * 9, 10, complained=range(16), complaints_at_most=12)
    assert [len(each.drawn) for each in strata.values()] == [5, 7]
    assert len(drawn([0] * 9, 10, complained=range(9), complaints_at_most=4)[f"{COMPLAINED}-00"].drawn) == 4


def judged_with_complaints(number: int, *, bad_price: int, bad: int) -> Estimate:
    """One good interaction for 5 USDC and bad ones, all of them complained of."""
    prices = [5_000_000] + [bad_price] * bad
    strata = drawn(prices, 60, number, complained=range(bad + 1), complaints_at_most=100)
    outcomes = [
        Sampled(
            each.population,
            each.amount,
            tuple((prices[index], "failed" if index else "passed") for index in each.drawn),
        )
        for each in strata.values()
    ]
    return estimate(sum(prices), outcomes, FailRule(1_000, 9_500))


def test_draw_sample__a_dear_good_one_does_not_hide_among_cheap_bad_ones() -> None:
    """2 % of the amount is bad: by complaints a buyer must not make a Fail of it."""
    found = [judged_with_complaints(number, bad_price=100, bad=1_000) for number in range(40)]
    assert {each.outcome for each in found} == {Outcome.PASS}
    assert {each.payable for each in found} == {5_000_000}
    many = [judged_with_complaints(number, bad_price=3_000, bad=1_000) for number in range(10)]
    assert {each.outcome for each in many} == {Outcome.FAIL}  # 38 % of the amount


def test_draw_sample__free_interactions__are_drawn_only_where_complained_of() -> None:
    strata = drawn([0, 0, 7], 3, complained=[1])
    assert {name: each.drawn for name, each in strata.items()} == {
        f"{COMPLAINED}-00": (1,),
        "price-03": (2,),
    }


def test_allocate__what_a_small_stratum_cannot_take_goes_to_the_others() -> None:
    assert allocate({"a": 3, "b": 1_000}, {"a": 9_000, "b": 9_000}, 100) == {"a": 3, "b": 97}


def test_allocate__a_tiny_stratum_still_gets_two() -> None:
    assert allocate({"a": 50, "b": 1_000}, {"a": 50, "b": 100_000}, 20) == {"a": 2, "b": 20}
