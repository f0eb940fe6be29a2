"""The drift test: its constants, and that its rate of false alarms is what it says."""

from __future__ import annotations

import math
import random

import pytest

from oracle.policy.drift import delay, make_test


def alarms_after(
    chance: float, seed: int, most: int, *, good: int = 50, bad: int = 200, every: int = 200
) -> int:
    test, choose, total = make_test(good, bad, every), random.Random(seed), 0
    for number in range(1, most + 1):
        total = test.after(total, failed=choose.random() < chance)
        if test.alarms(total):
            return number
    return most


def test_constants__are_logarithms_rounded_against_an_alarm() -> None:
    test = make_test(50, 200, 1_000)
    assert test.failed == math.floor(math.log(4) * 1e6)
    assert test.passed == math.floor(math.log(800 / 950) * 1e6)
    assert test.threshold == math.ceil(math.log(1_000) * 1e6)


def test_false_alarms__on_average_at_most_one_in_so_many_jobs() -> None:
    runs = [alarms_after(0.05, seed, 20_000) for seed in range(120)]
    assert sum(runs) / len(runs) >= 200


def test_delay__a_worse_agent_is_found_about_when_it_says() -> None:
    runs = [alarms_after(0.2, seed, 5_000) for seed in range(120)]
    assert sum(runs) / len(runs) <= 1.5 * delay(50, 200, 200)


@pytest.mark.parametrize(("good", "bad", "every"), [(0, 5, 9), (5, 5, 9), (5, 1_000, 9), (5, 9, 1)])
def test_make__no_test__is_refused(good: int, bad: int, every: int) -> None:
    with pytest.raises(ValueError, match="drift test needs"):
        make_test(good, bad, every)
