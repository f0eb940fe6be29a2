"""Tabs on a local market: terms with room in their times, and all that is signed about them.

Needs a market built with `with_tabs=True`. Amounts are USDC base units.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

from eth_account.signers.local import LocalAccount

from oracle.chain import tab_calls
from oracle.chain.quantities import Receipt
from oracle.chain.tab_calls import TabVerdict
from oracle.domain import typed
from oracle.domain.signatures import compact, sign_digest
from oracle.domain.tab import Tally, digest_of, tabs_domain
from oracle.domain.tab_terms import (
    TabAgreement,
    TabOpening,
    TabTerms,
    period_deliverable,
    tab_id,
    tab_opening_hash,
)
from oracle.domain.terms import Attestation, Attested
from oracle.domain.typed import Domain
from oracle.domain.types import Funding, Hash, Outcome
from scripts.local.anvil import CHAIN_ID
from scripts.local.market import UNIT, Market

_HOUR = 3_600
_DAY = 24 * _HOUR


@dataclass
class TabDesk:
    """Makes and signs what buyer, provider and evaluators of a market need for tabs, and sends it."""

    market: Market
    _salts: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def domain(self) -> Domain:
        """The tab contract's EIP-712 domain."""
        return tabs_domain(CHAIN_ID, self.market.tabs)

    def agreement(self, **changed: int) -> TabAgreement:
        """Fresh terms between buyer and provider; `changed` are numbers of `TabTerms` by name."""
        now = self.market.now()
        terms = TabTerms(
            buyer=self.market.buyer.address.lower(),
            provider=self.market.provider.address.lower(),
            committee=self.market.committee_id,
            deposit=100 * UNIT,
            credit=0,
            bond=30 * UNIT,
            ceiling=20_000,
            fee=2 * UNIT,
            verdict_fee=UNIT,
            due=0,
            end_by=now + 60 * _DAY,
            period=_HOUR,
            window=2 * _HOUR,
            verdict=3 * _HOUR,
            challenge=_DAY,
            ruling=2 * _DAY,
            grace=4 * _HOUR,
            notice=5 * _HOUR,
            periods=10,
        )
        opening = TabOpening("0x" + "a1" * 32, "0x" + "b2" * 32, 42, now + _HOUR, next(self._salts))
        return TabAgreement(replace(terms, **changed), opening)  # type: ignore[arg-type]

    def id_of(self, agreement: TabAgreement) -> Hash:
        """The tab's id."""
        return tab_id(self.domain, agreement)

    def send(self, by: LocalAccount, data: bytes) -> Receipt:
        """Call the tab contract and wait."""
        return self.market.send_to(self.market.tabs, by, data)

    def open_call(self, agreement: TabAgreement) -> bytes:
        """Paid by the buyer's authorization; collateral and bond are pledged."""
        terms, opening = agreement.terms, agreement.opening
        pays = typed.receive_authorization_digest(
            self.market.usdc_domain,
            terms.buyer,
            self.market.tabs,
            terms.pays_in,
            0,
            opening.open_by,
            self.id_of(agreement),
        )
        return tab_calls.open_tab(
            agreement,
            Funding.AUTHORIZATION,
            payment=sign_digest(bytes(self.market.buyer.key), pays),
            collateral=self.pledge(self.market.buyer, agreement, terms.credit) if terms.credit else b"",
            provider_signature=self.pledge(self.market.provider, agreement, terms.bond),
        )

    def open(self, agreement: TabAgreement) -> Receipt:
        """Open a tab; the relayer pays the gas."""
        return self.send(self.market.relayer, self.open_call(agreement))

    def pledge(self, by: LocalAccount, agreement: TabAgreement, amount: int) -> bytes:
        """The escrow's pledge of `amount` to a tab, valid until `openBy`."""
        digest = typed.pledge_digest(
            self.market.escrow.domain,
            by.address.lower(),
            self.market.tabs,
            self.id_of(agreement),
            amount,
            agreement.opening.open_by,
        )
        return sign_digest(bytes(by.key), digest)

    def tally(self, agreement: TabAgreement, count: int, amount: int) -> Tally:
        """A tally with a made-up root."""
        root = "0x" + (count * 0x9E3779B97F4A7C15 % 2**256).to_bytes(32, "big")[::-1].hex()
        return Tally(tab=self.id_of(agreement), count=count, amount=amount, root=root)

    def sign_tally(self, by: LocalAccount, tally: Tally) -> bytes:
        """One party's signature (65 bytes)."""
        return sign_digest(bytes(by.key), "0x" + digest_of(self.domain, tally).hex())

    def present_call(self, agreement: TabAgreement, tally: Tally) -> bytes:
        """Under both signatures: no window where the provider sends it."""
        return tab_calls.present(
            agreement.terms,
            tab_opening_hash(agreement.opening),
            tally,
            buyer_signature=self.sign_tally(self.market.buyer, tally),
            provider_signature=self.sign_tally(self.market.provider, tally),
        )

    def verdict(
        self, tally: Tally, period: int, outcome: Outcome, payable: int, signers: tuple[int, ...]
    ) -> TabVerdict:
        """Attestations by the evaluators named."""
        deliverable = period_deliverable(tally.tab, period, tally)
        attested = []
        for index in sorted(signers):
            evidence = "0x" + bytes([0xC0 + index]).hex() * 32
            digest = typed.attestation_digest(
                self.market.escrow.domain, Attestation(tally.tab, deliverable, outcome, evidence, payable)
            )
            r, vs = compact(sign_digest(bytes(self.market.evaluators[index].key.key), digest))
            attested.append(Attested(r, vs, evidence))
        return TabVerdict(outcome, payable, sum(1 << index for index in signers), tuple(attested))

    def judge_call(
        self,
        agreement: TabAgreement,
        tally: Tally,
        period: int,
        outcome: Outcome,
        payable: int,
        signers: tuple[int, ...] = (0, 1, 2),
    ) -> bytes:
        """A verdict by `signers`."""
        verdict = self.verdict(tally, period, outcome, payable, signers)
        return tab_calls.judge(agreement.terms, tab_opening_hash(agreement.opening), tally, verdict)

    def settle_call(self, agreement: TabAgreement, *, pay_out: bool = True) -> bytes:
        """Carries out what is final."""
        return tab_calls.settle(agreement.terms, tab_opening_hash(agreement.opening), pay_out=pay_out)
