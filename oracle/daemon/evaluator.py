"""Runs evaluations beside the main loop, and keeps what they came to."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from oracle.daemon.ports import EvaluationPort, EvaluationTask
from oracle.domain.committee import Committee
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash
from oracle.store import work
from oracle.store.database import Database
from oracle.store.jobs import StoredJob

log = structlog.get_logger(__name__)

LONGEST_WAIT = 30.0  # seconds between two tries
LAST_CHANCE = 600  # seconds before judgeBy at most; a quarter of the time for the verdict where that is less


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often what is unavailable is asked for before it is judged as not delivered.

    Args:
        tries: In all. The last one is final: a delivery that cannot be had then is evaluated as unavailable.
        wait: Seconds before the second try; doubled for each further one.
    """

    tries: int = 5
    wait: float = 5.0


@dataclass(frozen=True, slots=True)
class _Running:
    """An evaluation that was begun."""

    future: Future[None]
    task: EvaluationTask
    tries: int


class Evaluator:
    """Evaluates in threads of its own, each job at most once at a time.

    Args:
        wake: Called when an evaluation ends, so that the main loop need not wait for its next turn.
    """

    def __init__(
        self,
        database: Database,
        evaluation: EvaluationPort,
        *,
        workers: int,
        retry: RetryPolicy,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._evaluation = evaluation
        self._retry = retry
        self._wake = wake
        self._clock = clock
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="evaluation")
        self._running: dict[Hash, _Running] = {}

    def start(self, job: StoredJob, committee: Committee, evaluator: Address, timestamp: int) -> bool:
        """Begin an evaluation, unless the job is being evaluated. Whether it was begun.

        Args:
            evaluator: The key the record is made for.
            timestamp: The chain's time, Unix seconds.
        """
        record = job.record
        if job.job in self._running:
            return False  # also where it has ended: `reap` looks at how, first
        if record.deliverable is None or record.anchor_hash is None:
            return False
        with self._database.write() as session:
            begun = work.begin_evaluation(session, job.job, record.deliverable, record.anchor_hash)
        task = EvaluationTask(
            job=job.job,
            agreement=job.agreement,
            methodology=committee.methodology,
            evaluator=evaluator,
            deliverable=record.deliverable,
            delivered_at=record.delivered_at,
            anchor_block=record.anchor_block,
            anchor_hash=record.anchor_hash,
            last_try=begun.tries >= self._retry.tries,
            last_chance=_is_last_chance(job, timestamp),
        )
        self._running[job.job] = _Running(self._pool.submit(self._run, task, begun.tries), task, begun.tries)
        return True

    def reap(self) -> None:
        """Look at the evaluations that have ended. One whose end could not be stored is put back.

        Raises:
            OperationalError: the database cannot be written now either; the next call tries again.
        """
        for job, running in [item for item in self._running.items() if item[1].future.done()]:
            error = running.future.exception()
            if error is not None:
                self._postpone(running.task, running.tries, f"{type(error).__name__}: its end was not stored")
            del self._running[job]

    @property
    def busy(self) -> int:
        """How many evaluations are running, or have ended and were not looked at."""
        return len(self._running)

    def close(self, *, wait: bool) -> None:
        """Take no more; what is cut off is evaluated again after the next start."""
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _run(self, task: EvaluationTask, tries: int) -> None:
        started = self._clock()
        try:
            result = self._evaluation.evaluate(task)
        except EarnestError as error:
            self._postpone(task, tries, error.message)
        except Exception as error:  # a defect in one evaluation must not stop the others
            log.exception("evaluation_crashed", job=task.job)
            self._postpone(task, tries, f"{type(error).__name__} in the evaluation")
        else:
            with self._database.write() as session:
                work.finish_evaluation(
                    session, task.job, task.deliverable, result.outcome, result.evidence, result.reason
                )
            log.info(
                "evaluated",
                job=task.job,
                outcome=result.outcome.word,
                evidence=result.evidence,
                reason=result.reason,
                seconds=round(self._clock() - started, 3),
            )
        finally:
            self._wake()

    def _postpone(self, task: EvaluationTask, tries: int, reason: str) -> None:
        wait = min(self._retry.wait * 2 ** min(tries - 1, 6), LONGEST_WAIT)
        log.warning("evaluation_postponed", job=task.job, tries=tries, retry_in=wait, reason=reason)
        with self._database.write() as session:
            work.postpone_evaluation(session, task.job, task.deliverable, self._clock() + wait, reason)


def _is_last_chance(job: StoredJob, timestamp: int) -> bool:
    """Whether the time for a verdict is nearly over: better undecided, with reasons, than silent."""
    judge_by = job.agreement.terms.judge_by
    return judge_by - timestamp <= min(LAST_CHANCE, (judge_by - job.record.delivered_at) // 4)
