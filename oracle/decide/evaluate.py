"""What the results of a pact's conditions add up to. Pure; all arithmetic in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from oracle.domain.errors import EarnestError
from oracle.domain.types import Outcome

ConditionState: TypeAlias = Literal["passed", "failed", "undecided"]

_WHOLE = 10_000  # basis points


class AggregationError(EarnestError):
    """The results cannot be added up: they are not those of a pact."""


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """One condition as measured.

    Args:
        id: the condition's id.
        critical: it must hold; its weight is then 0.
        weight: what it counts towards the threshold.
        state: undecided never counts as held.
    """

    id: str
    critical: bool
    weight: int
    state: ConditionState


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What the results add up to.

    Args:
        outcome: PASS, FAIL, or LAPSE where it cannot be decided.
        reason: one sentence.
        held: weight of the conditions that hold.
        open: weight of the undecided ones.
        total: weight of all that count.
        needed: smallest held weight that meets the threshold.
        critical_failed, critical_undecided: ids.
    """

    outcome: Outcome
    reason: str
    held: int
    open: int
    total: int
    needed: int
    critical_failed: tuple[str, ...]
    critical_undecided: tuple[str, ...]


def needed_weight(total: int, pass_share_bps: int) -> int:
    """The smallest weight w with w / total >= the share: total times the share, rounded up."""
    return -(-total * pass_share_bps // _WHOLE)


def add_up(
    results: Sequence[ConditionResult],
    pass_share_bps: int,
    *,
    not_as_agreed: str | None = None,
    not_to_be_had: str | None = None,
) -> Aggregation:
    """Decide the outcome.

    A delivery that is not as agreed is Fail whatever the conditions say; one that could not be fetched for
    a reason that is not its own is Lapse.

    A critical failure is Fail. Where even every undecided condition holding would not reach the threshold,
    it is Fail. A critical condition that is undecided, or a threshold that hangs on undecided ones, is
    Lapse: nobody was shown to be at fault, and no money is released. Otherwise it is Pass.

    Raises:
        AggregationError: no results, an id twice, a weight that does not fit, or a share beyond 0 to 10 000.
    """
    _check(results, pass_share_bps)
    failed = tuple(r.id for r in results if r.critical and r.state == "failed")
    unknown = tuple(r.id for r in results if r.critical and r.state == "undecided")
    total = sum(r.weight for r in results)
    held = sum(r.weight for r in results if r.state == "passed")
    open_ = sum(r.weight for r in results if r.state == "undecided")
    needed = needed_weight(total, pass_share_bps)

    def decided(outcome: Outcome, reason: str) -> Aggregation:
        return Aggregation(outcome, reason, held, open_, total, needed, failed, unknown)

    if not_as_agreed is not None:
        return decided(Outcome.FAIL, f"the delivery is not as agreed: {not_as_agreed}")
    if not_to_be_had is not None:
        return decided(Outcome.LAPSE, f"the delivery could not be fetched: {not_to_be_had}")
    if failed:
        return decided(Outcome.FAIL, f"critical conditions do not hold: {', '.join(failed)}")
    if held + open_ < needed:
        return decided(Outcome.FAIL, f"weight {held + open_} of {total} at most can hold; {needed} is needed")
    if unknown:
        return decided(Outcome.LAPSE, f"critical conditions are undecided: {', '.join(unknown)}")
    if held < needed:
        return decided(
            Outcome.LAPSE,
            f"weight {held} of {total} holds and {open_} is undecided; {needed} is needed",
        )
    return decided(
        Outcome.PASS, f"every critical condition holds, and weight {held} of {total} ({needed} needed)"
    )


def _check(results: Sequence[ConditionResult], pass_share_bps: int) -> None:
    if not results:
        raise AggregationError("there are no conditions to add up", field="conditions")
    if len({result.id for result in results}) != len(results):
        raise AggregationError("a condition is given twice", field="conditions")
    if not 0 <= pass_share_bps <= _WHOLE:
        raise AggregationError(f"the share {pass_share_bps} is not 0 to {_WHOLE}", field="pass_share_bps")
    for result in results:
        if (result.weight != 0) if result.critical else (result.weight < 1):
            raise AggregationError(
                f"condition {result.id} has weight {result.weight}; critical ones have 0, others at least 1",
                field=result.id,
            )
