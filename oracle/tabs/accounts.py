"""What a provider's middleware asks of the chain: which tabs are open, and how far each is covered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from oracle.domain.tab_terms import Phase, TabAgreement, TabTerms, tab_id
from oracle.domain.typed import Domain
from oracle.domain.types import Hash, Outcome
from oracle.tabs.rules import Account


class Stored(Protocol):
    """What the contract stores of a tab, as far as serving it matters (`oracle.chain.tabs.TabView`)."""

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        ...

    @property
    def closing(self) -> bool:
        """Whether a party gave notice."""
        ...

    @property
    def last(self) -> bool:
        """Whether the period that is pending is the last one."""
        ...

    @property
    def outcome(self) -> Outcome:
        """Of the period that is pending."""
        ...

    @property
    def balance(self) -> int:
        """What is left of the deposit, in base units."""
        ...

    @property
    def settled_amount(self) -> int:
        """What earlier periods came to, withheld parts included, in base units."""
        ...


def account_of(tab: Hash, terms: TabTerms, stored: Stored) -> Account | None:
    """What the chain says of a tab; None where nothing more should be served on it.

    Nothing is, once a party gave notice, no further period follows, or the pending one is not a Pass: its
    verdict may end the tab, and what is served meanwhile could not be presented. While a period is pending
    the buyer may still default on it, which closes the tab: no credit is given then.
    """
    going = stored.phase in (Phase.OPEN, Phase.PRESENTED)
    going = going or (stored.phase is Phase.JUDGED and stored.outcome is Outcome.PASS)
    if not going or stored.closing or stored.last:
        return None
    credit = terms.credit if stored.phase is Phase.OPEN else 0
    return Account(
        tab=tab,
        buyer=terms.buyer,
        provider=terms.provider,
        ceiling=terms.ceiling,
        covered=stored.settled_amount + stored.balance + credit,
        ends=terms.end_by,
    )


class ChainAccounts:
    """The accounts of tabs whose terms are known, read from the chain whenever they are asked for.

    Args:
        domain: Of the tab contract.
        agreements: The terms of every tab to be served. `add` takes further ones.
        state: What the contract stores of a tab: `oracle.chain.tabs.Tabs.state`.
    """

    def __init__(
        self, domain: Domain, agreements: Iterable[TabAgreement], state: Callable[[Hash], Stored]
    ) -> None:
        self._domain = domain
        self._state = state
        self._terms: dict[Hash, TabTerms] = {}
        for agreement in agreements:
            self.add(agreement)

    def add(self, agreement: TabAgreement) -> Hash:
        """Serve another tab; returns its id."""
        tab = tab_id(self._domain, agreement)
        self._terms[tab] = agreement.terms
        return tab

    async def __call__(self, tab: Hash) -> Account | None:
        """The account of a tab, or None. Raises what `state` raises."""
        terms = self._terms.get(tab)
        if terms is None:
            return None
        return account_of(tab, terms, await asyncio.to_thread(self._state, tab))
