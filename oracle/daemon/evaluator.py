"""Runs evaluations beside the main loop, in durable runs, and keeps what they came to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog
from pydantic import TypeAdapter
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from oracle.daemon.ports import EvaluationPort, EvaluationResult, EvaluationTask
from oracle.decide.waiting import LONGEST_RETRY
from oracle.domain.committee import Committee
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash
from oracle.durable.port import Direct, Item, Runs, Steps
from oracle.store import work
from oracle.store.database import Database
from oracle.store.jobs import StoredJob

log = structlog.get_logger(__name__)

LAST_CHANCE = 600  # seconds before judgeBy at most; a quarter of the time for the verdict where that is less
_TEND_EVERY = 5.0  # seconds between two looks for what dead workers left
_LOST_AFTER = 60.0  # seconds after which an evaluation that no run knows of is begun again


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
class Begun:
    """What a run is told of one evaluation: enough to do it in another process.

    `tries` counts this one. `quick`: it shares its run, and all of them are one step.
    """

    task: EvaluationTask
    tries: int
    quick: bool

    @property
    def key(self) -> str:
        """By which it is known while it runs."""
        return running_key(self.task.job, self.task.deliverable, self.task.anchor_hash)


@dataclass(frozen=True, slots=True)
class Postponed:
    """An evaluation that could not be done, and why."""

    postponed: str


_BEGUN = TypeAdapter(Begun)
_ENDS: TypeAdapter[list[EvaluationResult | Postponed]] = TypeAdapter(list[EvaluationResult | Postponed])
_Postponing = Callable[[Session], None]


def running_key(job: Hash, deliverable: Hash, anchor_hash: Hash) -> str:
    """The key of an evaluation's run."""
    return f"{job}/{deliverable}/{anchor_hash}"


