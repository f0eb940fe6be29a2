"""Which jobs the demo runs, and how each may end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from oracle.domain.types import Outcome

UNIT = 1_000_000  # base units in a USDC


class Bench(StrEnum):
    """The three committees of the demo."""

    DILIGENT = "diligent"
    """Its keys are in the daemon: it evaluates."""
    CARELESS = "careless"
    """Signs Pass without looking."""
    SILENT = "silent"
    """Never answers."""


class Agent(StrEnum):
    """The providers."""

    CAREFUL = "careful"
    CARELESS = "careless"
    ATTACKER = "attacker"


@dataclass(frozen=True, slots=True)
class Plan:
    """One job of the demo.

    Args:
        name: Shown to people.
        example: Folder in examples/ whose pact it is.
        delivery: Folder among the example's deliveries; None: nothing is delivered.
        agent: Who delivers.
        bench: Who judges.
        ends: Outcomes it may end with.
        gated: Base units.
        bond: Base units.
        judge_within: Seconds from opening to `judgeBy`.
        wrong: Its verdict is wrong on purpose, and the buyer disputes it.
        jury: It has a condition that only a reader can judge.
    """

    name: str
    example: str
    delivery: str | None
    agent: Agent
    bench: Bench
    ends: frozenset[Outcome]
    gated: int = 1_000 * UNIT
    bond: int = 300 * UNIT
    judge_within: int = 300
    wrong: bool = False
    jury: bool = False


_PASS = frozenset({Outcome.PASS})
_FAIL = frozenset({Outcome.FAIL})
_LAPSE = frozenset({Outcome.LAPSE})
# A jury may pass honest work, refuse it, or not be able to tell; bad work may not pass.
_ANY = frozenset({Outcome.PASS, Outcome.FAIL, Outcome.LAPSE})
_NOT_PASS = frozenset({Outcome.FAIL, Outcome.LAPSE})

PLANS = (
    Plan("code, careful", "code", "careful", Agent.CAREFUL, Bench.DILIGENT, _PASS),
    Plan("code, careless", "code", "careless", Agent.CARELESS, Bench.DILIGENT, _FAIL),
    Plan("code, attack: exits 0", "code", "attack", Agent.ATTACKER, Bench.DILIGENT, _FAIL),
    Plan("code, attack: equal to all", "code", "attack-equal", Agent.ATTACKER, Bench.DILIGENT, _FAIL),
    Plan("code, attack: reaches outside", "code", "outside", Agent.ATTACKER, Bench.DILIGENT, _FAIL),
    Plan("extraction, careful", "extraction", "careful", Agent.CAREFUL, Bench.DILIGENT, _PASS),
    Plan("extraction, careless", "extraction", "careless", Agent.CARELESS, Bench.DILIGENT, _FAIL),
    Plan("extraction, attack", "extraction", "attack", Agent.ATTACKER, Bench.DILIGENT, _FAIL),
    Plan("prose, careful", "prose", "careful", Agent.CAREFUL, Bench.DILIGENT, _ANY, jury=True),
    Plan("prose, careless", "prose", "careless", Agent.CARELESS, Bench.DILIGENT, _ANY, jury=True),
    Plan("prose, attack", "prose", "attack", Agent.ATTACKER, Bench.DILIGENT, _NOT_PASS, jury=True),
    Plan("wrong verdict, disputed", "code", "careless", Agent.CARELESS, Bench.CARELESS, _FAIL, wrong=True),
    Plan(
        "delivered, judged by nobody", "extraction", "careful", Agent.CAREFUL, Bench.SILENT, _LAPSE,
        judge_within=18,
    ),
    Plan("never delivered", "extraction", None, Agent.CARELESS, Bench.DILIGENT, _FAIL, judge_within=20),
)  # fmt: skip
"""In the order of the table. With JURY=none those with a jury condition must end as Lapse."""
