"""Every signal around a job in the order of time, which of them weakened trust, and what still granted it."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.domain.amounts import format_usdc
from oracle.domain.types import Basis, Outcome
from oracle.history.task import Task, TaskKind
from oracle.incident.case import Case
from oracle.incident.document import Grant, Signal
from oracle.policy.event import Happened

LOOK_BACK = 90 * 86_400  # seconds before opening in which an earlier failure is a signal


def timeline_of(case: Case) -> tuple[Signal, ...]:
    """Every signal, the oldest first."""
    found = [*_before(case), *_policies(case), *_own(case), *_looks(case)]
    return tuple(sorted(found, key=lambda one: one.time))


def first_weakening(case: Case, timeline: tuple[Signal, ...]) -> Signal | None:
    """The first signal by which trust should have weakened, before the failure was visible."""
    visible = case.visible_at
    return next((one for one in timeline if one.weakens and (visible is None or one.time < visible)), None)


def grants_of(case: Case, first: Signal | None) -> tuple[Grant, ...]:
    """What still granted trust after the first signal had weakened, until the failure was visible."""
    if first is None:
        return ()
    return tuple(_grants(case, first.time))


def _before(case: Case) -> Iterator[Signal]:
    """How the agent and the committee fared before."""
    for task in case.around:
        end = task.close
        if task.kind is TaskKind.TAB or task.key == case.task.key or end is None:
            continue
        time = end.place.timestamp
        if not case.opened_at - LOOK_BACK <= time or time > (case.visible_at or case.at.time):
            continue
        if task.provider == case.task.provider and task.failed:
            what = "was never delivered" if task.defaulted else f"ended as {end.finding}"
            yield Signal(
                time=time, kind="earlier-failure", says=f"{task.name} of the agent {what}",
                source=f"block {end.place.block_number}", weakens=True,
            )  # fmt: skip
        if task.committee == case.task.committee and task.overturned:
            yield Signal(
                time=time, kind="earlier-overturned", weakens=True,
                says=f"the committee's verdict on {task.name} was wrong",
                source=f"block {end.place.block_number}",
            )  # fmt: skip
        silent = task.judged is not None and task.judged.basis is Basis.SILENCE
        if task.committee == case.task.committee and silent:
            yield Signal(
                time=time, kind="earlier-silence", says=f"the committee left {task.name} unjudged",
                source=f"block {end.place.block_number}", weakens=True,
            )  # fmt: skip


def _policies(case: Case) -> Iterator[Signal]:
    for event in case.events:
        if event.time > (case.visible_at or case.at.time):
            continue
        yield Signal(
            time=event.time,
            kind=f"policy-{event.happened}",
            says=f"{event.policy}{'.' + event.rule if event.rule else ''}: {event.says}",
            source=event.hash(),
            weakens=event.happened in (Happened.FIRED, Happened.NARROWED),
        )


def _own(case: Case) -> Iterator[Signal]:
    """The job's own life."""
    task, judged, end = case.task, case.task.judged, case.task.close

    def told(time: int, kind: str, says: str, source: str, *, weakens: bool = False) -> Signal:
        return Signal(time=time, kind=kind, says=says, source=source, weakens=weakens)

    score = "unknown" if case.score is None else f"{case.score} of 1000"
    money = f"{format_usdc(task.price)}, bond {format_usdc(task.bond)}"
    opening = f"opened for {money}; the agent's score: {score}"
    yield told(case.opened_at, "opened", opening, f"block {task.opened.block_number}")
    if task.delivered_at is not None:
        anchored = f"block {case.record.anchor_block}"
        yield told(task.delivered_at, "delivered", "the delivery was anchored", anchored)
    if judged is not None:
        basis = "verdict" if judged.basis is Basis.VERDICT else f"lapse by {judged.basis.word}"
        bad = judged.outcome is not Outcome.PASS
        says = f"{basis}: {judged.outcome.word}"
        yield told(judged.place.timestamp, "judged", says, f"block {judged.place.block_number}", weakens=bad)
    if task.disputed is not None:
        says = f"disputed; {case.record.sought.word} is sought"
        where = f"block {task.disputed.block_number}"
        yield told(task.disputed.timestamp, "disputed", says, where, weakens=True)
    if end is not None:
        where = f"block {end.place.block_number}"
        bad = end.outcome is not Outcome.PASS
        outcome = "a split" if end.outcome is Outcome.NONE else end.outcome.word
        says = f"closed, {end.ending.word}: {outcome}"
        yield told(end.place.timestamp, "closed", says, where, weakens=bad)


def _looks(case: Case) -> Iterator[Signal]:
    for look in case.looked:
        what = f"an evaluation says {look.outcome}"
        if look.failed:
            what += f": condition {look.failed[0].id}"
        yield Signal(
            time=look.finished_at, kind="evaluation", says=what, source=look.evidence,
            weakens=look.outcome != "pass",
        )  # fmt: skip
    verdict = None if case.task.judged is None else case.task.judged.outcome
    for said in case.said:
        differs = verdict is not None and said.outcome is not verdict
        yield Signal(
            time=said.seen_at,
            kind="dissent" if differs else "attestation",
            says=f"evaluator {said.evaluator} attests {said.outcome.word}",
            source=f"attestation of evaluator {said.evaluator}",
            weakens=said.outcome is not Outcome.PASS,
        )


def _grants(case: Case, since: int) -> Iterator[Grant]:
    task, judged = case.task, case.task.judged
    until = case.visible_at if case.visible_at is not None else case.at.time

    def granted(what: str, start: int, end: int, says: str) -> Grant:
        return Grant(what=what, since=start, until=end, seconds=max(0, end - start), says=says)

    if case.opened_at >= since:
        says = f"{format_usdc(task.price)} was entrusted to the agent all the same"
        yield granted("agreement", case.opened_at, until, says)
    if case.score is not None and case.score > 0 and since < until:
        says = f"the trust score still said {case.score} of 1000 when the job was opened"
        yield granted("score", since, until, says)
    if judged is not None and judged.basis is Basis.VERDICT and judged.outcome is Outcome.PASS:
        last = task.disputed or (task.close.place if task.close is not None else None)
        if last is not None and last.timestamp > since:
            start = max(since, judged.place.timestamp)
            yield granted("verdict", start, last.timestamp, "a verdict of pass stood")
    others = [one for one in _later(case, since, until) if one.job != task.job]
    if others:
        total = format_usdc(sum(one.price for one in others))
        says = f"{len(others)} more job(s) or tab(s) of {total} were given to it"
        yield granted("other agreements", others[0].opened.timestamp, until, says)
    if since < until and not any(
        event.happened is Happened.FIRED and event.time <= until for event in case.events
    ):
        yield granted("policies", since, until, "no policy said anything against it")


def _later(case: Case, since: int, until: int) -> list[Task]:
    found = [
        one
        for one in case.around
        if one.kind is not TaskKind.PERIOD
        and one.provider == case.task.provider
        and since <= one.opened.timestamp < until
    ]
    return sorted(found, key=lambda one: one.opened.timestamp)
