"""One call to one juror: within budget and rate, in time, retried where that can help, and all of it kept."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oracle.jury.budget import Budget, BudgetError, Price
from oracle.jury.errors import JuryError
from oracle.jury.parse import MalformedAnswerError, parse_answer
from oracle.jury.prompt import ANSWER_SCHEMA, Prompt, Purpose
from oracle.jury.providers import Endpoint, Providers
from oracle.jury.ratelimit import RateLimits
from oracle.jury.record import Attempt, AttemptOutcome, Call, CallOutcome
from oracle.pact.methodology import Juror, ModelLimits

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse

BACKOFF_SECONDS = 1.0  # before the second attempt; doubles with each
BACKOFF_LIMIT = 20.0  # seconds
MAX_RAW_CHARACTERS = 32_768  # of a raw response kept; an answer is at most half of it
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest)", re.ASCII)


@dataclass(frozen=True)
class Caller:
    """Makes calls for one job.

    Args:
        providers: Where jurors are reached.
        rates: Turns at each provider, shared by all jobs of the process.
        budget: What this job may spend.
        limits: The methodology's limits on calls.
        wait_seconds: The first pause between attempts.
    """

    providers: Providers
    rates: RateLimits
    budget: Budget
    limits: ModelLimits
    wait_seconds: float = BACKOFF_SECONDS
    _turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turns", asyncio.Semaphore(self.limits.concurrency))

    async def ask(self, juror: Juror, purpose: Purpose, prompt: Prompt) -> Call:
        """Put a prompt to a juror. A model's fault never raises: it is what the call came to."""
        attempts: list[Attempt] = []
        for number in range(self.limits.attempts):
            if number:
                await asyncio.sleep(min(self.wait_seconds * 2 ** (number - 1), BACKOFF_LIMIT))
            attempt, again = await self._attempt(juror, prompt)
            attempts.append(attempt)
            if not again:
                break
        return read_call(purpose, prompt, tuple(attempts))

    async def _attempt(self, juror: Juror, prompt: Prompt) -> tuple[Attempt, bool]:
        """One request, and whether another could fare better."""
        price = Price(int(juror.input_price), int(juror.output_price))
        size = len(prompt.system.encode("utf-8")) + len(prompt.user.encode("utf-8"))
        try:
            held = self.budget.reserve(size, self.limits.answer_tokens, price)
        except BudgetError as error:
            return _without_response(juror, "over_budget", 0, error.message), False
        used = (0, 0)
        try:
            async with self._turns, self.rates.slot(juror.provider):
                attempt, again = await self._request(juror, prompt)
            used = (attempt.input_tokens, attempt.output_tokens)
        finally:
            self.budget.settle(held, *used, price)
        return attempt, again

    async def _request(self, juror: Juror, prompt: Prompt) -> tuple[Attempt, bool]:
        from pydantic_ai.exceptions import AgentRunError, ContentFilterError, ModelTimeoutError, UserError

        started = time.monotonic()

        def passed() -> int:
            return round((time.monotonic() - started) * 1000)

        endpoint: Endpoint | None = None
        try:
            async with asyncio.timeout(self.limits.call_seconds):
                endpoint = self.providers.endpoint(juror.provider, juror.model)
                response = await _exchange(endpoint, prompt, self.limits)
        except ContentFilterError as error:
            return _without_response(juror, "refused", passed(), _said(error)), False
        except (TimeoutError, ModelTimeoutError):
            if endpoint is not None:
                endpoint.failed()
            said = f"no answer within {self.limits.call_seconds} seconds"
            return _without_response(juror, "timeout", passed(), said), True
        except JuryError as error:
            return _without_response(juror, "error", passed(), error.message), False
        except UserError as error:
            return _without_response(juror, "error", passed(), _said(error)), False
        except (AgentRunError, OSError) as error:
            return _without_response(juror, "error", passed(), _said(error)), _may_pass(error)
        return _attempt_of(juror, response, passed()), False


