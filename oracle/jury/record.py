"""The jury's part of an evaluation record. Whoever holds it can go through the whole decision again.

Shares, weights and log-odds are decimal strings with six places: documents that are hashed hold no floats.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from oracle.domain.amounts import AmountText
from oracle.domain.document import Part
from oracle.domain.unicode_facts import HiddenText
from oracle.jury.parse import Verdict
from oracle.jury.prompt import Purpose

SECTION_SCHEMA: Literal["earnest/jury/1"] = "earnest/jury/1"
SECTION_NOT_RECOMPUTED: tuple[str, ...] = (
    "/probe_set",
    "/measured_at",
    "/considered_at",
    "/probes/*/probe",
    "/probes/*/item",
    "/probes/*/adversarial",
    "/jurors/*/calls/*/attempts/*/raw",
    "/jurors/*/calls/*/attempts/*/finish_reason",
    "/jurors/*/calls/*/attempts/*/response_id",
    "/jurors/*/calls/*/attempts/*/milliseconds",
    "/jurors/*/calls/*/attempts/*/error",
)
"""Pointers into a section, `*` for any index, that nothing recomputed can contradict: what a model said,
how long it took and in which words it failed, when its probes were asked, and which of the committee's secret
probes they were. What
follows from them (verdict, quote, standing, weight, age of the probes, tokens in all) is recomputed."""

Count: TypeAlias = Annotated[int, Field(ge=0)]
Share: TypeAlias = Annotated[str, Field(pattern=r"^-?(inf|[0-9]+\.[0-9]{6})$")]

AttemptOutcome: TypeAlias = Literal["answered", "refused", "timeout", "error", "over_budget"]
"""What came of one request. "answered": there is a raw response, whatever stands in it."""

CallOutcome: TypeAlias = Literal[
    "answered", "malformed", "refused", "timeout", "error", "other_model", "over_budget"
]
"""What came of one call after its retries. "other_model": another model answered than was asked."""


def share(value: float) -> str:
    """A number as the record holds it."""
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    text = f"{value:.6f}"
    return "0.000000" if text == "-0.000000" else text


class Attempt(Part):
    """One request to a model and what came back. Milliseconds and tokens."""

    outcome: AttemptOutcome
    requested_model: str
    returned_model: str | None
    raw: str | None
    finish_reason: str | None
    response_id: str | None
    input_tokens: Count
    output_tokens: Count
    milliseconds: Count
    error: str | None

    @model_validator(mode="after")
    def _fields_fit_the_outcome(self) -> Self:
        said = (self.returned_model, self.raw, self.finish_reason, self.response_id)
        if self.outcome == "answered":
            if self.raw is None or self.error is not None:
                raise ValueError("an answered request has a raw response and no error")
        elif self.error is None:
            raise ValueError(f"a request with the outcome {self.outcome} says why")
        elif self.outcome != "refused" and (any(said) or self.input_tokens or self.output_tokens):
            raise ValueError(f"a request with the outcome {self.outcome} has no response")
        return self


class Call(Part):
    """One question to one juror, with every attempt, and how its last response reads."""

    purpose: Purpose
    system: str
    user: str
    mark: str
    attempts: Annotated[tuple[Attempt, ...], Field(min_length=1)]
    outcome: CallOutcome
    why: str
    verdict: Verdict | None
    quote: str | None
    reason: str | None
    quote_verbatim: bool | None


class JurorRecord(Part):
    """Everything one juror was asked and said in this case, and what it comes to.

    `vote` is null where it is void, and `void` says why. `note` says why a vote is not what the juror said.
    """

    juror: str
    family: str
    model: str
    provider: str
    template: str
    calls: tuple[Call, ...]
    vote: Verdict | None
    void: str | None
    note: str | None = None


class LeftOut(Part):
    """A juror that was not drawn, and why."""

    juror: str
    family: str
    why: str


class ProbeVote(Part):
    """What one juror said of one probe; null where nothing that counts."""

    juror: str
    family: str
    template: str
    verdict: Verdict | None


class ProbeResult(Part):
    """One probe with its right answer, and the votes on it. Its text stays with the committee."""

    probe: str
    item: str
    kind: str
    gold: Literal["pass", "fail"]
    adversarial: bool
    votes: tuple[ProbeVote, ...]

    @model_validator(mode="after")
    def _one_vote_each(self) -> Self:
        if len({vote.juror for vote in self.votes}) != len(self.votes):
            raise ValueError(f"probe {self.probe} has two votes of one juror")
        return self


class StandingRecord(Part):
    """How a juror stands for the kind of criterion: shares of right answers, their lower bounds, and the
    chance of so good a record without any skill.
    """

    juror: str
    counts: bool
    good_rate: Share
    good_bound: Share
    bad_rate: Share
    bad_bound: Share
    luck: Share
    reasons: tuple[str, ...]


class Step(Part):
    """Where the jury stood after some jurors were heard, and what it did next."""

    heard: tuple[str, ...]
    weights: dict[str, Share]
    evidence: Share
    certainty: Share
    pass_from: Share
    fail_up_to: Share
    risk: Share
    next_juror: str | None
    reason: str


class Spent(Part):
    """What the calls of this criterion used: tokens, and base units of USDC."""

    tokens: Count
    money: AmountText


class Section(Part):
    """The jury's part of the record for one criterion."""

    schema_: Literal["earnest/jury/1"] = Field(alias="schema", default=SECTION_SCHEMA)
    frame: str
    methodology: str
    kind: str
    hidden: tuple[HiddenText, ...]
    control_texts: dict[str, str]
    unavailable: dict[str, str]
    probe_set: str | None
    measured_at: Annotated[int, Field(ge=0)] | None
    considered_at: Annotated[int, Field(ge=0)]
    probes: tuple[ProbeResult, ...]
    standings: tuple[StandingRecord, ...]
    left_out: tuple[LeftOut, ...]
    order: tuple[str, ...]
    jurors: tuple[JurorRecord, ...]
    steps: tuple[Step, ...]
    outcome: Literal["passed", "failed", "undecided"]
    reason: str
    spent: Spent

    @model_validator(mode="after")
    def _each_probe_once(self) -> Self:
        if len({result.probe for result in self.probes}) != len(self.probes):
            raise ValueError("a probe is there twice")
        return self
