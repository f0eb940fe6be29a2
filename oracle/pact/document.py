"""The pact: a promise made of measurable conditions, named by the hash of its canonical form."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from oracle.domain.canonical import HashHex
from oracle.domain.document import Document, Part
from oracle.pact.measures import JuryMeasure, Measure
from oracle.pact.paths import FileOrFolder, FilePath, check_distinct

PACT_SCHEMA: Literal["earnest/pact/1"] = "earnest/pact/1"
MAX_CONDITIONS = 64
MAX_MATERIALS = 500
MAX_FILE_BYTES = 64 * 1024 * 1024  # bytes of one file, given or delivered

Slug: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=300)]
Prose: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
MediaType: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]*$", max_length=100)
]
BasisPoints: TypeAlias = Annotated[int, Field(ge=0, le=10_000)]  # hundredths of a percent


class Severity(StrEnum):
    """Critical must hold. Major and minor count, by their weight, towards the pact's threshold."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


class Condition(Part):
    """One measurable part of the promise. `statement` is for people, `measure` decides."""

    id: Slug
    statement: Prose
    severity: Severity
    measure: Measure

    @property
    def is_jury(self) -> bool:
        """Whether a reader judges it; every other method is deterministic."""
        return isinstance(self.measure, JuryMeasure)


class Threshold(Part):
    """What the conditions that are not critical must add up to.

    The share is the weight of those that hold over the weight of all, in basis points, and must be at least
    `pass_share_bps`. Where there are none, the threshold holds.
    """

    major_weight: Annotated[int, Field(ge=1, le=1000)] = 3
    minor_weight: Annotated[int, Field(ge=1, le=1000)] = 1
    pass_share_bps: BasisPoints = 8_000

    def weight(self, severity: Severity) -> int:
        """The weight of one condition; 0 for a critical one, which does not count towards the share."""
        return {Severity.CRITICAL: 0, Severity.MAJOR: self.major_weight, Severity.MINOR: self.minor_weight}[
            severity
        ]


class Material(Part):
    """A file the buyer gives, named by content.

    `disclosed` "all": the provider works with it. "evaluators": only those who judge see it (hidden tests,
    references); the provider still knows its hash and size, so it cannot be changed afterwards.
    """

    path: FilePath
    bytes: Annotated[int, Field(ge=0, le=MAX_FILE_BYTES)]
    keccak256: HashHex
    media_type: MediaType = "application/octet-stream"
    disclosed: Literal["all", "evaluators"] = "all"


class Evidence(Part):
    """What the provider must hand over: one file, or with a trailing slash the files beneath a folder.

    `max_bytes` bounds each file; `max_files` how many a folder may hold. Files a pact does not ask for are
    not looked at.
    """

    path: FileOrFolder
    media_type: MediaType = "application/octet-stream"
    required: bool = True
    max_bytes: Annotated[int, Field(ge=1, le=MAX_FILE_BYTES)] = 1_048_576
    max_files: Annotated[int, Field(ge=1, le=1000)] = 1
    statement: Line | None = None

    @model_validator(mode="after")
    def _one_file_is_one(self) -> Self:
        if self.max_files != 1 and not self.path.endswith("/"):
            raise ValueError("max_files is more than 1, but path names one file; end a folder with /")
        return self


class Declares(Part):
    """What the provider must declare with its delivery, and what it may not exceed.

    "forbidden": there may be none. "declared": it must be stated, within `…_max` if given. "free": need not
    be stated. Human help is planned work by people, rescue work is repair after the agent failed; both in
    minutes. `models` is which models did the work; its maximum is how many different ones.
    """

    models: Literal["declared", "free"] = "declared"
    models_max: Annotated[int, Field(ge=0, le=64)] | None = None
    human_help: Literal["forbidden", "declared", "free"] = "declared"
    human_help_minutes_max: Annotated[int, Field(ge=0, le=100_000)] | None = None
    rescue_work: Literal["forbidden", "declared", "free"] = "declared"
    rescue_work_minutes_max: Annotated[int, Field(ge=0, le=100_000)] | None = None

    @model_validator(mode="after")
    def _limits_have_something_to_limit(self) -> Self:
        for field, rule, limit in (
            ("models", self.models, self.models_max),
            ("human_help", self.human_help, self.human_help_minutes_max),
            ("rescue_work", self.rescue_work, self.rescue_work_minutes_max),
        ):
            if limit is not None and rule != "declared":
                raise ValueError(f'{field} has a maximum, so its rule must be "declared"')
        return self


def _unique_ids(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    seen: set[str] = set()
    for condition in conditions:
        if condition.id in seen:
            raise ValueError(f"the condition id {condition.id!r} is used twice")
        seen.add(condition.id)
    return conditions


class Pact(Document):
    """The promise of a job. A changed pact is a new version with its parent's hash, and a new hash."""

    schema_: Literal["earnest/pact/1"] = Field(alias="schema", default=PACT_SCHEMA)
    name: Slug
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    parent: HashHex | None = None
    title: Line
    summary: Prose
    conditions: Annotated[
        tuple[Condition, ...], Field(min_length=1, max_length=MAX_CONDITIONS), AfterValidator(_unique_ids)
    ]
    threshold: Threshold = Threshold()
    materials: Annotated[tuple[Material, ...], Field(max_length=MAX_MATERIALS)] = ()
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1, max_length=100)]
    declares: Declares = Declares()

    @model_validator(mode="after")
    def _versions_have_parents(self) -> Self:
        if (self.version == 1) != (self.parent is None):
            raise ValueError("version 1 has no parent, and every later version names its parent's hash")
        check_distinct(material.path for material in self.materials)
        check_distinct(entry.path.removesuffix("/") for entry in self.evidence)
        return self
