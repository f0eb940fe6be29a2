"""One side's signed offer to split what a job holds, as a file for the other side.

What is signed is the EIP-712 type `Split`; it names the job, its state and provisional outcome, the buyer's
part and an expiry. It is void as soon as the job moves on. Amounts are base units, times Unix seconds.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from oracle.domain.agreement_file import SignatureText
from oracle.domain.document import Document
from oracle.domain.fields import AddressField, Amount64, HashField, TimeField
from oracle.domain.typed import Domain, split_digest
from oracle.domain.types import Hash, Outcome, Party, State

SPLIT_SCHEMA: Literal["earnest/split/1"] = "earnest/split/1"


class SplitFile(Document):
    """An offer: `to_buyer` of gated amount and bond to the buyer, the rest to the provider."""

    schema_: Literal["earnest/split/1"] = Field(SPLIT_SCHEMA, alias="schema")
    chain_id: Annotated[int, Field(gt=0, lt=2**53)]
    escrow: AddressField
    job: HashField
    state: Literal["open", "judged", "disputed"]
    outcome: Literal["none", "pass", "fail", "lapse"]
    to_buyer: Amount64
    expiry: TimeField
    offered_by: Literal["buyer", "provider"]
    signature: SignatureText

    @property
    def party(self) -> Party:
        """Who offers."""
        return Party(self.offered_by)

    @property
    def signature_bytes(self) -> bytes:
        """What it signed."""
        return bytes.fromhex(self.signature[2:])

    @property
    def digest(self) -> Hash:
        """What both sides sign."""
        return split_digest(
            Domain(self.chain_id, self.escrow),
            self.job,
            State[self.state.upper()],
            Outcome[self.outcome.upper()],
            self.to_buyer,
            self.expiry,
        )
