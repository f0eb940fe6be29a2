"""The record of one evaluator's evaluation of a tab's period; its hash is the attestation's evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from oracle.decide.estimate import Estimate
from oracle.domain.amounts import AmountText
from oracle.domain.canonical import HashHex, keccak_hex
from oracle.domain.document import Document, Part
from oracle.domain.period import Period
from oracle.evaluation.randomness import DrawSection
from oracle.evaluation.record import AddressHex, Software, Word

TAB_RECORD_SCHEMA: Literal["earnest/tab-record/1"] = "earnest/tab-record/1"
COMPLAINTS_SCHEMA: Literal["earnest/complaints/1"] = "earnest/complaints/1"
MAX_TAB_RECORD_BYTES = 64 * 1024 * 1024
MAX_COMPLAINTS_BYTES = 4 * 1024 * 1024

Count = Annotated[int, Field(ge=0)]


class Complaints(Document):
    """The interactions a buyer says were bad. Its hash is handed to the tab contract before the draw."""

    schema_: Literal["earnest/complaints/1"] = Field(alias="schema", default=COMPLAINTS_SCHEMA)
    tab: HashHex
    indices: Annotated[tuple[Count, ...], Field(max_length=100_000)]


class PeriodAnchor(Part):
    """Where on chain the period was presented. The draw counts from `window_ends`, Unix seconds."""

    chain_id: Annotated[int, Field(ge=1)]
    contract: AddressHex
    block_number: Count
    block_hash: HashHex
    window_ends: Count


class Handed(Part):
    """A document's hash that a party put on chain before the draw."""

    by: AddressHex
    document: HashHex


class StandingSection(Part):
    """See `oracle.decide.sampling.Standing`."""

    provider_periods: Count
    disputes: Count
    pair_periods: Count


class PeriodSubject(Part):
    """What is judged, as the chain says it."""

    period: Period
    deliverable: HashHex
    committee: HashHex
    buyer: AddressHex
    provider: AddressHex
    anchor: PeriodAnchor
    handed: tuple[Handed, ...]
    standing: StandingSection


class HandedTrouble(Part):
    """A document that was handed over and could not be used, and why.

    `out_of_reach`: it could not be fetched as long as there was time; nobody says that it is not there.
    """

    document: HashHex
    message: str
    out_of_reach: bool = False


class PeriodIntake(Part):
    """What was handed over. `left_out` interactions have no receipt in any export that was read.

    They count as failed, but where a document was out of reach, which may have them, as undecided.
    """

    exports: tuple[HashHex, ...]
    complaints: tuple[HashHex, ...]
    troubles: tuple[HandedTrouble, ...]
    interactions: Count
    left_out: Count
    amount: AmountText

    @property
    def is_partial(self) -> bool:
        """Whether a document was out of reach."""
        return any(each.out_of_reach for each in self.troubles)


class SizeSection(Part):
    """How many were to be drawn; see `oracle.decide.sampling.SampleSize`."""

    base: Count
    times_bps: Count
    reasons: tuple[str, ...]
    wanted: Count


class DrawnEntry(Part):
    """One interaction drawn. `record` is its own evaluation record; None where it could not be opened."""

    index: Count
    price: AmountText
    state: Literal["passed", "failed", "undecided"]
    record: HashHex | None
    reason: str


class StratumSection(Part):
    """One stratum: each of its interactions was drawn with the probability len(drawn) / population."""

    name: str
    population: Count
    amount: AmountText
    drawn: tuple[DrawnEntry, ...]


class EstimateSection(Part):
    """See `oracle.decide.estimate.Estimate`."""

    presented: AmountText
    left_out: AmountText
    failed: AmountText
    undecided: AmountText
    low: AmountText
    high: AmountText
    drawn: Count
    drawn_failed: Count
    drawn_undecided: Count
    effective: Count
    withheld: AmountText
    payable: AmountText
    outcome: Word
    reason: str


class TabRecord(Document):
    """One evaluator's evaluation of one period. Times are Unix seconds.

    `records` names a file with the evaluation record of each interaction drawn, one a line, equal ones once.
    """

    schema_: Literal["earnest/tab-record/1"] = Field(alias="schema", default=TAB_RECORD_SCHEMA)
    software: Software
    evaluator: AddressHex
    subject: PeriodSubject
    pact: HashHex
    methodology: HashHex
    intake: PeriodIntake
    size: SizeSection
    draw: DrawSection
    strata: tuple[StratumSection, ...]
    records: HashHex
    estimate: EstimateSection
    started_at: Count
    finished_at: Count

    @property
    def outcome(self) -> Word:
        """pass, fail or lapse."""
        return self.estimate.outcome


def bundle(records: Iterable[bytes]) -> bytes:
    """The file of interactions' records: canonical JSON has no line breaks."""
    return b"\n".join(sorted(set(records)))


def unbundle(data: bytes) -> dict[str, bytes]:
    """The records of such a file by their hash."""
    return {keccak_hex(line): line for line in data.split(b"\n") if line}


def parse_tab_record(data: bytes) -> TabRecord:
    """Read a record from untrusted bytes.

    Raises:
        JsonError, DocumentError: not a record.
    """
    return TabRecord.parse(data, what="the record of a period", max_bytes=MAX_TAB_RECORD_BYTES)


def estimate_section(found: Estimate) -> EstimateSection:
    """The record's form of an estimate."""
    words: dict[str, Word] = {"pass": "pass", "fail": "fail", "lapse": "lapse"}
    return EstimateSection(
        presented=str(found.presented),
        left_out=str(found.left_out),
        failed=str(found.failed),
        undecided=str(found.undecided),
        low=str(found.low),
        high=str(found.high),
        drawn=found.drawn,
        drawn_failed=found.drawn_failed,
        drawn_undecided=found.drawn_undecided,
        effective=found.effective,
        withheld=str(found.withheld),
        payable=str(found.payable),
        outcome=words[found.outcome.word],
        reason=found.reason,
    )
