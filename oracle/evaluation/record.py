"""The evaluation record: everything an evaluator's attestation rests on, in one canonical document.

Its keccak-256 is the attestation's evidence hash. Each evaluator makes its own. Documents and files are
named by hash and lie in the same content store, so a record and that store are all a stranger needs.
"""

from __future__ import annotations

import platform
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, StringConstraints

from oracle import __version__
from oracle.decide.evaluate import Aggregation
from oracle.domain.canonical import HashHex
from oracle.domain.document import Document, Part
from oracle.domain.unicode_facts import HiddenText
from oracle.evaluation.checks.base import CheckResult
from oracle.evaluation.jury_port import JuryDecision
from oracle.evaluation.randomness import DrawSection

RECORD_SCHEMA: Literal["earnest/record/1"] = "earnest/record/1"
MAX_RECORD_BYTES = 64 * 1024 * 1024
MAX_RECORD_DEPTH = 64

AddressHex: TypeAlias = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{40}$")]
Word: TypeAlias = Literal["pass", "fail", "lapse"]


class Software(Part):
    """What made the record."""

    name: str = "earnest-oracle"
    version: str
    python: str
    system: str


class Anchor(Part):
    """Where on the chain the delivery was anchored. `timestamp` is the block's, in Unix seconds."""

    chain_id: Annotated[int, Field(ge=1)]
    escrow: AddressHex
    block_number: Annotated[int, Field(ge=0)]
    block_hash: HashHex
    timestamp: Annotated[int, Field(ge=0)]


class Subject(Part):
    """What is judged: the job, its parties and committee, and the anchored delivery."""

    job: HashHex
    committee: HashHex
    buyer: AddressHex
    provider: AddressHex
    deliverable: HashHex
    anchor: Anchor


class TakenFile(Part):
    """A file that was fetched."""

    path: str
    keccak256: HashHex
    bytes: Annotated[int, Field(ge=0)]


class TroubleEntry(Part):
    """What stood in the way of the intake."""

    rule: str
    field: str
    message: str


class IntakeSection(Part):
    """What was fetched, what was hidden in it, what was not as agreed, and what could not be had.

    `sealed_to` are the keys of a private delivery. Such a record holds what jurors read of it, so nobody but
    their owners should be served it.
    """

    files: tuple[TakenFile, ...]
    unasked: tuple[str, ...]
    materials: tuple[TakenFile, ...]
    hidden: tuple[HiddenText, ...]
    problems: tuple[TroubleEntry, ...]
    obstacles: tuple[TroubleEntry, ...]
    sealed_to: tuple[str, ...] = ()


class ConditionEntry(Part):
    """One condition with its result: a check's, a jury's, or a note on why it was not measured."""

    id: str
    method: str
    severity: Literal["critical", "major", "minor"]
    weight: Annotated[int, Field(ge=0)]
    state: Literal["passed", "failed", "undecided"]
    check: CheckResult | None = None
    jury: JuryDecision | None = None
    note: str | None = None

    @property
    def reason(self) -> str:
        """Why the state is what it is, for a person."""
        measured = self.check or self.jury
        return measured.reason if measured is not None else self.note or ""


class AggregationSection(Part):
    """How the results add up; weights as `oracle.decide.evaluate` defines them."""

    outcome: Word
    reason: str
    held: int
    open: int
    total: int
    needed: int
    pass_share_bps: int
    critical_failed: tuple[str, ...]
    critical_undecided: tuple[str, ...]


class EvaluationRecord(Document):
    """One evaluator's evaluation of one delivery. Times are Unix seconds."""

    schema_: Literal["earnest/record/1"] = Field(alias="schema", default=RECORD_SCHEMA)
    software: Software
    evaluator: AddressHex
    subject: Subject
    pact: HashHex
    methodology: HashHex
    intake: IntakeSection
    draw: DrawSection | None
    conditions: tuple[ConditionEntry, ...]
    aggregation: AggregationSection
    started_at: Annotated[int, Field(ge=0)]
    finished_at: Annotated[int, Field(ge=0)]

    @property
    def outcome(self) -> Word:
        """pass, fail or lapse."""
        return self.aggregation.outcome


def this_software() -> Software:
    """The software that is running."""
    return Software(
        version=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
    )


def parse_record(data: bytes) -> EvaluationRecord:
    """Read a record from untrusted bytes.

    Raises:
        JsonError, DocumentError: not a record.
    """
    return EvaluationRecord.parse(
        data, what="the record", max_bytes=MAX_RECORD_BYTES, max_depth=MAX_RECORD_DEPTH, allow_floats=True
    )


def aggregation_section(added: Aggregation, pass_share_bps: int) -> AggregationSection:
    """The record's form of an aggregation."""
    words: dict[str, Word] = {"pass": "pass", "fail": "fail", "lapse": "lapse"}
    return AggregationSection(
        outcome=words[added.outcome.word],
        reason=added.reason,
        held=added.held,
        open=added.open,
        total=added.total,
        needed=added.needed,
        pass_share_bps=pass_share_bps,
        critical_failed=added.critical_failed,
        critical_undecided=added.critical_undecided,
    )


def jsonable(record: EvaluationRecord) -> dict[str, Any]:
    """The record as plain JSON."""
    value = record.as_json()
    if not isinstance(value, dict):
        raise TypeError("a record is a JSON object")
    return value
