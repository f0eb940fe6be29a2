"""What the provider never sees. `candidate` calls the delivered code in another sandbox."""

import random
from fractions import Fraction

import candidate
import pytest

allot = candidate.load("allot.split")
text = candidate.load("allot.text")


def reference(total, weights):
    """The rules of the README, written down independently."""
    whole = sum(weights)
    exact = [Fraction(abs(total) * weight, whole) for weight in weights]
    parts = [int(share) for share in exact]
    order = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))
    for index in order[: abs(total) - sum(parts)]:
        parts[index] += 1
    return [-part for part in parts] if total < 0 else parts


def test_package_exports_both():
    package = candidate.load("allot")
    assert package.allot(100, [1, 1, 1]) == [34, 33, 33]
    assert package.format_cents(1234) == "12.34"


def test_largest_fraction_gets_the_cent():
    assert allot.allot(100, [1, 5, 1]) == [14, 72, 14]
    assert allot.allot(10, [1, 2, 4]) == [1, 3, 6]


def test_ties_go_to_the_first():
    assert allot.allot(5, [1, 1, 1, 1]) == [2, 1, 1, 1]
    assert allot.allot(6, [1, 1, 1, 1]) == [2, 2, 1, 1]


def test_refund_mirrors_payment():
    for total, weights in [(100, [1, 1, 1]), (5, [1, 1, 1, 1]), (101, [2, 3, 5])]:
        assert allot.allot(-total, weights) == [-part for part in allot.allot(total, weights)]
        assert allot.allot(-total, weights) == reference(-total, weights)


def test_zero_total_and_zero_weights():
    assert allot.allot(0, [3, 4]) == [0, 0]
    assert allot.allot(7, [0, 1, 0, 1]) == [0, 4, 0, 3]


def test_huge_amounts_stay_exact():
    total = 10**21 + 7
    assert allot.allot(total, [1, 1, 1]) == reference(total, [1, 1, 1])
    assert sum(allot.allot(total, [3, 7, 11, 13])) == total


def test_random_splits_follow_the_rules():
    draw = random.Random(20)
    for _ in range(200):
        weights = [draw.randrange(0, 50) for _ in range(draw.randrange(1, 8))]
        if sum(weights) == 0:
            weights[0] = 1
        total = draw.randrange(-10_000, 10_000)
        assert allot.allot(total, weights) == reference(total, weights), (total, weights)


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 2]], ids=["none", "all-zero", "negative"])
def test_bad_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        allot.allot(100, weights)


@pytest.mark.parametrize(
    ("cents", "expected"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (-100, "-1.00"), (-1234, "-12.34"), (100000, "1000.00")],
)
def test_amounts_as_text(cents, expected):
    assert text.format_cents(cents) == expected
