"""A report, read from the store and the evidence kept beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from oracle.domain.types import Hash, Outcome
from oracle.history.task import Task, TaskKind
from oracle.incident.derive import incident_of
from oracle.incident.document import Incident
from oracle.incident.reading import CaseReader, ReadDocument
from oracle.policy.document import Policy
from oracle.report.document import Report
from oracle.report.measures import report_of
from oracle.store import policies as policy_store

MOST_INCIDENTS = 1_000  # looked into, the newest


def read_report(
    session: Session,
    read: ReadDocument,
    *,
    roots: Collection[Hash],
    policies: Sequence[Policy] = (),
    since: int = 0,
    until: int | None = None,
    tasks: Sequence[Task] | None = None,
) -> Report:
    """The report on a time, by default on everything up to the newest block.

    Args:
        tasks: All jobs and tabs, where they were read already.

    Raises:
        UnknownBlockError: nothing was read yet.
    """
    reader = CaseReader(session, read, roots=roots, policies=policies, tasks=tasks)
    end = reader.at.time + 1 if until is None else until
    bad = [one for one in reader.tasks if _went_wrong(one) and since <= _ended(one) < end]
    incidents: list[Incident] = [incident_of(reader.case(one.job)) for one in bad[-MOST_INCIDENTS:]]
    stored = policy_store.list_events(session, limit=100_000)
    return report_of(
        reader.tasks,
        incidents,
        [one.document for one in stored],
        at=reader.at,
        roots=frozenset(roots),
        since=since,
        until=end,
    )


def _went_wrong(task: Task) -> bool:
    """Whether a job ended as something else than a Pass nobody disputed."""
    end = task.close
    if end is None or task.kind is not TaskKind.JOB:
        return False
    return end.outcome is not Outcome.PASS or task.disputed is not None


def _ended(task: Task) -> int:
    return task.close.place.timestamp if task.close is not None else 0
