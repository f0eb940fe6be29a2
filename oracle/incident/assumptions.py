"""Which assumption broke, when, and by which rule. What is not named by a rule here is not named at all.

An assumption breaks when it stops being true, not when that is found out: a delivery fails the pact when it
is anchored, a verdict is wrong when it is given. So the first to break is what all later ones followed from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oracle.domain.amounts import format_usdc
from oracle.domain.canonical import canonical_hash
from oracle.domain.types import Basis, Ending, Hash, Outcome
from oracle.history.task import Task
from oracle.incident.case import FailedCondition, Looked
from oracle.incident.document import Assumption, Broken

_ABOUT_AGENT = frozenset(
    {
        Assumption.DELIVERS,
        Assumption.ANCHORED,
        Assumption.OPENABLE,
        Assumption.MEETS_PACT,
        Assumption.COVERED,
    }
)
_ORDER = list(Assumption)


def broken_of(
    task: Task, looked: Sequence[Looked] = (), *, ruling_ends: int | None = None, lost: int = 0
) -> tuple[Broken, ...]:
    """Assumptions that broke, the first one first; what broke at one moment in the order of a job's life.

    Args:
        looked: Evaluations of its delivery.
        ruling_ends: When the arbiter's time was over.
        lost: What the buyer got less back than the price, base units.
    """
    found = [*_delivering(task, looked), *_verdict(task, looked), *_end(task, ruling_ends, lost)]
    return tuple(sorted(found, key=lambda one: (one.at, _ORDER.index(one.assumption))))


def final(task: Task) -> Outcome:
    """How it ended, or stands."""
    if task.close is not None:
        return task.close.outcome
    return task.judged.outcome if task.judged is not None else Outcome.NONE


def broken_conditions(looked: Sequence[Looked]) -> tuple[FailedCondition, ...]:
    """Conditions that an evaluation found broken, each once."""
    found = {one.id: one for look in looked if look.outcome == "fail" for one in look.failed}
    return tuple(found.values())


def _delivering(task: Task, looked: Sequence[Looked]) -> Iterator[Broken]:
    end, judged, outcome = task.close, task.judged, final(task)
    if judged is not None and judged.basis is Basis.NO_SHOW:
        if outcome is Outcome.FAIL:
            yield Broken(
                assumption=Assumption.DELIVERS,
                at=task.deliver_by,
                says="nothing was anchored before the limit",
                rule="lapse by no-show",
            )
        else:
            yield Broken(
                assumption=Assumption.ANCHORED,
                at=task.deliver_by,
                says=f"nothing was anchored in time, and it still ended as {outcome.word}",
                rule="a lapse by no-show that did not stand",
            )
    elif task.delivered_at is None and end is not None and outcome is Outcome.FAIL:
        yield Broken(
            assumption=Assumption.DELIVERS,
            at=end.place.timestamp,
            says="the provider gave up before it delivered",
            rule="conceded by the provider with nothing anchored",
        )
    elif task.delivered_at is not None and (task.failed or outcome is Outcome.FAIL):
        yield _delivery(looked, task.delivered_at)


def _delivery(looked: Sequence[Looked], at: int) -> Broken:
    obstacles = [line for one in looked if one.outcome == "fail" for line in one.obstacles]
    if obstacles:
        return Broken(
            assumption=Assumption.OPENABLE,
            at=at,
            says=obstacles[0],
            rule="a record of the verdict names an obstacle in the intake",
        )
    broken = broken_conditions(looked)
    if broken:
        return Broken(
            assumption=Assumption.MEETS_PACT,
            at=at,
            says=f"condition {broken[0].id}: {broken[0].reason}",
            rule="a record names the conditions that failed",
            conditions=tuple(one.id for one in broken),
        )
    return Broken(
        assumption=Assumption.MEETS_PACT,
        at=at,
        says="it was judged not to meet the pact; no record here names the condition",
        rule="the final outcome is Fail, with a delivery",
    )


def _verdict(task: Task, looked: Sequence[Looked]) -> Iterator[Broken]:
    judged = task.judged
    if judged is None:
        return
    given = judged.place.timestamp
    if judged.basis is Basis.SILENCE:
        yield Broken(
            assumption=Assumption.ANSWERS,
            at=task.judge_by,
            says="fewer evaluators than the threshold attested before the limit",
            rule="lapse by silence",
        )
    if judged.basis is not Basis.VERDICT:
        return
    if judged.outcome is Outcome.LAPSE:
        yield Broken(
            assumption=Assumption.DECIDABLE,
            at=given,
            says="the evaluators attested that they could not decide",
            rule="a verdict of Lapse",
        )
    if task.overturned:
        yield Broken(
            assumption=Assumption.JUDGES,
            at=given,
            says=f"the verdict was {judged.outcome.word}; the arbiter ruled {final(task).word}",
            rule="a verdict that was overturned",
        )
        return
    contrary = [one for one in looked if one.ours and one.outcome not in (judged.outcome.word, "lapse")]
    if contrary and task.close is not None and task.close.outcome is judged.outcome:
        yield Broken(
            assumption=Assumption.JUDGES,
            at=given,
            says=f"the verdict was {judged.outcome.word}; the record made here says {contrary[0].outcome}",
            rule="the record made here contradicts the verdict",
        )
        if task.disputed is None:
            yield Broken(
                assumption=Assumption.DISPUTES,
                at=task.close.place.timestamp,
                says="nobody disputed it",
                rule="a verdict that the record here contradicts became final undisputed",
            )


def _end(task: Task, ruling_ends: int | None, lost: int) -> Iterator[Broken]:
    end = task.close
    if end is None:
        return
    if end.ending is Ending.RULING_OVER:
        yield Broken(
            assumption=Assumption.RULES,
            at=end.place.timestamp if ruling_ends is None else ruling_ends,
            says="the ruling period passed without a ruling",
            rule="closed after the ruling period",
        )
    if end.outcome is Outcome.FAIL and lost > 0:
        yield Broken(
            assumption=Assumption.COVERED,
            at=end.place.timestamp,
            says=f"the buyer got {format_usdc(lost)} less back than the price",
            rule="a failed job whose up-front part is more than the bond",
        )


def weakness_of(first: Broken, task: Task) -> tuple[Hash, str]:
    """The key by which repeats are counted, and the same in words."""
    agent = first.assumption in _ABOUT_AGENT
    who = task.provider if agent else task.committee
    conditions = sorted(first.conditions)
    named = ", ".join(conditions) or "no condition named"
    says = f"{first.assumption} ({named}), {'agent' if agent else 'committee'} {who}, pact {task.pact}"
    key = [first.assumption.value, who, task.pact, conditions]
    return canonical_hash(key), says
