"""The off-chain terms of an agreement: where deliveries are handed over, and the keys they are sealed to.

The agreement holds only their hash (`opening.offchain`). No field has a default, so that a file's own
canonical form is the document's.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from oracle.domain.document import Document, Part
from oracle.pact.document import Line

_DIRECT = "direct+"
OFFCHAIN_SCHEMA: Literal["earnest/offchain/1"] = "earnest/offchain/1"

AgeKey: TypeAlias = Annotated[str, StringConstraints(pattern=r"^age1[02-9ac-hj-np-z]{58}$")]
"""A public X25519 key as age writes it."""


class Keys(Part):
    """Who may read what is delivered. `evaluators` are the committee's, in its order."""

    buyer: AgeKey
    provider: AgeKey
    arbiter: AgeKey
    evaluators: Annotated[tuple[AgeKey, ...], Field(min_length=1, max_length=32)]


class OffchainTerms(Document):
    """What both sides signed beside the terms on chain.

    Args:
        handover: Places where deliveries are put: a folder, https://, s3:// or ipfs:// address each; or
            `direct+https://host`, where an evaluator takes them itself once they are anchored.
        keys: Null where deliveries are public.
    """

    schema_: Literal["earnest/offchain/1"] = Field(alias="schema")
    handover: Annotated[tuple[Line, ...], Field(max_length=16)]
    keys: Keys | None

    @model_validator(mode="after")
    def _keys_are_distinct(self) -> Self:
        if len(set(self.recipients)) != len(self.recipients):
            raise ValueError("two of the keys are the same; each reader has a key of its own")
        return self

    @property
    def direct(self) -> tuple[str, ...]:
        """Addresses of evaluators to whom deliveries are handed directly; none where they lie in a store."""
        return tuple(
            place.removeprefix(_DIRECT).rstrip("/") for place in self.handover if place.startswith(_DIRECT)
        )

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every key a private delivery is sealed to, sorted; none where deliveries are public."""
        if self.keys is None:
            return ()
        named = (self.keys.buyer, self.keys.provider, self.keys.arbiter, *self.keys.evaluators)
        return tuple(sorted(named))
