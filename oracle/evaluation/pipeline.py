"""One evaluation from start to record: intake, checks, jury where it can still matter, sum.

Nothing here knows a chain, a key or a model. What has to come from outside comes as a function, called
only when it is needed: the public random value and the jury for the first jury condition, so that a job
without one makes no model call and loads no model library.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from pydantic import TypeAdapter

from oracle.domain.errors import EarnestError
from oracle.evaluation import assess
from oracle.evaluation.intake import Intake, Store, take_in
from oracle.evaluation.jury_port import Jury, JuryDecision
from oracle.evaluation.randomness import DrawSection, PublicRandomness, make_draw
from oracle.evaluation.record import (
    ConditionEntry,
    EvaluationRecord,
    Subject,
    aggregation_section,
    this_software,
)
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology

RandomnessSource = Callable[[], Awaitable[PublicRandomness]]
JuryFactory = Callable[[Methodology], Jury]


class Steps(Protocol):
    """Runs the parts that should not be done twice: those that take long or cost money."""

    async def run_async(self, name: str, act: Callable[[], Awaitable[str]]) -> str:
        """What `act` returns, or returned when the same evaluation was cut off after it."""
        ...


class _Once:
    """Steps of an evaluation that is never resumed."""

    async def run_async(self, name: str, act: Callable[[], Awaitable[str]]) -> str:  # noqa: ARG002
        """See `Steps`."""
        return await act()


_ENTRIES = TypeAdapter(list[ConditionEntry])


class NotYetError(EarnestError):
    """It cannot be judged now, but may be later: a store or the public random value is not there yet."""


class EvidenceStore(Store, Protocol):
    """Content in and out, by hash."""

    def put(self, data: bytes) -> str:
        """Keep bytes; returns their hash."""
        ...


@dataclass(frozen=True)
class Task:
    """What is to be judged, by whom, and by which rules.

    Args:
        subject: job, parties, committee, anchored delivery.
        pact: the promise; its hash is the agreement's.
        methodology: the committee's; its hash is the agreement's.
        evaluator: address that will sign.
    """

    subject: Subject
    pact: Pact
    methodology: Methodology
    evaluator: str


async def evaluate(
    task: Task,
    store: EvidenceStore,
    *,
    randomness: RandomnessSource | None = None,
    jury: JuryFactory | None = None,
    last_chance: bool = False,
    clock: Callable[[], float] = time.time,
    steps: Steps | None = None,
) -> EvaluationRecord:
    """Judge a delivery.

    Args:
        task: what and how.
        store: where the delivery is fetched; pact and methodology are kept there too, for those who verify.
        randomness: gives the public random value of the draw; awaited only if a jury is needed.
        jury: makes the jury; called only if one is needed.
        last_chance: record what is missing as undecided instead of raising NotYetError.
        clock: Unix seconds.
        steps: keeps what checks and juries answered, for when the evaluation is cut off and done again.

    Raises:
        NotYetError: a store did not answer, or the random value is not there; try again before the job's
            limit.
    """
    started = clock()
    deadline = time.monotonic() + task.methodology.limits.job_seconds
    _keep_rules(task, store)
    intake = await asyncio.to_thread(_taken_in, task, store, last_chance)
    steps = steps or _Once()

    async def checks() -> str:
        found = await asyncio.to_thread(_checked, task, intake)
        return _ENTRIES.dump_json(found, by_alias=True).decode()

    entries = _ENTRIES.validate_json(await steps.run_async("checks", checks))
    draw: DrawSection | None = None
    if assess.needs_jury(task.pact, intake, entries):
        draw, entries = await _with_jury(
            task, intake, entries, randomness, jury, deadline, steps, last_chance=last_chance
        )
    else:
        entries = [_settled(each) for each in entries]
    return _record(task, intake, draw, entries, started, clock)


def measure(
    task: Task, store: EvidenceStore, *, last_chance: bool = False, clock: Callable[[], float] = time.time
) -> EvaluationRecord:
    """Judge a delivery under a pact without jury conditions: as `evaluate` does, in the caller's thread.

    Raises:
        ValueError: there is a jury condition.
        NotYetError: a store did not answer; try again before the job's limit.
    """
    if any(condition.is_jury for condition in task.pact.conditions):
        raise ValueError("a jury condition cannot be measured: use evaluate")
    started = clock()
    _keep_rules(task, store)
    intake = _taken_in(task, store, last_chance)
    return _record(task, intake, None, _checked(task, intake), started, clock)


def _keep_rules(task: Task, store: EvidenceStore) -> None:
    store.put(task.pact.canonical())
    store.put(task.methodology.canonical())


def _taken_in(task: Task, store: EvidenceStore, last_chance: bool) -> Intake:  # noqa: FBT001 - handed on
    intake = take_in(store, task.pact, task.subject.deliverable, task.methodology.limits.fetch)
    if intake.obstacles and not last_chance:
        raise NotYetError(f"the delivery or a material cannot be fetched now: {intake.obstacles[0].message}")
    return intake


def _checked(task: Task, intake: Intake) -> list[ConditionEntry]:
    return assess.check_conditions(task.pact, task.methodology, task.subject, intake)


def _record(
    task: Task,
    intake: Intake,
    draw: DrawSection | None,
    entries: list[ConditionEntry],
    started: float,
    clock: Callable[[], float],
) -> EvaluationRecord:
    added = assess.aggregate(task.pact, intake, entries)
    return EvaluationRecord(
        software=this_software(),
        evaluator=task.evaluator,
        subject=task.subject,
        pact=task.pact.hash(),
        methodology=task.methodology.hash(),
        intake=assess.intake_section(intake),
        draw=draw,
        conditions=tuple(entries),
        aggregation=aggregation_section(added, task.pact.threshold.pass_share_bps),
        started_at=int(started),
        finished_at=max(int(started), int(clock())),
    )


def keep(record: EvaluationRecord, store: EvidenceStore) -> str:
    """Put a record into the store; its hash is the attestation's evidence."""
    return store.put(record.canonical())


