"""A tab's terms as a file that two parties pass to and fro until both have signed it.

What is signed is EIP-712 typed data (`oracle.domain.tab_terms`, `oracle.domain.typed`), not the file. Times
are Unix seconds, spans seconds, amounts decimal strings of base units.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from oracle.domain.agreement_file import SignaturesPart, SignatureText, TokenPart
from oracle.domain.document import Document, Part
from oracle.domain.fields import AddressField, Amount64, HashField, Number256, PeriodField, TimeField
from oracle.domain.tab import tabs_domain
from oracle.domain.tab_terms import TabAgreement, TabOpening, TabTerms, tab_id
from oracle.domain.typed import Domain, pledge_digest, receive_authorization_digest, usdc_domain
from oracle.domain.types import ZERO_HASH, Hash, Party

TAB_SCHEMA: Literal["earnest/tab/1"] = "earnest/tab/1"


class TabTermsPart(Part):
    """`TabTerms`: what every later step needs again."""

    buyer: AddressField
    provider: AddressField
    committee: HashField
    deposit: Amount64
    credit: Amount64 = 0
    bond: Amount64 = 0
    ceiling: Amount64
    fee: Amount64 = 0
    verdict_fee: Amount64 = 0
    due: Amount64 = 0
    end_by: TimeField
    period: PeriodField
    window: PeriodField
    verdict: PeriodField
    challenge: PeriodField
    ruling: PeriodField
    grace: PeriodField
    notice: PeriodField
    periods: Annotated[int, Field(ge=1, lt=2**16)]


class TabOpeningPart(Part):
    """`TabOpening`: what only opening needs."""

    pact: HashField
    offchain: HashField = ZERO_HASH
    agent_id: Number256 = 0
    open_by: TimeField
    salt: Number256


class TabFile(Document):
    """One tab's terms, for one tab contract on one chain, with the signatures given so far.

    The buyer signs the payment of deposit and fees, whose nonce is the tab's id and so names every term, and
    for a credit a pledge of as much collateral. The provider signs a pledge of its bond; without a bond, the
    id.
    """

    schema_: Literal["earnest/tab/1"] = Field(TAB_SCHEMA, alias="schema")
    chain_id: Annotated[int, Field(gt=0, lt=2**53)]
    escrow: AddressField
    tabs: AddressField
    usdc: TokenPart
    terms: TabTermsPart
    opening: TabOpeningPart
    signatures: SignaturesPart = SignaturesPart()
    collateral: SignatureText | None = None
    """The buyer's pledge of the credit."""

    @property
    def agreement(self) -> TabAgreement:
        """The terms as the contract takes them."""
        return TabAgreement(
            TabTerms(*(getattr(self.terms, name) for name in TabTermsPart.model_fields)),
            TabOpening(*(getattr(self.opening, name) for name in TabOpeningPart.model_fields)),
        )

    @property
    def tab(self) -> Hash:
        """The id the tab will have."""
        return tab_id(tabs_domain(self.chain_id, self.tabs), self.agreement)

    def digest_for(self, party: Party) -> Hash:
        """What a side signs, but for the collateral of a credit."""
        if party is Party.BUYER:
            token = usdc_domain(
                self.chain_id, self.usdc.address, name=self.usdc.name, version=self.usdc.version
            )
            pays = self.agreement.terms.pays_in
            return receive_authorization_digest(
                token, self.terms.buyer, self.tabs, pays, 0, self.opening.open_by, self.tab
            )
        return self._pledge(self.terms.provider, self.terms.bond) if self.terms.bond else self.tab

    @property
    def collateral_digest(self) -> Hash:
        """The buyer's pledge of the credit."""
        return self._pledge(self.terms.buyer, self.terms.credit)

    def signature_of(self, party: Party) -> bytes:
        """What a side has signed; empty where it has not."""
        text = self.signatures.buyer if party is Party.BUYER else self.signatures.provider
        return b"" if text is None else bytes.fromhex(text[2:])

    @property
    def collateral_signature(self) -> bytes:
        """The buyer's pledge of the credit; empty where there is none."""
        return b"" if self.collateral is None else bytes.fromhex(self.collateral[2:])

    def signed(self, party: Party, signature: bytes, collateral: bytes = b"") -> TabFile:
        """The same file with a side's signature in it."""
        given = self.signatures.model_copy(update={party.value: "0x" + signature.hex()})
        changed: dict[str, object] = {"signatures": given}
        if collateral:
            changed["collateral"] = "0x" + collateral.hex()
        return self.model_copy(update=changed)

    def _pledge(self, account: str, amount: int) -> Hash:
        escrow = Domain(self.chain_id, self.escrow)
        return pledge_digest(escrow, account, self.tabs, self.tab, amount, self.opening.open_by)
