"""The methodology: how a committee measures. Its own document, hashed, and pinned by every agreement.

Certainties and shares are in basis points (10 000 = 1), money in base units of USDC.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from oracle.domain.amounts import AmountText
from oracle.domain.document import Document, Part
from oracle.pact.document import BasisPoints, Line, Prose, Slug

METHODOLOGY_SCHEMA: Literal["earnest/methodology/1"] = "earnest/methodology/1"
METHODOLOGY_SCHEMA_TABS: Literal["earnest/methodology/2"] = "earnest/methodology/2"
MIB = 1_048_576  # bytes
HAND_OVER_SECONDS = 3_600


class Juror(Part):
    """One model that may be drawn. `provider` is an alias each evaluator maps to an account of its own."""

    id: Slug
    family: Slug
    model: Line
    provider: Slug
    input_price: AmountText = "0"  # base units of USDC per million prompt tokens
    output_price: AmountText = "0"  # base units of USDC per million answer tokens


class RubricTemplate(Part):
    """How a criterion is put to a juror. The draw chooses among several."""

    id: Slug
    instructions: Prose


class JuryRules(Part):
    """Who may be drawn, and when the votes are enough.

    At least `minimum_jurors` qualified families vote before anything is decided; at most `maximum_jurors`
    are asked. It is Pass when the certainty of pass reaches `release_certainty_bps`, Fail when the certainty
    of fail reaches `fail_certainty_bps`; neither at the limit is undecided. Beyond that, Pass needs a
    certainty from which at most `maximum_false_release_bps` of bad work is expected to pass, as the probes
    show it, and Fail one up to which at most `maximum_false_fail_bps` of good work fails (null: no such
    limit). `correlation_bps` is the correlation assumed between the errors of two families, until probes
    show it. `prior_pass_bps` is the share of good work expected (null: as among the probes).

    The defaults are what docs/jury.md measures.
    """

    jurors: Annotated[tuple[Juror, ...], Field(max_length=64)]
    templates: Annotated[tuple[RubricTemplate, ...], Field(min_length=1, max_length=32)]
    minimum_jurors: Annotated[int, Field(ge=1, le=32)]
    maximum_jurors: Annotated[int, Field(ge=1, le=32)]
    release_certainty_bps: Annotated[int, Field(gt=5_000, lt=10_000)]
    fail_certainty_bps: Annotated[int, Field(gt=5_000, lt=10_000)]
    maximum_false_release_bps: Annotated[int, Field(ge=1, le=10_000)] | None = 500
    maximum_false_fail_bps: Annotated[int, Field(ge=1, le=10_000)] | None = 1_000
    correlation_bps: BasisPoints = 4_000
    prior_pass_bps: Annotated[int, Field(ge=1, le=9_999)] | None = None

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        if self.minimum_jurors > self.maximum_jurors:
            raise ValueError("minimum_jurors is more than maximum_jurors")
        for what, names in (
            ("juror", [j.id for j in self.jurors]),
            ("template", [t.id for t in self.templates]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"two entries have the same {what} id")
        return self


class ProbeRules(Part):
    """When a juror counts: blind questions with known answers, of the same kind of criterion.

    The lower bound, at `bound_level_bps`, of what it got right must lie above `chance_bps` on both classes.
    """

    minimum: Annotated[int, Field(ge=0, le=100_000)]
    minimum_adversarial: Annotated[int, Field(ge=0, le=100_000)]
    bound_level_bps: Annotated[int, Field(gt=5_000, lt=10_000)] = 9_500
    chance_bps: BasisPoints = 5_000
    maximum_age_days: Annotated[int, Field(ge=1, le=3650)] = 90

    @model_validator(mode="after")
    def _adversarial_are_probes(self) -> Self:
        if self.minimum_adversarial > self.minimum:
            raise ValueError("minimum_adversarial is more than minimum")
        return self


class Controls(Part):
    """Texts put beside the delivery in the same prompt; the draw chooses one of each.

    `negative` are empty or content-free deliveries: a juror that passes one is void for the case.
    `manipulation` are known-bad answers joined to the delivery's own text: if that turns the juror, the
    delivery manipulates. Up to `maximum_left_out` passages that turn a juror are looked for, and what it says
    of the rest counts where it is a pass; 0: a juror that was turned is void at once.
    """

    negative: Annotated[tuple[Prose, ...], Field(min_length=1, max_length=64)]
    manipulation: Annotated[tuple[Prose, ...], Field(min_length=1, max_length=64)]
    maximum_left_out: Annotated[int, Field(ge=0, le=8)] = 2


class SamplingRow(Part):
    """How many interactions of a tab's period are drawn, up to the value presented (null: any).

    At least `interactions`, and at least `at_least_share_bps` of all of them; `TabRules` raises both.
    """

    value_up_to: AmountText | None
    interactions: Annotated[int, Field(ge=1, le=1_000_000)]
    at_least_share_bps: BasisPoints = 0


class RateRises(Part):
    """What raises the number of interactions drawn; each that holds multiplies it by `…_times_bps` / 10 000.

    Thin evidence: the provider has fewer than `thin_evidence_periods` periods settled after a Pass. Recent
    disputes: at least one about the provider's tabs in the `dispute_days` before. New pair: no period between
    the two was settled before. All as of the block that anchored the period. Together they raise it at most
    `most_times_bps`.
    """

    thin_evidence_periods: Annotated[int, Field(ge=0, le=10_000)] = 3
    thin_evidence_times_bps: Annotated[int, Field(ge=10_000, le=1_000_000)] = 20_000
    dispute_days: Annotated[int, Field(ge=0, le=3_650)] = 90
    dispute_times_bps: Annotated[int, Field(ge=10_000, le=1_000_000)] = 20_000
    new_pair_times_bps: Annotated[int, Field(ge=10_000, le=1_000_000)] = 15_000
    most_times_bps: Annotated[int, Field(ge=10_000, le=1_000_000)] = 40_000


class TabRules(Part):
    """How a tab's period is judged from the interactions drawn.

    Interactions the buyer complained of are all drawn, up to `complaints_at_most`, beyond it more of the dear
    ones; they are no longer in what else is drawn from, so some must be. A period is Fail, and the
    bond forfeited, where at the one-sided level `fail_level_bps` more than `fail_share_bps` of the amount is
    shown to have failed.

    What the parties hand over counts until `hand_over_seconds` after the window in which a tally can be
    replaced: only then does a provider know which one its export must cover. The draw's value is made after.

    `detection_bps` is the share of bad interactions the committee's checks and jurors were measured to find,
    and `gain_bps` the share of its price that a provider is assumed to save by a bad one: cheating loses
    money where sampling rate × detection × stake at risk > gain (docs/tabs.md).
    """

    rises: RateRises = RateRises()
    complaints_at_most: Annotated[int, Field(ge=1, le=100_000)] = 100
    fail_share_bps: Annotated[int, Field(ge=0, lt=10_000)] = 1_000
    fail_level_bps: Annotated[int, Field(gt=5_000, lt=10_000)] = 9_500
    hand_over_seconds: Annotated[int, Field(ge=0, le=86_400)] = HAND_OVER_SECONDS
    detection_bps: BasisPoints
    gain_bps: BasisPoints

    @property
    def deters(self) -> bool:
        """Whether the condition holds by what is withheld alone.

        A drawn failure withholds its price over its sampling rate. So the rate cancels out, and what is left
        is that detection must exceed the gain.
        """
        return self.detection_bps > self.gain_bps


class FetchLimits(Part):
    """Intake. Bytes, seconds, redirects."""

    manifest_bytes: Annotated[int, Field(ge=1)] = MIB
    file_bytes: Annotated[int, Field(ge=1)] = 64 * MIB
    total_bytes: Annotated[int, Field(ge=1)] = 256 * MIB
    seconds: Annotated[int, Field(ge=1)] = 120
    redirects: Annotated[int, Field(ge=0, le=10)] = 3


class CheckLimits(Part):
    """Deterministic checks, each in a process that can be killed. Processor seconds, bytes, levels, items."""

    seconds: Annotated[int, Field(ge=1)] = 10
    memory_bytes: Annotated[int, Field(ge=MIB)] = 512 * MIB
    json_bytes: Annotated[int, Field(ge=1)] = 8 * MIB
    json_depth: Annotated[int, Field(ge=1, le=200)] = 64
    cel_depth: Annotated[int, Field(ge=1, le=100)] = 24
    cel_list_items: Annotated[int, Field(ge=1)] = 10_000
    cel_cost: Annotated[int, Field(ge=1)] = 1_000_000


class SandboxLimits(Part):
    """Foreign code. A pact may ask for less, never for more."""

    seconds: Annotated[int, Field(ge=1)] = 120
    memory_bytes: Annotated[int, Field(ge=MIB)] = 1024 * MIB
    processes: Annotated[int, Field(ge=1)] = 64
    output_bytes: Annotated[int, Field(ge=1)] = 4 * MIB
    files_bytes: Annotated[int, Field(ge=1)] = 64 * MIB


class ModelLimits(Part):
    """Calls to models. Tokens and money are for the whole job."""

    call_seconds: Annotated[int, Field(ge=1)] = 120
    attempts: Annotated[int, Field(ge=1, le=10)] = 2
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    answer_tokens: Annotated[int, Field(ge=1)] = 600
    delivery_characters: Annotated[int, Field(ge=1)] = 40_000
    job_tokens: Annotated[int, Field(ge=1)] = 400_000
    job_money: AmountText = "5000000"


class Limits(Part):
    """Every cap an evaluation runs under; beyond one of them it is undecided, never passed."""

    job_seconds: Annotated[int, Field(ge=1)] = 1_800
    fetch: FetchLimits = FetchLimits()
    checks: CheckLimits = CheckLimits()
    sandbox: SandboxLimits = SandboxLimits()
    models: ModelLimits = ModelLimits()


class DrawRules(Part):
    """The public random value everything is drawn from, and how long after the delivery it is made.

    "drand-quicknet": the first round at least `delay_seconds` after the anchor. "block-hash": the hash of
    the first block `delay_seconds` after it, which its producer can influence: clearly weaker.
    """

    source: Literal["drand-quicknet", "block-hash"]
    delay_seconds: Annotated[int, Field(ge=0, le=86_400)] = 30


class Methodology(Document):
    """How a committee judges. Any change to any field changes the hash, and so makes another methodology.

    Version 2 of the schema adds `tabs`; without it a committee judges no tabs. A document of version 1 has no
    such field, so that its hash stays what it was.
    """

    schema_: Literal["earnest/methodology/1", "earnest/methodology/2"] = Field(
        alias="schema", default=METHODOLOGY_SCHEMA
    )
    name: Slug
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    summary: Prose
    jury: JuryRules
    probes: ProbeRules
    controls: Controls
    draw: DrawRules
    sampling: Annotated[tuple[SamplingRow, ...], Field(min_length=1, max_length=64)]
    limits: Limits = Limits()
    tabs: TabRules | None = None

    @model_serializer(mode="wrap")
    def _as_its_version(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = handler(self)
        if self.tabs is None:
            del fields["tabs"]
        return fields

    @model_validator(mode="after")
    def _version_fits(self) -> Self:
        if (self.schema_ == METHODOLOGY_SCHEMA_TABS) != (self.tabs is not None):
            raise ValueError(
                f"a methodology of the schema {METHODOLOGY_SCHEMA_TABS} has the field tabs, any other has not"
            )
        return self

    @model_validator(mode="after")
    def _time_to_hand_over(self) -> Self:
        # A block's hash is for test chains, whose times are short.
        if self.tabs is not None and self.draw.source == "drand-quicknet":
            given = self.tabs.hand_over_seconds
            if given < HAND_OVER_SECONDS:
                raise ValueError(
                    f"tabs.hand_over_seconds is {given}: a party needs {HAND_OVER_SECONDS} at least to hand"
                    " over what a tally of the window's last second needs"
                )
        return self

    @property
    def period_draw(self) -> DrawRules:
        """The draw of a tab's period: its value is made when nothing can be handed over any more."""
        if self.tabs is None:
            return self.draw
        delay = max(self.draw.delay_seconds, self.tabs.hand_over_seconds)
        return self.draw.model_copy(update={"delay_seconds": delay})

    @model_validator(mode="after")
    def _sampling_rises(self) -> Self:
        bounds = [row.value_up_to for row in self.sampling]
        if bounds[-1] is not None or None in bounds[:-1]:
            raise ValueError("the last row of sampling, and only the last, has value_up_to null")
        values = [int(bound) for bound in bounds if bound is not None]
        if values != sorted(set(values)):
            raise ValueError("the rows of sampling must rise in value_up_to")
        return self
