"""A proof that an evaluator contradicted itself, as a file: anyone may show it to the contract.

It holds two attestations of one evaluator for one job and deliverable, of different outcome or payable. Their
signatures say all: the file needs none of its own. Payables are base units.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oracle.domain.document import Document, Part
from oracle.domain.fields import AddressField, HashField, Number256
from oracle.domain.signatures import recover
from oracle.domain.terms import Attestation, Attested
from oracle.domain.typed import Domain, attestation_digest
from oracle.domain.types import Address, Hash, Outcome

EQUIVOCATION_SCHEMA: Literal["earnest/equivocation/1"] = "earnest/equivocation/1"


class SignedStatement(Part):
    """One attestation without what both have in common."""

    outcome: Literal["pass", "fail", "lapse"]
    payable: Number256
    evidence: HashField
    r: HashField
    vs: HashField

    @classmethod
    def of(cls, attestation: Attestation, attested: Attested) -> Self:
        """From an attestation and its signature."""
        return cls(
            outcome=attestation.outcome.word,  # type: ignore[arg-type]
            payable=attestation.payable,
            evidence=attestation.evidence,
            r=attested.r,
            vs=attested.vs,
        )

    @property
    def attested(self) -> Attested:
        """The signature."""
        return Attested(r=self.r, vs=self.vs, evidence=self.evidence)


class EquivocationFile(Document):
    """The proof. `evaluator` is the index in the committee that the attestations are said to be of."""

    schema_: Literal["earnest/equivocation/1"] = Field(EQUIVOCATION_SCHEMA, alias="schema")
    chain_id: Annotated[int, Field(gt=0, lt=2**53)]
    escrow: AddressField
    committee: HashField
    evaluator: Annotated[int, Field(ge=0, le=31)]
    job: HashField
    deliverable: HashField
    a: SignedStatement
    b: SignedStatement

    @model_validator(mode="after")
    def _contradict_each_other(self) -> Self:
        if (self.a.outcome, self.a.payable) == (self.b.outcome, self.b.payable):
            raise ValueError("both attest the same outcome and payable: that is no contradiction")
        return self

    def attestation(self, statement: SignedStatement) -> Attestation:
        """One of both attestations in full."""
        return Attestation(
            subject=self.job,
            deliverable=self.deliverable,
            outcome=Outcome[statement.outcome.upper()],
            evidence=statement.evidence,
            payable=statement.payable,
        )

    def signers(self) -> tuple[Address, Address]:
        """The keys that signed `a` and `b`. They may differ where the evaluator replaced its key meanwhile.

        Raises:
            SignatureError: one is no signature.
        """
        return self._signer(self.a), self._signer(self.b)

    def _signer(self, statement: SignedStatement) -> Address:
        digest: Hash = attestation_digest(Domain(self.chain_id, self.escrow), self.attestation(statement))
        return recover(digest, statement.attested.signature)
