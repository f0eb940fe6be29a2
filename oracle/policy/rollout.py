"""The cap of a rollout: widened step by step by fresh audited Passes, narrowed at once by bad news.

An audited Pass is one that evaluators found, that stood through its challenge, and whose committee counts.
The lower limit is that of Passes among judged jobs and periods of the workflow (Clopper and Pearson, one
side, 95 %).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from oracle.domain.types import Hash, Outcome
from oracle.history.task import Happening, Step, Task
from oracle.policy.document import Rollout
from oracle.policy.fields import DAY
from oracle.score import bounds


@dataclass(frozen=True, slots=True)
class Change:
    """A new cap, and the jobs that decided it."""

    before: int
    after: int
    lower: int
    jobs: tuple[Hash, ...]


@dataclass(slots=True)
class RolloutState:
    """One agent in one workflow. `cap` in base units."""

    rollout: Rollout
    roots: frozenset[Hash]
    cap: int = field(init=False)
    passes: int = 0
    failures: int = 0
    _fresh: list[tuple[int, Hash]] = field(default_factory=list)
    _bad: set[tuple[Hash, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cap = self.rollout.start

    @property
    def lower(self) -> int:
        """Lower limit of the share of Passes in the workflow, thousandths."""
        return bounds.lower(self.passes, self.failures, unit=1)

    def after(self, happening: Happening) -> Change | None:
        """What something that happened in the workflow does to the cap; None where it stays."""
        place, step, task = happening
        if step is Step.CLOSED:
            self.passes += task.passed
            self.failures += task.failed
        bad = step is Step.DISPUTED or (step is Step.CLOSED and task.failed)
        bad = bad or (step is Step.JUDGED and task.judged is not None and task.judged.outcome is Outcome.FAIL)
        if bad:
            return self._narrowed(task)
        if step is Step.CLOSED and self._is_audited(task):
            return self._passed(place.timestamp, task)
        return None

    def _is_audited(self, task: Task) -> bool:
        return (
            task.passed
            and task.secured
            and task.key not in self._bad
            and (not self.roots or task.committee in self.roots)
        )

    def _narrowed(self, task: Task) -> Change | None:
        if task.key in self._bad:  # a verdict, a dispute and its end are one piece of bad news
            return None
        self._bad.add(task.key)
        self._fresh.clear()
        rule = self.rollout.narrow
        return self._set(max(rule.floor, self.cap * rule.percent // 100), (task.job,))

    def _passed(self, at: int, task: Task) -> Change | None:
        rule = self.rollout.widen
        self._fresh = [one for one in self._fresh if at - one[0] <= rule.fresh_days * DAY]
        self._fresh.append((at, task.job))
        if len(self._fresh) < rule.passes or self.lower <= rule.lower_above:
            return None
        jobs = tuple(job for _, job in self._fresh)[-50:]
        self._fresh.clear()
        return self._set(min(self.rollout.most, max(self.cap + 1, self.cap * rule.percent // 100)), jobs)

    def _set(self, cap: int, jobs: tuple[Hash, ...]) -> Change | None:
        if cap == self.cap:
            return None
        change = Change(self.cap, cap, self.lower, jobs)
        self.cap = cap
        return change
