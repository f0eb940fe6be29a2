"""Whole histories of jobs and tabs, read from the tables of jobs, tabs and events."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from oracle.decide.jobs import JobRecord, Place
from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Basis, Ending, Hash, Outcome
from oracle.history.task import Close, Judgement, Task
from oracle.score.evidence import Evidence
from oracle.store import closed, codec
from oracle.store.tab_tasks import Spent, tab_tasks
from oracle.store.tables import Block, EventRow, JobRow, JobVersion

_EVERYTHING = 2**31 - 1
_NAMES = ("JobOpened", "Delivered", "Judged", "Lapsed", "Disputed", "JobClosed")


def tasks_of(
    session: Session,
    *,
    roots: Collection[Hash],
    up_to: int | None = None,
    provider: Address | None = None,
    job: Hash | None = None,
) -> list[Task]:
    """Jobs, tabs and periods of tabs from opening to end, in the order of opening.

    Args:
        roots: Committees whose fees count as spent; see docs/trust-score.md.
        up_to: As they stood at this block; by default at the newest.
        provider: Only this one's.
        job: Only this one.
    """
    limit = 2**62 if up_to is None else up_to
    query = select(JobRow.job, JobRow.agreement, JobVersion.record).join(
        JobVersion, and_(JobVersion.job == JobRow.job, JobVersion.until_block.is_(None))
    )
    query = query.where(JobRow.block_number <= limit)
    if provider is not None:
        query = query.where(JobRow.provider == provider)
    if job is not None:
        query = query.where(JobRow.job == job)
    wanted = select(JobRow.job) if provider is None else select(JobRow.job).where(JobRow.provider == provider)
    steps = _steps(session, wanted if job is None else wanted.where(JobRow.job == job), limit)
    if provider is None and job is None:
        spent = _all_evidence(session, limit, roots)
    else:
        asked = provider if provider is not None else _provider_of(session, job)
        found = [] if asked is None else closed.evidence_of(session, asked, up_to=limit, roots=roots)
        spent = {(one.subject, one.period): one for one in found}
    tasks = [
        _task(job_id, codec.AGREEMENTS.value(agreement), codec.JOB_RECORDS.value(record), steps, spent)
        for job_id, agreement, record in session.execute(query)
    ]
    if job is None:
        tasks += tab_tasks(session, spent, up_to=limit, provider=provider)
    return sorted(tasks, key=lambda task: (task.opened.block_number, task.opened.log_index))


def _provider_of(session: Session, job: Hash | None) -> Address | None:
    return session.scalar(select(JobRow.provider).where(JobRow.job == job))


def _all_evidence(session: Session, up_to: int, roots: Collection[Hash]) -> Spent:
    found, _ = closed.closed_after(session, -1, up_to=up_to, limit=_EVERYTHING, roots=roots)
    spent: dict[Address, int] = {}
    told: Spent = {}
    for one in found:
        buyer = one.evidence.counterparty
        spent[buyer] = spent.get(buyer, 0) + one.evidence.outlay
        told[one.evidence.subject, one.evidence.period] = replace(one.evidence, outlay=spent[buyer])
    return told


_Steps = dict[Hash, dict[str, tuple[Place, Any]]]


def _steps(session: Session, jobs: Select[Hash], up_to: int) -> _Steps:
    query = (
        select(
            EventRow.subject, EventRow.name, EventRow.body, EventRow.block_number, EventRow.log_index,
            Block.hash, Block.timestamp,
        )
        .join(Block, Block.block_number == EventRow.block_number)
        .where(EventRow.name.in_(_NAMES), EventRow.block_number <= up_to, EventRow.subject.in_(jobs))
    )  # fmt: skip
    found: _Steps = {}
    for subject, name, body, number, index, hash_, at in session.execute(query):
        if subject is None:
            continue
        told = {} if name in ("JobOpened", "Delivered") else orjson.loads(body)
        found.setdefault(subject, {})[name] = (Place(number, hash_, at, index), told)
    return found


def _task(
    job: Hash,
    agreement: Agreement,
    record: JobRecord,
    steps: _Steps,
    spent: Spent,
) -> Task:
    terms, opening, known = agreement.terms, agreement.opening, steps[job]
    delivered, disputed = known.get("Delivered"), known.get("Disputed")
    return Task(
        job=job,
        provider=terms.provider,
        agent_id=opening.agent_id,
        buyer=terms.buyer,
        committee=terms.committee,
        pact=opening.pact,
        price=agreement.price,
        gated=terms.gated,
        bond=terms.bond,
        secured=terms.challenge > 0,
        members=record.members,
        opened=known["JobOpened"][0],
        deliver_by=opening.deliver_by,
        judge_by=terms.judge_by,
        delivered_at=None if delivered is None else delivered[0].timestamp,
        judged=_judgement(known),
        disputed=None if disputed is None else disputed[0],
        close=_close(known, spent.get((job, 0))),
    )


def _judgement(known: dict[str, tuple[Place, Any]]) -> Judgement | None:
    if "Judged" in known:
        place, told = known["Judged"]
        evidence = tuple(told["evidence"])
        return Judgement(place, Outcome(told["outcome"]), Basis.VERDICT, int(told["signers"]), evidence)
    if "Lapsed" in known:
        place, told = known["Lapsed"]
        return Judgement(place, Outcome(told["outcome"]), Basis(told["basis"]), int(told["silent"]))
    return None


def _close(known: dict[str, tuple[Place, Any]], said: Evidence | None) -> Close | None:
    if said is None or "JobClosed" not in known:
        return None
    place, told = known["JobClosed"]
    return Close(
        place, Outcome(told["outcome"]), Ending(told["how"]), said.finding, said.contest, said.outlay
    )


class TaskShelf:
    """All jobs and tabs, as of a moment ago: for readers that strangers ask often.

    Args:
        roots: Committees whose fees count as spent.
        seconds: How long what was read is kept.
        fresh_seconds: How long it is kept for who asks for something newer: strangers may ask without end.
    """

    def __init__(self, roots: Collection[Hash], *, seconds: float = 30.0, fresh_seconds: float = 5.0) -> None:
        self._roots = frozenset(roots)
        self._seconds, self._fresh_seconds = seconds, fresh_seconds
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._tasks: list[Task] = []

    def tasks(self, session: Session, *, fresh: bool = False) -> list[Task]:
        """They, in the order of opening; `fresh`: not older than `fresh_seconds`."""
        kept_for = self._fresh_seconds if fresh else self._seconds
        with self._lock:
            if self._read_at is None or time.monotonic() - self._read_at >= kept_for:
                self._tasks = tasks_of(session, roots=self._roots)
                self._read_at = time.monotonic()
            return self._tasks
