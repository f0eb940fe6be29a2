"""A case, read from the store and the evidence kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import orjson
from sqlalchemy.orm import Session

from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash, members_of
from oracle.evaluation.record import EvaluationRecord, parse_record
from oracle.history.task import Task, TaskKind, by_job
from oracle.incident.case import Case, FailedCondition, Looked, Said
from oracle.incident.derive import IncidentError
from oracle.policy.document import Policy
from oracle.policy.event import PolicyEvent
from oracle.score import v1
from oracle.store import jobs as job_store
from oracle.store import listing, work
from oracle.store import policies as policy_store
from oracle.store.moment import at_block
from oracle.store.tabs import get_tab
from oracle.store.tasks import tasks_of

ReadDocument = Callable[[Hash], bytes | None]
"""The bytes kept under a hash on this machine; None where there are none."""

_MOST_REASON = 300  # characters of a condition's reason
_MOST_LOOKS = 200  # other jobs whose records are opened
_PRIVATE = "the delivery is private; its owners can read why"
_SEVERITIES = ("critical", "major", "minor")


def read_case(
    session: Session,
    read: ReadDocument,
    job: Hash,
    *,
    roots: Collection[Hash],
    policies: Sequence[Policy] = (),
) -> Case:
    """Everything that is known around a job.

    Raises:
        IncidentError: the job is not in this store.
        UnknownBlockError: nothing was read yet.
    """
    return CaseReader(session, read, roots=roots, policies=policies).case(job)


class CaseReader:
    """Cases of many jobs over one view of the store; what they share is read once.

    Args:
        tasks: All jobs and tabs, where they were read already.

    Raises:
        UnknownBlockError: nothing was read yet.
    """

    def __init__(
        self,
        session: Session,
        read: ReadDocument,
        *,
        roots: Collection[Hash],
        policies: Sequence[Policy] = (),
        tasks: Sequence[Task] | None = None,
    ) -> None:
        self.at = at_block(session, None)
        self.tasks = tasks_of(session, roots=roots) if tasks is None else tasks
        self._session, self._read = session, read
        self._roots, self._policies = frozenset(roots), tuple(policies)
        self._jobs = by_job(self.tasks)
        self._near: dict[str, list[Task]] = {}
        for task in self.tasks:
            for key in (task.provider, task.committee):
                self._near.setdefault(key, []).append(task)
        self._methodologies = {
            id_: known.methodology
            for id_ in {task.committee for task in self.tasks}
            if (known := job_store.get_committee(session, id_)) is not None
        }
        self._looked: dict[Hash, tuple[Looked, ...]] = {}

    def case(self, job: Hash) -> Case:
        """Everything that is known around a job.

        Raises:
            IncidentError: the job is not in this store, or a tab is named.
        """
        session, stored, task = self._session, job_store.get_job(self._session, job), self._jobs.get(job)
        if stored is None and get_tab(session, job) is not None:
            raise IncidentError(
                f"{job} is a tab; incidents are told of jobs",
                field="job",
                next_step=f"oracle replay {job} says where its periods part from the evidence",
            )
        if stored is None or task is None:
            raise IncidentError(
                f"job {job} is not in this store",
                field="job",
                next_step="oracle jobs lists those that are; the daemon may not have read that far",
            )
        near = {
            (one.kind, one.key): one for key in (task.provider, task.committee) for one in self._near[key]
        }
        around = tuple(near.values())
        failing = [
            one
            for one in around
            if one.kind is TaskKind.JOB and one.failed and one.pact == task.pact and one.job != job
        ]
        return Case(
            at=self.at,
            task=task,
            agreement=stored.agreement,
            record=stored.record,
            methodology=self._methodologies.get(task.committee),
            slashed=_slashed(session, task),
            looked=self._looks(task),
            said=tuple(
                Said(one.evaluator, one.attestation.outcome, one.seen_at)
                for one in work.attestations_of(session, [job])
                if one.attestation.deliverable == stored.record.deliverable
            ),
            around=around,
            looks={one.job: self._looks(one) for one in failing[-_MOST_LOOKS:]},
            events=tuple(_events(session, task)),
            policies=self._policies,
            methodologies=self._methodologies,
            score=_score(around, task, self._roots),
        )

    def _looks(self, task: Task) -> tuple[Looked, ...]:
        found = self._looked.get(task.job)
        if found is None:
            found = self._looked[task.job] = _looks(self._session, self._read, task)
        return found


def _slashed(session: Session, task: Task) -> int:
    found = [orjson.loads(one.body) for one in listing.slashings(session, [task.committee])]
    return sum(
        int(one["each"]) * len(members_of(int(one["slashed"]))) for one in found if one["subject"] == task.job
    )


def _looks(session: Session, read: ReadDocument, task: Task) -> tuple[Looked, ...]:
    """Evaluations of a job's delivery whose records are kept here: the verdict's, and our own."""
    hashes = list(task.judged.evidence) if task.judged is not None else []
    ours = {
        one.evidence for one in work.evaluations_of(session, [task.job]).values() if one.evidence is not None
    }
    found: dict[Hash, Looked] = {}
    for evidence in [*hashes, *sorted(ours)]:
        record = _record(read, evidence, task.job)
        if record is not None:
            found[evidence] = _looked(evidence, record, ours=evidence in ours)
    return tuple(found.values())


def _record(read: ReadDocument, evidence: Hash, job: Hash) -> EvaluationRecord | None:
    """A record about this job; None where it is not kept, or is none: then it names nothing."""
    data = read(evidence)
    if data is None:
        return None
    try:
        record = parse_record(data)
    except EarnestError:
        return None
    return record if record.subject.job == job else None


def _looked(evidence: Hash, record: EvaluationRecord, *, ours: bool) -> Looked:
    private = bool(record.intake.sealed_to)  # what its record says of the delivery is for its owners
    failed = [one for one in record.conditions if one.state == "failed"]
    failed.sort(key=lambda one: _SEVERITIES.index(one.severity))
    return Looked(
        evidence=evidence,
        evaluator=record.evaluator,
        ours=ours,
        outcome=record.outcome,
        finished_at=record.finished_at,
        failed=tuple(
            FailedCondition(one.id, one.severity, _PRIVATE if private else one.reason[:_MOST_REASON])
            for one in failed
        ),
        obstacles=tuple(
            _PRIVATE if private else one.message[:_MOST_REASON] for one in record.intake.obstacles
        ),
    )


def _events(session: Session, task: Task) -> list[PolicyEvent]:
    subjects = [task.provider, *(f"{task.committee}/{index}" for index in members_of(task.members))]
    found = [
        one.document
        for subject in subjects
        for one in policy_store.list_events(session, subject=subject, limit=1_000)
    ]
    return sorted(found, key=lambda one: one.time)


def _score(around: Sequence[Task], task: Task, roots: frozenset[Hash]) -> int | None:
    """The agent's score when the job was opened."""
    standing = v1.Standing(roots)
    agent: Address = task.provider
    pieces = [one.evidence() for one in around if one.provider == agent]
    known = [one for one in pieces if one is not None and one.at <= task.opened.timestamp]
    for piece in sorted(known, key=lambda one: (one.block, one.log_index)):
        if (piece.block, piece.log_index) < (task.opened.block_number, task.opened.log_index):
            standing.add(piece)
    return standing.score(task.opened.timestamp).value
