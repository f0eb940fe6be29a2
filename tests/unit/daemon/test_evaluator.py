"""Evaluations beside the main loop: how each of them ends is never lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from oracle.daemon.evaluator import Evaluator, RetryPolicy
from oracle.daemon.ports import EvaluationResult, EvaluationTask, NotNowError
from oracle.decide.due import EvaluationState
from oracle.domain.types import Outcome
from oracle.store import work
from oracle.store.database import Database
from tests.databases import Databases

JOB, DELIVERABLE, ANCHOR, EVIDENCE = ("0x" + pair * 32 for pair in ("01", "d1", "ab", "ee"))
EVALUATOR = "0x" + "ee" * 20


class FailingDatabase(Database):
    """A database that cannot be written while `full`."""

    full = False

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self.full:
            raise OperationalError("write", None, Exception("disk is full"))
        with super().write() as session:
            yield session


class Answers:
    """An evaluation that answers, or raises, what it is told to; `before` is called first."""

    def __init__(self) -> None:
        self.answer: EvaluationResult | Exception = EvaluationResult(Outcome.PASS, EVIDENCE, "as wanted")
        self.before: Any = lambda: None

    def evaluate(self, task: EvaluationTask) -> EvaluationResult:
        assert task.job == JOB
        self.before()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def database(databases: Databases) -> Iterator[FailingDatabase]:
    made = FailingDatabase(databases.made())
    yield made
    made.close()


def begin(evaluator: Evaluator) -> bool:
    record = SimpleNamespace(deliverable=DELIVERABLE, anchor_hash=ANCHOR, anchor_block=5, delivered_at=1_000)
    agreement = SimpleNamespace(terms=SimpleNamespace(judge_by=90_000))
    job: Any = SimpleNamespace(job=JOB, record=record, agreement=agreement)
    committee: Any = SimpleNamespace(methodology="0x" + "4d" * 32)
    return evaluator.start(job, committee, EVALUATOR, 1_000)


def finished(evaluator: Evaluator) -> None:
    for running in list(evaluator._running.values()):
        running.future.exception(timeout=10)


def stored(database: Database) -> work.StoredEvaluation:
    with database.read() as session:
        found = work.get_evaluation(session, JOB, DELIVERABLE)
    assert found is not None
    return found


def test_an_end_that_could_not_be_stored_is_tried_again(database: FailingDatabase) -> None:
    answers = Answers()
    evaluator = Evaluator(database, answers, workers=1, retry=RetryPolicy(), wake=lambda: None)  # type: ignore[arg-type]
    answers.before = lambda: setattr(database, "full", True)
    assert begin(evaluator)
    finished(evaluator)
    assert stored(database).state is EvaluationState.RUNNING
    with pytest.raises(OperationalError):
        evaluator.reap()
    assert not begin(evaluator), "it has ended, but nobody has looked yet"
    database.full = False
    evaluator.reap()
    assert stored(database).state is EvaluationState.WAITING
    answers.before = lambda: None
    assert begin(evaluator)
    finished(evaluator)
    assert (stored(database).state, stored(database).outcome) == (EvaluationState.DONE, Outcome.PASS)
    evaluator.close(wait=True)


@pytest.mark.parametrize("error", [NotNowError("the store is down"), RuntimeError("a defect")])
def test_an_evaluation_that_fails_waits_and_is_begun_again(
    database: FailingDatabase, error: Exception
) -> None:
    answers = Answers()
    answers.answer = error
    evaluator = Evaluator(database, answers, workers=1, retry=RetryPolicy(), wake=lambda: None)  # type: ignore[arg-type]
    assert begin(evaluator)
    finished(evaluator)
    evaluator.reap()
    assert stored(database).state is EvaluationState.WAITING
    assert stored(database).retry_at > 0
    assert begin(evaluator)
    finished(evaluator)
    assert stored(database).tries == 2
    evaluator.close(wait=True)


def test_a_job_is_evaluated_at_most_once_at_a_time(database: FailingDatabase) -> None:
    answers = Answers()
    evaluator = Evaluator(database, answers, workers=2, retry=RetryPolicy(), wake=lambda: None)  # type: ignore[arg-type]
    assert begin(evaluator)
    assert not begin(evaluator)
    assert evaluator.busy == 1
    finished(evaluator)
    evaluator.reap()
    assert evaluator.busy == 0
    evaluator.close(wait=True)
