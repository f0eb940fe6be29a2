"""Evaluations beside the main loop: how each of them ends is never lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from oracle.daemon.evaluator import Evaluator, RetryPolicy
from oracle.daemon.ports import EvaluationResult, EvaluationTask, NotNowError
from oracle.decide.due import EvaluationState
from oracle.decide.jobs import JobRecord
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Outcome, State
from oracle.durable.port import Steps
from oracle.durable.threads import ThreadRuns
from oracle.store import work
from oracle.store.database import Database
from oracle.store.jobs import StoredJob
from tests.databases import Databases

JOB, DELIVERABLE, ANCHOR, EVIDENCE, OTHER = ("0x" + pair * 32 for pair in ("01", "d1", "ab", "ee", "0f"))
EVALUATOR = "0x" + "ee" * 20


class FailingDatabase(Database):
    """A database that cannot be written while `full`."""

    full = False

    @contextmanager
    def write(self, *, many: bool = False) -> Iterator[Session]:
        if self.full:
            raise OperationalError("write", None, Exception("disk is full"))
        with super().write(many=many) as session:
            yield session


class Answers:
    """An evaluation that answers, or raises, what it is told to; `before` is called first."""

    def __init__(self) -> None:
        self.answer: EvaluationResult | Exception = EvaluationResult(Outcome.PASS, EVIDENCE, "as wanted")
        self.before: Any = lambda: None

    def is_quick(self, task: EvaluationTask) -> bool:  # noqa: ARG002
        return True

    def evaluate(self, task: EvaluationTask, steps: Steps) -> EvaluationResult:  # noqa: ARG002
        self.before()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def evidence_for(self, evidence: str, evaluator: str) -> str:  # noqa: ARG002
        return evidence


@pytest.fixture
def database(databases: Databases) -> Iterator[FailingDatabase]:
    made = FailingDatabase(databases.made())
    yield made
    made.close()


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def runs() -> ThreadRuns:
    return ThreadRuns(workers=2)


@pytest.fixture
def evaluator(database: FailingDatabase, answers: Answers, runs: ThreadRuns) -> Iterator[Evaluator]:
    made = Evaluator(database, answers, runs, retry=RetryPolicy(), wake=lambda: None, pause=0.01)
    yield made
    made.close()


def begin(evaluator: Evaluator, anchor: str = ANCHOR) -> None:
    terms = Terms("0x" + "b1" * 20, "0x" + "b2" * 20, "0x" + "c0" * 32, 5, 1, 1, 90_000, 100, 50)
    opening = Opening("0x" + "a1" * 32, "0x" + "b2" * 32, 0, 0, 50, 100, 1)
    record = JobRecord(
        State.OPEN, 1, 0, 900, deliverable=DELIVERABLE, delivered_at=1_000, anchor_block=5, anchor_hash=anchor
    )
    job = StoredJob(JOB, Agreement(terms, opening), "0x" + "0a" * 32, record)
    committee: Any = SimpleNamespace(methodology="0x" + "4d" * 32)
    assert evaluator.start(job, committee, EVALUATOR, 1_000)
    assert not evaluator.start(job, committee, EVALUATOR, 1_000), "chosen already"
    evaluator.flush()


def finished(evaluator: Evaluator) -> None:
    end = time.monotonic() + 60
    while evaluator.busy:
        assert time.monotonic() < end
        time.sleep(0.005)


def stored(database: Database) -> work.StoredEvaluation:
    with database.read() as session:
        found = work.get_evaluation(session, JOB, DELIVERABLE)
    assert found is not None
    return found


def test_an_end_that_cannot_be_stored__is_stored_when_it_can(
    database: FailingDatabase, answers: Answers, evaluator: Evaluator
) -> None:
    began = threading.Event()

    def fill_up() -> None:
        database.full = True
        began.set()

    answers.before = fill_up
    begin(evaluator)
    assert began.wait(60)
    time.sleep(0.1)  # some tries
    assert stored(database).state is EvaluationState.RUNNING
    assert evaluator.busy == 1
    database.full = False
    finished(evaluator)
    assert (stored(database).state, stored(database).outcome) == (EvaluationState.DONE, Outcome.PASS)


@pytest.mark.parametrize("error", [NotNowError("the store is down"), RuntimeError("a defect")])
def test_an_evaluation_that_fails__waits_and_is_begun_again(
    database: FailingDatabase, answers: Answers, evaluator: Evaluator, error: Exception
) -> None:
    answers.answer = error
    begin(evaluator)
    finished(evaluator)
    assert stored(database).state is EvaluationState.WAITING
    assert stored(database).retry_at > 0
    begin(evaluator)
    finished(evaluator)
    assert stored(database).tries == 2


def test_what_was_stored_first__stands(
    database: FailingDatabase, answers: Answers, evaluator: Evaluator
) -> None:
    """A worker that was taken for dead comes to its end after the one that took over."""

    def other_worker() -> None:
        with database.write() as session:
            end = work.Finished(JOB, DELIVERABLE, ANCHOR, Outcome.FAIL, OTHER, "first")
            work.finish_evaluations(session, [end])

    answers.before = other_worker
    begin(evaluator)
    finished(evaluator)
    assert (stored(database).outcome, stored(database).evidence) == (Outcome.FAIL, OTHER)


def test_an_end_against_an_orphaned_block__counts_for_nothing(
    database: FailingDatabase, answers: Answers, evaluator: Evaluator
) -> None:
    def reorg() -> None:
        with database.write() as session:
            work.begin_evaluations(session, [(JOB, DELIVERABLE, OTHER)])

    answers.before = reorg
    begin(evaluator)
    finished(evaluator)
    assert (stored(database).state, stored(database).anchor_hash) == (EvaluationState.RUNNING, OTHER)


def test_marked_as_running_and_in_no_run__is_due_again(
    database: FailingDatabase, evaluator: Evaluator
) -> None:
    with database.write() as session:
        work.begin_evaluations(session, [(JOB, DELIVERABLE, ANCHOR)])
    assert evaluator.resume() == 1
    assert stored(database).state is EvaluationState.WAITING
    assert stored(database).retry_at == 0


def test_resume__what_runs_goes_on(database: FailingDatabase, answers: Answers, evaluator: Evaluator) -> None:
    go = threading.Event()
    answers.before = go.wait
    begin(evaluator)
    assert evaluator.resume() == 0
    assert stored(database).state is EvaluationState.RUNNING
    go.set()
    finished(evaluator)
    assert stored(database).state is EvaluationState.DONE


def test_a_step_that_cannot_be_stored__is_no_defect(
    database: FailingDatabase, answers: Answers, evaluator: Evaluator
) -> None:
    """Found by `make chaos` (seed 21): a full disk was logged as a crash, for which somebody is woken."""
    answers.answer = OperationalError("insert", None, Exception("database or disk is full"))
    with structlog.testing.capture_logs() as logs:
        begin(evaluator)
        finished(evaluator)
    assert stored(database).state is EvaluationState.WAITING
    assert stored(database).reason == "a step could not be stored: database or disk is full"
    assert "evaluation_crashed" not in [line["event"] for line in logs]
