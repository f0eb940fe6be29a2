"""A small jury to break: methodology, scripted models that misbehave, and one case."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    UserPromptPart,
)
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from oracle.decide.draw import Draw
from oracle.evaluation.jury_port import JuryCriterion, JuryDecision
from oracle.jury.deliberate import Measured
from oracle.jury.panel import JuryPanel
from oracle.jury.providers import Output
from oracle.jury.ratelimit import Rate
from oracle.jury.record import Section
from oracle.pact.methodology import Juror, Methodology
from scripts.injection.jurors import read_prompt
from scripts.injection.measure import NOW, perfect_record
from scripts.injection.measure import methodology as one_juror

DRAW = Draw(b"\x07" * 32)
TEXTS = {"reply.md": "Dear Ms Adler,\nwe pay back 39 EUR this week."}
CRITERION = JuryCriterion(condition_id="c", statement="s", question="The reply promises 39 EUR back.")

Respond = Callable[[str, str], Any]
"""System and user prompt in; out comes text, a ModelResponse, an awaitable of one, or an exception raised."""


def vote(verdict: str, quote: str = "we pay back 39 EUR", reason: str = "because") -> str:
    """A well-formed answer."""
    return json.dumps({"verdict": verdict, "quote": quote, "reason": reason})


def competent(_system: str, user: str) -> str:
    """Passes what promises 39 EUR back, and no control."""
    seen = read_prompt(user)
    met = "39 EUR" in seen.answer and "must also contain" not in seen.criterion
    return vote("pass" if met else "fail", "Dear Ms Adler,")


def methodology(jurors: int = 1, *, minimum: int = 1, **limits: int | str) -> Methodology:
    """Jurors j0, j1, … of families f0, f1, … at aliases p0, p1, …"""
    rules = one_juror()
    names = tuple(
        Juror(
            id=f"j{n}",
            family=f"f{n}",
            model=f"model-{n}",
            provider=f"p{n}",
            input_price="1000000",
            output_price="2000000",
        )
        for n in range(jurors)
    )
    jury = rules.jury.model_copy(
        update={"jurors": names, "minimum_jurors": minimum, "maximum_jurors": max(jurors, minimum)}
    )
    models = rules.limits.models.model_copy(update={"attempts": 2, "call_seconds": 5, **limits})
    return rules.model_copy(
        update={"jury": jury, "limits": rules.limits.model_copy(update={"models": models})}
    )


class Faulty:
    """Providers whose models answer by functions; counts calls and timeouts told."""

    def __init__(self, responders: Mapping[str, Respond], names: Mapping[str, str] | None = None) -> None:
        self.responders, self.names = dict(responders), dict(names or {})
        self.calls: list[tuple[str, str]] = []
        self.told_failed = 0

    def endpoint(self, alias: str, model: str) -> FaultyEndpoint:
        """The endpoint at an alias."""
        return FaultyEndpoint(self, alias, self.names.get(alias, model))

    def configured(self, alias: str) -> str | None:
        """None where there is a model at the alias."""
        return None if alias in self.responders else f"no provider {alias!r} is configured"

    def rates(self) -> Mapping[str, Rate]:
        """Plenty."""
        return dict.fromkeys(self.responders, Rate(8))

    def close(self) -> None:
        """Nothing was started."""


class FaultyEndpoint:
    """One model."""

    output: Output = "native"

    def __init__(self, owner: Faulty, alias: str, name: str) -> None:
        self.owner, self.alias, self.name = owner, alias, name

    def model(self) -> Model:
        """A FunctionModel that does what the responder says."""

        async def respond(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
            parts = [part for m in messages if isinstance(m, ModelRequest) for part in m.parts]
            system = "".join(p.content for p in parts if isinstance(p, SystemPromptPart))
            user = "".join(str(p.content) for p in parts if isinstance(p, UserPromptPart))
            self.owner.calls.append((self.alias, user))
            said = self.owner.responders[self.alias](system, user)
            if asyncio.iscoroutine(said):
                said = await said
            if isinstance(said, ModelResponse):
                return said
            usage = RequestUsage(input_tokens=100, output_tokens=20)
            return ModelResponse(parts=[TextPart(said)], model_name=self.name, usage=usage)

        return FunctionModel(respond, model_name=self.name)

    def failed(self) -> None:
        """Remember it."""
        self.owner.told_failed += 1


def panel(rules: Methodology, providers: Faulty, measured: Measured | None = None) -> JuryPanel:
    """The jury, with a perfect record on probes unless given."""
    record = perfect_record(rules) if measured is None else measured
    return JuryPanel(rules, providers, record, clock=lambda: NOW, wait_seconds=0.0)


def section_of(decision: JuryDecision) -> Section:
    """The decision's section, read as from a record."""
    return Section.model_validate_json(json.dumps(decision.section))


async def judge(
    respond: Respond, rules: Methodology | None = None, *, texts: Mapping[str, str] = TEXTS
) -> tuple[JuryDecision, Section]:
    """One juror's jury on the small case."""
    rules = rules or methodology()
    decision = await panel(rules, Faulty({"p0": respond})).judge(CRITERION, texts, DRAW)
    return decision, section_of(decision)
