"""What policies would have done in a past history, beside the same history without them.

A job or tab the policies would have refused did not happen in the run with them: it opens nothing, ends
nothing and says nothing of anybody. One that was too large or too thinly bonded counts as refused; whether
the parties would have agreed on a smaller one nobody knows. Of a tab its periods are counted, each with what
was presented.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from oracle.domain.types import Hash
from oracle.history.task import Step, Task, TaskKind, happenings
from oracle.policy.admission import Asked, Refusal, admit
from oracle.policy.document import Policy
from oracle.policy.engine import Engine
from oracle.policy.event import PolicyEvent


@dataclass(frozen=True, slots=True)
class Refused:
    """A job or tab that was not let in, and why."""

    task: Task
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """Prices of jobs and periods, base units: of all, of those that failed, of those that passed."""

    jobs: int
    total: int
    failed_jobs: int
    failed: int
    passed_jobs: int
    passed: int


@dataclass(frozen=True, slots=True)
class Point:
    """Sums after a job or tab was opened in the history, let in or not: prices of what was to fail."""

    time: int
    jobs: int
    failed_without: int
    failed_with: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """Both runs. `saved`: what was entrusted in jobs that failed, and would not have been."""

    without: Exposure
    with_policies: Exposure
    refused: tuple[Refused, ...]
    events: tuple[PolicyEvent, ...]
    points: tuple[Point, ...]

    @property
    def saved(self) -> int:
        """Prices of jobs that failed and would have been refused, base units."""
        return self.without.failed - self.with_policies.failed

    @property
    def forgone(self) -> int:
        """Prices of jobs that passed and would have been refused: what the policies cost, base units."""
        return self.without.passed - self.with_policies.passed


def simulate(
    policies: Sequence[Policy], tasks: Sequence[Task], *, roots: frozenset[Hash], until: int
) -> Simulation:
    """Run policies over a history, as if they had been in force from its beginning.

    Args:
        until: Unix seconds up to which time passes after the last job.

    Raises:
        ScoreError: the history is not one of this chain: blocks and times do not agree.
    """
    engine = Engine(policies, roots, live=False)
    refused: dict[Hash, Refused] = {}
    points: list[Point] = []
    failed_without = failed_with = 0
    lost: Counter[Hash] = Counter()
    for one in tasks:
        lost[one.job] += one.price if one.failed else 0
    for happening in happenings(tasks):
        task = happening.task
        if task.job in refused:
            continue
        if happening.step is not Step.OPENED:
            engine.step(happening)
            continue
        engine.pass_time(happening.place.timestamp)
        found = admit(engine, Asked(task.provider, task.price, task.bond, task.committee, task.pact))
        failed_without += lost[task.job]
        if found.admitted:
            failed_with += lost[task.job]
            engine.step(happening)
        else:
            refused[task.job] = Refused(task, found.refusals)
        points.append(Point(happening.place.timestamp, len(points) + 1, failed_without, failed_with))
    engine.pass_time(until)
    return Simulation(
        without=_exposure(tasks),
        with_policies=_exposure([task for task in tasks if task.job not in refused]),
        refused=tuple(refused.values()),
        events=tuple(engine.events),
        points=tuple(points),
    )


def _exposure(tasks: Sequence[Task]) -> Exposure:
    tasks = [one for one in tasks if one.kind is not TaskKind.TAB]
    failed, passed = [one for one in tasks if one.failed], [one for one in tasks if one.passed]
    return Exposure(
        jobs=len(tasks),
        total=sum(one.price for one in tasks),
        failed_jobs=len(failed),
        failed=sum(one.price for one in failed),
        passed_jobs=len(passed),
        passed=sum(one.price for one in passed),
    )