def _settled(entry: ConditionEntry) -> ConditionEntry:
    if entry.method != "jury" or entry.note is not None:
        return entry
    return entry.model_copy(update={"note": assess.SETTLED})


async def _with_jury(
    task: Task,
    intake: Intake,
    entries: list[ConditionEntry],
    randomness: RandomnessSource | None,
    jury: JuryFactory | None,
    deadline: float,
    steps: Steps,
    *,
    last_chance: bool,
) -> tuple[DrawSection | None, list[ConditionEntry]]:
    draw = await _draw(task, randomness, last_chance)
    bench: Jury | None = None
    done: list[ConditionEntry] = []
    for position, (condition, entry) in enumerate(zip(task.pact.conditions, entries, strict=True)):
        if entry.method != "jury":
            done.append(entry)
            continue
        # a jury's own answer can settle the outcome for the criteria after it
        if not assess.needs_jury(task.pact, intake, [*done, *entries[position:]]):
            done.append(_settled(entry))
            continue
        case = assess.jury_case(condition, intake)
        if case.answer is not None:
            done.append(entry.model_copy(update={"state": "failed", "note": case.answer}))
        elif draw is None:
            done.append(entry.model_copy(update={"note": assess.NO_RANDOMNESS}))
        elif jury is None:
            done.append(entry.model_copy(update={"note": assess.NO_JURY}))
        else:
            if bench is None:
                bench = jury(task.methodology)
            decision = await _asked_once(steps, bench, case, draw, deadline)
            done.append(entry.model_copy(update={"state": decision.state, "jury": decision}))
    return draw, done


async def _draw(
    task: Task,
    randomness: RandomnessSource | None,
    last_chance: bool,  # noqa: FBT001 - handed on
) -> DrawSection | None:
    if randomness is None:
        return None
    try:
        value = await randomness()
        return make_draw(
            value,
            subject=task.subject.job,
            deliverable=task.subject.deliverable,
            anchored_at=task.subject.anchor.timestamp,
            rules=task.methodology.draw,
        )
    except EarnestError as error:
        if last_chance:
            return None
        raise NotYetError(f"the draw's public random value cannot be had now: {error.message}") from error


async def _asked_once(
    steps: Steps, bench: Jury, case: assess.JuryCase, draw: DrawSection, deadline: float
) -> JuryDecision:
    async def ask() -> str:
        return (await _ask(bench, case, draw, deadline)).model_dump_json(by_alias=True)

    return JuryDecision.model_validate_json(await steps.run_async(f"judge {case.condition.id}", ask))


async def _ask(bench: Jury, case: assess.JuryCase, draw: DrawSection, deadline: float) -> JuryDecision:
    """Put a case to the jury; whatever it raises makes the condition undecided."""
    inner = draw.draw().sub(f"condition/{case.condition.id}")
    try:
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            return await bench.judge(case.criterion, case.texts, inner)
    except TimeoutError:
        reason = assess.TIME_OVER
    except Exception as error:  # noqa: BLE001 - the rule: what errors is undecided, and says so
        reason = f"{assess.JURY_FAILED}{type(error).__name__}: {error}"[:500]
    return JuryDecision(state="undecided", reason=reason, model_calls=0, section={})
