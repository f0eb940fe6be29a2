"""A tab on a local chain: opened, served through both parties' ledgers and logs, exported and presented."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from oracle.chain import tab_calls
from oracle.chain.quantities import Receipt as ChainReceipt
from oracle.chain.tabs import Tabs, hand
from oracle.domain.signatures import sign_digest
from oracle.domain.tab import Tally
from oracle.domain.tab_terms import TabAgreement, TabOpening, TabTerms, tab_id, tab_opening_hash
from oracle.domain.typed import pledge_digest, receive_authorization_digest
from oracle.domain.types import Funding, Hash, Party
from oracle.evidence.store import ContentStore
from oracle.signing.signer import LocalSigner
from oracle.tabs.buyer import BuyerLedger
from oracle.tabs.exchange import Response, hash_of
from oracle.tabs.exporting import write_export
from oracle.tabs.log import TabLog
from oracle.tabs.provider import ProviderLedger
from oracle.tabs.records import Asked, Served, Signed
from oracle.tabs.rules import Account, Rules
from oracle.tabs.signing import sign
from scripts.local.anvil import CHAIN_ID
from scripts.local.market import UNIT, Market

_PATIENCE = 60  # seconds a log may take to be on disk


@dataclass(frozen=True, slots=True)
class OpenTab:
    """A tab that is open."""

    tab: Hash
    agreement: TabAgreement

    @property
    def opening_hash(self) -> Hash:
        """What stands for its opening."""
        return tab_opening_hash(self.agreement.opening)


@dataclass(frozen=True, slots=True)
class ServedTab:
    """What a tab came to: the newest tally, signed by both, and the provider's log."""

    tally: Tally
    buyer_signature: bytes
    provider_signature: bytes
    log: Path


def tab_terms(market: Market, *, pact: Hash, ceiling: int, deposit: int, **changes: int) -> TabAgreement:
    """Terms between the market's buyer and provider, with short times. `changes` are fields of the terms."""
    now = market.now()
    values: dict[str, int] = {
        "deposit": deposit,
        "credit": 0,
        "bond": 20 * UNIT,
        "ceiling": ceiling,
        "fee": 2 * UNIT,
        "verdict_fee": UNIT,
        "due": 1,
        "end_by": now + 86_400,
        "period": 1,
        "window": 5,
        "verdict": 600,
        "challenge": 4,
        "ruling": 60,
        "grace": 5,
        "notice": 5,
        "periods": 3,
    } | changes
    terms = TabTerms(
        market.buyer.address.lower(), market.provider.address.lower(), market.committee_id, **values
    )
    return TabAgreement(terms, TabOpening(pact, "0x" + "00" * 32, 0, now + 3_600, now))


def open_tab(market: Market, agreement: TabAgreement) -> OpenTab:
    """Open it: the buyer's one authorization, the provider's pledge of its bond; the relayer pays the gas."""
    tabs = tabs_of(market)
    terms, tab = agreement.terms, tab_id(tabs.domain, agreement)
    expiry = agreement.opening.open_by
    pays = receive_authorization_digest(
        market.usdc_domain, terms.buyer, market.tabs, terms.pays_in, 0, expiry, tab
    )
    bond = pledge_digest(market.escrow.domain, terms.provider, market.tabs, tab, terms.bond, expiry)
    data = tab_calls.open_tab(
        agreement,
        Funding.AUTHORIZATION,
        payment=sign_digest(bytes(market.buyer.key), pays),
        provider_signature=sign_digest(bytes(market.provider.key), bond),
    )
    market.send_to(market.tabs, market.relayer, data)
    return OpenTab(tab, agreement)


def tabs_of(market: Market) -> Tabs:
    """The market's tab contract."""
    return Tabs(market.rpc, market.tabs, CHAIN_ID, market.handover)


def serve(
    market: Market,
    opened: OpenTab,
    exchanges: Iterable[tuple[bytes, bytes]],
    price: int,
    log: Path,
    *,
    unsigned: int = 0,
    progress: Callable[[int], None] = lambda _done: None,
) -> ServedTab:
    """Serve calls one after the other, every signature of both sides made and checked, all of it logged.

    Args:
        exchanges: (request, response) of each call, as `oracle.tabs.exchange` writes them.
        price: Of each, base units.
        log: The provider's, as a file that is not there yet.
        unsigned: So many of the last are served and not signed by the buyer.

    Returns:
        The newest tally under both signatures.
    """
    buyer, provider = LocalSigner(bytes(market.buyer.key)), LocalSigner(bytes(market.provider.key))
    domain, terms = tabs_of(market).domain, opened.agreement.terms
    account = Account(opened.tab, buyer.address, provider.address, terms.ceiling, terms.deposit, terms.end_by)
    rules = Rules(maximum=10 * terms.ceiling)
    asking, answering = BuyerLedger(domain, account, rules), ProviderLedger(domain, account, rules)
    now = market.now()
    newest = ServedTab(Tally.empty(opened.tab), b"", b"", log)
    kept, all_of_them = TabLog(log), list(exchanges)
    for number, (request, response) in enumerate(all_of_them):
        status = Response.decode(response).status
        call = asking.call(hash_of(request), price, now)
        asked = sign(buyer, domain, call)
        answering.admit(call, asked, price, now)
        receipt, tally = answering.record(call, hash_of(response), status, price, now)
        theirs = sign(provider, domain, tally)
        (done,) = asking.accept(call.number, receipt, tally, theirs, hash_of(response), status, now)
        written = kept.append(
            Asked(call, asked, request),
            Served(call.number, receipt, tally, theirs, response, done.frontier),
        )
        if number < len(all_of_them) - unsigned:
            mine = sign(buyer, domain, tally)
            answering.take(tally, mine)
            written = kept.append(Signed(Party.BUYER, tally, mine))
            newest = ServedTab(tally, mine, theirs, log)
        if number % 500 == 499:
            written.result(_PATIENCE)
            progress(number + 1)
    kept.close()
    return newest


def hand_over(
    market: Market, opened: OpenTab, served: ServedTab, store: ContentStore, *, first: int = 0
) -> Hash:
    """Export the provider's log into a store the evaluators read, and name it on chain."""
    log = TabLog(served.log)
    try:
        manifest = write_export(log, tabs_of(market).domain, opened.tab, Party.PROVIDER, store, first=first)
    finally:
        log.close()
    market.send_to(market.handover, market.provider, hand(opened.tab, manifest))
    return manifest


def present(market: Market, opened: OpenTab, served: ServedTab) -> ChainReceipt:
    """Present the tally under both signatures, as the provider: so there is no window."""
    data = tab_calls.present(
        opened.agreement.terms,
        opened.opening_hash,
        served.tally,
        buyer_signature=served.buyer_signature,
        provider_signature=served.provider_signature,
    )
    return market.send_to(market.tabs, market.provider, data)
