"""The delivery manifest: what a provider hands over. Its hash is what `deliver` anchors on chain."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oracle.domain.canonical import HashHex
from oracle.domain.document import Document, Part
from oracle.pact.document import MAX_FILE_BYTES, Line, MediaType, Slug
from oracle.pact.paths import FilePath, check_distinct

DELIVERY_SCHEMA: Literal["earnest/delivery/1"] = "earnest/delivery/1"
MAX_DELIVERED_FILES = 1000


class DeliveredFile(Part):
    """One file, by its place in the delivery and its content."""

    path: FilePath
    bytes: Annotated[int, Field(ge=0, le=MAX_FILE_BYTES)]
    keccak256: HashHex
    media_type: MediaType = "application/octet-stream"


class ModelUse(Part):
    """A model that took part in the work, as its maker names it."""

    family: Slug
    model: Line


class HumanWork(Part):
    """Work by people: how many minutes, and what they did."""

    minutes: Annotated[int, Field(ge=0, le=1_000_000)]
    what: Line


class Declaration(Document):
    """What the provider declares. Null means nothing is declared, which is not the same as none."""

    models: Annotated[tuple[ModelUse, ...], Field(max_length=64)] | None = None
    human_help: HumanWork | None = None
    rescue_work: HumanWork | None = None


class DeliveryManifest(Document):
    """Everything delivered for one pact. The anchored hash is the hash of its canonical form."""

    schema_: Literal["earnest/delivery/1"] = Field(alias="schema", default=DELIVERY_SCHEMA)
    pact: HashHex
    files: Annotated[tuple[DeliveredFile, ...], Field(min_length=1, max_length=MAX_DELIVERED_FILES)]
    declared: Declaration = Declaration()

    @model_validator(mode="after")
    def _paths_are_distinct(self) -> Self:
        check_distinct(file.path for file in self.files)
        return self

    def file(self, path: str) -> DeliveredFile | None:
        """The entry at `path`, or None."""
        return next((file for file in self.files if file.path == path), None)
