"""The live jury of one job, and its replay from a record."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from oracle.decide.draw import Draw
from oracle.domain.canonical import canonical_bytes
from oracle.evaluation.jury_port import JuryCriterion, JuryDecision
from oracle.jury.budget import Budget
from oracle.jury.call import BACKOFF_SECONDS, Caller, read_call
from oracle.jury.case import Case, Panelist
from oracle.jury.deliberate import Asking, Measured, deliberate
from oracle.jury.errors import JuryError
from oracle.jury.hearing import Ask, Hearing
from oracle.jury.prompt import Purpose
from oracle.jury.providers import Providers
from oracle.jury.ratelimit import Rate, RateLimits
from oracle.jury.record import Call, Section
from oracle.pact.methodology import Methodology

T = TypeVar("T")


class ReplayError(JuryError):
    """A recorded jury section cannot be gone through again; `field` says where it differs."""


class JuryPanel:
    """Puts the jury criteria of one job to the methodology's jurors, within one budget.

    Args:
        methodology: The one the agreement pinned.
        providers: Where the operator reaches jurors.
        measured: Their probes under this very methodology.
        rates: Turns at the providers, shared by all jobs of the process.
        clock: Unix seconds.
        wait_seconds: The first pause between attempts.
    """

    def __init__(
        self,
        methodology: Methodology,
        providers: Providers,
        measured: Measured,
        *,
        rates: RateLimits | None = None,
        clock: Callable[[], float] = time.time,
        wait_seconds: float = BACKOFF_SECONDS,
    ) -> None:
        limits = methodology.limits.models
        self._methodology, self._providers = methodology, providers
        self._measured, self._clock = measured, clock
        self._caller = Caller(
            providers=providers,
            rates=rates or rate_limits(providers),
            budget=Budget(tokens=limits.job_tokens, money=int(limits.job_money)),
            limits=limits,
            wait_seconds=wait_seconds,
        )

    async def judge(self, criterion: JuryCriterion, texts: Mapping[str, str], draw: Draw) -> JuryDecision:
        """Decide one criterion about the delivered texts (path to text). A model's fault never raises."""
        case = Case.of(criterion, texts, self._methodology, draw)
        panelists = tuple(
            Panelist(juror=juror, unavailable=self._providers.configured(juror.provider))
            for juror in self._methodology.jury.jurors
        )
        asking = deliberate(case, panelists, self._measured, int(self._clock()))
        return decision_of(await answer_live(asking, self._caller))


async def answer_live(asking: Hearing[T], caller: Caller) -> T:
    """Answer a conversation's questions by asking models; what it returns in the end."""
    try:
        asks = next(asking)
        while True:
            calls = await asyncio.gather(*(caller.ask(ask.juror, ask.purpose, ask.prompt) for ask in asks))
            asks = asking.send(tuple(calls))
    except StopIteration as finished:
        result: T = finished.value
        return result


class RecordedJury:
    """Goes through recorded decisions again, without any model. Implements the port's `JuryReplayer`.

    Args:
        methodology: The one the record names.
    """

    def __init__(self, methodology: Methodology) -> None:
        self._methodology = methodology

    def replay(
        self, criterion: JuryCriterion, texts: Mapping[str, str], draw: Draw, section: Mapping[str, Any]
    ) -> JuryDecision:
        """Recompute draw, prompts, reading, controls, weights and aggregation from the recorded responses.

        Raises:
            ReplayError: the decision takes a course for which the record holds no response.
            ValidationError: the section is not a jury section.
        """
        recorded = Section.model_validate_json(canonical_bytes(dict(section)))
        case = Case.of(criterion, texts, self._methodology, draw)
        panelists = tuple(
            Panelist(juror=juror, unavailable=recorded.unavailable.get(juror.id))
            for juror in self._methodology.jury.jurors
        )
        measured = Measured(recorded.probe_set, recorded.measured_at, recorded.probes)
        asking = deliberate(case, panelists, measured, recorded.considered_at)
        return decision_of(_answer_from(asking, recorded))


def _answer_from(asking: Asking, recorded: Section) -> Section:
    known: dict[tuple[str, Purpose], deque[Call]] = {}
    for record in recorded.jurors:
        for call in record.calls:
            known.setdefault((record.juror, call.purpose), deque()).append(call)

    def look_up(ask: Ask) -> Call:
        waiting = known.get((ask.juror.id, ask.purpose))
        if not waiting:
            raise ReplayError(
                f"the decision asks {ask.juror.id} for its {ask.purpose} answer, and the record holds none",
                field="jurors",
            )
        call = waiting.popleft()  # a record holds them in the order in which they were asked
        _check_attempts(ask, call)
        return read_call(ask.purpose, ask.prompt, call.attempts)

    try:
        asks = next(asking)
        while True:
            asks = asking.send(tuple(look_up(ask) for ask in asks))
    except StopIteration as finished:
        section: Section = finished.value
        return section


def _check_attempts(ask: Ask, call: Call) -> None:
    """The attempts are those a caller makes: of the juror's model, tried again only where that could help."""
    who = f"{ask.juror.id}'s {ask.purpose} answer"
    if any(attempt.requested_model != ask.juror.model for attempt in call.attempts):
        raise ReplayError(f"{who} was asked of another model than {ask.juror.model}", field="jurors")
    if any(attempt.outcome not in ("timeout", "error") for attempt in call.attempts[:-1]):
        raise ReplayError(f"{who} was asked again though there was an answer", field="jurors")


def decision_of(section: Section) -> JuryDecision:
    """What the evaluation is told; `model_calls` counts every attempt that reached for a model."""
    calls = sum(
        1
        for record in section.jurors
        for call in record.calls
        for attempt in call.attempts
        if attempt.outcome != "over_budget"
    )
    return JuryDecision(
        state=section.outcome,
        reason=section.reason,
        model_calls=calls,
        section=section.model_dump(mode="json", by_alias=True),
    )


def rate_limits(providers: Providers) -> RateLimits:
    """Turns as the operator's configuration states them, one at a time where it states none."""
    return RateLimits(providers.rates(), Rate(1))