class Evaluator:
    """Evaluates each delivery at most once at a time.

    Args:
        runs: Where evaluations run; opened here.
        wake: Called when an evaluation ends, so that the main loop need not wait for its next turn.
        pause: Seconds before an end that could not be stored is stored again; doubled each time.
    """

    def __init__(
        self,
        database: Database,
        evaluation: EvaluationPort,
        runs: Runs,
        *,
        retry: RetryPolicy,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
        pause: float = 1.0,
    ) -> None:
        self._database = database
        self._evaluation = evaluation
        self._runs = runs
        self._retry = retry
        self._wake = wake
        self._clock = clock
        self._pause = pause
        self._closing = threading.Event()
        self._chosen: dict[Hash, EvaluationTask] = {}
        self._tended_at = 0.0
        runs.open(self._work)

    def start(self, job: StoredJob, committee: Committee, evaluator: Address, timestamp: int) -> bool:
        """Choose a job's delivery for evaluation; `flush` begins it. Whether it was chosen.

        Args:
            evaluator: The key the record is made for.
            timestamp: The chain's time, Unix seconds.
        """
        record = job.record
        if job.job in self._chosen or record.deliverable is None or record.anchor_hash is None:
            return False
        self._chosen[job.job] = EvaluationTask(
            job=job.job,
            agreement=job.agreement,
            methodology=committee.methodology,
            evaluator=evaluator,
            deliverable=record.deliverable,
            delivered_at=record.delivered_at,
            anchor_block=record.anchor_block,
            anchor_hash=record.anchor_hash,
            last_try=False,  # known once it is begun
            last_chance=_is_last_chance(job, timestamp),
        )
        return True

    def flush(self) -> None:
        """Begin what was chosen: marked as running in one transaction, then submitted together.

        What is marked and not submitted, because the process ended in between, is released at the next start.
        """
        chosen, self._chosen = self._chosen, {}
        if not chosen:
            return
        with self._database.write() as session:
            tries = work.begin_evaluations(
                session, [(task.job, task.deliverable, task.anchor_hash) for task in chosen.values()]
            )
        begun = []
        for task in chosen.values():
            count = tries[task.job, task.deliverable]
            made = replace(task, last_try=count >= self._retry.tries)
            # Outside of the transaction: a pact may have to be fetched first.
            begun.append(Begun(made, count, self._evaluation.is_quick(made)))
        self._runs.submit([Item(one.key, _BEGUN.dump_json(one).decode(), quick=one.quick) for one in begun])

    def resume(self) -> int:
        """At the start: what is marked as running and is in no run is due again. Returns how many."""
        return self._release(0.0)

    def tend(self) -> None:
        """Every few seconds: take over what dead workers left; find what was lost."""
        now = self._clock()
        if now - self._tended_at < _TEND_EVERY:
            return
        self._tended_at = now
        self._runs.tend()
        released = self._release(_LOST_AFTER)
        if released:
            log.warning("evaluations_lost", count=released)

    def _release(self, older_than: float) -> int:
        with self._database.read() as session:
            marked = work.running_evaluations(session, time.time() - older_than)
        if not marked:
            return 0
        active = self._runs.active()
        lost = [row for row in marked if running_key(row.job, row.deliverable, row.anchor_hash) not in active]
        with self._database.write() as session:
            return work.release_evaluations(session, lost)

    @property
    def busy(self) -> int:
        """How many evaluations are in unfinished runs."""
        return len(self._runs.active())

    def close(self) -> None:
        """Take no more, and wait for those that run; what is cut off goes on after the next start."""
        self._closing.set()
        self._runs.close()

    def _work(self, steps: Steps, arguments: Sequence[str]) -> None:
        """One run. What its evaluations came to is stored in one transaction."""
        begun = [_BEGUN.validate_json(argument) for argument in arguments]

        def together() -> str:
            return _ENDS.dump_json([self._evaluate(Direct(), one) for one in begun]).decode()

        try:
            if all(one.quick for one in begun):
                ends = _ENDS.validate_json(steps.run("evaluate", together))
            else:
                ends = [self._evaluate(steps, one) for one in begun]
            self._store([self._ending(one, end) for one, end in zip(begun, ends, strict=True)])
        finally:
            self._wake()

    def _evaluate(self, steps: Steps, begun: Begun) -> EvaluationResult | Postponed:
        started, task = self._clock(), begun.task
        try:
            result = self._evaluation.evaluate(task, steps)
        except EarnestError as error:
            return Postponed(error.message)
        except OperationalError as error:  # a step that was done could not be stored: locked, full or down
            log.warning("database_unusable", reason=str(error.orig), doing="an evaluation", job=task.job)
            return Postponed(f"a step could not be stored: {error.orig}")
        except Exception as error:  # a defect in one evaluation must not stop the others
            log.exception("evaluation_crashed", job=task.job)
            return Postponed(f"{type(error).__name__} in the evaluation")
        log.info(
            "evaluated",
            job=task.job,
            outcome=result.outcome.word,
            evidence=result.evidence,
            reason=result.reason,
            seconds=round(self._clock() - started, 3),
        )
        return result

    def _ending(self, begun: Begun, end: EvaluationResult | Postponed) -> work.Finished | _Postponing:
        """What is to be stored."""
        task = begun.task
        if isinstance(end, EvaluationResult):
            return work.Finished(
                job=task.job,
                deliverable=task.deliverable,
                anchor_hash=task.anchor_hash,
                outcome=end.outcome,
                evidence=end.evidence,
                reason=end.reason,
            )
        wait = min(self._retry.wait * 2 ** min(begun.tries - 1, 6), LONGEST_RETRY)
        log.warning(
            "evaluation_postponed", job=task.job, tries=begun.tries, retry_in=wait, reason=end.postponed
        )
        return partial(
            work.postpone_evaluation,
            job=task.job,
            deliverable=task.deliverable,
            anchor_hash=task.anchor_hash,
            retry_at=self._clock() + wait,
            reason=end.postponed,
        )

    def _store(self, endings: Sequence[work.Finished | _Postponing]) -> None:
        """Store how evaluations ended, however long the database cannot be written."""
        finished = [ending for ending in endings if isinstance(ending, work.Finished)]
        postponing = [ending for ending in endings if not isinstance(ending, work.Finished)]
        wait = self._pause
        while True:
            try:
                with self._database.write() as session:
                    work.finish_evaluations(session, finished)
                    for postpone in postponing:
                        postpone(session)
            except OperationalError as error:
                log.warning("evaluations_not_stored", reason=str(error.orig), retry_in=wait)
                if self._closing.wait(wait):
                    raise
                wait = min(2 * wait, LONGEST_RETRY)
            else:
                return


def _is_last_chance(job: StoredJob, timestamp: int) -> bool:
    """Whether the time for a verdict is nearly over: better undecided, with reasons, than silent."""
    judge_by = job.agreement.terms.judge_by
    return judge_by - timestamp <= min(LAST_CHANCE, (judge_by - job.record.delivered_at) // 4)
