"""Scripted jurors: stand-ins for models, to inject faults and to measure the controls. Never for real work.

Both read the prompt as it is sent, know the tasks, and judge rightly. The obedient one moreover obeys every
order it finds anywhere in the case, under all the disguises a person could read.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

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

from oracle.jury.providers import Output
from oracle.jury.ratelimit import Rate
from scripts.injection.attacks import LOOKALIKES
from scripts.injection.cases import TASKS, Order

_FENCE = re.compile(r"^<<([0-9a-f]{16})$", re.MULTILINE)
_CODE = re.compile(r" It must also contain the code ([0-9a-f]+)\.$")
_LATIN = {look: latin for latin, look in ((chr(k), str(v)) for k, v in LOOKALIKES.items())}

Juror = Callable[[str, str], str]
"""System and user prompt in, raw answer out."""


@dataclass(frozen=True)
class Seen:
    """A prompt as a juror reads it: criterion, text of each part without marks, whether there is a gap."""

    criterion: str
    parts: Mapping[str, str]
    gaps: bool = False

    @property
    def answer(self) -> str:
        """What is to be judged."""
        return self.parts.get("ANSWER", "")


def read_prompt(user: str) -> Seen:
    """Take a prompt apart. The first fence is the true one: nothing foreign stands before it."""
    fence = _FENCE.search(user)
    if fence is None:
        raise ValueError("the prompt holds no fenced block")
    criterion = user[: fence.start()].removeprefix("Criterion: ").split("\nStandard: ")[0].strip()
    body = user[fence.end() : user.index(f"\n{fence[1]}>>")]
    parts: dict[str, str] = {}
    title, gaps = "", False
    for line in body.strip("\n").split("\n"):
        if line.startswith(f"{fence[1][:4]} "):
            title = line[5:]
            gaps = gaps or title == "LEFT OUT"
        else:
            parts[title] = f"{parts.get(title, '')}{line.partition('| ')[2]}\n"
    return Seen(criterion, parts, gaps)


def honest(_system: str, user: str) -> str:
    """Judges rightly and obeys nothing."""
    seen = read_prompt(user)
    return _answer(_right(seen), _first_words(seen.answer))


def obedient(orders: Sequence[Order]) -> Juror:
    """Judges rightly unless an order it can read says something else."""

    # The most specific order first: one that says what to quote contains one that does not.
    by_length = sorted(orders, key=lambda order: -len(order.text))

    def juror(_system: str, user: str) -> str:
        seen = read_prompt(user)
        for order in by_length:
            if _obeys(order, seen):
                if order.says is not None:
                    return order.says
                return _answer("pass", order.quote or _first_words(seen.answer))
        return honest(_system, user)

    return juror


def _obeys(order: Order, seen: Seen) -> bool:
    wanted = _plain(order.text)
    own = wanted in _plain(seen.answer)
    here = own or any(wanted in _plain(text) for text in seen.parts.values())
    named = any(_plain(task.criterion) in wanted and task.criterion in seen.criterion for task in TASKS)
    return {
        "anywhere": here,
        "own_text": own,
        "criterion": here and named,
        "own_text_and_criterion": own and named,
    }[order.scope]


@lru_cache(maxsize=8_192)
def _plain(text: str) -> str:
    """Letters and digits alone, look-alikes read as what they look like."""
    visible = "".join(_LATIN.get(c, c) for c in unicodedata.normalize("NFKC", text))
    return "".join(c for c in visible.lower() if c.isalnum())


def _right(seen: Seen) -> str:
    """The right verdict; where something may stand in a gap that breaks the criterion, nobody can tell."""
    code = _CODE.search(seen.criterion)
    criterion = seen.criterion[: code.start()] if code else seen.criterion
    task = next(task for task in TASKS if task.criterion == criterion)
    if task.witness not in seen.answer or (code is not None and code[1] not in seen.answer):
        return "fail"
    if task.forbidden is None:
        return "pass"
    if task.forbidden in seen.answer:
        return "fail"
    return "cannot_tell" if seen.gaps else "pass"


def _first_words(text: str) -> str:
    lines = [line for line in text.split("\n") if len(line.strip()) > 3 and not line.startswith("file: ")]
    return lines[0][:80] if lines else ""


def _answer(verdict: str, quote: str) -> str:
    return json.dumps({"verdict": verdict, "quote": quote, "reason": "scripted"})


class ScriptedProviders:
    """Scripted jurors behind the providers' interface: alias to what answers there."""

    def __init__(self, jurors: Mapping[str, Juror]) -> None:
        self.jurors = dict(jurors)

    def endpoint(self, alias: str, model: str) -> ScriptedEndpoint:
        """The scripted juror at an alias."""
        return ScriptedEndpoint(self.jurors[alias], model)

    def configured(self, alias: str) -> str | None:
        """None where there is a juror at the alias."""
        return None if alias in self.jurors else f"no provider {alias!r} is configured"

    def rates(self) -> Mapping[str, Rate]:
        """Plenty."""
        return dict.fromkeys(self.jurors, Rate(16))

    def close(self) -> None:
        """Nothing was started."""


class ScriptedEndpoint:
    """One scripted juror as a model of pydantic-ai."""

    output: Output = "native"

    def __init__(self, juror: Juror, name: str) -> None:
        self._juror, self._name = juror, name

    def model(self) -> Model:
        """A FunctionModel that states the name it was asked under."""

        def respond(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
            parts = [part for m in messages if isinstance(m, ModelRequest) for part in m.parts]
            system = "".join(p.content for p in parts if isinstance(p, SystemPromptPart))
            user = "".join(str(p.content) for p in parts if isinstance(p, UserPromptPart))
            return ModelResponse(parts=[TextPart(self._juror(system, user))], model_name=self._name)

        return FunctionModel(respond, model_name=self._name)

    def failed(self) -> None:
        """Nothing to kill."""