async def _exchange(endpoint: Endpoint, prompt: Prompt, limits: ModelLimits) -> ModelResponse:
    from pydantic_ai.direct import model_request
    from pydantic_ai.messages import ModelRequest, SystemPromptPart, UserPromptPart
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.settings import ModelSettings

    messages = [ModelRequest(parts=[SystemPromptPart(prompt.system), UserPromptPart(prompt.user)])]
    settings = ModelSettings(
        temperature=0.0,
        max_tokens=limits.answer_tokens,
        timeout=float(limits.call_seconds),
        max_retries=0,  # our own attempts are counted and kept; the client's would not be
    )
    parameters = ModelRequestParameters()
    if endpoint.output == "native":
        form = OutputObjectDefinition(json_schema=dict(ANSWER_SCHEMA), name="vote", strict=True)
        parameters = ModelRequestParameters(output_mode="native", output_object=form, allow_text_output=True)
    # Starting a local model blocks; other jurors' calls go on meanwhile.
    model = await asyncio.to_thread(endpoint.model)
    async with model:
        return await model_request(
            model, messages, model_settings=settings, model_request_parameters=parameters
        )


def _attempt_of(juror: Juror, response: ModelResponse, milliseconds: int) -> Attempt:
    from pydantic_ai.messages import TextPart

    raw = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    refused = response.finish_reason == "content_filter"
    return Attempt(
        outcome="refused" if refused else "answered",
        requested_model=juror.model,
        returned_model=response.model_name,
        raw=raw.encode("utf-8", "replace").decode("utf-8")[:MAX_RAW_CHARACTERS],
        finish_reason=response.finish_reason,
        response_id=response.provider_response_id,
        input_tokens=max(response.usage.input_tokens, 0),
        output_tokens=max(response.usage.output_tokens, 0),
        milliseconds=milliseconds,
        error="the provider's filter stopped the answer" if refused else None,
    )


def _without_response(juror: Juror, outcome: AttemptOutcome, milliseconds: int, error: str) -> Attempt:
    return Attempt(
        outcome=outcome,
        requested_model=juror.model,
        returned_model=None,
        raw=None,
        finish_reason=None,
        response_id=None,
        input_tokens=0,
        output_tokens=0,
        milliseconds=milliseconds,
        error=error,
    )


def _said(error: Exception) -> str:
    """What an error says, without the response's body: a provider may echo headers there."""
    from pydantic_ai.exceptions import ModelHTTPError

    if isinstance(error, ModelHTTPError):
        return f"{type(error).__name__}: HTTP status {error.status_code}"
    text = getattr(error, "message", None) or str(error)
    return f"{type(error).__name__}: {text}"[:300]


def _may_pass(error: Exception) -> bool:
    """Whether the same request could succeed a little later."""
    from pydantic_ai.exceptions import ModelHTTPError, ModelRequestRejectedError

    if isinstance(error, ModelRequestRejectedError):
        return False
    if isinstance(error, ModelHTTPError):
        return error.status_code in {408, 409, 425, 429} or error.status_code >= 500
    return True


def read_call(purpose: Purpose, prompt: Prompt, attempts: tuple[Attempt, ...]) -> Call:
    """How a call reads, from its last attempt. Pure, so that anyone can read it again.

    Whether the quote stands in the delivery is not judged here: controls have no delivery to quote.
    """
    last = attempts[-1]
    outcome: CallOutcome = last.outcome
    why = last.error or ""
    answer = None
    if last.outcome == "answered":
        if not same_model(last.requested_model, last.returned_model):
            outcome = "other_model"
            why = (
                f"asked for {last.requested_model}, answered by {last.returned_model or 'a model not named'}"
            )
        else:
            try:
                answer = parse_answer(last.raw or "")
            except MalformedAnswerError as error:
                outcome, why = "malformed", error.message
    return Call(
        purpose=purpose,
        system=prompt.system,
        user=prompt.user,
        mark=prompt.mark,
        attempts=attempts,
        outcome=outcome,
        why=why,
        verdict=answer.verdict if answer else None,
        quote=answer.quote if answer else None,
        reason=answer.reason if answer else None,
        quote_verbatim=None,
    )


def same_model(requested: str, returned: str | None) -> bool:
    """Whether the model that answered is the one asked for, or a dated snapshot of it."""
    if returned is None:
        return False
    name = returned.removeprefix("models/")
    if name == requested:
        return True
    return name.startswith(requested) and _SNAPSHOT.fullmatch(name[len(requested) :]) is not None
