"""What results add up to: the rule, its bounds, and that nothing undecided ever releases money."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.decide.evaluate import (
    AggregationError,
    ConditionResult,
    ConditionState,
    add_up,
    needed_weight,
)
from oracle.domain.types import Outcome

STATES = get_args(ConditionState)


def critical(state: ConditionState, name: str = "c") -> ConditionResult:
    return ConditionResult(name, True, 0, state)


def major(state: ConditionState, name: str = "m", weight: int = 3) -> ConditionResult:
    return ConditionResult(name, False, weight, state)


@pytest.mark.parametrize(
    ("results", "share", "outcome"),
    [
        pytest.param([critical("passed")], 8000, Outcome.PASS, id="all-hold"),
        pytest.param([critical("failed")], 0, Outcome.FAIL, id="critical-failed"),
        pytest.param([critical("undecided")], 0, Outcome.LAPSE, id="critical-undecided"),
        pytest.param(
            [critical("failed"), critical("undecided", "d")], 0, Outcome.FAIL, id="failed-before-undecided"
        ),
        pytest.param(
            [critical("undecided"), major("failed")], 8000, Outcome.FAIL, id="out-of-reach-before-undecided"
        ),
        pytest.param([major("failed")], 8000, Outcome.FAIL, id="below-threshold"),
        pytest.param([major("undecided")], 8000, Outcome.LAPSE, id="threshold-hangs-on-undecided"),
        pytest.param(
            [major("passed", weight=8), major("undecided", "n", weight=2)],
            8000,
            Outcome.PASS,
            id="enough-anyway",
        ),
        pytest.param(
            [major("passed", weight=8), major("failed", "n", weight=2)],
            8000,
            Outcome.PASS,
            id="exactly-enough",
        ),
        pytest.param(
            [major("passed", weight=8), major("failed", "n", weight=2)], 8001, Outcome.FAIL, id="just-short"
        ),
        pytest.param([major("failed")], 0, Outcome.PASS, id="nothing-needed"),
    ],
)
def test_add_up(results: list[ConditionResult], share: int, outcome: Outcome) -> None:
    assert add_up(results, share).outcome is outcome


def test_delivery_not_as_agreed_is_fail_even_if_all_holds() -> None:
    assert add_up([critical("passed")], 0, not_as_agreed="it is gone").outcome is Outcome.FAIL


def test_delivery_that_could_not_be_fetched_is_lapse_even_if_a_condition_failed() -> None:
    assert add_up([critical("failed")], 0, not_to_be_had="the store is down").outcome is Outcome.LAPSE


@pytest.mark.parametrize(
    ("results", "share"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([critical("passed"), critical("passed")], 0, id="twice"),
        pytest.param([critical("passed")], 10_001, id="share-above-one"),
        pytest.param([ConditionResult("c", True, 1, "passed")], 0, id="critical-with-weight"),
        pytest.param([ConditionResult("m", False, 0, "passed")], 0, id="major-without-weight"),
    ],
)
def test_what_is_no_pacts_results_is_refused(results: list[ConditionResult], share: int) -> None:
    with pytest.raises(AggregationError):
        add_up(results, share)


@given(st.integers(0, 10**6), st.integers(0, 10_000))
def test_needed_weight_is_the_smallest_that_meets_the_share(total: int, share: int) -> None:
    needed = needed_weight(total, share)
    assert needed * 10_000 >= total * share
    assert needed == 0 or (needed - 1) * 10_000 < total * share


@st.composite
def pacts(draw: st.DrawFn) -> tuple[list[ConditionResult], int]:
    count = draw(st.integers(1, 5))
    results = []
    for number in range(count):
        is_critical = draw(st.booleans())
        weight = 0 if is_critical else draw(st.integers(1, 5))
        results.append(ConditionResult(str(number), is_critical, weight, draw(st.sampled_from(STATES))))
    return results, draw(st.integers(0, 10_000))


@given(pacts())
def test_an_outcome_is_decided_exactly_when_no_answer_to_the_open_ones_changes_it(
    case: tuple[list[ConditionResult], int],
) -> None:
    results, share = case
    open_ = [position for position, result in enumerate(results) if result.state == "undecided"]
    seen = set()
    for answers in itertools.product(("passed", "failed"), repeat=len(open_)):
        filled = list(results)
        for position, answer in zip(open_, answers, strict=True):
            old = filled[position]
            filled[position] = ConditionResult(old.id, old.critical, old.weight, answer)  # type: ignore[arg-type]
        seen.add(add_up(filled, share).outcome)
    outcome = add_up(results, share).outcome
    assert outcome is (seen.pop() if len(seen) == 1 else Outcome.LAPSE)


@given(pacts(), st.integers(0, 4))
def test_turning_a_pass_into_undecided_never_helps(
    case: tuple[list[ConditionResult], int], position: int
) -> None:
    results, share = case
    old = results[position % len(results)]
    worse = [ConditionResult(r.id, r.critical, r.weight, "undecided") if r is old else r for r in results]
    if add_up(worse, share).outcome is Outcome.PASS:
        assert not old.critical
        assert old.state == "failed" or add_up(results, share).outcome is Outcome.PASS
