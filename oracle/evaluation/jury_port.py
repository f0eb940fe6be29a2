"""What the evaluation asks of a jury. `oracle.jury` implements it; nothing here loads a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol, TypeAlias

from pydantic import Field

from oracle.decide.draw import Draw
from oracle.domain.document import Part

State: TypeAlias = Literal["passed", "failed", "undecided"]


class JuryCriterion(Part):
    """One criterion that only a reader can judge.

    Args:
        condition_id: id of the pact's condition.
        statement: the condition's statement, for people.
        question: what must hold (the measure's `criterion`).
        standard: what it is held against, or None.
        kind: kind of criterion, by which probes and weights are kept.
        references: materials the buyer named, by path; to be datamarked like the delivery.
        agent_families: families of the models the delivery declares; a pass by one of them does not count.
    """

    condition_id: str
    statement: str
    question: str
    standard: str | None = None
    kind: str = "general"
    references: dict[str, str] = Field(default_factory=dict)
    agent_families: tuple[str, ...] = ()


class JuryDecision(Part):
    """What a jury said of one criterion.

    Args:
        state: undecided never releases money.
        reason: one sentence for a person; for undecided what to configure or why.
        model_calls: calls made, controls counted.
        section: everything that belongs into the record, in the jury's own schema; canonical JSON.
    """

    state: State
    reason: str
    model_calls: Annotated[int, Field(ge=0)]
    section: dict[str, Any] = Field(default_factory=dict)


class Jury(Protocol):
    """Puts one criterion to drawn jurors."""

    async def judge(self, criterion: JuryCriterion, texts: Mapping[str, str], draw: Draw) -> JuryDecision:
        """Decide one criterion about the delivered texts (path to NFKC-normalised text).

        A model's fault is recorded, never raised; too few jurors is undecided. Whatever is raised all the
        same makes the condition undecided.
        """
        ...


class JuryReplayer(Protocol):
    """Goes through a recorded decision again, offline and without any model."""

    def replay(
        self, criterion: JuryCriterion, texts: Mapping[str, str], draw: Draw, section: Mapping[str, Any]
    ) -> JuryDecision:
        """Recompute draw, prompts, parsing, controls, weights and aggregation from the recorded answers.

        The decision's `section` is what the record should hold; it is compared with what it does hold.
        """
        ...
