"""The agreement as a file that two parties pass to and fro until both have signed it.

What is signed is the EIP-712 typed data (`oracle.domain.typed`), not the file; the file carries the values,
the escrow they are for, and the signatures. Times are Unix seconds, amounts decimal strings of base units.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from oracle.domain.document import Document, Part
from oracle.domain.fields import AddressField, Amount64, HashField, Number256, PeriodField, TimeField
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.typed import (
    USDC_NAME,
    USDC_VERSION,
    Domain,
    job_id,
    opening_hash,
    receive_authorization_digest,
    usdc_domain,
)
from oracle.domain.types import ZERO_HASH, Funding, Hash, Party

AGREEMENT_SCHEMA: Literal["earnest/agreement/1"] = "earnest/agreement/1"

SignatureText = Annotated[str, StringConstraints(pattern=r"^0x(?:[0-9a-f]{2}){1,4096}$")]
"""A signature as lower-case hex: 65 or 64 bytes for a key, up to 4096 for an ERC-1271 wallet."""


class TokenPart(Part):
    """The USDC the escrow uses, and its EIP-712 name and version."""

    address: AddressField
    name: Annotated[str, Field(min_length=1, max_length=64)] = USDC_NAME
    version: Annotated[str, Field(min_length=1, max_length=16)] = USDC_VERSION


class TermsPart(Part):
    """`Terms`: what every later step needs again."""

    buyer: AddressField
    provider: AddressField
    committee: HashField
    gated: Amount64
    bond: Amount64
    fee: Amount64
    judge_by: TimeField
    challenge: PeriodField
    ruling: PeriodField


class OpeningPart(Part):
    """`Opening`: what only opening needs."""

    pact: HashField
    offchain: HashField = ZERO_HASH
    agent_id: Number256 = 0
    up_front: Amount64 = 0
    open_by: TimeField
    deliver_by: TimeField
    salt: Number256


class SignaturesPart(Part):
    """What each side has signed; None until it has."""

    buyer: SignatureText | None = None
    provider: SignatureText | None = None


class AgreementFile(Document):
    """One job's terms, for one escrow on one chain, with the signatures given so far."""

    schema_: Literal["earnest/agreement/1"] = Field(AGREEMENT_SCHEMA, alias="schema")
    chain_id: Annotated[int, Field(gt=0, lt=2**53)]
    escrow: AddressField
    usdc: TokenPart
    funding: Literal["authorization", "allowance", "collateral"] = "authorization"
    terms: TermsPart
    opening: OpeningPart
    signatures: SignaturesPart = SignaturesPart()

    @property
    def agreement(self) -> Agreement:
        """The terms as the contract takes them."""
        terms, opening = self.terms, self.opening
        return Agreement(
            Terms(
                buyer=terms.buyer,
                provider=terms.provider,
                committee=terms.committee,
                gated=terms.gated,
                bond=terms.bond,
                fee=terms.fee,
                judge_by=terms.judge_by,
                challenge=terms.challenge,
                ruling=terms.ruling,
            ),
            Opening(
                pact=opening.pact,
                offchain=opening.offchain,
                agent_id=opening.agent_id,
                up_front=opening.up_front,
                open_by=opening.open_by,
                deliver_by=opening.deliver_by,
                salt=opening.salt,
            ),
        )

    @property
    def domain(self) -> Domain:
        """What signatures for the escrow are bound to."""
        return Domain(self.chain_id, self.escrow)

    @property
    def job(self) -> Hash:
        """The id the job will have."""
        return job_id(self.domain, self.agreement)

    @property
    def opening_hash(self) -> Hash:
        """What stands for the opening afterwards."""
        return opening_hash(self.agreement.opening)

    @property
    def funding_kind(self) -> Funding:
        """How the buyer pays."""
        return Funding[self.funding.upper()]

    def digest_for(self, party: Party) -> Hash:
        """What a side signs.

        The provider signs the agreement. The buyer, paying by authorization, signs the payment of price and
        fee, whose nonce is the job id and so names every term; otherwise the agreement too.
        """
        job = self.job
        if party is Party.PROVIDER or self.funding != "authorization":
            return job
        return receive_authorization_digest(
            usdc_domain(self.chain_id, self.usdc.address, name=self.usdc.name, version=self.usdc.version),
            self.terms.buyer,
            self.escrow,
            self.agreement.pays_in,
            0,
            self.opening.open_by,
            job,
        )

    def signature_of(self, party: Party) -> bytes | None:
        """What a side has signed, as bytes."""
        text = self.signatures.buyer if party is Party.BUYER else self.signatures.provider
        return None if text is None else bytes.fromhex(text[2:])

    def signed(self, party: Party, signature: bytes) -> AgreementFile:
        """The same file with a side's signature in it."""
        given = self.signatures.model_copy(update={party.value: "0x" + signature.hex()})
        return self.model_copy(update={"signatures": given})
