"""Jobs that are opened together, all or none, as a file that two parties pass to and fro.

Both sign the EIP-712 type `Milestones`: the ordered list of the jobs' ids, so no job can be left out, added,
reordered or changed. Each is then judged and paid on its own.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oracle.domain.agreement_file import AgreementFile, SignaturesPart
from oracle.domain.document import Document
from oracle.domain.typed import milestones_digest, receive_authorization_digest, usdc_domain
from oracle.domain.types import Hash, Party

MILESTONES_SCHEMA: Literal["earnest/milestones/1"] = "earnest/milestones/1"
MAX_MILESTONES = 32


class MilestonesFile(Document):
    """Agreements in their order, and the signatures given so far over all of them together."""

    schema_: Literal["earnest/milestones/1"] = Field(MILESTONES_SCHEMA, alias="schema")
    agreements: Annotated[tuple[AgreementFile, ...], Field(min_length=1, max_length=MAX_MILESTONES)]
    signatures: SignaturesPart = SignaturesPart()

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        first = self.agreements[0]
        shared = ("chain_id", "escrow", "usdc", "funding")
        for number, each in enumerate(self.agreements):
            for name in shared:
                if getattr(each, name) != getattr(first, name):
                    raise ValueError(f"agreement {number} has another {name} than the first")
            for name in ("buyer", "provider"):
                if getattr(each.terms, name) != getattr(first.terms, name):
                    raise ValueError(f"agreement {number} has another {name} than the first")
        if len(set(self.jobs)) != len(self.jobs):
            raise ValueError("an agreement is listed twice")
        return self

    @property
    def first(self) -> AgreementFile:
        """The first agreement: chain, escrow, parties and funding are the same in all."""
        return self.agreements[0]

    @property
    def jobs(self) -> list[Hash]:
        """The ids the jobs will have."""
        return [each.job for each in self.agreements]

    @property
    def pays_in(self) -> int:
        """What the buyer pays for all of them, base units."""
        return sum(each.agreement.pays_in for each in self.agreements)

    @property
    def open_by(self) -> int:
        """All are opened before the earliest of their limits, Unix seconds."""
        return min(each.opening.open_by for each in self.agreements)

    @property
    def digest(self) -> Hash:
        """What stands for the ordered list."""
        return milestones_digest(self.first.domain, self.jobs)

    def digest_for(self, party: Party) -> Hash:
        """What a side signs: the list; the buyer, paying by authorization, a payment whose nonce it is."""
        first = self.first
        if party is Party.PROVIDER or first.funding != "authorization":
            return self.digest
        return receive_authorization_digest(
            usdc_domain(first.chain_id, first.usdc.address, name=first.usdc.name, version=first.usdc.version),
            first.terms.buyer,
            first.escrow,
            self.pays_in,
            0,
            self.open_by,
            self.digest,
        )

    def signature_of(self, party: Party) -> bytes | None:
        """What a side has signed, as bytes."""
        text = self.signatures.buyer if party is Party.BUYER else self.signatures.provider
        return None if text is None else bytes.fromhex(text[2:])

    def signed(self, party: Party, signature: bytes) -> MilestonesFile:
        """The same file with a side's signature in it."""
        given = self.signatures.model_copy(update={party.value: "0x" + signature.hex()})
        return self.model_copy(update={"signatures": given})
