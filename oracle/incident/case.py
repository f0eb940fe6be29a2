"""Everything an incident is derived from, read beforehand. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from oracle.decide.jobs import JobRecord
from oracle.domain.terms import Agreement
from oracle.domain.types import Basis, Hash, Outcome
from oracle.history.task import Task
from oracle.policy.document import Policy
from oracle.policy.event import PolicyEvent
from oracle.score.document import At


@dataclass(frozen=True, slots=True)
class FailedCondition:
    """A condition that an evaluation found broken."""

    id: str
    severity: str
    reason: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What one evaluation of the delivery found.

    Args:
        evidence: Its record's hash.
        ours: Whether it was made here.
        failed: Conditions it found broken, the critical ones first.
        obstacles: Why the delivery could not be had as agreed.
    """

    evidence: Hash
    evaluator: str
    ours: bool
    outcome: str
    finished_at: int
    failed: tuple[FailedCondition, ...]
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """An attestation, as it was seen."""

    evaluator: int
    outcome: Outcome
    seen_at: int


@dataclass(frozen=True, slots=True)
class Case:
    """One job and what is known around it.

    Args:
        methodology: The committee's; None where the committee is not known.
        slashed: Taken from stakes over this job, base units.
        around: Every job, tab and period of the same agent and of the same committee, this one too.
        looks: Evaluations of other jobs' deliveries, by job.
        methodologies: By committee.
        events: What policies said of the agent and of the committee's evaluators.
        policies: In force now.
        score: The agent's when the job was opened, None where it was unknown.
    """

    at: At
    task: Task
    agreement: Agreement
    record: JobRecord
    methodology: Hash | None
    slashed: int = 0
    looked: tuple[Looked, ...] = ()
    said: tuple[Said, ...] = ()
    around: tuple[Task, ...] = ()
    looks: Mapping[Hash, tuple[Looked, ...]] = field(default_factory=dict)
    events: tuple[PolicyEvent, ...] = ()
    policies: tuple[Policy, ...] = ()
    methodologies: Mapping[Hash, Hash] = field(default_factory=dict)
    score: int | None = None

    @property
    def opened_at(self) -> int:
        """When it was opened, Unix seconds."""
        return self.task.opened.timestamp

    @property
    def visible_at(self) -> int | None:
        """When the chain first said that something was wrong: a verdict that is no Pass, a lapse, a dispute,
        an end that is no Pass. None where nothing was.
        """
        task = self.task
        moments: list[int] = []
        if task.judged is not None and (
            task.judged.outcome is not Outcome.PASS or task.judged.basis is not Basis.VERDICT
        ):
            moments.append(task.judged.place.timestamp)
        if task.disputed is not None:
            moments.append(task.disputed.timestamp)
        if task.close is not None and task.close.outcome is not Outcome.PASS:
            moments.append(task.close.place.timestamp)
        return min(moments, default=None)
