"""The machine-readable part of an incident. Amounts are decimal strings of base units, times Unix seconds."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from oracle.domain.document import Document, Part
from oracle.domain.fields import AddressField, HashField
from oracle.domain.types import Hash

Signed = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,78}$")]
"""Base units as a decimal string; negative for what was lost."""


class Assumption(StrEnum):
    """What must hold for a job to end well: the closed vocabulary of what can break."""

    DELIVERS = "the-provider-delivers"
    ANCHORED = "the-delivery-reaches-the-chain"
    OPENABLE = "the-delivery-can-be-opened"
    MEETS_PACT = "the-delivery-meets-the-pact"
    DECIDABLE = "the-conditions-can-be-decided"
    ANSWERS = "the-evaluators-answer"
    JUDGES = "the-evaluators-judge-rightly"
    DISPUTES = "the-wronged-side-disputes"
    RULES = "the-arbiter-rules"
    COVERED = "the-bond-covers-the-advance"


class Signal(Part):
    """One thing that could be seen, and from what. `weakens`: a reason to trust less."""

    time: int
    kind: str
    says: str
    source: str
    weakens: bool


class Broken(Part):
    """An assumption that broke, when, and by which rule that is known."""

    assumption: Assumption
    at: int
    says: str
    rule: str
    conditions: tuple[str, ...] = ()


class Grant(Part):
    """What still granted trust after the first signal had weakened. `seconds` it did so for."""

    what: str
    since: int
    until: int
    seconds: int
    says: str


class Cost(Part):
    """What one side paid in, got out, and is left with."""

    party: Literal["buyer", "provider", "evaluators", "arbiter"]
    paid: Signed
    received: Signed
    net: Signed


class Since(Part):
    """What changed after the failure.

    Args:
        jobs: Jobs and tabs the agent was given since.
        changed: Rules that are others now: pact, committee, methodology, policy.
        same: Rules that are not.
        remediated: Whether any rule changed; None where the agent was given nothing since.
    """

    jobs: int
    changed: tuple[str, ...]
    same: tuple[str, ...]
    remediated: bool | None
    says: str


class Incident(Document):
    """A failure, replayed.

    Args:
        broken: Assumptions that broke, the first one first; empty where no rule names one.
        weakness: The same for the same weakness: of whom, which assumption, in which pact, which conditions.
        repeats_before, repeats_after: Other jobs with the same weakness.
        first_signal: When trust should have weakened; None where nothing told beforehand.
        unseen_for: Seconds from the first signal to the visible failure.
    """

    schema_: Literal["earnest/incident/1"] = Field(alias="schema", default="earnest/incident/1")
    chain_id: int
    escrow: AddressField
    block: int
    job: HashField
    agent: AddressField
    buyer: AddressField
    committee: HashField
    methodology: HashField | None
    pact: HashField
    outcome: str
    visible_at: int
    timeline: tuple[Signal, ...]
    broken: tuple[Broken, ...]
    weakness: HashField | None
    weakness_says: str | None
    repeats_before: tuple[HashField, ...]
    repeats_after: tuple[HashField, ...]
    first_signal: Signal | None
    unseen_for: int | None
    grants: tuple[Grant, ...]
    costs: tuple[Cost, ...]
    since: Since

    @property
    def first(self) -> Broken | None:
        """The assumption that broke first."""
        return self.broken[0] if self.broken else None

    @property
    def repeats(self) -> tuple[Hash, ...]:
        """Other jobs with the same weakness."""
        return self.repeats_before + self.repeats_after
